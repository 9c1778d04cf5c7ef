"""Rebuild an object in the service from an archive."""
