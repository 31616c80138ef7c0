from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.bridge import HELLO, REQUEST, Clock, joined
from support.harbour import TERMS, FakePage, Harbour, harbour, until
from support.links import Desk

from relay.bridge.link import FRAMES_PER_TURN, LiveLink
from relay.bridge.protocol import Completed, Failed, Outcome
from relay.bridge.session import LiveCall, Session
from relay.core.events import FinishReason
from relay.core.request import Request, Text, UserMessage
from relay.errors import BridgeViolation, SessionLost

HEARTBEAT = 10
STOPPED = Completed(FinishReason.STOP, None)


@pytest.fixture
async def h() -> AsyncIterator[Harbour]:
    async with harbour(heartbeat_seconds=HEARTBEAT, probe_seconds=0.05) as running:
        yield running


async def read(call: LiveCall) -> tuple[str, Outcome]:
    """Read a call to its end."""
    text = ""
    async for parts, outcome in call.batches(3600):
        text += joined(parts)
        if outcome is not None:
            return text, outcome
    raise AssertionError("no outcome")


async def begin(page: FakePage) -> str:
    """Accept the call that relay sends; return its id."""
    call: str = (await page.hear())["call"]
    await page.say("accepted", call=call, attempt=1)
    return call


async def come_back(page: FakePage, session: Session, *offers: dict[str, Any]) -> Any:
    return await page.hello(session=session.id, resume=offers)


# ---------------------------------------------------------------- calls


