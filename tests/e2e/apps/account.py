"""Accounts of headless mode on the real web chats: signed in to by a person before relay runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Playwright
from stack.programs import BROWSER_FLAGS, ROOT, chromium

from relay.bridge.headless.accounts import Account, Accounts, Home
from relay.datadir import DataDir

from .webchat import WebChat

BUILT_IN = ROOT / "extension" / "sites"
OWN = Path(__file__).resolve().parent / "sites"


def description_of(name: str) -> dict[str, Any]:
    """The description `name`: one of relay's own, or one that only tests have."""
    file = BUILT_IN / f"{name}.json"
    found: dict[str, Any] = json.loads((file if file.is_file() else OWN / f"{name}.json").read_bytes())
    return found


def offering(description: dict[str, Any], model: str) -> dict[str, Any]:
    """The same site, with nothing but a model of this name."""
    return description | {"models": [{"id": model}]}


def dom_only(description: dict[str, Any]) -> dict[str, Any]:
    """The same site, as if nothing but its page could be seen."""
    return description | {
        "ways": [{"way": "dom"}],
        "capabilities": {"single_prompt": True, "cancel": True},
    }


async def open_account(
    data_dir: Path, name: str, chat: WebChat, description: dict[str, Any], playwright: Playwright | None
) -> Home:
    """Make an account of headless mode on `chat`, signed in to with `playwright` or not at all."""
    accounts = Accounts(DataDir(data_dir).headless)
    start = description.get("start", f"{chat.origin}/")
    account = Account(name=name, adapter=description["id"], start=start)
    accounts.save(account, json.dumps(description | {"start": start}).encode())
    home = accounts.home(name)
    if playwright is not None:
        await _sign_in(playwright, home, chat)
    return home


async def _sign_in(playwright: Playwright, home: Home, chat: WebChat) -> None:
    context = await playwright.chromium.launch_persistent_context(
        home.profile, executable_path=chromium(), args=BROWSER_FLAGS
    )
    await chat.sign_in(context.pages[0])
    home.keep_state(json.dumps(await context.storage_state()).encode())
    await context.close()
