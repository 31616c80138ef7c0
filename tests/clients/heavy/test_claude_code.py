"""Claude Code does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.isolated import Isolated

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_claude_code_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    job = isolated.home / "job"
    target = job / "hello.txt"

    code, out, err = await isolated.start(
        programs / "claude",
        *("-p", "--permission-mode", "acceptEdits", "--output-format", "json", f"write {target} <<hällo & bye>>"),
        cwd=job,
        ANTHROPIC_BASE_URL=desk.relay.origin,
        ANTHROPIC_AUTH_TOKEN=desk.relay.key,
        ANTHROPIC_MODEL=model,
        ANTHROPIC_DEFAULT_HAIKU_MODEL=model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )

    assert code == 0, out + err
    assert target.read_text() == "hällo & bye"
    result = json.loads(out)
    assert (result["subtype"], result["is_error"], result["num_turns"]) == ("success", False, 2)
    assert result["result"] == "The file is written."
    assert [call.model for call in puter.calls] == [model, model]
