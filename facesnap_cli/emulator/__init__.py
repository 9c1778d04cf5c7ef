"""Run a local Face service. Shares no code with the client except `common`."""
