"""relay: use the chat you are signed in to from any tool that speaks the API of OpenAI, Anthropic or Gemini."""

__version__ = "0.1.0"
