"""Which browser to run: the one that is set, Playwright's own, or one that the system has."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from relay.errors import BrowserMissing

ON_PATH = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
)
ON_MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
ON_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
PACKAGES = (
    ("apt-get", "apt-get install chromium"),
    ("dnf", "dnf install chromium"),
    ("pacman", "pacman -S chromium"),
    ("zypper", "zypper install chromium"),
    ("apk", "apk add chromium"),
    ("brew", "brew install --cask chromium"),
    ("winget", "winget install Google.Chrome"),
)

Which = Callable[[str], str | None]


@dataclass(frozen=True)
class Machine:
    """What discovery asks of the machine."""

    platform: str
    environment: Mapping[str, str]
    which: Which
    home: Path

    @classmethod
    def this(cls) -> Machine:
        """The one that this program runs on."""
        return cls(sys.platform, os.environ, shutil.which, Path.home())

    @property
    def has_display(self) -> bool:
        """Whether a window can be shown to a person here."""
        if self.platform in {"win32", "darwin"}:
            return True
        return bool(self.environment.get("DISPLAY") or self.environment.get("WAYLAND_DISPLAY"))


def find(configured: Path | None, own: Path | None, machine: Machine) -> Path:
    """Return the program to run; `own` is where Playwright would have put its browser.

    Raises:
        BrowserMissing: there is none, or not where the setting says.
    """
    if configured is not None:
        found = machine.which(str(configured))
        if found is None:
            raise BrowserMissing(f"headless.browser: there is no program {configured}.")
        return Path(found)
    if own is not None and machine.which(str(own)) is not None:
        return own
    for place in _places(machine):
        found = machine.which(place)
        if found is not None:
            return Path(found)
    raise BrowserMissing("No Chromium, Chrome or Edge was found. This installs one: relay browser install")


def package_command(machine: Machine, *, root: bool) -> str | None:
    """Return the command with which the system's own package manager installs a browser."""
    for program, command in PACKAGES:
        if machine.which(program) is not None:
            alone = root or program in {"brew", "winget"}
            return command if alone else f"sudo {command}"
    return None


def _places(machine: Machine) -> tuple[str, ...]:
    if machine.platform == "darwin":
        roots = (Path("/Applications"), machine.home / "Applications")
        return tuple(str(root / name) for name in ON_MACOS for root in roots)
    if machine.platform == "win32":
        folders = [machine.environment[name] for name in WINDOWS_ROOTS if machine.environment.get(name)]
        return tuple(str(Path(folder) / name) for name in ON_WINDOWS for folder in folders)
    return ON_PATH
