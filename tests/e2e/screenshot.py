"""Make the README's picture of the page: ``uv run --dev tests/e2e/screenshot.py``.

The page is real, signed in to the emulated Puter; account, models and answers are invented here.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import BrowserContext, Page, Route, ViewportSize, async_playwright, expect
from puter_emulator import PuterEmulator, SignIn
from stack.fixtures import launch
from stack.page import open_page, ready
from stack.programs import ROOT
from stack.relay import Relay
from stack.stand_in import reply, stand_in

PICTURE = ROOT / "docs" / "images" / "page.png"
SIZE = ViewportSize(width=1200, height=800)
USER = {"uuid": "ada", "username": "ada", "is_temp": False}
USAGE = {"allowanceInfo": {"remaining": 19_400_000, "monthUsageAllowance": 25_000_000}}
MODELS = ("claude-sonnet-4", "claude-opus-4", "gpt-5-nano", "gpt-5", "gemini-2.5-pro", "deepseek-chat", "mistral-large")
RUNNING = "claude-sonnet-4"
TIDY = """() => {
  const set = (id, value) => { document.getElementById(id).value = value; };
  set("base-url", "http://localhost:3000/v1");
  set("api-key", "sk-relay-EXAMPLE-EXAMPLE-EXAMPLE");
  document.getElementById("relay-address").textContent = "ws://localhost:3001/";
}"""


class Answer(NamedTuple):
    """A call that has ended."""

    model: str
    parts: int
    tokens: int
    seconds: float


FINISHED = (
    Answer("gpt-5-nano", 38, 52, 0.9),
    Answer("claude-opus-4", 214, 861, 3.2),
    Answer("claude-sonnet-4", 167, 1204, 2.4),
)


async def invent(context: BrowserContext, puter: PuterEmulator) -> None:
    """Answer in the place of the emulated service, but for the call that is to stay open."""
    details = [{"id": name, "provider": name.partition("-")[0]} for name in MODELS]
    for path, body in (("/whoami", USER), ("/metering/usage", USAGE), ("/**/details", {"models": details})):
        await stand_in(context, f"{puter.api_origin}{path}", body)
    waiting = list(FINISHED)
    await context.route(f"{puter.api_origin}/drivers/call", lambda route: _chat(route, waiting))


async def _chat(route: Route, waiting: list[Answer]) -> None:
    if waiting:
        answer = waiting.pop(0)
        await asyncio.sleep(answer.seconds)
        usage = {"type": "usage", "usage": {"input_tokens": 900, "output_tokens": answer.tokens}}
        lines = [{"type": "text", "text": "word "}] * answer.parts + [usage]
        body = "".join(f"{json.dumps(line)}\n" for line in lines)
        await reply(route, body, content_type="application/x-ndjson")
    else:
        call = json.loads(route.request.post_data or "{}")
        call["args"]["model"] = "held"
        await route.continue_(post_data=json.dumps(call))


async def photograph(page: Page, relay: Relay) -> None:
    """Sign in, answer some calls, and take the picture while one runs."""
    await page.get_by_role("button", name="Sign in to Puter").click()
    await ready(relay)
    for answer in FINISHED:
        await relay.client.chat(answer.model, stream=True)
    async with relay.client.stream(RUNNING, "parts=86") as answer_now:
        await anext(answer_now.events())
        await expect(page.locator("#calls-rows td").nth(2)).to_have_text("86")
        await expect(page.locator("#calls-rows td").nth(4)).to_have_text(re.compile("^1"))
        await page.get_by_role("button", name="Show").click()
        await page.locator("#headline").click()
        await page.evaluate(TIDY)
        await page.screenshot(path=PICTURE, full_page=True, animations="disabled")


async def main() -> None:
    """Put everything together and save the picture."""
    with tempfile.TemporaryDirectory() as folder:
        async with PuterEmulator() as puter, async_playwright() as playwright:
            puter.sign_in = SignIn.AT_ONCE
            relay = Relay(Path(folder), puter)
            await relay.start()
            browser = await launch(playwright)
            context = await browser.new_context(viewport=SIZE, color_scheme="light", locale="en-GB")
            await invent(context, puter)
            await photograph(await open_page(context, relay), relay)
            await browser.close()
            await relay.stop()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    asyncio.run(main())
