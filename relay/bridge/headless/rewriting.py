"""What a carrier changes in the frames it carries, so that no secret of relay reaches a page and no page lies to relay.

The page says hello with a placeholder; who it is, and the credential, come from here. relay's welcome goes to the page
without the credential and without what is for a person's eyes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

FIRST_FRAME: Final = 64 * 1024
"""The longest frame that is passed on before relay has said its own limit."""
SAYABLE: Final = frozenset({"state", "accepted", "parts", "done", "fail", "pong"})
"""What the program in the page may say after hello."""


class NotSayable(ValueError):
    """A page may not say that; the message tells why."""


class _Tagged(msgspec.Struct, frozen=True):
    type: str


_tagged = msgspec.json.Decoder(_Tagged)


@dataclass
class Papers:
    """Who a carried page is to relay; ``session`` is the id that relay gave last, and is kept up to date.

    ``longest`` is how many characters a frame of the page may have, as far as relay has said.
    """

    version: str
    adapter: str
    site: str
    token: str = field(repr=False)
    session: str | None = None
    longest: int = FIRST_FRAME

    def hello(self, text: str) -> str:
        """Return the page's hello with everything in it that the page cannot be asked for.

        Raises:
            NotSayable: it is none, or too long.
        """
        self.longest = FIRST_FRAME
        self._measure(text)
        frame = _object(text)
        if frame is None or frame.get("type") != "hello":
            raise NotSayable("the first frame must be hello")
        for name in ("code", "session"):
            frame.pop(name, None)
        frame |= {
            "client": {"kind": "headless", "version": self.version, "carried": True},
            "adapter": self.adapter,
            "site": self.site,
            "token": self.token,
        }
        if self.session is not None:
            frame["session"] = self.session
        return _text(frame)

    def said(self, text: str) -> str:
        """Return a later frame of the page, which goes to relay as it is.

        Raises:
            NotSayable: it is none that a page sends, or too long.
        """
        self._measure(text)
        try:
            known = _tagged.decode(text).type in SAYABLE
        except (msgspec.DecodeError, UnicodeError):
            known = False
        if not known:
            raise NotSayable("a page may not say that")
        return text

    def welcome(self, text: str) -> str:
        """Return relay's first frame as the page may see it."""
        frame = _object(text)
        if frame is None or frame.get("type") != "welcome":
            return text
        session = frame.get("session")
        if isinstance(session, str):
            self.session = session
        limits = frame.get("limits")
        longest = limits.get("frame_bytes") if isinstance(limits, dict) else None
        if isinstance(longest, int):
            self.longest = longest
        for name in ("token", "settings"):
            frame.pop(name, None)
        return _text(frame)

    def _measure(self, text: str) -> None:
        if len(text) > self.longest:
            raise NotSayable("a frame is too long")


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return found if isinstance(found, dict) else None


def _text(frame: dict[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()
