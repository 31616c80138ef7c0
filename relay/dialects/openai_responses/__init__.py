"""OpenAI Responses and Open Responses: https://www.openresponses.org/ and https://platform.openai.com/docs/api-reference/responses."""
