"""Files that settings name: whether relay can use them."""

from __future__ import annotations

import os
from pathlib import Path

from relay.settings import Settings


def file_problems(settings: Settings) -> list[str]:
    """Return one sentence for each file that is set and cannot be used; none is created for that."""
    sdk, log = settings.puter.sdk_file, settings.log.file
    problems = (sdk and _unreadable(sdk), log and _unwritable(log))
    return [problem for problem in problems if problem]


def _unreadable(file: Path) -> str | None:
    try:
        file.open("rb").close()
    except OSError as exc:
        return f"puter.sdk: the file {file} cannot be read: {exc.strerror}."
    return None


def _unwritable(file: Path) -> str | None:
    if file.is_dir():
        return f"log.file: {file} is a directory."
    if file.exists():
        return None if os.access(file, os.W_OK) else f"log.file: the file {file} cannot be written."
    if not file.parent.is_dir():
        return f"log.file: there is no directory {file.parent}."
    return None if os.access(file.parent, os.W_OK | os.X_OK) else f"log.file: {file.parent} cannot be written."
