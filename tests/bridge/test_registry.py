from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.bridge import REQUEST, accepted, hello, state, texts
from support.links import Desk, FakeLink, settle

from relay.bridge.frames import Cancel, ResumeWanted
from relay.bridge.protocol import Failed
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session
from relay.errors import ModelNotFound, Overloaded, SessionLost, SessionOffline, ShuttingDown, StoreError


class Chooser:
    """Pick any session with room, and keep the order in which waiting calls were asked."""

    def __init__(self, registry: SessionRegistry) -> None:
        self.registry = registry
        self.error: Exception | None = None
        self.asked = 0

    def __call__(self) -> Session | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return next((session for session in self.registry if session.has_room), None)


def acquire(desk: Desk, chooser: Chooser | None = None) -> asyncio.Task[Session]:
    return asyncio.create_task(desk.registry.acquire(chooser or Chooser(desk.registry)))


async def queue(desk: Desk, *choosers: Chooser) -> list[asyncio.Task[Session]]:
    waiting = [acquire(desk, chooser) for chooser in choosers]
    await settle()
    return waiting


# ---------------------------------------------------------------- the queue


async def test_free_session_is_taken_at_once() -> None:
    desk = Desk()
    session = await desk.ready()

    assert await desk.registry.acquire(Chooser(desk.registry)) is session
    assert (session.in_flight, desk.registry.queued) == (1, 0)


async def test_waiting_calls_are_served_in_order() -> None:
    desk = Desk()
    session = await desk.ready()
    await desk.registry.acquire(Chooser(desk.registry))
    waiting = await queue(desk, *[Chooser(desk.registry) for _ in range(3)])
    served = []
    for _ in waiting:
        desk.clock.now += 1
        desk.registry.release(session)
        await settle()
        served.append([task.done() for task in waiting])

    assert served == [[True, False, False], [True, True, False], [True, True, True]]
    assert (session.in_flight, session.served, session.idle_since, desk.registry.queued) == (1, 3, 3, 0)


async def test_newcomer_does_not_pass_those_who_wait() -> None:
    desk = Desk()
    (first,) = await queue(desk, Chooser(desk.registry))
    session = await desk.attach()
    session.apply(state())
    second = acquire(desk)
    await settle()

    assert (first.done(), second.done()) == (True, False)
    second.cancel()


async def test_full_queue_refuses() -> None:
    desk = Desk(queue_size=2)
    waiting = await queue(desk, Chooser(desk.registry), Chooser(desk.registry))

    with pytest.raises(Overloaded, match="2 calls already wait") as refusal:
        await desk.registry.acquire(Chooser(desk.registry))
    assert refusal.value.retry_after == 5
    for task in waiting:
        task.cancel()


async def test_wait_has_an_end() -> None:
    desk = Desk(queue_seconds=0)

    with pytest.raises(Overloaded, match="No session was free within 0 s"):
        await desk.registry.acquire(Chooser(desk.registry))
    assert desk.registry.queued == 0


async def test_waiting_in_vain_ends_at_once() -> None:
    desk = Desk()
    chooser = Chooser(desk.registry)
    chooser.error = ModelNotFound("m")

    with pytest.raises(ModelNotFound):
        await desk.registry.acquire(chooser)


async def test_hope_may_end_while_waiting() -> None:
    desk = Desk()
    hopeless, hopeful = Chooser(desk.registry), Chooser(desk.registry)
    first, second = await queue(desk, hopeless, hopeful)
    hopeless.error = ModelNotFound("m")
    session = await desk.ready()

    with pytest.raises(ModelNotFound):
        await first
    assert await second is session


async def test_cancelled_wait_leaves_nothing() -> None:
    desk = Desk()
    (task,) = await queue(desk, Chooser(desk.registry))
    task.cancel()
    await settle()
    session = await desk.ready()

    assert (desk.registry.queued, session.in_flight) == (0, 0)


async def test_slot_given_in_the_moment_of_cancellation_is_given_back() -> None:
    desk = Desk()
    (first, second) = await queue(desk, Chooser(desk.registry), Chooser(desk.registry))
    session = await desk.ready()  # gives the slot to the first, whose task has not run yet
    given = session.in_flight
    first.cancel()
    await settle()

    assert (given, first.cancelled(), await second is session, session.in_flight) == (1, True, True, 1)


async def test_slot_given_in_the_moment_of_the_timeout_is_given_back() -> None:
    desk = Desk(queue_seconds=0)
    task = acquire(desk)
    await asyncio.sleep(0)  # it waits now; the timeout comes with the next turn of the loop
    session = await desk.ready()
    given = session.in_flight
    with pytest.raises(Overloaded):
        await task

    assert (given, session.in_flight) == (1, 0)


async def test_error_in_the_moment_of_cancellation_is_nobodys() -> None:
    desk = Desk()
    (task,) = await queue(desk, Chooser(desk.registry))
    desk.registry.stop(ShuttingDown())
    task.cancel()
    await settle()

    assert task.cancelled()


# ---------------------------------------------------------------- coming and going


