"""All sessions of this relay: who is attached, who is missing, who is next."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from relay.bridge.frames import Hello, ResumeWanted
from relay.bridge.protocol import Clocks, Window
from relay.bridge.session import Clock, Identity, Link, Session
from relay.errors import Overloaded, RelayError, SessionLost, SessionOffline

Choose = Callable[[], Session | None]
"""Return the session to use now, ``None`` to wait, or raise if waiting is in vain."""


AWAY = "The page lost its connection to relay and did not come back in time. Open or reload it."


class SessionLog(Protocol):
    """Where sessions are remembered beyond the life of this process."""

    async def remember(self, session: Session) -> None:
        """Keep who `session` is."""

    async def belongs(self, session_id: str, credential: str) -> bool:
        """Whether `session_id` was given to `credential` before."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the bridge grants: windows and clocks of calls, grace of sessions, bounds of the queue.

    ``offline_sessions`` bounds, for each credential, how many sessions without a page wait for its return.
    """

    window: Window
    clocks: Clocks
    grace: float = 30.0
    queue_size: int = 64
    queue_seconds: float = 60.0
    offline_sessions: int = 32


@dataclass(eq=False, slots=True)
class _Waiter:
    choose: Choose
    future: asyncio.Future[Session]


class SessionRegistry:
    """The sessions by id, and the queue of calls that wait for one of them.

    Attributes:
        version: grows when what sessions offer changes, so that caches know when to look again.
    """

    def __init__(self, terms: Terms, session_log: SessionLog, clock: Clock) -> None:
        self._terms = terms
        self._log = session_log
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._waiters: list[_Waiter] = []
        self.version = 0

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def queued(self) -> int:
        """Calls that wait for a session."""
        return len(self._waiters)

    @property
    def expected(self) -> list[Session]:
        """The sessions whose page has begun to start so recently that it is worth waiting for."""
        oldest = self._clock() - self._terms.grace
        return [session for session in self if session.state == "starting" and session.since > oldest]

    async def attach(self, link: Link, hello: Hello, credential: str) -> tuple[Session, tuple[ResumeWanted, ...], bool]:
        """Join `link` to its session, an old one if it asks for it and may have it.

        Returns:
            The session, the calls to go on with, and whether it is the session that was asked for.
        """
        session = await self._old_session(hello.session, hello, credential) if hello.session else None
        resumed = session is not None
        if session is None:
            session = self._new_session(secrets.token_urlsafe(16), hello, credential)
        wanted = session.attach(link, hello)
        self._forget_offline(credential)
        try:
            await self._log.remember(session)
        except BaseException:
            session.detach(link, page_gone=False)
            raise
        self.changed()
        return session, wanted, resumed

    def detach(self, session: Session, link: Link, *, page_gone: bool) -> None:
        """`link` is closed; the session waits for its return."""
        session.detach(link, page_gone=page_gone)

    def dismiss(self, session: Session, link: Link) -> None:
        """`link` is closed because its page is done: nobody has to wait for its return."""
        if session.link is link:
            self._remove(session, SessionLost("The page ended its session in the middle of the answer."))

    def changed(self) -> None:
        """What a session offers has changed, or that it exists."""
        self.version += 1
        self._serve_waiters()

    async def acquire(self, choose: Choose) -> Session:
        """Take a slot of the session that `choose` picks, waiting in a bounded queue. Give it back with release.

        Raises:
            Overloaded: the queue is full, or the wait was longer than allowed.
        """
        if not self._waiters:
            session = choose()
            if session is not None:
                session.in_flight += 1
                return session
        if len(self._waiters) >= self._terms.queue_size:
            raise Overloaded(
                f"{len(self._waiters)} calls already wait for a session. Try again later.", retry_after=5.0
            )
        waiter = _Waiter(choose, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._serve_waiters()
        try:
            async with asyncio.timeout(self._terms.queue_seconds):
                return await waiter.future
        except TimeoutError:
            self._give_back(waiter.future)
            raise Overloaded(
                f"No session was free within {self._terms.queue_seconds:g} s. Try again later.", retry_after=5.0
            ) from None
        except asyncio.CancelledError:
            self._give_back(waiter.future)
            raise
        finally:
            self._waiters.remove(waiter)

    def release(self, session: Session) -> None:
        """Give back a slot taken with acquire."""
        session.in_flight -= 1
        session.served += 1
        session.idle_since = self._clock()
        self._serve_waiters()

    def tick(self, now: float) -> None:
        """Let clocks run out: those of calls, and the grace of sessions that lost their page."""
        for session in list(self._sessions.values()):
            session.expire(now)
            if session.offline_since is not None and now - session.offline_since >= self._terms.grace:
                self._remove(session, SessionOffline(AWAY, retry_after=5.0))
        self._serve_waiters()

    def stop(self, error: RelayError) -> None:
        """End everything that runs or waits with `error`, and tell the pages."""
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)
        for session in self._sessions.values():
            session.end(error, "shutdown")

    def drop_credentials(self, live: frozenset[str]) -> None:
        """End all sessions whose credential is not in `live` any more."""
        for session in list(self._sessions.values()):
            if session.identity.credential not in live:
                link = session.link
                self._remove(session, SessionLost("The page's credential was revoked."))
                if link is not None:
                    link.drop(4401, "credential revoked")

    def _serve_waiters(self) -> None:
        """Ask for everyone who waits, first come first served."""
        for waiter in list(self._waiters):
            if waiter.future.done():
                continue
            try:
                session = waiter.choose()
            except RelayError as exc:
                waiter.future.set_exception(exc)
            else:
                if session is not None:
                    session.in_flight += 1
                    waiter.future.set_result(session)

    async def _old_session(self, session_id: str, hello: Hello, credential: str) -> Session | None:
        """The session that `hello` asks for, unless it is somebody else's or its page still answers elsewhere."""
        remembered = session_id not in self._sessions and await self._log.belongs(session_id, credential)
        if remembered and session_id not in self._sessions:  # nobody was faster
            self._new_session(session_id, hello, credential)
        session = self._sessions.get(session_id)
        if session is None or not session.identity.fits(hello, credential):
            return None
        while (old := session.link) is not None:
            if await old.probe():
                return None
            if session.link is old:
                old.drop(1001, "replaced by a new link of the same page")
                session.detach(old, page_gone=False)
        return session if self._sessions.get(session_id) is session else None

    def _new_session(self, session_id: str, hello: Hello, credential: str) -> Session:
        identity = Identity(session_id, credential, hello.client, hello.adapter, hello.site)
        session = Session(identity, self._terms.window, self._terms.clocks, self._clock)
        self._sessions[session_id] = session
        return session

    def _remove(self, session: Session, error: RelayError) -> None:
        del self._sessions[session.id]
        session.end(error)
        self.changed()

    def _forget_offline(self, credential: str) -> None:
        """End the sessions of `credential` that were lost longest ago, if there are too many."""
        offline = [
            (session.offline_since, session)
            for session in self
            if session.identity.credential == credential and session.offline_since is not None
        ]
        offline.sort(key=itemgetter(0))
        for _, session in offline[: -self._terms.offline_sessions]:
            self._remove(session, SessionOffline(AWAY, retry_after=5.0))

    def _give_back(self, future: asyncio.Future[Session]) -> None:
        """Release what a waiter was given in the very moment it gave up."""
        if future.done() and not future.cancelled() and future.exception() is None:
            self.release(future.result())
