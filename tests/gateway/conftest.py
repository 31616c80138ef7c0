"""The log of a test, as relay writes it."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.telemetry import log

from .fakes import FakeBackend

Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    """Return what was logged so far, one object a line."""
    file = tmp_path / "relay.log"
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log.configure("debug", "json", file)
    [handler] = root.handlers
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    handler.stream.close()
    root.handlers[:] = before
    root.setLevel(level)
