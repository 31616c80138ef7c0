"""relay's script in the page's own world, in a real browser: what the page notices of it, and what it sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, Route
from stack.programs import ROOT

from relay.bridge.headless.site_page import scripts

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

AGENT, _ = scripts(ROOT / "extension")
EXAMPLE = ROOT / "docs" / "examples" / "relay-chat.html"
ORIGIN = "https://chat.example"
CSP = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'self'"
EVENTS = "event: said\ndata: héllo\n\ndata: b\n\n"

LOOKS = """() => {
  const looks = (value) => [value.name, value.length, /\\[native code\\]/.test(String(value)), Object.keys(value)];
  const { open, send, setRequestHeader } = XMLHttpRequest.prototype;
  const field = (owner, name) => JSON.stringify(Object.getOwnPropertyDescriptor(owner, name), (_, value) =>
    typeof value === "function" ? "a function" : value);
  class Own extends EventSource { own = true }
  const source = new Own("data:text/event-stream,x");
  return {
    functions: [fetch, WebSocket, EventSource, XMLHttpRequest, open, send, setRequestHeader].map(looks),
    statics: [WebSocket.OPEN, EventSource.CLOSED, WebSocket.prototype.constructor === WebSocket],
    fields: [field(window, "fetch"), field(window, "WebSocket"), field(XMLHttpRequest.prototype, "send")],
    own: [source instanceof Own, source instanceof EventSource, source.own, source.constructor === Own],
  };
}"""

ASK = """async (commands) => {
  const { port1, port2 } = new MessageChannel();
  const replies = [];
  let wake = () => {};
  port1.onmessage = ({ data }) => { replies.push(data); wake(); };
  const until = async (found) => {
    for (;;) {
      const reply = replies.find(found);
      if (reply) return reply;
      await new Promise((resolve) => { wake = resolve; });
    }
  };
  window.postMessage({ relay: "agent" }, location.origin, [port2]);
  await until(({ ready }) => ready);
  window.askAgent = async (command) => {
    window.asked = (window.asked ?? 0) + 1;
    const id = window.asked;
    port1.postMessage({ id, ...command });
    const { ok, value, error } = await until((reply) => reply.id === id);
    return ok ? value : { error };
  };
}"""

READ = """async () => {
  const response = await fetch("/stream?x");
  const facts = [response.url, response.type, response.status, response.constructor === Response];
  const copy = response.clone();
  const reader = response.body.getReader({ mode: "byob" });
  const first = new TextDecoder().decode((await reader.read(new Uint8Array(5))).value);
  reader.releaseLock();
  const module = await WebAssembly.compileStreaming(fetch("/stream.wasm"));
  return { facts, first, copied: [copy.url, await copy.text()], wasm: String(module) };
}"""

EVENT_SOURCE = """() => new Promise((resolve) => {
  const source = new EventSource("/stream?events");
  const heard = [];
  source.addEventListener("said", ({ data }) => heard.push(data));
  source.onmessage = ({ data }) => { source.close(); resolve([...heard, data]); };
})"""

PULL = """async (stream) => {
  const items = [];
  for (;;) {
    const more = await askAgent({ op: "pull", stream });
    items.push(...more.items);
    if (more.done || items.some(({ text }) => text?.includes("b"))) return items;
  }
}"""


async def answer(route: Route) -> None:
    """Be the site."""
    url = route.request.url
    if url.endswith(".wasm"):
        await route.fulfill(body=b"\0asm\x01\0\0\0", content_type="application/wasm")
    elif "/stream" in url:
        await route.fulfill(body=EVENTS, content_type="text/event-stream; charset=utf-8")
    else:
        page = EXAMPLE.read_text(encoding="utf-8")
        await route.fulfill(body=page, content_type="text/html", headers={"content-security-policy": CSP})


async def opened(context: BrowserContext, *, agent: bool) -> Page:
    page = await context.new_page()
    await page.route("**/*", answer)
    if agent:
        await page.add_init_script(AGENT)
    await page.goto(ORIGIN)
    return page


async def capture(page: Page, pattern: str) -> int:
    asked = f"askAgent({{op: 'capture', url: {pattern}, kinds: ['fetch', 'eventsource']}})"
    stream: int = (await page.evaluate(asked))["stream"]
    return stream


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    page = await opened(context, agent=True)
    await page.evaluate(ASK)
    return page


async def test_a_page_looks_the_same_to_itself(context: BrowserContext):
    without = await opened(context, agent=False)
    plain = await without.evaluate(LOOKS)
    watched = await (await opened(context, agent=True)).evaluate(LOOKS)
    assert watched == plain


async def test_what_is_watched_reads_the_same(page: Page):
    plain = await page.evaluate(READ)
    await capture(page, "/./")
    assert await page.evaluate(READ) == plain
    assert plain["facts"] == [f"{ORIGIN}/stream?x", "basic", 200, True]
    assert plain["copied"] == [f"{ORIGIN}/stream?x", EVENTS]


async def test_what_the_page_gets_is_seen(page: Page):
    stream = await capture(page, "/stream\\?x/")
    await page.evaluate(READ)
    items: list[dict[str, Any]] = await page.evaluate(PULL, stream)
    assert [item["kind"] for item in items][:2] == ["start", "response"]
    assert "".join(item.get("text", "") for item in items) == EVENTS


async def test_named_events_are_seen(page: Page):
    stream = await capture(page, "/events/")
    assert await page.evaluate(EVENT_SOURCE) == ["héllo", "b"]
    items = await page.evaluate(PULL, stream)
    assert [item.get("text") for item in items] == [None, "event: said\ndata: héllo\n\n", "data: b\n\n"]


async def test_the_chat_of_the_page_is_called(page: Page):
    request = {"model": "parrot", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}
    command = json.dumps({"op": "iterate", "path": "relayChat.chat", "args": [request, {"signal": {"$signal": True}}]})
    stream = (await page.evaluate(f"askAgent({command})"))["stream"]
    pulled: dict[str, Any] = {"done": False}
    said: list[str] = []
    while not pulled["done"]:
        pulled = await page.evaluate("(stream) => askAgent({ op: 'pull', stream })", stream)
        said += pulled["items"]
    assert (said, pulled["value"]) == (["You ", "said: ", "Hi"], {"finish_reason": "stop"})
