"""The official Anthropic SDK for Python against relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import anthropic
import pytest
import pytest_asyncio
from anthropic import Anthropic, APIStatusError, AsyncAnthropic, beta_async_tool
from anthropic.types import MessageParam
from puter_emulator import PuterEmulator, pieces
from pydantic import BaseModel
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

HI: list[MessageParam] = [{"role": "user", "content": "Hi"}]
PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class Weather(BaseModel):
    """The weather in a city."""

    city: str


def address(desk: Desk) -> str:
    """What this SDK is given: relay without a version."""
    return desk.relay.base_url.removesuffix("/v1")


@pytest_asyncio.fixture(loop_scope="session")
async def claude(desk: Desk) -> AsyncIterator[AsyncAnthropic]:
    """The asynchronous client, without retries."""
    async with AsyncAnthropic(base_url=address(desk), api_key=desk.relay.key, max_retries=0) as client:
        yield client


async def test_models_are_listed(claude: AsyncAnthropic) -> None:
    listed = [model.id async for model in claude.models.list()]

    assert {"agent", "ollama:ollama/plain"} <= set(listed)


@pytest.mark.parametrize("token", [False, True], ids=["key", "token"])
async def test_blocking_client_answers_whole_and_streamed(desk: Desk, token: bool) -> None:
    credential = {"auth_token": desk.relay.key, "api_key": None} if token else {"api_key": desk.relay.key}

    def ask() -> tuple[str, str]:
        with Anthropic(base_url=address(desk), max_retries=0, **credential) as client:
            whole = client.messages.create(model="ollama:ollama/plain", max_tokens=100, messages=HI)
            with client.messages.stream(model="ollama:ollama/plain", max_tokens=100, messages=HI) as stream:
                streamed = "".join(stream.text_stream)
        [block] = whole.content
        assert block.type == "text"
        return block.text, streamed

    assert await asyncio.to_thread(ask) == ("Hello wörld 😀!", "Hello wörld 😀!")


async def test_whole_and_streamed_messages_are_the_same(claude: AsyncAnthropic) -> None:
    whole = await claude.messages.create(model="ollama:ollama/think", max_tokens=100, messages=HI)
    async with claude.messages.stream(model="ollama:ollama/think", max_tokens=100, messages=HI) as stream:
        kinds = {event.type async for event in stream}
        streamed = await stream.get_final_message()

    thought, said = streamed.content
    assert {"thinking", "text", "content_block_stop", "message_stop"} <= kinds
    assert (thought.type, said.type) == ("thinking", "text")
    assert thought.type == "thinking"
    assert thought.thinking == "Let me think about it."
    assert said.type == "text"
    assert said.text == "Hello wörld 😀!"
    assert streamed.stop_reason == "end_turn"
    assert streamed.usage.input_tokens + (streamed.usage.cache_read_input_tokens or 0) == 11
    assert streamed.usage.output_tokens == 7
    assert whole.model_extra == {"relay": {"thinking_type": "raw", "thinking_source": "field"}}
    same = {"id", "parsed_output", "relay"}
    assert whole.model_dump(exclude=same) == streamed.model_dump(exclude=same)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_tool_loop_ends_with_the_answer(claude: AsyncAnthropic, stream: bool) -> None:
    asked: list[str] = []

    @beta_async_tool
    async def get_weather(city: str) -> str:
        """Return the weather in a city."""
        asked.append(city)
        return "rain"

    runner = claude.beta.messages.tool_runner(
        model="tool", max_tokens=100, messages=[{"role": "user", "content": "Oslo"}], tools=[get_weather], stream=stream
    )
    last = await runner.until_done()

    assert [block.text for block in last.content if block.type == "text"] == ["The tool said: rain"]
    assert (last.stop_reason, asked) == ("end_turn", ["Oslo"])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_parallel_calls_and_their_results(puter: PuterEmulator, claude: AsyncAnthropic, stream: bool) -> None:
    ask: list[MessageParam] = [{"role": "user", "content": "Paris"}]
    tools = [
        anthropic.types.ToolParam(name=name, input_schema={"type": "object"}) for name in ("get_weather", "get_time")
    ]
    if stream:
        async with claude.messages.stream(model="parallel", max_tokens=100, messages=ask, tools=tools) as streaming:
            first: anthropic.types.Message = await streaming.get_final_message()
    else:
        first = await claude.messages.create(model="parallel", max_tokens=100, messages=ask, tools=tools)
    calls = [block for block in first.content if block.type == "tool_use"]
    results: list[anthropic.types.ToolResultBlockParam] = [
        {"type": "tool_result", "tool_use_id": calls[0].id, "content": "rain"},
        {"type": "tool_result", "tool_use_id": calls[1].id, "content": "no such zone", "is_error": True},
    ]
    back: list[MessageParam] = [
        *ask,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    second = await claude.messages.create(model="tool", max_tokens=100, messages=back, tools=tools)

    assert first.stop_reason == "tool_use"
    assert [(call.name, call.input) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"tz": "UTC"}),
    ]
    assert [block.text for block in second.content if block.type == "text"] == ["The tool said: Error: no such zone"]
    sent = puter.calls[-1].args["messages"]
    assert [(m["role"], m.get("tool_call_id")) for m in sent[1:]] == [
        ("assistant", None),
        ("tool", calls[0].id),
        ("tool", calls[1].id),
    ]


async def test_image_reaches_the_model(claude: AsyncAnthropic) -> None:
    source = anthropic.types.Base64ImageSourceParam(type="base64", media_type="image/gif", data=PIXEL)
    content: list[anthropic.types.ContentBlockParam] = [
        {"type": "text", "text": "What is it?"},
        {"type": "image", "source": source},
    ]
    answer = await claude.messages.create(model="look", max_tokens=100, messages=[{"role": "user", "content": content}])

    assert [block.to_dict() for block in answer.content] == [
        {"type": "text", "text": f"I see data:image/gif;base64,{PIXEL}."}
    ]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_json_follows_the_schema(claude: AsyncAnthropic, stream: bool) -> None:
    if stream:
        async with claude.messages.stream(
            model="fenced", max_tokens=100, messages=HI, output_format=Weather
        ) as streaming:
            parsed = (await streaming.get_final_message()).parsed_output
    else:
        parsed = (
            await claude.messages.parse(model="fenced", max_tokens=100, messages=HI, output_format=Weather)
        ).parsed_output

    assert parsed == Weather(city="Rome")


async def test_tokens_are_counted(claude: AsyncAnthropic) -> None:
    counted = await claude.messages.count_tokens(model="agent", messages=[{"role": "user", "content": "Hello, you!"}])

    assert 2 < counted.input_tokens < 20


@pytest.mark.parametrize(
    ("model", "error", "kind"),
    [
        ("limited", anthropic.RateLimitError, "rate_limit_error"),
        ("no-funds", anthropic.RateLimitError, "rate_limit_error"),
        ("no-such-model", anthropic.NotFoundError, "not_found_error"),
        ("moderated", anthropic.BadRequestError, "invalid_request_error"),
        ("unavailable", anthropic.InternalServerError, "api_error"),
    ],
)
async def test_errors_are_raised_as_their_kind(
    claude: AsyncAnthropic, model: str, error: type[APIStatusError], kind: str
) -> None:
    with pytest.raises(error) as caught:
        await claude.messages.create(model=model, max_tokens=100, messages=HI)

    assert caught.value.type == kind
    assert caught.value.request_id


async def test_wrong_key_is_refused(claude: AsyncAnthropic) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        await claude.with_options(api_key="sk-relay-wrong").messages.create(model="echo", max_tokens=100, messages=HI)


async def test_error_in_a_stream_is_raised(claude: AsyncAnthropic) -> None:
    async def read() -> None:
        async with claude.messages.stream(model="ollama:ollama/break", max_tokens=100, messages=HI) as stream:
            await stream.until_done()

    with pytest.raises(anthropic.APIError, match="upstream exploded"):
        await read()


async def test_closing_the_stream_stops_the_site(puter: PuterEmulator, claude: AsyncAnthropic) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "parts=2"}]
    text = ""
    async with claude.messages.stream(model="held", max_tokens=100, messages=messages) as stream:
        async for piece in stream.text_stream:
            text += piece
            if text == pieces(2):
                break

    call = await puter.next_call("held")
    async with asyncio.timeout(1):
        await call.ended.wait()
    assert call.outcome == "aborted"
