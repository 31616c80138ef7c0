"""All sessions in one list: those with a page, and the headless accounts whose browser is not there (yet)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from relay.bridge.headless.seams import Snapshot
from relay.bridge.session import Session

ABSENT = {"starting": "starting", "running": "starting", "restarting": "starting", "failed": "unavailable"}
"""What the state of an account's browser means while its page has no session; any other is ``offline``."""

HERE = {"page": "in its tab", "extension": "in its tab", "headless": "on its screen"}
LOGIN = "Sign in {here}."
CAPTCHA = "Solve the captcha {here}; relay leaves the site alone until then."
CONSENT = "Answer the consent question {here}."
VERIFICATION = "Confirm that it is you {here}, as the site asks."
LIMIT = "The account's limit is reached: wait until the site lets you go on, or use another account."
BLOCKED = "See what the site asks {here}."
CHANGED = "The site has changed: update relay, or teach the site again in the extension."
AWAY = {
    "page": "Open relay's page again.",
    "extension": "Open the site's tab again, and connect it in the extension.",
    "headless": "Wait: relay opens it again by itself.",
}
FAILED = "Restart it; if it fails again, relay's log says why."
STOPPED = "Start it."


def listing(
    sessions: Iterable[Session], accounts: Iterable[Snapshot], clock: Callable[[], float], wall: Callable[[], float]
) -> list[dict[str, Any]]:
    """Return every session and account, as ``GET /api/sessions`` shows them.

    `clock` is the sessions' own, `wall` that of people.
    """
    behind = wall() - clock()
    by_credential = {account.credential: account for account in accounts if account.credential is not None}
    shown, joined = [], set()
    for session in sessions:
        account = by_credential.get(session.identity.credential)
        if account is not None:
            joined.add(account.name)
        shown.append(_session(session, account, behind))
    return shown + [_account(account) for account in accounts if account.name not in joined]


def _session(session: Session, account: Snapshot | None, behind: float) -> dict[str, Any]:
    kind, state = session.identity.client.kind, _state(session)
    signed_in, error = session.account, session.last_error
    since = session.since if session.offline_since is None else session.offline_since
    return {
        "id": session.id[:8],
        "kind": kind,
        "name": None if account is None else account.name,
        "account": None if signed_in is None else signed_in.label or signed_in.id,
        "adapter": session.identity.adapter,
        "site": session.identity.site,
        "credential": session.identity.credential,
        "state": state,
        "reason": session.reason if state == "blocked" else None,
        "since": _time(since + behind),
        "detail": session.detail,
        "action": _action(state, session.reason, kind),
        "in_flight": session.in_flight,
        "concurrency": session.limits.concurrency,
        "served": session.served,
        "rest_seconds": math.ceil(session.rest),
        "last_error": error and {"kind": error.kind, "message": error.message, "at": _time(error.at + behind)},
        "models": [model.id for model in session.models],
        "capabilities": msgspec.structs.asdict(session.capabilities),
        "version": session.identity.client.version,
        "memory_bytes": None if account is None else account.memory_bytes,
        "restarts": 0 if account is None else account.restarts,
    }


def _state(session: Session) -> str:
    if not session.online:
        return "offline"
    return "busy" if session.state == "ready" and session.busy else session.state


def _action(state: str, reason: str | None, kind: str) -> str | None:
    """Return the one sentence that says what a person has to do, if it takes one."""
    match state:
        case "login_required":
            sentence = LOGIN
        case "blocked":
            reasons = {"captcha": CAPTCHA, "consent": CONSENT, "verification": VERIFICATION, "limit": LIMIT}
            sentence = reasons.get(reason or "", BLOCKED)
        case "site_changed":
            sentence = CHANGED
        case "offline":
            sentence = AWAY[kind]
        case _:
            return None
    return sentence.format(here=HERE[kind])


def _account(account: Snapshot) -> dict[str, Any]:
    state = ABSENT.get(account.state, "offline")
    action = {"unavailable": FAILED, "offline": STOPPED}.get(state)
    return {
        "id": None,
        "kind": "headless",
        "name": account.name,
        "account": None,
        "adapter": account.adapter,
        "site": account.site,
        "credential": account.credential,
        "state": state,
        "reason": None,
        "since": _time(account.since) if account.since else None,
        "detail": account.detail or None,
        "action": action,
        "in_flight": 0,
        "concurrency": 0,
        "served": 0,
        "rest_seconds": 0,
        "last_error": None,
        "models": [],
        "capabilities": {},
        "version": "",
        "memory_bytes": account.memory_bytes,
        "restarts": account.restarts,
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
