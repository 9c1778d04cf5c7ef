"""Turn options into validated parameters before the first request."""
