"""Accounts of headless mode in tests: signed in as a person does it, and their browsers as the system sees them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from .client import ApiClient
from .relay import Relay

PROC = Path("/proc")
POLL_SECONDS = 0.02


async def login(relay: Relay, token: str, *words: str) -> str:
    """Run ``relay login`` with a login on standard input; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
    ports = {"RELAY_PORT": str(relay.port), "RELAY_BRIDGE_PORT": str(relay.bridge_port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "relay", "login", "--token", "-", "--data-dir", str(relay.data_dir), *words),
        env=environment | relay.settings | ports,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate(token.encode())
    assert process.returncode == 0, out.decode() + relay.said
    return out.decode()


async def spawn(relay: Relay, *words: str) -> asyncio.subprocess.Process:
    """Start another command of relay on the same data; its output can be read."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "relay", *words, "--data-dir", str(relay.data_dir)),
        env=environment | relay.settings | {"PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def accounts(relay: Relay) -> list[dict[str, Any]]:
    """The accounts as relay tells its owner."""
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
    found: list[dict[str, Any]] = (await owner.get("/api/accounts")).json()["accounts"]
    return found


def group(leader: int, kind: str = "") -> list[int]:
    """The processes of a browser, of one `kind` (``renderer``) or all; none is a corpse."""
    found = []
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            words = (stat.parent / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if (
            int(fields[2]) == leader
            and fields[0] != "Z"
            and (not kind or f"--type={kind} " in words.replace("\0", " "))
        ):
            found.append(int(stat.parent.name))
    return found


def children(parent: int) -> list[int]:
    """The processes that `parent` started."""
    words = (stat.parent.name for stat in PROC.glob("[0-9]*/stat") if _parent(stat) == parent)
    return [int(word) for word in words]


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None


async def gone(leader: int) -> None:
    """Wait until nothing of a browser is left."""
    async with asyncio.timeout(5):
        while group(leader):
            await asyncio.sleep(POLL_SECONDS)
