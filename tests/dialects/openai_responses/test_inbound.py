import json
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.request import (
    AssistantMessage,
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
from relay.dialects.base import Limits
from relay.dialects.openai_responses.form import CalledAs, Echo, ReasoningEcho, ReplyForm, TextEcho
from relay.dialects.openai_responses.inbound import (
    Asked,
    Before,
    ResponsesCall,
    decode,
    read,
    read_compact,
    read_object,
)
from relay.dialects.openai_responses.wire import Item
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

REQUESTS = Path(__file__).parents[2] / "data" / "openai_responses" / "requests"
HI = UserMessage(content=(Text(text="hi"),))
F = {"type": "function", "name": "f"}


def unseal(sealed: str) -> str:
    if sealed == "forged":
        raise InvalidRequest("forged", param="input")
    return sealed


NOTHING = Before(unseal=unseal)


def asked(body: bytes | dict[str, Any], **options: Any) -> Asked:
    ids = count(1)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(data, new_id=lambda prefix: f"{prefix}_{next(ids)}", **options)


def call(before: Before = NOTHING, **fields: Any) -> ResponsesCall:
    return decode(asked({"input": "hi", **fields}), before, default_model="default")


def request(**fields: Any) -> Request:
    return call(**fields).request


def refusal(body: bytes | dict[str, Any], error: type[RequestError] = InvalidRequest, **options: Any) -> str | None:
    with pytest.raises(error) as caught:
        decode(asked(body, **options), NOTHING, default_model="default")
    assert caught.value.status == 400
    return caught.value.param


# --- real requests


@pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.json")), ids=lambda path: path.stem)
def test_captured_request_is_taken(path):
    body = json.loads(path.read_bytes())
    got = decode(asked(path.read_bytes()), NOTHING, default_model="default")
    assert got.request.model == body["model"]
    tools = body.get("tools", [])
    assert [item["name"] for item in got.form.echo.tools] == [tool["name"] for tool in tools if "name" in tool]
    assert got.ignored == tuple(f"tools.{tool['type']}" for tool in tools if "name" not in tool)


def test_grouped_tools_of_an_agent():
    got = decode(asked((REQUESTS / "codex-tool-result.json").read_bytes()), NOTHING, default_model="default")
    groups = {name: tool.namespace for name, tool in got.form.tools.items()}
    assert set(groups.values()) == {"multi_agent_v1"}
    assert groups.keys() < {tool.name for tool in got.request.tools}
    assert [type(message) for message in got.request.messages][-2:] == [AssistantMessage, ToolMessage]
    assert (got.form.encrypted_reasoning, got.request.extra.keys()) == (True, {"client_metadata"})


def test_tool_loop_of_an_agent():
    got = decode(asked((REQUESTS / "agent-tool-result.json").read_bytes()), NOTHING, default_model="default")
    arguments = "{\"commands\":[\"printf '%s' 'hi' > '/project/hello.txt'\"]}"
    assert got.request.messages[:3] == (
        SystemMessage(content=(Text(text="You are a coding agent."),), developer=True),
        UserMessage(content=(Text(text="Write hi to /project/hello.txt"),)),
        AssistantMessage(
            content=(Text(text="I will do it now. "),),
            tool_calls=(ToolCall(id="call_000002", name="run_commands", arguments=arguments),),
        ),
    )
    assert isinstance(got.request.messages[3], ToolMessage)
    assert got.form.echo.truncation == "auto"


# --- the request


def test_least_request():
    got = call()
    assert got.request == Request(model="default", messages=(HI,))
    assert (got.form, got.ignored) == (ReplyForm(model="default"), ())
    assert [item["id"] for item in got.input] == ["msg_1"]


def test_every_field():
    schema = {"type": "object"}
    got = request(
        model="m",
        instructions="be brief",
        tools=[F],
        tool_choice="required",
        parallel_tool_calls=False,
        max_output_tokens=16,
        text={"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}, "verbosity": "low"},
        reasoning={"effort": "minimal", "summary": "auto"},
        temperature=0,
        top_p=0.5,
        presence_penalty=1,
        frequency_penalty=-1,
        user="u",
        client_metadata={"x": 1},
        nothing=None,
    )
    assert got == Request(
        model="m",
        messages=(SystemMessage(content=(Text(text="be brief"),)), HI),
        tools=(Tool(name="f"),),
        tool_choice=ToolChoice(mode="required"),
        parallel_tool_calls=False,
        max_tokens=16,
        response_format=ResponseFormat(type="json_schema", name="n", schema=schema, strict=True),
        verbosity="low",
        reasoning_effort="minimal",
        temperature=0,
        top_p=0.5,
        presence_penalty=1,
        frequency_penalty=-1,
        user="u",
        extra={"client_metadata": {"x": 1}},
    )


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_plain_formats(kind):
    assert request(text={"format": {"type": kind}}).response_format == ResponseFormat(type=kind)
    assert request(text={"verbosity": "high"}).response_format is None


@pytest.mark.parametrize(("word", "effort"), [("HIGH", "high"), ("auto", None), (None, None)])
def test_effort(word, effort):
    assert request(reasoning={"effort": word, "summary": "auto"}).reasoning_effort == effort


def test_how_it_is_answered():
    got = asked({"input": "hi", "stream": True, "background": True, "previous_response_id": "resp_1"})
    assert (got.stream, got.background, got.store, got.previous_response_id) == (True, True, True, "resp_1")
    got = asked({"input": "hi", "store": False})
    assert (got.stream, got.background, got.store, got.previous_response_id) == (False, False, False, None)
    assert asked({"input": "hi", "store": None}).store


def test_message_of_a_websocket():
    message = {"type": "response.create", "stream": "x", "stream_options": 1, "background": 7, "input": "hi"}
    got = asked(message, socket=True)
    assert (got.stream, got.background, got.extra) == (False, False, {})
    assert read_object(message, new_id=str, socket=True).body == got.body


def test_compacting_needs_a_model():
    assert read_compact(b'{"model":"m","input":"hi"}', new_id=str).body.model == "m"
    with pytest.raises(InvalidRequest) as caught:
        read_compact(b'{"input":"hi"}', new_id=str)
    assert caught.value.param == "model"


# --- what it goes on from


def test_history_comes_before_the_input():
    history = (
        {"type": "message", "id": "msg_0", "role": "user", "content": [{"type": "input_text", "text": "first"}]},
        {"type": "function_call", "id": "fc_0", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
    )
    result = {"type": "function_call_output", "call_id": "c", "output": "ok"}
    got = call(Before(unseal=unseal, history=history), input=[result], instructions="now")
    assert got.request.messages == (
        SystemMessage(content=(Text(text="now"),)),
        UserMessage(content=(Text(text="first"),)),
        AssistantMessage(tool_calls=(ToolCall(id="c", name="f", arguments="{}"),)),
        ToolMessage(call_id="c", name="f", content=(Text(text="ok"),)),
    )
    assert [item["type"] for item in got.input] == ["function_call_output"]


def test_history_alone_is_enough():
    history: tuple[Item, ...] = ({"type": "message", "id": "m", "role": "user", "content": "hi"},)
    assert decode(asked({}), Before(unseal=unseal, history=history), default_model="d").request.messages == (HI,)


def test_references():
    stored = {"type": "message", "id": "msg_a", "role": "user", "content": "hi"}
    body = {"input": [{"type": "item_reference", "id": "msg_a"}]}
    assert asked(body).references == ("msg_a",)
    for before in (Before(unseal=unseal, found={"msg_a": stored}), Before(unseal=unseal, history=(stored,))):
        got = decode(asked(body), before, default_model="d")
        assert (got.request.messages[-1], got.input) == (HI, (stored,))
    assert refusal(body) == "input[0].id"


def test_compaction_is_opened_by_the_caller():
    item = {"type": "compaction", "encrypted_content": "what was"}
    assert request(input=[item]).messages == (
        UserMessage(content=(Text(text="Summary of the conversation so far:\n\nwhat was"),)),
    )
    assert refusal({"input": [{**item, "encrypted_content": "forged"}]}) == "input"


def test_tools_of_the_input_count():
    item = {"type": "additional_tools", "role": "developer", "tools": [{"type": "custom", "name": "exec"}]}
    got = call(input=[item, {"role": "user", "content": "hi"}], tool_choice="required")
    assert [tool.name for tool in got.request.tools] == ["exec"]
    assert got.form.tools == {"exec": CalledAs("exec", freeform=True)}


# --- how the answer shall look


def test_what_is_repeated():
    echo = call(
        instructions="i",
        previous_response_id="resp_0",
        tools=[F, {"type": "web_search"}],
        tool_choice={"type": "function", "name": "f"},
        truncation="auto",
        parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "schema": {}}, "verbosity": "low"},
        reasoning={"effort": "low", "summary": "auto"},
        temperature=0.5,
        top_p=0.25,
        presence_penalty=1,
        frequency_penalty=2,
        top_logprobs=0,
        max_output_tokens=20,
        max_tool_calls=3,
        store=False,
        metadata={"a": "b"},
        service_tier="flex",
        safety_identifier="s",
        prompt_cache_key="k",
    ).form.echo
    assert echo == Echo(
        instructions="i",
        previous_response_id="resp_0",
        tools=({**F, "description": None, "parameters": None, "strict": None},),
        tool_choice={"type": "function", "name": "f"},
        truncation="auto",
        parallel_tool_calls=False,
        text=TextEcho(
            {"type": "json_schema", "name": "answer", "description": None, "schema": {}, "strict": False}, "low"
        ),
        reasoning=ReasoningEcho("low", "auto"),
        temperature=0.5,
        top_p=0.25,
        presence_penalty=1,
        frequency_penalty=2,
        max_output_tokens=20,
        max_tool_calls=3,
        store=False,
        metadata={"a": "b"},
        safety_identifier="s",
        prompt_cache_key="k",
    )


@pytest.mark.parametrize(
    ("choice", "callable_names"),
    [
        (None, None),
        ("auto", None),
        ("required", None),
        ("none", frozenset()),
        (F, frozenset({"f"})),
        ({"type": "allowed_tools", "tools": [F]}, frozenset({"f"})),
        ({"type": "allowed_tools", "mode": "none", "tools": [F]}, frozenset()),
    ],
)
def test_hard_limits_of_the_choice(choice, callable_names):
    form = call(tools=[F, {**F, "name": "g"}], tool_choice=choice).form
    assert form.callable == callable_names


def test_tools_that_the_client_knows_otherwise():
    group = {"type": "namespace", "name": "mcp", "tools": [F]}
    form = call(tools=[F, group, {"type": "custom", "name": "patch"}], max_tool_calls=2).form
    assert form.tools == {"mcp__f": CalledAs("f", "mcp"), "patch": CalledAs("patch", freeform=True)}
    assert form.max_tool_calls == 2


def test_reasoning_forms():
    ask = asked({"input": "hi", "include": ["reasoning.encrypted_content"]})
    form = decode(ask, NOTHING, default_model="d", reasoning="openai").form
    assert (form.reasoning, form.encrypted_reasoning) == ("openai", True)
    form = call(reasoning={"summary": "none"}).form
    assert (form.reasoning, form.echo.reasoning, form.encrypted_reasoning) == ("none", ReasoningEcho(), False)


def test_what_cannot_be_handed_on_is_named():
    got = call(
        tools=[{"type": "web_search"}],
        input=[{"type": "web_search_call"}, {"role": "user", "content": "hi"}],
        top_logprobs=2,
        include=["message.output_text.logprobs"],
        context_management=[{"type": "compaction"}],
        generate=False,
    )
    assert got.ignored == (
        "top_logprobs",
        "include.message.output_text.logprobs",
        "generate",
        "context_management",
        "tools.web_search",
        "input.web_search_call",
    )


# --- refusals


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": ["hi"]}, "input[0]"),
        ({"input": [{"type": "reasoning", "summary": []}]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]}, "input[0].call_id"),
        ({"max_output_tokens": 15}, "max_output_tokens"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"truncation": "most"}, "truncation"),
        ({"metadata": {"k": "x" * 513}}, "metadata[...]"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"prompt_cache_key": "x" * 65}, "prompt_cache_key"),
        ({"tools": {}}, "tools"),
        ({"tool_choice": 1}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"background": True, "store": False}, "store"),
        ({"reasoning": {"effort": "turbo"}}, "reasoning.effort"),
    ],
)
def test_malformed_field(fields, param):
    assert refusal({"input": "hi", **fields}) == param


