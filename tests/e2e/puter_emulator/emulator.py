"""The emulator as a whole: its two origins, its accounts, and what tests see and steer."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Self

from . import media, models
from .answer import Answer, cors, dumps, refuse, reply
from .gui import sign_in_page
from .http import Exchange, serve
from .models import Conversation

CHAT = {"interface": "puter-chat-completion", "driver": "ai-chat", "method": "complete"}


class SignIn(Enum):
    """What the sign-in page does when it opens."""

    AT_ONCE = "at once"
    ON_CLICK = "on click"
    CANCEL = "cancel"


@dataclass
class Call:
    """One chat call as the service saw it."""

    args: Mapping[str, Any]
    headers: Mapping[str, str]
    conversation: Conversation
    outcome: Literal["running", "answered", "aborted"] = "running"
    lines: int = 0
    arrived: float = field(default_factory=time.monotonic)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.args.get("model"))

    def release(self) -> None:
        """Let a `held` answer go on."""
        self.conversation.released.set()


class PuterEmulator:
    """Serves while its ``async with`` block lasts; `calls`, `paths` and `made` hold all that came in."""

    def __init__(self, *, api_port: int = 0, gui_port: int = 0) -> None:
        self.calls: list[Call] = []
        self.paths: list[str] = []
        self.made: list[tuple[str, Mapping[str, Any]]] = []
        self.sign_in = SignIn.AT_ONCE
        self.max_parallel: int | None = None
        self._tokens: dict[str, bool] = {}
        self._arrived = asyncio.Condition()
        self._ports = (api_port, gui_port)
        self._stack = AsyncExitStack()
        self.api_origin = ""
        self.gui_origin = ""

    async def __aenter__(self) -> Self:
        api_port, gui_port = self._ports
        self.api_origin = f"http://127.0.0.1:{await self._stack.enter_async_context(serve(self._api, api_port))}"
        self.gui_origin = f"http://localhost:{await self._stack.enter_async_context(serve(self._gui, gui_port))}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # ------------------------------------------------------------ for tests

    def issue_token(self, *, temporary: bool = False) -> str:
        """Make a login: a new app token, in the shape of the real ones."""
        claims = base64.urlsafe_b64encode(dumps({"type": "app-under-user", "jti": secrets.token_hex(8)}).encode())
        token = f"eyJhbGciOiJIUzI1NiJ9.{claims.decode().rstrip('=')}.{secrets.token_urlsafe(24)}"
        self._tokens[token] = temporary
        return token

    def revoke_tokens(self) -> None:
        """End every login."""
        self._tokens.clear()

    async def next_call(self, model: str, seen: int = 0) -> Call:
        """Wait for the call number `seen` (from 0) to `model`."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self._to(model)) > seen)
        return self._to(model)[seen]

    def _to(self, model: str) -> list[Call]:
        return [call for call in self.calls if call.model == model]

    # ------------------------------------------------------------ the two origins

    async def _gui(self, exchange: Exchange) -> None:
        if exchange.request.path == "/action/sign-in":
            query = exchange.request.query
            token = self.issue_token(temporary="attempt_temp_user_creation" in query)
            page = sign_in_page(query.get("msg_id", "0"), token, self.sign_in.value)
            await exchange.respond(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode())
        else:
            await exchange.respond(404, {"Content-Type": "text/plain"}, b"Not Found")

    async def _api(self, exchange: Exchange) -> None:
        request = exchange.request
        self.paths.append(f"{request.method} {request.path}")
        match request.method, request.path:
            case "OPTIONS", _:
                await exchange.respond(200, cors(exchange))
            case "POST", "/drivers/call":
                await self._driver_call(exchange)
            case "GET", "/puterai/chat/models/details":
                await reply(exchange, 200, {"models": models.details()})
            case "GET", "/puterai/image/models/details":
                await reply(exchange, 200, {"models": media.IMAGE_MODELS})
            case "GET", "/whoami":
                await self._account(exchange, _user)
            case "GET", "/metering/usage":
                await self._account(exchange, lambda _: _USAGE)
            case "POST", "/rao":
                await self._account(exchange, lambda _: {})
            case _:
                await refuse(exchange, 404, "not_found", "Not found")

    async def _account(self, exchange: Exchange, body: Callable[[bool], object]) -> None:
        scheme, _, token = exchange.request.headers.get("authorization", "").partition(" ")
        if await self._signed_in(exchange, token if scheme == "Bearer" else None):
            await reply(exchange, 200, body(self._tokens[token]))

    async def _signed_in(self, exchange: Exchange, token: object) -> bool:
        if token is None:
            await refuse(exchange, 401, "token_missing", "Missing authentication token")
        elif token not in self._tokens:
            await refuse(exchange, 401, "reauth_required", "Re-authentication required", reason="token_v1")
        return token in self._tokens

    async def _driver_call(self, exchange: Exchange) -> None:
        body = _json_object(exchange.request.body)
        bearer = exchange.request.headers.get("authorization", "").removeprefix("Bearer ")
        if not await self._signed_in(exchange, body.get("auth_token") or bearer or None):
            return
        args = body.get("args") or {}
        if driver := media.DRIVERS.get((body.get("interface"), body.get("driver"), body.get("method"))):
            self.made.append((body["method"], args))
            await driver(exchange, args)
        elif any(body.get(name) != value for name, value in CHAT.items()):
            await refuse(exchange, 404, "not_found", "No such driver or method")
        elif self._is_full():
            await refuse(exchange, 429, "too_many_requests", "Too many concurrent requests")
        else:
            await self._chat(exchange, args)

    def _is_full(self) -> bool:
        running = sum(call.outcome == "running" for call in self.calls)
        return self.max_parallel is not None and running >= self.max_parallel

    async def _chat(self, exchange: Exchange, args: Mapping[str, Any]) -> None:
        call = Call(args, exchange.request.headers, Conversation(args))
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        found = models.find(args.get("model", "undefined"))
        if found is None:
            call.outcome = "answered"
            message = models.NOT_FOUND.format(args.get("model", "undefined"))
            await refuse(exchange, 400, "bad_request", message)
            return
        name, script = found
        answer = Answer(exchange, streamed=args.get("stream") is True, blocks=name.startswith("claude"))
        try:
            await script(call.conversation, answer)
            call.outcome = "answered"
        finally:
            if call.outcome == "running":
                call.outcome = "aborted"
            call.lines = answer.lines
            call.ended.set()


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _user(temporary: bool) -> dict[str, Any]:
    return {
        "uuid": "3f0c7b0e-6a5e-4a52-9d0b-1c7a3e5b9d42",
        "username": "emulated_user",
        "email_confirmed": 1,
        "is_temp": temporary,
        "requires_email_confirmation": False,
    }


_USAGE = {
    "usage": {"total": 44_478},
    "appTotals": {},
    "allowanceInfo": {"remaining": 24_955_522, "monthUsageAllowance": 25_000_000, "addons": {}},
}
