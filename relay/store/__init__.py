"""What relay keeps in its database: client keys, bridge credentials, sessions, responses.

::

    store = await Store.open(data.database)
    try:
        key, secret = await store.keys.create("cline")
    finally:
        await store.close()
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relay.store.bridges import BridgeCredential, Bridges
from relay.store.database import Database
from relay.store.keys import ClientKey, Keys
from relay.store.responses import Chain, Responses, StoredResponse, Turn
from relay.store.secret import digest
from relay.store.sessions import SessionRecord, Sessions

__all__ = [
    "BridgeCredential",
    "Bridges",
    "Chain",
    "ClientKey",
    "Keys",
    "Responses",
    "SessionRecord",
    "Sessions",
    "Store",
    "StoredResponse",
    "Turn",
    "digest",
]


@dataclass(frozen=True)
class Store:
    """An open database, by subject. Every method may raise ``StoreError``, and ``StoreBusy`` when a retry may work."""

    database: Database
    keys: Keys
    bridges: Bridges
    sessions: Sessions
    responses: Responses

    @classmethod
    async def open(cls, path: Path, clock: Callable[[], float] = time.time) -> Store:
        """Open or create the database at `path`; `clock` gives seconds since the epoch.

        Raises:
            StoreError: if the file is damaged, something else, or from a newer relay. It is left untouched then.
        """
        database = await Database.open(path)
        keys, bridges = Keys(database, clock), Bridges(database, clock)
        return cls(database, keys, bridges, Sessions(database), Responses(database))

    async def close(self) -> None:
        """Close the file; nothing else may be called afterwards."""
        await self.database.close()

    async def changed(self) -> bool:
        """Tell whether another process changed anything since the last call (cheap: no table is read)."""
        return await self.database.changed()
