"""The list of models: https://platform.claude.com/docs/en/api/models/list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from relay.core.model import ModelEntry


class _Model(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="model"):
    id: str
    display_name: str
    created_at: datetime
    lifecycle: str = "active"


class _List(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[_Model, ...]
    has_more: bool = False
    first_id: str | None
    last_id: str | None


def list_body(models: Iterable[ModelEntry]) -> bytes:
    """Return the body of ``GET /v1/models``: all of them on one page."""
    data = tuple(map(_wire, models))
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return msgspec.json.encode(_List(data=data, first_id=first, last_id=last))


def one_body(model: ModelEntry) -> bytes:
    """Return the body of ``GET /v1/models/{id}``."""
    return msgspec.json.encode(_wire(model))


def _wire(model: ModelEntry) -> _Model:
    created = datetime.fromtimestamp(model.created, UTC)
    return _Model(id=model.id, display_name=model.name or model.id, created_at=created)
