"""Stored responses in a dictionary, at the seam that the database has, and a desk on them."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from relay.dialects.base import Limits
from relay.errors import StoreBusy
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Gateway
from relay.gateway.responses.background import Background, Runs
from relay.gateway.responses.desk import Desk, clock, new_id
from relay.gateway.responses.keeping import Scribe
from relay.gateway.responses.past import Memory
from relay.gateway.responses.seal import Seal
from relay.gateway.responses.shelf import Keeping, ResponseStore, Shelf
from relay.store import Chain, StoredResponse, Turn
from relay.store.responses import UNFINISHED
from relay.telemetry.metrics import Metrics


class FakeResponses:
    """``broken`` stands for a locked database."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredResponse] = {}
        self.broken = False

    async def put(self, records: Sequence[StoredResponse]) -> None:
        self._check()
        self.kept |= {record.id: record for record in records}

    async def get(self, id_: str, owner: str, now: float) -> StoredResponse | None:
        self._check()
        record = self.kept.get(id_)
        return record if record and record.owner == owner and record.expires_at > now else None

    async def chain(self, id_: str, owner: str, now: float, most_bytes: int) -> Chain:
        turns: list[Turn] = []
        size = 0
        wanted: str | None = id_
        while wanted is not None and (record := await self.get(wanted, owner, now)) is not None:
            turns.insert(0, Turn(record.id, record.status, record.input, record.response))
            size += len(record.input) + len(record.response)
            wanted = record.parent
        if size > most_bytes:
            return Chain(size=size)
        return Chain(tuple(turns), broken=wanted is not None and bool(turns), size=size)

    async def holding(self, item_ids: Collection[str], owner: str, now: float, most_bytes: int) -> list[bytes]:
        self._check()
        return [
            record.response for record in self.kept.values() if record.owner == owner and record.items & {*item_ids}
        ]

    async def delete(self, id_: str, owner: str) -> bool:
        found = await self.get(id_, owner, 0.0)
        return found is not None and bool(self.kept.pop(id_))

    async def unfinished(self) -> list[StoredResponse]:
        self._check()
        return [record for record in self.kept.values() if record.status in UNFINISHED]

    async def purge(self, now: float, most: int, most_bytes: int) -> int:
        return 0

    def _check(self) -> None:
        if self.broken:
            raise StoreBusy("locked")


def make_desk(
    gateway: Gateway, admission: Admission, store: ResponseStore, wall: Callable[[], float], **changes: Any
) -> Desk:
    """Return all that the Responses API works with, on `store`; `changes` are bounds of it."""
    most_bytes = changes.get("most_bytes", 2**20)
    shelf = Shelf(store, Keeping(days=changes.get("days", 1.0)), Metrics(), wall)
    seal = Seal("rsig-" + "s" * 43)
    return Desk(
        gateway=gateway,
        admission=admission,
        shelf=shelf,
        memory=Memory(shelf, seal, most_bytes),
        scribe=Scribe(shelf, new_id, clock, most_bytes),
        background=Background(gateway, admission, Runs(changes.get("most_runs", 2)), most_bytes),
        seal=seal,
        limits=changes.get("limits", Limits()),
        default_model=lambda: "m",
        idle_seconds=changes.get("idle_seconds", 60.0),
    )
