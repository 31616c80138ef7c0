from __future__ import annotations

import json
import subprocess
import sys

import pytest
from bridge.headless.driven import Context, Session
from bridge.headless.fakes import FakeTab
from playwright.async_api import Error

from relay.bridge.headless import browser as module
from relay.bridge.headless import processes
from relay.bridge.headless.browser import Chromium
from relay.bridge.headless.processes import Process
from relay.bridge.headless.seams import BrowserLost, Lost, Tab
from relay.bridge.headless.visit import Visit


class FakeVisit(Visit):
    async def open(self) -> Tab:
        return FakeTab()


async def chromium(context: Context, process: Process | None = None) -> Chromium:
    return Chromium(context, FakeVisit(), process)  # type: ignore[arg-type]


async def test_a_browser_at_work():
    context = Context()
    context.jar = [{"name": "a"}]
    browser = await chromium(context, Process(1, "x"))
    assert isinstance(await browser.open(), FakeTab)
    assert browser.process == Process(1, "x")
    await browser.check()
    assert json.loads(await browser.export(1)) == {"cookies": [{"name": "a"}], "origins": []}
    context.emit("close")
    context.emit("close")
    assert browser.lost.result() == "The browser was closed or crashed."


async def test_no_sign_of_life(monkeypatch: pytest.MonkeyPatch):
    context = Context()
    browser = await chromium(context)
    assert context.browser is not None
    session: Session = context.browser.session

    session.gone = True
    with pytest.raises(BrowserLost, match="closed or crashed"):
        await browser.check()

    session.gone, session.hung = False, True
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(BrowserLost, match=r"not answered for 0\.01 s"):
        await browser.check()

    context.browser.connected = False
    with pytest.raises(BrowserLost):
        await browser.check()
    context.browser = None
    with pytest.raises(BrowserLost):
        await browser.check()


async def test_export_that_fails():
    context = Context()
    browser = await chromium(context)
    context.hung = True
    with pytest.raises(Lost, match=r"within 0\.01 s"):
        await browser.export(0.01)
    context.broken = Error("closed")
    with pytest.raises(Lost):
        await browser.export(1)


async def test_close_ends_what_does_not_end_by_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.01)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as left:
        context = Context()
        context.hung = True
        browser = await chromium(context, processes.identify(left.pid))
        await browser.close()
        assert left.wait() == -9
    assert browser.lost.result() == "The browser was closed."

    context = Context()
    browser = await chromium(context)
    await browser.close()
    assert context.closed
