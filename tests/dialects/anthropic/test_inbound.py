import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.request import (
    AssistantMessage,
    Image,
    Message,
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
from relay.dialects.anthropic.form import Display, ReplyForm
from relay.dialects.anthropic.inbound import MessagesCall, decode, decode_count
from relay.dialects.base import Limits
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

REQUESTS = Path(__file__).parents[2] / "data" / "anthropic" / "requests"
OLD, NEW = "2023-06-01", "2026-10-21"
HELLO = {"role": "user", "content": "hi"}
SMALLEST: dict[str, Any] = {"messages": [HELLO], "max_tokens": 9}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
F = {"name": "f", "description": "Do f.", "input_schema": SCHEMA}


def decoded(body: bytes | dict[str, Any], version: str = OLD, **options: Any) -> MessagesCall:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(raw, version=version, default_model="default", **options)


def call(**fields: Any) -> MessagesCall:
    return decoded({**SMALLEST, **fields})


def request(**fields: Any) -> Request:
    return call(**fields).request


def one(*content: Any, role: str = "user") -> tuple[Message, ...]:
    return request(messages=[{"role": role, "content": list(content)}]).messages


def refusal(
    body: bytes | dict[str, Any], error: type[RequestError] = InvalidRequest, version: str = OLD, **options: Any
) -> tuple[str | None, str]:
    """Return (param, message) of the refusal."""
    with pytest.raises(error) as caught:
        decoded(body, version, **options)
    assert (caught.value.status, type(caught.value)) == (400, error)
    return caught.value.param, caught.value.message


def refused(**fields: Any) -> tuple[str | None, str]:
    return refusal({**SMALLEST, **fields})


# --- requests as clients send them


def captured(name: str, version: str = OLD) -> MessagesCall:
    return decoded((REQUESTS / f"{name}.json").read_bytes(), version)


@pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.json")), ids=lambda path: path.stem)
def test_request_of_a_client_is_understood(path):
    body = json.loads(path.read_bytes())
    got = captured(path.stem)
    assert (got.request.model, got.stream) == ("claude-sonnet-4", body.get("stream", False))
    assert got.request.max_tokens == body["max_tokens"]
    custom = {tool["name"] for tool in body.get("tools", ()) if tool.get("type", "custom") == "custom"}
    assert {tool.name for tool in got.request.tools} == custom - {"DeferredToolPlaceholder"}
    assert set(got.request.extra) <= {"context_management"}


def test_first_request_of_an_agent():
    got = captured("agent-first", NEW)
    system, user, later = got.request.messages
    assert isinstance(system, SystemMessage)
    assert [type(part) for part in system.content] == [Text, Text, Text]
    assert isinstance(user, UserMessage)
    assert user.content[1] == Text(text="write hello.txt")
    assert isinstance(later, SystemMessage)
    assert (got.request.reasoning_effort, got.request.reasoning_budget) == ("high", None)
    assert (got.form, got.ignored) == (ReplyForm(display=Display.OMITTED), ("context_management",))
    assert "session_id" in (got.request.user or "")


def test_tool_results_of_an_agent():
    assert captured("agent-tool-results", NEW).request.messages[3:] == (
        AssistantMessage(
            content=(Text(text="I look for the tool and write it."),),
            tool_calls=(
                ToolCall(id="call_1", name="ToolSearch", arguments='{"query":"select:WebFetch","max_results":1}'),
                ToolCall(
                    id="call_2", name="Write", arguments='{"file_path":"/project/hello.txt","content":"hällo & bye"}'
                ),
            ),
        ),
        ToolMessage(call_id="call_1", content=(Text(text="The tool WebFetch is there to be called."),)),
        ToolMessage(
            call_id="call_2",
            content=(
                Text(
                    text="File created successfully at: /project/hello.txt "
                    "(file state is current in your context — no need to Read it back)"
                ),
            ),
        ),
        AssistantMessage(
            tool_calls=(
                ToolCall(id="call_3", name="Read", arguments='{"file_path":"/project/picture.png"}'),
                ToolCall(id="call_4", name="Read", arguments='{"file_path":"/project/missing.txt"}'),
            )
        ),
        ToolMessage(
            call_id="call_4",
            content=(Text(text="File does not exist. Note: your current working directory is /project."),),
            is_error=True,
        ),
        ToolMessage(
            call_id="call_3",
            content=(
                Image(
                    url="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAA"
                    "EklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"
                ),
            ),
        ),
    )


def test_tool_that_an_agent_looked_for_is_declared():
    before = {tool.name for tool in captured("agent-first").request.tools}
    after = {tool.name for tool in captured("agent-tool-reference").request.tools}
    assert (after - before, before - after) == ({"WebFetch"}, set())


def test_documents_and_tools_of_an_sdk():
    got = captured("sdk-document-tools")
    assert got.ignored == ("citations", "tools.web_search_20250305")
    assert (got.request.reasoning_budget, got.request.stop) == (2048, ("END",))
    assert (got.request.tool_choice, got.request.parallel_tool_calls) == (ToolChoice(mode="auto"), False)


# --- parameters


def test_smallest_request():
    assert call() == MessagesCall(
        request=Request(model="default", messages=(UserMessage(content=(Text(text="hi"),)),), max_tokens=9),
        stream=False,
        form=ReplyForm(),
        ignored=(),
    )


def test_every_parameter_finds_its_place():
    got = call(
        model="m",
        stream=True,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=["a", "", "b"],
        metadata={"user_id": "u"},
        service_tier="auto",
        speed="fast",
        unheard_of={"a": [1]},
        container=None,
    )
    assert got == MessagesCall(
        request=Request(
            model="m",
            messages=(UserMessage(content=(Text(text="hi"),)),),
            max_tokens=9,
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            stop=("a", "b"),
            user="u",
            extra={"service_tier": "auto", "speed": "fast", "unheard_of": {"a": [1]}},
        ),
        stream=True,
        form=ReplyForm(),
        ignored=(),
    )


def test_null_is_the_same_as_nothing():
    names = ["model", "system", "stream", "stop_sequences", "temperature", "top_p", "top_k", "tools", "tool_choice"]
    names += ["thinking", "output_config", "output_format", "metadata", "container", "unheard_of"]
    assert call(**dict.fromkeys(names)) == call()


@pytest.mark.parametrize("max_tokens", [0, -1, "9", 1.5])
def test_malformed_max_tokens(max_tokens):
    assert refused(max_tokens=max_tokens)[0] == "max_tokens"


@pytest.mark.parametrize("fields", [{}, {"max_tokens": None}])
def test_max_tokens_is_required(fields):
    assert refusal({"messages": [HELLO], **fields}) == ("max_tokens", "max_tokens: This field is required.")


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
@pytest.mark.parametrize("version", [NEW, "2027-01-01"])
def test_newer_versions_take_no_sampling(name, version):
    param, message = refusal({**SMALLEST, name: 1}, version=version)
    assert param == name
    assert message == f"{name}: Version {version} of the API does not take this field; 2023-06-01 does."


@pytest.mark.parametrize("version", [OLD, "2023-01-01", "", "latest", "2026-10-2x"])
def test_older_versions_take_sampling(version):
    assert decoded({**SMALLEST, "temperature": 0.5}, version).request.temperature == 0.5


@pytest.mark.parametrize(
    ("thinking", "asked", "display"),
    [
        ({"type": "enabled", "budget_tokens": 2000}, (None, 2000), Display.SHOWN),
        ({"type": "enabled", "budget_tokens": 2000, "display": "omitted"}, (None, 2000), Display.OMITTED),
        ({"type": "adaptive"}, (None, None), Display.SHOWN),
        ({"type": "adaptive", "display": "summarized"}, (None, None), Display.SHOWN),
        ({"type": "adaptive", "display": "omitted"}, (None, None), Display.OMITTED),
        ({"type": "between_tools"}, (None, None), Display.SHOWN),
        ({"type": "disabled"}, ("none", None), Display.NONE),
    ],
)
def test_thinking(thinking, asked, display):
    got = call(max_tokens=4000, thinking=thinking)
    assert (got.request.reasoning_effort, got.request.reasoning_budget) == asked
    assert got.form == ReplyForm(display=display)


@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh", "max"])
def test_effort(effort):
    config = {"effort": effort, "task_budget": {"type": "tokens", "total": 9}}
    assert request(output_config=config, thinking={"type": "adaptive"}).reasoning_effort == effort
    thinking = {"type": "enabled", "budget_tokens": 2000}
    both = request(output_config=config, thinking=thinking, max_tokens=4000)
    assert (both.reasoning_effort, both.reasoning_budget) == (effort, 2000)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 4000}, "thinking.budget_tokens"),
        ({"thinking": {"type": "sometimes"}}, "thinking.type"),
        ({"thinking": {"type": "adaptive", "display": "loud"}}, "thinking.display"),
        ({"output_config": {"effort": "heroic"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"stop_sequences": ["x" * 513]}, "stop_sequences[0]"),
        ({"stop_sequences": ["x"] * 17}, "stop_sequences"),
        ({"temperature": "hot"}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"system": [{"type": "image"}]}, "system[0].type"),
    ],
)
def test_malformed_field(fields, param):
    assert refused(**fields)[0] == param


