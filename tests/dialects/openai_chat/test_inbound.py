import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.request import (
    AssistantMessage,
    Image,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects.base import Limits
from relay.dialects.openai_chat.form import ReplyForm
from relay.dialects.openai_chat.inbound import ChatCall, decode
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

REQUESTS = Path(__file__).parents[2] / "data" / "openai_chat" / "requests"
HELLO = {"role": "user", "content": "hi"}
HELLO_MESSAGE = UserMessage(content=(Text(text="hi"),))


def call(messages: Any = (HELLO,), **fields: Any) -> ChatCall:
    return decode(json.dumps({"messages": messages, **fields}).encode(), default_model="default")


def request(**fields: Any) -> Request:
    return call(**fields).request


def refusal(body: bytes | dict[str, Any], error: type[RequestError] = InvalidRequest, **options: Any) -> tuple:
    """Return (param, message) of the refusal."""
    with pytest.raises(error) as caught:
        decode(body if isinstance(body, bytes) else json.dumps(body).encode(), default_model="default", **options)
    assert (caught.value.status, type(caught.value)) == (400, error)
    return caught.value.param, caught.value.message


def with_field(**fields: Any) -> dict[str, Any]:
    return {"messages": [HELLO], **fields}


# --- real requests


@pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.json")), ids=lambda path: path.stem)
def test_captured_request_loses_nothing(path):
    body = json.loads(path.read_bytes())
    got = decode(path.read_bytes(), default_model="default")
    assert (got.request.model, got.stream) == ("gpt-4o", body.get("stream", False))
    assert len(got.request.messages) == len(body["messages"])
    assert [tool.name for tool in got.request.tools] == [tool["function"]["name"] for tool in body.get("tools", ())]
    assert (got.request.extra, got.ignored) == ({}, ())


def test_captured_tool_loop():
    got = decode((REQUESTS / "agent-tool-result-reasoning.json").read_bytes(), default_model="default")
    assert got.form == ReplyForm(include_usage=True)
    assert got.request.messages[1:] == (
        UserMessage(content=(Text(text="Write hi to /project/hello.txt"),)),
        AssistantMessage(
            content=(Text(text="I will do it now. "),),
            reasoning="Let me think about it. The file is small.",
            tool_calls=(
                ToolCall(id="call_3", name="editor", arguments='{"path":"/project/hello.txt","new_text":"hi"}'),
            ),
        ),
        ToolMessage(
            call_id="call_3",
            content=(
                Text(
                    text='{"query":"edit:/project/hello.txt",'
                    '"result":"File created successfully at: /project/hello.txt","success":true}'
                ),
            ),
        ),
    )


def test_captured_schema():
    got = decode((REQUESTS / "sdk-json-schema.json").read_bytes(), default_model="default")
    assert got.request.response_format == ResponseFormat(
        type="json_schema",
        name="W",
        strict=True,
        schema={
            "properties": {"city": {"title": "City", "type": "string"}},
            "required": ["city"],
            "title": "W",
            "type": "object",
            "additionalProperties": False,
        },
    )


# --- parameters


def test_smallest_request():
    assert call() == ChatCall(
        request=Request(model="default", messages=(HELLO_MESSAGE,)), stream=False, form=ReplyForm(), ignored=()
    )


def test_every_parameter():
    assert request(
        model="m",
        max_tokens=5,
        stop=["a", "", "b"],
        temperature=1,
        top_p=0.5,
        top_k=4,
        presence_penalty=-1,
        frequency_penalty=0.25,
        seed=2**63 - 1,
        reasoning_effort="xhigh",
        verbosity="low",
        user="u",
        parallel_tool_calls=False,
        response_format={"type": "json_object"},
    ) == Request(
        model="m",
        messages=(HELLO_MESSAGE,),
        max_tokens=5,
        stop=("a", "b"),
        temperature=1.0,
        top_p=0.5,
        top_k=4,
        presence_penalty=-1.0,
        frequency_penalty=0.25,
        seed=2**63 - 1,
        reasoning_effort="xhigh",
        verbosity="low",
        user="u",
        parallel_tool_calls=False,
        response_format=ResponseFormat(type="json_object"),
    )


def test_null_is_not_set():
    names = ["model", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call", "n", "stop"]
    names += ["parallel_tool_calls", "response_format", "max_tokens", "max_completion_tokens", "temperature", "top_p"]
    names += ["top_k", "presence_penalty", "frequency_penalty", "seed", "reasoning_effort", "verbosity", "user"]
    names += ["logprobs", "logit_bias", "metadata", "unheard_of"]
    assert call(**dict.fromkeys(names)) == call()


def test_newer_token_limit_wins():
    assert request(max_tokens=5, max_completion_tokens=7).max_tokens == 7


def test_single_stop_string():
    assert request(stop="END").stop == ("END",)


@pytest.mark.parametrize("model", ["", None])
def test_default_model(model):
    assert request(model=model).model == "default"


@pytest.mark.parametrize(("options", "wanted"), [({"include_usage": True}, True), ({"include_usage": None}, False)])
def test_stream_options(options, wanted):
    got = call(stream=True, stream_options=options)
    assert (got.stream, got.form.include_usage) == (True, wanted)


def test_unknown_and_harmless_fields_are_kept():
    fields = {"metadata": {"a": 1}, "store": True, "service_tier": "flex", "thinking": {"type": "enabled"}}
    got = call(**fields)
    assert (got.request.extra, got.ignored) == (fields, ())


def test_parameters_that_change_the_answer_are_named():
    fields = {
        "logprobs": True,
        "top_logprobs": 2,
        "logit_bias": {"1": 5},
        "prediction": {"type": "content", "content": "x"},
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
        "web_search_options": {},
    }
    got = call(**fields)
    assert (got.request.extra, got.ignored) == (fields, tuple(fields))


def test_parameters_at_rest_are_not_named():
    assert call(logprobs=False, top_logprobs=0, logit_bias={}, modalities=["text"], n=1).ignored == ()


def test_modalities_that_are_no_list_are_not_named():
    assert call(modalities="audio").ignored == ()


def test_response_format_text():
    assert request(response_format={"type": "text"}).response_format == ResponseFormat(type="text")


# --- messages


def one(message: dict[str, Any]) -> Any:
    (got,) = request(messages=[message]).messages
    return got


def test_instructions():
    assert one({"role": "system", "content": "a"}) == SystemMessage(content=(Text(text="a"),))
    assert one({"role": "developer", "content": [{"type": "text", "text": "a"}]}) == SystemMessage(
        content=(Text(text="a"),), developer=True
    )


def test_user_parts():
    parts = [
        {"type": "text", "text": "a\u0000", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": "HTTPS://x/y.png"},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
    got = one({"role": "user", "name": "Ann", "content": parts})
    assert json.loads(msgspec.json.encode(got)) == {
        "role": "user",
        "name": "Ann",
        "content": [
            {"type": "text", "text": "a\u0000"},
            {"type": "image", "url": "data:image/png;base64,AA==", "detail": "low"},
            {"type": "image", "url": "HTTPS://x/y.png"},
            {"type": "audio", "data": "AA==", "format": "wav"},
            {"type": "file", "name": "a.pdf", "data": "data:application/pdf;base64,AA=="},
            {"type": "file", "id": "file-1"},
        ],
    }


@pytest.mark.parametrize("content", ["", []])
def test_empty_content(content):
    assert one({"role": "user", "content": content}) == UserMessage(content=())


@pytest.mark.parametrize("content", [None, "", []])
def test_assistant_without_content(content):
    assert one({"role": "assistant", "content": content}) == AssistantMessage()


def test_assistant_parts():
    parts = [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}, {"type": "text", "text": "b"}]
    assert one({"role": "assistant", "content": parts}) == AssistantMessage(
        content=(Text(text="a"), Text(text="b")), refusal="no"
    )


def test_assistant_refusal():
    assert one({"role": "assistant", "content": None, "refusal": "no", "audio": {"id": "x"}}) == AssistantMessage(
        refusal="no"
    )


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning_content": "why"}, "why"),
        ({"reasoning": "why"}, "why"),
        ({"reasoning": "b", "reasoning_content": "a"}, "a"),
        ({"reasoning": {"effort": "high"}}, None),
        ({"reasoning_content": ""}, None),
        (
            {
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "w"},
                    {"type": "reasoning.summary", "summary": "hy"},
                ]
            },
            "why",
        ),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "e"}]}, None),
        ({"reasoning_details": [{"text": "no type"}]}, None),
        ({"reasoning_details": "why"}, None),
    ],
)
def test_reasoning_that_comes_back(fields, reasoning):
    assert one({"role": "assistant", "content": "a", **fields}).reasoning == reasoning


