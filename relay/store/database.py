"""One SQLite file: opening, migrating, transactions, and SQLite's errors in relay's words.

All work goes through one connection. Its writers queue in the process instead of at the file's lock, and
``PRAGMA data_version`` (https://www.sqlite.org/pragma.html#pragma_data_version), which counts what *other* connections
committed, then means other processes.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from relay.errors import StoreBusy, StoreError
from relay.store.migrations import REVISIONS
from relay.store.tables import metadata

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what was deleted is overwritten: https://www.sqlite.org/pragma.html#pragma_secure_delete
)
WAIT_SECONDS = 10.0
BUSY_SECONDS = 2.0
PATIENT_SECONDS = 20.0
"""When several programs start on an old or a new file, all wait for the one that brings it up to date."""
REVISION_TABLE = "alembic_version"


class Database:
    """An open database at the newest schema."""

    def __init__(self, path: Path, engine: AsyncEngine) -> None:
        self.path = path
        self._engine = engine

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open or create the file and bring its schema up to date.

        Raises:
            StoreError: if it is damaged, something else, or from a newer relay. It is left untouched then.
            StoreBusy: if another process keeps it locked.
        """
        revision = await asyncio.to_thread(_inspected, path)
        if revision != REVISIONS[-1]:
            patient = cls(path, _engine(path, PATIENT_SECONDS))
            try:
                async with patient.write() as connection:
                    await connection.run_sync(_bring_up_to_date)
            finally:
                await patient.close()
        database = cls(path, _engine(path, BUSY_SECONDS))
        try:
            await database.changed()
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close the file."""
        await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in one consistent snapshot."""
        with _translated(self.path):
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that alone may write; the block is committed as a whole or not at all."""
        with _translated(self.path):
            async with self._engine.connect() as connection:
                await connection.execution_options(begin="BEGIN IMMEDIATE")
                async with connection.begin():
                    yield connection

    async def changed(self) -> bool:
        """Tell whether another process committed something since the last call."""
        async with self.read() as connection:
            seen = (await connection.get_raw_connection()).info  # lives and dies with the connection
            version = await connection.scalar(text("PRAGMA data_version"))
            before, seen["data_version"] = seen.get("data_version"), version
            return bool(before != version)


def _engine(path: Path, busy_seconds: float) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=1,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        hide_parameters=True,  # hashes and names stay out of tracebacks
        # BEGIN is ours: https://docs.python.org/3/library/sqlite3.html; so is how long to wait for another process
        connect_args={"isolation_level": None, "timeout": busy_seconds},
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _inspected(path: Path) -> str | None:
    """Return the schema revision of the file, ``None`` for a new one, without changing it."""
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        ) as connection:
            [[verdict]] = connection.execute("PRAGMA quick_check(1)")
            tables = [name for [name] in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            versions = connection.execute("SELECT version_num FROM alembic_version") if REVISION_TABLE in tables else ()
            revision = next((version for [version] in versions), None)
    except (OSError, sqlite3.Error) as exc:
        raise _sentence(path, exc) from exc
    if verdict != "ok":
        raise StoreError(f"The database {path} is damaged; move it away or restore a copy of it.")
    if revision is None and set(tables) - {REVISION_TABLE}:
        raise StoreError(f"{path} is the database of another program; choose another data directory.")
    if revision is not None and revision not in REVISIONS:
        raise StoreError(f"The database {path} was written by a newer relay; update relay, or use another --data-dir.")
    return revision


def _bring_up_to_date(connection: Connection) -> None:
    """Create the tables, or migrate them; another process may have done so while this one waited to write.

    A new database gets the newest tables at once, as
    https://alembic.sqlalchemy.org/en/latest/cookbook.html#building-an-up-to-date-database-from-scratch advises; that
    also spares most starts the time and memory of importing alembic.
    """
    if inspect(connection).has_table(REVISION_TABLE):
        if connection.scalar(text(f"SELECT version_num FROM {REVISION_TABLE}")) != REVISIONS[-1]:  # noqa: S608  # a constant
            _migrate(connection)
        return
    metadata.create_all(connection)
    connection.exec_driver_sql(f"CREATE TABLE {REVISION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql(f"INSERT INTO {REVISION_TABLE} VALUES (?)", (REVISIONS[-1],))  # noqa: S608  # a constant


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # slow to import and needed only when the schema is old
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "relay.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as exc:
        raise _sentence(path, exc.orig) from exc
    except UnicodeEncodeError as exc:
        raise StoreError("Text with lone surrogates cannot be stored or looked for.") from exc
    except PoolTimeout as exc:
        raise StoreBusy(f"The database {path} is busy; try again.") from exc


def _sentence(path: Path, exc: BaseException | None) -> StoreError:
    """Say what SQLite's result code means: https://www.sqlite.org/rescode.html."""
    match getattr(exc, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"The database {path} is locked by another process; try again.")
        case sqlite3.SQLITE_FULL:
            return StoreBusy(f"The disk that holds the database {path} is full; make room and try again.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(f"The database {path} is read-only; make it and its directory writable for this user.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"The database {path} is damaged or not a database; move it away or restore a copy.")
        case _:
            cause = getattr(exc, "strerror", None) or exc
            return StoreError(f"The database {path} cannot be used: {cause}. May this user write it and its directory?")
