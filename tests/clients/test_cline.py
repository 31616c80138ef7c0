"""Cline's command line program does a real task through relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import pytest
from puter_emulator import PuterEmulator
from stack.cline import Cline, events
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    ("model", "options"), [("claude-sonnet-4", ()), ("agent", ("--thinking", "high"))], ids=["plain", "thinking"]
)
async def test_cline_writes_a_file(
    desk: Desk, puter: PuterEmulator, cline: Cline, model: str, options: tuple[str, ...]
) -> None:
    job = cline.home / "job"
    job.mkdir()
    target = job / "hello.txt"
    code, said = await cline.run("auth", "-p", "openai", "-k", desk.relay.key, "-m", model, "-b", desk.relay.base_url)
    assert code == 0, said

    code, said = await cline.run("--json", "-c", str(job), "-t", "60", *options, f"write {target} <<hällo & bye>>")

    assert code == 0, said
    assert target.read_text() == "hällo & bye"
    seen = events(said)
    assert (seen[-1]["type"], seen[-1]["finishReason"]) == ("run_result", "completed")
    assert seen[-1]["text"] == "The file is written."
    thoughts = {event.get("event", {}).get("reasoning") for event in seen} - {None}
    assert thoughts == ({"The user wants a file.", "The tool has answered."} if options else set())
    assert [call.model for call in puter.calls] == [model, model]
    assert [call.args.get("reasoning_effort") for call in puter.calls] == [("high" if options else None)] * 2


async def test_cline_writes_a_file_over_the_responses_api(desk: Desk, puter: PuterEmulator, cline: Cline) -> None:
    job = cline.home / "job"
    job.mkdir()
    target = job / "hello.txt"
    at = ("-p", "openai-native", "-k", desk.relay.key, "-m", "agent", "-b", desk.relay.base_url)
    code, said = await cline.run("auth", *at)
    assert code == 0, said

    code, said = await cline.run("--json", "-c", str(job), "-t", "60", f"write {target} <<hällo & bye>>")

    assert code == 0, said
    assert target.read_text() == "hällo & bye"
    seen = events(said)
    assert (seen[-1]["type"], seen[-1]["finishReason"]) == ("run_result", "completed")
    assert seen[-1]["text"] == "The file is written."
    assert [call.model for call in puter.calls] == ["agent", "agent"]
