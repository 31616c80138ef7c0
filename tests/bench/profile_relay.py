"""Where a running process spends its CPU time, by sampling it from outside with py-spy."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RATE = 500
TOP = 30
EVENT_LOOP = "Runner.run "
"""Only its thread counts: a sampler takes threads that wait in a queue for busy."""


@contextmanager
def recorded(pid: int, title: str) -> Iterator[None]:
    """Sample `pid` for the life of the block, then print what it did.

    Sampling slows it down: take figures from runs without it.
    """
    program = _py_spy()
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        how = ["--threads", "--rate", str(RATE), "--format", "raw", "--output", file.name]
        words = [*program, "record", "--pid", str(pid), *how]
        sampler = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            yield
        finally:
            sampler.send_signal(signal.SIGINT)
            _, said = sampler.communicate()
        stacks = [line for line in Path(file.name).read_text().splitlines() if EVENT_LOOP in line]
        print(f"\n### {title}\n\n{_top(stacks)}" if stacks else f"py-spy saw nothing. {said}", file=sys.stderr)


def _py_spy() -> list[str]:
    if shutil.which("py-spy"):
        return ["py-spy"]
    if shutil.which("uvx"):
        return ["uvx", "py-spy"]
    sys.exit("--profile needs py-spy (pip install py-spy) and the right to look at other processes.")


def _top(stacks: list[str]) -> str:
    """Return the functions with most samples of their own, and with those of what they call."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frames = [frame.rpartition(":")[0] + ")" if ":" in frame else frame for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        for frame in set(frames):
            whole[frame] += int(count)
    total = own.total()
    lines = ["| function | own % | with callees % |", "|---|---:|---:|"]
    ranked = [name for name, _ in own.most_common(TOP)]
    ranked += [name for name, _ in whole.most_common(TOP) if name not in ranked]
    lines += [f"| {name} | {100 * own[name] / total:.1f} | {100 * whole[name] / total:.1f} |" for name in ranked]
    return "\n".join(lines)
