from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from relay.bridge.headless import discovery, driver
from relay.bridge.headless.discovery import Machine

from .conftest import Relay


@pytest.fixture(autouse=True)
def downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What is run to download; it puts a browser at its place if the last word is right."""
    ran: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...], *, check: bool) -> SimpleNamespace:
        ran.append(words)
        return SimpleNamespace(returncode=int(ran[0][0] != sys.executable))

    async def own_browser() -> Path:
        return tmp_path / "chrome"

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(driver, "own_browser", own_browser)
    return ran


def test_path(relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "chrome").touch(mode=0o755)
    assert relay("browser", "path").stdout == f"{tmp_path}/chrome\n"

    (tmp_path / "mine").touch(mode=0o755)
    monkeypatch.setenv("RELAY_HEADLESS__BROWSER", str(tmp_path / "mine"))
    assert relay("browser", "path").stdout == f"{tmp_path}/mine\n"

    monkeypatch.setenv("RELAY_HEADLESS__BROWSER", str(tmp_path / "gone"))
    result = relay("browser", "path")
    assert (result.exit_code, "there is no program" in result.stderr) == (1, True)


def test_install(relay: Relay, tmp_path: Path, downloads: list[tuple[str, ...]]):
    assert relay("browser", "install").stdout == f"{tmp_path}/chrome\n"
    assert relay("browser", "install", "--with-deps").exit_code == 0
    common = (sys.executable, "-m", "playwright", "install", "--no-shell")
    assert downloads == [(*common, "chromium"), (*common, "--with-deps", "chromium")]


@pytest.mark.parametrize(
    ("programs", "advice"),
    [
        ({"brew"}, "This installs one from your system instead: brew install --cask chromium"),
        (set(), "Install Chrome or"),
    ],
)
def test_download_that_fails(
    relay: Relay, downloads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, programs: set[str], advice: str
):
    downloads.append(("fail",))
    machine = Machine("linux", {}, lambda name: name if name in programs else None, Path("/home/me"))
    monkeypatch.setattr(discovery.Machine, "this", lambda: machine)
    result = relay("browser", "install")
    assert result.exit_code == 1
    assert "The download did not work; see above." in result.stderr
    assert advice in result.stderr
