"""What a profile loses, put back from the export.

A browser forgets cookies without an expiry date when it ends, and a site may keep its login in one. All else the
profile keeps itself; of a browser that is killed it may lack the last seconds (local storage is written later).
"""

from __future__ import annotations

import json
from typing import Any, Final

from playwright.async_api import BrowserContext, Error

ENDS_WITH_BROWSER: Final = -1


async def restore(context: BrowserContext, state: bytes | None) -> None:
    """Put the cookies of `state` back that ended with the last browser; what the profile has wins."""
    if state is None:
        return
    try:
        kept: list[Any] = json.loads(state).get("cookies", [])
        there = {_key(cookie) for cookie in await context.cookies()}
        lost = [one for one in kept if one.get("expires") == ENDS_WITH_BROWSER and _key(one) not in there]
        if lost:
            await context.add_cookies(lost)
    except (ValueError, AttributeError, KeyError, TypeError, Error):
        return  # an export that cannot be used costs what it would have brought back, not the start


def _key(cookie: Any) -> tuple[str, str, str]:
    return (cookie["name"], cookie["domain"], cookie["path"])
