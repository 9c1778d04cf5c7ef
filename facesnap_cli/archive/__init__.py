"""The archive: an object's persons, faces and images in one SQLite file, and the ways into it and out of it."""
