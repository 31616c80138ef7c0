"""The list of sessions: those with a page, and accounts without."""

from dataclasses import replace
from typing import Any, Literal

import msgspec
import pytest

from relay.bridge.frames import Account, Capabilities, Client, Hello, Model, PageLimits, SessionState, State
from relay.bridge.headless.seams import Snapshot
from relay.bridge.protocol import Clocks, Window
from relay.bridge.session import Identity, Session
from relay.errors import BackendThrottled
from relay.web.sessions import listing

from .links import FakeLink

WALL = 1_800_000_000.0
KIND = Literal["page", "extension", "headless"]
SNAPSHOT = Snapshot(
    name="work",
    site="chat.example",
    adapter="example",
    state="starting",
    since=WALL - 60,
    detail="",
    pid=7,
    memory_bytes=300_000_000,
    restarts=2,
    headed=False,
    credential=None,
)
NO_CAPABILITIES = msgspec.structs.asdict(Capabilities())


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def account(**changes: Any) -> Snapshot:
    return replace(SNAPSHOT, **changes)


def attached(clock: Clock, kind: KIND = "page", credential: str = "bridge_1") -> Session:
    client = Client(kind=kind, version="1.2")
    session = Session(
        Identity("0123456789", credential, client, "puter", "localhost"),
        Window(64, 2**20, 2**20),
        Clocks(10, 10, 10, 60),
        clock,
    )
    session.attach(FakeLink(), Hello(protocols=(1,), client=client, adapter="puter", site="localhost"))
    return session


def shown(clock: Clock, *sessions: Session, accounts: tuple[Snapshot, ...] = ()) -> list[dict[str, Any]]:
    return listing(sessions, accounts, clock, lambda: WALL)


def test_session_with_everything(clock: Clock):
    session = attached(clock)
    clock.now = 60
    session.apply(
        State(
            state="ready",
            detail="fine",
            account=Account(id="u1", label="Ada"),
            models=(Model(id="m"), Model(id="n")),
            limits=PageLimits(concurrency=4),
            capabilities=Capabilities(tools=True),
        )
    )
    session.in_flight = 1
    session.served = 9
    clock.now = 160
    assert shown(clock, session) == [
        {
            "id": "01234567",
            "kind": "page",
            "name": None,
            "account": "Ada",
            "adapter": "puter",
            "site": "localhost",
            "credential": "bridge_1",
            "state": "ready",
            "reason": None,
            "since": "2027-01-15T07:58:20+00:00",
            "detail": "fine",
            "action": None,
            "in_flight": 1,
            "concurrency": 4,
            "served": 9,
            "rest_seconds": 0,
            "last_error": None,
            "models": ["m", "n"],
            "capabilities": {**NO_CAPABILITIES, "tools": True},
            "version": "1.2",
            "memory_bytes": None,
            "restarts": 0,
        }
    ]


def test_account_without_a_label(clock: Clock):
    session = attached(clock)
    session.apply(State(state="ready", account=Account(id="u1")))
    assert shown(clock, session)[0]["account"] == "u1"


def test_busy_and_offline(clock: Clock):
    session = attached(clock)
    session.apply(State(state="ready"))
    session.in_flight = 1
    assert shown(clock, session)[0]["state"] == "busy"
    clock.now = 80
    assert session.link is not None
    session.detach(session.link, page_gone=True)
    clock.now = 90
    found = shown(clock, session)[0]
    assert (found["state"], found["since"]) == ("offline", "2027-01-15T07:59:50+00:00")


@pytest.mark.parametrize(
    ("kind", "state", "reason", "action"),
    [
        ("page", "starting", None, None),
        ("page", "unavailable", None, None),
        ("page", "login_required", None, "Sign in in its tab."),
        ("headless", "login_required", None, "Sign in on its screen."),
        ("extension", "blocked", None, "See what the site asks in its tab."),
        ("headless", "blocked", "captcha", "Solve the captcha on its screen; relay leaves the site alone until then."),
        ("headless", "blocked", "consent", "Answer the consent question on its screen."),
        ("headless", "blocked", "verification", "Confirm that it is you on its screen, as the site asks."),
        (
            "extension",
            "blocked",
            "limit",
            "The account's limit is reached: wait until the site lets you go on, or use another account.",
        ),
        (
            "extension",
            "site_changed",
            None,
            "The site has changed: update relay, or teach the site again in the extension.",
        ),
    ],
)
def test_what_a_person_should_do(clock: Clock, kind: KIND, state: SessionState, reason: Any, action: str | None):
    session = attached(clock, kind)
    session.apply(State(state=state, reason=reason))
    found = shown(clock, session)[0]
    assert (found["state"], found["reason"], found["action"]) == (state, reason, action)


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("page", "Open relay's page again."),
        ("extension", "Open the site's tab again, and connect it in the extension."),
        ("headless", "Wait: relay opens it again by itself."),
    ],
)
def test_what_brings_a_page_back(clock: Clock, kind: KIND, action: str):
    session = attached(clock, kind)
    assert session.link is not None
    session.detach(session.link, page_gone=True)
    assert shown(clock, session)[0]["action"] == action


def test_last_error(clock: Clock):
    session = attached(clock)
    session._health.failed(BackendThrottled("Slow down.", retry_after=30), clock.now)
    found = shown(clock, session)[0]
    assert found["last_error"] == {
        "kind": "rate_limit_exceeded",
        "message": "Slow down.",
        "at": "2027-01-15T08:00:00+00:00",
    }
    assert found["rest_seconds"] == 30


def test_account_and_its_session_are_one(clock: Clock):
    session = attached(clock, "headless", "bridge_7")
    (found,) = shown(clock, session, accounts=(account(state="running", credential="bridge_7"),))
    assert (found["name"], found["id"], found["memory_bytes"], found["restarts"]) == (
        "work",
        "01234567",
        300_000_000,
        2,
    )


def test_account_without_a_session(clock: Clock):
    (found,) = shown(clock, accounts=(account(detail="It crashed."),))
    assert found == {
        "id": None,
        "kind": "headless",
        "name": "work",
        "account": None,
        "adapter": "example",
        "site": "chat.example",
        "credential": None,
        "state": "starting",
        "reason": None,
        "since": "2027-01-15T07:59:00+00:00",
        "detail": "It crashed.",
        "action": None,
        "in_flight": 0,
        "concurrency": 0,
        "served": 0,
        "rest_seconds": 0,
        "last_error": None,
        "models": [],
        "capabilities": {},
        "version": "",
        "memory_bytes": 300_000_000,
        "restarts": 2,
    }


@pytest.mark.parametrize(
    ("browser", "state", "action"),
    [
        ("starting", "starting", None),
        ("running", "starting", None),
        ("restarting", "starting", None),
        ("failed", "unavailable", "Restart it; if it fails again, relay's log says why."),
        ("stopped", "offline", "Start it."),
    ],
)
def test_browser_without_a_session(clock: Clock, browser: str, state: str, action: str | None):
    (found,) = shown(clock, accounts=(account(state=browser, since=0.0, credential="bridge_9"),))
    assert (found["state"], found["action"], found["since"]) == (state, action, None)
