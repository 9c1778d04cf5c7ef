"""Find original images in a directory or by a manifest."""