def test_proofs_that_come_back():
    details = [
        {"type": "reasoning.text", "text": "why", "signature": "a", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.text", "text": "why", "signature": None, "format": "unknown"},
        {"type": "reasoning.encrypted", "data": "b", "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "c", "format": "google-gemini-v1", "id": "call_1"},
        {"type": "reasoning.encrypted", "data": "d", "format": "xai-responses-v1", "id": "rs_1"},
    ]
    called = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    got = one({"role": "assistant", "tool_calls": called, "reasoning_details": details})
    assert [(proof.kind, proof.data, proof.call_id) for proof in got.proofs] == [
        ("anthropic.signature", "a", None),
        ("anthropic.redacted", "b", None),
        ("gemini.signature", "c", "call_1"),
        ("unknown.encrypted", "d", None),
    ]


def test_tool_calls_in_the_history():
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": "not json"}},
        {"id": "2", "function": {"name": "g", "arguments": None}},
        {"id": "3", "type": "custom", "custom": {"name": "h", "input": 'a"b'}},
    ]
    assert one({"role": "assistant", "tool_calls": calls}).tool_calls == (
        ToolCall(id="1", name="f", arguments="not json"),
        ToolCall(id="2", name="g", arguments=""),
        ToolCall(id="3", name="h", arguments='{"input":"a\\"b"}'),
    )


def test_tool_results():
    assert one({"role": "tool", "tool_call_id": "nobody", "content": [{"type": "text", "text": "a"}]}) == ToolMessage(
        call_id="nobody", content=(Text(text="a"),)
    )
    assert one({"role": "tool", "tool_call_id": "1", "name": "f", "content": None}) == ToolMessage(
        call_id="1", content=(), name="f"
    )


def test_tool_result_with_an_image():
    got = one({"role": "tool", "tool_call_id": "1", "content": [{"type": "image_url", "image_url": "data:,"}]})
    assert got.content == (Image(url="data:,"),)


def test_old_function_messages_get_ids():
    messages = [
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "a"},
        {"role": "function", "name": "g", "content": None},
    ]
    assert request(messages=messages).messages == (
        AssistantMessage(tool_calls=(ToolCall(id="call_0", name="f", arguments="{}"),)),
        ToolMessage(call_id="call_0", name="f", content=(Text(text="a"),)),
        ToolMessage(call_id="call_2", name="g", content=()),
    )


