"""Cline does a real task over a chat that is open in a person's browser, which knows no tools and has the extension."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from apps.agent import agent
from apps.model import MockModel
from apps.webchat import Gradio
from playwright.async_api import Playwright
from stack.cline import Cline, events
from stack.extension import Extended, extended
from stack.page import ready
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def person(playwright: Playwright, tmp_path: Path) -> AsyncIterator[Extended]:
    """A person's browser with the extension, which may see the chats of this machine."""
    async with extended(playwright, tmp_path / "browser", ("http://127.0.0.1/*",)) as browser:
        yield browser


async def test_cline_writes_a_file_over_the_extension(
    relay: Relay, person: Extended, gradio: Gradio, model: MockModel, cline: Cline
) -> None:
    job = cline.home / "job"
    job.mkdir()
    target = job / "hello.txt"
    model.act(agent)
    await person.pair(relay)
    tab = await person.context.new_page()
    await gradio.sign_in(tab)
    await person.connect(tab)
    await ready(relay)
    code, said = await cline.run("auth", "-p", "openai", "-k", relay.key, "-m", "gradio", "-b", relay.base_url)
    assert code == 0, said

    code, said = await cline.run("--json", "-c", str(job), "-t", "60", f"write {target} <<hällo & bye>>")

    assert code == 0, said
    assert target.read_text() == "hällo & bye"
    seen = events(said)
    assert (seen[-1]["type"], seen[-1]["finishReason"]) == ("run_result", "completed")
    assert seen[-1]["text"] == "The file is written."
    assert [call.outcome for call in model.calls] == ["answered", "answered"]
