"""Cline's command line program, fresh from npm."""

from __future__ import annotations

import json
from typing import Any

from .isolated import Isolated
from .programs import NODE_MODULES


class Cline(Isolated):
    """Cline in a home of its own."""

    def settle(self) -> None:
        """Make the home, with a setting that keeps Cline from trying for eight seconds to report that it started."""
        settings = self.home / ".cline" / "data" / "settings" / "global-settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text('{"telemetryOptOut": true}')

    async def run(self, *words: str) -> tuple[int, str]:
        """Run a command; the values are its exit code and all that it printed."""
        code, out, err = await self.start(NODE_MODULES / ".bin" / "cline", *words)
        return code, out + err


def events(output: str) -> list[dict[str, Any]]:
    """The lines of JSON that Cline printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
