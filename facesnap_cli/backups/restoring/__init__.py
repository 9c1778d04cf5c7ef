"""Choose the backup to restore, and say what restoring it will do."""
