"""The command line in a directory of its own, without the settings of whoever runs the tests."""

from collections.abc import Callable
from pathlib import Path

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
