"""Answers that take several calls: pages that ask to be asked again, and corrections of what relay emulates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.bridge import done, fail, texts
from support.links import FakeLink, settle
from support.office import Office, request, said, text_of

from relay.backends.policy import Policy
from relay.bridge.frames import Cancel, Done, Fail, Parts
from relay.core.events import Finished, FinishReason, Started, TextDelta, ToolCallStarted, Usage, UsageReport
from relay.core.request import ResponseFormat, Tool, ToolChoice
from relay.errors import (
    BackendFailed,
    BackendThrottled,
    ContextLengthExceeded,
    NothingSent,
    Overloaded,
    SessionLost,
    SessionNotAvailable,
)

LOOK = Tool(name="look", parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]})
WITH_TOOLS = request(tools=(LOOK,))
JSON = request(response_format=ResponseFormat(type="json_object"))
STRICT = ResponseFormat(type="json_schema", strict=True, schema={"type": "object", "required": ["a"]})
ANSWERED = [Started("demo"), TextDelta("ok"), Finished(FinishReason.STOP)]


def block(**arguments: Any) -> str:
    """What a model writes to call ``look``."""
    call = {"tool_call": {"name": "look", "arguments": arguments}}
    return f"```tool_call\n{json.dumps(call)}\n```"


def _again(call: str) -> Fail:
    return fail(0, "again", call)


def _done(call: str, seq: int) -> Done:
    return done(seq, call)


def _texts(call: str, *pieces: str, seq: int = 0) -> Parts:
    return texts(seq, *pieces, call=call)


# ---------------------------------------------------------------- again


async def test_lone_session_with_room_for_one_call_is_asked_again() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue()
    await dialogue.fail("again")
    during = office.slots
    await dialogue.answer("ok")

    assert await dialogue.events() == ANSWERED
    assert (during, office.slots, session.served) == ([1], [0], 2)


async def test_page_that_leaves_is_waited_for_and_asked_with_what_it_then_says() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    _, call = await dialogue.next_call()
    office.tell(session, "starting")
    session.drain()
    session.receive(_again(call.call), 1)
    await settle()
    office.lose(session, page_gone=True)
    office.tick(20)
    await settle()
    early = office.all_sent()
    await office.attach(FakeLink(), session=session.id)
    office.tell(session, capabilities={"tools": True}, models=[{"id": "DEMO"}])
    asked = await dialogue.answer("ok")

    assert early == []
    assert (asked.model, asked.tools) == ("DEMO", (LOOK,))
    assert (await dialogue.events())[0] == Started("DEMO")
    assert office.slots == [0]


async def test_page_that_leaves_is_not_waited_for_longer_than_its_grace() -> None:
    office = Office(grace=30)
    session = await office.ready()
    dialogue = office.dialogue()
    _, call = await dialogue.next_call()
    office.tell(session, "starting", detail="The page opens a new chat.")
    session.receive(_again(call.call), 1)
    await settle()
    office.tick(30)

    with pytest.raises(SessionNotAvailable, match="opens a new chat"):
        await dialogue.events()
    assert office.slots == [0]


async def test_repeat_keeps_its_place_before_those_who_wait() -> None:
    office = Office()
    await office.ready()
    first = office.dialogue(request("first"))
    _, call = await first.next_call()
    second = office.dialogue(request("second"))
    await settle()
    session = next(iter(office.registry))
    session.receive(_again(call.call), 1)
    repeated = await first.answer("ok")
    next_one = await second.answer("ok")

    assert (text_of(repeated), text_of(next_one)) == ("first", "second")
    assert office.slots == [0]


async def test_another_session_may_answer_the_repeat() -> None:
    office = Office()
    first = await office.ready(models=[{"id": "Demo"}])
    other = await office.ready()
    first.idle_since = -1
    dialogue = office.dialogue(WITH_TOOLS)
    _, call = await dialogue.next_call()
    office.tell(first, "blocked", reason="captcha")
    first.receive(_again(call.call), 1)
    await dialogue.answer("ok")

    assert await dialogue.events() == ANSWERED
    assert (first.served, other.served, office.slots) == (1, 1, [0, 0])


async def test_page_that_asks_again_and_again_is_left_alone() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue()
    for _ in range(3):
        await dialogue.fail("again")

    with pytest.raises(NothingSent):
        await dialogue.events()
    assert (office.all_sent(), office.slots) == ([], [0])


async def test_again_after_a_part_is_a_failure() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue()
    await dialogue.fail("again", "a")

    with pytest.raises(NothingSent):
        await dialogue.events()


async def test_nothing_stays_taken_by_a_repeat_that_waits_in_vain() -> None:
    office = Office(queue_seconds=0.001)
    session = await office.ready()
    dialogue = office.dialogue()
    _, call = await dialogue.next_call()
    office.tell(session, "starting")
    session.receive(_again(call.call), 1)

    with pytest.raises(Overloaded):
        await dialogue.events()
    assert (office.slots, office.registry.queued) == ([0], 0)


async def test_nothing_stays_taken_by_a_repeat_whose_client_left() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue()
    _, call = await dialogue.next_call()
    office.tell(session, "starting")
    session.receive(_again(call.call), 1)
    await settle()
    waiting = (office.slots, office.registry.queued)
    await dialogue.cancel()

    assert waiting == ([1], 1)
    assert (office.slots, office.registry.queued) == ([0], 0)


async def test_session_that_ends_before_the_call_begins_gives_its_slot_back() -> None:
    office = Office()
    session = await office.attach()
    dialogue = office.dialogue()
    await settle()
    office.tell(session)  # the call gets its slot, but its task has not run yet
    session.end(SessionLost("gone"))

    with pytest.raises(SessionLost):
        await dialogue.events()
    assert office.slots == [0]


# ---------------------------------------------------------------- tools and JSON in words


async def test_tools_are_put_in_words_and_calls_read_back() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    asked = await dialogue.answer("I look. ", block(at="sky"))
    events = await dialogue.events()
    (started,) = [event for event in events if isinstance(event, ToolCallStarted)]

    assert (asked.tools, '"name":"look"' in text_of(asked)) == ((), True)
    assert (started.name, started.id[:5], events[-1]) == ("look", "call_", Finished(FinishReason.TOOL_CALLS))


async def test_correction_is_part_of_the_answer() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.answer(block(), usage=Usage(input_tokens=10, output_tokens=1))
    corrected = await dialogue.answer(block(at="sky"), usage=Usage(input_tokens=20, output_tokens=2))
    events = await dialogue.events()

    assert "There is a mistake in your tool calls" in text_of(corrected)
    assert [type(event) for event in events].count(Started) == 1
    assert events[-2:] == [
        UsageReport(Usage(input_tokens=30, output_tokens=3)),
        Finished(FinishReason.TOOL_CALLS),
    ]
    assert office.slots == [0]


async def test_correction_may_be_asked_again() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    for _ in range(2):
        await dialogue.fail("again")
    await dialogue.answer(block())
    for _ in range(2):
        await dialogue.fail("again")
    corrected = await dialogue.answer(block(at="sky"))

    assert "There is a mistake in your tool calls" in text_of(corrected)
    assert (await dialogue.events())[-1] == Finished(FinishReason.TOOL_CALLS)


@pytest.mark.parametrize("kind", ["upstream", "rate_limited", "again"])
async def test_correction_that_fails_leaves_what_there_is(kind: str) -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.answer("I look. ", block())
    for _ in range(3 if kind == "again" else 1):
        await dialogue.fail(kind)
    events = await dialogue.events()

    assert (said(events), events[-1]) == (f"I look. {block()}", Finished(FinishReason.STOP))
    assert office.slots == [0]


async def test_session_that_is_lost_during_a_correction_leaves_what_there_is() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.answer(block())
    await dialogue.next_call()
    office.lose(session, page_gone=True)

    assert said(await dialogue.events()) == block()
    assert office.slots == [0]


async def test_correction_that_is_too_long_is_not_asked() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    _, call = await dialogue.next_call()
    office.tell(session, limits={"max_prompt_chars": len(text_of(call.request)) + 1})
    session.receive(_texts(call.call, block()), 1)
    session.receive(_done(call.call, 1), 1)

    assert said(await dialogue.events()) == block()
    assert office.slots == [0]


async def test_correction_that_fails_after_something_new_fails_the_answer() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.answer(block())
    await dialogue.fail("upstream", "<think>", "hm, hm, hm, hm")

    with pytest.raises(BackendFailed):
        await dialogue.events()


async def test_json_that_was_promised_and_not_given_fails() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(request(response_format=STRICT))
    await dialogue.answer("no")
    await dialogue.answer("still no")

    with pytest.raises(BackendFailed, match="did not answer with the JSON"):
        await dialogue.events()
    assert office.slots == [0]


async def test_json_is_asked_for_in_words() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(JSON)
    asked = await dialogue.answer('Sure: {"a": 1}')

    assert (asked.response_format, "one JSON object" in text_of(asked)) == (None, True)
    assert said(await dialogue.events()) == '{"a": 1}'


async def test_text_held_for_long_is_silence() -> None:
    office = Office(idle=0)
    session = await office.ready()
    async with office.backend.open(JSON) as reply:
        _, call = office.sent()
        events = reply.events()
        session.receive(_texts(call.call, "{"), 1)
        first = await anext(events)
        session.receive(_texts(call.call, "}", seq=1), 1)
        second = await anext(events)

    assert [first, second] == [[Started("demo")], []]


async def test_text_held_shortly_is_nothing() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue(JSON)
    _, call = await dialogue.next_call()
    for seq, piece in enumerate("{ }"):
        session.receive(_texts(call.call, piece, seq=seq), 1)
        await settle()
    session.receive(_done(call.call, 3), 1)
    await dialogue.events()

    assert dialogue.batches == [[Started("demo")], [TextDelta("{ }"), Finished(FinishReason.STOP)]]


async def test_client_that_leaves_during_a_correction_stops_the_page() -> None:
    office = Office()
    session = await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.answer(block())
    await dialogue.next_call()
    await dialogue.cancel()

    assert [frame.reason for frame in session.drain() if isinstance(frame, Cancel)] == ["client_gone"]
    assert office.slots == [0]


@pytest.mark.parametrize(
    ("powers", "mode", "dropped"),
    [
        ({}, "auto", ("seed",)),
        ({"tools": True}, "auto", ("tool_choice", "parallel_tool_calls", "seed")),
        ({"tools": True}, "emulated", ("seed",)),
        ({"tools": True, "tool_choice": True, "parameters": ["seed"]}, "native", ("parallel_tool_calls",)),
    ],
)
async def test_what_nobody_honours_is_named(powers: dict[str, Any], mode: Any, dropped: tuple[str, ...]) -> None:
    office = Office(Policy(tools=mode))
    await office.ready(capabilities=powers)
    asked = request(
        tools=(LOOK,),
        tool_choice=ToolChoice(mode="required"),
        parallel_tool_calls=True,
        response_format=ResponseFormat(type="json_object"),
        seed=1,
    )
    async with office.backend.open(asked) as reply:
        pass

    assert reply.dropped == dropped


async def test_rate_limit_in_the_first_round_is_the_clients() -> None:
    office = Office()
    await office.ready()
    dialogue = office.dialogue(WITH_TOOLS)
    await dialogue.fail("rate_limited", retry_after=7)

    with pytest.raises(BackendThrottled) as error:
        await dialogue.events()
    with pytest.raises(BackendThrottled) as next_error:
        await office.ask()
    assert (error.value.retry_after, next_error.value.retry_after) == (7, 7)


async def test_instructions_count_for_the_length_of_a_prompt() -> None:
    office = Office()
    await office.ready(limits={"max_prompt_chars": 100})

    with pytest.raises(ContextLengthExceeded, match=r"has \d{3,} characters, the connected session takes 100"):
        await office.ask(WITH_TOOLS)
    assert office.slots == [0]
