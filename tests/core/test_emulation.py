from itertools import count

import pytest

from relay.core.emulation import Emulation, emulate
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.jsonform import JsonEmulation
from relay.core.request import (
    AssistantMessage,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.core.toolcall.emulation import ToolEmulation
from relay.core.toolcall.write import block
from relay.errors import BackendFailed

HI = UserMessage(content=(Text(text="hi"),))
PLAIN = Request(model="m", messages=(HI,))
TOOLS = Request(model="m", messages=(HI,), tools=(Tool(name="now"),))
JSON = Request(model="m", messages=(HI,), response_format=ResponseFormat(type="json_object"))
SCHEMA = ResponseFormat(type="json_schema", schema={"type": "object", "required": ["a"]}, strict=True)
BOTH = Request(model="m", messages=(HI,), tools=TOOLS.tools, response_format=SCHEMA)
STOP = Finished(FinishReason.STOP)
NOW: list[Event] = [ToolCallStarted(0, "1", "now"), ToolCallDelta(0, "{}"), ToolCallEnded(0)]
CALLED = Finished(FinishReason.TOOL_CALLS)
CALL = block("now", {})
WRONG = block("then", {})


def start(request: Request = BOTH, *, tools: bool = True, json: bool = True) -> Emulation | None:
    numbers = count(1)
    return emulate(request, lambda: str(next(numbers)), tools=tools, json=json)


def both(request: Request = BOTH) -> Emulation:
    emulation = start(request)
    assert emulation is not None
    return emulation


def answer(text: str) -> list[Event]:
    return [Started("m"), TextDelta(text), STOP]


@pytest.mark.parametrize(
    ("request_", "tools", "json", "kind"),
    [
        (PLAIN, True, True, type(None)),
        (TOOLS, False, True, type(None)),
        (JSON, True, False, type(None)),
        (BOTH, False, False, type(None)),
        (Request(model="m", messages=(), response_format=ResponseFormat(type="text")), True, True, type(None)),
        (TOOLS, True, True, ToolEmulation),
        (BOTH, True, False, ToolEmulation),
        (JSON, True, True, JsonEmulation),
        (BOTH, False, True, JsonEmulation),
        (Request(model="m", messages=(ToolMessage(call_id="1", content=()),)), True, True, ToolEmulation),
        (
            Request(model="m", messages=(AssistantMessage(tool_calls=(ToolCall(id="1", name="a", arguments=""),)),)),
            True,
            True,
            ToolEmulation,
        ),
    ],
)
def test_what_the_session_cannot_do_is_emulated(request_, tools, json, kind):
    assert type(start(request_, tools=tools, json=json)) is kind


def test_both_are_asked_for():
    request = both().request
    assert (request.tools, request.response_format) == ((), None)
    (part,) = request.messages[0].content
    assert isinstance(part, Text)
    assert part.text.startswith("Answer with JSON that follows")
    assert "\n\n# Tools\n" in part.text


def test_a_call_need_not_be_json():
    emulation = both()
    assert emulation.feed(answer(f"I do.\n{CALL}")) == [Started("m"), *NOW, TextDelta("I do."), CALLED]
    assert emulation.correction is None


def test_an_answer_without_a_call_must_be():
    emulation = both()
    assert emulation.feed(answer('```json\n{"a": 1}\n```')) == [Started("m"), TextDelta('{"a": 1}'), STOP]


def test_each_has_its_correction():
    emulation = both()
    assert emulation.feed(answer(WRONG)) == [Started("m")]
    assert emulation.correction is not None
    assert emulation.feed(answer("Sorry")) == []
    assert emulation.correction is not None
    *_, said, wish = emulation.correction.messages
    assert said == AssistantMessage(content=(Text(text=f"{WRONG}\n\nSorry"),))
    assert "could not be used" in str(wish)
    assert emulation.correction.tools == ()
    assert emulation.feed(answer(WRONG)) == []
    assert emulation.correction is not None
    assert emulation.feed(answer(CALL)) == [*NOW, CALLED]
    assert emulation.correction is None


def test_corrections_that_do_not_help():
    emulation = both()
    emulation.feed(answer("no"))
    assert emulation.correction is not None
    with pytest.raises(BackendFailed):
        emulation.feed(answer("no"))


def test_corrections_that_cannot_be_asked_for():
    emulation = both()
    emulation.feed(answer(WRONG))
    with pytest.raises(BackendFailed):
        emulation.abandon()
    emulation = both()
    emulation.feed(answer("no"))
    with pytest.raises(BackendFailed):
        emulation.abandon()


def test_correction_of_a_call_that_must_be_cannot_be_asked_for():
    wish = ResponseFormat(type="json_schema", schema={"type": "object"})
    emulation = both(
        Request(
            model="m", messages=(), tools=TOOLS.tools, tool_choice=ToolChoice(mode="required"), response_format=wish
        )
    )
    assert emulation.feed(answer("{}")) == [Started("m")]
    assert emulation.correction is not None
    assert emulation.abandon() == [TextDelta("{}"), STOP]
    assert emulation.correction is None


def test_proofs_of_calls_follow_their_calls():
    thoughts, of_call = ReasoningProof("signature", "a"), ReasoningProof("signature", "b", call=0)
    told = both().feed([Started("m"), thoughts, NOW[0], of_call, *NOW[1:], CALLED])
    assert told == [Started("m"), thoughts, NOW[0], of_call, *NOW[1:], CALLED]
