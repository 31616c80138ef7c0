"""Reasoning in the text of an answer, where a client wanted it inline: what is kept of the answer is without it."""

from __future__ import annotations

from relay.core.think import split
from relay.dialects.openai_responses.wire import Item


def told_inline(item: Item) -> bool:
    """Whether `item` is an answer whose text begins with reasoning."""
    return _without_thoughts(item) is not item


def without_thoughts(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return `items` with nothing in the texts of answers but the answers."""
    return tuple(map(_without_thoughts, items))


def _without_thoughts(item: Item) -> Item:
    content = item.get("content")
    if item["type"] != "message" or item.get("role") != "assistant" or not isinstance(content, list) or not content:
        return item
    first, *rest = content
    text = first.get("text") if isinstance(first, dict) else None
    reasoning, answer = split(text) if isinstance(text, str) else ("", "")
    return {**item, "content": [{**first, "text": answer}, *rest]} if reasoning else item
