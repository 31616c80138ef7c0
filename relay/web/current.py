"""The request that is being served, over HTTP or a WebSocket: both have a path, headers and a key."""

from __future__ import annotations

from typing import TypeAlias

from quart import Request, Websocket, has_request_context
from quart.globals import request_ctx, websocket_ctx

Current: TypeAlias = Request | Websocket


def current() -> Current:
    """Return what asks now: a request, or the handshake of a WebSocket."""
    return request_ctx.request if has_request_context() else websocket_ctx.websocket
