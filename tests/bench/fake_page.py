"""A page without a browser, cheap enough not to be what is measured: ``fake_page.py BRIDGE_PORT CODE SESSIONS``.

It speaks docs/reference/bridge-protocol.md over hand-written WebSocket framing (RFC 6455). Every call begins its user
message with ``[bench parts=N every=US size=S piece=P]`` and gets that: `N` parts of `S` characters, one every `US`
microseconds, or with 0 as many as the credit allows, `P` at a time as a site's own stream would bring them. Like a real
page it sends everything that has piled up while its socket had unsent bytes as one frame a call.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import time
from typing import Any

import uvloop

DIRECTIVE = re.compile(r"\[bench parts=(\d+) every=(\d+) size=(\d+) piece=(\d+)\]")
CONCURRENCY = 64
"""Calls of one session at a time: the most that the protocol allows."""
NO_MASK = b"\0\0\0\0"
"""A mask of zeros is a mask: https://www.rfc-editor.org/rfc/rfc6455#section-5.3 leaves the choice to the client."""


class Answer:
    """One call being answered."""

    def __init__(self, page: Page, frame: dict[str, Any]) -> None:
        text = frame["request"]["messages"][-1]["content"][0]["text"]
        directive = DIRECTIVE.match(text)
        if directive is None:
            sys.exit("the fake page got a call without a directive")
        self.parts, self.every, self._size, self._piece = map(int, directive.groups())
        self.upto = frame["credit"]
        self.made = self.sent = 0
        self.cancelled = False
        self._page = page
        self._address = f'"call":"{frame["call"]}","attempt":{frame["attempt"]}'
        self._filling = "x" * self._size
        self._waiting: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    def start(self) -> None:
        """Accept the call and make the first part."""
        self._page.send(f'{{"type":"accepted",{self._address}}}')
        self.make()

    def make(self) -> None:
        """Make what is due now: one part, or a piece of a flood."""
        if self.cancelled:
            return
        due = 1 if self.every else min(self._piece, self.parts - self.made, self.upto - self.made)
        for _ in range(due):
            stamp = f"@{time.monotonic_ns()}.{self.made};"
            self._waiting.append(f'{{"type":"text","text":"{stamp}{self._filling[: self._size - len(stamp)]}"}}')
            self.made += 1
        self._page.flush_soon(self)
        if self.made < self.parts:
            if self.every:
                self._loop.call_at(self._began + self.made * self.every / 1e6, self.make)
            elif due:
                self._loop.call_soon(self.make)

    def grant(self, upto: int) -> None:
        """Take more credit."""
        stopped = not self.every and self.made == self.upto < self.parts
        self.upto = upto
        self._page.flush_soon(self)
        if stopped:
            self.make()

    def flush(self) -> None:
        """Send what has piled up, as far as the credit goes, and the end after the last part."""
        ready = self._waiting[: self.upto - self.sent]
        if ready:
            self._page.send(f'{{"type":"parts",{self._address},"seq":{self.sent},"parts":[{",".join(ready)}]}}')
            self.sent += len(ready)
            del self._waiting[: len(ready)]
        if self.sent == self.parts:
            usage = f'{{"input_tokens":7,"output_tokens":{self.parts}}}'
            end = f'"seq":{self.parts},"finish_reason":"stop","usage":{usage}'
            self._page.send(f'{{"type":"done",{self._address},{end}}}')
            self._page.forget(self)


class Page(asyncio.Protocol):
    """One session: its socket, and the answers under way."""

    def __init__(self, port: int, hello: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        self.welcomed: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._loop = loop
        self._port = port
        self._hello = hello
        self._answers: dict[str, Answer] = {}
        self._to_flush: dict[Answer, None] = {}
        self._flushing = False
        self._blocked = False
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: Any) -> None:
        """Ask for the WebSocket."""
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET / HTTP/1.1\r\nHost: localhost:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        transport.write(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())

    def connection_lost(self, _error: Exception | None) -> None:
        """Without relay there is nothing to do."""
        self._loop.stop()

    def pause_writing(self) -> None:
        """The socket has unsent bytes: let parts pile up."""
        self._blocked = True

    def resume_writing(self) -> None:
        """All bytes are sent."""
        self._blocked = False
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read frames."""
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                sys.exit(f"the bridge refused: {head.splitlines()[0].decode()}")
            self._open = True
            self._buffer = rest
            client = {"kind": "headless", "version": "bench"}
            first = {"type": "hello", "protocols": [1], "client": client, "adapter": "bench", "site": "bench"}
            self.send(json.dumps(first | self._hello))
        while (frame := self._next_frame()) is not None:
            self._receive(json.loads(frame))

    def send(self, text: str) -> None:
        """Send one frame."""
        data = text.encode()
        size = len(data)
        if size < 126:
            head = bytes((0x81, 0x80 | size))
        elif size < 65_536:
            head = b"\x81\xfe" + size.to_bytes(2, "big")
        else:
            head = b"\x81\xff" + size.to_bytes(8, "big")
        self._transport.write(head + NO_MASK + data)

    def flush_soon(self, answer: Answer) -> None:
        """Send what `answer` has at the end of this task, or when the socket is empty."""
        self._to_flush[answer] = None
        if not self._flushing and not self._blocked:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def forget(self, answer: Answer) -> None:
        """`answer` is complete or cancelled."""
        self._answers = {call: other for call, other in self._answers.items() if other is not answer}

    def _flush(self) -> None:
        self._flushing = False
        while self._to_flush and not self._blocked:
            answer = next(iter(self._to_flush))
            del self._to_flush[answer]
            if not answer.cancelled:
                answer.flush()

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start or len(buffer) < start + size:
            return None
        if buffer[0] != 0x81:
            sys.exit(f"the bridge closed or sent what it should not: {buffer[:200]!r}")
        self._buffer = buffer[start + size :]
        return buffer[start : start + size]

    def _receive(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "welcome":
                model = {"id": "bench"}
                can = {"system": True, "cancel": True}
                limits = {"concurrency": CONCURRENCY}
                state = {"state": "ready", "capabilities": can, "limits": limits, "models": [model]}
                self.send(json.dumps({"type": "state", **state}))
                self.welcomed.set_result(frame)
            case "call":
                answer = self._answers[frame["call"]] = Answer(self, frame)
                answer.start()
            case "credit":
                if (answer := self._answers.get(frame["call"])) is not None:
                    answer.grant(frame["upto"])
            case "cancel":
                if (answer := self._answers.pop(frame["call"], None)) is not None:
                    answer.cancelled = True
            case "ping":
                self.send(json.dumps({"type": "pong", "t": frame["t"]}))


async def main(port: int, code: str, sessions: int) -> None:
    """Attach `sessions` sessions with one credential and answer until the bridge goes away."""
    loop = asyncio.get_running_loop()
    _, first = await loop.create_connection(lambda: Page(port, {"code": code}), "127.0.0.1", port)
    token = (await first.welcomed)["token"]
    for _ in range(sessions - 1):
        _, page = await loop.create_connection(lambda: Page(port, {"token": token}), "127.0.0.1", port)
        await page.welcomed
    print("ready", flush=True)
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
