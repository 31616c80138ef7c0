"""A chat made with Gradio, behind its login page, in front of an OpenAI-compatible model."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator

import gradio
from openai import AsyncOpenAI

client = AsyncOpenAI(max_retries=0)  # address and key are in the environment


async def respond(message: str, history: list[dict[str, object]]) -> AsyncIterator[str]:
    """Give the answer so far each time that a piece of it arrives."""
    spoken = [{"role": turn["role"], "content": turn["content"]} for turn in history]
    messages = [*spoken, {"role": "user", "content": message}]
    answer = ""
    async with await client.chat.completions.create(model="mock-small", messages=messages, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                answer += chunk.choices[0].delta.content
                yield answer


chat = gradio.ChatInterface(respond, title="In-house chat")
chat.launch(
    server_name="127.0.0.1",
    server_port=int(sys.argv[1]),
    auth=(os.environ["CHAT_USER"], os.environ["CHAT_PASSWORD"]),
    quiet=True,
)
