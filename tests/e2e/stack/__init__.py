"""The programs that the end-to-end tests put together: relay, a real browser, faults on the wire between them."""
