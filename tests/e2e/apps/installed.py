"""Keep the web chats that tests start in virtual environments of their own, outside the tree.

    python tests/e2e/apps/installed.py gradio chainlit

installs what is missing or was made from other pins. Each environment holds exactly the packages that
``requirements/<name>.txt`` lists, so nothing is resolved. Only the standard library is used here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
STAMP = ".relay-pins-sha256"


def python_of(name: str) -> Path:
    """The Python of the environment `name`, which is made first if need be."""
    pins = REQUIREMENTS / f"{name}.txt"
    wanted = hashlib.sha256(sys.version.encode() + pins.read_bytes()).hexdigest()
    home = cache() / name
    stamp = home / STAMP
    python = home / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, symlinks=True, with_pip=uv() is None)
        # cwd: uv would apply the constraints of a project around it
        subprocess.run(installer(python, pins), check=True, cwd=home)
        stamp.write_text(wanted)
    return python


def cache() -> Path:
    """The folder of all environments; ``RELAY_TEST_CACHE`` moves it."""
    own = os.environ.get("RELAY_TEST_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "relay-tests"


def uv() -> str | None:
    """The program uv, if it is there: it installs many times faster than pip."""
    return os.environ.get("UV") or shutil.which("uv")


def installer(python: Path, pins: Path) -> list[str | Path]:
    """The command that installs exactly `pins` for `python`."""
    program = uv()
    if program is None:
        return [python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", pins]
    return [program, "pip", "install", "--quiet", "--no-deps", "--python", python, "--requirement", pins]


if __name__ == "__main__":
    for wanted_name in sys.argv[1:]:
        print(python_of(wanted_name))
