"""Opening a link: the file that leads to it, who may read it, where it is, and when it goes."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.commands import opening
from relay.commands.opening import SPENT_SECONDS, Opener
from relay.datadir import DataDir

from .conftest import Opened

LINK = "http://localhost:3000/admin/#code=7QK2M-0XW9T&account=my%20work"
Settings = Callable[[str], None]


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Have the desktop's settings answer with a script; there are none at first."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def answer(script: str) -> None:
        program = programs / "xdg-settings"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o700)

    return answer


def test_command_line_holds_a_file_that_only_this_user_reads(data: DataDir, home: Path, opened: Opened):
    assert Opener(data, home).open(LINK)
    [file] = opened.files
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent)]
    assert (opened.links, opened.addresses, modes) == ([LINK], [file.as_uri()], [0o600, 0o700])
    assert file.parent == data.path / "links"
    assert f'content="0; url={LINK.replace("&", "&amp;")}"' in file.read_text(encoding="utf-8")


def test_file_goes_with_its_opener(data: DataDir, home: Path, opened: Opened):
    one, other = Opener(data, home), Opener(data, home)
    one.open(LINK)
    other.open(LINK)
    one.close()
    assert [file.exists() for file in opened.files] == [False, True]


def test_old_file_goes_when_the_next_is_made(data: DataDir, home: Path, opened: Opened):
    Opener(data, home).open(LINK)
    Opener(data, home).open(LINK)
    before = time.time() - SPENT_SECONDS - 1
    os.utime(opened.files[0], (before, before))
    Opener(data, home).open(LINK)
    assert [file.exists() for file in opened.files] == [False, True, True]


def test_file_that_cannot_be_written_or_deleted(data: DataDir, home: Path, opened: Opened):
    (data.path / "links").write_text("in the way", encoding="utf-8")
    opener = Opener(data, home)
    assert not opener.open(LINK)
    (data.path / "links").unlink()
    opener.open(LINK)
    opened.files[0].unlink()
    opened.files[0].mkdir()
    opener.close()
    assert opened.links == [LINK]


@pytest.mark.parametrize(
    "sandbox",
    [
        ("firefox_firefox.desktop", "snap/firefox/common"),
        ("org.mozilla.firefox.desktop", ".var/app/org.mozilla.firefox"),
    ],
)
def test_browser_in_a_sandbox_is_given_a_file_of_its_own(
    data: DataDir, home: Path, opened: Opened, settings: Settings, sandbox: tuple[str, str]
):
    desktop, own = sandbox
    settings(f"echo {desktop}")
    Opener(data, home).open(LINK)
    (home / own).mkdir(parents=True)
    Opener(data, home).open(LINK)
    assert [file.parent for file in opened.files] == [data.path / "links", home / own / "links"]


@pytest.mark.parametrize("script", ["exit 2", "echo", "echo ../../firefox", "kill -9 $$"])
def test_settings_that_say_nothing_of_use(data: DataDir, home: Path, opened: Opened, settings: Settings, script: str):
    home.mkdir()
    settings(script)
    Opener(data, home).open(LINK)
    assert [file.parent for file in opened.files] == [data.path / "links"]


def test_settings_that_cannot_be_asked(
    data: DataDir, home: Path, opened: Opened, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings("exit 0")
    monkeypatch.setattr(opening.subprocess, "run", _fails)
    Opener(data, home).open(LINK)
    assert [file.parent for file in opened.files] == [data.path / "links"]


def _fails(*_words: object, **_options: object) -> None:
    raise OSError
