"""Fixtures of the tests with real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.cline import Cline


@pytest.fixture
def cline(tmp_path: Path) -> Iterator[Cline]:
    """Cline, fresh from npm."""
    cline = Cline(tmp_path / "home")
    cline.settle()
    yield cline
    cline.end_daemons()
