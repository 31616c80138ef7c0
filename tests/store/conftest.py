"""A store on a fresh file, and a clock that tests move."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.store import Store


class Clock:
    """Seconds since the epoch, as a test sets them."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def store(path: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(path, clock)
    yield store
    await store.close()


@pytest.fixture
async def other(store: Store, path: Path, clock: Clock) -> AsyncIterator[Store]:
    """Stand in for another process on the same file."""
    other = await Store.open(path, clock)
    yield other
    await other.close()
