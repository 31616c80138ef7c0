from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.bridge import REQUEST, accepted, fail, texts
from support.links import FakeLink, settle
from support.office import Office, request

from relay.backends.reply import BrowserReply
from relay.bridge.frames import Cancel, Credit, Done, ImageOutPart, Parts, ToolCallPart
from relay.core.events import Event, Finished, FinishReason, ImagePart, Started, TextDelta, Usage, UsageReport
from relay.core.model import ModelEntry
from relay.core.request import Image, Request, Text, Tool, ToolChoice, UserMessage
from relay.errors import (
    BackendThrottled,
    BridgeViolation,
    ContextLengthExceeded,
    ModelNotFound,
    RelayError,
    SessionBlocked,
    SessionNotAvailable,
    SessionOffline,
    UnsupportedFeature,
)

LOOK, WAIT = Tool(name="look"), Tool(name="wait")
USAGE = Usage(input_tokens=3, output_tokens=2)


async def read(reply: BrowserReply) -> list[list[Event]]:
    return [batch async for batch in reply.events()]


# ---------------------------------------------------------------- an answer


async def test_answer_from_start_to_end() -> None:
    office = Office()
    session = await office.ready()
    async with office.backend.open(REQUEST) as reply:
        _, call = office.sent()
        events = asyncio.create_task(read(reply))
        for frame in (
            accepted(call.call),
            texts(0, "a", "b", call=call.call),
            Parts(call=call.call, attempt=1, seq=2, parts=(ImageOutPart("data:,"), ToolCallPart("t", "look"))),
            Done(call=call.call, attempt=1, seq=4, finish_reason=FinishReason.TOOL_CALLS, usage=USAGE),
        ):
            session.receive(frame, 1)
            await settle()
        first, *_, last = batches = await events

    assert (reply.model, reply.account, reply.dropped) == ("demo", session.id[:8], ())
    assert first == [Started("demo"), TextDelta("ab")]
    assert batches[1][0] == ImagePart("data:,")
    assert last[-2:] == [UsageReport(USAGE), Finished(FinishReason.TOOL_CALLS)]
    assert (session.in_flight, session.drain()) == (0, [Credit(call=call.call, attempt=1, ack=5, upto=1024)])


async def test_answer_that_arrived_at_once_is_one_batch() -> None:
    office = Office()
    session = await office.ready()
    async with office.backend.open(REQUEST) as reply:
        _, call = office.sent()
        session.receive(texts(0, "a", call=call.call), 1)
        session.receive(Done(call=call.call, attempt=1, seq=1, finish_reason=FinishReason.STOP), 1)

        assert await read(reply) == [[Started("demo"), TextDelta("a"), Finished(FinishReason.STOP)]]


async def test_silence_is_an_empty_batch() -> None:
    office = Office(idle=0)
    await office.ready()
    async with office.backend.open(REQUEST) as reply:
        events = reply.events()

        assert [await anext(events) for _ in range(3)] == [[], [], []]


async def test_failure_comes_after_what_was_said_before_it() -> None:
    office = Office()
    session = await office.ready()
    async with office.backend.open(REQUEST) as reply:
        _, call = office.sent()
        session.receive(texts(0, "a", call=call.call), 1)
        session.receive(fail(1, "rate_limited", call.call), 1)
        events = reply.events()

        assert await anext(events) == [Started("demo"), TextDelta("a")]
        with pytest.raises(BackendThrottled):
            await anext(events)


async def test_failure_before_the_first_part_says_nothing_else() -> None:
    office = Office()
    session = await office.ready()
    async with office.backend.open(REQUEST) as reply:
        _, call = office.sent()
        session.receive(fail(0, "rate_limited", call.call), 1)
        with pytest.raises(BackendThrottled):
            await anext(reply.events())


async def test_mixed_up_tool_calls_stop_the_page() -> None:
    office = Office()
    session = await office.ready()

    async def ask() -> None:
        async with office.backend.open(REQUEST) as reply:
            _, call = office.sent()
            session.receive(Parts(call=call.call, attempt=1, seq=0, parts=(ToolCallPart("t"),)), 1)
            await read(reply)

    with pytest.raises(BridgeViolation):
        await ask()
    assert [frame.reason for frame in session.drain() if isinstance(frame, Cancel)] == ["protocol"]
    assert session.in_flight == 0


async def test_reader_with_enough_stops_the_page() -> None:
    office = Office()
    session = await office.ready()
    _, call = await office.ask()

    assert session.drain() == [Cancel(call=call.call, attempt=1, reason="stop")]
    assert session.in_flight == 0


# ---------------------------------------------------------------- models


