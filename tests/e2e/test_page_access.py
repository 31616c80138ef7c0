"""relay's page for everybody: on a phone, without a mouse, and in spite of what a site or a model may say."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, ViewportSize, expect
from puter_emulator import PuterEmulator
from stack.fixtures import signed_in
from stack.page import open_page, ready
from stack.relay import Relay
from stack.stand_in import stand_in
from stack.watch import Watch

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("watch"), pytest.mark.asyncio(loop_scope="session")]

PHONE = ViewportSize(width=320, height=640)
PAYLOAD = "<img src=http://evil.invalid/x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUS = "document.activeElement.id || document.activeElement.dataset.copy || document.activeElement.textContent.trim()"


async def spiteful_site(context: BrowserContext, puter: PuterEmulator) -> None:
    """A Puter whose every word is a payload."""
    user = {"uuid": PAYLOAD, "username": PAYLOAD, "is_temp": False}
    models = [{"id": PAYLOAD[:128], "name": PAYLOAD, "provider": PAYLOAD, "aliases": [PAYLOAD[:100]]}]
    error = {"error": PAYLOAD, "message": PAYLOAD, "code": PAYLOAD}
    await stand_in(context, f"{puter.api_origin}/whoami", user)
    await stand_in(context, f"{puter.api_origin}/**/details", {"models": models})
    await stand_in(context, f"{puter.api_origin}/drivers/call", error, status=400)


async def test_words_of_a_site_are_text(
    puter: PuterEmulator, relay: Relay, context: BrowserContext, watch: Watch
) -> None:
    watch.expect("Failed to load resource.* 400")
    await spiteful_site(context, puter)
    page = await signed_in(relay, context)
    await expect(page.locator("#account-name")).to_have_text(PAYLOAD)
    await expect(page.get_by_role("combobox", name="Model ID")).to_have_value(PAYLOAD[:128])
    await expect(page.locator("#models option")).to_have_attribute("value", PAYLOAD[:128])
    await relay.client.chat(PAYLOAD[:128])

    cells = page.locator("#calls-rows td")
    await expect(cells.nth(0)).to_have_text(PAYLOAD[:128])
    await expect(cells.nth(1).locator("p")).to_have_text(PAYLOAD)
    assert await page.locator("main img, body script").count() == 0


async def test_words_of_the_address_are_text(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{relay.origin}/?{PAYLOAD}#code={PAYLOAD}")

    await expect(page.locator("#headline")).to_have_text("This page is not paired")
    assert await page.locator("main img, body script").count() == 0


async def test_other_scripts_do_not_run(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect("Content Security Policy")
    page = await open_page(context, relay)
    await page.evaluate(
        """() => {
            const inline = Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" });
            document.body.append(inline);
            document.body.insertAdjacentHTML("beforeend", '<img src="https://evil.invalid/x">');
        }"""
    )

    assert await page.evaluate("globalThis.ran") is None
    assert [what for what in watch.complaints if what.startswith("request")] == []


async def test_phone_shows_all_without_scrolling_sideways(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.set_viewport_size(PHONE)
    await page.goto(relay.origin)
    await expect(page.locator("#action-pair")).to_be_visible()
    assert await page.evaluate(OVERFLOW) == 0

    await page.goto(await relay.link())
    await page.get_by_role("button", name="Continue without an account").click()
    await ready(relay)
    await relay.client.chat("ollama:ollama/plain")
    await expect(page.locator("#calls-rows tr")).to_have_count(1)
    await page.get_by_text("Environment variables").click()
    await page.get_by_text("Try it with curl").click()
    assert await page.evaluate(OVERFLOW) == 0


async def test_everything_can_be_done_by_keyboard(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(relay.origin)
    await expect(page.locator("#headline")).to_have_text("This page is not paired")
    await tab_to(page, "code")
    await page.keyboard.insert_text(await relay.link())
    await page.keyboard.press("Enter")
    await expect(page.locator("#headline")).to_have_text("Sign in to continue")
    await tab_to(page, "sign-in-temporary")
    await page.keyboard.press("Enter")
    await expect(page.locator("#headline")).to_have_text("Connected and ready")

    for name in ("sign-out", "adapter", "base-url", "show-key", "api-key", "model", "environment"):
        await tab_to(page, name)
        if name == "model":
            await tab_to(page, "Environment variables")
            await page.keyboard.press("Enter")
    await expect(page.locator("#environment")).to_be_visible()


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element called `name` has the focus, and see that the focus shows."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.evaluate(FOCUS) == name:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(outline) != "none", f"{name} does not show the focus"
            return
    raise AssertionError(f"no way to {name}")


async def test_structure_has_names(relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    await relay.client.chat("echo")

    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for region in ("Connected and ready", "Account", "relay", "Chat", "Calls", "Settings to paste", "Last calls"):
        await expect(page.get_by_role("region", name=region, exact=True)).to_have_count(1)
    row = page.get_by_role("table", name="Last calls").get_by_role("row").nth(1)
    await expect(row.get_by_role("cell")).to_have_count(5)
    await expect(page.get_by_role("meter")).to_have_accessible_name("$0.25 of $0.25 left this month")
