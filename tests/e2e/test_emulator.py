"""The emulator against the real puter.js in a real browser: both must tell what was recorded from the real services."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page
from puter_emulator import PuterEmulator, SignIn
from puter_emulator.answer import USAGE
from puter_emulator.http import Exchange, serve
from puter_emulator.recordings import EDGE_CASES, ENVELOPE, EXCHANGES, HEADERS, REQUEST_HEADERS, Recorded
from stack.programs import PUTER_JS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CHAT = """async (args) => {
  const { messages, ...options } = args;
  const parts = [];
  try {
    const answer = await puter.ai.chat(messages, options);
    if (!options.stream) return { result: JSON.parse(JSON.stringify(answer)) };
    for await (const part of answer) parts.push(part);
    return { parts };
  } catch (error) {
    return error instanceof Error ? { parts, threw: error.name } : { rejects: error };
  }
}"""
WORKING = [recorded for name, recorded in EXCHANGES.items() if name not in {"costly_stream", "tools_followup"}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def origin(puter_services: PuterEmulator) -> AsyncIterator[str]:
    """The origin of a bare page that loads puter.js."""
    api, gui = json.dumps(puter_services.api_origin), json.dumps(puter_services.gui_origin)
    page = f"""<!doctype html><title>bare</title><script>PUTER_API_ORIGIN = {api}; PUTER_ORIGIN = {gui};
        PUTER_QUIET = true; puter_socket_enabled = false</script><script src="/puter.js"></script>"""

    async def answer(exchange: Exchange) -> None:
        script = exchange.request.path == "/puter.js"
        kind = "text/javascript" if script else "text/html"
        await exchange.respond(200, {"Content-Type": kind}, PUTER_JS.read_bytes() if script else page.encode())

    async with serve(answer) as port:
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(loop_scope="session")
async def bare_page(puter: PuterEmulator, origin: str, context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(origin)
    await page.evaluate("puter.config = {autoRetry: false}")
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in(bare_page: Page) -> Page:
    """The bare page after a sign-in through the popup."""
    assert await bare_page.evaluate("puter.auth.signIn().then(({success}) => success)")
    return bare_page


async def chat(page: Page, model: str, text: str = "Hi", *, stream: bool = True, **args: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return await page.evaluate(CHAT, {"messages": messages, "model": model, "stream": stream, **args})


@pytest.mark.parametrize("recorded", WORKING, ids=lambda recorded: recorded.name)
async def test_sdk_makes_of_the_emulator_what_it_made_of_puter(signed_in: Page, recorded: Recorded) -> None:
    seen = await signed_in.evaluate(CHAT, recorded.args)

    expected = {"parts": recorded.sdk_parts, "result": recorded.sdk_result, "rejects": recorded.sdk_rejects_with}
    if recorded.name == "fake_plain":
        expected["result"] = json.loads(recorded.body)["result"]
    assert seen == {name: value for name, value in expected.items() if value is not None}


async def test_request_of_the_sdk_is_the_recorded_one(puter: PuterEmulator, signed_in: Page, origin: str) -> None:
    before = len(puter.calls)

    await signed_in.evaluate(CHAT, EXCHANGES["fake_stream"].args)

    call = puter.calls[before]
    assert call.args == EXCHANGES["fake_stream"].args
    same = [name for name in REQUEST_HEADERS if name not in {"origin", "sec-fetch-site"}]
    assert {name: call.headers[name] for name in same} == {name: REQUEST_HEADERS[name] for name in same}
    assert call.headers["origin"] == origin


@pytest.mark.parametrize(
    ("model", "case"), [("torn", "trunc"), ("truncated", "trunc2"), ("malformed", "badline"), ("no-funds", "e402")]
)
async def test_broken_answers_end_as_recorded(signed_in: Page, model: str, case: str) -> None:
    seen = await chat(signed_in, model)

    recorded = EDGE_CASES[case]
    if "ended" in recorded:
        assert "threw" not in seen
    elif recorded["threw"]["ctor"] == "SyntaxError":
        assert seen["threw"] == "SyntaxError"
    else:
        assert seen == {"rejects": recorded["threw"]["json"]}


async def test_own_fetch_is_told_the_status_and_the_headers(puter: PuterEmulator, signed_in: Page) -> None:
    seen = await signed_in.evaluate(
        """async ([url, envelope]) => {
          const headers = {"Content-Type": "application/json", Authorization: `Bearer ${puter.authToken}`};
          const answer = await fetch(url, {method: "POST", headers, body: JSON.stringify(envelope)});
          return [answer.status, answer.headers.get("Retry-After"), await answer.json()];
        }""",
        [
            f"{puter.api_origin}/drivers/call",
            ENVELOPE | {"args": {"messages": [{"content": "Hi"}], "model": "limited"}},
        ],
    )

    message = "Too many requests"
    assert seen == [429, "2", {"error": message, "message": message, "code": "too_many_requests"}]


async def test_abort_of_a_fetch_is_noticed(puter: PuterEmulator, signed_in: Page) -> None:
    args = {"messages": [{"content": "parts=2"}], "model": "held", "stream": True}
    await signed_in.evaluate(
        """([url, envelope]) => {
          globalThis.leaving = new AbortController();
          const body = JSON.stringify({...envelope, auth_token: puter.authToken});
          fetch(url, {method: "POST", body, signal: leaving.signal}).then((answer) => answer.text()).catch(() => 0);
        }""",
        [f"{puter.api_origin}/drivers/call", ENVELOPE | {"args": args}],
    )
    call = await puter.next_call("held")

    await signed_in.evaluate("leaving.abort()")
    await call.ended.wait()

    assert (call.outcome, call.lines) == ("aborted", 2)


async def test_missing_and_ended_logins_are_refused(puter: PuterEmulator, bare_page: Page) -> None:
    ask = """async ([url, envelope, auth_token]) => {
      const answer = await fetch(url, {method: "POST", body: JSON.stringify({...envelope, auth_token})});
      return [answer.status, (await answer.json()).code];
    }"""
    url = f"{puter.api_origin}/drivers/call"

    assert await bare_page.evaluate(ask, [url, ENVELOPE, None]) == [401, "token_missing"]
    assert await bare_page.evaluate(ask, [url, ENVELOPE, "old"]) == [401, "reauth_required"]


async def test_account_and_models_reach_the_sdk(signed_in: Page) -> None:
    user = await signed_in.evaluate("puter.auth.getUser()")
    usage = await signed_in.evaluate("puter.auth.getMonthlyUsage()")
    listed = await signed_in.evaluate("puter.ai.listModels('ollama')")

    assert (user["username"], user["is_temp"]) == ("emulated_user", False)
    assert usage["allowanceInfo"] == {"remaining": 24_955_522, "monthUsageAllowance": 25_000_000, "addons": {}}
    assert [model["id"] for model in listed] == [
        f"ollama:ollama/{n}" for n in ("think", "tools", "break", "limit", "boom", "plain")
    ]


async def test_sign_in_can_wait_for_a_click(puter: PuterEmulator, bare_page: Page) -> None:
    puter.sign_in = SignIn.ON_CLICK
    async with bare_page.context.expect_page() as opened:
        await bare_page.evaluate("globalThis.signing = puter.auth.signIn(); 0")
    popup = await opened.value
    await popup.get_by_role("button", name="Allow").click()

    assert (await bare_page.evaluate("signing"))["username"] == "emulated_user"


async def test_sign_in_can_be_cancelled(puter: PuterEmulator, bare_page: Page) -> None:
    puter.sign_in = SignIn.CANCEL

    seen = await bare_page.evaluate("puter.auth.signIn().catch((reason) => reason.error)")

    assert seen == "auth_window_closed"


async def test_parallel_tool_calls_are_lost_only_by_some_providers(signed_in: Page) -> None:
    both = await chat(signed_in, "parallel")

    assert [part.get("name") for part in both["parts"]] == [None, "get_weather", "get_time", None]
    assert both["parts"][-1] == {"type": "usage", "usage": USAGE}


async def test_every_answer_carries_the_recorded_headers(puter: PuterEmulator, context: BrowserContext) -> None:
    answer = await context.request.get(f"{puter.api_origin}/puterai/chat/models/details")

    assert {header["name"]: header["value"] for header in answer.headers_array}.items() >= HEADERS.items()
