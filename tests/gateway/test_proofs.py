"""What accounts get back with their tool calls."""

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
)
from relay.core.request import AssistantMessage, Message, Proof, Request, Text, ToolCall, ToolMessage, UserMessage
from relay.gateway.proofs import Proofs

ASKED = Request(model="m", messages=(UserMessage(content=(Text(text="Look."),)),))
END = Finished(FinishReason.TOOL_CALLS)
SIGNED = ReasoningProof("anthropic.signature", "sig")
KEPT = Proof(kind="anthropic.signature", data="sig")


def called(index: int, call_id: str, arguments: str, *proofs: ReasoningProof) -> list[Event]:
    return [ToolCallStarted(index, call_id, "look"), ToolCallDelta(index, arguments), *proofs, ToolCallEnded(index)]


def answer(proofs: Proofs, *events: Event, owner: str = "cline", account: str = "a", model: str = "m") -> None:
    memory = proofs.of(owner)
    memory.recall(ASKED, account, model)
    for event in events:
        memory.note([event])


def turn(*calls: ToolCall, reasoning: str | None = None, proofs: tuple[Proof, ...] = ()) -> AssistantMessage:
    return AssistantMessage(tool_calls=calls, reasoning=reasoning, proofs=proofs)


def recalled(
    proofs: Proofs, *messages: Message, owner: str = "cline", account: str = "a", model: str = "m"
) -> tuple[Message, ...]:
    return proofs.of(owner).recall(Request(model="m", messages=messages), account, model).messages


def look(call_id: str, arguments: str = '{"at":1,"of":"x"}') -> ToolCall:
    return ToolCall(id=call_id, name="look", arguments=arguments)


ONE_CALL: list[Event] = [
    Started("m"),
    ReasoningDelta("w"),
    ReasoningDelta("hy"),
    SIGNED,
    TextDelta("I look."),
    ImagePart("data:,"),
    *called(0, "c1", '{"at":1,"of":"x"}'),
    END,
]


def test_reasoning_and_proofs_come_back():
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    result = ToolMessage(call_id="c1", content=())
    assert recalled(proofs, *ASKED.messages, turn(look("c1")), result) == (
        *ASKED.messages,
        turn(look("c1"), reasoning="why", proofs=(KEPT,)),
        result,
    )


def test_they_come_back_every_time():
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    assert recalled(proofs, turn(look("c1"))) == recalled(proofs, turn(look("c1")))


def test_arguments_may_have_been_written_anew():
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    again = look("c1", '{"of": "x", "at": 1}')
    assert recalled(proofs, turn(again)) == (turn(again, reasoning="why", proofs=(KEPT,)),)


@pytest.mark.parametrize("other", [look("c2"), look("c1", '{"at":2}'), ToolCall(id="c1", name="go", arguments="{}")])
def test_another_call_gets_nothing(other: ToolCall):
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    assert recalled(proofs, turn(other)) == (turn(other),)


@pytest.mark.parametrize("who", [{"owner": "other"}, {"account": "other"}, {"model": "other"}])
def test_nobody_else_gets_them(who: dict[str, str]):
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    assert recalled(proofs, turn(look("c1")), **who) == (turn(look("c1")),)


def test_proofs_that_a_client_brings_count_only_if_they_are_known():
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    foreign = (Proof(kind="anthropic.signature", data="foreign"),)
    assert recalled(proofs, turn(look("c1"), proofs=foreign), turn(look("c9"), proofs=foreign)) == (
        turn(look("c1"), reasoning="why", proofs=(KEPT,)),
        turn(look("c9")),
    )


def test_reasoning_that_a_client_brings_stays():
    proofs = Proofs()
    answer(proofs, *ONE_CALL)
    assert recalled(proofs, turn(look("c1"), reasoning="mine")) == (turn(look("c1"), reasoning="mine", proofs=(KEPT,)),)


TWO_CALLS: list[Event] = [
    ReasoningDelta("why"),
    SIGNED,
    *called(0, "c1", "{}", ReasoningProof("gemini.signature", "1", 0)),
    *called(1, "c2", "", ReasoningProof("gemini.signature", "2", 1)),
    END,
]
OF_FIRST = Proof(kind="gemini.signature", data="1", call_id="c1")
OF_SECOND = Proof(kind="gemini.signature", data="2", call_id="c2")


