"""Clients that need an environment of their own, each as a separate process against an emulator (`make sdks`)."""
