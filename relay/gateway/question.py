"""What becomes of a request before a backend gets it, and what of that its client is told."""

from __future__ import annotations

from collections.abc import Iterable

from relay.core.reasoning import Wish, decide, lift_tags
from relay.core.request import Request
from relay.gateway.pipeline import Rules

_REASONING = ("reasoning_effort", "reasoning_budget")


class Question:
    """A request as relay puts it to a backend.

    Attributes:
        request: with as much reasoning as the rules and the client want, and with that of earlier turns in its place.
        inline: whether the client gets reasoning in the text.
    """

    def __init__(self, request: Request, rules: Rules, wish: Wish) -> None:
        terms = wish.over(rules.reasoning)
        self.request = decide(lift_tags(request) if rules.tags else request, terms)
        self.inline = terms.inline
        self._set = request.parameters()
        self._wished = wish.mode is not None
        self._overruled = () if self._wished else tuple(name for name in _REASONING if self._replaced(request, name))

    def dropped(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return what of the client's own request has no effect; `names` are those that the backend drops."""
        own = (name for name in names if name not in _REASONING or name in self._set or self._wished)
        return tuple(dict.fromkeys((*own, *self._overruled)))

    def _replaced(self, request: Request, name: str) -> bool:
        return name in self._set and getattr(request, name) != getattr(self.request, name)
