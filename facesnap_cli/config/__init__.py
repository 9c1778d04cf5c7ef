"""Define the settings, where each comes from, and the configuration file."""
