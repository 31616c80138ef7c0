from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.bridge import REQUEST, Clock, accepted, done, fail, hello, joined, state, texts
from support.links import FakeLink, settle

from relay.bridge.frames import (
    Account,
    Call,
    Cancel,
    Capabilities,
    Client,
    Credit,
    Model,
    PageLimits,
    Parts,
    UnknownPart,
)
from relay.bridge.health import LastError
from relay.bridge.protocol import ACKNOWLEDGE_SECONDS, Clocks, Completed, Failed, Outcome, Window
from relay.bridge.session import Identity, LiveCall, Session
from relay.core.events import FinishReason
from relay.errors import BridgeViolation, SessionLost

Batch = tuple[str, Outcome | None]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(clock: Clock) -> Session:
    identity = Identity("s-1", "b-1", Client(kind="page"), "demo", "chat.example")
    return Session(identity, Window(parts=4), Clocks(), clock)


@pytest.fixture
def link(session: Session) -> FakeLink:
    link = FakeLink()
    session.attach(link, hello())
    session.apply(state())
    return link


@pytest.fixture
async def call(session: Session, link: FakeLink) -> AsyncIterator[LiveCall]:
    async with session.call(REQUEST) as call:
        session.drain()
        yield call


def read_one(call: LiveCall, idle: float = 3600) -> asyncio.Task[Batch]:
    """Begin to wait for the next batch."""

    async def read() -> Batch:
        async for parts, outcome in call.batches(idle):
            return joined(parts), outcome
        raise AssertionError("no batch")

    return asyncio.create_task(read())


async def read_all(call: LiveCall) -> list[Batch]:
    return [(joined(parts), outcome) async for parts, outcome in call.batches(3600)]


# ---------------------------------------------------------------- what the page says about itself


def test_session_starts_without_powers(session: Session) -> None:
    assert (session.state, session.ready, session.online, session.has_room) == ("starting", False, False, False)
    assert (session.capabilities, session.limits, session.models) == (Capabilities(), PageLimits(), ())


def test_fields_left_out_keep_their_value(session: Session, link: FakeLink) -> None:
    whole: dict[str, Any] = {
        "detail": "Signed in.",
        "account": {"id": "u-1"},
        "capabilities": {"tools": True},
        "limits": {"concurrency": 3},
    }
    session.apply(state(**whole))
    session.apply(state(models=None))

    assert session.detail == "Signed in."
    assert session.account == Account(id="u-1")
    assert session.capabilities == Capabilities(tools=True)
    assert session.limits == PageLimits(concurrency=3)
    assert session.models == (Model(id="demo"),)


def test_empty_list_of_models_takes_them_away(session: Session, link: FakeLink) -> None:
    session.apply(state(models=[]))

    assert session.models == ()


def test_detail_goes_with_its_state(session: Session, link: FakeLink, clock: Clock) -> None:
    clock.now = 5
    session.apply(state("blocked", detail="A captcha."))
    clock.now = 7
    session.apply(state("blocked"))
    blocked = session.detail, session.since
    session.apply(state("ready"))

    assert blocked == ("A captcha.", 5)
    assert (session.detail, session.since) == (None, 7)


def test_reason_goes_with_its_state(session: Session, link: FakeLink) -> None:
    session.apply(state("blocked", reason="captcha"))
    session.apply(state("blocked"))
    blocked = session.reason
    session.apply(state("ready", reason="captcha"))
    elsewhere = session.reason
    session.apply(state("blocked"))

    assert (blocked, elsewhere, session.reason) == ("captcha", None, None)


def test_account_goes_with_its_login(session: Session, link: FakeLink) -> None:
    session.apply(state(account={"id": "u-1"}))
    session.apply(state("blocked"))
    blocked = session.account
    session.apply(state("login_required"))
    session.apply(state("ready"))

    assert (blocked, session.account) == (Account(id="u-1"), None)


@pytest.mark.parametrize("word", ["starting", "login_required", "blocked", "site_changed", "unavailable"])
def test_only_a_ready_session_has_room(session: Session, link: FakeLink, word: str) -> None:
    before = session.has_room
    session.apply(state(word))

    assert (before, session.has_room) == (True, False)


def test_busy_session_has_no_room(session: Session, link: FakeLink) -> None:
    session.apply(state(limits={"concurrency": 2}))
    session.in_flight = 1
    one = session.has_room
    session.in_flight = 2

    assert (one, session.has_room) == (True, False)


