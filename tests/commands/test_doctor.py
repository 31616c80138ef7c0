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
    assert shown["checks"][4] == {
        "name": "data directory",
        "state": "ok",
        "finding": f"{place} is writable and private",
        "advice": "",
    }


def test_wrong_settings_are_findings(relay: Relay, tmp_path: Path):
    config = tmp_path / "my.toml"
    config.write_text("prot = 1\nport = -1\n")
    result = relay("doctor", "--json", "--config", str(config))
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["ok"]) == (1, False)
    assert [(check["name"], check["state"]) for check in shown["checks"][3:]] == [("settings", "fail")]
    assert shown["checks"][3]["finding"].startswith("prot: there is no such setting")


def test_file_that_cannot_be_used(relay: Relay, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_PUTER__SDK", "/nonexistent.js")
    result = relay("doctor")
    assert result.exit_code == 1
    assert (
        "fail  settings        puter.sdk: the file /nonexistent.js cannot be read: No such file or directory.\n"
        in result.stdout
    )


def test_data_directory_that_cannot_be_made(relay: Relay, tmp_path: Path):
    (tmp_path / "file").touch()
    result = relay("doctor", "--json", "--data-dir", str(tmp_path / "file" / "data"))
    shown = json.loads(result.stdout)
    assert (shown["checks"][-1]["name"], shown["checks"][-1]["state"]) == ("data directory", "fail")
