"""Which session answers a request: pure decisions over what is connected."""
