"""GET /v1/models: https://platform.openai.com/docs/api-reference/models."""

from __future__ import annotations

from quart import Blueprint, Response

from relay.backends.base import Backend
from relay.dialects.openai_chat.models import list_body, one_body


def blueprint(backend: Backend) -> Blueprint:
    """Return the routes of the model list."""
    routes = Blueprint("models", __name__)

    @routes.get("/v1/models")
    async def list_models() -> Response:
        return Response(list_body(backend.models()), content_type="application/json")

    @routes.get("/v1/models/<path:name>")
    async def one_model(name: str) -> Response:
        return Response(one_body(backend.find_model(name)), content_type="application/json")

    return routes
