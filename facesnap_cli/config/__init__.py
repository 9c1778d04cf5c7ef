"""Define the settings, find their values, and read and change the configuration file."""
