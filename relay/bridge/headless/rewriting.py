"""What a carrier changes in the frames it carries, so that no secret of relay reaches a page and no page lies to relay.

The page says hello with a placeholder; who it is, and the credential, come from here. relay's welcome goes to the page
without the credential and without what is for a person's eyes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec


class NoHello(ValueError):
    """The first frame of a socket is not a hello."""


@dataclass
class Papers:
    """Who a carried page is to relay; ``session`` is the id that relay gave last, and is kept up to date."""

    version: str
    adapter: str
    site: str
    token: str = field(repr=False)
    session: str | None = None

    def hello(self, text: str) -> str:
        """Return the page's hello with everything in it that the page cannot be asked for.

        Raises:
            NoHello: it is none.
        """
        frame = _object(text)
        if frame is None or frame.get("type") != "hello":
            raise NoHello("the first frame must be hello")
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

    def welcome(self, text: str) -> str:
        """Return relay's first frame as the page may see it."""
        frame = _object(text)
        if frame is None or frame.get("type") != "welcome":
            return text
        session = frame.get("session")
        if isinstance(session, str):
            self.session = session
        for name in ("token", "settings"):
            frame.pop(name, None)
        return _text(frame)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return found if isinstance(found, dict) else None


def _text(frame: dict[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()
