"""The file: private, migrated, never harmed, and its errors in words."""

import asyncio
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from relay.errors import StoreBusy, StoreError
from relay.store import Store, database
from relay.store.database import Database
from relay.store.migrations import REVISIONS
from relay.store.tables import metadata


def changed_by_hand(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def refused(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        await Store.open(path)
    assert path.read_bytes() == before
    assert sum(file.stat().st_size for file in path.parent.glob("*-wal")) == 0
    return str(caught.value)


async def test_file_is_private_while_open_and_after(path: Path):
    store = await Store.open(path)
    await store.keys.create("cline")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"relay.db": 0o600, "relay.db-wal": 0o600, "relay.db-shm": 0o600}
    await store.close()
    assert [file.name for file in path.parent.iterdir()] == ["relay.db"]


async def test_pragmas(store: Store):
    async with store.database.read() as connection:
        names = ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        values = [await connection.scalar(text(f"PRAGMA {name}")) for name in names]
    assert values == ["wal", 1, 2000, 1]


async def test_content_survives_a_restart(store: Store, path: Path):
    key, _ = await store.keys.create("cline")
    await store.close()
    again = await Store.open(path)
    assert await again.keys.list() == [key]
    await again.close()


async def test_many_open_a_new_file_at_once(path: Path):
    stores = await asyncio.gather(*(Store.open(path) for _ in range(4)))
    assert [await store.keys.list() for store in stores] == [[], [], [], []]
    await asyncio.gather(*(store.close() for store in stores))


async def test_who_brings_the_file_up_to_date_waits_longer(path: Path, monkeypatch: pytest.MonkeyPatch):
    waits: list[int] = []
    bring_up_to_date = database._bring_up_to_date

    def noted(connection: Connection) -> None:
        waits.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())
        bring_up_to_date(connection)

    monkeypatch.setattr(database, "_bring_up_to_date", noted)
    store = await Store.open(path)
    async with store.database.read() as connection:
        waits.append((await connection.execute(text("PRAGMA busy_timeout"))).scalar_one())
    await store.close()
    assert waits == [20_000, 2_000]


async def test_file_that_cannot_be_prepared_is_let_go(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch):
    await store.close()
    monkeypatch.setattr(database, "PRAGMAS", ("PRAGMA journal_mode = WAL", "no SQL"))
    with pytest.raises(StoreError, match="syntax error"):
        await Store.open(path)
    assert [file.name for file in path.parent.iterdir()] == ["relay.db"]


def test_known_revisions_are_those_of_the_migrations():
    script = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS


async def test_migrations_end_at_the_tables(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "_bring_up_to_date", database._migrate)
    store = await Store.open(path)
    async with store.database.read() as connection:
        differences = await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    await store.close()
    assert differences == []


async def test_old_schema_is_migrated(path: Path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    store = await Store.open(path)
    assert await store.keys.list() == []
    await store.close()


async def test_database_of_the_first_relay_gets_what_is_new_and_keeps_what_it_has(path: Path):
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "relay.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO client_keys (id, name, prefix, hash, created_at) VALUES (1, 'a', 'b', 'c', 2)")
        )
    engine.dispose()
    store = await Store.open(path)
    assert [key.name for key in await store.keys.list()] == ["a"]
    assert await store.responses.unfinished() == []
    await store.close()


async def test_interrupted_first_start(path: Path):
    path.touch()
    store = await Store.open(path)
    assert await store.keys.list() == []
    await store.close()


async def test_failed_migration_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch):
    bring_up_to_date = database._bring_up_to_date

    def fail(connection: object) -> None:
        bring_up_to_date(connection)  # type: ignore[arg-type]
        raise InterruptedError

    monkeypatch.setattr(database, "_bring_up_to_date", fail)
    with pytest.raises(InterruptedError):
        await Store.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


async def test_newer_schema_is_refused_untouched(store: Store, path: Path):
    await store.close()
    changed_by_hand(path, "UPDATE alembic_version SET version_num = '9999'")
    assert "was written by a newer relay" in await refused(path)


async def test_database_of_another_program_is_refused_untouched(path: Path):
    changed_by_hand(path, "CREATE TABLE recipes (id INTEGER)")
    assert "is the database of another program" in await refused(path)


@pytest.mark.parametrize("content", [b"hello, I am a text file\n" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_what_is_not_a_database_is_refused_untouched(path: Path, content: bytes):
    path.write_bytes(content)
    assert "is damaged or not a database" in await refused(path)


@pytest.mark.parametrize("page", [1, 2, 5])
async def test_damaged_database_is_refused_untouched(store: Store, path: Path, page: int):
    for number in range(50):
        await store.keys.create(f"key {number}")
    await store.close()
    content = bytearray(path.read_bytes())
    content[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    assert "is damaged" in await refused(path)


async def test_directory_instead_of_a_file(path: Path):
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        await Store.open(path)


async def test_locked_database(store: Store, path: Path):
    async with store.database.read() as connection:
        await connection.execute(text("PRAGMA busy_timeout = 1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="is locked by another process; try again"):
            await store.keys.create("cline")
        assert await store.keys.list() == []
    key, _ = await store.keys.create("cline")
    assert await store.keys.list() == [key]


async def test_full_disk_and_recovery(store: Store):
    async with store.database.read() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1"))
    with pytest.raises(StoreBusy, match="is full; make room and try again"):
        await asyncio.gather(*(store.keys.create(f"{number:0100}") for number in range(100)))
    async with store.database.read() as connection:
        await connection.execute(text("PRAGMA max_page_count = 100000"))
    key, _ = await store.keys.create("cline")
    assert key in await store.keys.list()


async def test_read_only_database(store: Store):
    async with store.database.read() as connection:
        await connection.execute(text("PRAGMA query_only = ON"))
    with pytest.raises(StoreError, match="is read-only"):
        await store.keys.create("cline")
    assert await store.keys.list() == []


async def test_connection_in_use_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.01)
    one = await Database.open(path)
    async with one.read():
        with pytest.raises(StoreBusy, match="is busy; try again"):
            await one.changed()
    await one.close()


async def test_failed_block_changes_nothing(store: Store):
    with suppress(InterruptedError):
        async with store.database.write() as connection:
            await connection.execute(text("DELETE FROM alembic_version"))
            raise InterruptedError
    async with store.database.read() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISIONS[-1]


async def test_errors_do_not_carry_values(store: Store):
    with pytest.raises(StoreError) as caught:
        async with store.database.write() as connection:
            await connection.execute(text("SELECT * FROM nothing WHERE a = :a"), {"a": "sk-relay-canary"})
    assert isinstance(caught.value.__cause__, OperationalError)
    assert "canary" not in str(caught.value.__cause__)


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_cancelled_write_leaves_no_lock(store: Store, other: Store, turns: int):
    write = asyncio.create_task(store.keys.create("cancelled"))
    for _ in range(turns):
        await asyncio.sleep(0)
    write.cancel()
    await asyncio.wait([write])
    key, _ = await other.keys.create("theirs")
    assert key in await store.keys.list()


async def test_changes_of_another_process_are_seen_once(store: Store, other: Store):
    assert await store.changed() is False
    await other.keys.create("theirs")
    await store.keys.create("mine")
    assert await store.changed() is True
    assert await store.changed() is False


async def test_own_changes_are_not_seen(store: Store):
    await store.keys.create("mine")
    await store.keys.list()
    assert await store.changed() is False


async def test_replaced_connection_counts_as_change(store: Store):
    await store.database.close()  # as after a cancelled query
    assert await store.changed() is True
    assert await store.changed() is False
