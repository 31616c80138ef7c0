"""The server behind the web chats: their pages, relay's modules, and a model that answers from a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from puter_emulator.http import Exchange, serve

PAGES = Path(__file__).parent / "pages"
ROOT = Path(__file__).resolve().parents[3]
NODE_MODULES = ROOT / "tests" / "js" / "node_modules"
PLACES = {
    "/chats/": PAGES,
    "/relay/": ROOT / "extension",
    "/marked/": NODE_MODULES / "marked" / "lib",
    "/quill/": NODE_MODULES / "quill" / "dist",
}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css"}
STREAM = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@dataclass(frozen=True)
class Script:
    """How the model answers."""

    pieces: tuple[str, ...] = ("Hello there.",)
    thinking: str = ""
    pause: float = 0.004  # seconds between two pieces
    delay: float = 0.0  # seconds before the first
    trouble: str = ""  # what the page shows in the middle: "error", "captcha" or "limit"
    stall: bool = False  # never ends by itself


@dataclass
class ChatServer:
    """What was asked, and what is to be answered: by `scripts`, one a question, and then by `script`."""

    script: Script = field(default_factory=Script)
    scripts: list[Script] = field(default_factory=list)
    asked: list[dict[str, object]] = field(default_factory=list)
    aborted: asyncio.Event = field(default_factory=asyncio.Event)
    visited: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def url(self, page: str) -> str:
        """The address of a chat."""
        return f"http://127.0.0.1:{self.port}/chats/{page}"

    @property
    def prompts(self) -> list[object]:
        """The texts of all messages that arrived."""
        return [asked["prompt"] for asked in self.asked]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ChatServer]:
        """Serve until the block ends."""
        async with serve(self._handle) as port:
            self.port = port
            yield self

    async def _handle(self, exchange: Exchange) -> None:
        path = exchange.request.path
        if path == "/answer":
            await self._answer(exchange)
        elif file := _file(path):
            headers = {"Content-Type": TYPES[file.suffix], "Access-Control-Allow-Origin": "*"}
            await exchange.respond(200, headers, file.read_bytes())
            if path.endswith("/chat.js"):
                self.visited.set()
        else:
            await exchange.respond(404, {"Content-Type": "text/plain"})

    async def _answer(self, exchange: Exchange) -> None:
        self.asked.append(json.loads(exchange.request.body))
        script = self.scripts.pop(0) if self.scripts else self.script
        await exchange.start(200, STREAM)
        try:
            await asyncio.sleep(script.delay)
            for event in _events(script):
                await exchange.send(f"{json.dumps(event)}\n".encode())
                await asyncio.sleep(script.pause)
            if script.stall:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.aborted.set()
            raise
        await exchange.finish()


def _file(path: str) -> Path | None:
    places = ((place / path.removeprefix(prefix)) for prefix, place in PLACES.items() if path.startswith(prefix))
    return next(filter(Path.is_file, places), None)


def _events(script: Script) -> list[dict[str, str]]:
    thinking = [{"thinking": piece} for piece in script.thinking.split(" ")] if script.thinking else []
    text = [{"text": piece} for piece in script.pieces]
    half = len(text) // 2
    return [*thinking, *text[:half], *([{"trouble": script.trouble}] if script.trouble else []), *text[half:]]
