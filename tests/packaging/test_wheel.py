"""The wheel: built, installed into an empty environment, and started from there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


def uv(*words: str | Path) -> None:
    """Run uv."""
    program = os.environ.get("UV") or shutil.which("uv")
    assert program, "uv is missing: python3 -m pip install uv"
    subprocess.run([program, *words], check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--quiet", "--out-dir", folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds nothing but the wheel and what it needs."""
    environment = tmp_path_factory.mktemp("venv") / "venv"
    uv("venv", "--quiet", environment)
    folder = environment / ("Scripts" if os.name == "nt" else "bin")
    uv("pip", "install", "--quiet", "--python", folder / "python", wheel)
    return folder


@pytest.fixture(scope="module")
def origin(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a relay from the wheel listens."""
    home = tmp_path_factory.mktemp("home")
    words = ("serve", "--no-open", "--data-dir", home / "data", "--port", "0")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "PYTHON"))}
    with subprocess.Popen(
        [installed / "relay", *words], cwd=home, env=environment | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        found = None
        for line in process.stdout:
            found = re.search(rb"(http://localhost:\d+)/v1", line)
            if found:
                break
        assert found, "relay ended without saying where it listens"
        yield found[1].decode()
        process.terminate()
        process.stdout.read()
    assert process.returncode == 0


def fetch(url: str) -> tuple[str, bytes]:
    """The content type and body behind `url`."""
    with urlopen(Request(url, headers={"Accept": "*/*"}), timeout=10) as answer:
        return answer.headers.get_content_type(), answer.read()


def test_wheel_holds_page_and_extension_and_no_tests(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {"relay/assets/static/index.html", "relay/assets/extension/bridge/protocol.js", "relay/py.typed"} <= names
    assert not [name for name in names if name.startswith("tests/") or "node_modules" in name]


@pytest.mark.parametrize(
    ("path", "kind", "source"),
    [
        ("/", "text/html", "static/index.html"),
        ("/static/js/main.js", "text/javascript", "static/js/main.js"),
        ("/static/style.css", "text/css", "static/style.css"),
        ("/bridge/protocol.js", "text/javascript", "extension/bridge/protocol.js"),
        ("/bridge/colours.css", "text/css", "extension/bridge/colours.css"),
        ("/bridge/adapters/puter.js", "text/javascript", "extension/bridge/adapters/puter.js"),
    ],
)
def test_installed_relay_serves_its_files(origin: str, path: str, kind: str, source: str) -> None:
    assert fetch(origin + path) == (kind, (ROOT / source).read_bytes())


def test_installed_relay_is_healthy(origin: str) -> None:
    kind, body = fetch(f"{origin}/health")

    assert (kind, json.loads(body)["status"]) == ("application/json", "ok")


def test_installed_command_says_its_version(installed: Path, wheel: Path) -> None:
    said = subprocess.run([installed / "relay", "--version"], check=True, capture_output=True, text=True).stdout

    assert wheel.name.split("-")[1] in said
