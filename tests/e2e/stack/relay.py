"""A real relay in a process of its own, with a data directory and ports that outlive it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from puter_emulator import PuterEmulator

from relay.commands.place import opened
from relay.datadir import DataDir

from .client import ApiClient, Reply
from .ports import free_ports
from .programs import PUTER_JS

CODE_SECONDS = 600
START_SECONDS = 30
POLL_SECONDS = 0.02


class Relay:
    """One relay on one data directory; it can be stopped, killed and started again."""

    def __init__(self, data_dir: Path, puter: PuterEmulator, **settings: str) -> None:
        self.port, self.bridge_port = free_ports(2)
        self.data_dir = data_dir
        self.output: list[str] = []
        self.process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self.settings = {
            "RELAY_PUTER__SDK": str(PUTER_JS),
            "RELAY_PUTER__API_ORIGIN": puter.api_origin,
            "RELAY_PUTER__GUI_ORIGIN": puter.gui_origin,
            **settings,
        }
        self.key = ""

    @property
    def origin(self) -> str:
        """Where the page is."""
        return f"http://localhost:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client is given."""
        return f"{self.origin}/v1"

    @property
    def client(self) -> ApiClient:
        """A client with this relay's key."""
        return ApiClient(self.base_url, self.key)

    @property
    def pid(self) -> int:
        """The process."""
        assert self.process is not None
        return self.process.pid

    @property
    def said(self) -> str:
        """Everything printed so far."""
        return "".join(self.output)

    async def resident_bytes(self) -> int:
        """How much memory the process occupies."""
        asking = ("ps", "-o", "rss=", "-p", str(self.pid))
        process = await asyncio.create_subprocess_exec(*asking, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return int(out) * 1024

    async def start(self) -> None:
        """Start and wait until it answers."""
        ports = ("--port", str(self.port), "--bridge-port", str(self.bridge_port))
        words = ("serve", "--no-open", "--data-dir", str(self.data_dir), *ports)
        self.process = await self._spawn(*words)
        assert self.process.stdout is not None
        self._readers = [asyncio.create_task(self._read(self.process.stdout))]
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._until(self._answers)
                self.key = self.key or await self._make_key()
                await self._until(self._takes_the_key)
        except BaseException:
            if self.process.returncode is None:
                await self.kill()
            raise

    async def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """End it without a chance to say goodbye."""
        assert self.process is not None
        self.process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Wait for the end of the process and of its output."""
        assert self.process is not None
        code = await self.process.wait()
        await asyncio.gather(*self._readers)
        return code

    async def command(self, *words: str) -> Any:
        """Run another command of relay on the same data and return the JSON it prints."""
        process = await self._spawn(*words, "--data-dir", str(self.data_dir))
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
        return json.loads(out)

    async def health(self) -> Reply:
        """Ask how it is."""
        return await ApiClient(self.origin).get("/health")

    async def code(self) -> str:
        """What pairs a page, once; made as ``relay pair`` makes it, without another process."""
        async with opened(DataDir.open(self.data_dir)) as store:
            return await store.bridges.create_code(None, CODE_SECONDS)

    async def link(self) -> str:
        """The address that pairs a page: it works once."""
        return f"{self.origin}/#code={await self.code()}"

    async def _make_key(self) -> str:
        async with opened(DataDir.open(self.data_dir)) as store:
            return (await store.keys.create("tests"))[1]

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        assert self.process is not None
        while not await holds():
            assert self.process.returncode is None, self.said
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            return (await self.health()).status == 200
        except OSError:
            return False

    async def _takes_the_key(self) -> bool:
        return (await self.client.get("/models")).status != 401

    async def _spawn(self, *words: str) -> asyncio.subprocess.Process:
        own = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
        environment: Mapping[str, str] = own | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"} | self.settings
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "relay", *words),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            self.output.append(line.decode(errors="replace"))