# --- tools


F = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
G = {"type": "custom", "custom": {"name": "g"}}


def test_functions():
    strict = {"type": "function", "function": {"name": "h", "strict": True, "parameters": None}}
    assert request(tools=[F, strict]).tools == (
        Tool(name="f", description="d", parameters={"type": "object"}),
        Tool(name="h", strict=True),
    )


def test_custom_tools():
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "a"'}}
    got = call(
        tools=[
            G,
            {"type": "custom", "custom": {"name": "h", "description": "d", "format": {"type": "text"}}},
            {"type": "custom", "custom": {"name": "i", "description": "d", "format": grammar}},
            {"type": "custom", "custom": {"name": "j", "format": grammar}},
        ]
    )
    rule = 'The input must match this lark grammar:\nstart: "a"'
    assert [(tool.name, tool.description) for tool in got.request.tools] == [
        ("g", None),
        ("h", "d"),
        ("i", f"d\n\n{rule}"),
        ("j", rule),
    ]
    assert got.request.tools[0].freeform
    assert got.request.tools[0].parameters == {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
        "additionalProperties": False,
    }
    assert got.form.freeform == {"g", "h", "i", "j"}


def test_old_functions():
    got = call(functions=[{"name": "f", "parameters": {}}], function_call="auto")
    assert got.request == request(
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        tool_choice="auto",
        parallel_tool_calls=False,
    )
    assert got.form == ReplyForm(legacy_functions=True)


def test_tools_win_over_old_functions():
    got = call(tools=[F], functions=[{"name": "h"}])
    assert [tool.name for tool in got.request.tools] == ["f", "h"]
    assert (got.form.legacy_functions, got.request.parallel_tool_calls) == (False, None)


