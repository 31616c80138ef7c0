"""The golden conversations, seen from the relay: tests/js plays the same files for the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from support.bridge import conversations

from relay.bridge import frames
from relay.bridge.frames import Accepted, Done, Fail, Hello, Parts
from relay.bridge.protocol import CallState, Clocks, SessionProtocol, Window
from relay.core.request import Request
from relay.errors import SessionLost

NOW = 0.0
PAGE_GONE = (1001, 4001)
LINK_FRAMES = ("ping", "bye")  # not said by the session's protocol but by its link


class RelaySide:
    """A session's protocol, driven by the steps of a conversation."""

    def __init__(self, settings: Any) -> None:
        window = Window(parts=settings["window"], bytes=settings["unacked_bytes"])
        self.protocol = SessionProtocol(window, Clocks())
        self.calls: dict[str, CallState] = {}
        self.wanted: Any = None
        self.said: list[Any] = []
        self.does: dict[str, Callable[[Any], None]] = {
            "start": self.start,
            "consume": self.consume,
            "close": self.close,
        }

    def start(self, step: Any) -> None:
        request = msgspec.convert(step["request"], Request)
        self.calls[step["call"]] = self.protocol.start(step["call"], step["attempt"], request, NOW)

    def consume(self, step: Any) -> None:
        call = self.calls[step["call"]]
        before = call.consumed
        self.protocol.take(call, NOW)
        assert call.consumed - before == step["parts"]

    def close(self, step: Any) -> None:
        self.protocol.close(self.calls[step["call"]], step["reason"])

    def hear(self, frame: Any) -> None:
        """The page's frame arrives."""
        read = frames.decode(json.dumps(frame))
        match read:
            case Hello(resume=offers):
                self.wanted = msgspec.to_builtins(self.protocol.attach(offers, NOW))
            case Accepted() | Parts() | Done() | Fail():
                self.protocol.receive(read, len(json.dumps(frame)), NOW)
            case _:
                assert frame["type"] in ("state", "pong")

    def cut(self, code: int) -> None:
        """The socket is gone."""
        assert self.unsaid() == []
        self.protocol.detach()
        if code in PAGE_GONE:
            self.protocol.lose(SessionLost("reloaded"))

    def expect(self, frame: Any) -> None:
        """The relay says `frame` next."""
        if frame["type"] == "welcome":
            assert list(self.wanted) == frame["resume"]
        elif frame["type"] not in LINK_FRAMES:
            assert self.unsaid() != []
            assert self.said.pop(0) == frame

    def unsaid(self) -> list[Any]:
        """What the relay wants to say and no step has expected yet."""
        self.said += [json.loads(frames.encode(frame)) for frame in self.protocol.drain()]
        return self.said


@pytest.mark.parametrize("conversation", conversations(), ids=lambda each: each["name"])
def test_relay_says_what_the_conversation_says(conversation: Any) -> None:
    relay = RelaySide(conversation["settings"])
    for step in conversation["steps"]:
        match step:
            case {"page": _, "lost": True} | {"page_does": _} | {"relay": _, "stale": True}:
                pass
            case {"page": frame}:
                relay.hear(frame)
            case {"relay": frame}:
                relay.expect(frame)
            case {"cut": code}:
                relay.cut(code)
            case {"relay_does": action}:
                ((name, argument),) = action.items()
                relay.does[name](argument)
            case _:
                pytest.fail(f"unknown step {step}")
    assert relay.unsaid() == []