def test_thinking_between_tool_calls_may_be_longer_than_the_answer():
    thinking = {"type": "enabled", "budget_tokens": 5000}
    assert request(thinking=thinking, max_tokens=4000, tools=[F]).reasoning_budget == 5000


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_form_of_the_answer(place):
    form = {"type": "json_schema", "schema": SCHEMA}
    got = request(**{place: form if place == "output_format" else {"format": form}})
    assert got.response_format == ResponseFormat(type="json_schema", schema=SCHEMA, strict=True)
    assert got.extra == {}


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, ("mcp_servers",)),
        ({"container": "c"}, ("container",)),
        ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}, ("context_management",)),
        ({"mcp_servers": [], "container": {}, "context_management": {"edits": []}}, ()),
        ({"context_management": "x"}, ()),
        ({"service_tier": "auto", "inference_geo": "us", "cache_control": {"type": "ephemeral"}}, ()),
    ],
)
def test_what_changes_the_answer_and_cannot_be_done_is_named(fields, ignored):
    assert call(**fields).ignored == ignored


# --- system


def test_system_is_the_first_message():
    later = {"role": "system", "content": [{"type": "text", "text": "later"}]}
    got = request(system="before", messages=[HELLO, later, {"role": "system", "content": "last"}])
    assert got.messages == (
        SystemMessage(content=(Text(text="before"),)),
        UserMessage(content=(Text(text="hi"),)),
        SystemMessage(content=(Text(text="later"),)),
        SystemMessage(content=(Text(text="last"),)),
    )


