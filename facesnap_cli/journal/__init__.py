"""Record every operation, transfer and snapshot in use on this machine."""