async def test_newcomer_gets_a_session_of_its_own() -> None:
    desk = Desk()
    first, second = await desk.attach(), await desk.attach()

    assert first.id != second.id
    assert (list(desk.registry), len(desk.registry)) == ([first, second], 2)
    assert desk.log.known == {first.id: "b-1", second.id: "b-1"}


async def test_page_comes_back_to_its_session_and_calls() -> None:
    desk = Desk()
    session = await desk.ready()
    async with session.call(REQUEST) as call:
        session.receive(accepted(call.id), 1)
        session.receive(texts(0, "a", call=call.id), 1)
        desk.lose(session)
        offer = {"call": call.id, "attempt": 1, "sent": 3}
        again, wanted, resumed = await desk.registry.attach(
            FakeLink(), hello(session=session.id, resume=[offer]), "b-1"
        )

    assert (again is session, resumed) == (True, True)
    assert wanted == (ResumeWanted(call=call.id, attempt=1, next=1, upto=1024),)


async def test_live_link_is_never_displaced() -> None:
    desk = Desk()
    live = FakeLink(answers=True)
    session = await desk.attach(live)
    other, _, resumed = await desk.registry.attach(FakeLink(), hello(session=session.id), "b-1")

    assert (other is session, resumed, session.link, live.dropped) == (False, False, live, None)


async def test_dead_link_gives_way() -> None:
    desk = Desk()
    dead = FakeLink(answers=False)
    session = await desk.attach(dead)
    newer = FakeLink()
    again, _, resumed = await desk.registry.attach(newer, hello(session=session.id), "b-1")

    assert (again is session, resumed, session.link) == (True, True, newer)
    assert dead.dropped == (1001, "replaced by a new link of the same page")


async def test_link_that_ends_while_it_is_probed_gives_way() -> None:
    desk = Desk()
    old = FakeLink(answers=False)
    old.may_answer.clear()
    session = await desk.attach(old)
    newer = FakeLink()
    coming = asyncio.create_task(desk.attach(newer, session=session.id))
    await old.probed.wait()
    desk.lose(session)
    old.may_answer.set()

    assert await coming is session
    assert (session.link, old.dropped) == (newer, None)


async def test_of_two_who_want_a_dead_links_session_one_gets_it() -> None:
    desk = Desk()
    dead = FakeLink(answers=False)
    dead.may_answer.clear()
    session = await desk.attach(dead)
    links = [FakeLink(answers=True), FakeLink(answers=True)]
    coming = [asyncio.create_task(desk.attach(link, session=session.id)) for link in links]
    await settle()
    dead.may_answer.set()
    first, second = await asyncio.gather(*coming)

    assert (first is session, second is session, session.link) == (True, False, links[0])


async def test_session_that_ends_while_it_is_probed_is_not_resumed() -> None:
    desk = Desk()
    dead = FakeLink(answers=False)
    dead.may_answer.clear()
    session = await desk.attach(dead)
    coming = asyncio.create_task(desk.attach(session=session.id))
    await dead.probed.wait()
    desk.registry.drop_credentials(frozenset())
    dead.may_answer.set()
    newer = await coming

    assert (newer is session, list(desk.registry)) == (False, [newer])


@pytest.mark.parametrize(
    ("credential", "fields"), [("b-2", {}), ("b-1", {"site": "other.example"}), ("b-1", {"adapter": "puter"})]
)
async def test_session_of_another_page_is_not_handed_out(credential: str, fields: dict[str, Any]) -> None:
    desk = Desk()
    session = await desk.attach()
    desk.lose(session)
    other, _, resumed = await desk.registry.attach(FakeLink(), hello(session=session.id, **fields), credential)

    assert (other is session, other.id == session.id, resumed) == (False, False, False)


async def test_session_survives_a_restart_of_relay() -> None:
    desk = Desk()
    desk.log.known["s-old"] = "b-1"
    session, _, resumed = await desk.registry.attach(FakeLink(), hello(session="s-old"), "b-1")

    assert (session.id, resumed) == ("s-old", True)


async def test_session_remembered_for_somebody_else_is_not_handed_out() -> None:
    desk = Desk()
    desk.log.known["s-old"] = "b-2"
    session, _, resumed = await desk.registry.attach(FakeLink(), hello(session="s-old"), "b-1")

    assert (session.id == "s-old", resumed) == (False, False)


async def test_of_two_who_want_a_remembered_session_one_gets_it() -> None:
    desk = Desk()
    desk.log.known["s-old"] = "b-1"
    desk.log.may_look.clear()
    links = [FakeLink(answers=True), FakeLink(answers=True)]
    coming = [asyncio.create_task(desk.attach(link, session="s-old")) for link in links]
    await settle()
    desk.log.may_look.set()
    first, second = await asyncio.gather(*coming)

    assert (first.id, first.link, second.id == "s-old") == ("s-old", links[0], False)


async def test_session_that_cannot_be_remembered_holds_no_link() -> None:
    desk = Desk()
    desk.log.error = StoreError("broken")
    with pytest.raises(StoreError):
        await desk.attach()

    (session,) = desk.registry
    assert session.link is None


