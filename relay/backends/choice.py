"""Picking the session for one task, and saying why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, Protocol

from relay.backends.catalogs import Catalogs
from relay.backends.continuing import Continuing
from relay.backends.policy import Policy
from relay.backends.pool import Pool
from relay.backends.shaping import too_long
from relay.bridge.frames import Capabilities, PageLimits
from relay.bridge.registry import AWAY
from relay.bridge.session import Session
from relay.core.media import Method
from relay.core.request import Request
from relay.errors import (
    BackendThrottled,
    ModelNotFound,
    RelayError,
    SessionBlocked,
    SessionNotAvailable,
    SessionOffline,
)
from relay.routing.fit import Needs, obstacle

NOBODY = (
    "No signed-in page is connected. Open relay's page (run `relay pair` for the link), sign in, and leave it open."
)

TROUBLES = {
    "blocked": ("held up", "the site asks for something only you can do."),
    "login_required": ("not signed in", "sign in there."),
    "site_changed": ("not as relay knows it", "teach relay the site again, or mend its description."),
    "unavailable": ("cannot answer", "look at it."),
    "starting": ("not ready", "wait until it is."),
}
"""What keeps a page from answering and what to do about it, the most telling first."""

MOST_TOLD = 5
"""Of how many pages it is said what they need."""

BLOCKS = {
    "captcha": "solve the captcha there.",
    "consent": "answer what the site asks your consent for there.",
    "limit": "the limit of the account is reached; wait until the site allows more.",
    "verification": "prove there that you are a person, or that the account is yours.",
}
"""What to do about a page that is blocked, by its reason."""


class Task(Protocol):
    """What a session is wanted for."""

    @property
    def method(self) -> Method:
        """The word of the bridge protocol for it."""

    @property
    def model(self) -> str:
        """The model that was asked for, by id or alias."""

    def problem(self, session: Session) -> RelayError | None:
        """Return why `session` cannot do it, ``None`` if it can."""

    def rank(self, session: Session) -> tuple[int, ...]:
        """The lower, the better it does it."""


class ChatTask:
    """Answer a request: sessions that know what was said come first, then those that need no emulation."""

    method: Final = "chat"

    def __init__(self, request: Request, policy: Policy, continuing: Continuing) -> None:
        self.model = request.model
        self._request = request
        self._measured: dict[tuple[str, Capabilities, PageLimits], RelayError | None] = {}
        self._json = request.response_format is not None and request.response_format.type != "text"
        self._needs = Needs(request)
        self._policy = policy
        self._continuing = continuing

    def problem(self, session: Session) -> RelayError | None:
        """Return why `session` cannot answer the request, ``None`` if it can."""
        emulated = self._policy.emulates_tools(session)
        return obstacle(self._needs, session.capabilities, tools_emulated=emulated) or self._too_long(session)

    def rank(self, session: Session) -> tuple[int, ...]:
        """The lower, the better."""
        emulated = (self._needs.tools and self._policy.emulates_tools(session)) + (
            self._json and not session.capabilities.json_schema
        )
        return not self._continuing.knows(session), emulated

    def _too_long(self, session: Session) -> RelayError | None:
        if session.limits.max_prompt_chars is None or self._continuing.knows(session):
            return None
        terms = session.id, session.capabilities, session.limits
        if terms not in self._measured:
            self._measured[terms] = too_long(self._request, session, self._policy)
        return self._measured[terms]


class Choice:
    """Pick the session for one task; asked again whenever something changed, as long as the task waits.

    Attributes:
        model: the picked session's own id of the model.
        held: the session of which the task has a slot already; that one is free for it.
    """

    def __init__(self, task: Task, pool: Pool, catalogs: Catalogs) -> None:
        self.model = ""
        self.held: Session | None = None
        self._task = task
        self._pool = pool
        self._catalogs = catalogs
        self._hoped = False

    def __call__(self) -> Session | None:
        """Return the session that serves the request best now, ``None`` if one may be able to in a moment.

        Raises:
            RelayError: waiting is in vain.
        """
        usable = [session for session in self._pool if session.ready]
        if not usable and not self._pool.expected:
            raise self._nobody()
        self._hoped = True
        if not usable:
            return None
        offers = self._offers()
        able = self._pool.home(self._able(session for session in usable if session.id in offers))
        if not able and not self._pool.whole and not self._pool.expected:
            models = (model for session in usable for model in session.models if self._task.method in model.methods)
            some = tuple(model.id for model in islice(models, MOST_TOLD))
            raise ModelNotFound(self._task.model, some, "the session that x-relay-session names")
        free = [session for session in able if session.has_room or (session is self.held and session.awake)]
        if not free:
            _let_rest(able)
            return None
        session = min(free, key=self._rank) if len(free) > 1 else free[0]
        self.model = offers[session.id]
        self._pool.settle(session)
        return session

    def _offers(self) -> Mapping[str, str]:
        """Return the sessions that offer the model, none if one may in a moment, or raise why none does."""
        try:
            return self._catalogs.of(self._task.method).resolve(self._task.model)
        except ModelNotFound as error:
            if any(not session.models or _lists(session, self._task.model) for session in self._pool.expected):
                return {}
            if trouble := _trouble(session for session in self._pool if _lists(session, self._task.model)):
                raise trouble from None
            raise self._catalogs.explained(error, self._task.method) from None

    def _able(self, sessions: Iterable[Session]) -> list[Session]:
        """Return the sessions that have what is needed, or raise why none has."""
        able: list[Session] = []
        reason: RelayError | None = None
        for session in sessions:
            problem = self._task.problem(session)
            if problem is None:
                able.append(session)
            reason = reason or problem
        if not able and reason is not None:
            raise reason
        return able

    def _rank(self, session: Session) -> tuple[tuple[int, ...], float, float]:
        """The lower, the better: who does it best, then the least busy."""
        return self._task.rank(session), session.in_flight / session.limits.concurrency, session.idle_since

    def _nobody(self) -> RelayError:
        if trouble := _trouble(self._pool):
            return trouble
        if self._hoped:
            return SessionOffline(AWAY, retry_after=5.0)
        return SessionNotAvailable(NOBODY)


def _trouble(sessions: Iterable[Session]) -> RelayError | None:
    """Return what a person has to do for each of `sessions`.

    One that is held up is signed in, and could serve: then it is not for want of a login that there is no answer.
    """
    open_ = sorted((one for one in sessions if one.state in TROUBLES), key=lambda one: list(TROUBLES).index(one.state))
    if not open_:
        return None
    told = " ".join(list(dict.fromkeys(map(_need, open_)))[:MOST_TOLD])
    return SessionBlocked(told) if open_[0].state == "blocked" else SessionNotAvailable(told)


def _need(session: Session) -> str:
    trouble, wish = TROUBLES[session.state]
    todo = session.detail or BLOCKS.get(session.reason or "", wish)
    return f"The page of {session.identity.site} is open but {trouble}: {todo}"


def _lists(session: Session, name: str) -> bool:
    """Whether `session` last said that it has a model of this id or alias."""
    wanted = name.lower()
    return any(wanted in (known.lower() for known in (model.id, *model.aliases)) for model in session.models)


def _let_rest(sessions: Iterable[Session]) -> None:
    """Refuse at once when the sites themselves want no more calls for a while: a queue would only hide that."""
    rest = min((session.rest for session in sessions), default=0.0)
    if rest > 0:
        raise BackendThrottled("The site asks us to slow down. Try again later.", retry_after=rest)
