"""``relay serve``: what surrounds the server: lock, store, first key, start-up text, browser, exit code."""

import asyncio
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from relay.cli import main
from relay.commands import serve
from relay.datadir import DataDir, Holder
from relay.errors import SetupError
from relay.settings import Settings
from relay.store import Store, digest

from .conftest import Opened, Relay


@dataclass(frozen=True)
class Running:
    page_url: str
    model: str
    key: str | None
    data_dir: Path
    demo: bool
    auth: bool
    base_url: str = "http://localhost:3000/v1"
    closed: tuple[str, ...] = ()


@dataclass
class App:
    """Stands in for the server: announces itself, notes what it was given, and ends."""

    code: int = 0
    failure: BaseException | None = None
    settings: list[Settings] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    holders: list[Holder | None] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)

    async def serve(
        self, settings: Settings, data: DataDir, store: Store, key: str | None, announce: Callable[[Running], None]
    ) -> int:
        self.settings.append(settings)
        self.keys.append(key)
        self.loops.append(type(asyncio.get_running_loop()).__module__)
        assert key is None or digest(key) in await store.keys.active()
        if self.failure:
            raise self.failure
        page = "http://localhost:3000/#code=7QK2M-0XW9T"
        announce(Running(page, settings.default_model, key, data.path, demo=settings.demo, auth=settings.auth))
        self.holders.append(data.holder())
        return self.code


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    app = App()
    monkeypatch.setitem(sys.modules, "relay.serving", SimpleNamespace(serve=app.serve))
    return app


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "Thread", InlineThread)


class InlineThread:
    def __init__(self, target: Callable[[str], None], args: tuple[str], daemon: bool) -> None:
        assert daemon
        self.start = lambda: target(*args)


@pytest.mark.parametrize("code", [0, 3])
def test_exit_code_is_the_servers(relay: Relay, app: App, code: int):
    app.code = code
    assert relay("serve").exit_code == code


def test_options_become_settings(relay: Relay, app: App, place: Path):
    words = "--host 0.0.0.0 --port 4000 --bridge-port 5000 --no-open --demo --expose --log-level debug"
    result = relay("serve", *words.split())
    assert result.exit_code == 0
    assert app.settings == [
        Settings(
            host="0.0.0.0",
            port=4000,
            bridge_port=5000,
            data_dir=place,
            open_browser=False,
            demo=True,
            expose=True,
            log={"level": "debug"},
        )
    ]


def test_without_options_nothing_is_overridden(relay: Relay, app: App, place: Path):
    relay("serve")
    assert app.settings == [Settings(data_dir=place)]


def test_first_start_makes_a_key_and_shows_it(relay: Relay, app: App):
    output = relay("serve").stdout
    [key] = app.keys
    assert key
    assert f"API Key    {key}" in output


def test_second_start_makes_none(relay: Relay, app: App):
    relay("serve")
    output = relay("serve").stdout
    assert app.keys[1] is None
    assert "the key you saved; a new one: relay key create NAME" in output


def test_no_key_is_made_where_none_is_asked_for(relay: Relay, app: App):
    relay("serve", "--no-auth")
    assert app.settings[0].auth is False
    assert app.keys == [None]


def test_key_that_nobody_saw_is_ended(relay: Relay, app: App):
    app.failure = SetupError("Port 3000 is taken.")
    result = relay("serve")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: Port 3000 is taken.\n")
    app.failure = None
    relay("serve")
    assert app.keys[1] is not None


def test_others_learn_where_it_listens(relay: Relay, app: App, place: Path):
    relay("serve")
    [holder] = app.holders
    assert holder
    assert holder.url == "http://localhost:3000"
    assert DataDir.open(place).holder() is None


def test_second_relay_on_the_data_directory(relay: Relay, app: App, place: Path):
    with DataDir.open(place).lock("http://localhost:3000"):
        result = relay("serve")
    assert result.exit_code == 1
    assert "relay already runs on this data directory" in result.stderr
    assert "http://localhost:3000" in result.stderr
    assert app.keys == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host is reachable from other machines; add --expose if that is what you want (from the command line).",
        ),
        (
            ["--host", "0.0.0.0", "--expose", "--no-auth"],
            "--no-auth cannot go with a --host that other machines can reach; use 127.0.0.1 (from the command line).",
        ),
        (["--log-level", "x"], "log.level: should be 'debug', 'info', 'warning' or 'error' (from the command line)."),
    ],
)
def test_settings_that_are_refused(relay: Relay, app: App, words: list[str], sentence: str):
    result = relay("serve", *words)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {sentence}\n")
    assert app.settings == []


def test_code_does_not_reach_what_may_be_a_log(relay: Relay, app: App):
    result = relay("serve")
    assert "7QK2M-0XW9T" not in result.output
    assert "http://localhost:3000/\n" in result.output


def test_output_that_cannot_be_written(
    app: App, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as caught:
            main(["serve"])
    assert caught.value.code == 1
    assert capsys.readouterr().err == "Error: Standard output cannot be written: No space left on device.\n"
    assert asyncio.run(live_keys(place)) == 0


async def live_keys(place: Path) -> int:
    store = await Store.open(place / "relay.db")
    live = await store.keys.active()
    await store.close()
    return len(live)


def test_hints_name_another_place(relay: Relay, app: App, tmp_path: Path):
    result = relay("serve", "--data-dir", str(tmp_path / "my data"))
    assert f"Something wrong? relay doctor --data-dir '{tmp_path}/my data'. Stop" in result.stdout


def test_file_that_cannot_be_used(relay: Relay, app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_PUTER__SDK", "/nonexistent.js")
    result = relay("serve")
    sentence = "Error: puter.sdk: the file /nonexistent.js cannot be read: No such file or directory.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence)
    assert app.settings == []


def test_page_is_opened_when_asked_and_no_link_is_left_behind(relay: Relay, app: App, opened: Opened):
    relay("serve", "--open")
    assert opened.links == ["http://localhost:3000/#code=7QK2M-0XW9T"]
    assert "7QK2M" not in opened.addresses[0]
    assert [file.exists() for file in opened.files] == [False]


@pytest.mark.parametrize("words", [[], ["--no-open"]])
def test_page_is_not_opened_otherwise(relay: Relay, app: App, opened: Opened, words: list[str]):
    relay("serve", *words)
    assert opened.links == []


@pytest.mark.parametrize("error", [webbrowser.Error("no browser"), OSError("no fork")])
def test_missing_browser_does_no_harm(relay: Relay, app: App, opened: Opened, error: Exception):
    opened.failure = error
    assert relay("serve", "--open").exit_code == 0
    assert len(opened.links) == 1


def test_interrupt_releases_everything(relay: Relay, app: App, place: Path):
    app.failure = KeyboardInterrupt()
    result = relay("serve")
    assert (result.exit_code, result.output) == (130, "")
    assert DataDir.open(place).holder() is None


def test_uvloop_is_used_where_it_exists(relay: Relay, app: App, monkeypatch: pytest.MonkeyPatch):
    relay("serve")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    relay("serve")
    assert app.loops == ["uvloop", "asyncio.unix_events"]
