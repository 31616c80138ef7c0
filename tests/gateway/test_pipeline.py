"""What a client gets of what a backend sends."""

from collections.abc import Iterable
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.finished import finished

from relay.core.events import (
    Event,
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
from relay.core.request import AssistantMessage, Request, Text, ToolCall, UserMessage
from relay.errors import BackendFailed
from relay.gateway.pipeline import Pipeline, Rules

STOP = Finished(FinishReason.STOP)
LENGTH = Finished(FinishReason.LENGTH)
TOOL_CALLS = Finished(FinishReason.TOOL_CALLS)
CALL: list[Event] = [
    ToolCallStarted(0, "c1", "look"),
    ToolCallDelta(0, '{"a":'),
    ToolCallDelta(0, "1}"),
    ToolCallEnded(0),
]
REPORTED = Usage(input_tokens=3, output_tokens=2)


def request(*, stop: tuple[str, ...] = (), max_tokens: int | None = None) -> Request:
    messages = (UserMessage(content=(Text(text="12345678"),)),)
    return Request(model="m", messages=messages, stop=stop, max_tokens=max_tokens)


def estimate(output: int = 0, reasoning: int = 0) -> UsageReport:
    """The usage relay counts itself: 8 characters and one message are 6 tokens."""
    return UsageReport(Usage(input_tokens=6, output_tokens=output, reasoning_tokens=reasoning, estimated=True))


def answered(asked: Request, *events: Event, rules: Rules = Rules(), by_page: Iterable[str] = ()) -> list[Event]:  # noqa: B008
    pipeline = Pipeline(asked, rules, by_page)
    return [out for event in events for out in pipeline.feed([event])]


def test_plain_answer():
    events = [Started("m"), TextDelta("Hel"), TextDelta("lo"), UsageReport(REPORTED), STOP]
    assert answered(request(), *events) == events


def test_call_gets_an_id_that_the_conversation_does_not_have():
    asked = request()
    before = [AssistantMessage(tool_calls=(ToolCall(id=id_, name="look", arguments="{}"),)) for id_ in ("c1", "c1-2")]
    events = answered(msgspec.structs.replace(asked, messages=(*asked.messages, *before)), *CALL, *CALL[:1])
    assert events == [ToolCallStarted(0, "c1-3", "look"), *CALL[1:], ToolCallStarted(0, "c1-4", "look")]


def test_usage_is_estimated_if_the_session_does_not_count():
    events = [ReasoningDelta("hmmm"), TextDelta("Hello, w"), STOP]
    assert answered(request(), *events) == finished([*events[:2], estimate(3, 1), STOP])


def test_usage_comes_last_wherever_it_was_reported():
    events = [UsageReport(REPORTED), TextDelta("a"), STOP]
    assert answered(request(), *events) == [TextDelta("a"), UsageReport(REPORTED), STOP]


def test_tags_are_split_from_the_text():
    events = [TextDelta("<think>why</think>because"), STOP]
    told: list[Event] = [ReasoningDelta("why", "tags"), TextDelta("because"), estimate(3, 1), STOP]
    assert answered(request(), *events) == finished(told)


def test_tags_stay_if_so_configured():
    events = [TextDelta("<think>why</think>"), STOP]
    assert answered(request(), *events, rules=Rules(tags=False)) == [events[0], estimate(5), STOP]


@pytest.mark.parametrize("next_event", [ImagePart("data:,"), CALL[0], STOP])
def test_held_text_goes_out_before_what_follows(next_event: Event):
    pipeline = Pipeline(request(stop=("STOP",)), Rules(), ())
    assert pipeline.feed([TextDelta("<thi")]) == []
    assert pipeline.feed([next_event])[:2] == [
        TextDelta("<thi"),
        estimate(1) if next_event == STOP else next_event,
    ]


def test_held_beginning_of_a_stop_string_goes_out_at_the_end():
    pipeline = Pipeline(request(stop=("STOP",)), Rules(), ())
    assert pipeline.feed([TextDelta("a ST")]) == [TextDelta("a ")]
    assert pipeline.feed([STOP]) == [TextDelta("ST"), estimate(1), STOP]


def test_stop_string_ends_the_answer():
    events = [TextDelta("a ST"), TextDelta("OP b"), TextDelta("c"), STOP]
    end = [estimate(1), Finished(FinishReason.STOP, "STOP")]
    assert answered(request(stop=("STOP",)), *events) == [TextDelta("a "), *end]


def test_stop_string_in_reasoning_does_not_count():
    events = [ReasoningDelta("STOP"), TextDelta("<think>STOP</think>a"), STOP]
    reasoned = [ReasoningDelta("STOP"), ReasoningDelta("STOP", "tags")]
    expected = finished([*reasoned, TextDelta("a"), estimate(3, 2), STOP])
    assert answered(request(stop=("STOP",)), *events) == expected


def test_stop_string_that_the_tags_had_held_back():
    events = [TextDelta("<think"), STOP]
    end = [estimate(1), Finished(FinishReason.STOP, "ink")]
    assert answered(request(stop=("ink",)), *events) == [TextDelta("<th"), *end]


def test_tool_call_after_a_held_stop_string_does_not_come():
    pipeline = Pipeline(request(stop=("<think",)), Rules(), ())
    assert pipeline.feed([TextDelta("<think")]) == []
    assert pipeline.feed(CALL) == [estimate(), Finished(FinishReason.STOP, "<think")]


def test_image_after_a_held_stop_string_does_not_come():
    pipeline = Pipeline(request(stop=("<think",)), Rules(), ())
    assert pipeline.feed([TextDelta("<think"), ImagePart("data:,")]) == [
        estimate(),
        Finished(FinishReason.STOP, "<think"),
    ]


def test_max_tokens_cut_the_text():
    events = [TextDelta("1234"), TextDelta("56789"), TextDelta("x"), STOP]
    assert answered(request(max_tokens=2), *events) == [TextDelta("1234"), TextDelta("5678"), estimate(2), LENGTH]


def test_max_tokens_come_before_a_stop_string():
    events = [TextDelta("1234STOP")]
    expected = [TextDelta("1234"), estimate(1), LENGTH]
    assert answered(request(max_tokens=1, stop=("STOP",)), *events) == expected


def test_max_tokens_count_reasoning():
    events = [ReasoningDelta("12345678"), TextDelta("a"), STOP]
    assert answered(request(max_tokens=2), *events) == finished([ReasoningDelta("12345678"), estimate(2, 2), LENGTH])


def test_max_tokens_reached_in_tags_end_the_rest_of_the_piece():
    events = [TextDelta("<think>12345678</think>a<think>"), STOP]
    expected: list[Event] = [ReasoningDelta("12345678", "tags"), estimate(2, 2), LENGTH]
    assert answered(request(max_tokens=2), *events) == finished(expected)


def test_reasoning_after_the_end_does_not_come():
    pipeline = Pipeline(request(max_tokens=1), Rules(), ())
    out = pipeline.feed([TextDelta("<think>1234</think><think>5678</think>")])
    assert out == finished([ReasoningDelta("1234", "tags"), estimate(1, 1), LENGTH])


def test_tool_calls_are_not_cut():
    asked = request(max_tokens=1, stop=("STOP",))
    assert answered(asked, *CALL, STOP) == [*CALL, estimate(3), TOOL_CALLS]


@pytest.mark.parametrize("late", [TextDelta("a"), ReasoningDelta("a")])
def test_nothing_fits_after_tool_calls_that_filled_the_limit(late: Event):
    assert answered(request(max_tokens=2), *CALL, late) == [*CALL, estimate(3), LENGTH]


def test_max_tokens_that_the_page_honours_are_not_counted():
    events = [TextDelta("123456789"), STOP]
    expected = [events[0], estimate(3), STOP]
    assert answered(request(max_tokens=1), *events, by_page=("max_tokens",)) == expected


def test_tool_calls_decide_the_finish_reason():
    assert answered(request(), *CALL, STOP) == [*CALL, estimate(3), TOOL_CALLS]


def test_length_is_length_even_with_tool_calls():
    assert answered(request(), *CALL, LENGTH) == [*CALL, estimate(3), LENGTH]


def test_stop_string_after_a_tool_call_is_no_order_to_run_it():
    events = [*CALL, TextDelta("STOP")]
    end = [estimate(3), Finished(FinishReason.STOP, "STOP")]
    assert answered(request(stop=("STOP",)), *events) == [*CALL, *end]


def test_open_tool_call_is_ended():
    events = [*CALL[:2], STOP]
    assert answered(request(), *events) == [*CALL[:2], ToolCallEnded(0), estimate(3), TOOL_CALLS]


def test_nothing_follows_the_end():
    pipeline = Pipeline(request(), Rules(), ())
    pipeline.feed([STOP])
    assert pipeline.finished
    assert pipeline.feed([TextDelta("a"), STOP]) == []


@pytest.mark.parametrize(
    "events",
    [
        [TextDelta("12345")],
        [ReasoningDelta("12345")],
        [ImagePart("data:")],
        [ToolCallStarted(0, "c", "12345")],
        [ToolCallStarted(0, "c", "12"), ToolCallDelta(0, "345")],
        [TextDelta("123"), TextDelta("45")],
    ],
)
def test_answer_may_be_as_large_as_allowed_and_no_larger(events: list[Event]):
    assert answered(request(), *events, rules=Rules(response_bytes=5)) == events
    with pytest.raises(BackendFailed, match="response_bytes"):
        answered(request(), *events, rules=Rules(response_bytes=4))


@pytest.mark.parametrize(
    ("events", "thinking", "pieces"),
    [
        ([TextDelta("a")], Thinking(None, "none"), 1),
        ([TextDelta("<think>a</think>b"), ReasoningDelta("c")], Thinking("raw", "tags"), 3),
        ([ReasoningDelta("c", kind="summary"), TextDelta("<think>a</think>")], Thinking("summary", "field"), 2),
        ([ReasoningDelta(""), ReasoningDelta("c", "tags")], Thinking("raw", "tags"), 1),
    ],
)
def test_what_is_known_at_the_end(events: list[Event], thinking: Thinking, pieces: int):
    pipeline = Pipeline(request(), Rules(), ())
    assert pipeline.usage is None
    pipeline.feed([*events, UsageReport(REPORTED), STOP])
    assert (pipeline.thinking, pipeline.pieces, pipeline.usage) == (thinking, pieces, REPORTED)


UNOPENED = Rules(unopened=("deepseek-R1*", "*/r1"))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("DeepSeek-r1:8b", [ReasoningDelta("why", "tags"), TextDelta("because")]),
        ("vendor/r1", [ReasoningDelta("why", "tags"), TextDelta("because")]),
        ("gpt-5", [TextDelta("why</think>because")]),
    ],
)
def test_models_whose_reasoning_has_no_opening_tag(model: str, expected: list[Event]):
    pipeline = Pipeline(request(), UNOPENED, (), model)
    assert pipeline.feed([TextDelta("why</think>because")]) == expected