def test_proofs_of_calls_go_with_their_calls():
    proofs = Proofs()
    answer(proofs, *TWO_CALLS)
    calls = (look("c1", "{}"), look("c2", "{}"))
    assert recalled(proofs, turn(*calls)) == (turn(*calls, reasoning="why", proofs=(KEPT, OF_FIRST, OF_SECOND)),)


def test_one_answer_in_two_messages_tells_its_reasoning_once():
    proofs = Proofs()
    answer(proofs, *TWO_CALLS)
    first, second = look("c1", "{}"), look("c2", "{}")
    assert recalled(proofs, turn(first), turn(second)) == (
        turn(first, reasoning="why", proofs=(KEPT, OF_FIRST)),
        turn(second, proofs=(OF_SECOND,)),
    )


@pytest.mark.parametrize(
    "events",
    [
        [ReasoningDelta("why"), SIGNED, Finished(FinishReason.STOP)],
        [*called(0, "c1", "{}"), END],
        [SIGNED, *called(0, "c1", "{}")],
    ],
)
def test_nothing_is_kept_without_a_call_a_reason_and_an_end(events: list[Event]):
    proofs = Proofs()
    answer(proofs, *events)
    assert recalled(proofs, turn(look("c1", "{}"))) == (turn(look("c1", "{}")),)


def test_nothing_is_kept_for_an_account_that_wants_nothing_back():
    proofs = Proofs()
    proofs.of("cline").note(ONE_CALL)
    assert recalled(proofs, turn(look("c1"))) == (turn(look("c1")),)


def test_latest_answer_with_a_call_counts():
    proofs = Proofs()
    answer(proofs, *TWO_CALLS)
    answer(proofs, ReasoningDelta("later"), *called(0, "c1", "{}"), *called(1, "c2", "{}"), END)
    assert recalled(proofs, turn(look("c1", "{}"))) == (turn(look("c1", "{}"), reasoning="later"),)


def numbered(proofs: Proofs, number: int, reasoning: str) -> None:
    answer(proofs, ReasoningDelta(reasoning), *called(0, f"c{number}", "{}"), END)


def known(proofs: Proofs, most: int) -> list[int]:
    """The answers that are still known."""
    looked_for = [turn(look(f"c{number}", "{}")) for number in range(most)]
    messages = recalled(proofs, *looked_for)
    return [number for number in range(most) if messages[number] != looked_for[number]]


def test_what_was_not_used_for_the_longest_time_is_forgotten():
    proofs = Proofs(answers=2)
    numbered(proofs, 0, "why")
    numbered(proofs, 1, "why")
    recalled(proofs, turn(look("c0", "{}")))
    numbered(proofs, 2, "why")
    assert known(proofs, 3) == [0, 2]


def test_answer_that_would_drive_out_too_much_is_not_kept():
    proofs = Proofs(chars=8)
    numbered(proofs, 0, "12")
    numbered(proofs, 1, "123")
    assert known(proofs, 2) == [0]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 8)), max_size=40))
def test_memory_is_bounded(answers: list[tuple[int, int]]):
    proofs = Proofs(answers=4, chars=16)
    for number, size in answers:
        numbered(proofs, number, "x" * size)
    messages = recalled(proofs, *(turn(look(f"c{number}", "{}")) for number in range(10)))
    kept = [message.reasoning for message in messages if isinstance(message, AssistantMessage) and message.reasoning]
    assert len(kept) <= 4
    assert sum(map(len, kept)) <= 16


@pytest.mark.parametrize(
    "arguments", ["no JSON", "[" * 5000, '{"a":123456789012345678901234567890}', "\ud800", '"\\ud800"']
)
def test_arguments_may_be_anything(arguments: str):
    proofs = Proofs()
    answer(proofs, SIGNED, *called(0, "c1", arguments), END)
    assert recalled(proofs, turn(look("c1", arguments))) == (turn(look("c1", arguments), proofs=(KEPT,)),)
