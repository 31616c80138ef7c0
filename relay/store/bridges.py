"""Pairing codes and the credentials they turn into: who may attach a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, not_, or_, select, update

from relay.store.database import Database
from relay.store.secret import code_digest, digest, fresh, fresh_code, fresh_id
from relay.store.tables import bridge_credentials as table
from relay.store.tables import pairing_codes as codes

PREFIX = "rbr-"


@dataclass(frozen=True)
class BridgeCredential:
    """What relay knows of a page's lasting credential.

    ``origin`` is where alone it works (``None``: no browser). ``last_seen_at`` is when a page last connected with it.
    """

    id: str
    name: str
    origin: str | None
    created_at: float
    last_seen_at: float | None = None
    revoked_at: float | None = None


_COLUMNS = (table.c.id, table.c.name, table.c.origin, table.c.created_at, table.c.last_seen_at, table.c.revoked_at)
_LIVE = table.c.revoked_at.is_(None)


class Bridges:
    """The tables of pairing codes and bridge credentials."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def create_code(self, origin: str | None, ttl: float) -> str:
        """Make a code that works once within `ttl` seconds, and only from `origin` if one is given."""
        code, now = fresh_code(), self._clock()
        async with self._database.write() as connection:
            await connection.execute(delete(codes).where(not_(_valid(now))))
            await connection.execute(
                insert(codes).values(hash=code_digest(code), origin=origin, created_at=now, expires_at=now + ttl)
            )
        return code

    async def redeem(self, code: str, origin: str | None) -> tuple[BridgeCredential, str] | None:
        """Trade a code for a credential pinned to `origin` and its token; ``None`` if the code is not good there.

        Of several who try the same code at once, one gets it.
        """
        now, token, id_ = self._clock(), fresh(PREFIX), fresh_id("bridge")
        credential = BridgeCredential(id_, _name(origin, id_), origin, now)
        here = or_(codes.c.origin.is_(None), codes.c.origin == origin)
        async with self._database.write() as connection:
            used = await connection.execute(delete(codes).where(codes.c.hash == code_digest(code), here, _valid(now)))
            if used.rowcount != 1:
                return None
            values = {"id": id_, "name": credential.name, "origin": origin, "created_at": now}
            await connection.execute(insert(table).values(hash=digest(token), **values))
        return credential, token

    async def check(self, token: str, origin: str | None) -> BridgeCredential | None:
        """Return the live credential that `token` stands for, if it is shown from its own origin."""
        async with self._database.read() as connection:
            found = await connection.execute(select(*_COLUMNS).where(table.c.hash == digest(token), _LIVE))
            row = found.mappings().one_or_none()
        return _credential(row) if row is not None and row["origin"] == origin else None

    async def origins(self) -> frozenset[str]:
        """Return the origins from which a live code or credential could be shown."""
        async with self._database.read() as connection:
            waiting = await connection.scalars(select(codes.c.origin).where(_valid(self._clock())))
            paired = await connection.scalars(select(table.c.origin).where(_LIVE))
            return frozenset(origin for origin in (*waiting, *paired) if origin is not None)

    async def has_open_code(self) -> bool:
        """Whether there is a live code that was made for no origin in particular."""
        waiting = select(codes.c.hash).where(codes.c.origin.is_(None), _valid(self._clock())).limit(1)
        async with self._database.read() as connection:
            return await connection.scalar(waiting) is not None

    async def list(self) -> list[BridgeCredential]:
        """Return all credentials, revoked ones too, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(*_COLUMNS).order_by(table.c.created_at, table.c.id))
            return [_credential(row) for row in rows.mappings()]

    async def live_ids(self) -> frozenset[str]:
        """Return the ids of the credentials that are not revoked."""
        async with self._database.read() as connection:
            return frozenset(await connection.scalars(select(table.c.id).where(_LIVE)))

    async def revoke(self, id_or_name: str) -> BridgeCredential | None:
        """End a live credential and return it, or ``None`` if there is no such credential."""
        wanted = or_(table.c.id == id_or_name, table.c.name == id_or_name)
        async with self._database.write() as connection:
            id_ = await connection.scalar(select(table.c.id).where(wanted, _LIVE))
            if id_ is None:
                return None
            await connection.execute(update(table).where(table.c.id == id_).values(revoked_at=self._clock()))
            ended = await connection.execute(select(*_COLUMNS).where(table.c.id == id_))
            return _credential(ended.mappings().one())


def _valid(now: float) -> ColumnElement[bool]:
    """Say which codes live; one from the future is dead, or a clock set back would make it live for ever."""
    return and_(codes.c.created_at <= now, codes.c.expires_at > now)


def _credential(row: RowMapping) -> BridgeCredential:
    return BridgeCredential(*(row[column] for column in _COLUMNS))


def _name(origin: str | None, id_: str) -> str:
    host = urlsplit(origin).netloc if origin else "program"
    return f"{host[:80]}-{id_[-4:]}"
