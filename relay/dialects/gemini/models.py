"""The list of models: https://ai.google.dev/api/models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from relay.core.model import ModelEntry

_METHODS: Final = {
    "chat": ("generateContent", "streamGenerateContent", "countTokens"),
    "embedding": ("embedContent", "batchEmbedContents"),
}
"""What Gemini has for what a model is for."""


class _Model(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    base_model_id: str
    display_name: str
    supported_generation_methods: tuple[str, ...]


class _List(msgspec.Struct, frozen=True):
    models: tuple[_Model, ...]


def list_body(models: Iterable[ModelEntry]) -> bytes:
    """Return the body of ``GET /v1beta/models``: all models, so there is no next page."""
    return msgspec.json.encode(_List(tuple(map(_told, models))))


def one_body(model: ModelEntry) -> bytes:
    """Return the body of ``GET /v1beta/models/{id}``."""
    return msgspec.json.encode(_told(model))


def _told(model: ModelEntry) -> _Model:
    methods = tuple(name for method in model.methods for name in _METHODS.get(method, ()))
    return _Model(f"models/{model.id}", model.id, model.name or model.id, methods)
