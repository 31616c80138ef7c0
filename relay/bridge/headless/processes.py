"""Processes of the operating system: telling one from another with the same id, ending it, measuring it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import msgspec

PROC = Path("/proc")
AFTER_COMMAND = 3
"""The fields of /proc/<pid>/stat are numbered from 1; the command in brackets is the second."""
GROUP, START_TIME = 5 - AFTER_COMMAND, 22 - AFTER_COMMAND
PS_SECONDS = 5


class Process(msgspec.Struct, frozen=True):
    """A process and when it began: an id alone may be another process's by now."""

    pid: int
    started: str


def identify(pid: int, proc: Path = PROC) -> Process | None:
    """Return the process that has this id now, ``None`` if there is none or the system does not tell."""
    if (proc / "self").exists():
        return _identify_by_proc(pid, proc)
    return _identify_by_ps(pid)


def end(process: Process) -> bool:
    """Kill `process` and its group if it still is the one that was written down; whether there was something to do."""
    if identify(process.pid) != process or process.pid <= 1:
        return False
    kill(process.pid)
    return True


def kill(pid: int) -> None:
    """Kill a process, and its whole group if it leads one; it may be gone already."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def memory_of_group(leader: int, proc: Path = PROC) -> int | None:
    """Return the bytes that the group of `leader` occupies, shared ones divided among their users (PSS)."""
    total = None
    for stat in proc.glob("[0-9]*/stat"):
        fields = _stat(stat)
        if fields is not None and int(fields[GROUP]) == leader:
            total = (total or 0) + _proportional_bytes(stat.parent / "smaps_rollup")
    return total


def _identify_by_proc(pid: int, proc: Path) -> Process | None:
    fields = _stat(proc / str(pid) / "stat")
    if fields is None or fields[0] == "Z":
        return None
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return Process(pid, f"{boot}/{fields[START_TIME]}")


def _identify_by_ps(pid: int) -> Process | None:
    try:
        words = ("ps", "-o", "lstart=", "-p", str(pid))
        found = subprocess.run(words, capture_output=True, text=True, timeout=PS_SECONDS, check=False)  # noqa: S603  # fixed words and a number
    except (OSError, subprocess.SubprocessError):
        return None
    started = " ".join(found.stdout.split())
    return Process(pid, started) if started else None


def _stat(file: Path) -> list[str] | None:
    """The fields after the command: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    try:
        return file.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _proportional_bytes(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:  # it has just ended, or belongs to another user
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