def test_system_in_blocks():
    blocks = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": ""}]
    blocks.append({"type": "text", "text": "b", "citations": None})
    assert request(system=blocks).messages[0] == SystemMessage(content=(Text(text="a"), Text(text="b")))


@pytest.mark.parametrize("system", ["", [], [{"type": "text", "text": ""}]])
def test_empty_system_is_none(system):
    assert request(system=system).messages == call().request.messages


# --- messages


def test_results_come_before_what_else_a_message_says():
    results = [
        {"type": "tool_result", "tool_use_id": "1", "content": "one"},
        {"type": "tool_result", "tool_use_id": "2"},
        {"type": "tool_result", "tool_use_id": "3", "content": "", "is_error": True},
    ]
    assert one({"type": "text", "text": "also"}, *results) == (
        ToolMessage(call_id="1", content=(Text(text="one"),)),
        ToolMessage(call_id="2", content=()),
        ToolMessage(call_id="3", content=(), is_error=True),
        UserMessage(content=(Text(text="also"),)),
    )


def test_message_without_content():
    assert one() == (UserMessage(content=()),)
    assert one(role="assistant") == (AssistantMessage(),)


def test_turn_of_the_model():
    assert one(
        {"type": "thinking", "thinking": "first", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eHg="},
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "second", "signature": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "→"}, "caller": {"type": "direct"}},
        {"type": "tool_use", "id": "u", "name": "f", "input": None},
        {"type": "text", "text": "b"},
        role="assistant",
    ) == (
        AssistantMessage(
            content=(Text(text="a"), Text(text="b")),
            reasoning="first\n\nsecond",
            proofs=(Proof(kind="anthropic.signature", data="c2ln"), Proof(kind="anthropic.redacted", data="eHg=")),
            tool_calls=(
                ToolCall(id="t", name="f", arguments='{"a":"→"}'),
                ToolCall(id="u", name="f", arguments="{}"),
            ),
        ),
    )


def test_prefill_is_the_last_message():
    got = request(messages=[HELLO, {"role": "assistant", "content": "The answer is ("}])
    assert got.messages[1] == AssistantMessage(content=(Text(text="The answer is ("),))


