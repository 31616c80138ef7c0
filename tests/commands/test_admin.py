"""``relay admin``: the link, where it leads, and who opens it."""

import json
import webbrowser
from typing import Any

import pytest

from relay.commands import admin as module
from relay.datadir import DataDir

from .conftest import Opened, Relay

URL = "http://127.0.0.1:3000/admin/#code=7QK2M-0XW9T"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What a relay that answers was asked."""
    asked: list[tuple[str, str]] = []

    def ask(_data: DataDir, method: str, path: str, *, place: str) -> dict[str, Any]:
        asked.append((method, path))
        return {"code": "7QK2M-0XW9T", "url": URL, "expires_in": 300}

    monkeypatch.setattr(module, "ask", ask)
    return asked


def test_link(relay: Relay, asked: list[tuple[str, str]], opened: Opened):
    result = relay("admin")
    assert (result.stdout, result.stderr) == (f"{URL}\n", "It works once, within 5 minutes.\n")
    assert (asked, opened.links) == ([("POST", "/api/admin/codes")], [])


def test_link_to_a_screen(relay: Relay, asked: list[tuple[str, str]]):
    assert relay("admin", "--account", "my work").stdout == f"{URL}&account=my%20work\n"


def test_json(relay: Relay, asked: list[tuple[str, str]], opened: Opened):
    result = relay("admin", "--json", "--open")
    assert json.loads(result.stdout) == {"url": URL, "expires_in": 300}
    assert opened.links == []


def test_link_is_opened_if_wanted(relay: Relay, asked: list[tuple[str, str]], opened: Opened):
    result = relay("admin", "--open")
    assert opened.links == [URL]
    assert "7QK2M" not in opened.addresses[0]
    assert result.stderr.endswith("If your browser does not show it, open the link there yourself.\n")


def test_no_browser_to_open_it(relay: Relay, asked: list[tuple[str, str]], opened: Opened):
    opened.failure = webbrowser.Error("no browser")
    result = relay("admin", "--open")
    assert (result.exit_code, result.stdout) == (0, f"{URL}\n")
    assert result.stderr == "It works once, within 5 minutes.\n"


def test_relay_does_not_run(relay: Relay):
    result = relay("admin")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: relay is not running on this data directory; start it with: relay\n"
