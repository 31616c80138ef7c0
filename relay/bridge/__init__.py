"""The WebSocket bridge between relay and the pages that answer for it."""