def test_same_role_twice_stays_two_messages():
    assert len(request(messages=[HELLO, HELLO]).messages) == 2


def test_blocks_of_tools_that_nobody_runs_are_named():
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    got = call(messages=[HELLO, {"role": "assistant", "content": [search, found, search]}])
    assert got.ignored == ("messages.server_tool_use", "messages.web_search_tool_result")
    assert got.request.messages[1] == AssistantMessage()


@pytest.mark.parametrize(
    ("role", "block", "param"),
    [
        ("user", {"type": "tool_use", "id": "t", "name": "f", "input": {}}, "messages[0].content[0]"),
        ("user", {"type": "thinking", "thinking": "a", "signature": ""}, "messages[0].content[0]"),
        ("user", {"type": "redacted_thinking", "data": ""}, "messages[0].content[0]"),
        ("assistant", {"type": "tool_result", "tool_use_id": "t"}, "messages[0].content[0]"),
        ("user", {"type": "text"}, "messages[0].content[0].text"),
        ("user", {"type": "text", "text": 1}, "messages[0].content[0].text"),
        ("user", {"text": "a"}, "messages[0].content[0].type"),
        ("user", {"type": ["text"]}, "messages[0].content[0].type"),
        ("user", {"type": "a\r\nb: c"}, "messages[0].content[0].type"),
        ("user", {"type": "a\n"}, "messages[0].content[0].type"),
        ("assistant", {"type": "tool_use", "id": "t", "name": "f", "input": [1]}, "messages[0].content[0].input"),
        ("user", {"type": "tool_result", "tool_use_id": "t", "content": [1]}, "messages[0].content[0].content[0]"),
        (
            "user",
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text"}]},
            "messages[0].content[0].content[0].text",
        ),
    ],
)
def test_block_that_is_malformed_or_misplaced(role, block, param):
    assert refused(messages=[{"role": role, "content": [block]}])[0] == param


# --- tools


def test_tools():
    tools = [
        {**F, "type": "custom", "strict": True, "cache_control": {"type": "ephemeral"}},
        {"name": "g", "input_schema": {}, "defer_loading": False, "type": None},
        {**F, "type": "custom", "strict": True},
    ]
    assert request(tools=tools).tools == (
        Tool(name="f", description="Do f.", parameters=SCHEMA, strict=True),
        Tool(name="g", parameters={}),
    )


def test_examples_stand_in_the_description():
    tools = [{**F, "input_examples": [{"a": 1}, {"a": "→"}]}, {"name": "g", "input_schema": {}, "input_examples": [{}]}]
    assert [tool.description for tool in request(tools=tools).tools] == [
        'Do f.\nExamples of its input:\n{"a":1}\n{"a":"→"}',
        "Examples of its input:\n{}",
    ]


LATER = {**F, "name": "later", "defer_loading": True}
SEARCH = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
REFERENCE = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "tool_reference", "tool_name": "later"}]}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"tools": [F, LATER]}, ["f"]),
        ({"tools": [F, LATER], "messages": [HELLO, {"role": "user", "content": [REFERENCE]}]}, ["f", "later"]),
        ({"tools": [F, LATER], "tool_choice": {"type": "tool", "name": "later"}}, ["f", "later"]),
        ({"tools": [SEARCH, LATER]}, ["later"]),
    ],
    ids=["unknown yet", "found", "demanded", "nobody looks"],
)
def test_deferred_tool(fields, names):
    assert [tool.name for tool in request(**fields).tools] == names


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{"name": "f"}], "tools[0].input_schema"),
        ([{"input_schema": {}}], "tools[0].name"),
        ([{"name": "", "input_schema": {}}], "tools[0].name"),
        ([{"type": "a b", "name": "f"}], "tools[0].type"),
        ([{"type": "a\n", "name": "f"}], "tools[0].type"),
        ([F, {**F, "description": "Do g."}], "tools[1].name"),
        ([F] * 513, "tools"),
    ],
)
def test_malformed_tools(tools, param):
    assert refused(tools=tools)[0] == param


def test_tools_of_anthropic_are_named():
    tools = [{"type": "bash_20250124", "name": "bash"}, F, {"type": "mcp_toolset", "mcp_server_name": "x"}]
    got = call(tools=tools)
    assert ([tool.name for tool in got.request.tools], got.ignored) == (
        ["f"],
        ("tools.bash_20250124", "tools.mcp_toolset"),
    )


