"""What ``relay doctor`` looks at; each check says what it found and, if that is not good, what to do."""

from __future__ import annotations

import http.client
import json
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from relay.bridge.headless import discovery
from relay.bridge.headless.accounts import Accounts
from relay.commands.browser import own_browser
from relay.commands.files import file_problems
from relay.commands.place import opened
from relay.commands.ports import is_free
from relay.datadir import DataDir, Holder
from relay.errors import BrowserMissing, DataDirError, StoreError
from relay.settings import Settings, unknown_variables

MEGABYTE = 1_000_000
HEALTH_SECONDS = 3.0
HEALTH_BYTES = 65_536
HTTP_PORT = 80
NO_KEY = ""
"""An id that no key has: to note its use takes the right to write and changes nothing.

BEGIN IMMEDIATE does not tell: on a read-only database SQLite begins to read instead.
"""
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "firefox",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Mozilla Firefox/firefox.exe",
)


class State(StrEnum):
    """How a check came out; only ``FAIL`` makes the doctor exit with 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One finding, and the next step unless all is well."""

    name: str
    state: State
    finding: str
    advice: str = ""


async def examine(settings: Settings, place: str = "") -> list[Check]:
    """Run every check, in the order in which trouble usually is to be looked for.

    `place` are the options with which relay's commands find these settings and this data directory.
    """
    checks = [*examine_machine(), *check_settings(file_problems(settings))]
    try:
        data = DataDir.open(settings.data_path)
    except DataDirError as exc:
        return [*checks, Check("data directory", State.FAIL, exc.message, "Correct that first, then run this again.")]
    free = shutil.disk_usage(data.path).free
    checks += [Check("data directory", State.OK, f"{data.path} is writable and private"), check_disk(free)]
    checks += await check_database(data, now=datetime.now(UTC).timestamp())
    checks += await check_headless(settings, data)
    holder = data.holder()
    checks += check_ports(settings, holder)
    checks += check_relay(holder, settings.default_model, place)
    return checks


def examine_machine() -> list[Check]:
    """Run the checks that need no settings."""
    return [check_python(sys.version_info[:2]), check_environment(unknown_variables()), check_browser(BROWSERS)]


def check_settings(problems: Sequence[str]) -> list[Check]:
    """Report what relay would refuse to start with."""
    advice = "relay does not start with this; correct it."
    return [Check("settings", State.FAIL, problem, advice) for problem in problems] or [
        Check("settings", State.OK, "every setting is valid")
    ]


