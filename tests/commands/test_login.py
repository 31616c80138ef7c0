"""``relay login``: with a running relay, alone, and what is refused before anything is opened."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from relay import serving
from relay.bridge.headless.discovery import Machine
from relay.cli import main
from relay.commands import login
from relay.commands.login import Wish, sign_in
from relay.datadir import DataDir
from relay.errors import SetupError

from .conftest import Relay

READY = {"name": "work", "state": "running", "detail": "", "session": {"state": "ready", "detail": None}}
STARTING = READY | {"state": "starting", "session": None}
SIGN_IN = READY | {"session": {"state": "login_required", "detail": "Sign in there."}}
FAILED = STARTING | {"state": "failed", "detail": "It crashed."}
CLOSED = STARTING | {"state": "stopped"}


class Owner:
    """A relay that tells these states, one after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)
        self.headless = False
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, method: str, path: str, body: Any) -> dict[str, Any]:
        self.asked.append((method, path, body))
        if (method, path) == ("GET", "/api/accounts"):
            return {"accounts": [], "headless": self.headless}
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "LOOK_SECONDS", 0)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine("linux", {"DISPLAY": ":7"}, lambda _: None, Path("/home/me"))
    monkeypatch.setattr(Machine, "this", lambda: machine)


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "this", lambda: Machine("linux", {}, lambda _: None, Path("/home/me")))


def signed_in(owner: Owner, *, remote: bool = False, **account: str) -> tuple[str, list[str]]:
    told: list[str] = []
    return sign_in(owner, Wish(dict(account), remote, lambda name: f"link to {name}"), told.append), told


def test_waits_until_the_page_is_ready(display: None):
    owner = Owner(STARTING, SIGN_IN, SIGN_IN, READY)
    assert signed_in(owner, site="https://chat.example/") == (
        "work",
        ["Sign in, in the window that opens.", "Sign in there."],
    )
    body = {"site": "https://chat.example/", "headed": True, "display": {"DISPLAY": ":7"}}
    assert owner.asked == [("POST", "/api/accounts", body), *[("GET", "/api/accounts/work", None)] * 3]


def test_remote_prints_the_link(no_display: None):
    owner = Owner(READY)
    assert signed_in(owner, remote=True) == ("work", ["Open this link, once, and sign in there: link to work"])
    assert owner.asked[0][2] == {"headed": False, "display": {}}


def test_token_needs_nobody(no_display: None):
    assert signed_in(Owner(STARTING, READY), token="t") == ("work", [])


@pytest.mark.parametrize(
    ("states", "why"),
    [
        ((STARTING, FAILED), "The browser of work failed: It crashed."),
        ((SIGN_IN, CLOSED), "The browser of work stopped: see the log."),
    ],
)
def test_browser_that_ends(display: None, states: tuple[dict[str, Any], ...], why: str):
    with pytest.raises(SetupError, match=why):
        signed_in(Owner(*states))


