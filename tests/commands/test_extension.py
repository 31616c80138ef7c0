"""`relay extension` as a user types it."""

import json
import zipfile
from pathlib import Path

import pytest

from relay import __version__

from .conftest import Relay


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_path_holds_the_extension(relay: Relay):
    shown = relay("extension", "path")
    assert shown.exit_code == 0
    manifest = json.loads((Path(shown.output.strip()) / "manifest.json").read_text())
    assert manifest["manifest_version"] == 3


def test_pack_has_every_file_and_is_the_same_each_time(relay: Relay, folder: Path):
    packed = relay("extension", "pack")
    assert (packed.exit_code, packed.output) == (0, f"relay-extension-{__version__}.zip\n")
    first = (folder / f"relay-extension-{__version__}.zip").read_bytes()
    assert relay("extension", "pack", "again.zip").exit_code == 0
    assert (folder / "again.zip").read_bytes() == first
    source = Path(relay("extension", "path").output.strip())
    with zipfile.ZipFile(folder / "again.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        packed_manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("page/agent.js") == (source / "page" / "agent.js").read_bytes()
    manifest = json.loads((source / "manifest.json").read_text())
    assert manifest.pop("key")
    assert packed_manifest == manifest
    assert {"manifest.json", "bridge/protocol.js", "page/agent.js", "content/main.js"} <= names


def test_pack_writes_over_nothing(relay: Relay, folder: Path):
    (folder / "mine.zip").write_text("mine")
    refused = relay("extension", "pack", "mine.zip")
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert (folder / "mine.zip").read_text() == "mine"
    assert relay("extension", "pack", "mine.zip", "--force").exit_code == 0
    assert zipfile.is_zipfile(folder / "mine.zip")
