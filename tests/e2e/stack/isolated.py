"""Runs programs of other people in a home of their own, from where only this machine can be reached."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from .programs import node

NOBODY = "http://127.0.0.1:9"
"""A proxy that refuses everything: what a program sends anywhere but to this machine goes nowhere."""


@dataclass(frozen=True)
class Isolated:
    """Programs that share one home."""

    home: Path

    async def start(self, program: Path, *words: str, cwd: Path | None = None, **env: str) -> tuple[int, str, str]:
        """Run a program; the values are its exit code, what it printed and what it complained about."""
        process = await asyncio.create_subprocess_exec(
            str(program),
            *words,
            cwd=cwd or self.home,
            env={
                "HOME": str(self.home),
                "PATH": f"{node().parent}:{os.environ['PATH']}",
                "HTTP_PROXY": NOBODY,
                "HTTPS_PROXY": NOBODY,
                "NO_PROXY": "127.0.0.1,localhost",
                **env,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    def end_daemons(self) -> None:
        """End what programs leave behind: the processes with this home in their environment."""
        home = f"HOME={self.home}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if home in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGTERM)
