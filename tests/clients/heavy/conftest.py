"""Fixtures of the tests with real clients of some hundred megabytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from stack.isolated import Isolated
from stack.npm_programs import npm_programs


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def programs() -> Path:
    """Where the programs from npm are."""
    return await asyncio.to_thread(npm_programs) / ".bin"


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Isolated]:
    """A home that nobody has used before, with a folder for the job; daemons do not outlive the test."""
    (tmp_path / "home" / "job").mkdir(parents=True)
    isolated = Isolated(tmp_path / "home")
    yield isolated
    isolated.end_daemons()
