"""The files that come with relay and are no Python: what the browser gets."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def assets(name: str) -> Path:
    """Return the folder `name` (``static``, ``extension``): inside the wheel, or beside the package in a checkout."""
    packed = PACKAGE / "assets" / name
    return packed if packed.is_dir() else PACKAGE.parent / name
