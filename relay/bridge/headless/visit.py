"""What is done with a browser once it runs: a page is opened in it and put to work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from relay.bridge.headless.seams import Tab


class Known(Protocol):
    """A bridge credential as the store knows it."""

    @property
    def id(self) -> str:
        """Public id."""


class Pairing(Protocol):
    """The store of pairing codes and bridge credentials; every method may raise ``StoreError``."""

    async def create_code(self, origin: str | None, ttl: float) -> str:
        """Make a code that works once."""

    async def redeem(self, code: str, origin: str | None) -> tuple[Known, str] | None:
        """Trade a code for a credential and its token."""

    async def check(self, token: str, origin: str | None) -> Known | None:
        """Return the live credential that `token` stands for."""


@dataclass(frozen=True)
class Place:
    """Where relay is: the origin of its page, the address of its bridge, its way to pair pages, its JavaScript."""

    origin: str
    bridge_url: str
    pairing: Pairing
    version: str
    modules: Path


class Visit(Protocol):
    """What a browser is for."""

    async def open(self) -> Tab:
        """Open the page and put it to work.

        Raises:
            Lost: it cannot be opened.
        """
