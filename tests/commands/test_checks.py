"""What the doctor finds, and what it advises."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from relay.bridge.headless.accounts import Account, Accounts
from relay.commands import checks
from relay.commands.checks import Check, State
from relay.datadir import DataDir, Holder
from relay.settings import HeadlessSettings, Settings
from relay.store import SessionRecord, Store, database

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


@contextmanager
def answering(body: bytes, status: int = 200, path: str = "/health") -> Iterator[Holder]:
    """Run a relay that says `body` of its health, or at another path."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == path else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Holder(7, f"http://localhost:{server.server_port}")
        server.shutdown()
        thread.join()


def healthy(**changes: object) -> bytes:
    health = {"status": "ok", "problem": None, "authenticated": True, "model": "m"}
    return json.dumps({**health, **changes}).encode()


@pytest.mark.parametrize(("version", "state"), [((3, 10), FAIL), ((3, 11), OK), ((3, 14), OK)])
def test_python(version: tuple[int, int], state: State):
    assert checks.check_python(version).state is state


def test_environment():
    assert checks.check_environment([]) == Check("environment", OK, "every RELAY_ variable is a setting")
    check = checks.check_environment(["RELAY_PROT", "RELAY_X"])
    assert (check.state, check.finding) == (WARN, "no setting of relay: RELAY_PROT, RELAY_X")


def test_browser(tmp_path: Path):
    browser = tmp_path / "chrome"
    browser.touch(mode=0o700)
    assert checks.check_browser([str(tmp_path / "none"), str(browser)]) == Check("browser", OK, str(browser))
    assert checks.check_browser([]).state is WARN


@pytest.mark.parametrize(
    ("free", "state"), [(100_000_000, OK), (99_999_999, WARN), (10_000_000, WARN), (9_999_999, FAIL)]
)
def test_disk(free: int, state: State):
    assert checks.check_disk(free).state is state


async def test_database(data: DataDir):
    store = await Store.open(data.database, lambda: 100.0)
    await store.keys.create("a")
    await store.keys.create("b")
    await store.keys.revoke("b")
    await store.bridges.redeem(await store.bridges.create_code(None, 300.0), None)
    await store.close()
    assert await checks.check_database(data, now=100.0) == [
        Check("database", OK, f"{data.database} is writable, 1 live API key, 1 paired page"),
        Check("clock", OK, "1970-01-01T00:01:40+00:00"),
    ]


