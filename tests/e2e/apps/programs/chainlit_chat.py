"""A chat made with Chainlit, behind its login page, in front of an OpenAI-compatible model."""

from __future__ import annotations

import os

import chainlit
from openai import AsyncOpenAI

client = AsyncOpenAI(max_retries=0)  # address and key are in the environment


@chainlit.password_auth_callback
def sign_in(name: str, password: str) -> chainlit.User | None:
    """Let the one user in."""
    expected = (os.environ["CHAT_USER"], os.environ["CHAT_PASSWORD"])
    return chainlit.User(identifier=name) if (name, password) == expected else None


@chainlit.on_message
async def respond(_: chainlit.Message) -> None:
    """Stream the answer to the whole conversation."""
    answer = chainlit.Message(content="")
    messages = chainlit.chat_context.to_openai()
    async with await client.chat.completions.create(model="mock-small", messages=messages, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                await answer.stream_token(chunk.choices[0].delta.content)
    await answer.update()
