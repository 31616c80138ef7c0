from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.backends.parts import PartReader
from relay.bridge.frames import (
    AudioOutPart,
    EmbeddingOutPart,
    ImageOutPart,
    Part,
    ProofPart,
    ReasoningPart,
    RecordingPart,
    SegmentPart,
    TextPart,
    ToolCallPart,
)
from relay.core.events import (
    Event,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.errors import BridgeViolation


def read(*batches: list[Part]) -> list[Event]:
    reader = PartReader()
    return [event for batch in batches for event in reader.feed(batch)] + reader.end()


def call(id_: str, name: str | None = None, arguments: str = "") -> ToolCallPart:
    return ToolCallPart(id_, name, arguments)


def test_neighbouring_texts_of_a_batch_are_one_delta() -> None:
    parts: list[Part] = [
        ReasoningPart("a"),
        ReasoningPart("b"),
        TextPart("c"),
        TextPart(""),
        TextPart("d"),
        ReasoningPart("e"),
    ]

    assert read(parts) == [ReasoningDelta("ab"), TextDelta("cd"), ReasoningDelta("e")]


def test_reasoning_and_its_summary_stay_apart() -> None:
    parts: list[Part] = [ReasoningPart("a"), ReasoningPart("b", "summary"), ReasoningPart("c", "summary")]

    assert read(parts) == [ReasoningDelta("a"), ReasoningDelta("bc", kind="summary")]


def test_proof_of_reasoning_ends_an_open_call() -> None:
    assert read([ReasoningPart("a"), ProofPart("k", "d"), call("t-1", "look"), ProofPart("k", "e")]) == [
        ReasoningDelta("a"),
        ReasoningProof("k", "d"),
        ToolCallStarted(0, "t-1", "look"),
        ToolCallEnded(0),
        ReasoningProof("k", "e"),
    ]


def test_proof_of_a_call_comes_before_its_end() -> None:
    assert read([call("t-1", "look"), ProofPart("k", "d", "t-1"), call("t-2", "look"), ProofPart("k", "e", "t-2")]) == [
        ToolCallStarted(0, "t-1", "look"),
        ReasoningProof("k", "d", 0),
        ToolCallEnded(0),
        ToolCallStarted(1, "t-2", "look"),
        ReasoningProof("k", "e", 1),
        ToolCallEnded(1),
    ]


def test_proof_of_another_call_is_a_violation() -> None:
    with pytest.raises(BridgeViolation, match="t-9"):
        read([call("t-1", "look"), ProofPart("k", "d", "t-9")])


def test_texts_of_two_batches_stay_apart() -> None:
    assert read([TextPart("a")], [], [TextPart("b")]) == [TextDelta("a"), TextDelta("b")]


def test_empty_pieces_mean_nothing() -> None:
    parts: list[Part] = [TextPart(""), ReasoningPart(""), call("t-1", "look"), TextPart(""), ReasoningPart("")]

    assert read(parts, [call("t-1", None, "{}")]) == [
        ToolCallStarted(0, "t-1", "look"),
        ToolCallDelta(0, "{}"),
        ToolCallEnded(0),
    ]


def test_image() -> None:
    assert read([TextPart("a"), ImageOutPart("data:,"), TextPart("b")]) == [
        TextDelta("a"),
        ImagePart("data:,"),
        TextDelta("b"),
    ]


def test_pieces_of_a_tool_call_are_one_call() -> None:
    assert read([call("t-1", "look", '{"a"')], [call("t-1", None, ":1"), call("t-1", "look", "}")]) == [
        ToolCallStarted(0, "t-1", "look"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(0, ":1"),
        ToolCallDelta(0, "}"),
        ToolCallEnded(0),
    ]


@pytest.mark.parametrize(
    ("following", "events"),
    [
        (TextPart("a"), [TextDelta("a")]),
        (ReasoningPart("a"), [ReasoningDelta("a")]),
        (ImageOutPart("data:,"), [ImagePart("data:,")]),
        (call("t-2", "wait"), [ToolCallStarted(1, "t-2", "wait"), ToolCallEnded(1)]),
    ],
)
def test_whatever_follows_ends_a_tool_call(following: Part, events: list[Event]) -> None:
    assert read([call("t-1", "look"), following]) == [ToolCallStarted(0, "t-1", "look"), ToolCallEnded(0), *events]


@pytest.mark.parametrize("name", [None, ""])
def test_tool_call_needs_a_name(name: str | None) -> None:
    with pytest.raises(BridgeViolation, match="began tool call 't-1' without a name"):
        read([call("t-1", name, "{}")])


def test_tool_call_that_ended_does_not_go_on() -> None:
    with pytest.raises(BridgeViolation, match="went back to tool call 't-1', which had ended"):
        read([call("t-1", "look")], [TextPart("a")], [call("t-1", None, "{}")])


PARTS = st.lists(
    st.builds(TextPart, st.text(max_size=3))
    | st.builds(ReasoningPart, st.text(max_size=3))
    | st.builds(ImageOutPart, st.just("data:,")),
    max_size=12,
)


def merged(events: list[Event]) -> list[Event]:
    """`events` with neighbouring deltas of one kind joined."""
    out: list[Event] = []
    for event in events:
        last = out[-1] if out else None
        match last, event:
            case (TextDelta(), TextDelta()) | (ReasoningDelta(), ReasoningDelta()):
                out[-1] = type(event)(last.text + event.text)
            case _:
                out.append(event)
    return out


@given(PARTS, st.integers(0, 12))
def test_cutting_batches_differently_changes_nothing(parts: list[Part], cut: int) -> None:
    assert merged(read(parts[:cut], parts[cut:])) == merged(read(parts))


def test_image_with_a_dangerous_url_is_refused() -> None:
    with pytest.raises(BridgeViolation):
        read([ImageOutPart("javascript:alert(1)")])


def test_unfinished_picture_is_not_part_of_a_chat() -> None:
    assert read([ImageOutPart("data:,a", 0), ImageOutPart("data:,b")]) == [ImagePart("data:,b")]


@pytest.mark.parametrize(
    "part", [AudioOutPart("AAAA", "mp3"), SegmentPart("a", 0, 1), RecordingPart("en"), EmbeddingOutPart(0, (1.0,))]
)
def test_parts_of_other_methods_do_not_answer_a_chat(part: Part) -> None:
    with pytest.raises(BridgeViolation):
        read([part])
