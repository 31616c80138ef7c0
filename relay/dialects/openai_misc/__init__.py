"""OpenAI's other endpoints: images, audio, embeddings, and the completions of old."""
