"""Real web chats, each with a login and in front of a model that tests script, for sessions to be tried on."""
