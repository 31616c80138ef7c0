"""The pins in pyproject.toml are the versions that these tests run with."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def test_every_installed_package_is_pinned_at_its_version():
    pins = tomllib.loads(PYPROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    pinned = {pin.split(";")[0].strip() for pin in pins}
    installed = {f"{re.sub(r'[-_.]+', '-', package.name).lower()}=={package.version}" for package in distributions()}
    own = {package for package in installed if package.startswith("session-relay==")}
    assert installed - own - pinned == set()
