"""GET /v1/models, which three APIs have: the caller gets the list in the form of the one that it speaks.

https://platform.openai.com/docs/api-reference/models, https://platform.claude.com/docs/en/api/models/list,
https://ai.google.dev/api/models. Paging is not needed: the first page has all models, in
Anthropic's form those that chat. Only Gemini has its list at
``/v1beta`` too, see :mod:`relay.web.gemini`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from quart import Blueprint, Response, request

from relay.backends.base import Backend
from relay.core.model import ModelEntry
from relay.dialects.anthropic import models as anthropic
from relay.dialects.gemini import models as gemini
from relay.dialects.openai_chat import models as openai
from relay.web import speech


@dataclass(frozen=True, slots=True)
class _Form:
    """The bodies of one API."""

    all: Callable[[Iterable[ModelEntry]], bytes]
    one: Callable[[ModelEntry], bytes]


_OPENAI: Final = _Form(openai.list_body, openai.one_body)
_FORMS: Final = {
    speech.ANTHROPIC.name: _Form(lambda models: anthropic.list_body(filter(_chats, models)), anthropic.one_body),
    speech.GEMINI.name: _Form(gemini.list_body, gemini.one_body),
}


def blueprint(backend: Backend) -> Blueprint:
    """Return the routes of the model list."""
    routes = Blueprint("models", __name__)

    @routes.get("/v1/models")
    async def list_models() -> Response:
        return Response(_form().all(backend.models()), content_type="application/json")

    @routes.get("/v1/models/<path:name>")
    async def one_model(name: str) -> Response:
        return Response(_form().one(backend.find_model(name)), content_type="application/json")

    return routes


def _chats(model: ModelEntry) -> bool:
    return "chat" in model.methods


def _form() -> _Form:
    return _FORMS.get(speech.spoken(request).name, _OPENAI)