def test_names_of_what_is_ignored_are_bounded():
    tools = [{"type": f"tool_{number}", "name": "x"} for number in range(20)]
    assert call(tools=[*tools, tools[0]]).ignored[-1] == "tools.tool_19"
    tools += [{"type": f"more_{number}", "name": "x"} for number in range(9)]
    assert call(tools=tools).ignored == (*(f"tools.tool_{number}" for number in range(20)), "others")


@pytest.mark.parametrize(
    ("choice", "hub"),
    [
        ({"type": "auto"}, (ToolChoice(mode="auto"), None)),
        ({"type": "any"}, (ToolChoice(mode="required"), None)),
        ({"type": "none"}, (ToolChoice(mode="none"), None)),
        ({"type": "tool", "name": "f"}, (ToolChoice(mode="required", names=("f",)), None)),
        ({"type": "auto", "disable_parallel_tool_use": True}, (ToolChoice(mode="auto"), False)),
        ({"type": "any", "disable_parallel_tool_use": False}, (ToolChoice(mode="required"), True)),
    ],
)
def test_tool_choice(choice, hub):
    got = request(tools=[F], tool_choice=choice)
    assert (got.tool_choice, got.parallel_tool_calls) == hub


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "g"}])
def test_tool_choice_without_such_a_tool(choice):
    tools = [] if choice["type"] == "any" else [F]
    assert refused(tools=tools, tool_choice=choice)[0] == "tool_choice"


def test_tool_choice_that_needs_a_tool_of_anthropic():
    search = {"type": "web_search_20250305", "name": "web_search"}
    body = {**SMALLEST, "tools": [search], "tool_choice": {"type": "tool", "name": "web_search"}}
    param, message = refusal(body, UnsupportedFeature)
    assert (param, "relay has none of Anthropic's own tools" in message) == ("tool_choice", True)


# --- limits and hostile bodies


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [HELLO] * 3}, "messages"),
        ({"unheard_of": nested(60)}, "unheard_of"),
        ({"tools": [{**F, "input_schema": {"x": nested(60)}}]}, "tools"),
        ({"output_format": {"type": "json_schema", "schema": {"x": nested(60)}}}, "output_config"),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"x": nested(60)}}],
                    }
                ]
            },
            "messages",
        ),
    ],
)
def test_limits(fields, param):
    assert refusal({**SMALLEST, **fields}, limits=Limits(messages=2, depth=50))[0] == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"messages": "\xff"}', b"[" * 100_000])
def test_body_that_is_no_request(body):
    assert refusal(body)[0] is None


def test_half_an_emoji_is_mended():
    body = json.dumps({**SMALLEST, "messages": [{"role": "user", "content": "\ud83d!"}]}).encode()
    assert decoded(body).request.messages == (UserMessage(content=(Text(text="\ufffd!"),)),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = ["text", "image", "document", "search_result", "thinking", "tool_use", "tool_result", "tool_reference", "other"]
BLOCK_FIELDS = ("text", "source", "title", "content", "thinking", "id", "name", "input", "tool_use_id", "context")
BODY_FIELDS = ("system", "tools", "tool_choice", "thinking", "output_config", "metadata", "stop_sequences")
BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(PARTS)},
    optional=dict.fromkeys(
        ("text", "source", "title", "content", "thinking", "id", "name", "input", "tool_use_id", "context"), JSON
    ),
)


@given(
    st.fixed_dictionaries(
        {
            "max_tokens": st.just(9),
            "messages": st.lists(
                st.fixed_dictionaries(
                    {
                        "role": st.sampled_from(["user", "assistant", "system"]),
                        "content": st.text(max_size=3) | st.lists(BLOCK, max_size=3),
                    }
                ),
                max_size=3,
            ),
        },
        optional=dict.fromkeys(
            ("system", "tools", "tool_choice", "thinking", "output_config", "metadata", "stop_sequences"), JSON
        ),
    )
)
def test_no_body_breaks_it(body):
    with suppress(RequestError):
        decoded(body)


# --- counting


def test_body_to_count_needs_no_length():
    body = json.dumps({"model": "m", "messages": [HELLO], "system": "s", "tools": [F]}).encode()
    got = decode_count(body, default_model="default")
    assert (got.model, len(got.messages), got.tools[0].name, got.max_tokens) == ("m", 2, "f", None)
