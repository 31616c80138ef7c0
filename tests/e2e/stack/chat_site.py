"""A chat of somebody else's: a page with ``window.relayChat`` and a policy that allows next to nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from puter_emulator.http import Exchange, serve

POLICY = (
    "default-src 'none'; script-src 'nonce-chat'; connect-src 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>A chat</title>
<link rel="icon" href="data:,">
<h1>A chat</h1>
<script nonce="chat">
  let aborted = 0;
  const windows = [];
  const wait = (signal) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => { aborted += 1; reject(signal.reason); });
  });
  window.relayChat = {
    models: [{ id: "site" }],
    capabilities: { cancel: true, system: true },
    limits: { concurrency: 4 },
    async *chat(request, { signal }) {
      const text = request.messages.at(-1).content.map((part) => part.text ?? "").join("");
      const [word, count] = text.split(" ");
      if (word === "long") {
        for (let i = 0; i < Number(count); i += 1) {
          if (i % 100 === 0) await null;
          yield `${i}: ä€😀 <script>"\\\\u2028\u2028\\n`;
        }
      } else if (word === "held") {
        yield "begun";
        await wait(signal);
      } else if (word === "aborted") {
        yield String(aborted);
      } else if (word === "windows") {
        for (let i = 0; i < Number(count); i += 1) windows.push(open("about:blank"));
        yield String(windows.filter((each) => !each.closed).length);
      } else yield text;
    },
  };
</script>
"""


def long_answer(parts: int) -> str:
    """What the page answers to ``long <parts>``."""
    return "".join(f'{i}: ä€😀 <script>"\\u2028\u2028\n' for i in range(parts))


@asynccontextmanager
async def chat_site() -> AsyncIterator[str]:
    """Serve the page for the life of the block; the value is its address."""

    async def answer(exchange: Exchange) -> None:
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        await exchange.respond(200, headers, PAGE.encode())

    async with serve(answer, 0) as port:
        yield f"http://127.0.0.1:{port}/"
