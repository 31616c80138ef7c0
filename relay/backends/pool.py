"""The sessions that one request may go to: all, the one that its client names, or the one that knows its client."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

from relay.backends.base import Wanted
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session
from relay.errors import SessionUnknown

MOST_HOMES: Final = 10_000
MOST_SHOWN: Final = 20
SHOWN: Final = 8
"""So many characters of a session's id are shown to people; it is known by them, too."""

Names = Callable[[], Mapping[str, str]]
"""Returns the names of headless accounts by their bridge credential."""


def no_names() -> Mapping[str, str]:
    """Name no account."""
    return {}


def is_called(session: Session, word: str, names: Names) -> bool:
    """Tell whether a client that says `word` means `session`: its id, its headless account, or who is signed in."""
    account = session.account
    known = {session.id, session.id[:SHOWN], names().get(session.identity.credential)}
    return word in (known if account is None else known | {account.id, account.label})


class Homes:
    """Which session served the calls that belong together: the latest of them."""

    def __init__(self) -> None:
        self._homes: OrderedDict[str, str] = OrderedDict()

    def of(self, key: str | None) -> str | None:
        """Return the id of the session that served `key` last."""
        return None if key is None else self._homes.get(key)

    def settle(self, key: str | None, session: Session) -> None:
        """Note that `session` serves `key` now; who was not heard of for longest is forgotten."""
        if key is None:
            return
        self._homes[key] = session.id
        self._homes.move_to_end(key)
        if len(self._homes) > MOST_HOMES:
            self._homes.popitem(last=False)


class Pool:
    """The sessions that one request may go to, as `wanted` says."""

    def __init__(self, registry: SessionRegistry, homes: Homes, wanted: Wanted, names: Names = no_names) -> None:
        """Look at the sessions of `registry`.

        Raises:
            SessionUnknown: the client names one that is not there.
        """
        self._registry = registry
        self._homes = homes
        self._wanted = wanted
        self._names = names
        if wanted.account is not None and not list(self):
            raise SessionUnknown(wanted.account, tuple(map(self._shown, islice(registry, MOST_SHOWN))))

    @property
    def whole(self) -> bool:
        """Whether the client names no session."""
        return self._wanted.account is None

    def __iter__(self) -> Iterator[Session]:
        """Yield the sessions that may be asked."""
        return (session for session in self._registry if self._may(session))

    @property
    def expected(self) -> list[Session]:
        """Those that have just begun to start."""
        return [session for session in self._registry.expected if self._may(session)]

    def home(self, able: list[Session]) -> list[Session]:
        """Return the one of `able` that served this client before, as long as it is healthy; else all of them.

        It may have no room: then it is worth waiting for.
        """
        home = self._homes.of(self._wanted.key)
        return [session for session in able if session.id == home and session.awake] or able

    def settle(self, session: Session) -> None:
        """Note that `session` serves this client now."""
        self._homes.settle(self._wanted.key, session)

    def _may(self, session: Session) -> bool:
        wanted = self._wanted.account
        return wanted is None or is_called(session, wanted, self._names)

    def _shown(self, session: Session) -> str:
        name = self._names().get(session.identity.credential) or session.identity.site
        return f"{session.id[:SHOWN]} ({name})"
