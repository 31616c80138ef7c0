from __future__ import annotations

from typing import Any

import pytest

from relay.bridge.frames import Model
from relay.core.model import ModelEntry
from relay.errors import ModelNotFound
from relay.routing.catalog import MOST_COMPARED, Catalog


def model(id_: str, *aliases: str, **fields: Any) -> Model:
    return Model(id=id_, aliases=aliases, **fields)


def catalog(*sessions: list[Model]) -> Catalog:
    return Catalog(((f"s-{number}", models) for number, models in enumerate(sessions, start=1)), now=7)


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


def test_entry_says_what_the_model_is_for() -> None:
    offered = catalog([model("m"), model("p", methods=("image",))])
    assert [entry.methods for entry in offered.models] == [("chat",), ("image",)]
