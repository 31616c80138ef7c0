r"""Half emojis: JSON escapes of surrogates that have no partner.

JavaScript counts in UTF-16, so text that a program cut to a length may end within an emoji, and ``JSON.stringify``
writes the half as ``\ud83d`` (https://tc39.es/ecma262/#sec-quotejsonstring). That is valid JSON
(https://www.rfc-editor.org/rfc/rfc8259#section-8.2) but no text: decoders refuse it and UTF-8 cannot carry it. One
character is not worth the call, so relay puts U+FFFD in its place.
"""

from __future__ import annotations

import re
from typing import Final

# Reading every escape from the left keeps an escaped backslash followed by "ud83d" what it is: text.
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_LONE: Final = re.compile(r"[\ud800-\udfff]")


def mend_json(body: bytes) -> bytes:
    """Return JSON `body` with every escaped lone surrogate replaced; all else is as it was."""
    return _ESCAPES.sub(lambda match: rb"\ufffd" if match[1] else match[0], body)


def mend_text(text: str) -> str:
    """Return `text` with every lone surrogate replaced, so that it can be encoded."""
    return _LONE.sub("\N{REPLACEMENT CHARACTER}", text)