async def test_models_are_those_of_ready_sessions() -> None:
    office = Office()
    await office.ready(models=[{"id": "a", "aliases": ["first"]}])
    other = await office.ready(models=[{"id": "b"}])
    both = office.backend.models()
    office.tell(other, "login_required")

    assert [entry.id for entry in both] == ["a", "b"]
    assert office.backend.models() == (ModelEntry(id="a", owned_by="session", created=1000),)
    assert office.backend.find_model("FIRST").id == "a"


async def test_client_that_names_no_model_gets_one_that_is_there() -> None:
    office = Office()
    assert office.backend.default_model("elsewhere") == "elsewhere"
    one = await office.ready(models=[{"id": "a", "aliases": ["first"]}])
    other = await office.ready(models=[{"id": "b"}])
    model = office.backend.default_model
    assert (model("First"), model("b"), model("elsewhere")) == ("First", "b", "a")
    assert (model("b", one.id), model("a", other.id), model("first", one.id[:8])) == ("a", "b", "first")
    assert model("b", "nobody") == "b"
    office.tell(other, "login_required")
    assert (model("b"), model("a", other.id)) == ("a", "a")


async def test_model_is_as_old_as_its_first_offer() -> None:
    office = Office()
    session = await office.ready()
    office.backend.models()
    office.wall = 2000
    office.tell(session, models=[{"id": "demo"}, {"id": "new"}])

    assert [(entry.id, entry.created) for entry in office.backend.models()] == [("demo", 1000), ("new", 2000)]


@pytest.mark.parametrize("name", ["Site/Model", "site/model", "model", "MODEL"])
async def test_page_gets_its_own_id_of_the_model(name: str) -> None:
    office = Office()
    await office.ready(models=[{"id": "Site/Model", "aliases": ["model"]}])
    async with office.backend.open(request(model=name)) as reply:
        _, call = office.sent()

    assert (reply.model, call.request.model) == ("Site/Model", "Site/Model")


async def test_unknown_model_names_the_nearest() -> None:
    office = Office()
    await office.ready(models=[{"id": "claude-sonnet"}])

    with pytest.raises(ModelNotFound) as refusal:
        await office.ask(request(model="claude-sonet"))
    assert refusal.value.nearest == ("claude-sonnet",)


async def test_model_taken_away_in_the_moment_of_delivery_is_still_asked_for() -> None:
    office = Office()
    waiting = office.begin()
    session = await office.attach()
    await settle()
    office.tell(session)  # the call gets its slot, but its task has not run yet
    office.tell(session, models=[])

    _, call = await waiting
    assert call.request.model == "demo"


# ---------------------------------------------------------------- which session


async def test_session_that_offers_the_model_is_used() -> None:
    office = Office()
    await office.ready(models=[{"id": "other"}])
    wanted = await office.ready()

    assert (await office.ask())[0] is wanted


async def test_least_busy_session_is_used() -> None:
    office = Office()
    sessions = [await office.ready(limits={"concurrency": limit}) for limit in (2, 4)]
    sessions[0].in_flight, sessions[1].in_flight = 1, 1

    assert (await office.ask())[0] is sessions[1]


async def test_of_equally_busy_sessions_the_longest_idle_is_used() -> None:
    office = Office()
    sessions = [await office.ready() for _ in range(3)]
    used = []
    for _ in range(4):
        office.clock.now += 1
        used.append(sessions.index((await office.ask())[0]))

    assert used == [0, 1, 2, 0]


async def test_busy_session_is_waited_for() -> None:
    office = Office()
    session = await office.ready()
    async with office.backend.open(REQUEST):
        office.sent()
        second = office.begin()
        await settle()
        waiting = not second.done()

    assert waiting
    assert (await second)[0] is session


async def test_session_that_lost_its_socket_is_waited_for_within_its_grace() -> None:
    office = Office(grace=30)
    session = await office.ready()
    office.lose(session)
    waiting = office.begin()
    await settle()
    office.tick(29)
    await settle()
    still = not waiting.done()
    await office.attach(FakeLink(), session=session.id)

    assert still
    assert (await waiting)[0] is session


async def test_reloaded_page_is_waited_for_until_it_can_answer() -> None:
    office = Office(grace=30)
    session = await office.ready()
    office.lose(session, page_gone=True)
    waiting = office.begin()
    await settle()
    steps = []
    await office.attach(FakeLink(), session=session.id)
    for word in ("starting", "ready"):
        await settle()
        steps.append(waiting.done())
        office.tell(session, word)

    assert (steps, (await waiting)[0] is session) == ([False, False], True)


# ---------------------------------------------------------------- nobody


async def refusal(office: Office, asked: Request = REQUEST) -> tuple[type[Exception], str]:
    with pytest.raises(RelayError) as caught:
        await office.ask(asked)
    return caught.type, caught.value.message


async def test_nobody_is_connected() -> None:
    error, message = await refusal(Office())

    assert error is SessionNotAvailable
    assert message.startswith("No signed-in page is connected. Open relay's page")


