from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.answer import Collector
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import AssistantMessage, Request, SystemMessage, Text, Tool, ToolCall, ToolChoice, UserMessage
from relay.core.toolcall.emulation import ToolEmulation
from relay.core.toolcall.read import write
from relay.core.toolcall.write import block, instructions

EDITOR = Tool(
    name="editor",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
NOW = Tool(name="now")
HI = UserMessage(content=(Text(text="hi"),))
REQUEST = Request(model="m", messages=(HI,), tools=(EDITOR, NOW), parallel_tool_calls=True)
STOP = Finished(FinishReason.STOP)
CALLED = Finished(FinishReason.TOOL_CALLS)
EDIT = block("editor", {"path": "a"})
WRONG = block("editor", {})
PROBLEM = "editor: arguments: 'path' is a required property"


def emulation(**fields: object) -> ToolEmulation:
    numbers = count(1)
    request = Request(**{name: getattr(REQUEST, name) for name in Request.__struct_fields__} | fields)
    return ToolEmulation(request, lambda: f"call_{next(numbers)}")


def answer(text: str, reason: FinishReason = FinishReason.STOP, usage: Usage | None = None) -> list[Event]:
    report: list[Event] = [] if usage is None else [UsageReport(usage)]
    return [Started("m"), TextDelta(text), *report, Finished(reason)]


def called(index: int, name: str, arguments: str) -> list[Event]:
    return [
        ToolCallStarted(index, f"call_{index + 1}", name),
        ToolCallDelta(index, arguments),
        ToolCallEnded(index),
    ]


EDITED = called(0, "editor", '{"path":"a"}')


def test_request_declares_the_tools():
    request = emulation().request
    text = instructions([EDITOR, NOW], required=False, parallel=True)
    assert request == Request(model="m", messages=(SystemMessage(content=(Text(text=text),)), HI))


def test_request_declares_the_tools_that_were_chosen():
    request = emulation(tool_choice=ToolChoice(mode="required", names=("now",)), parallel_tool_calls=False).request
    text = instructions([NOW], required=True, parallel=False)
    assert request.messages == (SystemMessage(content=(Text(text=text),)), HI)


@pytest.mark.parametrize("fields", [{"tool_choice": ToolChoice(mode="none")}, {"tools": ()}])
def test_without_tools_only_the_history_is_rewritten(fields):
    calls = (ToolCall(id="1", name="now", arguments="{}"),)
    emulated = emulation(messages=(AssistantMessage(tool_calls=calls),), **fields)
    assert emulated.request.messages == (AssistantMessage(content=(Text(text=block("now", {})),)),)
    assert emulated.feed(answer(EDIT)) == [Started("m"), TextDelta(EDIT), STOP]
    assert emulated.correction is None


def test_text_streams_on():
    emulated = emulation()
    assert emulated.feed([Started("m"), TextDelta("Hel")]) == [Started("m"), TextDelta("Hel")]
    assert emulated.feed([TextDelta("lo\n```"), ImagePart("data:,")]) == [TextDelta("lo"), ImagePart("data:,")]
    assert emulated.feed([STOP]) == [TextDelta("\n```"), STOP]


def test_calls_go_out_behind_the_text():
    emulated = emulation()
    events = emulated.feed(answer(f"I do.\n\n{EDIT}\n\n{block('now', {})}\n\nDone.\n"))
    assert events == [
        Started("m"),
        TextDelta("I do."),
        TextDelta("\n\nDone."),
        *EDITED,
        *called(1, "now", "{}"),
        CALLED,
    ]
    assert emulated.correction is None


def test_call_alone():
    assert emulation().feed(answer(EDIT)) == [Started("m"), *EDITED, CALLED]


def test_text_behind_a_call_alone():
    assert emulation().feed(answer(f"{EDIT}\nDone")) == [Started("m"), TextDelta("Done"), *EDITED, CALLED]


def test_only_the_first_call_where_one_is_allowed():
    emulated = emulation(parallel_tool_calls=False)
    assert emulated.feed(answer(f"{EDIT}\n{WRONG}\n{block('now', {})}")) == [Started("m"), *EDITED, CALLED]


def test_only_the_first_call_of_a_list_where_one_is_allowed():
    emulated = emulation(parallel_tool_calls=False)
    text = '{"tool_calls": [{"name": "editor", "arguments": {"path": "a"}}, {"name": "no"}, {"name": "now"}]}'
    assert emulated.feed(answer(text)) == [Started("m"), *EDITED, CALLED]


def test_results_that_the_model_makes_up_end_the_answer():
    text = f"{EDIT}\nWait\n```tool_result editor\nok\n```\n{block('now', {})}\nDone"
    assert emulation().feed(answer(text)) == [Started("m"), TextDelta("Wait"), *EDITED, CALLED]


def test_results_in_an_answer_without_calls_are_text():
    text = "Like\n```tool_result editor\nok\n```"
    assert emulation().feed([TextDelta(text), STOP]) == [TextDelta(text[:-4]), TextDelta(text[-4:]), STOP]


def test_json_that_only_looks_like_a_call_is_text():
    text = 'See\n{"tool_call": null}\nend'
    assert emulation().feed([TextDelta(text), STOP]) == [
        TextDelta("See"),
        TextDelta('\n{"tool_call": null}\nend'),
        STOP,
    ]


def test_reasoning_passes_through_and_calls_in_it_are_none():
    events = [ReasoningDelta("hm"), TextDelta(f"<think>I could\n{EDIT}\n</thi"), TextDelta(f"nk>\n{EDIT}"), STOP]
    assert emulation().feed(events) == [
        ReasoningDelta("hm"),
        ReasoningDelta(f"I could\n{EDIT}\n", source="tags"),
        *EDITED,
        CALLED,
    ]


def test_calls_in_reasoning_that_has_only_a_closing_tag_are_none():
    thought = f"Well.\n{block('now', {})}\n</think>"
    assert emulation().feed(answer(f"{thought}\n{EDIT}")) == [
        Started("m"),
        TextDelta("Well."),
        TextDelta(f"\n\n{thought[6:]}"),
        *EDITED,
        CALLED,
    ]


def test_reasoning_that_does_not_end():
    text = f"<think>I could\n{EDIT}\n"
    emulated = emulation()
    assert emulated.feed([TextDelta(text), STOP]) == [ReasoningDelta(f"I could\n{EDIT}\n", source="tags"), STOP]


def test_correction():
    emulated = emulation()
    assert emulated.feed(answer(f"I do.\n{WRONG}\nDone", usage=Usage(input_tokens=5, output_tokens=3))) == [
        Started("m"),
        TextDelta("I do."),
    ]
    correction = emulated.correction
    assert correction is not None
    *before, said, wish = correction.messages
    assert tuple(before) == emulated.request.messages
    assert said == AssistantMessage(content=(Text(text=f"I do.\n{WRONG}\nDone"),))
    assert isinstance(wish, UserMessage)
    assert f"\n- {PROBLEM}\n" in "".join(part.text for part in wish.content if isinstance(part, Text))
    assert correction.model == "m"
    assert correction.tools == ()
    events = emulated.feed(answer(f"Sorry:\n{EDIT}\nNow", usage=Usage(input_tokens=9, output_tokens=4)))
    assert events == [*EDITED, UsageReport(Usage(input_tokens=14, output_tokens=7)), CALLED]
    assert emulated.correction is None


def test_all_calls_wait_for_the_correction_of_one():
    emulated = emulation()
    assert emulated.feed(answer(f"{block('now', {})}\n{WRONG}")) == [Started("m")]
    assert emulated.feed(answer(f"{block('now', {})}\n{EDIT}")) == [
        *called(0, "now", "{}"),
        *called(1, "editor", '{"path":"a"}'),
        CALLED,
    ]


def test_valid_calls_of_the_second_answer_go_out():
    emulated = emulation()
    emulated.feed(answer(f"Well\n{WRONG}"))
    assert emulated.feed(answer(f"Sorry\n{EDIT}\n\n{WRONG}")) == [TextDelta(f"\n\n{WRONG}"), *EDITED, CALLED]


def test_correction_that_does_not_help_ends_as_text():
    emulated = emulation()
    emulated.feed(answer(f"I do.\n\n{WRONG}\n"))
    assert emulated.feed([*answer(f"\n{WRONG}")]) == [TextDelta(f"\n\n{WRONG}\n"), TextDelta(f"\n\n{WRONG}"), STOP]
    assert emulated.correction is None


def test_nothing_of_both_answers_is_lost_where_no_call_came_of_them():
    first = f"{EDIT}\n{WRONG}\n```tool_result editor\nok\n```\n"
    emulated = emulation()
    emulated.feed(answer(first))
    second = f"{WRONG}\n```tool_result editor\nok\n```"
    assert emulated.feed(answer(second)) == [TextDelta(first), TextDelta(f"\n\n{second}"), STOP]


def test_correction_that_is_empty_ends_as_text():
    emulated = emulation()
    emulated.feed(answer(WRONG))
    assert emulated.feed([STOP]) == [TextDelta(WRONG), STOP]


def test_correction_that_cannot_be_asked_for():
    emulated = emulation()
    emulated.feed(answer(f"I do.\n{WRONG}", usage=Usage(input_tokens=5, output_tokens=3)))
    usage = Usage(input_tokens=5, output_tokens=3, estimated=True)
    assert emulated.abandon() == [TextDelta(f"\n{WRONG}"), UsageReport(usage), STOP]
    assert emulated.correction is None


def test_a_call_that_must_be():
    emulated = emulation(tool_choice=ToolChoice(mode="required"))
    assert emulated.feed(answer("No.\n")) == [Started("m"), TextDelta("No."), TextDelta("\n")]
    assert emulated.correction is not None
    assert emulated.feed(answer(EDIT)) == [*EDITED, CALLED]


def test_a_call_that_must_be_and_is_not():
    emulated = emulation(tool_choice=ToolChoice(mode="required"))
    emulated.feed(answer("No."))
    assert emulated.feed(answer("Never.")) == [TextDelta("\n\nNever."), STOP]
    assert emulated.correction is None


def test_a_call_that_must_be_and_cannot_be_asked_for():
    emulated = emulation(tool_choice=ToolChoice(mode="required"))
    emulated.feed(answer("No."))
    assert emulated.abandon() == [STOP]


def test_no_other_tool_than_the_chosen():
    emulated = emulation(tool_choice=ToolChoice(mode="auto", names=("now",)))
    assert emulated.feed(answer(EDIT)) == [Started("m")]
    assert emulated.correction is not None


def test_empty_first_answer_where_a_call_must_be():
    emulated = emulation(tool_choice=ToolChoice(mode="required"))
    emulated.feed([STOP])
    assert emulated.correction is not None
    assert len(emulated.correction.messages) == 3


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.CONTENT_FILTER])
def test_answer_that_was_cut_off_is_not_corrected(reason):
    cut = '```tool_call\n{"tool_call": {"name": "editor", "arguments": {"path": "a'
    emulated = emulation()
    assert emulated.feed(answer(f"Well\n{cut}", reason)) == [
        Started("m"),
        TextDelta("Well"),
        TextDelta(f"\n{cut}"),
        Finished(reason),
    ]
    assert emulated.correction is None
    assert emulation().feed(answer(f"{EDIT}\n{cut}", reason)) == [Started("m"), TextDelta(cut), *EDITED, CALLED]


