from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.bridge.headless import processes
from relay.bridge.headless.processes import Process, end, identify, kill, memory_of_group

NOWHERE = Path("/nonexistent")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group with one more in it."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(flush=True); input()'])"
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        kill(process.pid)


@pytest.mark.parametrize("proc", [processes.PROC, NOWHERE], ids=["proc", "ps"])
def test_process_is_known_by_id_and_start(sleeper: subprocess.Popen[bytes], proc: Path):
    found = identify(sleeper.pid, proc)
    assert found is not None
    assert (found.pid, found) == (sleeper.pid, identify(sleeper.pid, proc))
    assert found.started != ""


def test_ended_process_is_none(sleeper: subprocess.Popen[bytes]):
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert identify(sleeper.pid) is None  # a corpse still has its entry
    sleeper.wait()
    assert identify(sleeper.pid) is None
    assert identify(sleeper.pid, NOWHERE) is None


def test_system_without_proc_and_ps_does_not_tell(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert identify(os.getpid(), NOWHERE) is None


def test_ends_a_process_with_its_group(sleeper: subprocess.Popen[bytes]):
    found = identify(sleeper.pid)
    assert found is not None
    assert end(found) is True
    assert sleeper.wait() == -9
    assert end(found) is False


def test_leaves_another_process_with_the_same_id(sleeper: subprocess.Popen[bytes]):
    assert end(Process(sleeper.pid, "long ago")) is False
    assert sleeper.poll() is None


def test_kills_a_process_that_leads_no_group():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        kill(process.pid)
        assert process.wait() == -9
    kill(process.pid)  # gone already


def test_memory_of_a_group(sleeper: subprocess.Popen[bytes]):
    memory = memory_of_group(sleeper.pid)
    assert memory is not None
    assert 1_000_000 < memory < 1_000_000_000
    assert memory_of_group(2**22 + 1) is None


def test_memory_that_cannot_be_read_counts_nothing(tmp_path: Path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a) b) S 1 7 7 " + "0 " * 20)
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "stat").mkdir()
    assert memory_of_group(7, tmp_path) == 0


def test_system_that_does_not_name_its_boot(tmp_path: Path):
    (tmp_path / "self").mkdir()
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a) S " + " ".join(str(n) for n in range(4, 40)))
    assert identify(7, tmp_path) == Process(7, "/22")
