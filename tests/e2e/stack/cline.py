"""Cline's command line program, fresh from npm."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .programs import NODE_MODULES, node

NOBODY = "http://127.0.0.1:9"
"""A proxy that refuses everything: what Cline sends anywhere but to relay goes nowhere."""


@dataclass(frozen=True)
class Cline:
    """Cline in a home of its own."""

    home: Path

    async def run(self, *words: str) -> tuple[int, str]:
        """Run a command; the values are its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            str(NODE_MODULES / ".bin" / "cline"),
            *words,
            cwd=self.home,
            env={
                "HOME": str(self.home),
                "PATH": f"{node().parent}:{os.environ['PATH']}",
                "HTTP_PROXY": NOBODY,
                "HTTPS_PROXY": NOBODY,
                "NO_PROXY": "127.0.0.1,localhost",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()

    def end_daemon(self) -> None:
        """End the daemon that Cline leaves behind: the process with this home in its environment."""
        home = f"HOME={self.home}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if home in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGTERM)


def events(output: str) -> list[dict[str, Any]]:
    """The lines of JSON that Cline printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
