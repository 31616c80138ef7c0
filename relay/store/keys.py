"""Client keys: who may call models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping, bindparam, insert, or_, select, update

from relay.errors import NameRefused, NameTaken
from relay.store.database import Database
from relay.store.secret import digest, fresh, fresh_id
from relay.store.tables import client_keys as table

PREFIX = "sk-relay-"
LONGEST_NAME = 100


@dataclass(frozen=True)
class ClientKey:
    """What relay knows of a client key; the secret itself is shown once and not kept."""

    id: str
    name: str
    prefix: str
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None


_COLUMNS = (table.c.id, table.c.name, table.c.prefix, table.c.created_at, table.c.last_used_at, table.c.revoked_at)


class Keys:
    """The table of client keys."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def create(self, name: str) -> tuple[ClientKey, str]:
        """Make a key; the second value is its secret.

        Raises:
            NameTaken: if a live key has the name.
            NameRefused: if the name is empty, too long or not printable.
        """
        name = _checked(name)
        secret = fresh(PREFIX)
        key = ClientKey(fresh_id("key"), name, secret[:12], self._clock())
        async with self._database.write() as connection:
            if await connection.scalar(select(table.c.id).where(table.c.name == name, table.c.revoked_at.is_(None))):
                raise NameTaken(name)
            values = {"id": key.id, "name": name, "prefix": key.prefix, "created_at": key.created_at}
            await connection.execute(insert(table).values(hash=digest(secret), **values))
        return key, secret

    async def list(self) -> list[ClientKey]:
        """Return all keys, revoked ones too, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(*_COLUMNS).order_by(table.c.created_at, table.c.id))
            return [_key(row) for row in rows.mappings()]

    async def active(self) -> dict[str, ClientKey]:
        """Return the live keys by the :func:`~relay.store.secret.digest` of their secrets."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(table.c.hash, *_COLUMNS).where(table.c.revoked_at.is_(None)))
            return {row["hash"]: _key(row) for row in rows.mappings()}

    async def revoke(self, name_or_id: str) -> ClientKey | None:
        """End a live key and return it, or ``None`` if there is no such key."""
        wanted = or_(table.c.id == name_or_id, table.c.name == name_or_id)
        async with self._database.write() as connection:
            id_ = await connection.scalar(select(table.c.id).where(wanted, table.c.revoked_at.is_(None)))
            if id_ is None:
                return None
            await connection.execute(update(table).where(table.c.id == id_).values(revoked_at=self._clock()))
            ended = await connection.execute(select(*_COLUMNS).where(table.c.id == id_))
            return _key(ended.mappings().one())

    async def touch(self, ids: Mapping[str, float]) -> None:
        """Note when keys were last used, many at a time."""
        if ids:
            statement = update(table).where(table.c.id == bindparam("key")).values(last_used_at=bindparam("at"))
            async with self._database.write() as connection:
                await connection.execute(statement, [{"key": id_, "at": at} for id_, at in ids.items()])


def _key(row: RowMapping) -> ClientKey:
    return ClientKey(*(row[column] for column in _COLUMNS))


def _checked(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise NameRefused("A key needs a name of printable characters, such as the program that uses it.")
    if len(name) > LONGEST_NAME:
        raise NameRefused(f"The name of a key has at most {LONGEST_NAME} characters.")
    return name
