"""Server-sent events: the bytes that every client survives.

The format is https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. Real readers take
less than it allows, so relay keeps to this: line feeds only, ``data: `` with one space, one line of JSON an event, one
write a whole event, and never ``id:``, ``retry:``, a byte-order mark, or an ``event:`` without data.
"""

from __future__ import annotations

from typing import Final

HEADERS: Final = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
)
"""Response headers of a stream; the last one keeps nginx from buffering it."""

COMMENT: Final = b": keep-alive\n\n"
"""Keep-alive for OpenAI clients: a comment, which
https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes proposes against idle timeouts."""

BLANK: Final = b"\n"
"""Keep-alive for clients that do not survive a comment: the end of an event without data, which is no event."""

DONE: Final = b"data: [DONE]\n\n"
"""The end of OpenAI streams: https://platform.openai.com/docs/api-reference/chat-streaming."""


def data(payload: bytes) -> bytes:
    """Return a nameless event; `payload` has no line break, as JSON from an encoder never has."""
    return b"data: " + payload + b"\n\n"


def event(name: str, payload: bytes) -> bytes:
    """Return the event `name` with `payload`, which has no line break."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"
