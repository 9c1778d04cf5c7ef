"""Remember on this machine every operation, transfer and snapshot in use."""
