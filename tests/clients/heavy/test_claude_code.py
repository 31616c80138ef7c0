"""Claude Code does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
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


async def claude_code(programs: Path, isolated: Isolated, relay: Relay, model: str, *words: str) -> dict[str, Any]:
    """What Claude Code says in the end."""
    code, out, err = await isolated.start(
        programs / "claude",
        *("-p", "--permission-mode", "acceptEdits", "--output-format", "json", *words),
        cwd=isolated.home / "job",
        ANTHROPIC_BASE_URL=relay.origin,
        ANTHROPIC_AUTH_TOKEN=relay.key,
        ANTHROPIC_MODEL=model,
        ANTHROPIC_DEFAULT_HAIKU_MODEL=model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )
    assert code == 0, out + err
    result: dict[str, Any] = json.loads(out)
    return result


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_claude_code_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    target = isolated.home / "job" / "hello.txt"
    result = await claude_code(programs, isolated, desk.relay, model, f"write {target} <<hällo & bye>>")

    assert target.read_text() == "hällo & bye"
    assert (result["subtype"], result["is_error"], result["num_turns"]) == ("success", False, 2)
    assert result["result"] == "The file is written."
    assert [call.model for call in puter.calls] == [model, model]


async def test_claude_code_goes_on(desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated) -> None:
    job = isolated.home / "job"
    await claude_code(programs, isolated, desk.relay, "agent", f"write {job}/one.txt <<one>>")
    result = await claude_code(programs, isolated, desk.relay, "agent", "-c", f"write {job}/two.txt <<two>>")

    assert result["result"] == "The file is written."
    assert [(job / name).read_text() for name in ("one.txt", "two.txt")] == ["one", "two"]
    ids = [m["tool_call_id"] for m in puter.calls[-1].args["messages"] if m["role"] == "tool"]
    assert ids == ["call_write", "call_write-2"]


async def test_claude_code_that_ends_stops_the_site(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated
) -> None:
    asking = asyncio.create_task(claude_code(programs, isolated, desk.relay, "held", "parts=3"))
    call = await puter.next_call("held")
    isolated.end_daemons()
    async with asyncio.timeout(5):
        await call.ended.wait()
    with pytest.raises(AssertionError):
        await asking

    assert call.outcome == "aborted"


async def test_claude_code_over_a_page_without_tools(relay: Relay, programs: Path, isolated: Isolated) -> None:
    target = isolated.home / "job" / "hello.txt"
    async with text_page(relay) as page:
        await page.tell()
        page.script = [answer, answer]
        result = await claude_code(programs, isolated, relay, "chat", f"write {target} <<hällo & bye>>")

    assert target.read_text() == "hällo & bye"
    assert (result["result"], page.script) == ("The file is written.", [])
