"""Receive requests and send responses over HTTP, with dialects, recorded calls and faults."""
