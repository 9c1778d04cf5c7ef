"""Send one request at a time, with deadline, retry, rate limit and redaction."""
