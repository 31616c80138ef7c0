"""Answer one request: admit it, open a reply, run its events through the pipeline, write down how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.backends.base import ANY, Backend, Reply, Wanted
from relay.core.events import Event, Finished
from relay.core.request import Request
from relay.errors import StreamTruncated
from relay.gateway.admission import Admission
from relay.gateway.pipeline import Pipeline, Rules
from relay.gateway.record import Record, Recorder


class Exchange:
    """One request being answered."""

    def __init__(self, reply: Reply, pipeline: Pipeline, record: Record, recorder: Recorder) -> None:
        self._reply = reply
        self._pipeline = pipeline
        self._record = record
        self._recorder = recorder

    @property
    def model(self) -> str:
        """The id of the model that answers."""
        return self._reply.model

    @property
    def dropped(self) -> tuple[str, ...]:
        """Parameters of the request that are not honoured."""
        return tuple(self._reply.dropped)

    async def events(self) -> AsyncIterator[list[Event]]:
        """Yield the client's events; an empty list says that nothing came for a while.

        Raises:
            RelayError: the answer failed.
        """
        pipeline = self._pipeline
        async for batch in self._reply.events():
            if not batch:
                yield batch
                continue
            out = pipeline.feed(batch)
            if out:
                self._note(out)
                yield out
            if pipeline.finished:
                return
        raise StreamTruncated("The answer stopped without an end.")

    def _note(self, out: list[Event]) -> None:
        record = self._record
        if record.first_event is None:
            record.first_event = self._recorder.now()
        record.pieces = self._pipeline.pieces
        if isinstance(last := out[-1], Finished):
            record.finish_reason = last.reason
            record.usage = self._pipeline.usage
            record.reasoning_source = self._pipeline.reasoning_source


class Gateway:
    """The way from a decoded request to its answer, the same for every dialect."""

    def __init__(self, backend: Backend, admission: Admission, recorder: Recorder, rules: Rules) -> None:
        self.backend = backend
        self._admission = admission
        self._recorder = recorder
        self._rules = rules

    @asynccontextmanager
    async def answer(self, request: Request, record: Record, wanted: Wanted = ANY) -> AsyncIterator[Exchange]:
        """Answer `request`; leaving the block early cancels it wherever it runs.

        Raises:
            RelayError: it cannot be answered.
        """
        error: BaseException | None = None
        try:
            with self._admission.enter(record.key):
                async with self._backend_reply(request, record, wanted) as exchange:
                    yield exchange
        except BaseException as exc:
            error = exc
            raise
        finally:
            self._recorder.finish(record, error)

    @asynccontextmanager
    async def _backend_reply(self, request: Request, record: Record, wanted: Wanted) -> AsyncIterator[Exchange]:
        async with self.backend.open(request, wanted) as reply:
            record.account, record.served_model = reply.account, reply.model
            pipeline = Pipeline(request, self._rules, reply.enforces)
            yield Exchange(reply, pipeline, record, self._recorder)
