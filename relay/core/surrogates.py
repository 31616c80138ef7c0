r"""Half emojis: JSON escapes of surrogates that have no partner.

JavaScript counts in UTF-16, so text that a program cut to a length may end within an emoji, and ``JSON.stringify``
writes the half as ``\ud83d`` (https://tc39.es/ecma262/#sec-quotejsonstring). That is valid JSON
(https://www.rfc-editor.org/rfc/rfc8259#section-8.2) but no text: decoders refuse it and UTF-8 cannot carry it. One
character is not worth the call, so relay puts U+FFFD in its place.
"""

from __future__ import annotations

import re
from typing import Final

_HEX: Final = rb"[0-9a-fA-F]{2}"
_PAIR: Final = rb"\\u[dD][89aAbB]" + _HEX + rb"\\u[dD][c-fC-F]" + _HEX
_HALF: Final = rb"u[dD][89a-fA-F]" + _HEX
# Reading every escape from the left keeps an escaped backslash followed by "ud83d" what it is: text. All that is in
# order between two halves is one match, because each match costs a call.
_PIECES: Final = re.compile(rb"((?:[^\\]++|" + _PAIR + rb"|\\(?!" + _HALF + rb").)++)|\\" + _HALF, re.DOTALL)
_MOST_PIECES: Final = 2**18
"""Looking at more would take too long for a mistake that cuts of text make."""
_LONE: Final = re.compile(r"[\ud800-\udfff]")


def mend_json(body: bytes) -> bytes:
    """Return JSON `body` with escaped lone surrogates replaced, all but those after the first hundred thousand.

    All else is as it was.
    """
    return _PIECES.sub(lambda match: match[1] or rb"\ufffd", body, _MOST_PIECES)


def mend_text(text: str) -> str:
    """Return `text` with every lone surrogate replaced, so that it can be encoded."""
    return _LONE.sub("\N{REPLACEMENT CHARACTER}", text)
