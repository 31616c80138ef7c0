"""The owner of this relay in a browser: one-time codes become sessions, which live in memory and end with relay.

A session has two secrets. The cookie says who it is, and browsers send it along unasked; the token must be added by the
page itself to every request. Cookies are not kept apart by port (RFC 6265, 8.5), so another program on this machine may
come to see the cookie: it opens nothing alone.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from relay.errors import InvalidCredential, Overloaded
from relay.store.secret import code_digest, digest, fresh, fresh_code

log = structlog.get_logger(__name__)

CODE_SECONDS: Final = 300.0
SESSION_SECONDS: Final = 12 * 3600.0
MOST_CODES: Final = 16
MOST_SESSIONS: Final = 16
MOST_GUESSES: Final = 10
GUESS_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class AdminSession:
    """The secrets of a new session; relay keeps their digests only."""

    cookie: str
    token: str


@dataclass(frozen=True, slots=True)
class Stay:
    """For how long an admin may go on with what has begun.

    ``lasts`` tells whether that is so still. ``on_end`` has something called at once when the session is ended before
    its time, and returns what takes that back.
    """

    lasts: Callable[[], bool]
    on_end: Callable[[Callable[[], None]], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class _Live:
    token: str
    expires: float
    waiting: list[Callable[[], None]] = field(default_factory=list)
    """Who is told when the session ends."""


class Admins:
    """All codes and sessions of admins; times in seconds of `clock`, which never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._codes: dict[str, float] = {}
        self._sessions: dict[str, _Live] = {}
        self._guesses: deque[float] = deque()

    def create_code(self) -> str:
        """Make a code that signs in one browser within ``CODE_SECONDS``; the oldest of too many goes."""
        self._forget()
        while len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        code = fresh_code()
        self._codes[code_digest(code)] = self._clock() + CODE_SECONDS
        return code

    def sign_in(self, code: str) -> AdminSession:
        """Trade `code` for a session; the oldest of too many ends.

        Raises:
            InvalidCredential: it was never given out, is used, or too old.
            Overloaded: there were too many wrong ones of late.
        """
        self._forget()
        if self._codes.pop(code_digest(code), None) is None:
            # Only guesses are slowed down: they must not keep the owner out.
            self._refuse_guessing()
            self._guesses.append(self._clock())
            log.warning("admin.refused")
            raise InvalidCredential("This link is used or older than 5 minutes. Make a new one with: relay admin")
        while len(self._sessions) >= MOST_SESSIONS:
            self._end(next(iter(self._sessions)))
        made = AdminSession(fresh("rads-"), fresh("radt-"))
        self._sessions[digest(made.cookie)] = _Live(digest(made.token), self._clock() + SESSION_SECONDS)
        log.info("admin.signed_in", sessions=len(self._sessions))
        return made

    def knows(self, cookie: str) -> bool:
        """Whether `cookie` belongs to a session that lives."""
        live = self._sessions.get(digest(cookie))
        return live is not None and live.expires > self._clock()

    def admits(self, cookie: str, token: str) -> bool:
        """Whether `cookie` and `token` belong to the same session, and it lives."""
        live = self._sessions.get(digest(cookie))
        return live is not None and live.expires > self._clock() and hmac.compare_digest(live.token, digest(token))

    def sign_out(self, cookie: str) -> None:
        """End the session of `cookie`, if there is one."""
        if digest(cookie) in self._sessions:
            self._end(digest(cookie))
            log.info("admin.signed_out", sessions=len(self._sessions))

    def stay(self, cookie: str) -> Stay:
        """Return for how long whoever shows `cookie` may stay."""

        def on_end(tell: Callable[[], None]) -> Callable[[], None]:
            live = self._sessions.get(digest(cookie))
            if live is None:
                tell()
                return _nothing
            live.waiting.append(tell)
            return lambda: live.waiting.remove(tell)

        return Stay(lambda: self.knows(cookie), on_end)

    def _end(self, session: str) -> None:
        for tell in tuple(self._sessions.pop(session).waiting):
            tell()

    def _refuse_guessing(self) -> None:
        now = self._clock()
        while self._guesses and self._guesses[0] <= now - GUESS_SECONDS:
            self._guesses.popleft()
        if len(self._guesses) >= MOST_GUESSES:
            wait = self._guesses[0] + GUESS_SECONDS - now
            raise Overloaded("Too many wrong codes. Wait a minute, then open the link again.", retry_after=wait)

    def _forget(self) -> None:
        now = self._clock()
        self._codes = {code: expires for code, expires in self._codes.items() if expires > now}
        for session in [session for session, live in self._sessions.items() if live.expires <= now]:
            self._end(session)


def _nothing() -> None:
    """Take back nothing."""


ALWAYS: Final = Stay(lambda: True, lambda _: _nothing)
"""For whoever needs no session."""
