"""Responses that run without their client: read from any event, by any number of readers, and cancelled by name."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from relay.backends.base import ANY, Wanted
from relay.core.request import Request
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.openai_responses.writer import Writer
from relay.errors import BackendFailed, Overloaded, ShuttingDown
from relay.gateway.admins import ALWAYS, Stay
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Gateway
from relay.gateway.failures import told
from relay.gateway.record import Record
from relay.store.responses import UNFINISHED

LONGEST_READ: Final = 256
"""Most events given to a reader at a time, so that a late one does not hold all others up."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, on whose record, where it should be answered, and for how long its owner may ask."""

    request: Request
    record: Record
    wanted: Wanted = ANY
    stay: Stay = ALWAYS


class Run:
    """One response on its way; its events are all in memory, each at the place that its sequence number says.

    Attributes:
        body: returns the response object as it is now.
        cancelled: somebody asked for its end.
        ended: no more events come.
        size: bytes of its events.
    """

    def __init__(self, id_: str, owner: str, body: Callable[[], bytes]) -> None:
        self.id = id_
        self.owner = owner
        self.body = body
        self.cancelled = self.ended = False
        self.size = 0
        self._payloads: list[Payload] = []
        self._news = asyncio.Event()

    def add(self, payloads: Iterable[Payload]) -> None:
        """Add the next events."""
        for payload in payloads:
            self._payloads.append(payload)
            self.size += len(payload.data)
        self._tell()

    def end(self) -> None:
        """Let no more come."""
        self.ended = True
        self._tell()

    async def read(self, after: int, idle: float) -> AsyncGenerator[list[Payload], None]:
        """Yield the events that follow the one numbered `after`, as they come, to the end.

        An empty list says that nothing came for `idle` seconds.
        """
        place = after + 1
        while True:
            news = self._news
            if batch := self._payloads[place : place + LONGEST_READ]:
                place += len(batch)
                yield batch
            elif self.ended:
                return
            else:
                try:
                    await asyncio.wait_for(news.wait(), idle)
                except TimeoutError:
                    yield []

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Runs:
    """All responses that run in the background, at most `most_per_key` of one owner."""

    def __init__(self, most_per_key: int) -> None:
        self._most = most_per_key
        self._running: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._closed = False

    def check(self, owner: str) -> None:
        """Tell whether one more of `owner` may begin.

        Raises:
            ShuttingDown: relay stops.
            Overloaded: as many as may run already.
        """
        if self._closed:
            raise ShuttingDown
        if Counter(run.owner for run, _ in self._running.values())[owner] >= self._most:
            raise Overloaded(f"This key already has {self._most} responses in the background.", retry_after=5.0)

    def start(self, run: Run, work: Coroutine[Any, Any, None], ended: Callable[[], None]) -> None:
        """Let `work` make the response of `run`; `ended` is called when it has, or was cancelled before it began."""
        task = asyncio.create_task(work, name=f"background {run.id}")
        self._running[run.id] = run, task
        task.add_done_callback(lambda _: self._ended(run, ended))

    def get(self, id_: str, owner: str) -> Run | None:
        """Return `owner`'s response `id_`, if it runs."""
        run, _ = self._running.get(id_, (None, None))
        return run if run is not None and run.owner == owner else None

    async def cancel(self, run: Run) -> None:
        """End `run` in the page too, and wait until it has ended."""
        run.cancelled = True
        await self._stop([run.id])

    def abandon(self, run: Run) -> None:
        """End `run` in the page too, without waiting for it."""
        run.cancelled = True
        self._running[run.id][1].cancel()

    async def close(self) -> None:
        """Let nothing new begin and end all that runs."""
        self._closed = True
        await self._stop(list(self._running))

    async def _stop(self, ids: list[str]) -> None:
        tasks = [running[1] for id_ in ids if (running := self._running.get(id_)) is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, run: Run, ended: Callable[[], None]) -> None:
        del self._running[run.id]
        ended()
        run.end()


class Background:
    """Makes responses while nobody waits for them."""

    def __init__(self, gateway: Gateway, admission: Admission, runs: Runs, most_bytes: int) -> None:
        self.runs = runs
        self._gateway = gateway
        self._admission = admission
        self._most_bytes = most_bytes

    def start(self, run: Run, question: Asking, writer: Writer) -> None:
        """Begin to answer `question` as `run`.

        Raises:
            ShuttingDown: relay stops.
            Overloaded: as much as may run already does.
        """
        self._admission.check(question.record.key)
        self.runs.check(run.owner)
        run.add(writer.queued())
        forget = question.stay.on_end(partial(self.runs.abandon, run))

        def ended() -> None:
            forget()
            _end_unfinished(run, writer)

        self.runs.start(run, self._answer(run, question, writer), ended)

    async def _answer(self, run: Run, question: Asking, writer: Writer) -> None:
        try:
            async with self._gateway.answer(question.request, question.record, question.wanted) as exchange:
                async for events in exchange.events():
                    self._add(run, writer.payloads(events))
        except Exception as exc:  # noqa: BLE001  # the outermost loop of one call: told and logged
            if writer.status in UNFINISHED:
                run.add(writer.failed(told(exc, question.record.id)))

    def _add(self, run: Run, payloads: list[Payload]) -> None:
        run.add(payloads)
        if run.size > self._most_bytes:
            raise BackendFailed("The answer is longer than relay keeps one (limits.response_bytes).")


def _end_unfinished(run: Run, writer: Writer) -> None:
    """Give a response an end that was cancelled: by name, or because relay stops."""
    if writer.status in UNFINISHED:
        run.add(writer.cancelled() if run.cancelled else writer.failed(ShuttingDown()))
