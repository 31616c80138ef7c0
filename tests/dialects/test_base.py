import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.events import ReasoningDelta, Started, TextDelta, ToolCallDelta, ToolCallEnded
from relay.dialects.base import CHUNK_CHARS, coalesce, deeper_than


def test_neighbours_of_a_kind_are_joined():
    events = [
        Started("m"),
        ReasoningDelta("a"),
        ReasoningDelta("b"),
        ReasoningDelta("c", source="tags"),
        TextDelta("d"),
        TextDelta("e"),
        ToolCallDelta(0, "f"),
        ToolCallDelta(0, "g"),
        ToolCallDelta(1, "h"),
        ToolCallEnded(1),
        TextDelta("i"),
    ]
    assert list(coalesce(events)) == [
        Started("m"),
        ReasoningDelta("ab"),
        ReasoningDelta("c", source="tags"),
        TextDelta("de"),
        ToolCallDelta(0, "fg"),
        ToolCallDelta(1, "h"),
        ToolCallEnded(1),
        TextDelta("i"),
    ]


def test_long_text_is_cut():
    pieces = ["a" * CHUNK_CHARS, "b", "c" * CHUNK_CHARS]
    assert [event.text for event in coalesce(map(TextDelta, pieces))] == [
        "a" * CHUNK_CHARS,
        "b" + "c" * (CHUNK_CHARS - 1),
        "c",
    ]


def test_one_long_delta_is_cut():
    assert list(coalesce([ToolCallDelta(2, "x" * (CHUNK_CHARS + 1))])) == [
        ToolCallDelta(2, "x" * CHUNK_CHARS),
        ToolCallDelta(2, "x"),
    ]


def test_empty_deltas_are_left_out():
    assert list(coalesce([TextDelta(""), ReasoningDelta(""), ReasoningDelta(""), ToolCallDelta(0, "")])) == []


@given(st.lists(st.text(max_size=4).map(TextDelta)))
def test_no_text_is_lost(events):
    assert "".join(event.text for event in coalesce(events)) == "".join(event.text for event in events)


@pytest.mark.parametrize(
    ("value", "depth"),
    [(1, 0), ("text", 0), (None, 0), ([], 1), ({}, 1), ([1, "a"], 1), ([{}, {"a": [[]]}], 4), ({"a": {"b": 1}}, 2)],
)
def test_depth_of_nesting(value, depth):
    assert not deeper_than(value, depth)
    assert depth == 0 or deeper_than(value, depth - 1)
