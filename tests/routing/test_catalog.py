from __future__ import annotations

from typing import Any

import pytest

from relay.bridge.frames import Capabilities, Model
from relay.core.model import ModelEntry
from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Part,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.errors import ContextLengthExceeded, ModelNotFound, UnsupportedFeature
from relay.routing.catalog import MOST_COMPARED, Catalog, dropped_parameters, forbids_tools, forces_tools, obstacle

TOOL = Tool(name="look")


def model(id_: str, *aliases: str, **fields: Any) -> Model:
    return Model(id=id_, aliases=aliases, **fields)


def catalog(*sessions: list[Model]) -> Catalog:
    return Catalog(((f"s-{number}", models) for number, models in enumerate(sessions, start=1)), now=7)


def request(*parts: Part, **fields: Any) -> Request:
    return Request(model="m", messages=(UserMessage(content=parts or (Text(text="Hi"),)),), **fields)


# ---------------------------------------------------------------- models


def test_models_of_all_sessions_are_one_list() -> None:
    offered = catalog(
        [model("a", name="A", owned_by="maker"), model("b")], [model("c"), model("a", name="other", owned_by="other")]
    )

    assert offered.models == (
        ModelEntry(id="a", owned_by="maker", created=7, name="A"),
        ModelEntry(id="b", owned_by="session", created=7, name=None),
        ModelEntry(id="c", owned_by="session", created=7, name=None),
    )


@pytest.mark.parametrize("name", ["claude", "CLAUDE", "anthropic/claude", "Anthropic/Claude"])
def test_ids_and_aliases_resolve_in_any_case(name: str) -> None:
    offered = catalog([model("Claude", "anthropic/claude")])

    assert offered.resolve(name) == {"s-1": "Claude"}
    assert offered.find(name).id == "Claude"
    assert name in offered


def test_each_session_resolves_a_name_to_its_own_model() -> None:
    offered = catalog([model("x/claude", "claude")], [model("claude")], [model("other")])

    assert offered.resolve("claude") == {"s-1": "x/claude", "s-2": "claude"}
    assert offered.find("claude").id == "x/claude"


def test_id_counts_before_an_alias_of_another_model() -> None:
    offered = catalog([model("new", "claude"), model("claude")])

    assert offered.resolve("claude") == {"s-1": "claude"}


def test_first_of_two_models_with_one_alias_counts() -> None:
    assert catalog([model("a", "best"), model("b", "best")]).resolve("best") == {"s-1": "a"}


def test_unknown_model_names_the_nearest_as_they_are_spelled() -> None:
    offered = catalog([model("Claude-Sonnet-4"), model("Claude-Opus-4"), model("gpt-5"), model("zebra")])

    with pytest.raises(ModelNotFound) as refusal:
        offered.resolve("CLAUDE-SONET-4")
    assert refusal.value.nearest == ("Claude-Sonnet-4", "Claude-Opus-4")
    assert "Did you mean Claude-Sonnet-4, Claude-Opus-4?" in refusal.value.message


def test_model_like_no_other_names_none() -> None:
    with pytest.raises(ModelNotFound) as refusal:
        catalog([model("claude")]).find("qqq")
    assert refusal.value.nearest == ()


def test_search_for_near_names_is_bounded() -> None:
    offered = catalog([model(f"model-{number:04}") for number in range(5000)])

    with pytest.raises(ModelNotFound) as refusal:
        offered.resolve(f"model-{MOST_COMPARED - 1:04}x" + "y" * 10**6)
    assert refusal.value.nearest == ()
    with pytest.raises(ModelNotFound) as refusal:
        offered.resolve("model-4999x")
    assert "model-4999" not in refusal.value.nearest


def test_empty_catalog_has_nothing() -> None:
    assert (Catalog(()).models, "m" in Catalog(())) == ((), False)


def test_model_keeps_its_age() -> None:
    before = catalog([model("a"), model("b")])
    after = Catalog([("s-1", [model("b"), model("c")])], 9, before)

    assert [(entry.id, entry.created) for entry in after.models] == [("b", 7), ("c", 9)]


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
    refusal = obstacle(request(Text(text="a"), part), Capabilities(), None)

    assert isinstance(refusal, UnsupportedFeature)
    assert (refusal.message, refusal.param) == (f"The connected session does not take {word}.", "messages")
    assert obstacle(request(part), Capabilities(**{power: True}), None) is None


def test_image_in_a_tool_result_counts() -> None:
    messages = (ToolMessage(call_id="t-1", content=(Image(url="data:,"),)),)

    assert obstacle(Request(model="m", messages=messages), Capabilities(), None) is not None


def test_tools_need_a_session_that_calls_them() -> None:
    refusal = obstacle(request(tools=(TOOL,)), Capabilities(), None)

    assert isinstance(refusal, UnsupportedFeature)
    assert (refusal.message, refusal.param) == ("The connected session cannot call tools.", "tools")
    assert obstacle(request(tools=(TOOL,)), Capabilities(tools=True), None) is None


def test_tools_that_must_not_be_called_need_nothing() -> None:
    unwanted = request(tools=(TOOL,), tool_choice=ToolChoice(mode="none"))

    assert obstacle(unwanted, Capabilities(), None) is None


@pytest.mark.parametrize(("limit", "fits"), [(None, True), (10, True), (9, False)])
def test_length_of_the_prompt(limit: int | None, fits: bool) -> None:
    messages = (
        SystemMessage(content=(Text(text="12"),)),
        UserMessage(content=(Text(text="34"), Image(url="data:,"), Text(text="567"))),
        AssistantMessage(content=(Text(text="890"),)),
    )
    refusal = obstacle(Request(model="m", messages=messages), Capabilities(images=True), limit)

    assert (refusal is None) is fits
    if refusal is not None:
        assert isinstance(refusal, ContextLengthExceeded)
        assert refusal.message == "The prompt has 10 characters, the connected session takes 9."


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
