from typing import Any

import pytest

from relay.core.request import Tool, ToolChoice
from relay.dialects import freeform
from relay.dialects.openai_responses.form import CalledAs
from relay.dialects.openai_responses.tools import Toolbox, choice_echo, convert_choice, convert_tools, hub_name
from relay.dialects.openai_responses.wire import Item
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

F = {"type": "function", "name": "f"}
GROUP = {"type": "namespace", "name": "mcp", "description": "Files.", "tools": [F, {"type": "custom", "name": "exec"}]}


def box(*tools: Item) -> Toolbox:
    return convert_tools(list(tools))


def refused(*tools: Item) -> str | None:
    with pytest.raises(InvalidRequest) as caught:
        box(*tools)
    return caught.value.param


# --- declarations


def test_function():
    schema = {"type": "object", "properties": {}}
    whole = {**F, "description": "d", "parameters": schema, "strict": True}
    assert box(whole) == Toolbox(
        tools=(Tool(name="f", description="d", parameters=schema, strict=True),),
        called_as={"f": CalledAs("f")},
        echo=(whole,),
        ignored=(),
    )


def test_declaration_is_repeated_complete():
    assert box(F).echo == ({**F, "description": None, "parameters": None, "strict": None},)


def test_custom_tool():
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    tool = {"type": "custom", "name": "patch", "description": "d", "format": grammar}
    assert box(tool).tools == (
        Tool(
            name="patch",
            description="d\n\nThe input must match this lark grammar:\nstart: x",
            parameters=freeform.PARAMETERS,
            freeform=True,
        ),
    )
    assert (box(tool).called_as, box(tool).echo) == ({"patch": CalledAs("patch", None, freeform=True)}, (tool,))


def test_grouped_tools_get_names_of_their_own():
    got = box(GROUP, F)
    assert [(tool.name, tool.description) for tool in got.tools] == [
        ("mcp__f", "Files."),
        ("mcp__exec", "Files."),
        ("f", None),
    ]
    assert got.called_as == {
        "mcp__f": CalledAs("f", "mcp"),
        "mcp__exec": CalledAs("exec", "mcp", freeform=True),
        "f": CalledAs("f"),
    }
    assert got.echo[0] == GROUP


def test_names_of_grouped_tools():
    assert [hub_name("f", None), hub_name("f", "mcp"), hub_name("f", "mcp__x__")] == ["f", "mcp__f", "mcp__x__f"]


def test_long_name_is_cut_but_stays_its_own():
    first, second = (hub_name("x" * 60 + end, "mcp") for end in "ab")
    assert (len(first), first == second, first[:9]) == (64, False, "mcp__xxxx")
    assert first == hub_name("x" * 60 + "a", "mcp")


def test_tools_that_run_at_openai_are_named():
    got = box({"type": "web_search"}, F, {"type": "web_search"}, {"type": "namespace", "name": "n", "tools": [GROUP]})
    assert got.ignored == ("web_search", "namespace")
    assert [tool.name for tool in got.tools] == ["f"]
    assert [tool["type"] for tool in got.echo] == ["function", "namespace"]


def test_same_tool_twice_is_one():
    assert box(F, F).tools == (Tool(name="f"),)
    assert refused(F, {**F, "description": "other"}) == "tools[1]"


def test_tool_that_the_input_adds_takes_the_place_of_an_older_one():
    got = convert_tools([F], [("input[1]", [{**F, "description": "newer"}]), ("input[2]", [GROUP])])
    assert [(tool.name, tool.description) for tool in got.tools][:2] == [("f", "newer"), ("mcp__f", "Files.")]
    assert [tool["type"] for tool in got.echo] == ["function"]


def test_no_tools():
    assert convert_tools(None) == Toolbox(tools=(), called_as={}, echo=(), ignored=())


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({}, "tools[0].type"),
        ({"type": None}, "tools[0].type"),
        ({"type": "function"}, "tools[0].name"),
        ({"type": "function", "name": "f", "parameters": []}, "tools[0].parameters"),
        ({"type": "custom"}, "tools[0].name"),
        ({"type": "namespace", "name": "n"}, "tools[0].tools"),
        ({"type": "namespace", "name": "n", "tools": [{"type": "function"}]}, "tools[0].tools[0].name"),
    ],
)
def test_malformed_declaration(tool, param):
    assert refused(tool) == param


def test_malformed_declaration_in_the_input():
    with pytest.raises(InvalidRequest) as caught:
        convert_tools(None, [("input[1]", [{"type": "function"}])])
    assert caught.value.param == "input[1].tools[0].name"


# --- choice

TOOLS = box(F, {"type": "custom", "name": "patch"}, GROUP)


@pytest.mark.parametrize(
    ("choice", "converted"),
    [
        (None, None),
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "name": "f"}, ToolChoice(mode="required", names=("f",))),
        ({"type": "function", "name": "mcp__f"}, ToolChoice(mode="required", names=("mcp__f",))),
        ({"type": "custom", "name": "patch"}, ToolChoice(mode="required", names=("patch",))),
        ({"type": "custom", "name": "exec"}, ToolChoice(mode="required", names=("mcp__exec",))),
        ({"type": "function", "name": "f", "namespace": "mcp"}, ToolChoice(mode="required", names=("mcp__f",))),
        ({"type": "namespace", "name": "mcp"}, ToolChoice(mode="required", names=("mcp__f", "mcp__exec"))),
        (
            {"type": "allowed_tools", "tools": [{"type": "custom", "name": "patch"}]},
            ToolChoice(mode="auto", names=("patch",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}, {**F, "namespace": "mcp"}]},
            ToolChoice(mode="required", names=("mcp__f",)),
        ),
        (
            {"type": "allowed_tools", "mode": "none", "tools": [{"type": "custom", "name": "patch"}]},
            ToolChoice(mode="none", names=("patch",)),
        ),
        ({"type": "allowed_tools", "tools": [{"type": "web_search"}]}, ToolChoice(mode="none")),
    ],
)
def test_choice(choice, converted):
    assert convert_choice(choice, TOOLS) == converted


def refusal(choice: Any, tools: Toolbox = TOOLS, error: type[RequestError] = InvalidRequest) -> str | None:
    with pytest.raises(error) as caught:
        convert_choice(choice, tools)
    return caught.value.param


def test_demand_without_tools():
    assert refusal("required", box({"type": "web_search"})) == "tool_choice"
    assert refusal({"type": "allowed_tools", "mode": "required", "tools": [{"type": "mcp"}]}) == "tool_choice"


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ({"type": "function", "name": "x"}, "tool_choice.name"),
        ({"type": "function"}, "tool_choice.name"),
        ({"type": "allowed_tools", "tools": [F, {"type": "function", "name": "x"}]}, "tool_choice.tools[1].name"),
        ({"type": "allowed_tools", "tools": []}, "tool_choice.tools"),
        ({}, "tool_choice.type"),
    ],
)
def test_choice_of_what_is_not_there(choice, param):
    assert refusal(choice) == param


def test_demand_for_a_tool_that_runs_at_openai():
    assert refusal({"type": "web_search"}, error=UnsupportedFeature) == "tool_choice"


def test_what_is_repeated_of_the_choice():
    allowed = {"type": "allowed_tools", "tools": [F], "more": 1}
    assert [choice_echo(choice) for choice in (None, "none", F, allowed)] == [
        "auto",
        "none",
        F,
        {"type": "allowed_tools", "mode": "auto", "tools": [F]},
    ]
