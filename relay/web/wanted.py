"""Who should answer: what a client says of it, and what shows that its calls belong together."""

from __future__ import annotations

import hashlib
from typing import Final

from werkzeug.datastructures import Headers

from relay.backends.base import Wanted
from relay.core.reasoning import HEADER as REASONING_HEADER
from relay.core.reasoning import read_wish
from relay.core.request import Request
from relay.web.current import current

SESSION_HEADER: Final = "x-relay-session"
"""The session that shall answer, by id or name."""

TALK_HEADERS: Final = (
    "x-claude-code-session-id",
    "session_id",
    "session-id",
    "x-session-id",
    "x-session-affinity",
    "conversation_id",
    "conversation-id",
    "thread-id",
)
"""In which clients say which of their conversations a call belongs to: Claude Code, Codex (old and new), OpenCode."""


def named_session() -> str | None:
    """Return the session that the client of the current request names."""
    return current().headers.get(SESSION_HEADER) or None


def wanted_by(headers: Headers, owner: str, asked: Request, thread: str | None = None) -> Wanted:
    """Return who should answer `asked`, which the key `owner` sends with `headers`.

    `thread` is what the dialect knows of the conversation. Calls belong together by what the client's own headers say,
    else by ``prompt_cache_key``, else by ``user``, else by `thread`: what it sends with every call comes first.
    """
    talk = next((value for name in TALK_HEADERS if (value := headers.get(name))), None)
    cache_key = asked.extra.get("prompt_cache_key")
    marks = {
        "talk": talk,
        "cache": cache_key if isinstance(cache_key, str) else None,
        "user": asked.user,
        "thread": thread,
    }
    mark = next(((kind, value) for kind, value in marks.items() if value), None)
    return Wanted(
        account=headers.get(SESSION_HEADER) or None,
        key=None if mark is None else _key(owner, *mark),
        reasoning=read_wish(headers.get(REASONING_HEADER)),
    )


def _key(owner: str, kind: str, value: str) -> str:
    """Return a short name for what is marked; keys do not share theirs."""
    return hashlib.sha256(f"{owner}\0{kind}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