def test_session_without_a_socket_has_no_room(session: Session, link: FakeLink, clock: Clock) -> None:
    clock.now = 9
    session.detach(link, page_gone=False)

    assert (session.ready, session.online, session.has_room, session.offline_since) == (True, False, False, 9)
    session.attach(FakeLink(), hello())
    assert (session.has_room, session.offline_since) == (True, None)


def test_reloaded_page_has_no_room_until_it_says_so(session: Session, link: FakeLink) -> None:
    session.detach(link, page_gone=True)
    session.attach(FakeLink(), hello())
    before = session.has_room
    session.apply(state())

    assert (before, session.has_room) == (False, True)


def test_end_of_an_older_link_changes_nothing(session: Session, link: FakeLink) -> None:
    newer = FakeLink()
    session.attach(newer, hello())
    session.detach(link, page_gone=True)

    assert (session.link, session.has_room) == (newer, True)


# ---------------------------------------------------------------- calls


async def test_call_is_sent_and_read(session: Session, link: FakeLink) -> None:
    async with session.call(REQUEST, attempt=2) as call:
        sent = session.drain()
        session.receive(accepted(call.id, 2), 1)
        session.receive(texts(0, "a", "b", call=call.id, attempt=2), 1)
        session.receive(done(2, call.id, 2), 1)
        batches = await read_all(call)

    assert sent == [Call(call=call.id, attempt=2, method="chat", request=REQUEST, credit=4)]
    assert batches == [("ab", Completed(FinishReason.STOP, None))]
    assert session.drain() == [Credit(call=call.id, attempt=2, ack=3, upto=4)]


async def test_reader_is_woken_by_parts_and_by_the_end(session: Session, call: LiveCall) -> None:
    first = read_one(call)
    await settle()
    waiting = first.done()
    session.receive(texts(0, "a", call=call.id), 1)
    batch = await first
    second = read_one(call)
    await settle()
    session.receive(done(1, call.id), 1)

    assert (waiting, batch) == (False, ("a", None))
    assert await second == ("", Completed(FinishReason.STOP, None))


async def test_frames_of_unknown_calls_wake_nobody(session: Session, call: LiveCall) -> None:
    reader = read_one(call)
    await settle()
    session.receive(texts(0, "a", call="c-other"), 1)
    await settle()

    assert not reader.done()
    reader.cancel()


async def test_idle_reader_gets_an_empty_batch(session: Session, call: LiveCall) -> None:
    assert await read_one(call, idle=0) == ("", None)
    session.receive(texts(0, "a", call=call.id), 1)
    assert await read_one(call, idle=0) == ("a", None)


async def test_parts_of_unknown_types_do_not_stop_the_credit(session: Session, call: LiveCall, link: FakeLink) -> None:
    session.receive(Parts(call=call.id, attempt=1, seq=0, parts=(UnknownPart(),) * 4), 1)
    wakes = link.wakes

    assert await read_one(call) == ("", None)
    assert link.wakes == wakes + 1
    session.receive(texts(4, "a", call=call.id), 1)
    assert await read_one(call) == ("a", None)


async def test_end_wakes_the_writer_to_acknowledge_it(session: Session, call: LiveCall, link: FakeLink) -> None:
    session.receive(texts(0, "a", call=call.id), 1)
    wakes = link.wakes
    session.receive(done(1, call.id), 1)

    assert link.wakes == wakes + 1


async def test_reading_wakes_the_writer_when_credit_is_due(session: Session, call: LiveCall, link: FakeLink) -> None:
    wakes = [link.wakes]
    for seq in range(2):
        session.receive(texts(seq, "a", call=call.id), 1)
        await read_one(call)
        wakes.append(link.wakes)

    assert wakes == [wakes[0], wakes[0], wakes[0] + 1]


async def test_quiet_page_is_told_what_was_read(session: Session, call: LiveCall, link: FakeLink) -> None:
    session.receive(texts(0, "a", call=call.id), 1)
    await read_one(call)
    wakes = link.wakes
    session.expire(ACKNOWLEDGE_SECONDS)

    assert link.wakes == wakes + 1
    assert len(session.drain()) == 1


async def test_clock_wakes_the_reader(session: Session, call: LiveCall) -> None:
    reader = read_one(call)
    await settle()
    session.expire(10)

    text, outcome = await reader
    assert (text, isinstance(outcome, Failed)) == ("", True)


