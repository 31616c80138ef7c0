"""What answers requests; here: signed-in browser pages."""
