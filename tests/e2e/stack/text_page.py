"""A page that a test plays itself over a real socket: a web chat as poor as it may be, one text in, one text out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from .client import ApiClient
from .relay import Relay

POLL_SECONDS = 0.02
SINGLE_PROMPT = {"single_prompt": True}

Script = list[str] | dict[str, Any] | Callable[[str], list[str]]
"""What the page does with a call: the pieces of its answer, said outright or by the prompt, or a ``fail``'s fields."""


class TextPage:
    """Answers calls from a script, one item for each.

    Attributes:
        prompts: the texts that it was sent.
        requests: the whole requests.
    """

    def __init__(self, relay: Relay, ws: ClientConnection) -> None:
        self.script: list[Script] = []
        self.requests: list[Any] = []
        self._relay = relay
        self._ws = ws

    @property
    def prompts(self) -> list[str]:
        """The text of each request: there is one message, the user's."""
        return ["".join(part.get("text", "") for part in self._only(each)["content"]) for each in self.requests]

    async def tell(self, word: str = "ready", **fields: Any) -> None:
        """Say `word` as the page's state, and wait until relay knows."""
        own = {"models": [{"id": "chat"}], "capabilities": SINGLE_PROMPT}
        await self._ws.send(json.dumps({"type": "state", "state": word} | own | fields))
        admin = ApiClient(self._relay.origin, (self._relay.data_dir / "admin-token").read_text().strip())
        async with asyncio.timeout(10):
            while [each["state"] for each in (await admin.get("/api/sessions")).json()["sessions"]] != [word]:
                await asyncio.sleep(POLL_SECONDS)

    async def play(self) -> None:
        """Answer until the socket closes."""
        async for frame in self._ws:
            said = json.loads(frame)
            if said["type"] == "call":
                self.requests.append(said["request"])
                await self._answer({"call": said["call"], "attempt": said["attempt"]}, self.script.pop(0))
            elif said["type"] == "ping":
                await self._say("pong", **{name: value for name, value in said.items() if name != "type"})

    async def _answer(self, call: dict[str, Any], script: Script) -> None:
        await self._say("accepted", **call)
        if isinstance(script, dict):
            await self._say("fail", **call, **({"seq": 0, "message": ""} | script))
            return
        pieces = script(self.prompts[-1]) if callable(script) else script
        for seq, piece in enumerate(pieces):
            await self._say("parts", **call, seq=seq, parts=[{"type": "text", "text": piece}])
        await self._say("done", **call, seq=len(pieces), finish_reason="stop")

    async def _say(self, type_: str, **fields: Any) -> None:
        await self._ws.send(json.dumps({"type": type_} | fields))

    def _only(self, request: Any) -> Any:
        (message,) = request["messages"]
        assert message["role"] == "user", message
        return message


@asynccontextmanager
async def text_page(relay: Relay) -> AsyncIterator[TextPage]:
    """Pair a page with `relay`; it has said nothing of itself yet."""
    code = await relay.code()
    async with connect(
        f"ws://127.0.0.1:{relay.bridge_port}/",
        origin=relay.origin,
        compression=None,
        proxy=None,  # type: ignore[arg-type]
    ) as ws:
        hello = {"client": {"kind": "page", "version": "1"}, "adapter": "text", "site": "text.example", "code": code}
        await ws.send(json.dumps({"type": "hello", "protocols": [1]} | hello))
        assert json.loads(await ws.recv())["type"] == "welcome"
        page = TextPage(relay, ws)
        playing = asyncio.create_task(page.play())
        yield page
        assert not playing.done(), playing.exception()
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing
