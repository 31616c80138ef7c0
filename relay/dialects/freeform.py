"""Tools that take one text instead of JSON, as functions with the one argument ``input``.

OpenAI calls them custom tools: https://platform.openai.com/docs/guides/function-calling#custom-tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from relay.core.request import JsonSchema
from relay.core.surrogates import mend_text

PARAMETERS: Final[JsonSchema] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


class _Arguments(msgspec.Struct):
    input: str


def describe(description: str | None, syntax: str | None, definition: str | None) -> str | None:
    """Return the description with the grammar, which has no other place in a function."""
    if definition is None:
        return description
    rule = f"The input must match this {syntax or 'lark'} grammar:\n{definition}"
    return f"{description}\n\n{rule}" if description else rule


def wrap(text: str) -> str:
    """Return the arguments of the function call that stands for a custom call with `text`."""
    return msgspec.json.encode(_Arguments(text)).decode()


def unwrap(arguments: str) -> str:
    """Return the text of the custom call with `arguments`."""
    unwrapper = Unwrapper()
    return unwrapper.feed(arguments) + unwrapper.flush()


class Unwrapper:
    """Take the text of a custom call out of arguments that come in pieces.

    Models do not keep to the letter: they put line breaks and backslashes into the JSON as they are, add arguments
    before ``input``, or write the text without any JSON. All of that gives the text that was meant. Only an escape that
    may go on is held back, and arguments that begin in an unknown way, which are read in the end.
    """

    def __init__(self) -> None:
        self._held = ""
        self._pieces: list[str] = []
        self._take: Callable[[str], str] = self._begin

    def feed(self, arguments: str) -> str:
        """Return the text that the next piece of the arguments settles."""
        text, self._held = self._held + arguments, ""
        return self._take(text)

    def flush(self) -> str:
        """Return the rest, when there are no more arguments."""
        rest, self._held = "".join(self._pieces) + self._held, ""
        if self._take == self._string:
            return ""  # half an escape
        try:
            return msgspec.json.decode(rest, type=_Arguments).input
        except (msgspec.DecodeError, UnicodeError):
            return rest

    def _begin(self, text: str) -> str:
        if head := _HEAD.match(text):
            self._take = self._string
            return self._string(text[head.end() :])
        compact = "".join(text.split())
        if '{"input":"'.startswith(compact):
            self._held = text
            return ""
        self._take = self._keep if compact.startswith("{") else self._pass
        return self._take(text)

    def _string(self, text: str) -> str:
        """Return what is settled of the string that `text` goes on with."""
        out = []
        at = 0
        while token := _TOKEN.match(text, at):
            out.append(_meant(token[0]))
            at = token.end()
        if text[at : at + 1] == '"':
            self._take = self._drop
        else:
            self._held = text[at:]
        return "".join(out)

    def _keep(self, text: str) -> str:
        self._pieces.append(text)
        return ""

    def _pass(self, text: str) -> str:
        return text

    def _drop(self, _: str) -> str:
        return ""


_HEAD: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_TOKEN: Final = re.compile(
    r"""
    [^"\\]+
    | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}    # two halves of one character
    | \\u[dD][89abAB][0-9a-fA-F]{2} (?= [^\\] | \\[^u] | \\u[^dD] | \\u[dD][^c-fC-F] )
    | \\u(?![dD][89abAB])[0-9a-fA-F]{4}
    | \\u[0-9a-fA-F]{0,3}(?=[^0-9a-fA-F])
    | \\[^u]
    """,
    re.VERBOSE,
)


def _meant(token: str) -> str:
    """Return what an escape stands for; what stands for nothing is itself."""
    if not token.startswith("\\"):
        return token
    try:
        return mend_text(msgspec.json.decode(f'"{token}"', type=str))
    except msgspec.DecodeError:
        return "\N{REPLACEMENT CHARACTER}" if token.startswith("\\u") and len(token) == _ESCAPE else token


_ESCAPE: Final = len(r"\ud83d")
