"""What only the owner of this relay may see: metrics and the state of sessions."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, jsonify

from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session
from relay.telemetry.metrics import Metrics


def blueprint(metrics: Metrics, registry: SessionRegistry) -> Blueprint:
    """Return the routes for admins."""
    routes = Blueprint("admin", __name__)

    @routes.get("/metrics")
    async def show_metrics() -> Response:
        return Response(metrics.render(), content_type=CONTENT_TYPE_LATEST)

    @routes.get("/api/sessions")
    async def sessions() -> Response:
        return jsonify(sessions=[_session(session) for session in registry])

    return routes


def _session(session: Session) -> dict[str, Any]:
    account = session.account
    return {
        "id": session.id[:8],
        "kind": session.identity.client.kind,
        "adapter": session.identity.adapter,
        "site": session.identity.site,
        "credential": session.identity.credential,
        "state": session.state if session.online else "offline",
        "detail": session.detail,
        "account": None if account is None else account.label or account.id,
        "models": len(session.models),
        "in_flight": session.in_flight,
        "concurrency": session.limits.concurrency,
    }
