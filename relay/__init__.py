"""relay: use the chat you are signed in to from any tool that speaks the OpenAI API."""

__version__ = "0.1.0"
