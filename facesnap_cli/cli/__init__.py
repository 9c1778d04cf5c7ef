"""Provide the frame of the command line: entry, command table, options, context and completion."""
