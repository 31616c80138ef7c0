"""Stored answers of the Responses API, each readable by the key that asked for it and by no other.

A response holds what was said in its own turn only; ``parent`` leads to the turn before it. So a conversation costs
what was said in it, and a turn that was deleted or purged ends the way back for those after it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Table, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.expression import CTE

from relay.store.database import Database
from relay.store.tables import response_bodies as bodies
from relay.store.tables import response_items as items
from relay.store.tables import responses as table

UNFINISHED: Final = ("queued", "in_progress")
LONGEST_CHAIN: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class StoredResponse:
    """One response; ``input`` is a JSON array of items, ``response`` its JSON object, ``events`` a JSON line each.

    ``owner`` is the id of the key that asked for it; ``items`` are the ids of what was answered, each of which can be
    referred to.
    """

    id: str
    owner: str
    parent: str | None
    created_at: float
    expires_at: float
    status: str
    model: str
    input: bytes
    response: bytes
    events: bytes = b""
    items: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return len(self.input) + len(self.response) + len(self.events)


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation: what was asked, and the response with what was answered."""

    id: str
    status: str
    input: bytes
    response: bytes


@dataclass(frozen=True)
class Chain:
    """The turns that lead to a response, oldest first; ``broken`` tells that earlier ones are missing.

    ``turns`` is empty if they are larger than was asked for; ``size`` tells their bytes.
    """

    turns: tuple[Turn, ...] = ()
    broken: bool = False
    size: int = 0


_WHOLE: Final = select(
    table.c.id,
    table.c.owner,
    table.c.parent_id.label("parent"),
    table.c.created_at,
    table.c.expires_at,
    table.c.status,
    table.c.model,
    bodies.c.input,
    bodies.c.response,
    bodies.c.events,
).join(bodies, bodies.c.id == table.c.id)


class Responses:
    """The tables of responses. What expired before the ``now`` of a call is not there for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, records: Sequence[StoredResponse]) -> None:
        """Store `records`, each in the place of an older one of the same id.

        The turns before one live at least as long as it does.
        """
        async with self._database.write() as connection:
            for record in records:
                await connection.execute(_upsert(table, record, size=record.size, parent_id=record.parent))
                await connection.execute(_upsert(bodies, record))
                if record.items:
                    named = [{"response_id": record.id, "id": item} for item in record.items]
                    await connection.execute(insert(items).on_conflict_do_nothing(), named)
                if record.parent is not None:
                    before = select(_line(record.parent, record.owner).c.id)
                    sooner = and_(table.c.id.in_(before), table.c.expires_at < record.expires_at)
                    await connection.execute(update(table).where(sooner).values(expires_at=record.expires_at))

    async def get(self, id_: str, owner: str, now: float) -> StoredResponse | None:
        """Return the response `id_` if it is `owner`'s."""
        wanted = and_(table.c.id == id_, table.c.owner == owner, table.c.expires_at > now)
        names = select(items.c.id).where(items.c.response_id == id_)
        async with self._database.read() as connection:
            row = (await connection.execute(_WHOLE.where(wanted))).mappings().one_or_none()
            if row is None:
                return None
            return StoredResponse(**row, items=frozenset(await connection.scalars(names)))

    async def chain(self, id_: str, owner: str, now: float, most_bytes: int) -> Chain:
        """Return the turns that lead to `owner`'s response `id_`, and it; none if there is no such response."""
        line = _line(id_, owner)
        size_read = (func.length(bodies.c.input) + func.length(bodies.c.response)).label("size")
        known = (
            select(table.c.parent_id, size_read)
            .join(line, line.c.id == table.c.id)
            .join(bodies, bodies.c.id == table.c.id)
        )
        turns = (
            select(table.c.id, table.c.status, bodies.c.input, bodies.c.response)
            .join(line, line.c.id == table.c.id)
            .join(bodies, bodies.c.id == table.c.id)
        )
        live, oldest_first = table.c.expires_at > now, line.c.age.desc()
        async with self._database.read() as connection:
            rows = (await connection.execute(known.where(live).order_by(oldest_first))).all()
            size = sum(row.size for row in rows)
            if not rows or size > most_bytes:
                return Chain(size=size)
            found = (await connection.execute(turns.where(live).order_by(oldest_first))).all()
        return Chain(tuple(Turn(*row) for row in found), broken=rows[0].parent_id is not None, size=size)

    async def holding(self, item_ids: Collection[str], owner: str, now: float, most_bytes: int) -> list[bytes]:
        """Return those of `owner`'s responses that hold any of these items, the newest first, up to `most_bytes`."""
        named = select(items.c.response_id).where(items.c.id.in_(item_ids))
        wanted = and_(table.c.id.in_(named), table.c.owner == owner, table.c.expires_at > now)
        texts = select(bodies.c.response).join(table, table.c.id == bodies.c.id).where(wanted)
        found: list[bytes] = []
        async with self._database.read() as connection:
            rows = await connection.stream_scalars(texts.order_by(table.c.created_at.desc()))
            async for text in rows:
                most_bytes -= len(text)
                if most_bytes < 0:
                    break
                found.append(text)
        return found

    async def delete(self, id_: str, owner: str) -> bool:
        """Forget `owner`'s response `id_`; ``False`` if there is none."""
        async with self._database.write() as connection:
            ended = await connection.execute(delete(table).where(table.c.id == id_, table.c.owner == owner))
            return ended.rowcount > 0

    async def unfinished(self) -> list[StoredResponse]:
        """Return what was running when relay last stopped without an end: there are no items yet."""
        async with self._database.read() as connection:
            rows = await connection.execute(_WHOLE.where(table.c.status.in_(UNFINISHED)).order_by(table.c.created_at))
            return [StoredResponse(**row) for row in rows.mappings()]

    async def purge(self, now: float, most: int, most_bytes: int) -> int:
        """Forget what expired, then those next to expire until at most `most` of `most_bytes` are left; count them."""
        newest = table.c.expires_at.desc(), table.c.created_at.desc(), table.c.id
        summed = select(
            table.c.id,
            func.row_number().over(order_by=newest).label("place"),
            func.sum(table.c.size).over(order_by=newest).label("total"),
        ).subquery()
        too_many = select(summed.c.id).where(or_(summed.c.place > most, summed.c.total > most_bytes))
        async with self._database.write() as connection:
            expired = await connection.execute(delete(table).where(table.c.expires_at <= now))
            beyond = await connection.execute(delete(table).where(table.c.id.in_(too_many)))
            return expired.rowcount + beyond.rowcount


def _line(id_: str, owner: str) -> CTE:
    """Return `owner`'s response `id_` and those before it, with their ``age`` in turns."""
    line = select(table.c.id, table.c.parent_id, literal(0).label("age"))
    line = line.where(table.c.id == id_, table.c.owner == owner)
    first = line.cte("line", recursive=True)
    before = select(table.c.id, table.c.parent_id, first.c.age + 1)
    before = before.where(table.c.id == first.c.parent_id, table.c.owner == owner, first.c.age < LONGEST_CHAIN)
    return first.union_all(before)


def _upsert(into: Table, record: StoredResponse, **more: object) -> Insert:
    values = {**asdict(record), **more}
    present = {column.name: values[column.name] for column in into.c}
    return insert(into).values(present).on_conflict_do_update(index_elements=[into.c.id], set_=present)