def check_python(version: tuple[int, int]) -> Check:
    """Check that relay supports this Python."""
    if version < (3, 11):
        return Check("python", State.FAIL, f"Python {platform.python_version()}", "relay needs Python 3.11 or newer.")
    return Check("python", State.OK, f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")


def check_environment(unknown: Sequence[str]) -> Check:
    """Check that no variable is misspelt; such a one has no effect."""
    if not unknown:
        return Check("environment", State.OK, "every RELAY_ variable is a setting")
    advice = "If one is meant for relay, look up its name in the settings reference."
    return Check("environment", State.WARN, f"no setting of relay: {', '.join(unknown)}", advice)


def check_browser(places: Iterable[str]) -> Check:
    """Check that there is a browser to sign in with."""
    for place in places:
        found = shutil.which(place)
        if found:
            return Check("browser", State.OK, found)
    advice = (
        "Install Chrome, Chromium, Edge or Firefox, or open relay's page from another machine's browser by a tunnel."
    )
    return Check("browser", State.WARN, "no browser found in the usual places", advice)


async def check_headless(settings: Settings, data: DataDir) -> list[Check]:
    """Check what headless mode needs, if it is used: a browser to run, and profiles that can be read."""
    accounts, broken = Accounts(data.headless).list()
    if not (accounts or broken or settings.headless.enabled):
        return []
    profiles = [_check_profile(data, name) for name in broken]
    finding = (
        f"{_count(len(accounts), 'account')}: {', '.join(one.name for one in accounts)}" if accounts else "none yet"
    )
    advice = "" if accounts else "relay login makes one."
    state = State.OK if accounts else State.WARN
    return [await _check_engine(settings), Check("accounts", state, finding, advice), *profiles]


async def _check_engine(settings: Settings) -> Check:
    try:
        found = discovery.find(settings.headless.browser, await own_browser(), discovery.Machine.this())
    except BrowserMissing as exc:
        return Check("headless", State.FAIL, exc.message, "Headless mode cannot work without a Chromium.")
    return Check("headless", State.OK, str(found))


def _check_profile(data: DataDir, name: str) -> Check:
    finding = f"the account in {data.headless / name} cannot be read"
    return Check("accounts", State.FAIL, finding, "Delete that directory and sign in again: relay login")


def check_disk(free: int) -> Check:
    """Check that there is room for the database."""
    finding = f"{free // MEGABYTE} MB free"
    if free >= 100 * MEGABYTE:
        return Check("disk", State.OK, finding)
    state = State.WARN if free >= 10 * MEGABYTE else State.FAIL
    return Check("disk", state, finding, "Make room on the disk that holds the data directory.")


async def check_database(data: DataDir, now: float) -> list[Check]:
    """Check that the database can be read and written, and was not written in the future."""
    try:
        async with opened(data) as store:
            keys, bridges, sessions = await store.keys.list(), await store.bridges.list(), await store.sessions.list()
            await store.keys.touch({NO_KEY: 0.0})
    except StoreError as exc:
        return [Check("database", State.FAIL, exc.message, "relay cannot work without it.")]
    live = sum(key.revoked_at is None for key in keys)
    paired = sum(bridge.revoked_at is None for bridge in bridges)
    created = [*(key.created_at for key in keys), *(bridge.created_at for bridge in bridges)]
    newest = max((*created, *(session.last_seen_at for session in sessions)), default=0.0)
    return [
        Check(
            "database",
            State.OK,
            f"{data.database} is writable, {_count(live, 'live API key')}, {_count(paired, 'paired page')}",
        ),
        check_clock(now, newest),
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def check_clock(now: float, newest: float) -> Check:
    """Check that time has not gone backwards since the newest row."""
    shown = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    if now < newest:
        advice = "Set the clock: pairing codes and certificates go wrong with a clock that is behind."
        return Check("clock", State.FAIL, f"{shown} is before the newest row of the database", advice)
    return Check("clock", State.OK, shown)


def check_ports(settings: Settings, holder: Holder | None) -> list[Check]:
    """Check that relay's ports are free; of a relay that runs, name those it has, whatever the settings say."""
    if holder is not None and holder.url:
        return _own_ports(holder)
    ports = (("port", "--port", settings.port), ("bridge port", "--bridge-port", settings.bridge_listen_port))
    return [_check_port(name, option, settings.host, port, holder) for name, option, port in ports]


def _own_ports(holder: Holder) -> list[Check]:
    bridge = (_asked(holder.url, "/page.json") or {}).get("bridge_url")
    urls = (("port", holder.url), ("bridge port", bridge))
    return [
        Check(name, State.OK, f"{urlsplit(url).port or HTTP_PORT} is relay's own (pid {holder.pid})")
        for name, url in urls
        if isinstance(url, str)
    ]


def _check_port(name: str, option: str, host: str, port: int, holder: Holder | None) -> Check:
    try:
        free = is_free(host, port)
    except OSError as exc:
        return Check(
            name, State.FAIL, f"{host}:{port} cannot be used: {exc.strerror}", f"Choose another with {option}."
        )
    if free:
        return Check(name, State.OK, f"{port} is free")
    if holder is not None:
        return Check(name, State.OK, f"{port} is in use while relay runs (pid {holder.pid})")
    return Check(name, State.FAIL, f"{port} is in use by another program", f"Stop it, or choose another with {option}.")


def check_relay(holder: Holder | None, default_model: str, place: str = "") -> list[Check]:
    """Ask the running relay how it is, who is signed in, and whether a session offers `default_model`."""
    if holder is None:
        return [Check("relay", State.WARN, "not running on this data directory", f"Start it: relay{place}")]
    if not holder.url:
        advice = "Wait a moment and run this again."
        return [Check("relay", State.WARN, f"pid {holder.pid} has begun but does not listen yet", advice)]
    health = _asked(holder.url, "/health")
    if health is None:
        advice = f"See its log; if it hangs, stop process {holder.pid} and start it again."
        return [Check("relay", State.FAIL, f"pid {holder.pid} does not answer at {holder.url}/health", advice)]
    return [
        _check_health(health, holder),
        _check_session(health, holder.url, place),
        *_check_model(health, default_model),
    ]


def _check_health(health: Mapping[str, Any], holder: Holder) -> Check:
    finding = f"running at {holder.url} (pid {holder.pid})"
    if health.get("status") == "ok":
        return Check("relay", State.OK, finding)
    return Check("relay", State.WARN, f"{finding}, but {health.get('problem')}", "See its log.")


def _check_session(health: Mapping[str, Any], page: str, place: str) -> Check:
    if health.get("authenticated") is True:
        return Check("session", State.OK, "signed in and ready")
    advice = f"Open {page} and sign in; relay pair{place} makes a link."
    return Check("session", State.WARN, "nobody is signed in", advice)


def _check_model(health: Mapping[str, Any], wanted: str) -> list[Check]:
    if health.get("authenticated") is not True:
        return []
    used = health.get("model")
    if used == wanted or health.get("demo") is True:
        return [Check("default model", State.OK, f"{used} is offered")]
    finding = f"no session offers {wanted}; clients that name no model get {used}"
    return [Check("default model", State.WARN, finding, "Set default_model to one that GET /v1/models lists.")]


def _asked(url: str, path: str) -> Mapping[str, Any] | None:
    """Return what the relay at `url` answers, or ``None`` if it does not answer properly and in time."""
    try:
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=HEALTH_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = json.loads(response.read(HEALTH_BYTES))
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return body if response.status == http.client.OK and isinstance(body, dict) else None