@pytest.mark.parametrize(
    ("word", "detail", "sentence"),
    [
        ("login_required", None, "is open but not signed in: sign in there."),
        ("login_required", "Sign in to Puter.", "is open but not signed in: Sign in to Puter."),
        ("blocked", None, "is open but held up: the site asks for something only you can do."),
        ("blocked", "A captcha.", "is open but held up: A captcha."),
        ("unavailable", "No WebGPU.", "is open but cannot answer: No WebGPU."),
    ],
)
async def test_page_that_cannot_answer_says_why(word: str, detail: str | None, sentence: str) -> None:
    office = Office()
    session = await office.attach()
    office.tell(session, word, detail=detail)

    error = SessionBlocked if word == "blocked" else SessionNotAvailable
    assert await refusal(office) == (error, f"The page of chat.example {sentence}")


async def test_most_telling_of_several_pages_is_named_first() -> None:
    office = Office()
    for word in ("unavailable", "login_required"):
        office.tell(await office.attach(), word)

    assert (await refusal(office))[1].startswith("The page of chat.example is open but not signed in: sign in there.")


async def test_page_that_starts_for_too_long_is_named() -> None:
    office = Office(grace=30)
    await office.attach()
    waiting = office.begin()
    await settle()
    office.tick(29)
    await settle()
    still = not waiting.done()
    office.tick(1)

    assert still
    with pytest.raises(SessionNotAvailable, match="open but not ready: wait until it is"):
        await waiting


async def test_login_that_ends_while_a_call_waits_is_named() -> None:
    office = Office()
    session = await office.ready()
    office.lose(session, page_gone=True)
    waiting = office.begin()
    await settle()
    await office.attach(FakeLink(), session=session.id)
    office.tell(session, "login_required", detail="Sign in again.")

    with pytest.raises(SessionNotAvailable, match="not signed in: Sign in again"):
        await waiting


async def test_page_that_did_not_come_back_is_offline() -> None:
    office = Office(grace=30)
    session = await office.ready()
    office.lose(session)
    waiting = office.begin()
    await settle()
    office.tick(30)

    with pytest.raises(SessionOffline) as error:
        await waiting
    assert error.value.retry_after == 5


# ---------------------------------------------------------------- what a session cannot do


IMAGE = (UserMessage(content=(Text(text="What?"), Image(url="data:,"))),)


@pytest.mark.parametrize(
    ("fields", "limits", "error"),
    [
        ({"messages": IMAGE}, {}, UnsupportedFeature),
        ({}, {"max_prompt_chars": 1}, ContextLengthExceeded),
    ],
)
async def test_what_no_session_can_do_is_refused(
    fields: dict[str, Any], limits: dict[str, Any], error: type[Exception]
) -> None:
    office = Office()
    for _ in range(2):
        await office.ready(limits=limits)

    assert (await refusal(office, request(**fields)))[0] is error


async def test_session_that_can_do_it_is_used_or_waited_for() -> None:
    office = Office()
    await office.ready()
    able = await office.ready(capabilities={"images": True})
    free = (await office.ask(request(messages=IMAGE)))[0]
    able.in_flight = 1
    waiting = office.begin(request(messages=IMAGE))
    await settle()
    still = not waiting.done()
    waiting.cancel()

    assert (free is able, still) == (True, True)


async def test_dropped_and_enforced_parameters_are_named() -> None:
    office = Office()
    await office.ready(capabilities={"parameters": ["seed"]})
    async with office.backend.open(request(seed=1, temperature=0.5, max_tokens=5, stop=("x",), user="u")) as reply:
        pass

    assert (reply.dropped, reply.enforces) == (("temperature",), ("seed",))


NONE = ToolChoice(mode="none")
ONE = ToolChoice(mode="required", names=("look",))


@pytest.mark.parametrize(
    ("choice", "native", "tools", "dropped"),
    [
        (None, False, (LOOK, WAIT), ()),
        (ToolChoice(), False, (LOOK, WAIT), ()),
        (NONE, False, (), ()),
        (NONE, True, (LOOK, WAIT), ()),
        (ONE, False, (LOOK,), ("tool_choice",)),
        (ONE, True, (LOOK, WAIT), ()),
        (ToolChoice(mode="auto", names=("wait",)), False, (WAIT,), ()),
        (ToolChoice(mode="required"), False, (LOOK, WAIT), ("tool_choice",)),
    ],
)
async def test_tool_choice_of_a_page_without_it(
    choice: ToolChoice | None, native: bool, tools: tuple[Tool, ...], dropped: tuple[str, ...]
) -> None:
    office = Office()
    await office.ready(capabilities={"tools": True, "tool_choice": native})
    asked = request(tools=(LOOK, WAIT), tool_choice=choice, extra={"private": 1})
    async with office.backend.open(asked) as reply:
        _, call = office.sent()

    assert call.request == request(tools=tools, tool_choice=choice)
    assert reply.dropped == dropped
