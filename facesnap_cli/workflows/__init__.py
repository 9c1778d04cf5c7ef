"""What several operations of the service make together. Nothing here prints."""