@pytest.mark.parametrize("name", ["conversation", "prompt"])
def test_what_only_openai_keeps(name):
    assert refusal({"input": "hi", name: {"id": "x"}}, UnsupportedFeature) == name
    assert call(**{name: None}).request.messages == (HI,)


@pytest.mark.parametrize("body", [b"", b"[]", b'"hi"', b"{", b'{"input":"\xff"}', b"[" * 100_000])
def test_what_is_no_request(body):
    assert refusal(body) is None


def test_half_emoji_is_mended():
    assert decode(asked(b'{"input":"a\\ud83d"}'), NOTHING, default_model="d").request.messages == (
        UserMessage(content=(Text(text="a\ufffd"),)),
    )


def test_limits():
    limits = Limits(messages=1, tools=1, depth=4)
    two = [{"role": "user", "content": "hi"}] * 2
    group = {"type": "namespace", "name": "n", "tools": [F, {**F, "name": "g"}]}
    assert refusal({"input": two}, limits=limits) == "input"
    assert refusal({"input": "hi", "tools": [F, F]}, limits=limits) == "tools"
    assert refusal({"input": "hi", "tools": [group]}, limits=limits) == "tools"
    assert refusal({"input": "hi", "more": [[[[[1]]]]]}, limits=limits) == "more"
    history = Before(unseal=unseal, history=({"type": "reasoning", "id": "r"},))
    with pytest.raises(InvalidRequest):
        decode(asked({"input": "hi"}, limits=limits), history, default_model="d")


# --- anything at all

FIELDS = st.sampled_from(
    [
        "input",
        "tools",
        "tool_choice",
        "text",
        "reasoning",
        "metadata",
        "type",
        "role",
        "content",
        "name",
        "id",
        "format",
    ]
)
WORDS = st.sampled_from(
    ["message", "user", "function", "custom", "namespace", "input_text", "reasoning", "function_call_output", "hi"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(FIELDS, VALUES, max_size=4))
@settings(deadline=None)
def test_no_body_is_more_than_refused(body):
    with suppress(RequestError):
        got = decode(asked(msgspec.json.encode(body)), NOTHING, default_model="d")
        msgspec.json.encode(got.form.echo)