async def test_version_grows_with_every_change() -> None:
    desk = Desk()
    versions = [desk.registry.version]
    session = await desk.attach()
    versions.append(desk.registry.version)
    desk.tell(session)
    versions.append(desk.registry.version)
    desk.lose(session)
    desk.tick(30)
    versions.append(desk.registry.version)

    assert versions == sorted(set(versions))


# ---------------------------------------------------------------- time


async def test_session_waits_for_its_page_within_its_grace() -> None:
    desk = Desk(grace=30)
    session = await desk.ready()
    desk.clock.now = 100
    desk.lose(session)
    async with session.call(REQUEST) as call:
        desk.tick(29.9)
        within = list(desk.registry), desk.registry.version
        desk.tick(0.1)
        ((_, outcome),) = [batch async for batch in call.batches(3600)]

    assert (within[0], list(desk.registry)) == ([session], [])
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionOffline)


async def test_session_whose_page_is_done_ends_at_once() -> None:
    desk = Desk()
    link = FakeLink()
    session = await desk.ready(link)
    desk.registry.dismiss(session, FakeLink())
    assert list(desk.registry) == [session]
    desk.registry.dismiss(session, link)
    assert list(desk.registry) == []


async def test_session_with_its_page_stays() -> None:
    desk = Desk()
    session = await desk.ready()
    desk.tick(10**6)

    assert list(desk.registry) == [session]


async def test_time_reaches_the_calls() -> None:
    desk = Desk()
    session = await desk.ready()
    async with session.call(REQUEST) as call:
        desk.tick(10)
        ((_, outcome),) = [batch async for batch in call.batches(3600)]

    assert isinstance(outcome, Failed)


async def test_waiting_calls_are_asked_again_as_time_passes() -> None:
    desk = Desk()
    chooser = Chooser(desk.registry)
    (task,) = await queue(desk, chooser)
    asked = chooser.asked
    desk.tick(1)

    assert chooser.asked == asked + 1
    task.cancel()


async def test_starting_page_is_expected_for_the_grace_time() -> None:
    desk = Desk(grace=30)
    nobody = bool(desk.registry.expected)
    session = await desk.attach()
    just_begun = bool(desk.registry.expected)
    desk.tick(29.9)
    still = bool(desk.registry.expected)
    desk.tick(0.1)
    late = bool(desk.registry.expected)
    desk.tell(session)

    assert (nobody, just_begun, still, late, bool(desk.registry.expected)) == (False, True, True, False, False)


async def test_sessions_without_a_page_are_bounded_for_each_credential() -> None:
    desk = Desk(offline_sessions=2)
    others = await desk.attach(credential="b-2")
    desk.lose(others)
    lost = []
    for second in range(4):
        desk.clock.now = second
        lost.append(await desk.attach())
        desk.lose(lost[-1])
    last = await desk.attach()

    assert list(desk.registry) == [others, lost[2], lost[3], last]


# ---------------------------------------------------------------- the end


async def test_revoked_credential_ends_its_sessions() -> None:
    desk = Desk()
    links = [FakeLink(), FakeLink(), FakeLink()]
    revoked = await desk.ready(links[0], "b-1")
    kept = await desk.ready(links[1], "b-2")
    lost = await desk.ready(links[2], "b-1")
    desk.lose(lost)
    async with revoked.call(REQUEST) as call:
        desk.registry.drop_credentials(frozenset({"b-2"}))
        ((_, outcome),) = [batch async for batch in call.batches(3600)]

    assert isinstance(outcome, Failed)
    assert outcome.error.message == "The page's credential was revoked."
    assert list(desk.registry) == [kept]
    assert [link.dropped for link in links] == [(4401, "credential revoked"), None, None]


async def test_call_given_a_session_that_ends_in_that_moment_fails() -> None:
    desk = Desk()
    (task,) = await queue(desk, Chooser(desk.registry))
    await desk.ready()
    desk.registry.drop_credentials(frozenset())
    session = await task

    with pytest.raises(SessionLost):
        async with session.call(REQUEST):
            pytest.fail("began")


async def test_stop_ends_everything_and_tells_the_pages() -> None:
    desk = Desk()
    session = await desk.ready()
    taken = await desk.registry.acquire(Chooser(desk.registry))
    (waiting,) = await queue(desk, Chooser(desk.registry))
    error = ShuttingDown()
    async with taken.call(REQUEST) as call:
        session.drain()
        desk.registry.stop(error)
        desk.registry.stop(error)
        ((_, outcome),) = [batch async for batch in call.batches(3600)]

    assert outcome == Failed(error, "shutdown")
    assert session.drain() == [Cancel(call=call.id, attempt=1, reason="shutdown")]
    with pytest.raises(ShuttingDown):
        await waiting


async def test_nothing_begins_after_the_stop() -> None:
    desk = Desk()
    session = await desk.ready()
    desk.registry.stop(ShuttingDown())

    with pytest.raises(ShuttingDown):
        async with session.call(REQUEST):
            pytest.fail("began")
