"""Bridge credentials without a database."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.errors import StoreError


@dataclass(frozen=True)
class Stored:
    """A credential."""

    id: str
    origin: str | None


@dataclass
class FakeStore:
    """Codes and credentials in dictionaries; `error` is what every method raises."""

    codes: dict[str, str | None] = field(default_factory=dict)
    tokens: dict[str, Stored] = field(default_factory=dict)
    error: StoreError | None = None

    def reachable(self) -> None:
        if self.error is not None:
            raise self.error

    async def redeem(self, code: str, origin: str | None) -> tuple[Stored, str] | None:
        self.reachable()
        if self.codes.get(code, "never") not in {None, origin}:
            return None
        del self.codes[code]
        self.tokens["t-" + code] = Stored("b-" + code, origin)
        return self.tokens["t-" + code], "t-" + code

    async def check(self, token: str, origin: str | None) -> Stored | None:
        self.reachable()
        stored = self.tokens.get(token)
        return stored if stored is not None and stored.origin == origin else None

    async def origins(self) -> frozenset[str]:
        self.reachable()
        return frozenset(
            origin for origin in (*self.codes.values(), *(each.origin for each in self.tokens.values())) if origin
        )

    async def has_open_code(self) -> bool:
        self.reachable()
        return None in self.codes.values()

    async def live_ids(self) -> frozenset[str]:
        self.reachable()
        return frozenset(stored.id for stored in self.tokens.values())
