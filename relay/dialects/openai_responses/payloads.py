"""Events of a response as they go over any transport, and as they may be kept."""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core import sse as framing
from relay.dialects.openai_responses.wire import Item


class Payload(msgspec.Struct, frozen=True):
    """One event: its name and its JSON in one line. ``raw`` tells that it holds chain of thought."""

    type: str
    data: bytes
    raw: bool = False


def sse(payload: Payload) -> bytes:
    """Return `payload` as a server-sent event, whose name equals the type in the JSON."""
    return framing.event(payload.type, payload.data)


def without_raw(payload: Payload) -> Payload:
    """Return `payload` with nothing in place of reasoning if that is chain of thought; else it is as it was."""
    if not payload.raw:
        return payload
    event = msgspec.json.decode(payload.data)
    for name in _TEXTS:
        if name in event:
            event[name] = ""
    if "part" in event:
        event["part"]["text"] = ""
    if "item" in event:
        event["item"] = _blank(event["item"])
    if "response" in event:
        event["response"] = without_reasoning(event["response"])
    return Payload(payload.type, msgspec.json.encode(event))


def without_reasoning(response: Item) -> Item:
    """Return the response object without the texts of its reasoning."""
    return {
        **response,
        "output": [_blank(item) if item["type"] == "reasoning" else item for item in response["output"]],
    }


_TEXTS: Final = ("delta", "text")


def _blank(item: Item) -> Item:
    """Return the reasoning item with its parts, but nothing in them."""
    parts = {name: [{**part, "text": ""} for part in item[name]] for name in ("summary", "content") if name in item}
    return item | parts
