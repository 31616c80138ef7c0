"""Reasoning in the text of answers that clients send back, because they got it inline: it is not kept."""

from __future__ import annotations

from typing import Any

from relay.core.think import split
from relay.dialects.openai_responses.wire import Item


def without_thoughts(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return `items` with nothing in the texts of answers but the answers; reasoning stands at the head of a text."""
    return tuple(map(_without_thoughts, items))


def _without_thoughts(item: Item) -> Item:
    content = item.get("content")
    if item["type"] != "message" or item.get("role") != "assistant" or not isinstance(content, list):
        return item
    return {**item, "content": list(map(_answer, content))}


def _answer(part: Any) -> Any:
    text = part.get("text") if isinstance(part, dict) else None
    reasoning, answer = split(text) if isinstance(text, str) else ("", "")
    return {**part, "text": answer} if reasoning else part
