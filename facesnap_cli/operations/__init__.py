"""Take, apply, wait, recover lost responses and verify. Nothing here prints."""
