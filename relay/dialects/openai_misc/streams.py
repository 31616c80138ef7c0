"""What the streams of this dialect share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from relay.errors import RelayError

ErrorBody: TypeAlias = Callable[[RelayError], bytes]
"""Renders an error as OpenAI's JSON object."""
