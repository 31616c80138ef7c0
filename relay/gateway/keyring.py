"""The credentials of HTTP callers, in memory: the gate is asked for every request and must not wait for a disk."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from relay.errors import StoreError
from relay.gateway.admins import Stay

log = structlog.get_logger(__name__)

RENEW_SECONDS = 0.25


class ClientKey(Protocol):
    """A client key as the store knows it."""

    @property
    def id(self) -> str:
        """Public id."""

    @property
    def name(self) -> str:
        """The name its owner gave it."""


class KeyStore(Protocol):
    """Where client keys are kept; every method may raise ``StoreError``."""

    async def active(self) -> Mapping[str, ClientKey]:
        """The keys that are not revoked, by the SHA-256 (hex) of their secret."""

    async def touch(self, ids: Mapping[str, float]) -> None:
        """Note when keys were last used."""


class Keyring:
    """All client keys and the admin token, by digest; only digests are held.

    A plain SHA-256 is enough because the secrets are 256 random bits, not passwords
    (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html is about what people choose).
    """

    def __init__(self, store: KeyStore, admin_token: str, wall: Callable[[], float]) -> None:
        self._store = store
        self._admin = _digest(admin_token)
        self._wall = wall
        self._keys: Mapping[str, ClientKey] = {}
        self._used: dict[str, float] = {}
        self._renewed = float("-inf")
        self._staying: dict[str, list[Callable[[], None]]] = {}

    async def refresh(self) -> None:
        """Read the keys again; a revoked one counts no longer."""
        self._keys = await self._store.active()
        live = {key.id for key in self._keys.values()}
        for gone in self._staying.keys() - live:
            for told in self._staying.pop(gone):
                told()

    async def renew(self) -> bool:
        """Read the keys again because one was not known; ``False`` if they were read a moment ago, or cannot be.

        So a key works as soon as it is made, while guessing cannot keep the database busy.
        """
        now = self._wall()
        if abs(now - self._renewed) < RENEW_SECONDS:
            return False
        self._renewed = now
        try:
            await self.refresh()
        except StoreError:
            return False
        return True

    def client(self, secret: str) -> ClientKey | None:
        """Return the live client key with this secret."""
        key = self._keys.get(_digest(secret))
        if key is not None:
            self._used[key.id] = self._wall()
        return key

    def stay(self, key: ClientKey) -> Stay:
        """Return for how long who came with `key` may stay: until it is revoked."""

        def on_end(told: Callable[[], None]) -> Callable[[], None]:
            self._staying.setdefault(key.id, []).append(told)
            return lambda: self._forget(key.id, told)

        return Stay(lambda: any(live.id == key.id for live in self._keys.values()), on_end)

    def is_admin(self, secret: str) -> bool:
        """Whether `secret` is the admin token."""
        return hmac.compare_digest(_digest(secret), self._admin)

    async def flush(self) -> bool:
        """Write down when keys were used; ``False`` if that has to wait for a later call."""
        used, self._used = self._used, {}
        if used:
            try:
                await self._store.touch(used)
            except StoreError as exc:
                log.warning("keys.touch_failed", error=exc.code)
                self._used = used | self._used
                return False
        return True

    def _forget(self, key: str, told: Callable[[], None]) -> None:
        """Tell no more of the end of `key`."""
        waiting = self._staying.get(key, [])
        if told in waiting:
            waiting.remove(told)
        if not waiting:
            self._staying.pop(key, None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
