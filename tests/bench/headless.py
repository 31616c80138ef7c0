"""What headless mode costs: time to the first session, memory of an account, parts a second through the carrier.

    uv run tests/bench/headless.py

It needs Linux and a Chromium, and takes about a minute. Nothing is asserted: the table is for reading.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e")]

from answers import first_part, proportional, rate, table  # noqa: E402  # beside this file
from puter_emulator import PuterEmulator  # noqa: E402  # from the folder just named
from stack.chat_site import chat_site  # noqa: E402
from stack.client import ApiClient  # noqa: E402
from stack.headless import group, login  # noqa: E402
from stack.page import ready  # noqa: E402
from stack.relay import Relay  # noqa: E402

ROUNDS = 3
SETTLED_SECONDS = 12


async def main() -> None:
    """Measure, and print the table."""
    async with PuterEmulator() as puter, chat_site() as url:
        with tempfile.TemporaryDirectory() as place:
            rows = [*await own_page(puter, Path(place)), *await carrier(puter, Path(place), url)]
    print(table(rows))


async def own_page(puter: PuterEmulator, place: Path) -> list[tuple[str, str]]:
    """Start relay with one account, then with two."""
    relay = Relay(place / "own", puter, RELAY_HEADLESS__ENABLED="true")
    await login(relay, puter.issue_token())
    starts = [await start_to_session(relay, 1) for _ in range(ROUNDS)]
    one = await memory(relay)
    await login_beside(relay, puter)
    starts_of_two = [await start_to_session(relay, 2) for _ in range(ROUNDS)]
    two = await memory(relay)
    await relay.stop()
    return [
        ("from `relay serve --headless` to a session that answers, one account, s", f"{statistics.median(starts):.1f}"),
        ("the same until both of two accounts answer, s", f"{statistics.median(starts_of_two):.1f}"),
        ("memory of an account's browser, relay's own page, MB (PSS)", f"{one / 1e6:.0f}"),
        ("memory of two accounts' browsers, MB (PSS)", f"{two / 1e6:.0f}"),
    ]


async def start_to_session(relay: Relay, sessions: int) -> float:
    """Start, anew if it runs, and return the seconds until the sessions are there."""
    if relay.process is not None and relay.process.returncode is None:
        await relay.stop()
    began = time.monotonic()
    await relay.start()
    await ready(relay, sessions)
    return time.monotonic() - began


async def login_beside(relay: Relay, puter: PuterEmulator) -> None:
    """Sign a second account in while relay runs."""
    await login(relay, puter.issue_token(), "--name", "second")


async def memory(relay: Relay) -> float:
    """What all browsers of relay occupy once they have settled."""
    await asyncio.sleep(SETTLED_SECONDS)
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
    found = (await owner.get("/api/accounts")).json()["accounts"]
    leaders = [account["pid"] for account in found if account["pid"]]
    return proportional(process for leader in leaders for process in group(leader))


async def carrier(puter: PuterEmulator, place: Path, url: str) -> list[tuple[str, str]]:
    """Stream long answers of a site through relay's own carrier."""
    relay = Relay(place / "site", puter)
    await relay.start()
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
    began = time.monotonic()
    await owner.post("/api/accounts", {"site": url, "name": "chat"})
    await ready(relay)
    session = time.monotonic() - began
    rates = [await rate(relay, 1) for _ in range(ROUNDS)]
    rates_of_three = [await rate(relay, 3) for _ in range(ROUNDS)]
    firsts = [await first_part(relay) for _ in range(20)]
    await relay.stop()
    return [
        ("from a new account to its session on another site, s", f"{session:.1f}"),
        ("parts through the carrier, one stream, 1/s", f"{statistics.median(rates):,.0f}"),
        ("parts through the carrier, three streams, 1/s", f"{statistics.median(rates_of_three):,.0f}"),
        ("time to the first part through the carrier, p50, ms", f"{statistics.median(firsts) * 1000:.1f}"),
    ]


if __name__ == "__main__":
    asyncio.run(main())
