"""Picking the session for one request, and saying why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from relay.backends.policy import Policy
from relay.bridge.registry import AWAY, SessionRegistry
from relay.bridge.session import Session
from relay.core.request import Request
from relay.errors import BackendThrottled, ModelNotFound, RelayError, SessionNotAvailable, SessionOffline
from relay.routing.catalog import Catalog
from relay.routing.fit import Needs, obstacle

NOBODY = (
    "No signed-in page is connected. Open relay's page (run `relay pair` for the link), sign in, and leave it open."
)

TROUBLES = {
    "login_required": ("not signed in", "sign in there."),
    "blocked": ("held up", "the site asks for something only you can do."),
    "site_changed": ("not as relay knows it", "teach relay the site again, or mend its description."),
    "unavailable": ("cannot answer", "look at it."),
    "starting": ("not ready", "wait until it is."),
}
"""What keeps a page from answering and what to do about it, the most telling first."""


class Choice:
    """Pick the session for one request; asked again whenever something changed, as long as the request waits.

    Attributes:
        model: the picked session's own id of the model.
        returning: a session that asked to be asked again; while its page is on its way back, it is waited for.
    """

    def __init__(
        self, request: Request, registry: SessionRegistry, catalog: Callable[[], Catalog], policy: Policy
    ) -> None:
        self.model = ""
        self.returning: Session | None = None
        self._request = request
        self._needs = Needs(request)
        self._registry = registry
        self._catalog = catalog
        self._policy = policy
        self._hoped = False

    def __call__(self) -> Session | None:
        """Return the least busy session that can serve the request now, ``None`` if one may be able to in a moment.

        Raises:
            RelayError: waiting is in vain.
        """
        usable = [session for session in self._registry if session.ready]
        if not usable and not self._registry.expecting:
            raise self._nobody()
        self._hoped = True
        if not usable:
            return None
        try:
            offers = self._catalog().resolve(self._request.model)
        except ModelNotFound:
            if self._is_coming_back():
                return None
            raise
        able = self._able(session for session in usable if session.id in offers)
        session = min((session for session in able if session.has_room), key=_busyness, default=None)
        if session is not None:
            self.model = offers[session.id]
        elif able:
            _let_rest(able)
        return session

    def _able(self, sessions: Iterable[Session]) -> list[Session]:
        """Return the sessions that have what is needed, or raise why none has."""
        able: list[Session] = []
        reason: RelayError | None = None
        for session in sessions:
            limit = None if session.capabilities.prompt_file else session.limits.max_prompt_chars
            emulated = self._policy.emulates_tools(session)
            problem = obstacle(self._needs, session.capabilities, limit, tools_emulated=emulated)
            if problem is None:
                able.append(session)
            reason = reason or problem
        if not able and reason is not None:
            raise reason
        return able

    def _is_coming_back(self) -> bool:
        session = self.returning
        if session is None or session not in self._registry:
            return False
        return session.state == "starting" or session.renewed or not session.online

    def _nobody(self) -> RelayError:
        for state, (trouble, wish) in TROUBLES.items():
            for session in self._registry:
                if session.state == state:
                    site = session.identity.site
                    return SessionNotAvailable(f"The page of {site} is open but {trouble}: {session.detail or wish}")
        if self._hoped:
            return SessionOffline(AWAY, retry_after=5.0)
        return SessionNotAvailable(NOBODY)


def _let_rest(sessions: Iterable[Session]) -> None:
    """Refuse at once when the sites themselves want no more calls for a while: a queue would only hide that."""
    rest = min(session.rest for session in sessions)
    if rest > 0:
        raise BackendThrottled("The site asks us to slow down. Try again later.", retry_after=rest)


def _busyness(session: Session) -> tuple[float, float]:
    return session.in_flight / session.limits.concurrency, session.idle_since
