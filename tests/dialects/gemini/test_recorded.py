"""Requests as real clients sent them: Google's SDKs for Python and Node, Gemini CLI, and Vercel's AI SDK."""

import json
from pathlib import Path
from typing import Any

import pytest

from relay.core.request import (
    AssistantMessage,
    Image,
    Proof,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.dialects.gemini.inbound import GeminiCall, decode

REQUESTS = Path(__file__).parents[2] / "data" / "gemini" / "requests"
CITY = {"type": "object", "properties": {"city_name": {"type": "string"}}, "required": ["city_name"]}


def recorded(name: str) -> GeminiCall:
    return decode((REQUESTS / f"{name}.json").read_bytes(), model="m")


def said(text: str) -> tuple[Text]:
    return (Text(text=text),)


@pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_request_loses_nothing(path: Path):
    body: dict[str, Any] = json.loads(path.read_bytes())
    got = decode(path.read_bytes(), model="m")
    system = "systemInstruction" in body
    assert len(got.request.messages) == len(body["contents"]) + system
    declared = [f["name"] for tool in body.get("tools", ()) for f in tool.get("functionDeclarations", ())]
    assert [tool.name for tool in got.request.tools] == declared
    assert got.request.extra.keys() <= {"tools", "safetySettings"}


def test_gemini_cli():
    got = recorded("cli-tools")
    request = got.request
    assert (got.thoughts, got.ignored) == (True, ())
    assert (request.temperature, request.top_p, request.top_k) == (1.0, 0.95, 64)
    assert [tool.name for tool in request.tools] == ["list_directory", "read_file", "replace", "write_file"]
    write = request.tools[-1].parameters
    assert write is not None
    assert write["required"] == ["file_path", "content"]


def test_tool_loop_of_gemini_cli():
    assert recorded("cli-tool-result").request.messages[2:] == (
        AssistantMessage(
            content=said("I will write the file now."),
            tool_calls=(
                ToolCall(
                    id="call_write", name="write_file", arguments='{"file_path":"hello.txt","content":"hi there"}'
                ),
            ),
        ),
        ToolMessage(
            call_id="call_write",
            name="write_file",
            content=said(
                "Successfully created and wrote to new file: /project/hello.txt. Here is the updated code:\nhi there"
            ),
        ),
    )


def test_everything_from_python():
    weather = {
        "type": "object",
        "title": "Weather",
        "properties": {
            "city_name": {"type": "string", "title": "City Name"},
            "degrees": {"type": ["integer", "null"], "title": "Degrees"},
        },
        "required": ["city_name", "degrees"],
        "propertyOrdering": ["city_name", "degrees"],
    }
    got = recorded("python-everything")
    assert got.thoughts
    assert got.ignored == ("tools.googleSearch", "safetySettings")
    assert got.request.response_format is not None
    assert got.request.response_format.schema is not None
    assert got.request.response_format.schema.items() <= weather.items()
    assert (got.request.top_k, got.request.seed, got.request.max_tokens, got.request.reasoning_budget) == (
        40,
        7,
        100,
        100,
    )
    assert got.request.messages == (
        SystemMessage(content=said("Be short.")),
        UserMessage(
            content=(
                Text(text="What?"),
                Image(url="data:image/png;base64,//4="),
                Image(url="https://example.com/cat.png"),
            )
        ),
    )


def test_tool_loop_from_python():
    assert recorded("python-tool-result").request == Request(
        model="m",
        messages=(
            UserMessage(content=said("Oslo?")),
            AssistantMessage(
                proofs=(Proof(kind="gemini.signature", data="/+8=", call_id="call_1_0"),),
                tool_calls=(ToolCall(id="call_1_0", name="weather", arguments='{"city_name":"Oslo"}'),),
            ),
            ToolMessage(call_id="call_1_0", name="weather", content=said("rain")),
        ),
        tools=(Tool(name="weather", description="The weather in a city.", parameters=CITY),),
    )


def test_everything_from_node():
    city = {**CITY, "properties": {"city_name": {"type": "string", "minLength": 1}}}
    got = recorded("node-everything")
    assert (got.thoughts, got.ignored) == (True, ())
    assert got.request == Request(
        model="m",
        messages=(
            SystemMessage(content=said("Be short.")),
            UserMessage(content=(Text(text="What?"), Image(url="data:image/png;base64,//4="))),
        ),
        tools=(Tool(name="weather", description="The weather.", parameters=city),),
        tool_choice=ToolChoice(mode="required", names=("weather",)),
        response_format=ResponseFormat(type="json_schema", schema={"type": "object"}, strict=True),
        max_tokens=100,
        stop=("END",),
        temperature=0.5,
        top_k=40,
        reasoning_effort="high",
    )


def test_tool_loop_from_node():
    assert recorded("node-stream-tool-result").request.messages[1:] == (
        AssistantMessage(
            content=said("{}"),
            proofs=(Proof(kind="gemini.signature", data="/+8=", call_id="call_1_0"),),
            tool_calls=(ToolCall(id="call_1_0", name="weather", arguments='{"city_name":"Oslo"}'),),
        ),
        ToolMessage(call_id="call_1_0", name="weather", content=said("rain")),
    )


def test_tool_loop_from_the_ai_sdk():
    assert recorded("ai-sdk-tool-result").request.messages[1:] == (
        AssistantMessage(
            content=said("Hi wörld"),
            reasoning="Let me.",
            proofs=(Proof(kind="gemini.signature", data="/+8=", call_id="call_1"),),
            tool_calls=(ToolCall(id="call_1", name="weather", arguments='{"city":"Oslo"}'),),
        ),
        ToolMessage(call_id="call_1", name="weather", content=said("rain in Oslo")),
    )
