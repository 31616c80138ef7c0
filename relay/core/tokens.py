"""A cheap estimate of tokens, for sessions that do not count.

``tokens = (3 * UTF-8 bytes - characters) / 8``, which is a quarter of a token for an ASCII character, 5/8 for a
Cyrillic, Greek or accented one, 1 for a Chinese, Japanese or Korean one and 11/8 for an emoji. It follows the rule of
thumb of https://platform.openai.com/tokenizer (4 characters of English a token); tokenizers differ among themselves, so
take it for an order of magnitude: too low for digits and dense code, too high for white space and, with newer
tokenizers, for Cyrillic. It is additive: the units of the pieces sum up to those of the whole.
"""

from __future__ import annotations

from typing import Final

from relay.core import prompt
from relay.core.request import AssistantMessage, Audio, File, Image, Part, Request, Text

_UNITS: Final = 8
_MESSAGE: Final = 4 * _UNITS
"""Role and separators: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken counts 3 or 4."""
_TOOL: Final = 8 * _UNITS
_IMAGE: Final = 765 * _UNITS
"""A 1024 x 1024 image at high detail: https://platform.openai.com/docs/guides/images-vision#calculating-costs."""
_ATTACHMENT: Final = 1500 * _UNITS
"""A document or a recording of which only the size of its encoding is known: an order of magnitude."""


def estimate_text(text: str) -> int:
    """Return about how many tokens `text` is; an empty text is 0, any other at least 1."""
    return _rounded(_units(text))


def estimate_request(request: Request) -> int:
    """Return about how many tokens the prompt of `request` is: messages, tools and the answer's schema."""
    calls = sum(len(message.tool_calls) for message in request.messages if isinstance(message, AssistantMessage))
    frame = _MESSAGE * len(request.messages) + _TOOL * (len(request.tools) + calls)
    return _rounded(frame + sum(map(_part_units, prompt.parts(request))) + sum(map(_units, prompt.texts(request))))


class TokenCounter:
    """Count the tokens of a stream; what was counted is not looked at again."""

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        self._counted = 0

    @property
    def tokens(self) -> int:
        """The estimate for everything added so far."""
        return _rounded(self._counted)

    def add(self, text: str) -> None:
        """Count `text` in."""
        self._counted += _units(text)

    def fills(self, tokens: int) -> bool:
        """Return whether nothing more fits into `tokens`."""
        return self._counted >= tokens * _UNITS

    def fitting(self, text: str, tokens: int) -> str:
        """Return the longest beginning of `text` that may be added within `tokens`, however the text before was cut."""
        room = max(0, tokens * _UNITS - self._counted)
        if text.isascii():
            return text[: room // 2]
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if _units(text[:middle]) <= room else (low, middle - 1)
        return text[:low]


def _units(text: str) -> int:
    if text.isascii():
        return len(text) * 2
    return 3 * len(text.encode("utf-8", "surrogatepass")) - len(text)


def _rounded(units: int) -> int:
    return -(-units // _UNITS)


def _part_units(part: Part) -> int:
    """Return the units of content that has no text."""
    match part:
        case Text():
            return 0
        case Image():
            return _IMAGE
        case Audio() | File():
            return _ATTACHMENT
