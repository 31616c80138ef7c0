"""What the benchmarks of the chains share: timing the answers of a site's page, and the memory of a browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from stack.chat_site import long_answer
from stack.client import DONE
from stack.relay import Relay

PARTS = 20_000


async def rate(relay: Relay, streams: int) -> float:
    """Parts a second of whole answers, each compared byte for byte."""
    began = time.monotonic()
    replies = await asyncio.gather(*(relay.client.chat("site", f"long {PARTS}") for _ in range(streams)))
    seconds = time.monotonic() - began
    for reply in replies:
        assert reply.json()["choices"][0]["message"]["content"] == long_answer(PARTS)
    return streams * PARTS / seconds


async def first_part(relay: Relay) -> float:
    """Seconds from a request to the first piece of its answer."""
    began = time.monotonic()
    async with relay.client.stream("site", "word") as stream:
        async for event in stream.events():
            if event != DONE and event["choices"] and event["choices"][0]["delta"].get("content"):
                return time.monotonic() - began
    raise AssertionError("there was no answer")


def proportional(processes: Iterable[int]) -> float:
    """The bytes of `processes`, with shared memory divided among its users."""
    return float(sum(_proportional(process) for process in processes))


def _proportional(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def table(rows: Iterable[tuple[str, str]]) -> str:
    """The figures as Markdown."""
    return "\n".join(["| figure | value |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])