def test_same_tool_twice_is_one():
    assert request(tools=[F, F]).tools == request(tools=[F]).tools


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", {"mode": "none"}),
        ("auto", {"mode": "auto"}),
        ("required", {"mode": "required"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "required", "names": ["f"]}),
        ({"type": "custom", "custom": {"name": "g"}}, {"mode": "required", "names": ["g"]}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "g"}},
                    ],
                },
            },
            {"mode": "auto", "names": ["f", "g"]},
        ),
    ],
)
def test_tool_choice(choice, expected):
    got = request(tools=[F, G], tool_choice=choice).tool_choice
    assert got is not None
    assert {"mode": got.mode, **({"names": list(got.names)} if got.names else {})} == expected


def test_old_function_choice():
    got = request(functions=[{"name": "f"}], function_call={"name": "f"}).tool_choice
    assert msgspec.to_builtins(got) == {"mode": "required", "names": ("f",)}


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_tool_choice_without_tools_may_be_soft(choice):
    assert request(tool_choice=choice).tools == ()


# --- refusals


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [HELLO, {"role": "user"}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"arguments": ""}}]}]},
            "messages[0].tool_calls[0].function.name",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "custom"}]}]},
            "messages[0].tool_calls[0].custom",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "file:///etc/passwd"}]}]},
            "messages[0].content[0].image_url.url",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "messages[0].content[0].file"),
        (with_field(model=1), "model"),
        (with_field(stream="yes"), "stream"),
        (with_field(temperature="1"), "temperature"),
        (with_field(max_tokens=0), "max_tokens"),
        (with_field(max_tokens=1.5), "max_tokens"),
        (with_field(seed=2**63), "seed"),
        (with_field(n=0), "n"),
        (with_field(stop=[1]), "stop[0]"),
        (with_field(stop=["a"] * 17), "stop"),
        (with_field(stop="a" * 513), "stop"),
        (with_field(tools=[{"type": "function", "function": {"name": ""}}]), "tools[0].function.name"),
        (with_field(tools=[{"type": "web_search"}]), "tools[0].type"),
        (with_field(tools=[F, {"type": "custom", "custom": {"name": "f"}}]), "tools[1].custom.name"),
        (with_field(tools=[F], functions=[{"name": "f"}]), "functions[0].name"),
        (with_field(tool_choice="required"), "tool_choice"),
        (with_field(tool_choice="sometimes"), "tool_choice"),
        (with_field(tools=[F], tool_choice={"type": "function", "function": {"name": "x"}}), "tool_choice"),
        (with_field(functions=[{"name": "f"}], function_call={"name": "x"}), "function_call"),
        (with_field(response_format={"type": "xml"}), "response_format.type"),
        (with_field(response_format={"type": "json_schema"}), "response_format.json_schema"),
    ],
)
def test_param_names_the_field(body, param):
    got, message = refusal(body)
    assert (got, param in message) == (param, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"messages":[]}x', b"\xef\xbb\xbf{}", b'{"messages":[NaN]}', b'{"a":"\\ud83d']
)
def test_malformed_json(body):
    param, message = refusal(body)
    assert (param, message.startswith("The body is not valid JSON: ")) == (None, True)


@pytest.mark.parametrize("body", [b"[]", b'"messages"', b"1"])
def test_json_that_is_no_object(body):
    param, message = refusal(body)
    assert (param, message.startswith("Expected `object`, got ")) == (None, True)


def test_number_too_large():
    assert refusal(b'{"messages":[{"role":"user","content":"a"}],"temperature":1e999}')[0] == "temperature"


@pytest.mark.parametrize("where", [b'{"a": "\xff"}', b'{"messages": [{"role": "user", "content": "a", "x": "\xc0"}]}'])
def test_body_must_be_utf8(where):
    assert refusal(where) == (None, "The body is not valid UTF-8.")


@pytest.mark.parametrize("field", ["messages", "unheard_of"])
def test_deep_nesting(field):
    deep = b"[" * 100_000 + b"]" * 100_000
    body = b'{"messages":[{"role":"user","content":"a"}],"%b":%b}' % (field.encode(), deep)
    assert refusal(body)[1] in {
        "The body is nested too deeply.",
        "messages[0]: Expected `object`, got `array`.",
    }


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("tools", {"tools": [{"type": "function", "function": {"name": "f", "parameters": nested(900)}}]}),
        ("response_format", {"response_format": {"type": "json_schema", "json_schema": {"schema": nested(900)}}}),
        ("unheard_of", {"unheard_of": nested(900)}),
    ],
)
def test_nesting_that_could_be_read_but_not_written(param, fields):
    assert refusal(with_field(**fields)) == (
        param,
        f"{param} is nested too deeply; at most 200 levels are allowed.",
    )


