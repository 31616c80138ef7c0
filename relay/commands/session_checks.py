"""Checks of single sessions: which ones need a person, and whether a paired extension is at work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from relay.commands.checks import Check, State
from relay.commands.place import opened
from relay.commands.running import ask
from relay.datadir import DataDir
from relay.errors import SetupError, StoreError
from relay.store import BridgeCredential

EXTENSIONS: Final = ("chrome-extension://", "moz-extension://")
WORDS: Final = {
    "login_required": "is not signed in",
    "blocked": "is blocked",
    "site_changed": "does not know its site any more",
    "unavailable": "does not work",
}

Session = Mapping[str, Any]


async def examine_sessions(data: DataDir, place: str = "") -> list[Check]:
    """Run the checks that need the list of sessions; none without a relay that runs on `data`."""
    holder = data.holder()
    if holder is None or not holder.url:
        return []
    try:
        sessions: list[Session] = ask(data, "GET", "/api/sessions")["sessions"]
        async with opened(data) as store:
            bridges = await store.bridges.list()
    except (SetupError, StoreError):  # other checks tell that relay or its database does not answer
        return []
    return [*check_people(sessions, place), *check_extension(sessions, bridges)]


def check_people(sessions: Iterable[Session], place: str = "") -> list[Check]:
    """Check that no session waits for a person."""
    return [_waiting(session, place) for session in sessions if session["state"] in WORDS]


def _waiting(session: Session, place: str) -> Check:
    who = " · ".join(filter(None, (session["name"], session["account"])))
    reason = f" ({session['reason']})" if session["reason"] else ""
    finding = f"{who} on {session['site']}" if who else session["site"]
    advice = session["action"] or session["detail"] or "See its page."
    way = f" Its screen: relay admin{place} --account {session['name']}" if session["name"] else ""
    return Check("session", State.WARN, f"{finding} {WORDS[session['state']]}{reason}", f"{advice}{way}")


def check_extension(sessions: Iterable[Session], bridges: Sequence[BridgeCredential]) -> list[Check]:
    """Check that a paired extension has a tab connected; nothing where none is paired."""
    paired = [one for one in bridges if one.revoked_at is None and (one.origin or "").startswith(EXTENSIONS)]
    if not paired:
        return []
    tabs = sum(session["kind"] == "extension" and session["state"] != "offline" for session in sessions)
    if tabs:
        return [Check("extension", State.OK, f"{tabs} connected {'tab' if tabs == 1 else 'tabs'}")]
    advice = "Open a chat in that browser, and connect its tab in the extension's popup."
    return [Check("extension", State.WARN, "paired, but no tab is connected", advice)]
