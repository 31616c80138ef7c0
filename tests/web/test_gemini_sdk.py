"""The official Google SDK on the application, without a socket between them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types
from google.genai.errors import APIError, ClientError
from pydantic import BaseModel

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.media import EmbeddingPart, EmbeddingRequest
from relay.core.request import (
    AssistantMessage,
    Image,
    Proof,
    ResponseFormat,
    SystemMessage,
    Text,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.errors import BackendThrottled, SessionLost, UnsupportedFeature

from ..gateway.fakes import FakeBackend, Step
from .conftest import HOST, KEY, Site

STOP = Finished(FinishReason.STOP)
WEATHER: list[Event] = [
    Started("m"),
    ReasoningDelta("A tool knows."),
    ToolCallStarted(0, "call_1", "weather"),
    ToolCallDelta(0, '{"city_name": '),
    ReasoningProof("gemini.signature", "/+8=", 0),
    ToolCallDelta(0, '"Oslo"}'),
    ToolCallEnded(0),
    Finished(FinishReason.TOOL_CALLS),
]
RAIN: list[Event] = [Started("m"), TextDelta("It "), TextDelta("rains."), STOP]
DECLARED = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="The weather.",
            parameters=types.Schema(
                type=types.Type.OBJECT,
                properties={"city_name": types.Schema(type=types.Type.STRING, min_length=1)},
                required=["city_name"],
            ),
        )
    ]
)


class Weather(BaseModel):
    city_name: str
    degrees: int | None


@pytest.fixture
def script(site: Site, backend: FakeBackend) -> list[Step]:
    """What the backend answers, one call after another."""
    answers: list[Step] = []
    once = backend.open

    def open_next(*asked: Any) -> Any:
        backend.script = [answers.pop(0)]
        return once(*asked)

    backend.open = open_next  # type: ignore[method-assign]
    return answers


@pytest.fixture
async def client(site: Site) -> AsyncIterator[genai.client.AsyncClient]:
    transport = httpx2.ASGITransport(app=site.app)  # type: ignore[arg-type]  # Quart types the scope more narrowly
    async with httpx2.AsyncClient(transport=transport) as http:
        options = types.HttpOptions(base_url=f"http://{HOST}", httpx_async_client=http)
        yield genai.Client(api_key=KEY, http_options=options).aio


async def test_models(client: genai.client.AsyncClient):
    listed = [model.name async for model in await client.models.list(config={"page_size": 2})]
    assert listed == ["models/m", "models/vendor/m:free", "models/ü"]
    one = await client.models.get(model="vendor/m:free")
    assert one.name == "models/vendor/m:free"
    assert one.supported_actions == ["generateContent", "streamGenerateContent", "countTokens"]


async def test_count(client: genai.client.AsyncClient):
    assert (await client.models.count_tokens(model="m", contents="Hi")).total_tokens == 5


async def test_everything_the_sdk_says_arrives(
    client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend
):
    script.append(RAIN)
    config = types.GenerateContentConfig(
        system_instruction="Be short.",
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        seed=7,
        max_output_tokens=100,
        stop_sequences=["END"],
        presence_penalty=0.1,
        frequency_penalty=0.2,
        tools=[DECLARED],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["weather"]
            )
        ),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=100),
    )
    image = types.Part.from_bytes(data=b"\xff\xfe", mime_type="image/png")
    await client.models.generate_content(model="vendor/m:free", contents=["What?", image], config=config)
    asked = backend.requests[0]
    assert asked.messages == (
        SystemMessage(content=(Text(text="Be short."),)),
        UserMessage(content=(Text(text="What?"), Image(url="data:image/png;base64,//4="))),
    )
    assert asked.tools[0].parameters == {
        "type": "object",
        "properties": {"city_name": {"type": "string", "minLength": 1}},
        "required": ["city_name"],
    }
    assert asked.tool_choice == ToolChoice(mode="required", names=("weather",))
    assert (asked.model, asked.temperature, asked.top_p, asked.top_k, asked.seed) == ("vendor/m:free", 0.5, 0.9, 40, 7)
    assert (asked.max_tokens, asked.stop, asked.reasoning_budget) == (100, ("END",), 100)
    assert (asked.presence_penalty, asked.frequency_penalty, asked.extra) == (0.1, 0.2, {})


async def test_stream_with_thoughts(client: genai.client.AsyncClient, script: list[Step]):
    script.append([Started("m"), ReasoningDelta("Let "), ReasoningDelta("me."), *RAIN[1:]])
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    stream = await client.models.generate_content_stream(model="m", contents="Hi", config=config)
    chunks = [chunk async for chunk in stream]
    parts = [part for chunk in chunks for part in chunk.parts or ()]
    assert "".join(part.text or "" for part in parts if part.thought) == "Let me."
    assert "".join(part.text or "" for part in parts if not part.thought) == "It rains."
    assert chunks[-1].candidates
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP


async def test_manual_tools(client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend):
    script += [WEATHER, RAIN]
    config = types.GenerateContentConfig(tools=[DECLARED])
    question = types.Content(role="user", parts=[types.Part(text="Oslo?")])
    first = await client.models.generate_content(model="m", contents=[question], config=config)
    (call,) = first.function_calls or ()
    assert (call.id, call.name, call.args) == ("call_1", "weather", {"city_name": "Oslo"})
    assert first.candidates
    assert first.candidates[0].content
    result = types.Part.from_function_response(name="weather", response={"output": "rain"})
    history = [question, first.candidates[0].content, types.Content(role="user", parts=[result])]
    second = await client.models.generate_content(model="m", contents=history, config=config)
    assert second.text == "It rains."
    assert backend.requests[1].messages[1:] == (
        AssistantMessage(
            tool_calls=(backend_call := _call(backend),),
            proofs=(Proof(kind="gemini.signature", data="/+8=", call_id="call_1"),),
        ),
        ToolMessage(call_id=backend_call.id, name="weather", content=(Text(text="rain"),)),
    )


def _call(backend: FakeBackend) -> Any:
    turn = backend.requests[1].messages[1]
    assert isinstance(turn, AssistantMessage)
    assert json.loads(turn.tool_calls[0].arguments) == {"city_name": "Oslo"}
    return turn.tool_calls[0]


@pytest.mark.parametrize("stream", [False, True])
async def test_automatic_tools(
    client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend, stream: bool
):
    script += [WEATHER, RAIN]
    asked: list[str] = []

    def weather(city_name: str) -> str:
        """The weather."""
        asked.append(city_name)
        return "rain"

    chat = client.chats.create(model="m", config=types.GenerateContentConfig(tools=[weather]))
    if stream:
        text = "".join([chunk.text or "" async for chunk in await chat.send_message_stream("Oslo?")])
    else:
        text = (await chat.send_message("Oslo?")).text or ""
    assert (text, asked) == ("It rains.", ["Oslo"])
    assert backend.requests[0].tools[0].parameters == {
        "type": "object",
        "properties": {"city_name": {"type": "string"}},
        "required": ["city_name"],
    }
    assert backend.requests[1].messages[-1] == ToolMessage(
        call_id="call_1", name="weather", content=(Text(text="rain"),)
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_chat_remembers_every_turn(
    client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend, stream: bool
):
    script += [RAIN, RAIN]
    chat = client.chats.create(model="m")
    for question in ("Oslo?", "Really?"):
        if stream:
            _ = [chunk async for chunk in await chat.send_message_stream(question)]
        else:
            await chat.send_message(question)
    assert backend.requests[1].messages == (
        UserMessage(content=(Text(text="Oslo?"),)),
        AssistantMessage(content=(Text(text="It rains."),)),
        UserMessage(content=(Text(text="Really?"),)),
    )


async def test_json_schema(client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend):
    script.append([Started("m"), TextDelta('{"city_name": "Oslo", "degrees": null}'), STOP])
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Weather)
    answer = await client.models.generate_content(model="m", contents="Oslo?", config=config)
    assert answer.parsed == Weather(city_name="Oslo", degrees=None)
    form = backend.requests[0].response_format
    assert isinstance(form, ResponseFormat)
    assert form.type == "json_schema"
    assert form.schema is not None
    assert form.schema["properties"]["city_name"]["type"] == "string"
    assert form.schema["properties"]["degrees"]["type"] == ["integer", "null"]


async def test_json_schema_of_ones_own(client: genai.client.AsyncClient, script: list[Step], backend: FakeBackend):
    script.append([Started("m"), TextDelta("{}"), STOP])
    schema = {"type": "object", "properties": {"any_of": {"type": "string"}}, "additionalProperties": False}
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    await client.models.generate_content(model="m", contents="Oslo?", config=config)
    assert backend.requests[0].response_format == ResponseFormat(type="json_schema", schema=schema, strict=True)


async def test_error(client: genai.client.AsyncClient, script: list[Step]):
    script.append(BackendThrottled("Slow down.", retry_after=7))
    with pytest.raises(ClientError) as caught:
        await client.models.generate_content(model="m", contents="Hi")
    assert (caught.value.code, caught.value.status, caught.value.message) == (429, "RESOURCE_EXHAUSTED", "Slow down.")


async def test_error_in_a_stream(client: genai.client.AsyncClient, site: Site, backend: FakeBackend):
    backend.script = [[Started("m"), TextDelta("It ")], SessionLost("The page went away.")]
    stream = await client.models.generate_content_stream(model="m", contents="Hi")
    assert (await anext(stream)).text == "It "
    with pytest.raises(APIError, match="The page went away"):
        await anext(stream)


async def test_embeddings(client: genai.client.AsyncClient, site: Site):
    site.media.script = [[EmbeddingPart(0, (0.5, -1.0)), EmbeddingPart(1, (1.0,)), Finished(FinishReason.STOP)]]
    made = await client.models.embed_content(model="m", contents=["a", "b"])
    assert made.embeddings is not None
    assert [each.values for each in made.embeddings] == [[0.5, -1.0], [1.0]]
    assert site.media.requests == [EmbeddingRequest(model="m", texts=("a", "b"))]


async def test_embeddings_that_nobody_makes(client: genai.client.AsyncClient, site: Site):
    site.media.script = [UnsupportedFeature("No connected session offers embeddings.", param="model")]
    with pytest.raises(ClientError) as caught:
        await client.models.embed_content(model="m", contents="Hi")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
