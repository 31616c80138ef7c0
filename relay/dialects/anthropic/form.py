"""How a client wants its answer, beyond what the answer says."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec


class Display(Enum):
    """What the client gets to see of the model's thinking.

    https://platform.claude.com/docs/en/build-with-claude/thinking#controlling-thinking-display
    """

    SHOWN = auto()
    """Thinking blocks with their text."""
    OMITTED = auto()
    """Thinking blocks with their signature alone."""
    NONE = auto()
    """No thinking blocks: the client switched thinking off and may take the first block for the answer."""


class ReplyForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of the request shapes the JSON of the answer."""

    display: Display = Display.SHOWN


PLAIN: Final = ReplyForm()
