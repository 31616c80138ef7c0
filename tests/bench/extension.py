"""What the extension costs: parts a second from a page's own world to the client, time to a session, memory of a tab.

    uv run tests/bench/extension.py

It needs Linux and a Chromium, and takes about a minute. Nothing is asserted but the answers: the table is for reading.
The chain is the page's own world, the isolated world, the extension's worker, its WebSocket, relay, the client; the
site's policy allows no connection. See tests/e2e/stack/extension.py for how the extension comes into the browser.
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

from answers import first_part, rate, table  # noqa: E402  # beside this file
from playwright.async_api import Page, async_playwright  # noqa: E402
from puter_emulator import PuterEmulator  # noqa: E402  # from the folder just named
from stack.extension import SITE, Extended, extended  # noqa: E402
from stack.page import open_page, ready, sign_in  # noqa: E402
from stack.relay import Relay  # noqa: E402

ROUNDS = 5
FIRST_PARTS = 40
SETTLED_SECONDS = 3


async def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as place:
        async with PuterEmulator() as puter, async_playwright() as playwright:
            relay = Relay(Path(place) / "data", puter)
            await relay.start()
            async with extended(playwright, Path(place) / "browser") as browser:
                await browser.pair(relay)
                tab = await opened(browser)
                await browser.connect(tab)
                await ready(relay)
                rows = [*await speed(relay), *await sessions(relay, browser, tab), *await memory(browser)]
            async with extended(playwright, Path(place) / "another") as browser:
                rows += await own_page(relay, browser)
            await relay.stop()
    print(table(rows))


async def opened(browser: Extended) -> Page:
    """A tab of the site."""
    page = await browser.context.new_page()
    await page.goto(SITE)
    return page


async def speed(relay: Relay) -> list[tuple[str, str]]:
    """Stream long answers and short ones."""
    one = [await rate(relay, 1) for _ in range(ROUNDS)]
    three = [await rate(relay, 3) for _ in range(ROUNDS)]
    firsts = [await first_part(relay) for _ in range(FIRST_PARTS)]
    return [
        ("parts through the extension, one stream, 1/s", f"{statistics.median(one):,.0f}"),
        ("parts through the extension, three streams, 1/s", f"{statistics.median(three):,.0f}"),
        ("time to the first part through the extension, p50, ms", f"{statistics.median(firsts) * 1000:.1f}"),
    ]


async def sessions(relay: Relay, browser: Extended, tab: Page) -> list[tuple[str, str]]:
    """Open the connected tab again and again, and load it anew. The last one stays."""
    opens, reloads = [], []
    for _ in range(ROUNDS):
        await tab.close()
        await ready(relay, 0)
        tab = await browser.context.new_page()
        began = time.monotonic()
        await tab.goto(SITE)
        await ready(relay)
        opens.append(time.monotonic() - began)
    for _ in range(ROUNDS):
        await gone(relay, tab)
        began = time.monotonic()
        await tab.goto(SITE)
        await ready(relay)
        reloads.append(time.monotonic() - began)
    return [
        ("from opening a connected site in a new tab to its session, ms", f"{statistics.median(opens) * 1000:.0f}"),
        ("from loading it in a tab that was elsewhere, ms", f"{statistics.median(reloads) * 1000:.0f}"),
    ]


async def own_page(relay: Relay, browser: Extended) -> list[tuple[str, str]]:
    """Load relay's own page anew, to compare."""
    page = await open_page(browser.context, relay)
    await sign_in(page)
    await ready(relay)
    loads = []
    for _ in range(ROUNDS):
        await gone(relay, page)
        began = time.monotonic()
        await page.goto(relay.origin)
        await ready(relay)
        loads.append(time.monotonic() - began)
    return [("from loading relay's own page in a tab that was elsewhere, ms", f"{statistics.median(loads) * 1000:.0f}")]


async def gone(relay: Relay, tab: Page) -> None:
    """Lead a tab elsewhere, so that its session ends."""
    await tab.goto("about:blank")
    await ready(relay, 0)


async def memory(browser: Extended) -> list[tuple[str, str]]:
    """What the page-side program holds in a tab. The whole browser's memory differs by more than that by itself."""
    tab = await opened(browser)
    before = await heap(browser, tab)
    await browser.connect(tab)
    extra = await heap(browser, tab) - before
    return [("JavaScript memory of a connected tab, on top of the same tab unconnected, MB", f"{extra / 1e6:.2f}")]


async def heap(browser: Extended, tab: Page) -> float:
    """The bytes of JavaScript in a tab, of the page and of what runs beside it, with the garbage collected."""
    await asyncio.sleep(SETTLED_SECONDS)
    session = await browser.context.new_cdp_session(tab)
    await session.send("Performance.enable")
    await session.send("HeapProfiler.collectGarbage")
    found = await session.send("Performance.getMetrics")
    await session.detach()
    return float(next(metric["value"] for metric in found["metrics"] if metric["name"] == "JSHeapUsedSize"))


if __name__ == "__main__":
    asyncio.run(main())
