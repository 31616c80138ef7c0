"""Which sessions need a person, and whether the extension is at work."""

from pathlib import Path
from typing import Any

import pytest

from relay.commands import session_checks as module
from relay.commands.checks import Check, State
from relay.commands.session_checks import check_extension, check_people, examine_sessions
from relay.datadir import DataDir
from relay.errors import SetupError
from relay.store import BridgeCredential

EXTENSION = BridgeCredential("bridge_1", "ext", "chrome-extension://abc", 1.0)
PAGE = BridgeCredential("bridge_2", "page", "http://localhost:3000", 1.0)
PROGRAM = BridgeCredential("bridge_3", "program", None, 1.0)
REVOKED = BridgeCredential("bridge_4", "ext", "chrome-extension://abc", 1.0, None, 2.0)
NO_TAB = Check(
    "extension",
    State.WARN,
    "paired, but no tab is connected",
    "Open a chat in that browser, and connect its tab in the extension's popup.",
)


def session(**changes: Any) -> dict[str, Any]:
    plain = {"kind": "page", "name": None, "account": None, "site": "chat.example", "state": "ready", "reason": None}
    return {**plain, "action": None, "detail": None, **changes}


@pytest.mark.parametrize("state", ["ready", "busy", "starting", "offline"])
def test_sessions_that_need_nobody(state: str):
    assert check_people([session(state=state)]) == []


def test_account_that_needs_somebody():
    blocked = session(name="work", account="ada", state="blocked", reason="captcha", action="Solve it.")
    assert check_people([blocked], " --data-dir d") == [
        Check(
            "session",
            State.WARN,
            "work · ada on chat.example is blocked (captcha)",
            "Solve it. Its screen: relay admin --data-dir d --account work",
        )
    ]


def test_tab_that_needs_somebody():
    found = check_people(
        [session(state="login_required", action="Sign in."), session(state="unavailable", detail="Out.")]
    )
    assert [(check.finding, check.advice) for check in found] == [
        ("chat.example is not signed in", "Sign in."),
        ("chat.example does not work", "Out."),
    ]
    assert check_people([session(state="site_changed")])[0].advice == "See its page."


def test_extension():
    tab = session(kind="extension")
    assert check_extension([], [PAGE, PROGRAM, REVOKED]) == []
    assert check_extension([session()], [EXTENSION]) == [NO_TAB]
    assert check_extension([session(kind="extension", state="offline")], [EXTENSION]) == [NO_TAB]
    assert check_extension([tab], [EXTENSION]) == [Check("extension", State.OK, "1 connected tab")]
    assert check_extension([tab, tab], [EXTENSION]) == [Check("extension", State.OK, "2 connected tabs")]


async def test_running_relay_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = DataDir.open(tmp_path)
    assert await examine_sessions(data) == []
    with data.lock():
        assert await examine_sessions(data) == []
    with data.lock("http://localhost:4000"):
        monkeypatch.setattr(module, "ask", lambda *_: {"sessions": [session(state="login_required")]})
        assert [check.name for check in await examine_sessions(data)] == ["session"]


async def test_relay_that_does_not_answer_is_for_other_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def silent(*_: object) -> None:
        raise SetupError("No.")

    data = DataDir.open(tmp_path)
    monkeypatch.setattr(module, "ask", silent)
    with data.lock("http://localhost:4000"):
        assert await examine_sessions(data) == []
