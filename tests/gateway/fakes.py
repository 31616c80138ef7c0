"""A backend that answers what a test scripts, and a store of keys, at the seams that the real ones have."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from relay.backends.base import ANY, Recall, Wanted, nothing_recalled
from relay.core.events import Event
from relay.core.media import MediaEvent, MediaRequest
from relay.core.model import ModelEntry
from relay.core.request import Request
from relay.errors import ModelNotFound, StoreBusy

Step: TypeAlias = list[Event] | BaseException | asyncio.Event
MediaStep: TypeAlias = list[MediaEvent] | BaseException | asyncio.Event
"""What the backend does next: yield events, raise, or wait."""

MODELS = tuple(ModelEntry(id=name, owned_by="site", created=7) for name in ("m", "vendor/m:free", "ü"))


class FakeReply:
    account = "fake"

    def __init__(self, model: str, script: Sequence[Step], dropped: Sequence[str], enforces: Sequence[str]) -> None:
        self.model = model
        self.dropped = dropped
        self.enforces = enforces
        self._script = script

    async def events(self) -> AsyncIterator[list[Event]]:
        for step in self._script:
            match step:
                case list():
                    yield step
                case asyncio.Event():
                    await step.wait()
                case _:
                    raise step


class FakeBackend:
    """Attributes say what it was asked and how many replies are open now; tasks tell who opened and closed the last."""

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.listed: Sequence[ModelEntry] = MODELS
        self.refusal: Exception | None = None
        self.late_failure: Exception | None = None
        self.dropped: tuple[str, ...] = ()
        self.enforces: tuple[str, ...] = ()
        self.account = ""
        self.requests: list[Request] = []
        self.wanted: list[Wanted] = []
        self.open_replies = 0
        self.opened = asyncio.Event()
        self.opened_by: asyncio.Task[object] | None = None
        self.closed_by: asyncio.Task[object] | None = None

    def models(self) -> Sequence[ModelEntry]:
        return self.listed

    def find_model(self, name: str) -> ModelEntry:
        for model in MODELS:
            if model.id == name:
                return model
        raise ModelNotFound(name)

    @asynccontextmanager
    async def open(
        self, request: Request, wanted: Wanted = ANY, recall: Recall = nothing_recalled
    ) -> AsyncIterator[FakeReply]:
        self.requests.append(recall(request, self.account, request.model) if self.account else request)
        self.wanted.append(wanted)
        if self.refusal is not None:
            raise self.refusal
        self.open_replies += 1
        self.opened.set()
        self.opened_by = asyncio.current_task()
        try:
            yield FakeReply(request.model, self.script, self.dropped, self.enforces)
        finally:
            self.open_replies -= 1
            self.closed_by = asyncio.current_task()
        if self.late_failure is not None:
            raise self.late_failure


class FakeMediaReply:
    account = "fake"

    def __init__(self, model: str, script: Sequence[MediaStep], dropped: tuple[str, ...]) -> None:
        self.model = model or "m"
        self.dropped = dropped
        self._script = script

    async def events(self) -> AsyncIterator[list[MediaEvent]]:
        for step in self._script:
            match step:
                case list():
                    yield list(step)
                case asyncio.Event():
                    await step.wait()
                case _:
                    raise step


class FakeMediaBackend:
    """What FakeBackend is for chat."""

    def __init__(self) -> None:
        self.script: list[MediaStep] = []
        self.late_failure: Exception | None = None
        self.dropped: tuple[str, ...] = ()
        self.requests: list[MediaRequest] = []
        self.wanted: list[Wanted] = []
        self.open_replies = 0
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def open(self, request: MediaRequest, wanted: Wanted = ANY) -> AsyncIterator[FakeMediaReply]:
        self.requests.append(request)
        self.wanted.append(wanted)
        self.open_replies += 1
        self.opened.set()
        try:
            yield FakeMediaReply(request.model, self.script, self.dropped)
        finally:
            self.open_replies -= 1
        if self.late_failure is not None:
            raise self.late_failure


@dataclass(frozen=True)
class Key:
    id: str
    name: str


class FakeKeys:
    """Keys in a dictionary; ``broken`` stands for a locked database."""

    def __init__(self, **secrets: str) -> None:
        self.keys = {
            hashlib.sha256(value.encode()).hexdigest(): Key(f"id-{name}", name) for name, value in secrets.items()
        }
        self.touched: list[Mapping[str, float]] = []
        self.broken = False

    async def active(self) -> Mapping[str, Key]:
        if self.broken:
            raise StoreBusy("locked")
        return self.keys

    async def touch(self, ids: Mapping[str, float]) -> None:
        if self.broken:
            raise StoreBusy("locked")
        self.touched.append(ids)
