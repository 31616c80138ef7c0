"""What a person sees on relay's page, in every state that it can be in."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import BrowserContext, Page, WebSocketRoute, expect
from puter_emulator import PuterEmulator, SignIn
from stack.client import Stream
from stack.fixtures import signed_in
from stack.page import open_page, ready, sign_in
from stack.relay import Relay
from stack.watch import Watch

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("watch"), pytest.mark.asyncio(loop_scope="session")]

BROKEN_ON_PURPOSE = r"Failed to load resource|WebSocket connection to .* failed"
PUTER = "Sign in to Puter"
TOKEN = "localStorage.getItem('relay.bridge.token')"
SELECTED = (
    "(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)"
)
DOWNLOADABLE_MODEL = """
globalThis.LanguageModel = class {
  static state = "downloadable";
  static tries = 0;
  static async availability() { return this.state; }
  static async create({ monitor }) {
    this.tries += 1;
    if (this.tries === 1) throw new DOMException("offline", "NetworkError");
    const progress = new EventTarget();
    monitor(progress);
    progress.dispatchEvent(Object.assign(new Event("downloadprogress"), { loaded: 0.42 }));
    await new Promise((resolve) => { globalThis.arrive = resolve; });
    this.state = "available";
    return { destroy() {} };
  }
};
"""


async def reads(page: Page, **texts: str | re.Pattern[str]) -> None:
    """Expect these texts in the elements with these ids (dashes as underscores)."""
    for name, text in texts.items():
        await expect(page.locator(f"#{name.replace('_', '-')}")).to_have_text(text)


async def paired(page: Page) -> None:
    """Wait until relay has told `page`, the first that was paired, the key."""
    await expect(page.locator("#api-key")).not_to_have_value("")


async def buttons(page: Page) -> list[str]:
    """The buttons that the status offers."""
    return [text.strip() for text in await page.locator("#status button:visible").all_inner_texts()]


async def begin(answer: Stream) -> None:
    """Read until the answer has begun."""
    await anext(answer.events())


# ---------------------------------------------------------------- pairing


async def test_unpaired_page_is_paired_by_a_pasted_code(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(relay.origin)
    await reads(page, headline="This page is not paired", relay_state="Not paired")
    assert await buttons(page) == ["Pair this page"]
    await expect(page).to_have_title("○ relay: not paired")

    await page.get_by_label("Pairing code").fill("  ")
    await page.get_by_role("button", name="Pair this page").click()
    await reads(page, code_problem="Paste the code that “relay pair” printed.")

    await page.get_by_label("Pairing code").fill("wrong-code")
    await page.get_by_label("Pairing code").press("Enter")
    await reads(
        page, headline="relay does not accept this page", explanation=re.compile("used already"), code_problem=""
    )
    assert await buttons(page) == ["Pair this page"]

    await page.get_by_label("Pairing code").fill((await relay.command("pair", "--json"))["link"])
    await page.get_by_label("Pairing code").press("Enter")
    await reads(page, headline="Sign in to continue", relay_state="Connected")
    await page.reload()
    await reads(page, headline="Sign in to continue", relay_state="Connected")


async def test_code_is_taken_out_of_the_address(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await reads(page, relay_state="Connected")

    assert page.url == f"{relay.origin}/"
    assert "code" not in await page.evaluate("JSON.stringify([location.href, history.state])")


async def test_link_opened_in_a_tab_that_shows_the_page_pairs_it(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(relay.origin)
    await reads(page, headline="This page is not paired")
    tokens: list[str] = []
    for _ in range(2):
        await page.goto(await relay.link())  # only the fragment differs: nothing is loaded anew
        await page.wait_for_function(f"token => ![null, token].includes({TOKEN})", arg=tokens[-1] if tokens else None)
        await reads(page, headline="Sign in to continue", relay_state="Connected")
        assert page.url == f"{relay.origin}/"
        tokens.append(await page.evaluate(TOKEN))

    for bridge in (await relay.command("key", "list", "--json"))["bridges"]:
        await relay.command("key", "revoke", bridge["id"], "--json")
    await reads(page, headline="relay does not accept this page")
    await page.goto(await relay.link())
    await reads(page, headline="Sign in to continue", relay_state="Connected")
    assert await page.evaluate(TOKEN) not in tokens


async def test_link_opened_in_a_waiting_tab_takes_over(relay: Relay, context: BrowserContext) -> None:
    first = await open_page(context, relay)
    await reads(first, relay_state="Connected")
    second = await context.new_page()
    await second.goto(relay.origin)
    await reads(second, headline="Another copy of this page is connected")
    await second.goto(await relay.link())

    await reads(second, headline="Sign in to continue", relay_state="Connected")
    await reads(first, headline="Another copy of this page is connected")


async def test_link_opened_in_a_page_that_could_not_start_starts_it(
    relay: Relay, context: BrowserContext, watch: Watch
) -> None:
    watch.expect(f"{BROKEN_ON_PURPOSE}|thrown")
    page = await context.new_page()
    await page.route("**/page.json", lambda route: route.abort())
    await page.goto(relay.origin)
    await reads(page, headline="relay does not answer")
    await page.unroute_all()
    await page.goto(await relay.link())

    await reads(page, headline="Sign in to continue", relay_state="Connected")
    assert page.url == f"{relay.origin}/"


async def test_revoked_page_can_be_paired_again(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await reads(page, relay_state="Connected")
    await page.route_web_socket("**/*", lambda socket: _close(socket, 4401))
    await page.reload()

    await reads(page, headline="relay does not accept this page", relay_state="Not accepted")
    assert await buttons(page) == ["Pair this page"]


async def test_page_of_another_version_can_only_be_reloaded(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await reads(page, relay_state="Connected")
    await page.route_web_socket("**/*", lambda socket: _close(socket, 4409))
    await page.reload()

    await reads(page, headline="This page and relay have different versions", relay_state="Another version")
    assert await buttons(page) == ["Reload the page"]


async def _close(socket: WebSocketRoute, code: int) -> None:
    await socket.close(code=code)


# ---------------------------------------------------------------- the account


async def test_signing_in_and_out(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await reads(page, headline="Sign in to continue", account_name="Not signed in")
    await reads(page, explanation=re.compile("your own account"), chat_models=re.compile(r"^\d+ models$"))
    assert await buttons(page) == ["Continue without an account (temporary Puter account)", PUTER]

    await sign_in(page)
    await reads(page, headline="Connected and ready", account_name="emulated_user")
    await reads(page, account_detail="Temporary Puter account", allowance_text="$0.25 of $0.25 left this month")
    await expect(page.get_by_role("meter")).to_have_attribute("aria-valuenow", "100")
    await reads(page, chat_models=re.compile(r"^\d+ models$"), chat_way=re.compile("HTTP interface"))
    await reads(page, model_hint=re.compile(r"^One of \d+ models offered now\.$"))
    await expect(page).to_have_title("● relay: ready")
    await expect(page.locator("#icon")).to_have_attribute("href", re.compile("^data:image/svg|/ready.svg$"))
    assert await buttons(page) == []

    await page.get_by_role("button", name="Sign out").click()
    await reads(page, headline="Sign in to continue", account_name="Not signed in")
    await expect(page.get_by_role("meter")).to_be_hidden()

    await page.get_by_role("button", name=PUTER).click()
    await reads(page, headline="Connected and ready", account_detail="Puter account")


async def test_closed_sign_in_window_is_explained(puter: PuterEmulator, relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    puter.sign_in = SignIn.CANCEL
    await page.get_by_role("button", name=PUTER).click()
    await reads(page, sign_in_problem="The sign-in window was closed before it was done. Try again.")

    puter.sign_in = SignIn.AT_ONCE
    await page.get_by_role("button", name=PUTER).click()
    await reads(page, sign_in_problem="", headline="Connected and ready")


async def test_one_sign_in_window_is_open_at_a_time(
    puter: PuterEmulator, relay: Relay, context: BrowserContext
) -> None:
    page = await open_page(context, relay)
    puter.sign_in = SignIn.ON_CLICK
    async with page.expect_popup() as opening:
        await page.get_by_role("button", name=PUTER).click()
    popup = await opening.value
    for name in (PUTER, "Continue without an account"):
        await expect(page.get_by_role("button", name=name)).to_be_disabled()

    await popup.close()
    await reads(page, sign_in_problem="The sign-in window was closed before it was done. Try again.")
    for name in (PUTER, "Continue without an account"):
        await expect(page.get_by_role("button", name=name)).to_be_enabled()


async def test_blocked_sign_in_window_is_explained(relay: Relay, context: BrowserContext) -> None:
    await context.add_init_script("window.open = () => null")
    page = await open_page(context, relay)
    await page.get_by_role("button", name=PUTER).click()

    blocked = "The browser blocked the sign-in window. Allow pop-ups for this page, then try again."
    await reads(page, sign_in_problem=blocked, headline="Sign in to continue")


async def test_expired_login_asks_for_another(
    puter: PuterEmulator, relay: Relay, context: BrowserContext, watch: Watch
) -> None:
    watch.expect(BROKEN_ON_PURPOSE)
    page = await signed_in(relay, context)
    puter.revoke_tokens()
    await relay.client.chat("echo")

    await reads(
        page, headline="Sign in again", explanation="The login has expired. Calls fail until you sign in again."
    )
    await page.get_by_role("button", name=PUTER).click()
    await reads(page, headline="Connected and ready")


async def test_login_of_another_tab_is_followed(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await reads(page, relay_state="Connected")
    other = await context.new_page()
    await other.goto(relay.origin)
    await other.get_by_role("button", name="Use this tab instead").click()
    await sign_in(other)
    await page.get_by_role("button", name="Use this tab instead").click()

    await reads(page, headline="Connected and ready", account_name="emulated_user")


async def test_cleared_storage_is_followed(relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    other = await context.new_page()
    await other.goto(relay.origin)
    await reads(other, headline="Another copy of this page is connected")
    await other.evaluate("localStorage.clear()")

    await reads(page, headline="This page is not paired", relay_state="Not paired")
    await page.goto(await relay.link())
    await reads(page, headline="Sign in to continue", account_name="Not signed in")


# ---------------------------------------------------------------- calls


async def test_call_is_counted_while_it_runs(puter: PuterEmulator, relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    await reads(page, now_running="None yet", calls_empty=re.compile("No calls yet"))
    cells = page.locator("#calls-rows td")
    async with relay.client.stream("held", "parts=3") as answer:
        await begin(answer)
        await reads(page, now_running="1 running")
        await expect(cells).to_have_text(["held", "Running", "3", "~13", re.compile(r"^[1-9]\.\d s$")])
        await expect(page).to_have_title("● relay: 1 running")
        await expect(page.get_by_label("Which chat answers the calls")).to_be_disabled()

        (await puter.next_call("held")).release()
        await expect(cells).to_have_text(["held", "Done", "6", "7", re.compile(r"^\d+\.\d s$")])

    await reads(page, now_running="Idle", now_last=re.compile(r"^Last: held, done, 6 parts, 7 tokens, [\d.]+ s$"))
    await expect(page.get_by_label("Which chat answers the calls")).to_be_enabled()
    await expect(page.locator("#calls-empty")).to_be_hidden()


async def test_failed_and_cancelled_calls_say_why(
    puter: PuterEmulator, relay: Relay, context: BrowserContext, watch: Watch
) -> None:
    watch.expect(BROKEN_ON_PURPOSE)
    page = await signed_in(relay, context)
    await relay.client.chat("ollama:ollama/limit")
    async with relay.client.stream("held") as answer:
        await begin(answer)
        answer.leave()
        await (await puter.next_call("held")).ended.wait()

    rows = page.locator("#calls-rows tr")
    await expect(rows.nth(0).locator("td").nth(1)).to_have_text("CancelledThe client went away.")
    await expect(rows.nth(1).locator("td").nth(1)).to_have_text(
        "FailedAI provider rate limit exceeded (429 Rate limit reached)"
    )
    await expect(rows).to_have_count(2)


# ---------------------------------------------------------------- settings to paste


async def test_settings_are_copied_with_a_word(relay: Relay, context: BrowserContext) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=relay.origin)
    page = await open_page(context, relay)
    await paired(page)
    await page.get_by_text("Environment variables").click()
    await page.get_by_text("Try it with curl").click()
    key = await page.locator("#api-key").input_value()
    expected = {
        "base-url": relay.base_url,
        "api-key": key,
        "model": "claude-sonnet-4",
        "environment": f"export OPENAI_BASE_URL='{relay.base_url}'\nexport OPENAI_API_KEY='{key}'",
        "curl": await page.locator("#curl").inner_text(),
    }

    for name, text in expected.items():
        button = page.locator(f"[data-copy={name}]")
        label = str(await button.get_attribute("aria-label")).removeprefix("Copy ")
        await button.click()
        await expect(button).to_have_text("Copied")
        await reads(page, copied=f"Copied {label}")
        assert await page.evaluate("navigator.clipboard.readText()") == text
    await expect(page.locator("[data-copy=curl]")).to_have_text("Copy")
    assert "/v1/chat/completions" in expected["curl"]
    assert key not in expected["curl"]


async def test_refused_clipboard_leaves_the_text_selected(relay: Relay, context: BrowserContext) -> None:
    await context.add_init_script(
        "if (isSecureContext) navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))"
    )
    page = await open_page(context, relay)
    await reads(page, relay_state="Connected")
    for name in ("base-url", "api-key"):
        await page.locator(f"[data-copy={name}]").click()
        await expect(page.locator(f"[data-copy={name}]")).to_have_text("Ctrl+C")
        field = page.locator(f"#{name}")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("type", "text")
        assert await page.evaluate(SELECTED) == await field.input_value()


async def test_key_is_shown_once(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    key = page.get_by_role("textbox", name="API key")
    await expect(key).to_have_value(re.compile("^sk-relay-"))
    await expect(key).to_have_attribute("type", "password")
    await page.get_by_role("button", name="Show").click()
    await expect(key).to_have_attribute("type", "text")
    await page.get_by_role("button", name="Hide").click()
    await expect(key).to_have_attribute("type", "password")
    await reads(page, key_hint=re.compile("not shown again"))

    await page.reload()
    await reads(page, relay_state="Connected", key_hint=re.compile("relay key create NAME"))
    await expect(key).to_be_hidden()


async def test_chosen_model_is_remembered(relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    await page.get_by_role("combobox", name="Model ID").fill("echo")
    await reads(page, curl=re.compile('"model":"echo"'))
    await page.get_by_role("combobox", name="Model ID").fill("no-such")
    await reads(page, model_hint=re.compile("Not among the"))
    await page.reload()

    await expect(page.get_by_role("combobox", name="Model ID")).to_have_value("no-such")


# ---------------------------------------------------------------- other chats


async def test_demo_and_back(relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    chat = page.get_by_label("Which chat answers the calls")
    await chat.select_option("demo")
    await reads(page, headline="Connected and ready (demo)", account_name="None", chat_models="1 model")
    await expect(page.locator("#demo-notice")).to_be_visible()
    await ready(relay)
    answer = (await relay.client.chat("demo", "Hello?")).json()
    assert "You said: Hello?" in answer["choices"][0]["message"]["content"]

    await page.reload()
    await expect(chat).to_have_value("demo")
    await chat.select_option("puter")
    await reads(page, headline="Connected and ready", account_name="emulated_user")
    await expect(page.locator("#demo-notice")).to_be_hidden()


async def test_models_of_a_chat_that_was_left_are_gone_at_once(relay: Relay, context: BrowserContext) -> None:
    page = await signed_in(relay, context)
    await page.get_by_label("Which chat answers the calls").select_option("demo")
    await reads(page, headline="Connected and ready (demo)")
    await ready(relay)
    async with asyncio.timeout(2):
        reply = await relay.client.chat("echo")

    assert (reply.status, reply.json()["error"]["code"]) == (404, "model_not_found")


async def test_built_in_model_is_downloaded_on_a_click(relay: Relay, context: BrowserContext) -> None:
    await context.add_init_script(DOWNLOADABLE_MODEL)
    page = await open_page(context, relay)
    await paired(page)
    await page.get_by_label("Which chat answers the calls").select_option("prompt-api")
    await reads(page, headline="Download the model to continue")
    assert await buttons(page) == ["Download the model"]
    await page.get_by_role("button", name="Download the model").click()
    await reads(page, download_problem="The built-in model failed with NetworkError. Try again.")

    await page.get_by_role("button", name="Download the model").click()
    await reads(page, headline="Starting…", explanation=re.compile("42 % are here"))
    await page.evaluate("arrive()")
    await reads(page, headline="Connected and ready", account_name="None needed", chat_models="1 model")


async def test_missing_built_in_model_is_explained(relay: Relay, context: BrowserContext) -> None:
    page = await open_page(context, relay)
    await paired(page)
    await page.get_by_label("Which chat answers the calls").select_option("prompt-api")

    await reads(page, headline="This chat is not available here", explanation=re.compile("built-in model"))
    assert await buttons(page) == ["Try again"]


# ---------------------------------------------------------------- tabs and trouble


async def test_one_tab_is_connected_at_a_time(relay: Relay, context: BrowserContext) -> None:
    first = await signed_in(relay, context)
    second = await context.new_page()
    await second.goto(relay.origin)
    await reads(second, headline="Another copy of this page is connected", relay_state="Connected in another tab")
    assert await buttons(second) == ["Use this tab instead"]

    await second.get_by_role("button", name="Use this tab instead").click()
    await reads(second, headline="Connected and ready")
    await reads(first, headline="Another copy of this page is connected")


async def test_stopping_relay_says_so(relay: Relay, context: BrowserContext) -> None:
    page = await context.new_page()
    links: list[WebSocketRoute] = []
    await page.route_web_socket("**/*", lambda socket: _listen(socket, links))
    await page.goto(await relay.link())
    await reads(page, relay_state="Connected")
    links[-1].send(
        json.dumps({"type": "bye", "reason": "restart", "message": "relay is stopping; it may be back soon."})
    )

    await reads(page, headline="relay is stopping", explanation=re.compile("back soon"), relay_state="Stopping")
    await expect(page).to_have_title("○ relay: stopping")


async def _listen(socket: WebSocketRoute, links: list[WebSocketRoute]) -> None:
    socket.connect_to_server()
    links.append(socket)


async def test_stopped_relay_is_waited_for(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect(BROKEN_ON_PURPOSE)
    page = await signed_in(relay, context)
    assert await relay.stop() == 0
    await reads(page, headline="Not connected to relay", countdown=re.compile(r"^Trying again (in \d+ s\.|now…)$"))
    await expect(page).to_have_title("○ relay: not connected")
    await expect(page.locator("#icon")).to_have_attribute("href", re.compile("^data:image/svg"))
    assert await buttons(page) == ["Connect now"]

    async with page.expect_websocket():
        await page.get_by_role("button", name="Connect now").click()

    await relay.start()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await reads(page, headline="Connected and ready")
    await expect(page.locator("#countdown")).to_be_hidden()


async def test_page_that_cannot_start_says_why(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect(f"{BROKEN_ON_PURPOSE}|thrown")
    page = await context.new_page()
    await page.route("**/page.json", lambda route: route.abort())
    await page.goto(relay.origin)
    await reads(page, headline="relay does not answer")
    assert await buttons(page) == ["Reload the page"]

    await page.unroute_all()
    await page.get_by_role("button", name="Reload the page").click()
    await reads(page, headline="This page is not paired")


async def test_blocked_storage_is_said(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect("thrown.*refused")
    refuse = "{ get() { throw new DOMException('refused', 'SecurityError'); } }"
    await context.add_init_script(f"Object.defineProperty(window, 'localStorage', {refuse})")
    page = await context.new_page()
    await page.goto(relay.origin)

    await reads(page, headline="This browser stores nothing for this page", explanation=re.compile("Allow cookies"))


async def test_missing_puter_js_is_explained(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect(BROKEN_ON_PURPOSE)
    await context.route("**/sdk/puter.js", lambda route: route.abort())
    page = await open_page(context, relay)
    await reads(page, headline="This chat is not available here", explanation=re.compile("Are you offline"))

    await context.unroute_all()
    await page.get_by_role("button", name="Try again").click()
    await reads(page, headline="Sign in to continue")
