"""From a request to an answer: dispatch, limits, accounting."""
