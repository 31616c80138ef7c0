"""The official OpenAI SDK for Python against relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from openai import (
    APIError,
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
    pydantic_function_tool,
)
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionStreamOptionsParam
from puter_emulator import PuterEmulator, pieces
from pydantic import BaseModel, Field
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]


class Weather(BaseModel):
    """The weather in a city."""

    city: str = Field(description="A city")


@pytest_asyncio.fixture(loop_scope="session")
async def openai(desk: Desk) -> AsyncIterator[AsyncOpenAI]:
    """The asynchronous client, without retries."""
    async with AsyncOpenAI(base_url=desk.relay.base_url, api_key=desk.relay.key, max_retries=0) as client:
        yield client


@pytest.fixture
def openai_sync(desk: Desk) -> Iterator[OpenAI]:
    """The blocking client, without retries."""
    with OpenAI(base_url=desk.relay.base_url, api_key=desk.relay.key, max_retries=0) as client:
        yield client


async def test_models_are_listed(openai: AsyncOpenAI) -> None:
    listed = [model.id async for model in openai.models.list()]

    assert {"agent", "ollama:ollama/plain"} <= set(listed)


async def test_blocking_client_answers_whole_and_streamed(openai_sync: OpenAI) -> None:
    def ask() -> tuple[str | None, str]:
        create = openai_sync.chat.completions.create
        whole = create(model="ollama:ollama/plain", messages=HI)
        with create(model="ollama:ollama/plain", messages=HI, stream=True) as stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        return whole.choices[0].message.content, text

    assert await asyncio.to_thread(ask) == ("Hello wörld 😀!", "Hello wörld 😀!")


async def test_stream_helper_puts_text_and_usage_together(openai: AsyncOpenAI) -> None:
    options: ChatCompletionStreamOptionsParam = {"include_usage": True}
    async with openai.chat.completions.stream(
        model="ollama:ollama/think", messages=HI, stream_options=options
    ) as stream:
        kinds = {event.type async for event in stream}
        answer = await stream.get_final_completion()

    assert {"content.delta", "content.done", "chunk"} <= kinds
    assert answer.choices[0].message.content == "Hello wörld 😀!"
    assert answer.choices[0].message.model_extra == {"reasoning_content": "Let me think about it."}
    assert answer.usage is not None
    assert answer.usage.total_tokens == 18


async def test_stream_helper_parses_tool_calls(openai: AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Oslo"}]
    tools = [pydantic_function_tool(Weather)]
    async with openai.chat.completions.stream(model="tool", messages=messages, tools=tools) as stream:
        kinds = {event.type async for event in stream}
        answer = await stream.get_final_completion()

    assert {"tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= kinds
    [call] = answer.choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == Weather(city="Oslo")
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_tool_loop_ends_with_the_answer(openai: AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Oslo"}]
    tools = [pydantic_function_tool(Weather)]
    first = (await openai.chat.completions.create(model="tool", messages=messages, tools=tools)).choices[0].message
    [call] = first.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    messages += [
        first.model_dump(exclude_none=True),  # type: ignore[list-item]  # what the SDK's own examples do
        {"role": "tool", "tool_call_id": call.id, "content": "rain"},
    ]

    second = await openai.chat.completions.create(model="tool", messages=messages, tools=tools)

    assert second.choices[0].message.content == "The tool said: rain"


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("limited", RateLimitError, "rate_limit_exceeded"),
        ("no-funds", RateLimitError, "insufficient_quota"),
        ("no-such-model", NotFoundError, "model_not_found"),
        ("moderated", BadRequestError, "content_filter"),
        ("unavailable", InternalServerError, "upstream_error"),
    ],
)
async def test_errors_are_raised_as_their_kind(
    openai: AsyncOpenAI, model: str, error: type[APIStatusError], code: str
) -> None:
    with pytest.raises(error) as caught:
        await openai.chat.completions.create(model=model, messages=HI)

    assert caught.value.code == code


async def test_wrong_key_is_refused(openai: AsyncOpenAI) -> None:
    with pytest.raises(AuthenticationError):
        await openai.with_options(api_key="sk-relay-wrong").chat.completions.create(model="echo", messages=HI)


async def test_error_in_a_stream_is_raised(openai: AsyncOpenAI) -> None:
    stream = await openai.chat.completions.create(model="ollama:ollama/break", messages=HI, stream=True)
    text: list[str] = []

    async def read() -> None:
        text.extend([chunk.choices[0].delta.content or "" async for chunk in stream])

    with pytest.raises(APIError, match="upstream exploded"):
        await read()


async def test_retries_of_the_client_obey_retry_after(puter: PuterEmulator, openai: AsyncOpenAI) -> None:
    patient = openai.with_options(max_retries=1, timeout=30)
    asking = asyncio.create_task(patient.chat.completions.create(model="limited", messages=HI))
    first = await puter.next_call("limited")
    second = await puter.next_call("limited", 1)
    with pytest.raises(RateLimitError):
        await asking

    assert second.arrived - first.arrived >= 2


async def test_closing_the_stream_stops_the_site(puter: PuterEmulator, openai: AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "parts=2"}]
    stream = await openai.chat.completions.create(model="held", messages=messages, stream=True)
    text = ""
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        if text == pieces(2):
            break
    await stream.close()

    call = await puter.next_call("held")
    async with asyncio.timeout(1):
        await call.ended.wait()
    assert call.outcome == "aborted"
