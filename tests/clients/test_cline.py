"""Cline's command line program does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.programs import NODE_MODULES, node

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

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


@pytest.fixture
def cline(tmp_path: Path) -> Iterator[Cline]:
    """Cline, fresh from npm."""
    home = tmp_path / "home"
    home.mkdir()
    cline = Cline(home)
    yield cline
    cline.end_daemon()


def events(output: str) -> list[dict[str, Any]]:
    """The lines of JSON that Cline printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("model", "options"), [("claude-sonnet-4", ()), ("agent", ("--thinking", "high"))], ids=["plain", "thinking"]
)
async def test_cline_writes_a_file(
    desk: Desk, puter: PuterEmulator, cline: Cline, model: str, options: tuple[str, ...]
) -> None:
    job = cline.home / "job"
    job.mkdir()
    target = job / "hello.txt"
    code, said = await cline.run("auth", "-p", "openai", "-k", desk.relay.key, "-m", model, "-b", desk.relay.base_url)
    assert code == 0, said

    code, said = await cline.run("--json", "-c", str(job), "-t", "60", *options, f"write {target} <<hällo & bye>>")

    assert code == 0, said
    assert target.read_text() == "hällo & bye"
    seen = events(said)
    assert (seen[-1]["type"], seen[-1]["finishReason"]) == ("run_result", "completed")
    assert seen[-1]["text"] == "The file is written."
    thoughts = {event.get("event", {}).get("reasoning") for event in seen} - {None}
    assert thoughts == ({"The user wants a file.", "The tool has answered."} if options else set())
    assert [call.model for call in puter.calls] == [model, model]
    assert [call.args.get("reasoning_effort") for call in puter.calls] == [("high" if options else None)] * 2
