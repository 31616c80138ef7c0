"""The directory that holds what relay keeps: database, admin token, lock.

It is private to the user (0700, files 0600), because whoever reads it can act as the signed-in person. One relay at a
time works on it: the operating system holds the lock, so one left behind by a crash does not matter.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from relay.errors import DataDirBusy, DataDirError

ADMIN_TOKEN_PREFIX = "radm-"  # noqa: S105  # what marks a token, not one
SIGNING_SECRET_PREFIX = "rsig-"  # noqa: S105

if sys.platform == "win32":  # pragma: no cover  # the other half of fcntl, which Windows lacks
    import msvcrt

    def _take(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # a locked byte cannot be read: far behind the holder's name
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Holder:
    """The relay that works on a data directory; ``url`` is its page, once it listens."""

    pid: int
    url: str


@dataclass(frozen=True)
class Lock:
    """A data directory of one's own."""

    file: int

    def publish(self, url: str) -> None:
        """Tell other programs of this user where this relay listens.

        Raises:
            DataDirError: if that cannot be written.
        """
        try:
            os.ftruncate(self.file, 0)
            os.lseek(self.file, 0, os.SEEK_SET)
            os.write(self.file, json.dumps({"pid": os.getpid(), "url": url}).encode())
        except OSError as exc:
            raise DataDirError(f"The lock of the data directory cannot be written: {exc.strerror}.") from exc


@dataclass(frozen=True)
class DataDir:
    """An existing directory that is writable and private."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Create the directory if need be and check that it is the user's alone.

        Raises:
            DataDirError: if it cannot be created or written, or others can write to it.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = path.stat()
        except OSError as exc:
            raise DataDirError(f"The data directory {path} cannot be created: {exc.strerror}.") from exc
        _refuse_shared(path, found)
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise DataDirError(f"The data directory {path} is not writable; choose another with --data-dir.")
        return cls(path)

    @property
    def database(self) -> Path:
        """Where the store lives."""
        return self.path / "relay.db"

    @property
    def headless(self) -> Path:
        """Where the accounts of headless mode are, with their browser profiles."""
        return self.path / "headless"

    @property
    def admin_token(self) -> str:
        """The secret of the admin pages, made on first use.

        Raises:
            DataDirError: if it cannot be made or read, or if others could have read it.
        """
        return self._secret("admin-token", ADMIN_TOKEN_PREFIX, "an admin token")

    @property
    def signing_secret(self) -> str:
        """The secret that signs what clients keep for relay, made on first use.

        Raises:
            DataDirError: if it cannot be made or read, or if others could have read it.
        """
        return self._secret("signing-secret", SIGNING_SECRET_PREFIX, "a signing secret")

    def _secret(self, name: str, prefix: str, what: str) -> str:
        file = self.path / name
        try:
            if not file.exists():
                _write_once(file, prefix + secrets.token_urlsafe(32))
            secret, mode = file.read_text(encoding="utf-8").strip(), file.stat().st_mode
        except (OSError, UnicodeDecodeError) as exc:
            raise DataDirError(f"{file}, which holds {what}, cannot be made or read.") from exc
        if os.name == "posix" and mode & 0o077:
            raise DataDirError(f"Other users can read {file}; delete it, and relay makes a new one.")
        if len(secret) < len(prefix) + 43 or not secret.startswith(prefix):
            raise DataDirError(f"{file} does not hold {what}; delete it, and relay makes a new one.")
        return secret

    @contextmanager
    def lock(self, url: str = "") -> Iterator[Lock]:
        """Keep other relays off this directory for the life of the block.

        Raises:
            DataDirBusy: if one works on it, naming it.
        """
        file = _open(self._lock_file)
        try:
            if not _taken_patiently(file):
                raise DataDirBusy(self._busy())
            lock = Lock(file)
            lock.publish(url)
            yield lock
        finally:
            os.close(file)

    def holder(self) -> Holder | None:
        """Return the relay that works on this directory now."""
        if not self._lock_file.exists():
            return None
        file = _open(self._lock_file)
        try:
            return None if _taken(file) else self._named()
        finally:
            os.close(file)

    @property
    def _lock_file(self) -> Path:
        return self.path / "relay.lock"

    def _named(self) -> Holder:
        try:
            found = json.loads(self._lock_file.read_bytes())
            return Holder(int(found["pid"]), str(found["url"]))
        except (OSError, ValueError, KeyError, TypeError):  # taken, but not yet published
            return Holder(0, "")

    def _busy(self) -> str:
        holder = self._named()
        who = ", ".join(filter(None, (f"pid {holder.pid}" if holder.pid else "", holder.url)))
        return (
            f"relay already runs on this data directory{f' ({who})' if who else ''}; "
            "use that one, stop it, or choose another with --data-dir."
        )


def _refuse_shared(path: Path, found: os.stat_result) -> None:
    if os.name != "posix":  # pragma: no cover  # Windows has access lists instead; a profile directory is private
        return
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise DataDirError(f"Other users can write to the data directory {path}; run: chmod 700 {path}")
    if os.geteuid() not in (0, found.st_uid):
        raise DataDirError(f"The data directory {path} belongs to another user; choose another with --data-dir.")


def _write_once(file: Path, text: str) -> None:
    """Create `file` with its whole text at once, unless somebody else has just done so."""
    draft = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, text.encode())
        os.close(handle)
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _open(file: Path) -> int:
    try:
        return os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as exc:
        raise DataDirError(f"{file} cannot be opened: {exc.strerror}.") from exc


def _taken(file: int) -> bool:
    """Take the lock, unless somebody has it."""
    try:
        _take(file)
    except OSError:
        return False
    return True


def _taken_patiently(file: int) -> bool:
    """Take the lock; more than one try, because asking who holds it takes it for a moment."""
    for _ in range(3):
        if _taken(file):
            return True
        time.sleep(0.02)
    return False
