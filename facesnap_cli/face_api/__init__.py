"""Call the REST interface of one Azure Face account, one method per operation, with its credentials."""
