"""Stop strings: ending the answer before a text that the client named.

For sessions whose site has no such parameter. See ``stop`` in
https://platform.openai.com/docs/api-reference/chat/create: the answer does not contain the stop string.
"""

from __future__ import annotations


class StopFilter:
    """Cut streamed text before the first stop string.

    First is the one that is *complete* first, as if the model were watched character by character; of two that end at
    the same place, the longer one. The shortest tail that might begin a stop string is held back until the next call.

    Attributes:
        hit: the stop string that ended the answer, ``None`` so far. After a hit everything else is swallowed.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.hit: str | None = None
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text that is certain to belong to the answer."""
        if self.hit is not None:
            return ""
        text = self._held + text
        cut = self._first_hit(text)
        if cut is None:
            cut = len(text) - self._begun(text)
            self._held = text[cut:]
        else:
            self._held = ""
        return text[:cut]

    def flush(self) -> str:
        """Return what was held back; the text is at its end."""
        held, self._held = self._held, ""
        return held

    def _first_hit(self, text: str) -> int | None:
        """Note the first stop string in `text` and return where it starts."""
        hits = [(start + len(stop), start, stop) for stop in self._stops if (start := text.find(stop)) >= 0]
        if not hits:
            return None
        _, start, self.hit = min(hits)
        return start

    def _begun(self, text: str) -> int:
        """Return the length of the longest tail of `text` that begins a stop string."""
        return max((_overlap(text, stop) for stop in self._stops), default=0)


def _overlap(text: str, stop: str) -> int:
    start = text.find(stop[0], max(0, len(text) - len(stop) + 1))
    while start >= 0 and not stop.startswith(text[start:]):
        start = text.find(stop[0], start + 1)
    return len(text) - start if start >= 0 else 0
