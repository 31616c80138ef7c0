"""Any site in a browser that relay runs: opened, with our program beside its page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Error

from relay.bridge.headless.accounts import Account, Home
from relay.bridge.headless.carried import Carried, CarriedPage
from relay.bridge.headless.linker import NotLinkable, link
from relay.bridge.headless.page import reason
from relay.bridge.headless.seams import PageLost, Tab
from relay.bridge.headless.sites import matches, origins
from relay.bridge.headless.visit import Place, Visit
from relay.bridge.headless.windows import Windows
from relay.errors import SetupError, StoreError

OPEN_SECONDS: Final = 60.0
CODE_SECONDS: Final = 60.0
PROGRAM: Final = "content/headless.js"
AGENT: Final = "page/files.js"
"""Names the files of the agent, in their order."""
AGENT_FILE: Final = re.compile(r'"(page/[a-z_]+\.js)"')
BEGIN: Final = "if (window === window.top) main.begin(globalThis);"


@dataclass(frozen=True)
class SitePage(Visit):
    """Opens the site of an account."""

    windows: Windows
    place: Place
    account: Account
    home: Home

    async def open(self) -> Tab:
        """Open the site."""
        assert self.account.start is not None  # noqa: S101  # relay's own page is not opened here
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                return await self._open(self.account.start)
        except TimeoutError:
            raise PageLost(f"{self.account.site} did not open within {OPEN_SECONDS:g} s.") from None
        except Error as exc:
            raise PageLost(f"{self.account.site} did not open: {reason(exc)}") from exc
        except StoreError as exc:
            raise PageLost(f"{self.account.site} could not be paired: {exc.message}") from exc

    async def _open(self, start: str) -> Tab:
        carried = await carry(self.place, self.account, self.home)
        page = await self.windows.fresh()
        tab = CarriedPage(page, await self.windows.context.new_cdp_session(page), carried)
        try:
            await tab.enter()
            await page.goto(start, wait_until="commit")
        except BaseException:
            await tab.close()
            raise
        return tab


async def carry(place: Place, account: Account, home: Home) -> Carried:
    """Return what the pages of `account` need, with a credential that still counts.

    Raises:
        StoreError: the credential cannot be checked or made now.
        PageLost: the account's site description is not there.
    """
    description = description_of(home)
    return replace(
        await carry_for(place, home),
        description=description,
        serves=serving(account, description),
        origins=origins(description, account.start),
    )


async def carry_for(place: Place, home: Home) -> Carried:
    """Return what pages of no site yet need, with the credential that is kept at `home`.

    Raises:
        StoreError: the credential cannot be checked or made now.
    """
    agent, program = await asyncio.to_thread(scripts, place.modules)
    token, credential = await _credential(place, home)
    return Carried(
        bridge_url=place.bridge_url,
        version=place.version,
        description={},
        serves=lambda _: False,
        token=token,
        credential=credential,
        agent=agent,
        program=program,
        origins=(),
    )


@cache
def scripts(modules: Path) -> tuple[str, str]:
    """Return the script for the page's own world, and the one for the world beside it.

    Raises:
        SetupError: relay's own files are damaged.
    """

    def read(path: str) -> str:
        return (modules / path).read_text(encoding="utf-8")

    try:
        agent = "\n".join(read(file) for file in AGENT_FILE.findall(read(AGENT)))
        return agent, link(PROGRAM, read, BEGIN)
    except (OSError, NotLinkable) as exc:
        raise SetupError(f"relay's own files are damaged: {exc}") from exc


def description_of(home: Home) -> Mapping[str, Any]:
    """Return the site description kept at `home`.

    Raises:
        PageLost: it is not there.
    """
    try:
        found = msgspec.json.decode(home.description or b"")
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict):
        raise PageLost("The site description is not there. Sign in again with: relay login")
    return found


def serving(account: Account, description: Mapping[str, Any]) -> Callable[[str], bool]:
    """Return what tells the account's own origin, and those that its description covers, from others."""
    start = urlsplit(account.start or "")

    def serves(origin: str) -> bool:
        parts = urlsplit(origin)
        return (parts.scheme, parts.netloc) == (start.scheme, start.netloc) or matches(description, f"{origin}/")

    return serves


async def _credential(place: Place, home: Home) -> tuple[str, str]:
    """Return the carrier's token and the id of its credential; without an Origin, so that no page can use it."""
    token = home.token
    known = None if token is None else await place.pairing.check(token, None)
    if token is not None and known is not None:
        return token, known.id
    code = await place.pairing.create_code(None, CODE_SECONDS)
    redeemed = await place.pairing.redeem(code, None)
    if redeemed is None:
        raise PageLost("relay did not give its own carrier a credential.")
    credential, token = redeemed
    home.keep_token(token)
    home.keep_credential(credential.id)
    return token, credential.id
