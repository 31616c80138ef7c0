"""Gemini CLI does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.isolated import Isolated

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

SETTINGS = {"security": {"auth": {"selectedType": "gemini-api-key"}}}


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_gemini_cli_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    job = isolated.home / "job"
    settings = isolated.home / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps(SETTINGS))

    code, out, err = await isolated.start(
        programs / "gemini",
        *("--skip-trust", "--approval-mode", "auto_edit", "-m", model, "-o", "json"),
        *("-p", "write hello.txt <<hällo & bye>>"),
        cwd=job,
        GEMINI_API_KEY=desk.relay.key,
        GOOGLE_GEMINI_BASE_URL=desk.relay.origin,
    )

    assert code == 0, out + err
    assert (job / "hello.txt").read_text() == "hällo & bye"
    assert json.loads(out)["response"] == "The file is written."
    assert [call.model for call in puter.calls] == [model, model]
