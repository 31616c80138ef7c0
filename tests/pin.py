"""Pin every package that relay and its tests use to the newest version that fits.

    uv run --no-project tests/pin.py

The pins stand in pyproject.toml (``tool.uv.constraint-dependencies``), where every ``uv run`` obeys them. They take the
place of a committed uv.lock, which would tie the project to the package index that it was made with.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
BLOCK = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
EXPORT = ("export", "--all-groups", "--no-hashes", "--no-emit-project", "--no-annotate", "--no-header", "--quiet")


def main() -> None:
    """Rewrite the pins in pyproject.toml."""
    before = PYPROJECT.read_text(encoding="utf-8")
    try:
        PYPROJECT.write_text(with_pins(before, []), encoding="utf-8")
        uv("lock", "--upgrade", "--quiet")
        PYPROJECT.write_text(with_pins(before, uv(*EXPORT).splitlines()), encoding="utf-8")
    except subprocess.CalledProcessError:
        PYPROJECT.write_text(before, encoding="utf-8")
        raise


def with_pins(pyproject: str, pins: list[str]) -> str:
    """Return the text of pyproject.toml with these pins instead of its own."""
    lines = "".join(f'    "{pin}",\n' for pin in pins if "== 'emscripten'" not in pin)
    return BLOCK.sub(lambda _: f"constraint-dependencies = [\n{lines}]\n", pyproject)


def uv(*arguments: str) -> str:
    """Run uv in the project and return what it prints."""
    return subprocess.run(["uv", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
