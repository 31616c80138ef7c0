"""Doing for a session what it cannot do itself: tools, JSON answers, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from relay.core.events import Event
from relay.core.jsonform import JsonEmulation
from relay.core.request import Request
from relay.core.toolcall.emulation import ToolEmulation


class Emulation(Protocol):
    """Stands between the client's request and the session's answer; see :class:`relay.core.rounds.Rounds`."""

    @property
    def request(self) -> Request:
        """What the session gets."""

    @property
    def correction(self) -> Request | None:
        """After the end of a round: the request whose events are to be fed next; ``None``: the answer is complete."""

    def feed(self, events: Iterable[Event]) -> list[Event]:
        """Return the events for the client; raises ``BackendFailed`` if the answer is of no use."""

    def abandon(self) -> list[Event]:
        """Return the end of the answer when the correction cannot be asked for; raises like ``feed``."""


def emulate(request: Request, new_id: Callable[[], str], *, tools: bool, json: bool) -> Emulation | None:
    """Return what does for `request` that which the session cannot do, ``None`` if there is nothing to do.

    Args:
        request: the client's.
        new_id: makes ids for tool calls.
        tools: the session has no tool calls.
        json: the session takes no ``response_format``.
    """
    tools = tools and _has_tools(request)
    json = json and request.response_format is not None and request.response_format.type != "text"
    if tools and json:
        return _Both(request, new_id)
    if tools:
        return ToolEmulation(request, new_id)
    return JsonEmulation(request) if json else None


class _Both:
    """Tools within JSON: an answer without calls has to be JSON."""

    def __init__(self, request: Request, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._json = JsonEmulation(request)
        self._tools = ToolEmulation(self._json.request, new_id)
        self.request = self._tools.request
        self.correction: Request | None = None

    def feed(self, events: Iterable[Event]) -> list[Event]:
        out = self._json.feed(self._tools.feed(events))
        self._next()
        return out

    def abandon(self) -> list[Event]:
        out: list[Event] = []
        if self._tools.correction is not None:
            out = self._json.feed(self._tools.abandon())
        if self._json.correction is not None:
            out += self._json.abandon()
        self.correction = None
        return out

    def _next(self) -> None:
        self.correction = self._tools.correction
        if self.correction is None and self._json.correction is not None:
            self._tools = ToolEmulation(self._json.correction, self._new_id)
            self.correction = self._tools.request


def _has_tools(request: Request) -> bool:
    return bool(request.tools) or any(
        getattr(message, "tool_calls", ()) or hasattr(message, "call_id") for message in request.messages
    )
