"""Keep an object's persons, faces and images in one SQLite file: write, read and compare it."""
