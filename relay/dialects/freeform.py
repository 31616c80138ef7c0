"""Tools that take one text instead of JSON, as functions with the one argument ``input``.

OpenAI calls them custom tools: https://platform.openai.com/docs/guides/function-calling#custom-tools.
"""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core.request import JsonSchema

PARAMETERS: Final[JsonSchema] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


class _Arguments(msgspec.Struct):
    input: str


def wrap(text: str) -> str:
    """Return the arguments of the function call that stands for a custom call with `text`."""
    return msgspec.json.encode(_Arguments(text)).decode()


def unwrap(arguments: str) -> str:
    """Return the text of the custom call; a model that wrote no JSON wrote the text itself."""
    try:
        return msgspec.json.decode(arguments, type=_Arguments).input
    except (msgspec.DecodeError, UnicodeError):
        return arguments


def describe(description: str | None, syntax: str | None, definition: str | None) -> str | None:
    """Return the description with the grammar, which has no other place in a function."""
    if definition is None:
        return description
    rule = f"The input must match this {syntax or 'lark'} grammar:\n{definition}"
    return f"{description}\n\n{rule}" if description else rule
