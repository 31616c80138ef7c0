"""The HTTP application: limits, the gate, error shapes, and one blueprint a surface."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Collection, Iterable

from hypercorn.typing import WebsocketScope
from quart import Blueprint, Quart, Response, g, request
from quart.asgi import ASGIWebsocketConnection

from relay.errors import RouteNotFound
from relay.web import errors
from relay.web.access import Gate, GateRules
from relay.web.current import current


def build(
    blueprints: Iterable[Blueprint], gate: Gate, rules: GateRules, body_bytes: int, closed: Collection[str] = ()
) -> Quart:
    """Return the app with `blueprints` behind `gate`; those named in `closed` answer that they are switched off."""
    app = Quart("relay", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = body_bytes
    app.asgi_websocket_class = BoundedWebsocket
    app.url_map.merge_slashes = False  # by a redirect, which clients do not follow with a body
    app.before_request(_begin)
    app.before_websocket(_begin)
    gate.guard(app)
    _close(app, frozenset(closed))
    app.after_request(_finish)
    app.after_websocket(_finish_refusal)  # type: ignore[type-var]  # Quart calls it without a response too
    errors.install(app)
    for routes in blueprints:
        app.register_blueprint(routes)
    if rules.allowed_origins:
        _allow_cors(app, rules.allowed_origins)
    return app


def _close(app: Quart, closed: frozenset[str]) -> None:
    """Refuse requests and sockets that the blueprints `closed` would serve."""

    async def refuse() -> None:
        blueprint = current().blueprint
        if blueprint in closed:
            raise RouteNotFound(f"This API is switched off (endpoints.{blueprint}.enabled).")

    app.before_request(refuse)
    app.before_websocket(refuse)


async def _begin() -> None:
    g.started = time.monotonic()
    g.request_id = f"req_{secrets.token_urlsafe(12)}"


async def _finish(response: Response) -> Response:
    response.headers["x-request-id"] = response.headers["request-id"] = g.request_id
    response.headers["openai-processing-ms"] = str(round((time.monotonic() - g.started) * 1000))
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def _finish_refusal(response: Response | None) -> Response | None:
    """Finish the answer to a handshake that was refused; one that was accepted has none."""
    return None if response is None else await _finish(response)


class BoundedWebsocket(ASGIWebsocketConnection):
    """A WebSocket whose client waits while its messages are not taken; Quart itself would keep all of them."""

    def __init__(self, app: Quart, scope: WebsocketScope) -> None:
        super().__init__(app, scope)
        self.queue = asyncio.Queue(maxsize=1)


def _allow_cors(app: Quart, origins: frozenset[str]) -> None:
    """Let pages of the configured origins call the API: https://fetch.spec.whatwg.org/#http-cors-protocol."""

    @app.after_request
    async def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        response.vary.add("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "x-request-id, request-id, x-relay-dropped, retry-after"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
                response.headers["Access-Control-Allow-Headers"] = "authorization, content-type, x-api-key, *"
                response.headers["Access-Control-Max-Age"] = "600"
        return response
