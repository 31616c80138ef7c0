from __future__ import annotations

import json
from typing import Any

import pytest
from bridge.headless.driven import Context
from playwright.async_api import Error

from relay.bridge.headless.storage import restore


def cookie(name: str, expires: float = -1, **more: Any) -> dict[str, Any]:
    return {"name": name, "domain": "chat.example", "path": "/", "value": "old", "expires": expires, **more}


async def test_cookies_that_ended_with_the_browser_come_back():
    context = Context()
    context.jar = [cookie("kept", value="new")]
    state = json.dumps({"cookies": [cookie("kept"), cookie("lost"), cookie("lasting", expires=1e10)]}).encode()

    await restore(context, state)  # type: ignore[arg-type]

    assert context.jar == [cookie("kept", value="new"), cookie("lost")]


@pytest.mark.parametrize("state", [None, b"{", b"[]", b'{"cookies":[7]}', b'{"cookies":[{"expires":-1}]}', b"{}"])
async def test_export_that_cannot_be_used_costs_nothing_else(state: bytes | None):
    context = Context()
    await restore(context, state)  # type: ignore[arg-type]
    assert context.jar == []


async def test_browser_that_is_gone():
    context = Context()
    context.broken = Error("closed")
    await restore(context, b'{"cookies":[]}')  # type: ignore[arg-type]
