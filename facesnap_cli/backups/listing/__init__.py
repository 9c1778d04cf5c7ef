"""Backups that there are, whatever made them: list them, and take in those of unknown origin."""
