"""Cline does a real task over a web chat of which nothing but the page can be seen, and which knows no tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from apps.account import description_of, dom_only, offering, open_account
from apps.agent import agent
from apps.model import MockModel
from apps.office import headless_relay, office
from apps.webchat import Gradio
from playwright.async_api import Playwright
from puter_emulator import PuterEmulator
from stack.cline import Cline, events
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def fresh_relay(puter: PuterEmulator, tmp_path: Path) -> Relay:
    return headless_relay(puter, tmp_path / "data")


async def test_cline_writes_a_file_over_a_page(
    fresh_relay: Relay, playwright: Playwright, gradio: Gradio, model: MockModel, cline: Cline
) -> None:
    job = cline.home / "job"
    job.mkdir()
    target = job / "hello.txt"
    description = offering(dom_only(description_of("gradio")), "page")
    await open_account(fresh_relay.data_dir, "page", gradio, description, playwright)
    model.act(agent)
    async with office(fresh_relay, "page") as running:
        at = ("-p", "openai", "-k", running.relay.key, "-m", "page", "-b", running.relay.base_url)
        code, said = await cline.run("auth", *at)
        assert code == 0, said

        code, said = await cline.run("--json", "-c", str(job), "-t", "90", f"write {target} <<hällo & bye>>")

    assert code == 0, said
    assert target.read_text() == "hällo & bye"
    seen = events(said)
    assert (seen[-1]["type"], seen[-1]["finishReason"]) == ("run_result", "completed")
    assert seen[-1]["text"] == "The file is written."
    assert [call.outcome for call in model.calls] == ["answered", "answered"]
