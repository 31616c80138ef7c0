from __future__ import annotations

from typing import Any

import pytest

from relay.bridge.frames import Capabilities
from relay.core.request import (
    Audio,
    File,
    Image,
    Part,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.errors import RequestError, UnsupportedFeature
from relay.routing.fit import Needs, dropped_parameters, forbids_tools, forces_tools, obstacle

TOOL = Tool(name="look")


def request(*parts: Part, **fields: Any) -> Request:
    return Request(model="m", messages=(UserMessage(content=parts or (Text(text="Hi"),)),), **fields)


def obstacle_of(asked: Request, powers: Capabilities) -> RequestError | None:
    return obstacle(Needs(asked), powers)


# ---------------------------------------------------------------- what a session cannot do


@pytest.mark.parametrize(
    ("part", "power", "word"),
    [
        (Image(url="data:,"), "images", "images"),
        (File(id="f-1"), "files", "files"),
        (Audio(data="", format="wav"), "audio", "audio"),
    ],
)
def test_content_that_the_session_does_not_take_is_refused(part: Part, power: str, word: str) -> None:
    refusal = obstacle_of(request(Text(text="a"), part), Capabilities())

    assert isinstance(refusal, UnsupportedFeature)
    assert (refusal.message, refusal.param) == (f"The connected session does not take {word}.", "messages")
    assert obstacle_of(request(part), Capabilities(**{power: True})) is None


@pytest.mark.parametrize("url", [None, "https://site.example/a.pdf"])
def test_file_with_its_content_needs_no_address(url: str | None) -> None:
    assert obstacle_of(request(File(data="AAAA", url=url)), Capabilities(files=True)) is None


def test_file_by_its_address_alone() -> None:
    asked = request(File(url="https://site.example/a.pdf"))

    refusal = obstacle_of(asked, Capabilities(files=True))
    assert isinstance(refusal, UnsupportedFeature)
    assert "address" in refusal.message
    assert obstacle_of(asked, Capabilities(files=True, file_urls=True)) is None


@pytest.mark.parametrize("parameter", ["reasoning_effort", "reasoning_budget"])
def test_word_and_number_of_reasoning_stand_for_each_other(parameter: str) -> None:
    asked = request(reasoning_effort="high", reasoning_budget=4096)

    assert dropped_parameters(asked, Capabilities(parameters=(parameter,)), frozenset()) == ()
    assert dropped_parameters(asked, Capabilities(), frozenset()) == ("reasoning_effort", "reasoning_budget")


def test_image_in_a_tool_result_counts() -> None:
    messages = (ToolMessage(call_id="t-1", content=(Image(url="data:,"),)),)

    assert obstacle_of(Request(model="m", messages=messages), Capabilities()) is not None


def test_tools_need_a_session_that_calls_them() -> None:
    refusal = obstacle_of(request(tools=(TOOL,)), Capabilities())

    assert isinstance(refusal, UnsupportedFeature)
    assert refusal.message.startswith("The connected session cannot call tools")
    assert refusal.param == "tools"
    assert obstacle_of(request(tools=(TOOL,)), Capabilities(tools=True)) is None
    assert obstacle(Needs(request(tools=(TOOL,))), Capabilities(), tools_emulated=True) is None


def test_tools_that_must_not_be_called_need_nothing() -> None:
    unwanted = request(tools=(TOOL,), tool_choice=ToolChoice(mode="none"))

    assert obstacle_of(unwanted, Capabilities()) is None


# ---------------------------------------------------------------- what is dropped


REQUIRED = ToolChoice(mode="required")
ONE_OF = ToolChoice(mode="auto", names=("look",))
SCHEMA = ResponseFormat(type="json_schema", schema={})


@pytest.mark.parametrize(
    ("fields", "powers", "dropped"),
    [
        ({}, {}, ()),
        ({"temperature": 0.5, "seed": 1, "stop": ("x",)}, {}, ("temperature", "seed")),
        ({"temperature": 0.5, "seed": 1}, {"parameters": ("seed",)}, ("temperature",)),
        ({"temperature": 0.0}, {}, ("temperature",)),
        ({"tools": (TOOL,), "tool_choice": REQUIRED}, {}, ("tool_choice",)),
        ({"tools": (TOOL,), "tool_choice": REQUIRED}, {"tool_choice": True}, ()),
        ({"tools": (TOOL,), "tool_choice": ToolChoice(mode="auto")}, {}, ()),
        ({"tools": (TOOL,), "tool_choice": ToolChoice(mode="none")}, {}, ()),
        ({"tools": (TOOL,), "tool_choice": ONE_OF}, {}, ()),
        ({"tool_choice": REQUIRED}, {}, ()),
        ({"response_format": SCHEMA}, {}, ("response_format",)),
        ({"response_format": SCHEMA}, {"json_schema": True}, ()),
        ({"response_format": ResponseFormat(type="json_object")}, {}, ("response_format",)),
        ({"response_format": ResponseFormat(type="text")}, {}, ()),
        ({"extra": {"logit_bias": {}}}, {}, ()),
        ({"parallel_tool_calls": False}, {}, ()),
        ({"parallel_tool_calls": True}, {}, ("parallel_tool_calls",)),
        ({"parallel_tool_calls": True}, {"parallel_tool_calls": True}, ()),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": True}, ("parallel_tool_calls",)),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": True, "parameters": ("parallel_tool_calls",)}, ()),
    ],
)
def test_parameters_that_nobody_honours_are_named(
    fields: dict[str, Any], powers: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    assert dropped_parameters(request(**fields), Capabilities(**powers), frozenset({"stop"})) == dropped


@pytest.mark.parametrize(
    ("choice", "forbids", "forces"),
    [
        (None, False, False),
        (ToolChoice(), False, False),
        (ToolChoice(mode="none"), True, False),
        (REQUIRED, False, True),
        (ONE_OF, False, False),
        (ToolChoice(mode="required", names=("look",)), False, True),
    ],
)
def test_meaning_of_tool_choices(choice: ToolChoice | None, forbids: bool, forces: bool) -> None:
    asked = request(tools=(TOOL,), tool_choice=choice)

    assert (forbids_tools(asked), forces_tools(asked)) == (forbids, forces)
