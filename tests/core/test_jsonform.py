import pytest

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.jsonform import JsonEmulation
from relay.core.request import AssistantMessage, Request, ResponseFormat, SystemMessage, Text, UserMessage
from relay.errors import BackendFailed

HI = UserMessage(content=(Text(text="hi"),))
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
OBJECT = ResponseFormat(type="json_object")
WISH = ResponseFormat(type="json_schema", name="thing", description="A thing.", schema=SCHEMA)
STRICT = ResponseFormat(type="json_schema", schema=SCHEMA, strict=True)
STOP = Finished(FinishReason.STOP)


def emulation(form: ResponseFormat | None) -> JsonEmulation:
    return JsonEmulation(Request(model="m", messages=(HI,), response_format=form))


def answer(text: str) -> list[Event]:
    return [Started("m"), TextDelta(text), STOP]


def instruction(form: ResponseFormat) -> str:
    request = emulation(form).request
    assert request.response_format is None
    first, second = request.messages
    assert second == HI
    assert isinstance(first, SystemMessage)
    return "".join(part.text for part in first.content if isinstance(part, Text))


def test_instructions_for_an_object():
    assert instruction(OBJECT) == (
        "Answer with one JSON object and nothing else: no words before or after it, no code fence."
    )


def test_instructions_for_a_schema():
    schema = '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}'
    follows = "that follows the JSON Schema below, and nothing else: no words before or after it, no code fence."
    assert instruction(WISH) == f"Answer with JSON named thing {follows}\nA thing.\n{schema}"
    assert instruction(STRICT) == f"Answer with JSON {follows}\n{schema}"
    assert instruction(ResponseFormat(type="json_schema")) == instruction(OBJECT)


@pytest.mark.parametrize("form", [None, ResponseFormat(type="text")])
def test_text_is_not_touched(form):
    emulated = emulation(form)
    assert emulated.request == Request(model="m", messages=(HI,), response_format=form)
    assert emulated.feed(answer("hello {")) == answer("hello {")
    assert emulated.correction is None


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        'Here:\n\n```\n{"b": 1}\n```\nor\n```json\n{"a": 1}\n```\nDone.',
        '~~~~\n{"a": 1}\n~~~~',
        'It is {"a": 1}, I think.',
        'A {\n````md\n```json\n{}\n```\n````\n```\n{"a": 1}\n```\n}',
        '<think>{"a": 2}</think>{"a": 1}',
        'I take {"a": 2}.\n</think>\n{"a": 1}',
    ],
)
@pytest.mark.parametrize("form", [WISH, STRICT])
def test_the_json_goes_out_alone(text, form):
    emulated = emulation(form)
    events = emulated.feed(answer(text))
    assert [event for event in events if not isinstance(event, ReasoningDelta)] == answer('{"a": 1}')
    assert emulated.correction is None


def test_nothing_goes_out_before_the_end():
    emulated = emulation(OBJECT)
    assert emulated.feed([Started("m"), TextDelta('{"a":'), ReasoningDelta("r")]) == [Started("m"), ReasoningDelta("r")]
    assert emulated.feed([TextDelta(" 1}")]) == []
    assert emulated.feed([STOP]) == [TextDelta('{"a": 1}'), STOP]


def test_what_strict_readers_refuse_is_written_anew():
    assert emulation(OBJECT).feed(answer('{"a": "b\nc"}')) == answer('{"a":"b\\nc"}')
    assert emulation(OBJECT).feed(answer('{"a": "\ud83d"}')) == answer('{"a":"\ufffd"}')


def test_lists_where_the_schema_asks_for_one():
    form = ResponseFormat(type="json_schema", schema={"type": "array"})
    assert emulation(form).feed(answer("Well: [1, {}].")) == answer("[1, {}]")


def test_repair():
    emulated = emulation(STRICT)
    usage = UsageReport(Usage(input_tokens=1, output_tokens=2))
    assert emulated.feed([Started("m"), TextDelta('{"a": "b"}'), usage, STOP]) == [Started("m")]
    wish = (
        "Your answer could not be used:\n- $.a: 'b' is not of type 'integer'\n\n"
        "Write it again, corrected: only the JSON, complete, with no words around it."
    )
    assert emulated.correction == Request(
        model="m",
        messages=(
            *emulated.request.messages,
            AssistantMessage(content=(Text(text='{"a": "b"}'),)),
            UserMessage(content=(Text(text=wish),)),
        ),
    )
    total = UsageReport(Usage(input_tokens=2, output_tokens=4))
    assert emulated.feed([Started("m"), TextDelta('{"a": 1}'), usage, STOP]) == [TextDelta('{"a": 1}'), total, STOP]
    assert emulated.correction is None


@pytest.mark.parametrize(
    ("form", "text", "problem"),
    [
        (OBJECT, "[1]", "the answer must be a JSON object"),
        (OBJECT, '{"a": 1', "invalid JSON: Expecting ',' delimiter at line 1, column 8, near '{\"a\": 1'"),
        (OBJECT, '{"a": 1e999}', "invalid JSON: 1e999 is too large a number"),
        (STRICT, "no", "invalid JSON: Expecting value at line 1, column 1, near 'no'"),
        (STRICT, "{}", "$: 'a' is a required property"),
    ],
)
def test_promise_that_is_not_kept(form, text, problem):
    emulated = emulation(form)
    assert emulated.feed(answer(text)) == [Started("m")]
    with pytest.raises(BackendFailed) as caught:
        emulated.feed(answer(text))
    assert caught.value.message == f"The model did not answer with the JSON that was asked for: {problem}"
    assert emulated.correction is None
    emulated = emulation(form)
    emulated.feed(answer(text))
    with pytest.raises(BackendFailed):
        emulated.abandon()


def test_wish_that_is_not_kept():
    emulated = emulation(WISH)
    emulated.feed(answer("{}"))
    assert emulated.feed(answer('It is {"a": "b"}')) == [TextDelta('{"a": "b"}'), STOP]
    emulated = emulation(WISH)
    emulated.feed(answer("{}"))
    assert emulated.feed(answer("Sorry")) == [TextDelta("{}"), STOP]
    emulated = emulation(WISH)
    emulated.feed(answer("{}"))
    assert emulated.abandon() == [TextDelta("{}"), STOP]


def test_wish_without_any_json():
    emulated = emulation(WISH)
    emulated.feed(answer("Sorry"))
    with pytest.raises(BackendFailed):
        emulated.feed(answer("Sorry"))


def test_answer_that_was_cut_off_goes_out_with_the_reason():
    cut = Finished(FinishReason.LENGTH)
    assert emulation(STRICT).feed([TextDelta('{"a": '), cut]) == [TextDelta('{"a": '), cut]
    assert emulation(STRICT).feed([cut]) == [cut]


def test_answer_with_tool_calls_need_not_be_json():
    calls: list[Event] = [ToolCallStarted(0, "1", "now"), ToolCallEnded(0)]
    done = Finished(FinishReason.TOOL_CALLS)
    assert emulation(STRICT).feed([TextDelta("I do."), *calls, done]) == [*calls, TextDelta("I do."), done]
