"""Define what the service and the journal speak of, without any input or output."""
