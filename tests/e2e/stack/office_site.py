"""A web chat that wants a person first: a sign-in form, then a question with a box to tick, then it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from puter_emulator.http import Exchange, serve

PAGE = """<!doctype html>
<title>Office chat</title>
<style>
  body { margin: 0; font: 20px sans-serif; height: 2400px }
  #name, #password { position: absolute; left: 40px; width: 300px; height: 30px }
  #name { top: 40px } #password { top: 90px }
  #enter { position: absolute; left: 40px; top: 140px; width: 120px; height: 40px }
  #agree { position: absolute; left: 40px; top: 220px; width: 30px; height: 30px }
  #done { position: absolute; left: 40px; top: 300px }
  #window { position: absolute; left: 40px; top: 380px; width: 120px; height: 40px }
  #far { position: absolute; top: 2000px }
</style>
<input id="name"><input id="password" type="password"><button id="enter">Enter</button>
<input id="agree" type="checkbox" hidden><p id="done" hidden>You are in.</p><p id="far">The end</p>
<button id="window" onclick="open('/window', '_blank', 'popup,width=400,height=300')">Window</button>
<script>
  const $ = (id) => document.getElementById(id);
  let state = { state: "login_required", detail: "Enter your name and password." };
  $("enter").onclick = () => {
    if ($("name").value !== "ada" || $("password").value !== "correct horse") return;
    fetch("/entered", { method: "POST" });
    $("agree").hidden = false;
    state = { state: "blocked", reason: "consent", detail: "The rules of this office." };
  };
  $("agree").onchange = () => {
    fetch("/agreed", { method: "POST" });
    $("done").hidden = false;
    state = { state: "ready", account: { id: "ada" } };
  };
  addEventListener("scroll", () => fetch("/scrolled", { method: "POST" }), { once: true });
  window.relayChat = {
    models: [{ id: "office" }],
    status: async () => state,
    async *chat() { yield "Good "; yield "morning"; },
  };
</script>
"""

WINDOW = """<!doctype html>
<title>Badge</title>
<style> body { margin: 0 } button { position: absolute; left: 40px; top: 40px; width: 120px; height: 40px } </style>
<button onclick="fetch('/badge', { method: 'POST' }).then(() => window.close())">Show the badge</button>
"""


@dataclass
class OfficeSite:
    """Where the site is, and what a person did there."""

    port: int = 0
    seen: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The chat's page."""
        return f"http://127.0.0.1:{self.port}/"

    async def answer(self, exchange: Exchange) -> None:
        """Serve the page, and note what it tells."""
        self.cookies.append(exchange.request.headers.get("cookie", ""))
        if exchange.request.method == "POST":
            self.seen.append(exchange.request.path)
        page = WINDOW if exchange.request.path == "/window" else PAGE
        await exchange.respond(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


@asynccontextmanager
async def office_site() -> AsyncIterator[OfficeSite]:
    """Serve the site for the life of the block."""
    site = OfficeSite()
    async with serve(site.answer) as site.port:
        yield site
