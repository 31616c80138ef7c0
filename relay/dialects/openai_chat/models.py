"""The list of models: https://platform.openai.com/docs/api-reference/models."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from relay.core.model import ModelEntry


class _Model(msgspec.Struct, frozen=True, tag_field="object", tag="model"):
    """``name`` is an addition of ours that pickers show."""

    id: str
    created: int
    owned_by: str
    name: str | msgspec.UnsetType


class _List(msgspec.Struct, frozen=True, tag_field="object", tag="list"):
    data: tuple[_Model, ...]


def list_body(models: Iterable[ModelEntry]) -> bytes:
    """Return the body of ``GET /v1/models``."""
    return msgspec.json.encode(_List(tuple(map(_wire, models))))


def one_body(model: ModelEntry) -> bytes:
    """Return the body of ``GET /v1/models/{id}``."""
    return msgspec.json.encode(_wire(model))


def _wire(model: ModelEntry) -> _Model:
    return _Model(model.id, model.created, model.owned_by, model.name or msgspec.UNSET)
