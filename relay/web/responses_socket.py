"""The Responses API over a WebSocket, on the path of its POST: https://platform.openai.com/docs/guides/websocket-mode.

A message is a request, its answer the same events as a stream's, one in a message. One response runs at a time, others
wait in order. Whoever connects was let in by :mod:`relay.web.access` before the upgrade.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from quart import Blueprint, g, websocket

from relay.dialects.openai_responses import errors
from relay.dialects.openai_responses.inbound import Asked, read_object
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.reading import parse_json
from relay.errors import BodyTooLarge, ConnectionLimitReached, InvalidRequest, Overloaded, RelayError, ShuttingDown
from relay.gateway.admins import Stay
from relay.gateway.admission import Admission
from relay.gateway.failures import told
from relay.gateway.record import Record
from relay.gateway.responses.desk import Desk, Prepared, new_id
from relay.gateway.responses.past import Recent, Thread
from relay.store.responses import UNFINISHED
from relay.web.wanted import wanted_by

NORMAL, UNSUPPORTED_DATA, POLICY_VIOLATION, RESTARTING = 1000, 1003, 1008, 1012
"""https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number"""

NAME: Final = "openai_responses"


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRules:
    """Bounds on sockets; times in seconds, sizes in bytes."""

    per_key: int = 32
    queue: int = 16
    idle_seconds: float = 600.0
    total_seconds: float = 3600.0
    message_bytes: int = 32 * 2**20


class Sockets:
    """All open sockets."""

    def __init__(self, rules: SocketRules, admission: Admission) -> None:
        self.rules = rules
        self.admission = admission
        self._open: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()

    @contextmanager
    def enter(self, owner: str) -> Iterator[None]:
        """Count a socket of `owner` for the life of the block.

        Raises:
            ShuttingDown: relay drains.
            Overloaded: the key has as many sockets as it may.
        """
        if self.admission.draining:
            raise ShuttingDown
        if self._open[owner] >= self.rules.per_key:
            raise Overloaded(f"This key already has {self.rules.per_key} WebSockets open.", retry_after=5.0)
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]


def serve(routes: Blueprint, desk: Desk, sockets: Sockets) -> None:
    """Add the socket to the `routes` of responses."""

    @routes.websocket("/v1/responses")
    async def connect() -> None:
        with sockets.enter(g.owner):
            await websocket.accept()
            inbox = _Inbox(sockets.rules, sockets.admission)
            await _Connection(desk, inbox, sockets.rules.message_bytes).run(g.stay)


class _Closing(Exception):
    """The socket has to close, with `error` as the last message if there is one."""

    def __init__(self, code: int, reason: str, error: RelayError | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.error = error


class _Inbox:
    """Messages that wait for their turn, and what ends the waiting."""

    def __init__(self, rules: SocketRules, admission: Admission) -> None:
        self._rules = rules
        self._admission = admission
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._bytes = 0
        self._ends = asyncio.get_running_loop().time() + rules.total_seconds

    def put(self, message: str) -> None:
        """Let `message` wait.

        Raises:
            BodyTooLarge: it is larger than one may be.
            Overloaded: too much waits already.
        """
        body = message.encode("utf-8", "surrogatepass")
        if len(body) > self._rules.message_bytes:
            raise BodyTooLarge("The message is larger than relay takes (limits.body_bytes).")
        if self._messages.qsize() >= self._rules.queue or self._bytes + len(body) > self._rules.message_bytes:
            raise Overloaded("More requests wait on this socket than may (responses.socket_queue).", retry_after=1.0)
        self._bytes += len(body)
        self._messages.put_nowait(body)

    def end(self) -> None:
        """Let no more messages come."""
        self._messages.put_nowait(None)

    async def next(self) -> bytes:
        """Return the next message.

        Raises:
            _Closing: there will be none, or not soon.
        """
        left = self._ends - asyncio.get_running_loop().time()
        if left <= 0:
            raise _Closing(NORMAL, "too old", ConnectionLimitReached())
        message = asyncio.ensure_future(self._messages.get())
        draining = asyncio.ensure_future(self._admission.drains())
        try:
            async with asyncio.timeout(min(left, self._rules.idle_seconds)):
                await asyncio.wait({message, draining}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            if left <= self._rules.idle_seconds:
                raise _Closing(NORMAL, "too old", ConnectionLimitReached()) from None
            raise _Closing(NORMAL, "idle") from None
        finally:
            message.cancel()
            draining.cancel()
        if self._admission.draining:
            raise _Closing(RESTARTING, "relay is stopping", ShuttingDown() if self._bytes else None)
        body = message.result()
        if body is None:
            raise _Closing(UNSUPPORTED_DATA, "text messages only")
        self._bytes -= len(body)
        return body


class _Connection:
    """One socket: its messages, the responses to them, and what was said on it and is not stored."""

    def __init__(self, desk: Desk, inbox: _Inbox, message_bytes: int) -> None:
        self._desk = desk
        self._inbox = inbox
        self._recent = Recent(message_bytes)

    async def run(self, stay: Stay) -> None:
        """Answer until the socket has to close, or the key may not `stay`; a client that leaves cancels this."""
        reading, working = asyncio.ensure_future(self._read()), asyncio.ensure_future(self._work())
        forget = stay.on_end(partial(_cancel, working))
        try:
            await asyncio.wait({working})
            if working.cancelled():
                await websocket.close(POLICY_VIOLATION, "the key was revoked")
        finally:
            forget()
            reading.cancel()
            working.cancel()
            await asyncio.gather(reading, working, return_exceptions=True)

    async def _work(self) -> None:
        try:
            while True:
                await self._turn(await self._inbox.next())
        except _Closing as closing:
            if closing.error is not None:
                await _send(errors.socket_frame(closing.error))
            await websocket.close(closing.code, closing.reason)

    async def _read(self) -> None:
        """Take messages until one comes that is no text: what waits here for the client is bounded by the server."""
        while isinstance(message := await websocket.receive(), str):
            try:
                self._inbox.put(message)
            except RelayError as exc:
                await _send(errors.socket_frame(exc))
        self._inbox.end()

    async def _turn(self, body: bytes) -> None:
        """Answer one message, whatever happens."""
        request_id = f"req_{secrets.token_urlsafe(12)}"
        previous: str | None = None
        try:
            asked = _read_message(body, self._desk)
            previous = asked.previous_response_id
            prepared = await self._desk.prepare(asked, g.owner, self._recent)
            failed = await self._answer(asked, prepared, request_id)
        except Exception as exc:  # noqa: BLE001  # the outermost loop of one call: told and logged
            await _send(errors.socket_frame(told(exc, request_id)))
            failed = True
        if failed and previous is not None:
            self._recent.forget(previous)

    async def _answer(self, asked: Asked, prepared: Prepared, request_id: str) -> bool:
        """Tell the answer; return whether it failed on the way.

        Raises:
            RelayError: it failed before anything of it was told.
        """
        writer = prepared.writer()
        request = prepared.call.request
        thread = asked.body.prompt_cache_key or prepared.thread
        wanted = wanted_by(websocket.headers, g.owner, request, thread)
        try:
            if asked.generates:
                async with self._desk.gateway.answer(request, _record(prepared, request_id), wanted) as exchange:
                    async for events in exchange.events():
                        await _tell(writer.payloads(events))
            else:
                await _tell(writer.unanswered())
        except Exception as exc:
            if writer.status == "queued":
                raise
            if writer.status in UNFINISHED:
                await _tell(writer.failed(told(exc, request_id)))
        if not prepared.stored:
            response = writer.kept()
            self._recent.add(prepared.id, Thread((*prepared.said, *response["output"]), prepared.thread))
        return writer.status == "failed"


def _read_message(body: bytes, desk: Desk) -> Asked:
    value = parse_json(body)
    if not isinstance(value, dict) or value.get("type") != "response.create":
        raise InvalidRequest("type: only response.create is taken here.", param="type")
    return read_object(value, new_id=new_id, limits=desk.limits, socket=True)


def _record(prepared: Prepared, request_id: str) -> Record:
    return Record(
        id=request_id,
        dialect=NAME,
        key=g.key,
        owner=g.owner,
        model=prepared.call.request.model,
        stream=True,
        started=time.monotonic(),
        client=websocket.headers.get("User-Agent", "")[:120],
    )


def _cancel(task: asyncio.Future[None]) -> None:
    task.cancel()


async def _tell(payloads: Iterable[Payload]) -> None:
    for payload in payloads:
        await _send(payload.data)


async def _send(message: bytes) -> None:
    await websocket.send(message.decode())