def test_patience_ends(display: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(login, "PATIENCE_SECONDS", -1)
    monkeypatch.setattr(login, "TOKEN_SECONDS", -1)
    with pytest.raises(SetupError, match=r"work is not signed in: login_required\. Try again\."):
        signed_in(Owner(SIGN_IN))
    with pytest.raises(SetupError, match=r"work is not signed in: starting\. Try again\."):
        signed_in(Owner(STARTING), token="t")


# ---------------------------------------------------------------- the command


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Owner:
    """The running relay that the command asks."""
    owner = Owner(READY)
    monkeypatch.setattr(login, "ask", lambda _data, method, path, body: owner(method, path, body))
    monkeypatch.setattr(login, "admin_link", lambda _data, name: SimpleNamespace(url=f"http://x/#{name}"))
    return owner


def beside(place: Path, run: Callable[[], Result]) -> Result:
    with DataDir.open(place).lock("http://localhost:1"):
        return run()


def test_running_relay_goes_on_with_the_account(relay: Relay, place: Path, owner: Owner, display: None):
    result = beside(place, lambda: relay("login", "--name", "work", "--adapter", "open-webui", "--proxy", "http://p:1"))
    assert result.stdout == "Signed in: work. relay goes on with it; start it with --headless from now on.\n"
    assert owner.asked[0][2]["adapter"] == "open-webui"
    assert owner.asked[-2:] == [("POST", "/api/accounts/work/restart", {}), ("GET", "/api/accounts", None)]


def test_relay_that_starts_all_browsers_needs_nothing_more(relay: Relay, place: Path, owner: Owner, display: None):
    owner.headless = True
    result = beside(place, lambda: relay("login", "--name", "work"))
    assert result.stdout == "Signed in: work. relay goes on with it.\n"


SECRET = "http://me:pass@proxy.example:8080"


@pytest.mark.usefixtures("no_display")
def test_proxy_with_a_password_from_standard_input(place: Path, owner: Owner):
    words = ["login", "--remote", "--proxy", "-"]
    beside(place, lambda: CliRunner().invoke(main, words, input=f"{SECRET}\n"))
    assert owner.asked[0][2]["proxy"] == SECRET


@pytest.mark.usefixtures("no_display")
def test_proxy_with_a_password_from_the_settings(
    relay: Relay, place: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RELAY_HEADLESS__PROXY", SECRET)
    beside(place, lambda: relay("login", "--remote"))
    beside(place, lambda: relay("login", "--remote", "--proxy", "socks5://p:1"))
    made = [body["proxy"] for _, path, body in owner.asked if path == "/api/accounts" and body is not None]
    assert made == [SECRET, "socks5://p:1"]


def test_remote_and_description_file(relay: Relay, place: Path, owner: Owner, no_display: None, tmp_path: Path):
    (tmp_path / "mine.json").write_text('{"id": "mine"}')
    file = str(tmp_path / "mine.json")
    result = beside(place, lambda: relay("login", "--remote", "--adapter", file, "--site", "https://a.example/"))
    assert "Open this link, once, and sign in there: http://x/#work" in result.stderr
    assert [asked[:2] for asked in owner.asked] == [("POST", "/api/accounts"), ("GET", "/api/accounts")]
    assert owner.asked[0][2]["adapter"] == {"id": "mine"}


def test_alone_relay_serves_until_signed_in(
    relay: Relay, place: Path, owner: Owner, no_display: None, monkeypatch: pytest.MonkeyPatch
):
    served: list[Any] = []

    async def serve(settings: Any, data: Any, store: Any, key: object, announce: Callable[[Any], None]) -> int:
        served.append((settings.headless.enabled, settings.log.level, key))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(15, stop.set)
        announce(SimpleNamespace(page_url="http://localhost:7/#code=x"))
        holder = data.holder()
        assert holder is not None
        served.append(holder.url)
        await stop.wait()
        return 0

    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setenv("RELAY_HEADLESS__ENABLED", "true")
    result = CliRunner().invoke(main, ["login", "--token", "-"], input=" secret \n")
    assert result.stdout == "Signed in: work. Start relay with its browsers: relay serve --headless\n"
    assert served == [(False, "error", None), "http://localhost:7"]
    assert owner.asked[0][2]["token"] == "secret"

    owner.states = [FAILED]
    result = CliRunner().invoke(main, ["login", "--remote"])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "Error: The browser of work failed: It crashed.")


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        ((), "", "There is no display here for a window."),
        (("--token", "secret"), "", "--token takes - only"),
        (("--token", "-"), " ", "There is no token on standard input."),
        (("--proxy", "-"), "", "There is no proxy on standard input."),
        (("--proxy", "http://me:pass@p:1"), "", "--proxy takes no password: others can see a command line. --proxy - "),
        (("--proxy", "me:pass@p:1"), "", "--proxy takes no password"),
        (("--proxy", "-", "--token", "-"), "", "Standard input holds --token or --proxy"),
        (("--remote", "--adapter", "gone.json"), "", "cannot be read: No such file or directory."),
        (("--remote", "--adapter", "{bad}"), "", "is not JSON"),
        (("--remote", "--adapter", "{list}"), "", "is not a JSON object."),
    ],
)
@pytest.mark.usefixtures("place", "no_display")
def test_refused_before_anything_opens(tmp_path: Path, words: tuple[str, ...], stdin: str, why: str):
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text(json.dumps([]))
    named = [word.replace("{bad}", f"{tmp_path}/bad.json").replace("{list}", f"{tmp_path}/list.json") for word in words]
    result = CliRunner().invoke(main, ["login", *named], input=stdin)
    assert result.exit_code == 1
    assert why in result.stderr


def test_alone_checks_the_files_first(relay: Relay, no_display: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_PUTER__SDK", "/gone/puter.js")
    assert "puter.sdk: the file /gone/puter.js cannot be read" in relay("login", "--remote").stderr
