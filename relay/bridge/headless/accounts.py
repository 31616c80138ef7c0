"""Accounts on disk: one private directory each, with a browser profile that stays signed in.

::

    <root>/<name>/account.json    what the account is
    <root>/<name>/adapter.json    the site description, unless it is relay's own page
    <root>/<name>/credential      the bridge credential of the carrier
    <root>/<name>/credential-id   which credential the sessions use, to end it with the account
    <root>/<name>/state.json      cookies and storage as last exported
    <root>/<name>/process.json    the browser that runs on the profile
    <root>/<name>/profile/        Chromium's

Whoever reads such a directory is signed in as that person: directories are 0700, files 0600.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from relay.bridge.headless.processes import Process
from relay.errors import AccountRefused, AccountUnknown

ATTACHED = "attached"
"""The name of the account for a browser that a person started."""

OWN_PAGE = "puter"
"""What the site of relay's own page is called."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
PROXY = re.compile(r"(https?|socks5)://[^\s/]+/?")
ADAPTER_BYTES = 1_000_000


class Account(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One login; ``start`` is where its site is opened, ``None`` for relay's own page.

    ``attach`` is the debugging address of a browser that relay does not run but uses; such an account is not stored.
    """

    name: str
    adapter: Annotated[str, Meta(max_length=256)] = OWN_PAGE
    start: Annotated[str, Meta(max_length=4096)] | None = None
    proxy: Annotated[str, Meta(max_length=4096)] | None = None
    attach: str | None = None

    @property
    def site(self) -> str:
        """The host of the site, the name of relay's own page, or where an attached browser is."""
        if self.attach is not None:
            return self.attach
        return OWN_PAGE if self.start is None else urlsplit(self.start).hostname or ""


def checked(account: Account) -> Account:
    """Return `account` if it can be used.

    Raises:
        AccountRefused: its name, address or proxy cannot be used.
    """
    if not NAME.fullmatch(account.name) or account.name == ATTACHED:
        raise AccountRefused("A name has 1 to 40 of: a-z 0-9 . _ - and begins with a letter or digit.", param="name")
    if account.start is not None and not _is_web_address(account.start):
        raise AccountRefused("A site is an http or https address, such as https://chat.example/.", param="site")
    if account.proxy is not None and not PROXY.fullmatch(account.proxy):
        raise AccountRefused("A proxy is an address such as http://proxy.example:8080 or socks5://…", param="proxy")
    return account


@dataclass(frozen=True)
class Home:
    """The files of one account."""

    path: Path

    @property
    def profile(self) -> Path:
        """Chromium's own directory."""
        return self.path / "profile"

    @property
    def state(self) -> bytes | None:
        """What was exported last: cookies and storage."""
        return _read(self.path / "state.json")

    def keep_state(self, state: bytes) -> None:
        """Replace the export."""
        _write(self.path / "state.json", state)

    @property
    def description(self) -> bytes | None:
        """The site description."""
        return _read(self.path / "adapter.json")

    @property
    def token(self) -> str | None:
        """The carrier's bridge credential."""
        kept = _read(self.path / "credential")
        return None if kept is None else kept.decode("ascii", "replace")

    def keep_token(self, token: str) -> None:
        """Replace the credential."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self.path / "credential", token.encode())

    @property
    def credential(self) -> str | None:
        """The id of the bridge credential that the account's sessions used last."""
        kept = _read(self.path / "credential-id")
        return None if kept is None else kept.decode("ascii", "replace")

    def keep_credential(self, credential: str) -> None:
        """Write down which credential the sessions use."""
        if credential != self.credential:
            _write(self.path / "credential-id", credential.encode())

    @property
    def process(self) -> Process | None:
        """The browser that was last started here, if that was written down."""
        kept = _read(self.path / "process.json")
        try:
            return None if kept is None else msgspec.json.decode(kept, type=Process)
        except msgspec.MsgspecError:
            return None

    def keep_process(self, process: Process | None) -> None:
        """Write down which browser runs here, or that none does."""
        if process is None:
            (self.path / "process.json").unlink(missing_ok=True)
        else:
            _write(self.path / "process.json", msgspec.json.encode(process))


class Accounts:
    """All accounts below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self) -> tuple[tuple[Account, ...], tuple[str, ...]]:
        """Return the accounts by name, and the names of directories that cannot be read as one."""
        found, broken = [], []
        for path in sorted(self._root.glob("*/account.json")):
            account = _account(path)
            if account is None:
                broken.append(path.parent.name)
            else:
                found.append(account)
        return tuple(found), tuple(broken)

    def get(self, name: str) -> Account:
        """Return the account called `name`.

        Raises:
            AccountUnknown: there is none.
        """
        account = _account(self._root / name / "account.json") if NAME.fullmatch(name) else None
        if account is None:
            raise AccountUnknown(name)
        return account

    def home(self, name: str) -> Home:
        """Return where the files of the account are."""
        return Home(self._root / name)

    def save(self, account: Account, description: bytes | None = None) -> None:
        """Create the account, or change what it is; its profile stays.

        Raises:
            AccountRefused: it cannot be used, or one of this name is on another site.
        """
        checked(account)
        home = self._root / account.name
        before = _account(home / "account.json")
        if before is not None and before.site != account.site:
            raise AccountRefused(
                f"The account {account.name} is one of {before.site}; choose another --name.", param="name"
            )
        (home / "profile").mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self._root, home, home / "profile"):
            directory.chmod(0o700)
        if description is not None:
            _write(home / "adapter.json", description)
        _write(home / "account.json", msgspec.json.encode(account))

    def remove(self, name: str) -> str | None:
        """Delete the account with its profile: the login is gone. Return the id of its bridge credential, if any.

        Raises:
            AccountUnknown: there is none.
        """
        if not NAME.fullmatch(name) or not (self._root / name).is_dir():
            raise AccountUnknown(name)
        credential = self.home(name).credential
        shutil.rmtree(self._root / name)
        return credential


def _account(file: Path) -> Account | None:
    kept = _read(file)
    try:
        account = None if kept is None else checked(msgspec.json.decode(kept, type=Account))
    except (msgspec.MsgspecError, AccountRefused):
        return None
    good = account is not None and account.name == file.parent.name and account.attach is None
    return account if good else None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _write(file: Path, content: bytes) -> None:
    """Replace `file` at once, readable by the user alone."""
    draft = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
