"""Run a Face service on this machine. It shares no code with the client except `common`."""