async def test_call_over_a_real_socket(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call:
        reader = asyncio.create_task(read(call))
        frame = await page.hear()
        await page.say("accepted", call=call.id, attempt=1)
        for seq in range(0, 40, 4):
            await page.parts(call.id, seq, *"abcd")
            if seq >= 4:
                await until(lambda seen=seq: session._protocol.calls[call.id].consumed >= seen)
        await page.done(call.id, 40)
        text, outcome = await reader

    assert frame == {
        "type": "call",
        "call": call.id,
        "attempt": 1,
        "method": "chat",
        "credit": 8,
        "request": {"model": "demo", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    }
    assert (text, outcome) == ("abcd" * 10, STOPPED)


async def test_client_who_leaves_cancels_the_call_in_the_page(h: Harbour) -> None:
    async with h.ready_page() as (page, session):
        async with session.call(REQUEST):
            call = await begin(page)
        cancel = await page.hear()

    assert cancel == {"type": "cancel", "call": call, "attempt": 1, "reason": "stop"}


async def test_bridge_answers_only_its_own_calls(h: Harbour) -> None:
    async with h.ready_page() as (page, session), h.ready_page() as (stranger, other), session.call(REQUEST) as call:
        reader = asyncio.create_task(read(call))
        await begin(page)
        await stranger.parts(call.id, 0, "evil")
        await stranger.say("fail", call=call.id, attempt=1, seq=1, kind="internal", message="evil")
        await until(lambda: other._protocol.stale == 2)
        await page.parts(call.id, 0, "good")
        await page.done(call.id, 1)

        assert await reader == ("good", STOPPED)


async def test_state_reaches_the_session_and_who_waits_for_it(h: Harbour) -> None:
    waiting = asyncio.create_task(
        h.registry.acquire(lambda: next((each for each in h.registry if each.has_room), None))
    )
    async with h.ready_page(adapter="puter", site="other.example") as (_, session):
        assert await waiting is session
        assert (session.identity.adapter, session.identity.site) == ("puter", "other.example")


# ---------------------------------------------------------------- frames that are none


@pytest.mark.parametrize("frame", [b"\x00", b'{"type":"pong","t":1}', "", "null", '{"type":"pong"}', "[" * 5000])
async def test_broken_frame_ends_the_link_and_not_the_session(h: Harbour, frame: str | bytes) -> None:
    async with h.ready_page() as (page, session):
        await page.ws.send(frame)
        closed = await page.closed()
        await until(lambda: not session.online)

        assert closed == (4400, [])
        assert list(h.registry) == [session]


async def test_broken_frame_of_a_call_ends_that_call_only(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call, session.call(REQUEST) as other:
        await page.hear()
        await page.hear()
        await page.say("done", call=call.id, attempt=1, seq=0, finish_reason="tired")
        text, outcome = await read(call)
        assert text == ""
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, BridgeViolation)
        await page.say("parts", call=other.id, attempt=1, seq=0, parts=[{"type": "text", "text": "a"}])
        await page.say("done", call=other.id, attempt=1, seq=1, finish_reason="stop")
        assert await read(other) == ("a", STOPPED)


async def test_frames_of_a_later_version_and_second_greetings_are_ignored(h: Harbour) -> None:
    async with h.ready_page() as (page, session):
        await page.say("wave", at="you")
        await page.say(**HELLO_AGAIN)
        h.tick(HEARTBEAT)

        assert (await page.hear())["type"] == "ping"
        assert session.online


HELLO_AGAIN: dict[str, Any] = {"type_": "hello", **{name: value for name, value in HELLO.items() if name != "type"}}


# ---------------------------------------------------------------- the heartbeat


async def test_page_is_pinged_with_each_heartbeat(h: Harbour) -> None:
    async with h.ready_page() as (page, _):
        pings = []
        h.tick(HEARTBEAT - 1)
        for _ in range(3):
            h.tick(1)
            pings.append(await page.hear())
            await page.say("pong", t=pings[-1]["t"])
            await until(lambda: next(iter(h.server._links))._heard == h.clock.now)
            h.tick(HEARTBEAT - 1)

    assert pings == [{"type": "ping", "t": t} for t in (1_010_000, 1_020_000, 1_030_000)]


async def test_page_that_misses_heartbeats_is_dropped_and_may_resume(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call:
        reader = asyncio.create_task(read(call))
        await begin(page)
        await page.parts(call.id, 0, "a", "b")
        await until(lambda: session._protocol.calls[call.id].received == 2)
        h.tick(2.5 * HEARTBEAT)
        alive = session.online
        h.tick(0.1)
        await until(lambda: not session.online)
        async with h.page() as again:
            welcome = await come_back(again, session, {"call": call.id, "attempt": 1, "sent": 4})
            await again.parts(call.id, 2, "c", "d")
            await again.done(call.id, 4)

            assert (alive, (await page.closed())[0]) == (True, 1006)
            assert welcome["resumed"]
            assert welcome["resume"] == [{"call": call.id, "attempt": 1, "next": 2, "upto": 8}]
            assert await reader == ("abcd", STOPPED)


async def test_page_that_never_reads_is_dropped_though_it_speaks(h: Harbour) -> None:
    large = Request(model="demo", messages=(UserMessage(content=(Text(text="x" * 2**25),)),))
    async with h.ready_page() as (page, session):
        page.ws.transport.pause_reading()
        (link,) = h.server._links
        async with session.call(large):
            await until(lambda: link._writing_since is not None)
            for _ in range(4):
                h.tick(HEARTBEAT * 0.7)
                await page.say("wave")
                await until(lambda: link._heard == h.clock.now or not session.online)
            await until(lambda: not session.online)

        assert len(link._posted) <= 3


# ---------------------------------------------------------------- losing the socket


async def test_socket_that_breaks_loses_nothing(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call:
        reader = asyncio.create_task(read(call))
        await begin(page)
        await page.parts(call.id, 0, "a")
        await until(lambda: session._protocol.calls[call.id].received == 1)
        page.break_socket()
        await until(lambda: not session.online)
        async with h.page() as again:
            welcome = await come_back(again, session, {"call": call.id, "attempt": 1, "sent": 3})
            await again.parts(call.id, 0, "a", "b", "c")
            await again.done(call.id, 3)

            assert welcome["resume"] == [{"call": call.id, "attempt": 1, "next": 1, "upto": 8}]
            assert await reader == ("abc", STOPPED)


async def test_call_lost_on_the_way_is_sent_again_after_the_welcome(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call:
        page.break_socket()
        await until(lambda: not session.online)
        async with h.page() as again:
            welcome = await come_back(again, session)

            assert (welcome["type"], welcome["resume"]) == ("welcome", [])
            assert (await again.hear())["call"] == call.id


CARRIED = {"kind": "extension", "version": "1.0", "carried": True}


@pytest.mark.parametrize(
    ("code", "client", "stays"),
    [
        (1000, HELLO["client"], False),
        (1001, HELLO["client"], True),
        (1001, {"kind": "headless", "version": "1.0"}, True),
        (4001, HELLO["client"], True),
        (1000, CARRIED, False),
        (4001, CARRIED, True),
    ],
)
async def test_page_that_goes_away_fails_its_calls_at_once(h: Harbour, code: int, client: Any, stays: bool) -> None:
    async with h.ready_page(client=client) as (page, session), session.call(REQUEST) as call:
        await begin(page)
        await page.ws.close(code)
        text, outcome = await read(call)

    assert text == ""
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionLost)
    assert (session in list(h.registry)) is stays


@pytest.mark.parametrize(("code", "client"), [(4000, HELLO["client"]), (1001, CARRIED), (4000, CARRIED)])
async def test_socket_that_its_page_outlives_may_resume(h: Harbour, code: int, client: Any) -> None:
    async with h.ready_page(client=client) as (page, session), session.call(REQUEST) as call:
        await begin(page)
        await page.ws.close(code)
        await until(lambda: not session.online)
        async with h.page() as again:
            welcome = await come_back(again, session, {"call": call.id, "attempt": 1, "sent": 0})

    assert welcome["resume"] == [{"call": call.id, "attempt": 1, "next": 0, "upto": 8}]


# ---------------------------------------------------------------- newcomers


async def test_newcomer_does_not_displace_a_page_that_answers(h: Harbour) -> None:
    async with h.ready_page() as (page, session), h.page() as newcomer:
        coming = asyncio.create_task(come_back(newcomer, session))
        ping = await page.hear()
        await page.say("pong", t=ping["t"])
        welcome = await coming

        assert (ping["type"], welcome["resumed"], welcome["session"] == session.id) == ("ping", False, False)
        assert session.online


async def test_newcomer_takes_the_place_of_a_page_that_hangs(h: Harbour) -> None:
    async with h.ready_page() as (page, session), session.call(REQUEST) as call, h.page() as newcomer:
        await begin(page)
        welcome = await come_back(newcomer, session, {"call": call.id, "attempt": 1, "sent": 0})

        assert (welcome["resumed"], welcome["resume"][0]["call"]) == (True, call.id)
        assert (await page.closed())[0] == 1001
        await newcomer.done(call.id, 0)
        assert await read(call) == ("", STOPPED)


async def test_page_that_breaks_off_while_it_is_probed_is_not_waited_for() -> None:
    async with harbour(probe_seconds=3600) as h, h.ready_page() as (page, session), h.page() as newcomer:
        coming = asyncio.create_task(come_back(newcomer, session))
        await page.hear()
        page.break_socket()

        assert (await coming)["resumed"]


async def test_hanging_page_cannot_hold_a_revoked_socket_open(h: Harbour) -> None:
    async with h.ready_page() as (page, session):
        page.ws.transport.pause_reading()
        h.store.tokens.clear()
        await h.server.drop_revoked()
        async with asyncio.timeout(2):
            await until(lambda: not h.server._links)
        page.ws.transport.resume_reading()

        assert (await page.closed())[0] == 4401
        assert not session.online


async def test_dropping_a_link_that_closes_already_does_no_harm(h: Harbour) -> None:
    async with h.ready_page() as (page, _):
        (link,) = h.server._links
        page.ws.transport.pause_reading()
        link.finish(4000, "first")
        await until(lambda: link._connection.state.name == "CLOSING")
        link.drop(4001, "second")
        await until(lambda: not h.server._links)
        page.ws.transport.resume_reading()

        assert (await page.closed())[0] == 4000


# ---------------------------------------------------------------- floods


async def test_page_that_ignores_its_credit_fails_its_call_and_no_other(h: Harbour) -> None:
    async with (
        h.ready_page() as (page, session),
        h.ready_page() as (calm, other),
        session.call(REQUEST) as call,
        other.call(REQUEST) as second,
    ):
        await begin(page)
        await begin(calm)
        for seq in range(0, 100, 10):
            await page.parts(call.id, seq, *"abcdefghij")
        await calm.parts(second.id, 0, "calm")
        await calm.done(second.id, 1)
        _, outcome = await read(call)

        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, BridgeViolation)
        assert await read(second) == ("calm", STOPPED)


async def test_flood_does_not_fill_the_memory(h: Harbour) -> None:
    megabyte = "x" * 2**20
    async with h.ready_page() as (page, session), session.call(REQUEST) as call:
        await begin(page)
        await page.parts(call.id, 0, "a")
        await until(lambda: session._protocol.calls[call.id].received == 1)
        tracemalloc.start()
        for seq in range(1, 129):
            await page.parts(call.id, seq, megabyte)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert session._protocol.calls[call.id].pending_bytes <= TERMS.window.hard_bytes
        assert peak < 48 * 2**20  # of 128 MiB that were sent, both ends together


class Flood:
    """A connection on which frames have piled up: reading them never has to wait."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __aiter__(self) -> Flood:
        return self

    async def __anext__(self) -> str:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return '{"type":"wave"}'


async def test_piled_up_frames_give_way_to_others() -> None:
    link = LiveLink(Flood(10 * FRAMES_PER_TURN), HEARTBEAT, 0, Clock())  # type: ignore[arg-type]
    desk = Desk()
    reading = asyncio.create_task(link.run(await desk.attach(), desk.registry))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns >= 10


async def test_flood_of_small_frames_lets_others_speak(h: Harbour) -> None:
    async with h.ready_page() as (page, session), h.ready_page() as (calm, other):
        for _ in range(500):
            await page.say("accepted", call="nobody's", attempt=1)
        await calm.say("accepted", call="nobody's", attempt=1)
        await until(lambda: other._protocol.stale == 1 and session._protocol.stale == 500)


async def test_broken_websocket_frames_end_the_connection(h: Harbour) -> None:
    async with h.ready_page() as (page, session):
        page.ws.transport.write(b"\xff\xff\xff\xff")
        closed = await page.closed()
        await until(lambda: not session.online)

        assert closed == (1002, [])
        assert list(h.registry) == [session]
