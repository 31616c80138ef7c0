"""The data directory: private, writable, and one relay at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from relay import datadir
from relay.datadir import DataDir, Holder
from relay.errors import DataDirBusy, DataDirError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_created_private_with_its_parents(tmp_path: Path):
    data = DataDir.open(tmp_path / "a/b")
    assert mode(data.path) == 0o700
    assert data.database == tmp_path / "a/b/relay.db"


def test_opening_again_keeps_it(data: DataDir):
    assert DataDir.open(data.path) == data


@pytest.mark.parametrize("shared", [0o770, 0o707, 0o777, 0o1777])
def test_directory_that_others_can_write_to_is_refused(tmp_path: Path, shared: int):
    tmp_path.chmod(shared)
    with pytest.raises(DataDirError, match=f"^Other users can write to .*; run: chmod 700 {tmp_path}$"):
        DataDir.open(tmp_path)


def test_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(DataDirError, match="belongs to another user"):
        DataDir.open(tmp_path)


def test_directory_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(DataDirError, match="is not writable; choose another with --data-dir"):
        DataDir.open(tmp_path)


def test_directory_that_cannot_be_created(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match="cannot be created: Not a directory"):
        DataDir.open(tmp_path / "file/data")


def test_admin_token_is_made_once_and_private(data: DataDir):
    token = data.admin_token
    assert token.startswith("radm-")
    assert len(token) == len("radm-") + 43
    assert data.admin_token == token
    assert mode(data.path / "admin-token") == 0o600
    assert [file.name for file in data.path.iterdir()] == ["admin-token"]


def test_signing_secret_is_made_once_and_private(data: DataDir):
    secret = data.signing_secret
    assert secret.startswith("rsig-")
    assert data.signing_secret == secret != data.admin_token
    assert mode(data.path / "signing-secret") == 0o600


def test_admin_token_made_by_two_at_once(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    theirs = "radm-" + "x" * 43
    link = os.link

    def link_too_late(draft: Path, file: Path) -> None:
        file.write_text(theirs)
        file.chmod(0o600)
        link(draft, file)

    monkeypatch.setattr(os, "link", link_too_late)
    assert data.admin_token == theirs
    assert [file.name for file in data.path.iterdir()] == ["admin-token"]


def test_admin_token_that_others_can_read_is_refused(data: DataDir):
    assert data.admin_token
    (data.path / "admin-token").chmod(0o644)
    with pytest.raises(DataDirError, match="Other users can read"):
        _ = data.admin_token


@pytest.mark.parametrize("text", [b"", b"radm-", b"123456", b"x" * 60])
def test_admin_token_that_is_none_is_refused(data: DataDir, text: bytes):
    assert data.admin_token
    (data.path / "admin-token").write_bytes(text)
    with pytest.raises(DataDirError, match="does not hold an admin token"):
        _ = data.admin_token


@pytest.mark.parametrize("text", [b"\xff", None])
def test_admin_token_that_cannot_be_read(data: DataDir, text: bytes | None):
    file = data.path / "admin-token"
    file.mkdir() if text is None else file.write_bytes(text)
    with pytest.raises(DataDirError, match="cannot be made or read"):
        _ = data.admin_token


def test_second_relay_is_told_who_holds_the_directory(data: DataDir):
    with data.lock("http://localhost:3000"):
        busy = rf"already runs on this data directory \(pid {os.getpid()}, http://localhost:3000\)"
        with pytest.raises(DataDirBusy, match=busy), data.lock():
            pass
        assert data.holder() == Holder(os.getpid(), "http://localhost:3000")


def test_directory_is_free_after_the_block(data: DataDir):
    assert data.holder() is None
    with data.lock():
        pass
    assert data.holder() is None
    with data.lock() as lock:
        lock.publish("http://localhost:4000")
        assert data.holder() == Holder(os.getpid(), "http://localhost:4000")


def test_lock_between_processes_ends_with_the_process(data: DataDir):
    program = (
        "import sys, pathlib; from relay.datadir import DataDir\n"
        "with DataDir.open(pathlib.Path(sys.argv[1])).lock('http://x'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(data.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        assert data.holder() == Holder(other.pid, "http://x")
        with pytest.raises(DataDirBusy), data.lock():
            pass
        other.kill()
    assert data.holder() is None


def test_holder_that_has_not_said_its_name(data: DataDir):
    with data.lock():
        (data.path / "relay.lock").write_bytes(b"")
        assert data.holder() == Holder(0, "")
        with pytest.raises(DataDirBusy, match="runs on this data directory; use that one"), data.lock():
            pass


def test_lock_file_that_cannot_be_opened(data: DataDir):
    (data.path / "relay.lock").mkdir()
    with pytest.raises(DataDirError, match="cannot be opened: Is a directory"), data.lock():
        pass


def test_lock_waits_out_a_question(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    asking = os.open(data.path / "relay.lock", os.O_CREAT | os.O_RDWR)
    datadir._take(asking)
    monkeypatch.setattr(datadir.time, "sleep", lambda _: os.close(asking))
    with data.lock():
        assert data.holder() == Holder(os.getpid(), "")


def test_lock_that_cannot_be_written(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with data.lock() as lock:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(DataDirError, match="lock of the data directory cannot be written: No space left on device"):
            lock.publish("http://localhost:3000")