async def test_database_that_may_not_be_written(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    await (await Store.open(data.database)).close()
    monkeypatch.setattr(database, "PRAGMAS", ("PRAGMA query_only = ON",))  # root may write a read-only file
    [check] = await checks.check_database(data, now=0.0)
    assert (check.name, check.state) == ("database", FAIL)
    assert "is read-only" in check.finding


async def test_damaged_database(data: DataDir):
    data.database.write_bytes(b"rubbish" * 1000)
    [check] = await checks.check_database(data, now=0.0)
    assert (check.name, check.state) == ("database", FAIL)
    assert "is damaged or not a database" in check.finding


async def test_clock_before_the_newest_row(data: DataDir):
    store = await Store.open(data.database, lambda: 100.0)
    await store.keys.create("a")
    await store.sessions.remember(SessionRecord("s", None, "page", "puter", "localhost", None, 1.0, 200.0))
    await store.close()
    assert [check.state for check in await checks.check_database(data, now=199.0)] == [OK, FAIL]
    assert [check.state for check in await checks.check_database(data, now=200.0)] == [OK, OK]


def test_ports():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(port=0, bridge_port=port)
        advice = "Stop it, or choose another with --bridge-port."
        assert checks.check_ports(settings, None) == [
            Check("port", OK, "0 is free"),
            Check("bridge port", FAIL, f"{port} is in use by another program", advice),
        ]
        held = checks.check_ports(settings, Holder(7, ""))[1]
        assert held == Check("bridge port", OK, f"{port} is in use while relay runs (pid 7)")


def test_ports_of_a_relay_that_runs():
    with answering(b'{"bridge_url": "ws://localhost:4444/"}', path="/page.json") as holder:
        assert checks.check_ports(Settings(), holder) == [
            Check("port", OK, f"{urlsplit(holder.url).port} is relay's own (pid 7)"),
            Check("bridge port", OK, "4444 is relay's own (pid 7)"),
        ]
        assert checks.check_ports(Settings(), Holder(7, "http://localhost")) == [
            Check("port", OK, "80 is relay's own (pid 7)")
        ]


def test_advice_for_another_place():
    place = " --data-dir /data"
    assert checks.check_relay(None, "m", place)[0].advice == "Start it: relay --data-dir /data"
    with answering(healthy(authenticated=False)) as holder:
        session = checks.check_relay(holder, "m", place)[1]
    assert session.advice == f"Open {holder.url} and sign in; relay pair --data-dir /data makes a link."


def test_host_of_another_machine():
    settings = Settings(host="192.0.2.1", expose=True)
    assert [check.state for check in checks.check_ports(settings, None)] == [FAIL, FAIL]


def test_relay_that_does_not_run():
    assert checks.check_relay(None, "m") == [
        Check("relay", WARN, "not running on this data directory", "Start it: relay")
    ]


def test_relay_that_is_well():
    with answering(healthy()) as holder:
        assert checks.check_relay(holder, "m") == [
            Check("relay", OK, f"running at {holder.url} (pid 7)"),
            Check("session", OK, "signed in and ready"),
            Check("default model", OK, "m is offered"),
        ]


def test_relay_that_nobody_is_signed_in_to():
    changes = {"status": "degraded", "problem": "store", "authenticated": False}
    with answering(healthy(**changes)) as holder:
        found = checks.check_relay(holder, "m")
    assert [(check.name, check.state, check.finding) for check in found] == [
        ("relay", WARN, f"running at {holder.url} (pid 7), but store"),
        ("session", WARN, "nobody is signed in"),
    ]


def test_relay_whose_sessions_do_not_offer_the_default_model():
    with answering(healthy(model="demo")) as holder:
        check = checks.check_relay(holder, "m")[-1]
    finding = "no session offers m; clients that name no model get demo"
    assert (check.state, check.finding) == (WARN, finding)


def test_demo_has_a_model_of_its_own():
    with answering(healthy(model="demo", demo=True)) as holder:
        assert checks.check_relay(holder, "m")[-1] == Check("default model", OK, "demo is offered")


def test_relay_of_another_version():
    with answering(b'{"status": "ok"}') as holder:
        assert [check.name for check in checks.check_relay(holder, "m")] == ["relay", "session"]


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"[]", 200), (b"{", 200), (b"{}", 500), (b"\xff", 200)])
def test_relay_that_answers_nonsense(body: bytes, status: int):
    with answering(body, status) as holder:
        [check] = checks.check_relay(holder, "m")
    assert check.state is FAIL


def test_relay_that_does_not_answer():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        [check] = checks.check_relay(Holder(7, url), "m")
    assert check == Check(
        "relay",
        FAIL,
        f"pid 7 does not answer at {url}/health",
        "See its log; if it hangs, stop process 7 and start it again.",
    )


def test_relay_that_has_not_said_where_it_listens():
    [check] = checks.check_relay(Holder(7, ""), "m")
    assert (check.state, check.finding) == (WARN, "pid 7 has begun but does not listen yet")


async def test_everything(data: DataDir):
    found = await checks.examine(Settings(data_dir=data.path, port=0))
    names = [
        "python",
        "environment",
        "browser",
        "settings",
        "data directory",
        "disk",
        "database",
        "clock",
        "port",
        "bridge port",
        "relay",
    ]
    assert [check.name for check in found] == names


async def test_data_directory_of_everybody(data: DataDir):
    data.path.chmod(0o777)
    last = (await checks.examine(Settings(data_dir=data.path, port=0)))[-1]
    assert (last.name, last.state) == ("data directory", FAIL)


async def test_headless_mode_that_nobody_uses_is_not_looked_at(data: DataDir):
    assert await checks.check_headless(Settings(), data) == []


async def test_headless_mode_in_use(data: DataDir, tmp_path: Path):
    browser = tmp_path / "chrome"
    browser.touch(mode=0o755)
    used = Settings(headless=HeadlessSettings(enabled=True, browser=browser))
    found = await checks.check_headless(used, data)
    assert found == [
        Check("headless", OK, str(browser)),
        Check("accounts", WARN, "none yet", "relay login makes one."),
    ]

    Accounts(data.headless).save(Account(name="puter"))
    (data.headless / "bad").mkdir()
    (data.headless / "bad" / "account.json").touch()
    gone = Settings(headless=HeadlessSettings(browser=tmp_path / "gone"))
    found = await checks.check_headless(gone, data)
    assert [(check.name, check.state) for check in found] == [("headless", FAIL), ("accounts", OK), ("accounts", FAIL)]
    assert found[1].finding == "1 account: puter"
