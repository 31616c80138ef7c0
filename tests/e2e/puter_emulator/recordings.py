"""What the real services answered: the recordings that the emulator replays and is checked against."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "data" / "puter" / "emulator-exchanges.json"
_RECORDED = json.loads(FILE.read_text(encoding="utf-8"))

HEADERS: dict[str, str] = _RECORDED["headers"]
"""Headers of every answer but those that depend on the request."""

REQUEST_HEADERS: dict[str, str] = _RECORDED["request"]["headers"]
ENVELOPE: dict[str, Any] = _RECORDED["envelope"]


@dataclass(frozen=True)
class Recorded:
    """One call of ``puter.ai.chat``: its arguments, the HTTP answer, and what the SDK made of it."""

    name: str
    args: dict[str, Any]
    status: int
    content_type: str
    body: str
    sdk_parts: list[Any] | None = None
    sdk_result: Any = None
    sdk_rejects_with: Any = None

    @property
    def lines(self) -> list[str]:
        """The lines of a streamed body."""
        return self.body.splitlines()


EXCHANGES = {name: Recorded(name, **fields) for name, fields in _RECORDED["exchanges"].items()}
EDGE_CASES: dict[str, Any] = _RECORDED["edge_cases"]
