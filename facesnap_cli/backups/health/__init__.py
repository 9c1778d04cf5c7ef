"""Check what backups need, without changing anything: accounts, and the parts of a plan."""
