"""Files that settings name."""

import os
from pathlib import Path

import pytest

from relay.commands.files import file_problems
from relay.settings import LogSettings, PuterSettings, Settings


def of_log(file: Path) -> list[str]:
    return file_problems(Settings(log=LogSettings(file=file)))


def test_no_files():
    assert file_problems(Settings()) == []


def test_files_that_can_be_used(tmp_path: Path):
    sdk, old = tmp_path / "puter.js", tmp_path / "old.log"
    sdk.touch()
    old.touch()
    assert file_problems(Settings(puter=PuterSettings(sdk=str(sdk)), log=LogSettings(file=old))) == []
    assert of_log(tmp_path / "new.log") == []
    assert not (tmp_path / "new.log").exists()


def test_every_problem_is_named(tmp_path: Path):
    sdk, log = tmp_path / "none.js", tmp_path / "none" / "x.log"
    assert file_problems(Settings(puter=PuterSettings(sdk=str(sdk)), log=LogSettings(file=log))) == [
        f"puter.sdk: the file {sdk} cannot be read: No such file or directory.",
        f"log.file: there is no directory {tmp_path / 'none'}.",
    ]


def test_log_that_is_a_directory(tmp_path: Path):
    assert of_log(tmp_path) == [f"log.file: {tmp_path} is a directory."]


def test_log_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    old = tmp_path / "old.log"
    old.touch()
    assert of_log(old) == [f"log.file: the file {old} cannot be written."]
    assert of_log(tmp_path / "new.log") == [f"log.file: {tmp_path} cannot be written."]
