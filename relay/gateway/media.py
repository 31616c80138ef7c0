"""Media: admit a request, run it, write down how it ended. What :mod:`relay.gateway.dispatch` is for chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.backends.base import ANY, Wanted
from relay.backends.media import MediaBackend, MediaReply
from relay.core.events import Finished, TextDelta, Usage, UsageReport
from relay.core.media import (
    AudioPart,
    EmbeddingPart,
    EmbeddingRequest,
    ImageMade,
    ImageRequest,
    MediaEvent,
    MediaRequest,
    Recording,
    Segment,
    SpeechRequest,
    TranscriptionRequest,
)
from relay.core.tokens import estimate_text
from relay.errors import BackendFailed, StreamTruncated
from relay.gateway.admission import Admission
from relay.gateway.record import Record, Recorder

_NUMBER_BYTES = 8


class MediaExchange:
    """One request being served."""

    def __init__(self, request: MediaRequest, reply: MediaReply, record: Record, recorder: Recorder, room: int) -> None:
        self._request = request
        self._reply = reply
        self._record = record
        self._recorder = recorder
        self._room = room
        self._said = ""

    @property
    def model(self) -> str:
        """The id of the model that answers."""
        return self._reply.model

    @property
    def dropped(self) -> tuple[str, ...]:
        """Options of the request that have no effect."""
        return self._reply.dropped

    async def events(self) -> AsyncIterator[list[MediaEvent]]:
        """Yield the client's events; an empty list says that nothing came for a while.

        The last two are the usage, estimated where the session does not tell it, and ``Finished``.

        Raises:
            RelayError: it failed.
        """
        async for batch in self._reply.events():
            for event in batch:
                self._note(event)
            if batch and isinstance(last := batch[-1], Finished):
                self._record.finish_reason = last.reason
                if self._record.usage is None:
                    self._record.usage = self._estimate()
                    batch.insert(-1, UsageReport(self._record.usage))
                yield batch
                return
            yield batch
        raise StreamTruncated("The answer stopped without an end.")

    def _note(self, event: MediaEvent) -> None:
        if isinstance(event, UsageReport):
            self._record.usage = event.usage
        if isinstance(event, UsageReport | Finished):
            return
        if isinstance(event, TextDelta):
            self._said += event.text
        self._record.pieces += 1
        if self._record.first_event is None:
            self._record.first_event = self._recorder.now()
        self._room -= _size(event)
        if self._room < 0:
            raise BackendFailed("The answer is larger than relay passes on (limits.response_bytes).")

    def _estimate(self) -> Usage:
        tokens = sum(map(estimate_text, _asked(self._request)))
        return Usage(input_tokens=tokens, output_tokens=estimate_text(self._said), estimated=True)


class MediaGateway:
    """The way from a decoded request to what is made of it."""

    def __init__(self, backend: MediaBackend, admission: Admission, recorder: Recorder, response_bytes: int) -> None:
        self._backend = backend
        self._admission = admission
        self._recorder = recorder
        self._response_bytes = response_bytes

    @asynccontextmanager
    async def answer(self, request: MediaRequest, record: Record, wanted: Wanted = ANY) -> AsyncIterator[MediaExchange]:
        """Serve `request`; leaving the block early cancels it wherever it runs.

        Raises:
            RelayError: it cannot be served.
        """
        error: BaseException | None = None
        try:
            with self._admission.enter(record.key):
                async with self._backend.open(request, wanted) as reply:
                    record.account, record.served_model = reply.account, reply.model
                    yield MediaExchange(request, reply, record, self._recorder, self._response_bytes)
        except BaseException as exc:
            error = exc
            raise
        finally:
            self._recorder.finish(record, error)


def _size(event: ImageMade | AudioPart | TextDelta | Segment | Recording | EmbeddingPart) -> int:
    match event:
        case ImageMade(url=url):
            return len(url)
        case AudioPart(data=data):
            return len(data)
        case TextDelta(text=text) | Segment(text=text):
            return len(text)
        case Recording():
            return 0
        case EmbeddingPart(values=values):
            return _NUMBER_BYTES * len(values)


def _asked(request: MediaRequest) -> tuple[str, ...]:
    """Return the texts that a model reads."""
    match request:
        case ImageRequest(prompt=text) | SpeechRequest(text=text):
            return (text,)
        case TranscriptionRequest(prompt=text):
            return (text or "",)
        case EmbeddingRequest(texts=texts):
            return texts
