from pathlib import Path

import pytest

from relay.bridge.headless.discovery import Machine, find, package_command
from relay.errors import BrowserMissing


def machine(*programs: str, platform: str = "linux", **environment: str) -> Machine:
    """A machine that has `programs`, which is found by their full names."""
    return Machine(platform, environment, lambda name: name if name in programs else None, Path("/home/me"))


def test_setting_wins():
    assert find(Path("/opt/b"), Path("/own"), machine("/opt/b", "/own", "chromium")) == Path("/opt/b")


def test_setting_that_is_wrong_is_an_error_and_not_passed_over():
    with pytest.raises(BrowserMissing, match=r"headless\.browser: there is no program /opt/b"):
        find(Path("/opt/b"), Path("/own"), machine("/own", "chromium"))


def test_playwrights_own_comes_before_the_systems():
    assert find(None, Path("/own"), machine("/own", "chromium")) == Path("/own")
    assert find(None, Path("/own"), machine("chromium")) == Path("chromium")
    assert find(None, None, machine("google-chrome", "microsoft-edge")) == Path("google-chrome")


@pytest.mark.parametrize(
    ("platform", "environment", "place"),
    [
        ("darwin", {}, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("darwin", {}, "/home/me/Applications/Chromium.app/Contents/MacOS/Chromium"),
        ("win32", {"PROGRAMFILES": "C:/Programs"}, "C:/Programs/Microsoft/Edge/Application/msedge.exe"),
        ("win32", {"LOCALAPPDATA": "C:/Local"}, "C:/Local/Google/Chrome/Application/chrome.exe"),
    ],
)
def test_usual_places(platform: str, environment: dict[str, str], place: str):
    assert find(None, None, machine(place, platform=platform, **environment)) == Path(place)


def test_none_found_names_the_next_step():
    with pytest.raises(BrowserMissing, match="relay browser install"):
        find(None, None, machine())


@pytest.mark.parametrize(
    ("programs", "root", "command"),
    [
        (("apt-get",), True, "apt-get install chromium"),
        (("apt-get",), False, "sudo apt-get install chromium"),
        (("dnf",), False, "sudo dnf install chromium"),
        (("brew",), False, "brew install --cask chromium"),
        ((), False, None),
    ],
)
def test_package_command(programs: tuple[str, ...], root: bool, command: str | None):
    assert package_command(machine(*programs), root=root) == command


@pytest.mark.parametrize(
    ("platform", "environment", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_display(platform: str, environment: dict[str, str], shown: bool):
    assert machine(platform=platform, **environment).has_display is shown


def test_this_machine():
    assert Machine.this().home == Path.home()
