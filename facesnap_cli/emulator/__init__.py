"""The local Face service: routes, store, dialects and faults. Shares no code with the client."""
