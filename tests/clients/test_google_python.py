"""The official Google SDK for Python against relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from google import genai
from google.genai import types
from google.genai.client import AsyncClient
from google.genai.errors import APIError
from puter_emulator import PuterEmulator, pieces
from pydantic import BaseModel
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class Weather(BaseModel):
    """The weather in a city."""

    city: str


def google(desk: Desk, key: str | None = None, version: str = "v1beta") -> genai.Client:
    """A client with nothing set but where relay is, its key and the version of the API."""
    options = types.HttpOptions(base_url=desk.relay.base_url.removesuffix("/v1"), api_version=version)
    return genai.Client(api_key=key or desk.relay.key, http_options=options)


@pytest_asyncio.fixture(loop_scope="session", params=["v1", "v1beta"])
async def client(desk: Desk, request: pytest.FixtureRequest) -> AsyncIterator[AsyncClient]:
    """The asynchronous client for either version of the API."""
    async with google(desk, version=request.param).aio as client:
        yield client


async def test_models_are_listed(client: AsyncClient) -> None:
    listed = [model.name async for model in await client.models.list()]

    assert {"models/agent", "models/ollama:ollama/plain"} <= set(listed)


async def test_answers_whole_and_streamed(client: AsyncClient) -> None:
    whole = await client.models.generate_content(model="ollama:ollama/plain", contents="Hi")
    stream = await client.models.generate_content_stream(model="ollama:ollama/plain", contents="Hi")

    assert whole.text == "Hello wörld 😀!"
    assert "".join([chunk.text or "" async for chunk in stream]) == whole.text


async def test_blocking_client(desk: Desk) -> None:
    def ask() -> str:
        with google(desk) as client:
            stream = client.models.generate_content_stream(model="ollama:ollama/plain", contents="Hi")
            return "".join(chunk.text or "" for chunk in stream)

    assert await asyncio.to_thread(ask) == "Hello wörld 😀!"


async def test_thoughts_come_apart_from_the_answer(client: AsyncClient) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    stream = await client.models.generate_content_stream(model="ollama:ollama/think", contents="Hi", config=config)
    chunks = [chunk async for chunk in stream]
    parts = [part for chunk in chunks for part in chunk.parts or ()]

    assert "".join(part.text or "" for part in parts if part.thought) == "Let me think about it."
    assert "".join(part.text or "" for part in parts if not part.thought) == "Hello wörld 😀!"
    assert chunks[-1].usage_metadata is not None
    assert chunks[-1].usage_metadata.total_token_count == 18


@pytest.mark.parametrize("stream", [False, True])
async def test_automatic_function_calls_end_with_the_answer(client: AsyncClient, stream: bool) -> None:
    asked: list[str] = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "rain"

    chat = client.chats.create(model="tool", config=types.GenerateContentConfig(tools=[get_weather]))
    if stream:
        text = "".join([chunk.text or "" async for chunk in await chat.send_message_stream("Oslo")])
    else:
        text = (await chat.send_message("Oslo")).text or ""

    assert text.removeprefix("Calling a tool. ") == "The tool said: rain"
    assert asked == ["Oslo"]


async def test_image_reaches_the_model(client: AsyncClient) -> None:
    image = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/gif")
    answer = await client.models.generate_content(model="look", contents=["What is it?", image])

    assert answer.text == f"I see data:image/gif;base64,{PIXEL}."


async def test_json_follows_the_schema(client: AsyncClient) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Weather)
    answer = await client.models.generate_content(model="fenced", contents="Hi", config=config)

    assert answer.parsed == Weather(city="Rome")


async def test_tokens_are_counted(client: AsyncClient) -> None:
    counted = await client.models.count_tokens(model="ollama:ollama/plain", contents="Hello, how are you?")

    assert counted.total_tokens is not None
    assert 4 < counted.total_tokens < 20


@pytest.mark.parametrize(
    ("model", "code", "status"),
    [
        ("limited", 429, "RESOURCE_EXHAUSTED"),
        ("no-funds", 429, "RESOURCE_EXHAUSTED"),
        ("no-such-model", 404, "NOT_FOUND"),
        ("moderated", 400, "INVALID_ARGUMENT"),
        ("unavailable", 502, "INTERNAL"),
    ],
)
async def test_errors_are_raised_as_their_kind(desk: Desk, model: str, code: int, status: str) -> None:
    async with google(desk).aio as client:
        with pytest.raises(APIError) as caught:
            await client.models.generate_content(model=model, contents="Hi")

    assert (caught.value.code, caught.value.status) == (code, status)


async def test_wrong_key_is_refused(desk: Desk) -> None:
    async with google(desk, key="sk-relay-wrong").aio as client:
        with pytest.raises(APIError) as caught:
            await client.models.generate_content(model="echo", contents="Hi")

    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")


async def test_error_in_a_stream_is_raised(client: AsyncClient) -> None:
    stream = await client.models.generate_content_stream(model="ollama:ollama/break", contents="Hi")

    async def read() -> None:
        _ = [chunk async for chunk in stream]

    with pytest.raises(APIError, match="upstream exploded"):
        await read()


async def test_closing_the_stream_stops_the_site(puter: PuterEmulator, desk: Desk) -> None:
    async with google(desk).aio as client:
        stream = await client.models.generate_content_stream(model="held", contents="parts=2")
        text = ""
        async for chunk in stream:
            text += chunk.text or ""
            if text == pieces(2):
                break
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator, typed as an iterator

    call = await puter.next_call("held")
    async with asyncio.timeout(1):
        await call.ended.wait()
    assert call.outcome == "aborted"
