"""Keep the big programs from npm outside the tree, in the folder of everything that tests install.

    python -m stack.npm_programs        (in tests/e2e)

installs what ``tests/clients/heavy/package-lock.json`` lists, if that changed since the last time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from apps.installed import cache

from .programs import ROOT, node

LOCKED = ROOT / "tests" / "clients" / "heavy"
STAMP = ".relay-lock-sha256"
CLAUDE_CODE = Path("@anthropic-ai", "claude-code")


def npm_programs() -> Path:
    """The folder ``node_modules`` of the programs, which is filled first if need be."""
    wanted = hashlib.sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()
    home = cache() / "npm"
    stamp = home / STAMP
    modules = home / "node_modules"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(LOCKED / name, home / name)
        npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
        subprocess.run([node(), npm, *words], check=True, cwd=home)
        # Of all these packages only Claude Code's needs its script: it puts the program for this machine in its place.
        subprocess.run([node(), modules / CLAUDE_CODE / "install.cjs"], check=True, cwd=home)
        stamp.write_text(wanted)
    return modules


if __name__ == "__main__":
    print(npm_programs())
