import pytest

from relay.core.answer import Answer, Collector
from relay.core.events import (
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    Thinking,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import Image, Text, ToolCall
from relay.errors import StreamTruncated


def collect(*events, **options) -> Answer:
    collector = Collector(**options)
    collector.feed(events)
    return collector.result()


def test_every_event_finds_its_place():
    content = (
        ReasoningDelta("wh", source="tags"),
        ReasoningDelta("y", source="field"),
        TextDelta("a"),
        TextDelta("b"),
        ImagePart("data:,1"),
        TextDelta("c"),
        ToolCallStarted(0, "call_1", "f"),
        ToolCallDelta(0, '{"a"'),
        ToolCallDelta(0, ":1}"),
        ToolCallEnded(0),
        ToolCallStarted(1, "call_2", "g"),
        ToolCallEnded(1),
    )
    answer = collect(
        Started("m"),
        *content,
        UsageReport(Usage(input_tokens=1, output_tokens=2)),
        Finished(FinishReason.STOP, "END", Thinking("raw", "tags")),
    )
    assert answer == Answer(
        model="m",
        content=(Text(text="ab"), Image(url="data:,1"), Text(text="c")),
        reasoning="why",
        thinking=Thinking("raw", "tags"),
        tool_calls=(
            ToolCall(id="call_1", name="f", arguments='{"a":1}'),
            ToolCall(id="call_2", name="g", arguments=""),
        ),
        usage=Usage(input_tokens=1, output_tokens=2),
        finish_reason=FinishReason.STOP,
        stop_sequence="END",
        events=(
            *content[:2],
            TextDelta("ab"),
            *content[4:7],
            ToolCallDelta(0, '{"a":1}'),
            *content[9:],
        ),
    )
    assert (answer.text, answer.images) == ("abc", ("data:,1",))


def test_empty_answer():
    assert collect(Started("m"), Finished(FinishReason.STOP)) == Answer(model="m", finish_reason=FinishReason.STOP)


def test_how_an_answer_was_cut_is_no_part_of_it():
    end = Finished(FinishReason.STOP)
    pieces = [
        ReasoningDelta("w"),
        ReasoningDelta("hy"),
        ReasoningDelta("so", kind="summary"),
        TextDelta("a"),
        TextDelta("b"),
    ]
    whole = [ReasoningDelta("why"), ReasoningDelta("so", kind="summary"), TextDelta("ab")]
    assert collect(Started("m"), *pieces, end) == collect(Started("m"), *whole, end)


def test_events_without_an_end_are_an_error():
    with pytest.raises(StreamTruncated):
        collect(Started("m"), TextDelta("a"))


def test_proofs_are_kept_in_order():
    collector = Collector()
    of_thoughts, of_call = ReasoningProof("signature", "a"), ReasoningProof("signature", "b", call=0)
    collector.feed([Started("m"), ReasoningDelta("why", kind="summary"), of_thoughts])
    collector.feed([ToolCallStarted(0, "c", "f"), of_call, ToolCallEnded(0), Finished(FinishReason.TOOL_CALLS)])
    answer = collector.result()
    assert answer.proofs == (of_thoughts, of_call)
