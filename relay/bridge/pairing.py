"""Who may attach a page: one-time codes become lasting credentials, each bound to one Origin."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Protocol

from relay.bridge.frames import Hello
from relay.errors import InvalidCredential, StoreError

EXTENSION = re.compile(r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Origins that only a browser extension has: no web page can show one (https://developer.chrome.com/docs/extensions/)."""


class Credential(Protocol):
    """A bridge credential as the store knows it."""

    @property
    def id(self) -> str:
        """Public id, for lists and revocation."""

    @property
    def origin(self) -> str | None:
        """The only Origin it works from; ``None``: only without one."""


class Credentials(Protocol):
    """Where codes and credentials are kept; every method may raise ``StoreError``."""

    async def redeem(self, code: str, origin: str | None) -> tuple[Credential, str] | None:
        """Use up `code`; return a new credential and its token."""

    async def check(self, token: str, origin: str | None) -> Credential | None:
        """Return the live credential that `token` stands for, if `origin` is its own."""

    async def origins(self) -> frozenset[str]:
        """Origins of live codes and credentials."""

    async def has_open_code(self) -> bool:
        """Whether there is a live code that was made for no origin in particular."""

    async def live_ids(self) -> frozenset[str]:
        """Ids of all credentials that are not revoked."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A good hello: whose it is, and the new token if a code was redeemed."""

    credential: str
    token: str | None = None


class Doorkeeper:
    """Decide who may attach. Its answers survive a store that is out of reach, for what it has already seen."""

    def __init__(self, credentials: Credentials, own_origins: frozenset[str]) -> None:
        self._credentials = credentials
        self._own_origins = own_origins
        self._known_origins: frozenset[str] = frozenset()
        self._seen: dict[tuple[str, str | None], str] = {}

    async def knows_origin(self, origin: str) -> bool:
        """Whether a page of `origin` may try to say hello at all (exact comparison, RFC 6454).

        An extension that nobody has paired yet may, while a code waits that was made for anybody.
        """
        if origin in self._own_origins:
            return True
        open_code = False
        with contextlib.suppress(StoreError):
            self._known_origins = await self._credentials.origins()
            open_code = EXTENSION.fullmatch(origin) is not None and await self._credentials.has_open_code()
        return open_code or origin in self._known_origins

    async def admit(self, hello: Hello, origin: str | None) -> Admission:
        """Check the credential of `hello`.

        Raises:
            InvalidCredential: it has none, a wrong one, one of another Origin or a revoked one.
            StoreError: it cannot be checked now.
        """
        if hello.code is not None:
            redeemed = await self._credentials.redeem(hello.code, origin)
            if redeemed is not None:
                credential, token = redeemed
                self._seen[token, origin] = credential.id
                return Admission(credential.id, token)
        if hello.token is not None:
            known = await self._check(hello.token, origin)
            if known is not None:
                return Admission(known)
        raise InvalidCredential("The bridge credential is missing, wrong, revoked or bound to another origin.")

    async def live_ids(self) -> frozenset[str]:
        """Ids of the credentials that still count; forgets what was revoked."""
        live = await self._credentials.live_ids()
        self._seen = {key: credential for key, credential in self._seen.items() if credential in live}
        return live

    async def _check(self, token: str, origin: str | None) -> str | None:
        try:
            credential = await self._credentials.check(token, origin)
        except StoreError:
            if (token, origin) in self._seen:
                return self._seen[token, origin]
            raise
        if credential is None:
            self._seen.pop((token, origin), None)
            return None
        self._seen[token, origin] = credential.id
        return credential.id
