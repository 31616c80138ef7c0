"""Items of the input in the one form in which they are stored and listed.

Clients may leave out ``type``, ``id`` and ``status`` and write content as one string; what is stored has them all, so
that it can be listed (https://platform.openai.com/docs/api-reference/responses/input-items) and referred to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from relay.dialects.openai_responses import wire
from relay.dialects.openai_responses.thoughts import without_thoughts
from relay.errors import InvalidRequest

_ID_PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "compaction": "cmp",
    "additional_tools": "at",
}
_WITH_STATUS: Final = frozenset({"message", "function_call", "function_call_output"})
_REASONING_FIELDS: Final = frozenset({"reasoning", "reasoning_content", "reasoning_details"})
"""Where clients of other APIs put the reasoning of a message."""


def normalized(given: str | list[wire.Item] | None, new_id: Callable[[str], str]) -> tuple[wire.Item, ...]:
    """Return the items of `given`; a string is a message of the user.

    Raises:
        InvalidRequest: an item is of no known type.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    return tuple(_normal(f"input[{index}]", item, new_id) for index, item in enumerate(given))


def references(items: Iterable[wire.Item]) -> tuple[str, ...]:
    """Return the ids of stored items that `items` refer to."""
    return tuple(item["id"] for item in items if item["type"] == "item_reference")


def resolved(items: Iterable[wire.Item], found: Mapping[str, wire.Item]) -> tuple[wire.Item, ...]:
    """Return `items` with every reference replaced by what was `found` under its id.

    Each item can be referred to once, as at OpenAI: a request must not become larger than what it is made of.

    Raises:
        InvalidRequest: nothing was, or it is referred to twice.
    """
    out = []
    told: set[str] = set()
    for index, item in enumerate(items):
        if item["type"] != "item_reference":
            out.append(item)
            continue
        id_, param = item["id"], f"input[{index}].id"
        if id_ in told:
            raise InvalidRequest(f"{param}: Item with id {id_!r} is referred to twice.", param=param)
        if (target := found.get(id_)) is None:
            message = f"Item with id {id_!r} not found; only items of stored responses can be referred to."
            raise InvalidRequest(f"{param}: {message}", param=param)
        told.add(id_)
        out.append(target)
    return tuple(out)


def for_storage(items: Iterable[wire.Item]) -> tuple[wire.Item, ...]:
    """Return `items` without the texts of reasoning: a chain of thought is not kept."""
    return without_thoughts(tuple(map(_without_reasoning, items)))


def _without_reasoning(item: wire.Item) -> wire.Item:
    if item["type"] == "reasoning":
        return {**{name: value for name, value in item.items() if name != "content"}, "summary": []}
    if item["type"] == "message" and not _REASONING_FIELDS.isdisjoint(item):
        return {name: value for name, value in item.items() if name not in _REASONING_FIELDS}
    return item


def _normal(where: str, item: wire.Item, new_id: Callable[[str], str]) -> wire.Item:
    kind = _kind(where, item)
    if kind == "item_reference":
        if not isinstance(item.get("id"), str):
            raise InvalidRequest(f"{where}.id: This field is required.", param=f"{where}.id")
        return {"type": kind, "id": item["id"]}
    out = {**item, "type": kind}
    if not isinstance(item.get("id"), str):
        out["id"] = new_id(_ID_PREFIXES.get(kind, "item"))
    if kind in _WITH_STATUS and not item.get("status"):
        out["status"] = "completed"
    if kind == "message" and isinstance(item.get("content"), str):
        out["content"] = [_text(item.get("role"), item["content"])]
    return out


def _kind(where: str, item: wire.Item) -> str:
    """Return the type of an item; messages and references may come without."""
    match item.get("type"):
        case None if "role" in item:
            return "message"
        case None if item.keys() == {"id"}:
            return "item_reference"
        case "compaction_summary":  # Codex knows the item by this name too
            return "compaction"
        case str(kind) if kind in _KNOWN or ":" in kind:  # extensions are named after their maker
            return kind
    param = f"{where}.type"
    raise InvalidRequest(f"{param}: {item.get('type')!r} is no type of an input item.", param=param)


_KNOWN: Final = frozenset(_ID_PREFIXES) | wire.HOSTED_ITEMS | {"item_reference"}


def _text(role: object, text: str) -> wire.Item:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": []}
    return {"type": "input_text", "text": text}
