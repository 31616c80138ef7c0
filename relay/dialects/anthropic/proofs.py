"""The kinds of proof that Anthropic's thinking blocks carry, in the hub's words."""

from __future__ import annotations

from typing import Final

SIGNATURE: Final = "anthropic.signature"
"""The signature of a thinking block."""
REDACTED: Final = "anthropic.redacted"
"""Thinking that only its maker can read."""
