"""Answers in the place of the emulated Puter, where a test or a picture wants words of its own."""

from __future__ import annotations

import json

from playwright.async_api import BrowserContext, Route

JSON = "application/json"


async def stand_in(context: BrowserContext, address: str, body: object, *, status: int = 200) -> None:
    """Answer every request of `context` to `address` with `body` as JSON."""

    async def answer(route: Route) -> None:
        await reply(route, json.dumps(body), status=status)

    await context.route(address, answer)


async def reply(route: Route, body: str, *, status: int = 200, content_type: str = JSON) -> None:
    """Answer one request, which comes from another origin and with credentials."""
    headers = {
        "Access-Control-Allow-Origin": route.request.headers.get("origin", "*"),
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "Authorization",
    }
    await route.fulfill(status=status, headers=headers, content_type=content_type, body=body)
