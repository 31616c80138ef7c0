"""Gemini CLI does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apps.agent import answer
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.isolated import Isolated
from stack.relay import Relay
from stack.text_page import text_page

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

SETTINGS = {"security": {"auth": {"selectedType": "gemini-api-key"}}}


async def gemini_cli(programs: Path, isolated: Isolated, relay: Relay, model: str, words: str) -> str:
    """What Gemini CLI says in the end."""
    settings = isolated.home / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps(SETTINGS))
    code, out, err = await isolated.start(
        programs / "gemini",
        *("--skip-trust", "--approval-mode", "auto_edit", "-m", model, "-o", "json", "-p", words),
        cwd=isolated.home / "job",
        GEMINI_API_KEY=relay.key,
        GOOGLE_GEMINI_BASE_URL=relay.origin,
    )
    assert code == 0, out + err
    response: str = json.loads(out)["response"]
    return response


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_gemini_cli_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    said = await gemini_cli(programs, isolated, desk.relay, model, "write hello.txt <<hällo & bye>>")

    assert (isolated.home / "job" / "hello.txt").read_text() == "hällo & bye"
    assert said.endswith("The file is written.")
    assert [call.model for call in puter.calls] == [model, model]


async def test_gemini_cli_over_a_page_without_tools(relay: Relay, programs: Path, isolated: Isolated) -> None:
    async with text_page(relay) as page:
        await page.tell()
        page.script = [answer, answer]
        said = await gemini_cli(programs, isolated, relay, "chat", "write hello.txt <<hällo & bye>>")

    assert (isolated.home / "job" / "hello.txt").read_text() == "hällo & bye"
    assert (said.endswith("The file is written."), page.script) == (True, [])
