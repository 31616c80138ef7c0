"""Opening a link that holds a secret in the person's browser.

Every user of a machine can read the command line with which a browser is started. So the browser is given a file of
ours that leads on to the link, and only this user can read that file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import webbrowser
from contextlib import suppress
from html import escape
from pathlib import Path

from relay.datadir import DataDir

SPENT_SECONDS = 600.0
"""No link works that long: a file of that age is of no use to anybody, and the next one that is made clears it away."""
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>relay</title>
<p><a href="{url}">Go on to relay</a></p>
</html>
"""


class Opener:
    """Opens links, and keeps them off every command line."""

    def __init__(self, data: DataDir, home: Path | None = None) -> None:
        self._data = data.path
        self._home = home or Path.home()
        self._files: list[Path] = []

    def open(self, url: str) -> bool:
        """Open `url`; the result says whether a browser was found, not whether it shows the page.

        The link must be on the screen as well: a browser may not get at the file, or there may be none.
        """
        with suppress(webbrowser.Error, OSError):
            folder = _shown_to_browsers(self._home, self._data) / "links"
            folder.mkdir(mode=0o700, exist_ok=True)
            _clear(folder)
            return webbrowser.open(self._write(folder, url).as_uri())
        return False

    def close(self) -> None:
        """Delete what was written for the browser: its links are of no use any more."""
        for file in self._files:
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def _write(self, folder: Path, url: str) -> Path:
        handle, name = tempfile.mkstemp(suffix=".html", dir=folder)  # 0600
        file = Path(name)
        self._files.append(file)
        with os.fdopen(handle, "w", encoding="utf-8") as page:
            page.write(PAGE.format(url=escape(url)))
        return file


def _clear(folder: Path) -> None:
    for file in folder.glob("*.html"):
        if file.stat().st_mtime < time.time() - SPENT_SECONDS:
            file.unlink(missing_ok=True)


def _shown_to_browsers(home: Path, usual: Path) -> Path:
    """Return a directory of this user that the default browser can read: one in a sandbox sees little but its own.

    See https://snapcraft.io/docs/environment-variables (``SNAP_USER_COMMON``) and
    https://docs.flatpak.org/en/latest/conventions.html (``~/.var/app``).
    """
    name = _default_browser()
    own = (home / "snap" / name.partition("_")[0] / "common", home / ".var" / "app" / name)
    return next((folder for folder in own if name and folder.is_dir()), usual)


def _default_browser() -> str:
    """The name of the default browser's desktop entry, without its suffix; empty where there are no such entries."""
    command = shutil.which("xdg-settings")
    if command is None:
        return ""
    words = (command, "get", "default-web-browser")
    try:
        asked = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603  # fixed words
    except (OSError, subprocess.SubprocessError):
        return ""
    name = asked.stdout.strip().removesuffix(".desktop")
    return name if "/" not in name else ""
