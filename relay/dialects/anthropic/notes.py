"""What is noticed about a request on the way through its messages and tools."""

from __future__ import annotations

from typing import Final

MOST_NAMES: Final = 20
"""A response header has room for so many; the rest is told as one."""
OTHERS: Final = "others"


class Notes:
    """Collects what has no place in the hub's request."""

    def __init__(self) -> None:
        self._ignored: dict[str, None] = {}
        self._referred: set[str] = set()

    def ignore(self, name: str) -> None:
        """Take in the name of something that relay has no counterpart for."""
        if name not in self._ignored:
            self._ignored[name if len(self._ignored) < MOST_NAMES else OTHERS] = None

    def refer(self, tool: str) -> None:
        """Take in that the messages refer to `tool`, which makes it loaded if it was deferred."""
        self._referred.add(tool)

    @property
    def ignored(self) -> tuple[str, ...]:
        """All that was ignored, each once, in order."""
        return tuple(self._ignored)

    @property
    def referred(self) -> frozenset[str]:
        """The tools that were referred to."""
        return frozenset(self._referred)
