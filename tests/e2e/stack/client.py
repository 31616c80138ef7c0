"""A plain HTTP client for the API, which can read slowly, stop reading and leave: h11 on a socket, nothing hidden."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11

DONE = "[DONE]"
READ_AHEAD = 65_536
"""Little is buffered at this end, so that a test that reads slowly is felt at the other."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Stream:
    """An answer that is still arriving."""

    def __init__(self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection = connection
        self._reader = reader
        self._writer = writer
        self._held = b""
        self._parsed: deque[Any] = deque()

    async def head(self) -> None:
        """Read status and headers."""
        event = await self._event(65_536)
        assert isinstance(event, h11.Response), event
        self.status = event.status_code
        self.headers = {name.decode(): value.decode() for name, value in event.headers}

    async def body(self, read_size: int = 65_536) -> AsyncIterator[bytes]:
        """The body as it arrives, at most `read_size` bytes of the connection at a time."""
        while True:
            event = await self._event(read_size)
            if not isinstance(event, h11.Data):
                assert isinstance(event, h11.EndOfMessage), event
                return
            yield bytes(event.data)

    async def events(self) -> AsyncIterator[Any]:
        """The ``data:`` fields of the SSE stream, as JSON; a later call goes on where this one was left."""
        body = self.body()
        while True:
            while self._parsed:
                yield self._parsed.popleft()
            try:
                self._parse(await anext(body))
            except StopAsyncIteration:
                return

    def _parse(self, data: bytes) -> None:
        *lines, self._held = (self._held + data).split(b"\n")
        fields = [line.removeprefix(b"data: ").decode() for line in lines if line.startswith(b"data: ")]
        self._parsed.extend(DONE if field == DONE else json.loads(field) for field in fields)

    def leave(self, *, reset: bool = False) -> None:
        """Close the connection, with RST instead of FIN if asked."""
        if reset:
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.close()

    async def _event(self, read_size: int) -> object:
        while True:
            event = self._connection.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._connection.receive_data(await self._reader.read(read_size))


class ApiClient:
    """Calls one relay with one key."""

    def __init__(self, base_url: str, key: str | None = None) -> None:
        self._url = urlsplit(base_url)
        self._key = key

    async def get(self, path: str) -> Reply:
        """Fetch `path` below the base URL."""
        async with self._exchange("GET", path, b"") as answer:
            return await _whole(answer)

    async def post(self, path: str, body: Any) -> Reply:
        """Send `body` to `path` below the base URL."""
        async with self._exchange("POST", path, json.dumps(body).encode()) as answer:
            return await _whole(answer)

    async def chat(self, model: str, text: str = "Hi", **fields: Any) -> Reply:
        """Ask `model` and take the whole answer."""
        async with self._exchange("POST", "/chat/completions", _body(model, text, fields)) as answer:
            return await _whole(answer)

    @asynccontextmanager
    async def stream(self, model: str, text: str = "Hi", **fields: Any) -> AsyncIterator[Stream]:
        """Ask `model` and take the answer as it comes; the end of the block closes the connection."""
        body = _body(model, text, {"stream": True, **fields})
        async with self._exchange("POST", "/chat/completions", body) as answer:
            yield answer

    @asynccontextmanager
    async def _exchange(self, method: str, path: str, body: bytes) -> AsyncIterator[Stream]:
        assert self._url.hostname is not None
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port, limit=READ_AHEAD)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AHEAD)
        connection = h11.Connection(h11.CLIENT)
        headers = {"Host": self._url.netloc, "Content-Length": str(len(body))}
        if body:
            headers["Content-Type"] = "application/json"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        request = h11.Request(method=method, target=self._url.path + path, headers=list(headers.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        try:
            stream = Stream(connection, reader, writer)
            await stream.head()
            yield stream
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _whole(answer: Stream) -> Reply:
    return Reply(answer.status, answer.headers, b"".join([data async for data in answer.body()]))


def _body(model: str, text: str, fields: Mapping[str, Any]) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": model, "messages": messages, **fields}).encode()


@dataclass(frozen=True)
class Said:
    """What a stream of chunks said in all."""

    text: str
    reasoning: str
    tools: list[dict[str, str]]
    finish_reason: str | None
    error: dict[str, Any] | None
    done: bool


def said(events: list[Any]) -> Said:
    """Put the chunks of one stream together, as a strict client does."""
    choices = [choice for event in events if event != DONE for choice in event.get("choices", ())]
    deltas = [choice["delta"] for choice in choices]
    tools: list[dict[str, str]] = []
    for call in (call for delta in deltas for call in delta.get("tool_calls") or ()):
        if call["index"] == len(tools):
            tools.append({"id": call["id"], "name": call["function"]["name"], "arguments": ""})
        tools[call["index"]]["arguments"] += call["function"].get("arguments") or ""
    return Said(
        text="".join(delta.get("content") or "" for delta in deltas),
        reasoning="".join(delta.get("reasoning_content") or "" for delta in deltas),
        tools=tools,
        finish_reason=next((choice["finish_reason"] for choice in choices if choice.get("finish_reason")), None),
        error=next((event["error"] for event in events if event != DONE and "error" in event), None),
        done=bool(events) and events[-1] == DONE,
    )
