"""Write, read and compare archives: SQLite files with an object's persons, faces and images."""
