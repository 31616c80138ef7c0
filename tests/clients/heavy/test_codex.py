"""Codex does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from puter_emulator import PuterEmulator
from stack.fixtures import Desk
from stack.isolated import Isolated

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

CONFIG = """
model = "{model}"
model_provider = "relay"

[model_providers.relay]
name = "relay"
base_url = "{base_url}"
env_key = "RELAY_KEY"
wire_api = "responses"
"""


@pytest.mark.parametrize("model", ["claude-sonnet-4", "agent"])
async def test_codex_writes_a_file(
    desk: Desk, puter: PuterEmulator, programs: Path, isolated: Isolated, model: str
) -> None:
    job = isolated.home / "job"
    target = job / "hello.txt"
    config = isolated.home / ".codex" / "config.toml"
    config.parent.mkdir()
    config.write_text(CONFIG.format(model=model, base_url=desk.relay.base_url))

    code, out, err = await isolated.start(
        programs / "codex",
        *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"),
        f"write {target} <<hällo & bye>>",
        cwd=job,
        RELAY_KEY=desk.relay.key,
    )

    assert code == 0, out + err
    assert target.read_text() == "hällo & bye"
    events = [json.loads(line) for line in out.splitlines()]
    said = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]
    assert (said[-1], events[-1]["type"]) == ("The file is written.", "turn.completed")
    assert [call.model for call in puter.calls] == [model, model]
