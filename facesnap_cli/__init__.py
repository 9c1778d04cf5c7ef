"""Back up and restore Azure Face person groups and face lists."""

__version__ = "0.1.0"
