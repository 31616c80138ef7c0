"""Bodies of the routes around responses.

https://platform.openai.com/docs/api-reference/responses and https://www.openresponses.org/reference.
"""

from __future__ import annotations

import msgspec

from relay.core.events import Usage
from relay.dialects.openai_responses.response import WireUsage, usage
from relay.dialects.openai_responses.wire import Item


class _Compaction(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="response.compaction"):
    id: str
    created_at: int
    output: tuple[Item, ...]
    usage: WireUsage


class _InputTokens(msgspec.Struct, frozen=True, tag_field="object", tag="response.input_tokens"):
    input_tokens: int


class _Items(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="list"):
    data: tuple[Item, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool


class _Deleted(msgspec.Struct, frozen=True, tag_field="object", tag="response"):
    id: str
    deleted: bool = True


def compaction(compaction_id: str, created: int, output: tuple[Item, ...], counted: Usage) -> bytes:
    """Return the answer to ``POST /v1/responses/compact``; `output` takes the place of what was compacted."""
    return msgspec.json.encode(_Compaction(id=compaction_id, created_at=created, output=output, usage=usage(counted)))


def compaction_item(item_id: str, sealed: str) -> Item:
    """Return the item that stands for a conversation; `sealed` is opaque to the client."""
    return {"type": "compaction", "id": item_id, "encrypted_content": sealed}


def input_tokens(count: int) -> bytes:
    """Return the answer to ``POST /v1/responses/input_tokens``."""
    return msgspec.json.encode(_InputTokens(count))


def items(page: tuple[Item, ...], *, has_more: bool) -> bytes:
    """Return the answer to ``GET /v1/responses/{id}/input_items``: one `page` of the list."""
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return msgspec.json.encode(_Items(data=page, first_id=first, last_id=last, has_more=has_more))


def deleted(response_id: str) -> bytes:
    """Return the answer to ``DELETE /v1/responses/{id}``."""
    return msgspec.json.encode(_Deleted(response_id))
