"""A model behind an OpenAI-compatible API that says what a test scripts, and records what was asked and who left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from puter_emulator.http import Exchange, serve

KEY = "sk-mock"
MODELS = ("mock-small", "mock-large")
HELLO = ("Hello", " wör", "ld", " 😀", "!")


@dataclass(frozen=True)
class Say:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class Think:
    """A piece of the reasoning."""

    text: str


@dataclass(frozen=True)
class UseTool:
    """A tool call."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Wait:
    """Say nothing until the test calls ``release()``, or the caller leaves."""


@dataclass(frozen=True)
class Pause:
    """Take so long to go on, as a model does."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """Close the connection in the middle of the answer."""


@dataclass(frozen=True)
class Refuse:
    """Answer with an HTTP error instead; only as the first step."""

    status: int
    message: str
    retry_after: int | None = None


Step = Say | Think | UseTool | Wait | Pause | Cut | Refuse
Script = Callable[["ModelCall"], Iterable[Step]]
Outcome = Literal["running", "answered", "aborted", "cut", "refused"]


@dataclass
class ModelCall:
    """One chat completion as the model saw it."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    outcome: Outcome = "running"
    said: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    waits: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        users = [message["content"] for message in self.body["messages"] if message["role"] == "user"]
        content = users[-1] if users else ""
        if isinstance(content, str):
            return content
        return "".join(part.get("text", "") for part in content if part["type"] == "text")

    def release(self) -> None:
        """Let the answer go on behind its next `Wait`."""
        self.waits.release()


class MockModel:
    """What the model is to say, and the calls it got."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.calls: list[ModelCall] = []
        self._arrived = asyncio.Condition()
        self._script: Script = _hello

    @property
    def base_url(self) -> str:
        """The base URL to give to a client of the OpenAI API."""
        return f"{self.origin}/v1"

    def play(self, *steps: Step) -> None:
        """Answer every call from now on with these steps."""
        self._script = lambda _: steps

    def act(self, script: Script) -> None:
        """Answer every call from now on with the steps that `script` makes of it."""
        self._script = script

    def reset(self) -> None:
        """Forget the calls and say hello again."""
        self.calls.clear()
        self._script = _hello

    async def next_call(self, seen: int = 0) -> ModelCall:
        """Wait for the call number `seen` (from 0)."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) > seen)
        return self.calls[seen]

    async def serve(self, exchange: Exchange) -> None:
        """Answer one HTTP request."""
        request = exchange.request
        if request.headers.get("authorization") != f"Bearer {KEY}":
            await _error(exchange, 401, "Incorrect API key provided")
        elif (request.method, request.path) == ("GET", "/v1/models"):
            listed = [{"id": name, "object": "model", "created": 0, "owned_by": "mock"} for name in MODELS]
            await _json(exchange, 200, {"object": "list", "data": listed})
        elif (request.method, request.path) == ("POST", "/v1/chat/completions"):
            await self._chat(exchange)
        else:
            await _error(exchange, 404, f"no such endpoint: {request.path}")

    async def _chat(self, exchange: Exchange) -> None:
        call = ModelCall(json.loads(exchange.request.body), exchange.request.headers)
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        answer = _Streamed(exchange, call) if call.body.get("stream") else _Whole(exchange, call)
        try:
            call.outcome = await _perform(self._script(call), call, answer)
        finally:
            if call.outcome == "running":
                call.outcome = "aborted"
            call.ended.set()


@asynccontextmanager
async def mock_model() -> AsyncIterator[MockModel]:
    """Serve a model on loopback."""
    model = MockModel("")
    async with serve(model.serve) as port:
        model.origin = f"http://127.0.0.1:{port}"
        yield model


def _hello(_: ModelCall) -> Iterable[Step]:
    return map(Say, HELLO)


async def _perform(script: Iterable[Step], call: ModelCall, answer: _Streamed | _Whole) -> Outcome:
    for step in script:
        match step:
            case Say(text):
                call.said += text
                await answer.delta({"content": text})
            case Think(text):
                await answer.delta({"reasoning_content": text})
            case UseTool():
                await answer.tool(step)
            case Wait():
                await answer.flush()
                await call.waits.acquire()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Cut():
                await answer.flush()
                answer.exchange.cut()
                return "cut"
            case Refuse(status, message, retry_after):
                await _error(answer.exchange, status, message, retry_after)
                return "refused"
    await answer.end()
    return "answered"


class _Streamed:
    """The answer as server-sent events."""

    def __init__(self, exchange: Exchange, call: ModelCall) -> None:
        self.exchange = exchange
        self._call = call
        self._started = False
        self._tools = 0

    async def delta(self, delta: Mapping[str, Any]) -> None:
        await self._event([{"index": 0, "delta": delta, "finish_reason": None}])

    async def tool(self, step: UseTool) -> None:
        call = {"index": self._tools, **_tool_call(step, self._tools)}
        self._tools += 1
        await self.delta({"tool_calls": [call]})

    async def flush(self) -> None:
        await self._start()

    async def end(self) -> None:
        reason = "tool_calls" if self._tools else "stop"
        await self._event([{"index": 0, "delta": {}, "finish_reason": reason}])
        if (self._call.body.get("stream_options") or {}).get("include_usage"):
            await self._event([], usage=USAGE)
        await self.exchange.send(b"data: [DONE]\n\n")
        await self.exchange.finish()

    async def _event(self, choices: list[Any], **more: Any) -> None:
        await self._start()
        chunk = _frame(self._call, "chat.completion.chunk") | {"choices": choices, **more}
        await self.exchange.send(f"data: {json.dumps(chunk)}\n\n".encode())

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            await self.exchange.start(200, {"Content-Type": "text/event-stream"})


class _Whole:
    """The answer as one JSON body."""

    def __init__(self, exchange: Exchange, call: ModelCall) -> None:
        self.exchange = exchange
        self._call = call
        self._message: dict[str, Any] = {"role": "assistant", "content": ""}

    async def delta(self, delta: Mapping[str, Any]) -> None:
        for name, text in delta.items():
            self._message[name] = self._message.get(name, "") + text

    async def tool(self, step: UseTool) -> None:
        calls = self._message.setdefault("tool_calls", [])
        calls.append(_tool_call(step, len(calls)))

    async def flush(self) -> None:
        pass  # nothing of a whole answer goes out before its end

    async def end(self) -> None:
        reason = "tool_calls" if "tool_calls" in self._message else "stop"
        choice = {"index": 0, "message": self._message, "finish_reason": reason}
        body = _frame(self._call, "chat.completion") | {"choices": [choice], "usage": USAGE}
        await _json(self.exchange, 200, body)


USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


def _tool_call(step: UseTool, index: int) -> dict[str, Any]:
    function = {"name": step.name, "arguments": json.dumps(step.arguments)}
    return {"id": f"call_{index + 1}", "type": "function", "function": function}


def _frame(call: ModelCall, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-mock", "object": kind, "created": 0, "model": call.body.get("model")}


async def _error(exchange: Exchange, status: int, message: str, retry_after: int | None = None) -> None:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    await _json(exchange, status, {"error": {"message": message, "type": "mock", "code": None}}, headers)


async def _json(exchange: Exchange, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
    data = json.dumps(body).encode()
    await exchange.respond(status, {"Content-Type": "application/json", **(headers or {})}, data)
