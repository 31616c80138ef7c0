"""The floor under relay: the same job with as little as possible: ``lean.py HTTP_PORT BRIDGE_PORT``.

The same event loop, JSON and WebSocket libraries and the same bridge protocol, but HTTP by hand on one asyncio
protocol: no framework, no authentication, no checks, no logs, no store, no clocks, no flow control towards the client.
What relay takes more than this is what its promises cost.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec
import uvloop
from websockets.asyncio.server import ServerConnection, serve

WINDOW = 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = (
    b'data: {"id":"x","object":"chat.completion.chunk","created":0,"model":"bench","choices":[{"index":0,"delta":%b,'
)
CHUNK += b'"finish_reason":%b}]}\n\n'
CONTENT = CHUNK % (b'{"content":%b}', b"null")
END = CHUNK % (b"{}", b'"stop"') + b"data: [DONE]\n\n"
BODY = b'{"id":"x","object":"chat.completion","created":0,"model":"bench","choices":[{"index":0,"finish_reason":"stop",'
BODY += b'"message":{"role":"assistant","content":%b}}]}'

decode = msgspec.json.decode
encode = msgspec.json.encode


class Client(asyncio.Protocol):
    """One HTTP connection with one request at a time."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._received = b""
        self._texts: list[str] = []
        self._stream = True

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Start the call once the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self._received = b""
        request = decode(body)
        self._stream = request["stream"]
        self._bridge.call(request, self)
        if self._stream:
            self._transport.write(HEAD)

    def take(self, texts: list[str]) -> None:
        """Pass on what arrived in one frame."""
        if self._stream:
            self._chunk(CONTENT % encode("".join(texts)))
        else:
            self._texts += texts

    def finish(self) -> None:
        """End the response."""
        if self._stream:
            self._chunk(END)
            self._transport.write(b"0\r\n\r\n")
            return
        body = BODY % encode("".join(self._texts))
        self._texts.clear()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    def _chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))


class Bridge:
    """The pages and their calls."""

    def __init__(self) -> None:
        self._pages: list[ServerConnection] = []
        self._calls: dict[str, list[Any]] = {}
        self._count = 0
        self._sending: set[asyncio.Task[None]] = set()

    def call(self, request: dict[str, Any], client: Client) -> None:
        """Send `request` to the next page."""
        self._count += 1
        call = str(self._count)
        self._calls[call] = [client, WINDOW]
        messages = [{**m, "content": [{"type": "text", "text": m["content"]}]} for m in request["messages"]]
        frame = {"type": "call", "call": call, "attempt": 1, "method": "chat", "credit": WINDOW}
        page = self._pages[self._count % len(self._pages)]
        self._send(page, frame | {"request": {"model": request["model"], "messages": messages}})

    async def serve(self, page: ServerConnection) -> None:
        """Welcome a page and read its frames."""
        await page.recv()
        await page.send('{"type":"welcome","token":"none"}')
        self._pages.append(page)
        async for message in page:
            frame = decode(message)
            match frame["type"]:
                case "parts":
                    call = self._calls[frame["call"]]
                    call[0].take([part["text"] for part in frame["parts"]])
                    received = frame["seq"] + len(frame["parts"])
                    if received > call[1] - WINDOW // 2:
                        call[1] = received + WINDOW
                        grant = {"call": frame["call"], "attempt": 1, "ack": received, "upto": call[1]}
                        self._send(page, {"type": "credit", **grant})
                case "done":
                    self._calls.pop(frame["call"])[0].finish()

    def _send(self, page: ServerConnection, frame: dict[str, Any]) -> None:
        task = asyncio.create_task(page.send(encode(frame).decode()))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


async def main(http_port: int, bridge_port: int) -> None:
    """Serve until killed."""
    bridge = Bridge()
    async with serve(bridge.serve, "127.0.0.1", bridge_port, compression=None, ping_interval=None):
        await asyncio.get_running_loop().create_server(lambda: Client(bridge), "127.0.0.1", http_port, backlog=2048)
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
