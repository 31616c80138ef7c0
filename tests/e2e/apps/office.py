"""A relay that runs browsers for accounts on web chats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from puter_emulator import PuterEmulator
from stack.client import ApiClient
from stack.programs import chromium
from stack.relay import Relay

from relay.datadir import DataDir

READY_SECONDS = 30
POLL_SECONDS = 0.1


class Sessions:
    """What a relay says about its sessions."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def listed(self) -> dict[str, dict[str, Any]]:
        """All sessions by the name of their account."""
        token = DataDir(self._relay.data_dir).admin_token
        answer = await ApiClient(f"{self._relay.origin}/api", token).get("/sessions")
        assert answer.status == 200, answer.body
        return {session["name"]: session for session in answer.json()["sessions"]}

    async def until(self, state: str, *names: str) -> None:
        """Wait until the sessions of these accounts are in `state`."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._are(state, names):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            pytest.fail(f"{names} are not {state}: {await self.listed()}\n{self._relay.said}")

    async def _are(self, state: str, names: tuple[str, ...]) -> bool:
        listed = await self.listed()
        return all(name in listed and listed[name]["state"] == state for name in names)


@dataclass(frozen=True)
class Office:
    """A relay whose accounts are signed in to and ready."""

    relay: Relay
    sessions: Sessions

    @property
    def api(self) -> ApiClient:
        """A client of the relay."""
        return self.relay.client


def headless_relay(puter: PuterEmulator, data_dir: Path) -> Relay:
    """A relay that will start the browsers of its accounts."""
    browser = {"RELAY_HEADLESS__BROWSER": path} if (path := chromium()) else {}
    return Relay(data_dir, puter, RELAY_HEADLESS__ENABLED="true", **browser)


@asynccontextmanager
async def office(relay: Relay, *ready: str) -> AsyncIterator[Office]:
    """Run `relay` until the block ends; these accounts are ready when it begins."""
    await relay.start()
    try:
        sessions = Sessions(relay)
        await sessions.until("ready", *ready)
        yield Office(relay, sessions)
    finally:
        code = await relay.stop()
    assert code == 0, relay.said
