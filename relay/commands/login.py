"""``relay login``: sign in once, in a browser whose profile relay keeps."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from relay import banner, settings
from relay.bridge.headless.discovery import Machine
from relay.commands.admin import admin_link
from relay.commands.files import file_problems
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, opened, place_options
from relay.commands.running import ask
from relay.datadir import DataDir
from relay.errors import SettingsError, SetupError
from relay.settings import Settings

PATIENCE_SECONDS: Final = 30 * 60.0
LOOK_SECONDS: Final = 0.5
TOKEN_SECONDS: Final = 20.0
TOKEN_CHARS: Final = 65_536
ADAPTER_BYTES: Final = 1_000_000
FROM_INPUT: Final = "-"
PASSWORD: Final = re.compile(r"([a-z0-9]+://)?[^/]*:[^/]*@", re.IGNORECASE)
SCREEN_VARIABLES: Final = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")

Tell = Callable[[str], None]
Ask = Callable[[str, str, Any], dict[str, Any]]
"""Asks the running relay: method, path, body."""


@dataclass(frozen=True)
class Wish:
    """What to sign in to, and where the person sits."""

    account: dict[str, Any]
    remote: bool
    link: Callable[[str], str]
    """Makes the one-time link to the screen of an account."""

    @property
    def headed(self) -> bool:
        """Whether a window is opened."""
        return not self.remote and "token" not in self.account


@click.command(
    epilog=examples(
        "relay login",
        "relay login --site https://chat.example/ --name work",
        "relay login --remote",
        "relay login --token - < token.txt",
    )
)
@click.option("--site", help="Address of the chat, or the name of a built-in one (relay's own page).")
@click.option("--name", help="What to call the account (made from the site).")
@click.option("--adapter", help="Site description: a JSON file, or the name of a built-in one.")
@click.option(
    "--proxy", help="Proxy of this account, such as http://proxy.example:8080; - reads it from standard input."
)
@click.option("--token", help="- reads a login from standard input, for relay's own page.")
@click.option("--remote", is_flag=True, help="Show the browser on relay's admin page: no display needed here.")
@place_options
def login(  # noqa: PLR0913  # one for each option
    *,
    site: str | None,
    name: str | None,
    adapter: str | None,
    proxy: str | None,
    token: str | None,
    remote: bool,
    config: Path | None,
    data_dir: Path | None,
) -> None:
    """Sign in once; relay keeps the browser's profile and uses it without a window.

    A relay that runs opens the browser itself and goes on with the account. Otherwise this command does, and ends when
    you are signed in.
    """
    loaded = settings.load(config, data_dir=data_dir)
    if proxy == token == FROM_INPUT:
        raise SetupError("Standard input holds --token or --proxy; put the other one, the proxy, into headless.proxy.")
    named = {
        "site": site,
        "name": name,
        "adapter": _adapter(adapter),
        "proxy": _proxy(proxy, loaded),
        "token": _token(token),
    }
    account = {key: value for key, value in named.items() if value is not None}
    data = DataDir.open(loaded.data_path)
    wish = Wish(account, remote, lambda account_name: admin_link(data, account_name).url)
    if wish.headed and not Machine.this().has_display:
        raise SetupError(
            "There is no display here for a window. This shows the browser elsewhere: relay login --remote"
        )
    if data.holder() is not None:
        owner = partial(ask, data)
        account_name = sign_in(owner, wish, _tell)
        if wish.headed:
            owner("POST", f"/api/accounts/{account_name}/restart", {})
        say(f"Signed in: {account_name}. relay goes on with it{_from_now_on(owner)}")
        return
    account_name = asyncio.run(_alone(loaded, data, wish))
    say(
        f"Signed in: {account_name}. Start relay with its browsers: relay serve --headless{elsewhere(config, data_dir)}"
    )


def _from_now_on(owner: Ask) -> str:
    """What is left to do so that the account is there whenever relay runs."""
    return "." if owner("GET", "/api/accounts", None)["headless"] else "; start it with --headless from now on."


def sign_in(owner: Ask, wish: Wish, tell: Tell) -> str:
    """Open the account's browser and wait until its session is ready; return the account's name.

    Raises:
        SetupError: it was refused, failed, was given up by the person, or took too long.
    """
    display = {name: Machine.this().environment.get(name, "") for name in SCREEN_VARIABLES}
    screen = {"headed": wish.headed, "display": {name: value for name, value in display.items() if value}}
    shown = owner("POST", "/api/accounts", wish.account | screen)
    name = str(shown["name"])
    if wish.remote:
        tell(f"Open this link, once, and sign in there: {wish.link(name)}")
    elif wish.headed:
        tell("Sign in, in the window that opens.")
    deadline = time.monotonic() + (PATIENCE_SECONDS if "token" not in wish.account else TOKEN_SECONDS)
    told = ""
    while (state := _state(shown)) != "ready":
        if shown["state"] in {"failed", "stopped"}:
            raise SetupError(f"The browser of {name} {shown['state']}: {shown['detail'] or 'see the log.'}")
        if time.monotonic() > deadline:
            raise SetupError(f"{name} is not signed in: {told or state}. Try again.")
        detail = (shown["session"] or {}).get("detail") or ""
        if detail not in {told, ""}:
            tell(detail)
            told = detail
        time.sleep(LOOK_SECONDS)
        shown = owner("GET", f"/api/accounts/{quote(name, safe='')}", None)
    return name


def _state(shown: dict[str, Any]) -> str:
    session = shown["session"]
    return str(shown["state"] if session is None else session["state"])


async def _alone(loaded: Settings, data: DataDir, wish: Wish) -> str:
    """Serve in this process, with this account only, until the person is signed in."""
    from relay.serving import serve  # noqa: PLC0415  # the whole server: with a running relay it is not needed

    if problems := file_problems(loaded):
        raise SettingsError(tuple(problems))
    quiet = loaded.model_copy(
        update={
            "headless": loaded.headless.model_copy(update={"enabled": False}),
            "log": loaded.log.model_copy(update={"level": "error"}),
        }
    )
    with data.lock() as lock:
        listening = asyncio.get_running_loop().create_future()

        def announce(running: banner.Running) -> None:
            lock.publish(running.page_url.partition("/#")[0])
            listening.set_result(None)

        async def signed_in() -> str:
            await listening
            try:
                return await asyncio.to_thread(sign_in, partial(ask, data), wish, _tell)
            finally:
                signal.raise_signal(signal.SIGTERM)  # the way in which a relay is stopped

        async with opened(data) as store, asyncio.TaskGroup() as group:
            signing_in = group.create_task(signed_in())
            await serve(quiet, data, store, None, announce)
    return signing_in.result()


def _adapter(adapter: str | None) -> object:
    """Return the description in a file, or the name of a built-in one as it is."""
    if adapter is None or not (Path(adapter).suffix or Path(adapter).exists()):
        return adapter
    try:
        content = Path(adapter).read_bytes()[: ADAPTER_BYTES + 1]
        found = json.loads(content)
    except OSError as exc:
        raise SetupError(f"The site description {adapter} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise SetupError(f"The site description {adapter} is not JSON: {exc}.") from exc
    if not isinstance(found, dict):
        raise SetupError(f"The site description {adapter} is not a JSON object.")
    return found


def _proxy(option: str | None, loaded: Settings) -> str | None:
    """Return the address of the proxy; one with a password comes by a way that others cannot see."""
    if option is None:
        return None if loaded.headless.proxy is None else loaded.headless.proxy.get_secret_value()
    if option == FROM_INPUT:
        return _read("proxy")
    if PASSWORD.match(option):
        raise SetupError(
            "--proxy takes no password: others can see a command line. --proxy - reads the whole address from standard "
            "input; the setting headless.proxy (RELAY_HEADLESS__PROXY) may hold it, too."
        )
    return option


def _token(option: str | None) -> str | None:
    if option is None:
        return None
    if option != FROM_INPUT:
        raise SetupError("--token takes - only, and reads standard input: others can see a command line.")
    return _read("token")


def _read(what: str) -> str:
    found = sys.stdin.read(TOKEN_CHARS).strip()
    if not found:
        raise SetupError(f"There is no {what} on standard input.")
    return found


def _tell(text: str) -> None:
    click.echo(text, err=True)
