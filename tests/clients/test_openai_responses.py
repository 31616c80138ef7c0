"""The Responses API by the official OpenAI SDK for Python, over the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

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
from openai.resources.responses.responses import AsyncResponsesConnection
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam
from puter_emulator import PuterEmulator, pieces
from pydantic import BaseModel, Field
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


class Weather(BaseModel):
    """The weather in a city."""

    city: str = Field(description="A city")


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """An item without its id and without what the helper for streams adds to its texts."""
    texts = [{name: value for name, value in text.items() if name != "parsed"} for text in item.get("content") or ()]
    return item | {"id": "", "content": texts}


@pytest_asyncio.fixture(loop_scope="session")
async def openai(desk: Desk) -> AsyncIterator[AsyncOpenAI]:
    """The asynchronous client, without retries."""
    async with AsyncOpenAI(base_url=desk.relay.base_url, api_key=desk.relay.key, max_retries=0) as client:
        yield client


async def test_blocking_client_answers_whole_and_streamed(desk: Desk) -> None:
    def ask() -> tuple[str, str]:
        with OpenAI(base_url=desk.relay.base_url, api_key=desk.relay.key, max_retries=0) as client:
            whole = client.responses.create(model="ollama:ollama/plain", input="Hi")
            with client.responses.create(model="ollama:ollama/plain", input="Hi", stream=True) as stream:
                deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        return whole.output_text, "".join(deltas)

    assert await asyncio.to_thread(ask) == ("Hello wörld 😀!", "Hello wörld 😀!")


async def test_whole_and_streamed_responses_are_the_same(openai: AsyncOpenAI) -> None:
    whole = await openai.responses.create(model="ollama:ollama/think", input="Hi")
    async with openai.responses.stream(model="ollama:ollama/think", input="Hi") as stream:
        events = [event async for event in stream]
        streamed = await stream.get_final_response()

    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [item.type for item in streamed.output] == ["reasoning", "message"]
    assert streamed.output_text == whole.output_text == "Hello wörld 😀!"
    assert [bare(item.to_dict()) for item in whole.output] == [bare(item.to_dict()) for item in streamed.output]
    assert whole.usage == streamed.usage
    assert streamed.usage is not None
    assert streamed.usage.total_tokens == 18


async def test_thoughts_come_apart_from_the_answer(openai: AsyncOpenAI) -> None:
    asked = openai.responses.create(
        model="ollama:ollama/think", input="Hi", reasoning={"effort": "high", "summary": "auto"}, stream=True
    )
    events = [event async for event in await asked]

    thoughts = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(thoughts) == "Let me think about it."


@pytest.mark.parametrize("stored", [False, True], ids=["items", "previous response"])
async def test_tool_loop_ends_with_the_answer(openai: AsyncOpenAI, stored: bool) -> None:
    async with openai.responses.stream(model="tool", input="Oslo", tools=[WEATHER], store=stored) as stream:
        first = await stream.get_final_response()
    [call] = [item for item in first.output if item.type == "function_call"]
    history: ResponseInputParam = [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    if stored:
        second = await openai.responses.create(
            model="tool", input=history, tools=[WEATHER], previous_response_id=first.id
        )
    else:
        items: ResponseInputParam = [item.to_dict() for item in first.output]  # type: ignore[misc]  # the SDK's own way
        history = [{"role": "user", "content": "Oslo"}, *items, *history]
        second = await openai.responses.create(model="tool", input=history, tools=[WEATHER], store=False)

    assert (call.name, json.loads(call.arguments), first.status) == ("get_weather", {"city": "Oslo"}, "completed")
    assert second.output_text == "The tool said: rain"


async def test_arguments_are_parsed(openai: AsyncOpenAI) -> None:
    tools = [pydantic_function_tool(Weather)]
    parsed = await openai.responses.parse(
        model="tool", input="Oslo", tools=[{"type": "function", **tool["function"]} for tool in tools]
    )
    [call] = [item for item in parsed.output if item.type == "function_call"]

    assert call.name == "Weather"
    assert json.loads(call.arguments) == {"city": "Oslo"}


async def test_parallel_calls_arrive(openai: AsyncOpenAI) -> None:
    time: FunctionToolParam = {
        "type": "function",
        "name": "get_time",
        "parameters": {"type": "object"},
        "strict": False,
    }
    async with openai.responses.stream(model="parallel", input="Paris", tools=[WEATHER, time]) as stream:
        answer = await stream.get_final_response()
    calls = [item for item in answer.output if item.type == "function_call"]

    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"tz": "UTC"}),
    ]
    assert len({call.call_id for call in calls}) == 2


async def test_image_reaches_the_model(openai: AsyncOpenAI) -> None:
    asked: ResponseInputParam = [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is it?"},
                {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
            ],
        }
    ]
    answer = await openai.responses.create(model="look", input=asked)

    assert answer.output_text == f"I see {PIXEL}."


async def test_json_follows_the_schema(openai: AsyncOpenAI) -> None:
    whole = await openai.responses.parse(model="fenced", input="Hi", text_format=Weather)
    async with openai.responses.stream(model="fenced", input="Hi", text_format=Weather) as stream:
        streamed = await stream.get_final_response()

    assert (whole.output_parsed, streamed.output_parsed) == (Weather(city="Rome"), Weather(city="Rome"))


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
        await openai.responses.create(model=model, input="Hi")

    assert caught.value.code == code


async def test_wrong_key_is_refused(openai: AsyncOpenAI) -> None:
    with pytest.raises(AuthenticationError):
        await openai.with_options(api_key="sk-relay-wrong").responses.create(model="echo", input="Hi")


async def test_error_in_a_stream_is_raised(openai: AsyncOpenAI) -> None:
    stream = await openai.responses.create(model="ollama:ollama/break", input="Hi", stream=True)
    text: list[str] = []

    async def read() -> None:
        text.extend([event.delta async for event in stream if event.type == "response.output_text.delta"])

    with pytest.raises(APIError, match="upstream exploded"):
        await read()


async def test_closing_the_stream_stops_the_site(puter: PuterEmulator, openai: AsyncOpenAI) -> None:
    stream = await openai.responses.create(model="held", input="parts=2", stream=True)
    text = ""
    async for event in stream:
        text += event.delta if event.type == "response.output_text.delta" else ""
        if text == pieces(2):
            break
    await stream.close()

    call = await puter.next_call("held")
    async with asyncio.timeout(1):
        await call.ended.wait()
    assert call.outcome == "aborted"


async def test_one_in_the_background_is_cancelled_at_the_site(puter: PuterEmulator, openai: AsyncOpenAI) -> None:
    made = await openai.responses.create(model="held", input="parts=2", background=True)
    call = await puter.next_call("held")
    cancelled = await openai.responses.cancel(made.id)
    async with asyncio.timeout(1):
        await call.ended.wait()

    assert (made.status in {"queued", "in_progress"}, cancelled.status, call.outcome) == (True, "cancelled", "aborted")


async def test_turns_over_a_websocket(openai: AsyncOpenAI) -> None:
    async with openai.responses.connect() as connection:
        await connection.response.create(model="echo", input="one", store=False)
        first = await finished(connection)
        await connection.response.create(model="echo", input="two", store=False, previous_response_id=first.id)
        said = [first.output_text, (await finished(connection)).output_text]

    assert said == ["one", "two"]


async def finished(connection: AsyncResponsesConnection) -> Response:
    """The response that a connection tells of next, once it is complete."""
    async for event in connection:
        if event.type == "response.completed":
            return event.response
    raise AssertionError