async def test_reader_who_gives_up_leaves_nothing(session: Session, link: FakeLink) -> None:
    async with session.call(REQUEST) as call:
        session.drain()
        reader = read_one(call)
        await settle()
        reader.cancel()
        await settle()
    session.receive(texts(0, "late", call=call.id), 1)

    assert session.drain() == [Cancel(call=call.id, attempt=1, reason="stop")]


# ---------------------------------------------------------------- why a page must stop


async def test_reader_with_enough_stops_the_page(session: Session, link: FakeLink) -> None:
    async with session.call(REQUEST) as call:
        session.drain()

    assert session.drain() == [Cancel(call=call.id, attempt=1, reason="stop")]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (asyncio.CancelledError(), "client_gone"),
        (ConnectionError(), "client_gone"),
        (BridgeViolation("mixed up"), "protocol"),
    ],
)
async def test_reader_who_fails_says_why(session: Session, link: FakeLink, error: BaseException, reason: Any) -> None:
    async def read() -> None:
        async with session.call(REQUEST):
            session.drain()
            raise error

    with pytest.raises(type(error)):
        await read()

    ((frame,),) = (session.drain(),)
    assert isinstance(frame, Cancel)
    assert frame.reason == reason


# ---------------------------------------------------------------- losing the page


async def test_calls_wait_for_a_lost_socket(session: Session, call: LiveCall, link: FakeLink) -> None:
    session.receive(accepted(call.id), 1)
    reader = read_one(call)
    await settle()
    session.detach(link, page_gone=False)
    await settle()
    waiting = not reader.done()
    wanted = session.attach(FakeLink(), hello(resume=[{"call": call.id, "attempt": 1, "sent": 1}]))
    session.receive(texts(0, "a", call=call.id), 1)

    assert (waiting, [each.call for each in wanted]) == (True, [call.id])
    assert await reader == ("a", None)


async def test_calls_of_a_page_that_went_away_fail_at_once(session: Session, call: LiveCall, link: FakeLink) -> None:
    reader = read_one(call)
    await settle()
    session.detach(link, page_gone=True)

    _, outcome = await reader
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionLost)


async def test_page_that_comes_back_without_the_call_wakes_its_reader(
    session: Session, call: LiveCall, link: FakeLink
) -> None:
    session.receive(accepted(call.id), 1)
    reader = read_one(call)
    await settle()
    session.detach(link, page_gone=False)
    session.attach(FakeLink(), hello())
    async with asyncio.timeout(5):
        _, outcome = await reader

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionLost)


async def test_ended_session_begins_no_call(session: Session, link: FakeLink) -> None:
    error = SessionLost("over")
    session.end(error)

    with pytest.raises(SessionLost, match="over"):
        async with session.call(REQUEST):
            pytest.fail("began")


async def test_ended_session_fails_its_calls(session: Session, call: LiveCall) -> None:
    error = SessionLost("over")
    session.receive(texts(0, "a", call=call.id), 1)
    session.end(error, "shutdown")

    assert await read_all(call) == [("a", Failed(error, "shutdown"))]


async def test_call_without_a_socket_waits_for_one(session: Session) -> None:
    async with session.call(REQUEST) as call:
        before = session.drain()
        session.attach(FakeLink(), hello())
        after = session.drain()

    assert before == []
    assert after == [Call(call=call.id, attempt=1, method="chat", request=REQUEST, credit=4)]


# ---------------------------------------------------------------- what failures mean


async def failed(session: Session, kind: str, **fields: Any) -> None:
    async with session.call(REQUEST) as call:
        session.receive(fail(0, kind, call.id, **fields), 1)


async def test_session_rests_when_its_site_asks_to_slow_down(session: Session, link: FakeLink, clock: Clock) -> None:
    session.apply(state())
    await failed(session, "rate_limited", retry_after=5.0)
    session.apply(state())
    before = session.has_room, session.rest
    clock.now += 5

    assert (before, session.has_room, session.rest) == ((False, 5.0), True, 0.0)
    assert session.last_error == LastError("rate_limit_exceeded", "No.", clock.now - 5)


async def test_session_waits_for_its_page_after_a_lost_login(session: Session, link: FakeLink) -> None:
    session.apply(state())
    await failed(session, "login_required")
    before = session.has_room
    session.apply(state())

    assert (before, session.has_room) == (False, True)


async def test_answer_that_came_too_late_is_a_failure(session: Session, link: FakeLink, clock: Clock) -> None:
    async with session.call(REQUEST):
        clock.now = 1e6
        session.expire(clock.now)

    assert session.last_error is not None
    assert session.last_error.kind == "timeout"
