"""Serving one request for media: as one body, or as a stream of events. What :mod:`relay.web.answering` is for chat."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from quart import Response, g
from quart import request as http

from relay.backends.base import Wanted
from relay.core.events import Finished
from relay.core.produced import Gatherer
from relay.dialects.media import MediaCall, MediaVoice, StreamingVoice
from relay.gateway.failures import told
from relay.gateway.media import MediaGateway
from relay.gateway.record import Record
from relay.web.answering import chained
from relay.web.dropped import name_dropped
from relay.web.wanted import SESSION_HEADER


class Producing:
    """One call for media, served by `gateway`.

    What is not honoured is named in the header ``x-relay-dropped``.
    """

    def __init__(self, gateway: MediaGateway, call: MediaCall[Any], dialect: str) -> None:
        self._gateway = gateway
        self._call = call
        self._dropped = list(call.ignored)
        self._wanted = Wanted(account=http.headers.get(SESSION_HEADER) or None)
        self._record = _record_of(call, dialect)

    async def whole(self, voice: MediaVoice) -> Response:
        """Return all of it, told by `voice`.

        Raises:
            RelayError: it failed.
        """
        async with self._gateway.answer(self._call.request, self._record, self._wanted) as exchange:
            self._dropped += exchange.dropped
            gatherer = Gatherer(exchange.model)
            async for events in exchange.events():
                gatherer.feed(events)
        body = voice.whole(gatherer.result())
        self._dropped += body.dropped
        return self._with_headers(Response(body.data, content_type=body.content_type))

    async def response(self, voice: StreamingVoice) -> Response:
        """Return the answer, or the beginning of it, as the client asked for.

        Raises:
            RelayError: it failed before anything of it was there.
        """
        if not self._call.stream:
            return await self.whole(voice)
        chunks = self._chunks(voice)
        first = await anext(chunks)
        response = Response(chained(first, chunks), headers=dict(voice.stream_headers))
        response.timeout = None  # it may take longer than Quart's default of 60 s
        return self._with_headers(response)

    async def _chunks(self, voice: StreamingVoice) -> AsyncGenerator[bytes, None]:
        encoder = voice.encoder()
        begun = ended = False
        try:
            async with self._gateway.answer(self._call.request, self._record, self._wanted) as exchange:
                self._dropped += exchange.dropped
                async for events in exchange.events():
                    chunk = encoder.encode(events) if events else encoder.keep_alive
                    ended = bool(events) and isinstance(events[-1], Finished)
                    if chunk:
                        begun = True
                        yield chunk
        except Exception as exc:  # also a bug of ours: the client must not take a cut stream for an answer
            if not begun:
                raise
            error = told(exc, self._record.id)
            if not ended:
                yield encoder.error(error)

    def _with_headers(self, response: Response) -> Response:
        name_dropped(response, self._dropped)
        return response


def _record_of(call: MediaCall[Any], dialect: str) -> Record:
    g.recorded = True
    return Record(
        id=g.request_id,
        dialect=dialect,
        key=g.key,
        model=call.request.model,
        stream=call.stream,
        started=g.started,
        client=http.headers.get("User-Agent", "")[:120],
        retry_count=http.headers.get("x-stainless-retry-count", "")[:4],
    )