def test_nesting_that_real_schemas_need():
    assert request(tools=[{"type": "function", "function": {"name": "f", "parameters": nested(190)}}]).tools


def test_lone_surrogate_becomes_a_replacement_character():
    body = rb'{"messages":[{"role":"user","content":"a\ud83d \ud83d\ude00"}],"x":"\udc00"}'
    got = decode(body, default_model="default").request
    assert (got.messages, got.extra) == ((UserMessage(content=(Text(text="a\ufffd 😀"),)),), {"x": "\ufffd"})


def test_one_choice_only():
    assert refusal(with_field(n=2), UnsupportedFeature)[0] == "n"


@pytest.mark.parametrize(
    ("limits", "fields", "param"),
    [
        (Limits(messages=1), {"messages": [HELLO, HELLO]}, "messages"),
        (Limits(tools=1), {"tools": [F, G]}, "tools"),
        (Limits(tools=1), {"functions": [{"name": "f"}, {"name": "g"}]}, "functions"),
        (Limits(stops=1), {"stop": ["a", "b"]}, "stop"),
    ],
)
def test_limits(limits, fields, param):
    assert refusal(with_field(**fields), limits=limits)[0] == param


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["messages", "model", "tools", "tool_choice", "functions", "function_call", "stop", "response_format"]
FIELDS += ["stream", "stream_options", "n", "max_tokens", "temperature", "seed", "logprobs", "modalities"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.booleans())
def test_any_json_is_decoded_or_refused(fields, greet):
    body = json.dumps({**fields, **({"messages": [HELLO]} if greet else {})}).encode()
    with suppress(InvalidRequest, UnsupportedFeature):
        assert isinstance(decode(body, default_model="default"), ChatCall)


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(body):
    with pytest.raises(RequestError):
        decode(body, default_model="default")


# --- how much reasoning


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (None, None)),
        ({"reasoning_effort": "High"}, ("high", None)),
        ({"reasoning_effort": "auto", "enable_thinking": True}, (None, None)),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, ("low", None)),
        ({"reasoning": {"effort": "xhigh"}}, ("xhigh", None)),
        ({"reasoning": {"max_tokens": 2000, "exclude": True}}, (None, 2000)),
        ({"reasoning": {"effort": "low", "max_tokens": 2000}}, ("low", 2000)),
        ({"reasoning": {"enabled": True}}, ("medium", None)),
        ({"reasoning": {"enabled": False}}, ("none", None)),
        ({"reasoning": {"exclude": True}, "thinking": {"type": "enabled"}}, ("medium", None)),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, (None, 4096)),
        ({"thinking": {"type": "disabled"}}, ("none", None)),
        ({"thinking": {"type": "adaptive"}, "enable_thinking": True}, (None, None)),
        ({"chat_template_kwargs": {"enable_thinking": False}}, ("none", None)),
        ({"chat_template_kwargs": {"thinking": True}}, ("medium", None)),
        ({"enable_thinking": True}, ("medium", None)),
        ({"enable_thinking": "yes"}, (None, None)),
        ({"reasoning": "high", "thinking": True, "chat_template_kwargs": []}, (None, None)),
    ],
)
def test_reasoning_that_is_asked_for(fields, expected):
    got = request(**fields)
    assert (got.reasoning_effort, got.reasoning_budget) == expected


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"reasoning": {"effort": "enormous"}}, "reasoning.effort"),
    ],
)
def test_effort_that_is_none(fields, param):
    assert refusal(with_field(**fields))[0] == param


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, True),
        ({"include_reasoning": False}, False),
        ({"include_reasoning": True}, True),
        ({"reasoning": {"exclude": True}}, False),
        ({"reasoning": {"effort": "low"}}, True),
    ],
)
def test_reasoning_may_be_unwanted_in_the_answer(fields, shown):
    assert call(**fields).form.reasoning is shown
