"""The command line in a directory of its own, without the settings of whoever runs the tests."""

import html
import re
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from click.testing import CliRunner, Result

from relay import settings
from relay.cli import main
from relay.settings import sources

Relay = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for setting in settings.documented():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setattr(sources, "default_config", lambda: tmp_path / "relay.toml")
    monkeypatch.setenv("RELAY_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def relay(place: Path) -> Relay:
    """Run the command line with these words."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, words, prog_name="relay")

    return run


@dataclass
class Opened:
    """Stands in for the browser: what it was started with, and the links that this led to."""

    failure: Exception | None = None
    addresses: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def open(self, address: str) -> bool:
        self.addresses.append(address)
        file = Path(url2pathname(urlsplit(address).path))
        self.files.append(file)
        [url] = re.findall(r'href="([^"]*)"', file.read_text(encoding="utf-8"))
        self.links.append(html.unescape(url))
        if self.failure:
            raise self.failure
        return True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """What was opened in the browser."""
    opened = Opened()
    monkeypatch.setattr(webbrowser, "open", opened.open)
    return opened
