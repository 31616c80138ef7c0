"""GET /health: whether relay works and somebody is signed in, for people, scripts and `relay doctor`; no secrets."""

from __future__ import annotations

from collections.abc import Callable

from quart import Blueprint, Response, jsonify

from relay import __version__
from relay.bridge.registry import SessionRegistry


def blueprint(
    registry: SessionRegistry, default_model: Callable[[], str], degraded: Callable[[], str | None], *, demo: bool
) -> Blueprint:
    """Return the route.

    `default_model` names the model for clients that name none; `degraded` says in a word what does not work, ``None``
    if all does. With `demo` the page makes the answers up.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    async def health() -> Response:
        problem = degraded()
        ready = sum(session.ready and session.online for session in registry)
        return jsonify(
            status="degraded" if problem else "ok",
            problem=problem,
            demo=demo,
            authenticated=ready > 0,
            model=default_model(),
            version=__version__,
            sessions={"connected": sum(session.online for session in registry), "ready": ready},
        )

    return routes
