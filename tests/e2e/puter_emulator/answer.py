"""Writes one chat answer the way Puter does: lines of JSON when streamed, one JSON body when not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .http import Exchange
from .recordings import HEADERS

USAGE = {"prompt": 7, "completion": 7, "input_cache_read": 4, "usd_cents": None}
NDJSON = "application/x-ndjson"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class ToolUse:
    """A tool call of a model; ``extra`` is what a provider adds to it and wants back with it."""

    id: str
    name: str
    input: Mapping[str, Any]
    extra: Mapping[str, Any] | None = None

    @property
    def extra_content(self) -> dict[str, Any]:
        """The field that holds what is added."""
        return {} if self.extra is None else {"extra_content": self.extra}


@dataclass
class _Whole:
    """What a call that is not streamed has said so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)


def dumps(value: object) -> str:
    """JSON as Puter writes it: no spaces, no escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cors(exchange: Exchange) -> dict[str, str]:
    """The recorded headers; the real service echoes any Origin too."""
    origin = exchange.request.headers.get("origin")
    return HEADERS | ({"Access-Control-Allow-Origin": origin} if origin else {})


async def reply(exchange: Exchange, status: int, body: object, **headers: str) -> None:
    """Answer with a JSON body."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    await exchange.respond(status, cors(exchange) | {"Content-Type": JSON} | extra, dumps(body).encode())


async def refuse(exchange: Exchange, status: int, code: str, message: str, **more: object) -> None:
    """Answer with the service's flat error body."""
    await reply(exchange, status, {"error": message, "message": message, "code": code, **more})


class Answer:
    """The answer to one chat call; ``blocks`` writes whole messages in the style of Claude."""

    def __init__(self, exchange: Exchange, *, streamed: bool, blocks: bool = False) -> None:
        self.exchange = exchange
        self.streamed = streamed
        self.lines = 0
        self._blocks = blocks
        self._whole = _Whole()
        self._started = False

    async def text(self, text: str) -> None:
        """Say a piece of the answer."""
        self._whole.text.append(text)
        await self._part({"type": "text", "text": text})

    async def reasoning(self, text: str) -> None:
        """Say a piece of the reasoning."""
        self._whole.reasoning.append(text)
        await self._part({"type": "reasoning", "reasoning": text})

    async def tools(self, calls: Sequence[ToolUse], *, all_streamed: bool = False) -> None:
        """Call tools. OpenAI-style providers of the real service lose all but the last call when streaming."""
        self._whole.tools.extend(calls)
        for call in calls if all_streamed else calls[-1:]:
            part = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input, "text": ""}
            await self._part(part | call.extra_content)

    async def end(self) -> None:
        """End as a complete answer does: usage, then the end of the body."""
        if self.streamed:
            await self._part({"type": "usage", "usage": USAGE})
            await self.exchange.finish()
        else:
            await reply(self.exchange, 200, {"success": True, "result": self._result(), **_SERVICE})

    async def error(self, message: str) -> None:
        """End as an answer does whose upstream broke."""
        await self.line(dumps({"type": "error", "message": message}))
        await self.exchange.finish()

    async def line(self, line: str) -> None:
        """Send one line of a stream as it is."""
        await self.raw(f"{line}\n".encode())
        self.lines += 1

    async def raw(self, data: bytes) -> None:
        """Send bytes of a stream as they are."""
        if not self._started:
            self._started = True
            await self.exchange.start(200, cors(self.exchange) | {"Content-Type": NDJSON})
        await self.exchange.send(data)

    async def silence(self) -> None:
        """Say nothing more until the client leaves."""
        await asyncio.Event().wait()

    async def _part(self, part: object) -> None:
        if self.streamed:
            await self.line(dumps(part))

    def _result(self) -> dict[str, Any]:
        return {
            "index": 0,
            "message": self._claude_message() if self._blocks else self._openai_message(),
            "finish_reason": "tool_calls" if self._whole.tools and not self._blocks else "stop",
            "usage": USAGE,
            "via_ai_chat_service": True,
        }

    def _openai_message(self) -> dict[str, Any]:
        said = self._whole
        message: dict[str, Any] = {"role": "assistant", "content": "".join(said.text) or None}
        if said.reasoning:
            message["reasoning_content"] = "".join(said.reasoning)
        if said.tools:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": dumps(call.input)}}
                | call.extra_content
                for call in said.tools
            ]
        return message

    def _claude_message(self) -> dict[str, Any]:
        said = self._whole
        text = "".join(said.text)
        content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        content += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.input} for call in said.tools]
        message = {"role": "assistant", "type": "message", "content": content}
        return message | {"stop_reason": "tool_use" if said.tools else "end_turn"}


_SERVICE = {
    "service": {"name": "ai-chat"},
    "metadata": {"service_used": "emulator", "providerUsed": "emulator"},
}