def test_native_calls_pass_through():
    native: list[Event] = [ToolCallStarted(0, "n", "now"), ToolCallDelta(0, "{}"), ToolCallEnded(0)]
    emulated = emulation(tool_choice=ToolChoice(mode="required"))
    assert emulated.feed([Started("m"), *native, CALLED]) == [Started("m"), *native, CALLED]
    assert emulated.correction is None


def test_usage_is_an_estimate_if_a_part_of_it_is():
    emulated = emulation()
    emulated.feed(answer(WRONG, usage=Usage(input_tokens=5, output_tokens=3, cached_tokens=1)))
    events = emulated.feed(
        answer(EDIT, usage=Usage(input_tokens=1, output_tokens=1, reasoning_tokens=1, estimated=True))
    )
    usage = Usage(input_tokens=6, output_tokens=4, cached_tokens=1, reasoning_tokens=1, estimated=True)
    assert events[-2:] == [UsageReport(usage), CALLED]


PIECES = st.lists(
    st.sampled_from([EDIT, WRONG, block("now", {}), "text", "```py\nx\n```", "<think>", "</think>", '{"tool_call": 1}'])
)


@settings(deadline=None)  # the first example loads jsonschema
@given(
    PIECES.map("\n\n".join), PIECES.map("\n\n".join), st.integers(1, 9), st.sampled_from(["auto", "required", "none"])
)
def test_events_of_both_rounds_are_one_answer_however_they_are_cut(first, second, size, mode):
    whole, pieces = (emulation(tool_choice=ToolChoice(mode=mode)) for _ in range(2))
    answers = []
    for emulated, step in ((whole, len(first + second) + 1), (pieces, size)):
        collector, finished = Collector(), 0
        for text in (first, second):
            deltas = [TextDelta(text[at : at + step]) for at in range(0, len(text), step)]
            events = emulated.feed([Started("m"), *deltas, STOP])
            collector.feed(events)
            finished += sum(isinstance(event, Finished) for event in events)
            if emulated.correction is None:
                break
        assert finished == 1
        answers.append(collector.result())
    assert answers[0] == answers[1]


def test_answer_that_is_too_large_to_hold(monkeypatch):
    monkeypatch.setattr("relay.core.rounds.HELD_CHARACTERS", 10)
    with pytest.raises(Exception, match="larger than relay can hold"):
        emulation().feed([TextDelta("x" * 6), TextDelta("x" * 6)])


NAMES = st.sampled_from(["editor", "now"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)
)


@settings(deadline=None)  # the first example loads jsonschema
@given(
    st.lists(st.tuples(NAMES, st.dictionaries(st.text(), VALUES, max_size=3)), min_size=1, max_size=4),
    st.sampled_from(["", "I do.", "Like this:\n```py\nx = {}\n```"]),
    st.integers(1, 50),
)
def test_history_reads_back_as_the_answer_it_was(calls, text, size):
    """What the model is shown of its calls is what it has to write."""
    made = tuple(
        ToolCall(id=f"call_{place}", name=name, arguments=write({"path": "a"} | arguments | {"path": "b"}))
        for place, (name, arguments) in enumerate(calls, 1)
    )
    content = (Text(text=text),) if text else ()
    (shown,) = emulation(tools=(), messages=(AssistantMessage(content=content, tool_calls=made),)).request.messages
    (part,) = shown.content
    assert isinstance(part, Text)
    pieces = [TextDelta(part.text[at : at + size]) for at in range(0, len(part.text), size)]
    collector = Collector()
    collector.feed(emulation().feed([Started("m"), *pieces, STOP]))
    assert (collector.result().content, collector.result().tool_calls) == (content, made)
