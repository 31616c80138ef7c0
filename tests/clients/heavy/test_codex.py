"""Codex does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from apps.agent import answer
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.isolated import Isolated
from stack.relay import Relay
from stack.text_page import text_page

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CONFIG = """
model = "{model}"
model_provider = "relay"

[model_providers.relay]
name = "relay"
base_url = "{base_url}"
env_key = "CODEX_RELAY_KEY"
wire_api = "responses"
"""


async def codex(programs: Path, isolated: Isolated, relay: Relay, model: str, *words: str) -> list[dict[str, Any]]:
    """The events that Codex tells of."""
    config = isolated.home / ".codex" / "config.toml"
    config.parent.mkdir()
    config.write_text(CONFIG.format(model=model, base_url=relay.base_url))
    code, out, err = await isolated.start(
        programs / "codex",
        *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json", *words),
        cwd=isolated.home / "job",
        CODEX_RELAY_KEY=relay.key,
    )
    assert code == 0, out + err
    return [json.loads(line) for line in out.splitlines()]


def last_words(events: list[dict[str, Any]]) -> str:
    """What Codex says in the end."""
    said: list[str] = [
        event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"
    ]
    return said[-1]


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_codex_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    target = isolated.home / "job" / "hello.txt"
    effort = ("-c", 'model_reasoning_effort="high"')
    events = await codex(programs, isolated, desk.relay, model, *effort, f"write {target} <<hällo & bye>>")

    assert target.read_text() == "hällo & bye"
    assert (last_words(events), events[-1]["type"]) == ("The file is written.", "turn.completed")
    assert [call.model for call in puter.calls] == [model, model]
    assert [call.args["reasoning_effort"] for call in puter.calls] == ["high", "high"]


async def test_codex_over_a_websocket(desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated) -> None:
    target = isolated.home / "job" / "hello.txt"
    sockets = ("-c", "model_providers.relay.supports_websockets=true")
    events = await codex(programs, isolated, desk.relay, "agent", *sockets, f"write {target} <<hällo & bye>>")

    assert target.read_text() == "hällo & bye"
    assert last_words(events) == "The file is written."
    assert [call.model for call in puter.calls] == ["agent", "agent"]


async def test_codex_shows_a_picture(desk: Desk, programs: Path, isolated: Isolated) -> None:
    picture = isolated.home / "job" / "pixel.png"
    picture.write_bytes(PNG)
    events = await codex(programs, isolated, desk.relay, "look", "What is it?", "-i", str(picture))

    assert last_words(events).startswith("I see data:image/png;base64,iVBORw0KGgo")


async def test_codex_over_a_page_without_tools(relay: Relay, programs: Path, isolated: Isolated) -> None:
    target = isolated.home / "job" / "hello.txt"
    async with text_page(relay) as page:
        await page.tell()
        page.script = [answer, answer]
        events = await codex(programs, isolated, relay, "chat", f"write {target} <<hällo & bye>>")

    assert target.read_text() == "hällo & bye"
    assert (last_words(events), page.script) == ("The file is written.", [])
