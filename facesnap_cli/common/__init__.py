"""Provide errors, clock, escaping, files, SQLite and threads to every other folder."""
