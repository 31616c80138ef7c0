"""``relay doctor``: findings for people and programs, and the exit code."""

import json
from pathlib import Path

import pytest

from .conftest import Relay


@pytest.fixture(autouse=True)
def _free_ports(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place  # which clears the environment first
    monkeypatch.setenv("RELAY_PORT", "0")


def test_all_well(relay: Relay, place: Path):
    result = relay("doctor")
    assert result.exit_code == 0
    assert f"ok    data directory  {place} is writable and private\n" in result.stdout
    assert (
        "warn  relay           not running on this data directory\n" + " " * 22 + "-> Start it: relay\n"
        in result.stdout
    )


def test_failure(relay: Relay, place: Path):
    place.mkdir(mode=0o700)
    (place / "relay.db").write_bytes(b"rubbish" * 1000)
    result = relay("doctor")
    assert result.exit_code == 1
    assert f"fail  database        The database {place}/relay.db is damaged" in result.stdout


def test_json(relay: Relay, place: Path):
    shown = json.loads(relay("doctor", "--json").stdout)
    assert shown["ok"] is True
    assert shown["checks"][3] == {
        "name": "data directory",
        "state": "ok",
        "finding": f"{place} is writable and private",
        "advice": "",
    }