@pytest.mark.parametrize("rules", [UNOPENED, Rules(tags=False, unopened=("*",))])
def test_reasoning_in_a_field_leaves_the_text_alone(rules: Rules):
    events = [ReasoningDelta("why"), TextDelta("because")]
    assert Pipeline(request(), rules, (), "deepseek-r1").feed(events) == events


def test_proofs_pass_through():
    events = [Started("m"), ReasoningDelta("why"), ReasoningProof("anthropic.signature", "data")]
    assert Pipeline(request(), Rules(), ()).feed(events) == events


def told(asked: Request, pieces: Iterable[str]) -> tuple[str, str, Event]:
    """Return all reasoning, all text and the end of an answer in `pieces`."""
    events = answered(asked, *map(TextDelta, pieces), STOP)
    reasoning = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return reasoning, "".join(event.text for event in events if isinstance(event, TextDelta)), events[-1]


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "STOP", "S", "TO", "OP", "<thi", "nk>", "a", " \n", "é"])).map(
        "".join
    ),
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from([(), ("STOP",), ("OP", "TOS")]),
)
def test_cutting_the_text_differently_changes_nothing(text: str, cuts: list[int], stop: tuple[str, ...]):
    asked = request(stop=stop)
    pieces = [text[start:end] for start, end in pairwise([0, *sorted(cuts), len(text) + 60])]
    whole = told(asked, [text])
    assert told(asked, pieces) == whole
    assert told(asked, text) == whole


@given(st.text("ab STOP", max_size=60), st.lists(st.integers(0, 60), max_size=8), st.integers(1, 12))
def test_cutting_the_text_differently_changes_nothing_under_a_token_limit(text: str, cuts: list[int], most: int):
    asked = request(stop=("STOP",), max_tokens=most)
    pieces = [text[start:end] for start, end in pairwise([0, *sorted(cuts), len(text) + 60])]
    assert told(asked, pieces) == told(asked, [text])
