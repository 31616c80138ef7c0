from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.inline import InlineWriter
from relay.core.think import split

STOP = Finished(FinishReason.STOP)
CLOSED = TextDelta("</think>\n\n", thought=True)
CALL: list[Event] = [ToolCallStarted(0, "c", "look"), ToolCallDelta(0, "{}"), ToolCallEnded(0)]


def written(*events: Event) -> list[Event]:
    writer = InlineWriter()
    return [out for event in events for out in writer.feed([event])]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_reasoning_comes_between_tags_as_it_comes():
    assert written(
        Started("m"), ReasoningDelta("wh"), ReasoningDelta("y"), TextDelta("be"), TextDelta("cause"), STOP
    ) == [
        Started("m"),
        TextDelta("<think>wh", thought=True),
        TextDelta("y", thought=True),
        CLOSED,
        TextDelta("be"),
        TextDelta("cause"),
        STOP,
    ]


@pytest.mark.parametrize(
    "after", [[ImagePart("data:,")], CALL, [UsageReport(Usage(input_tokens=1, output_tokens=1))], [STOP]]
)
def test_whatever_follows_closes_the_block(after):
    assert written(ReasoningDelta("why"), *after) == [TextDelta("<think>why", thought=True), CLOSED, *after]


def test_later_reasoning_is_a_paragraph_of_its_own():
    events = written(TextDelta("a"), ReasoningDelta("why"), TextDelta("b"))
    assert text_of(events) == "a\n\n<think>why</think>\n\nb"


def test_empty_pieces_are_left_out():
    assert written(ReasoningDelta(""), TextDelta(""), STOP) == [STOP]


def test_only_the_proofs_of_tool_calls_stay():
    of_call = ReasoningProof("gemini.signature", "b", call=0)
    events = [ReasoningDelta("why"), ReasoningProof("anthropic.signature", "a"), CALL[0], of_call, CALL[2]]
    assert written(*events)[2:] == [CALL[0], of_call, CALL[2]]


def test_an_answer_without_reasoning_stays_as_it_is():
    events = [Started("m"), TextDelta("<think>"), *CALL, STOP]
    assert written(*events) == events


WORDS = st.text(alphabet="ab <>/\n", min_size=1, max_size=8).filter(str.strip)


@given(WORDS, WORDS, st.lists(st.integers(0, 8), max_size=4))
def test_what_is_written_inline_can_be_told_apart_again(reasoning, answer, cuts):
    borders = [0, *sorted(cuts), 8]
    pieces: list[Event] = [ReasoningDelta(reasoning[start:end]) for start, end in pairwise(borders)]
    text = text_of(written(*pieces, TextDelta(answer.lstrip()), STOP))
    assert split(text) == (reasoning, answer.lstrip())
