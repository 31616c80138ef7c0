"""The relay's end of the bridge in tests: clocks moved by hand, frames made short, calls that are opened and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from relay.bridge.frames import (
    Accepted,
    Done,
    Fail,
    Hello,
    ImageOutPart,
    Parts,
    ReasoningPart,
    State,
    TextPart,
    ToolCallPart,
)
from relay.core.events import FinishReason
from relay.core.request import Request, Text, UserMessage

DATA = Path(__file__).parent.parent / "data" / "bridge"

HELLO = {
    "type": "hello",
    "protocols": [1],
    "client": {"kind": "page", "version": "1.0"},
    "adapter": "demo",
    "site": "chat.example",
    "token": "t0ken",
}
REQUEST = Request(model="demo", messages=(UserMessage(content=(Text(text="Hi"),)),))


class Clock:
    """Seconds of a monotonic clock, as a test sets them."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def read_json(name: str) -> Any:
    """What the golden file `name` holds."""
    return json.loads((DATA / name).read_text())


def conversations() -> list[Any]:
    """All golden conversations."""
    return [json.loads(path.read_text()) for path in sorted((DATA / "conversations").glob("*.json"))]


def hello(**fields: Any) -> Hello:
    """A page's first frame."""
    return msgspec.convert(HELLO | fields, Hello)


def state(word: str = "ready", **fields: Any) -> State:
    """What a page says about itself."""
    return msgspec.convert({"type": "state", "state": word, "models": [{"id": "demo"}]} | fields, State)


def accepted(call: str = "c-1", attempt: int = 1) -> Accepted:
    """The page has the call."""
    return Accepted(call=call, attempt=attempt)


def texts(seq: int, *pieces: str, call: str = "c-1", attempt: int = 1) -> Parts:
    """Pieces of text, the first of them numbered `seq`."""
    return Parts(call=call, attempt=attempt, seq=seq, parts=tuple(map(TextPart, pieces)))


def done(seq: int, call: str = "c-1", attempt: int = 1) -> Done:
    """The answer is complete after `seq` parts."""
    return Done(call=call, attempt=attempt, seq=seq, finish_reason=FinishReason.STOP)


def fail(
    seq: int, kind: str = "upstream", call: str = "c-1", attempt: int = 1, retry_after: float | None = None
) -> Fail:
    """The answer failed after `seq` parts."""
    return Fail(call=call, attempt=attempt, seq=seq, kind=kind, message="No.", retry_after=retry_after)


def joined(parts: list[TextPart | ReasoningPart | ToolCallPart | ImageOutPart]) -> str:
    """The text of text parts."""
    return "".join(part.text for part in parts if isinstance(part, TextPart))
