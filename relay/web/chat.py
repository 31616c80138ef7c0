"""POST /v1/chat/completions: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog
from quart import Blueprint, Response, g, request

from relay.core.answer import Collector
from relay.core.events import Finished
from relay.core.sse import HEADERS
from relay.dialects.base import Limits
from relay.dialects.openai_chat.inbound import ChatCall, decode
from relay.dialects.openai_chat.outbound import ChunkEncoder, completion
from relay.errors import RelayError
from relay.gateway.dispatch import Gateway
from relay.gateway.record import Record
from relay.web.body import read_json

log = structlog.get_logger(__name__)


def blueprint(gateway: Gateway, limits: Limits, default_model: Callable[[], str]) -> Blueprint:
    """Return the routes of OpenAI Chat Completions; `default_model` is asked for when a client names none."""
    routes = Blueprint("chat", __name__)

    @routes.post("/v1/chat/completions")
    async def complete() -> Response:
        call = decode(await read_json(), default_model=default_model(), limits=limits)
        answering = _Answering(gateway, call)
        return await (answering.streamed() if call.stream else answering.whole())

    return routes


class _Answering:
    """One chat call: the same events, as a stream or folded into one body."""

    def __init__(self, gateway: Gateway, call: ChatCall) -> None:
        self._gateway = gateway
        self._call = call
        self._id = f"chatcmpl-{secrets.token_urlsafe(18)}"
        self._created = int(time.time())
        self._dropped: tuple[str, ...] = ()
        g.recorded = True
        self._record = Record(
            id=g.request_id,
            dialect="openai_chat",
            key=g.key,
            model=call.request.model,
            stream=call.stream,
            started=g.started,
            client=request.headers.get("User-Agent", "")[:120],
            retry_count=request.headers.get("x-stainless-retry-count", "")[:4],
        )

    async def whole(self) -> Response:
        """Answer with one JSON body."""
        collector = Collector()
        async with self._gateway.answer(self._call.request, self._record) as exchange:
            self._dropped = exchange.dropped
            async for events in exchange.events():
                collector.feed(events)
        body = completion(self._id, self._created, collector.result(), self._call.form)
        return self._with_headers(Response(body, content_type="application/json"))

    async def streamed(self) -> Response:
        """Answer with server-sent events.

        The response begins with the first event of the answer (or the first sign of patience), so that a failure before
        it is still a real HTTP status, which SDKs retry by.
        """
        chunks = self._chunks()
        first = await anext(chunks)
        response = Response(_chain(first, chunks), headers=dict(HEADERS))
        response.timeout = None  # an answer may take longer than Quart's default of 60 s
        return self._with_headers(response)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        encoder: ChunkEncoder | None = None
        begun = ended = False
        try:
            async with self._gateway.answer(self._call.request, self._record) as exchange:
                self._dropped = exchange.dropped
                encoder = ChunkEncoder(self._id, self._created, exchange.model, self._call.form)
                async for events in exchange.events():
                    chunk = encoder.encode(events) if events else encoder.keep_alive
                    ended = bool(events) and isinstance(events[-1], Finished)
                    if chunk:
                        begun = True
                        yield chunk
        except Exception as exc:  # also a bug of ours: the client must not take a cut stream for an answer
            if encoder is None or not begun:
                raise
            error = self._told(exc)
            if not ended:
                yield encoder.error(error)

    def _told(self, exc: Exception) -> RelayError:
        """Return what the client is told of `exc`; the log has the traceback of what nobody expected."""
        if isinstance(exc, RelayError):
            return exc
        log.error("request.crashed", id=self._record.id, exc_info=exc)
        return RelayError(f"relay failed in an unexpected way; its log has more under {self._record.id}.")

    def _with_headers(self, response: Response) -> Response:
        dropped = [*self._call.ignored, *self._dropped]
        if dropped:
            response.headers["x-relay-dropped"] = ", ".join(dropped)
        return response


async def _chain(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):  # a client that leaves between two chunks ends the call at once
        yield first
        async for chunk in rest:
            yield chunk
