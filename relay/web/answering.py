"""Answering one request: the same events, as a stream or folded into one body, in any dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from quart import Response, g
from quart import request as http

from relay.backends.base import Wanted
from relay.core.answer import Collector
from relay.core.events import Finished
from relay.core.request import Request
from relay.dialects.base import StreamEncoder, Voice
from relay.gateway.dispatch import Gateway
from relay.gateway.failures import told
from relay.gateway.record import Record
from relay.web.dropped import name_dropped
from relay.web.wanted import wanted_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a client asked, whatever dialect it speaks.

    Attributes:
        ignored: what the dialect could not hand on.
        thread: what the dialect knows of the conversation that the question belongs to.
    """

    request: Request
    dialect: str
    stream: bool
    ignored: Sequence[str] = ()
    thread: str | None = None


class Answering:
    """One question, answered with what `gateway` gives, told by `voice`.

    What is not honoured is named in the header ``x-relay-dropped``.
    """

    def __init__(self, gateway: Gateway, question: Question, voice: Voice) -> None:
        self._gateway = gateway
        self._question = question
        self._voice = voice
        self._dropped = list(question.ignored)
        self._wanted = wanted_of(question)
        self._record = record_of(question)

    async def response(self) -> Response:
        """Return the answer, or the beginning of it.

        Raises:
            RelayError: it failed before anything of it was there.
        """
        return await (self._streamed() if self._question.stream else self._whole())

    async def _whole(self) -> Response:
        collector = Collector()
        async with self._gateway.answer(self._question.request, self._record, self._wanted) as exchange:
            self._dropped += exchange.dropped
            async for events in exchange.events():
                collector.feed(events)
        body = self._voice.whole(collector.result())
        return self._with_headers(Response(body, content_type="application/json"))

    async def _streamed(self) -> Response:
        """Answer as the events come.

        The response begins with the first event of the answer (or the first sign of patience), so that a failure before
        it is still a real HTTP status, which SDKs retry by.
        """
        chunks = self._chunks()
        first = await anext(chunks)
        response = Response(chained(first, chunks), headers=dict(self._voice.stream_headers))
        response.timeout = None  # an answer may take longer than Quart's default of 60 s
        return self._with_headers(response)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        encoder: StreamEncoder | None = None
        begun = ended = False
        try:
            async with self._gateway.answer(self._question.request, self._record, self._wanted) as exchange:
                self._dropped += exchange.dropped
                encoder = self._voice.encoder(exchange.model)
                async for events in exchange.events():
                    chunk = encoder.encode(events) if events else encoder.keep_alive
                    ended = bool(events) and isinstance(events[-1], Finished)
                    if chunk:
                        begun = True
                        yield chunk
        except Exception as exc:  # also a bug of ours: the client must not take a cut stream for an answer
            if encoder is None or not begun:
                raise
            error = told(exc, self._record.id)
            if not ended:
                yield encoder.error(error)

    def _with_headers(self, response: Response) -> Response:
        name_dropped(response, self._dropped)
        return response


def wanted_of(question: Question) -> Wanted:
    """Return who should answer `question`, as the current request says.

    Raises:
        InvalidRequest: it says nothing that makes sense.
    """
    return wanted_by(http.headers, g.owner, question.request, question.thread)


def record_of(question: Question) -> Record:
    """Return the record of `question`, which whoever answers it writes down from now on."""
    g.recorded = True
    return Record(
        id=g.request_id,
        dialect=question.dialect,
        key=g.key,
        owner=g.owner,
        model=question.request.model,
        stream=question.stream,
        started=g.started,
        client=http.headers.get("User-Agent", "")[:120],
        retry_count=http.headers.get("x-stainless-retry-count", "")[:4],
    )


async def chained(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield `first`, then `rest`."""
    async with aclosing(rest):  # a client that leaves between two chunks ends the call at once
        yield first
        async for chunk in rest:
            yield chunk
