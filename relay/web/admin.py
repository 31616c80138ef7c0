"""What only the owner of this relay may see: metrics and the state of sessions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, jsonify

from relay.bridge.headless.seams import Snapshot
from relay.bridge.registry import SessionRegistry
from relay.telemetry.metrics import Metrics
from relay.web.sessions import listing


def blueprint(metrics: Metrics, registry: SessionRegistry, accounts: Callable[[], Iterable[Snapshot]]) -> Blueprint:
    """Return the routes for admins; `accounts` are the headless ones."""
    routes = Blueprint("admin", __name__)

    @routes.get("/metrics")
    async def show_metrics() -> Response:
        return Response(metrics.render(), content_type=CONTENT_TYPE_LATEST)

    @routes.get("/api/sessions")
    async def sessions() -> Response:
        return jsonify(sessions=listing(registry, tuple(accounts()), time.monotonic, time.time))

    return routes
