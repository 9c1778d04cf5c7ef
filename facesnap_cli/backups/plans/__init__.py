"""Read a plan file, run it and check what it covers."""
