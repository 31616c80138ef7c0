"""Sessions that relay has met, so that one keeps its id over restarts."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from relay.store.database import Database
from relay.store.tables import bridge_credentials as credentials
from relay.store.tables import sessions as table

KEPT = 1000


@dataclass(frozen=True)
class SessionRecord:
    """A signed-in page; ``credential_id`` is that of a stored bridge credential, ``None`` for one without."""

    id: str
    credential_id: str | None
    kind: str
    adapter: str
    site: str
    account: str | None
    first_seen_at: float
    last_seen_at: float


class Sessions:
    """The table of sessions: the newest thousand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(self, record: SessionRecord) -> None:
        """Store `record`, and that its credential was used.

        Of a session that is known all but its ``first_seen_at`` is replaced.
        """
        values = asdict(record)
        new = {name: value for name, value in values.items() if name not in {"id", "first_seen_at"}}
        statement = insert(table).values(values).on_conflict_do_update(index_elements=[table.c.id], set_=new)
        used = (
            update(credentials).where(credentials.c.id == record.credential_id).values(last_seen_at=record.last_seen_at)
        )
        newest = select(table.c.id).order_by(table.c.last_seen_at.desc(), table.c.id).limit(KEPT)
        async with self._database.write() as connection:
            await connection.execute(statement)
            await connection.execute(used)
            await connection.execute(delete(table).where(table.c.id.not_in(newest)))

    async def get(self, session: str) -> SessionRecord | None:
        """Return the session with this id, if relay has met it."""
        async with self._database.read() as connection:
            found = await connection.execute(select(table).where(table.c.id == session))
            row = found.mappings().one_or_none()
        return None if row is None else _record(row)

    async def list(self) -> list[SessionRecord]:
        """Return all sessions, the one seen last first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(table).order_by(table.c.last_seen_at.desc(), table.c.id))
            return [_record(row) for row in rows.mappings()]


def _record(row: RowMapping) -> SessionRecord:
    return SessionRecord(*(row[column] for column in table.c))
