"""Answer one request: admit it, open a reply, run its events through the pipeline, write down how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from relay.backends.base import ANY, Backend, Reply, Wanted
from relay.core.events import Event, Finished
from relay.core.inline import InlineWriter
from relay.core.request import Request
from relay.errors import StreamTruncated
from relay.gateway.admission import Admission
from relay.gateway.pipeline import Pipeline, Rules
from relay.gateway.proofs import Memory, Proofs
from relay.gateway.question import Question
from relay.gateway.record import Record, Recorder


@dataclass(slots=True)
class _Books:
    """What is written down of one exchange: for the log, and for later turns of the conversation."""

    recorder: Recorder
    record: Record
    memory: Memory


class Exchange:
    """One request being answered."""

    def __init__(self, question: Question, reply: Reply, pipeline: Pipeline, books: _Books) -> None:
        self._question = question
        self._reply = reply
        self._pipeline = pipeline
        self._books = books
        self._inline = InlineWriter() if question.inline else None

    @property
    def model(self) -> str:
        """The id of the model that answers."""
        return self._reply.model

    @property
    def dropped(self) -> tuple[str, ...]:
        """Parameters of the request that are not honoured."""
        return self._question.dropped(self._reply.dropped)

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
                if self._inline is not None:
                    out = self._inline.feed(out)
            if out:
                yield out
            if pipeline.finished:
                return
        raise StreamTruncated("The answer stopped without an end.")

    def _note(self, out: list[Event]) -> None:
        record = self._books.record
        self._books.memory.note(out)
        if record.first_event is None:
            record.first_event = self._books.recorder.now()
        record.pieces = self._pipeline.pieces
        if isinstance(last := out[-1], Finished):
            record.finish_reason = last.reason
            record.usage = self._pipeline.usage
            record.thinking = self._pipeline.thinking


class Images(Protocol):
    """What fetches the images that requests name by address."""

    async def inlined(self, request: Request) -> Request:
        """Return `request` with all of its images in it.

        Raises:
            RelayError: one cannot be had.
        """


class Gateway:
    """The way from a decoded request to its answer, the same for every dialect.

    With `images` no session gets an image by its address.
    """

    def __init__(
        self, backend: Backend, admission: Admission, recorder: Recorder, rules: Rules, images: Images | None = None
    ) -> None:
        self.backend = backend
        self._images = images
        self._admission = admission
        self._recorder = recorder
        self._rules = rules
        self._proofs = Proofs()

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
        if self._images is not None:
            request = await self._images.inlined(request)
        question = Question(request, self._rules, wanted.reasoning)
        memory = self._proofs.of(record.owner)
        async with self.backend.open(question.request, wanted, memory.recall) as reply:
            record.account, record.served_model = reply.account, reply.model
            pipeline = Pipeline(question.request, self._rules, reply.enforces, reply.model)
            yield Exchange(question, reply, pipeline, _Books(self._recorder, record, memory))
