"""The link that relay opens in the browser: what other users of the machine can see of it, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect
from stack.headless import spawn
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("watch"), pytest.mark.asyncio(loop_scope="session")]


async def test_link_is_off_the_command_line_and_signs_in(
    relay: Relay, context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "noted"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$*" > {noted}\n', encoding="utf-8")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    process = await spawn(relay, "admin", "--open")
    out, _ = await process.communicate()
    link = out.decode().split()[0]
    code = link.partition("#code=")[2]
    address = noted.read_text(encoding="utf-8")
    assert address.startswith("file:///")
    assert code
    assert code not in address

    page = await context.new_page()
    await page.goto(address)
    await expect(page.locator("#summary-title")).to_have_text("No sessions yet")
    assert page.url == link.partition("#")[0]
