"""A store of pairing codes in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from relay.bridge.headless.visit import Place
from relay.errors import StoreError

ORIGIN = "http://localhost:3000"


@dataclass(frozen=True)
class Credential:
    id: str


@dataclass
class Pairings:
    """Knows tokens; `broken` says that the database is away, `stingy` that it gives no credentials."""

    known: dict[tuple[str, str | None], Credential] = field(default_factory=dict)
    codes: list[tuple[str | None, float]] = field(default_factory=list)
    broken: bool = False
    stingy: bool = False

    async def create_code(self, origin: str | None, ttl: float) -> str:
        if self.broken:
            raise StoreError("The database is away.")
        self.codes.append((origin, ttl))
        return "CODE"

    async def redeem(self, code: str, origin: str | None) -> tuple[Credential, str] | None:
        assert code == "CODE"
        if self.stingy:
            return None
        self.known["rbr-new", origin] = Credential("bridge_new")
        return self.known["rbr-new", origin], "rbr-new"

    async def check(self, token: str, origin: str | None) -> Credential | None:
        if self.broken:
            raise StoreError("The database is away.")
        return self.known.get((token, origin))


def place(pairings: Pairings, modules: Path = Path("/nonexistent")) -> Place:
    return Place(ORIGIN, "ws://localhost:3001/", pairings, "1", modules)
