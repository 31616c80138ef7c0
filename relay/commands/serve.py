"""``relay serve``: take the data directory, open the store, and run until told to stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import click

from relay import banner, settings
from relay.commands.files import file_problems
from relay.commands.opening import Opener
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, opened, place_options
from relay.datadir import DataDir, Lock
from relay.errors import SettingsError
from relay.settings import Settings
from relay.store import Store

FIRST_KEY = "default"
Announce = Callable[[banner.Running], None]
Run = Callable[[Settings, DataDir, Store, str | None, Announce], Awaitable[int]]


@click.command(epilog=examples("relay serve", "relay serve --port 4000 --no-open", "relay serve --demo"))
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="Port of the API and the page (3000).")
@click.option("--bridge-port", type=int, help="Port of the WebSocket bridge (port + 1).")
@click.option("--open/--no-open", "open_browser", default=None, help="Open the page in the browser, or do not.")
@click.option("--demo", is_flag=True, default=None, help="Answer with a built-in example session.")
@click.option("--no-auth", is_flag=True, help="Ask for no API key; on this machine only.")
@click.option("--expose", is_flag=True, default=None, help="Allow a --host that other machines can reach.")
@click.option("--headless", is_flag=True, help="Start the browsers of all accounts of `relay login`.")
@click.option("--log-level", help="debug, info, warning or error.")
@place_options
def serve(
    *,
    config: Path | None,
    data_dir: Path | None,
    no_auth: bool,
    headless: bool,
    log_level: str | None,
    **options: object,
) -> None:
    """Start relay: the API for your tools and the page to sign in."""
    auth = False if no_auth else None
    log = None if log_level is None else {"level": log_level}
    browsers = {"enabled": True} if headless else None
    loaded = settings.load(config, data_dir=data_dir, auth=auth, headless=browsers, log=log, **options)
    from relay.serving import serve as run  # noqa: PLC0415  # the whole server: the other commands do without

    sys.exit(start(loaded, run, elsewhere(config, data_dir)))


def start(loaded: Settings, run: Run, place: str = "") -> int:
    """Serve with `run` on the settings' data directory; the result is the exit code.

    `place` are the options that the commands in the start-up text need in order to find this relay.

    Raises:
        SetupError: if the data directory or a port is taken or cannot be used.
        StoreError: if the database cannot be used.
    """
    if problems := file_problems(loaded):
        raise SettingsError(tuple(problems))
    data = DataDir.open(loaded.data_path)
    with data.lock() as lock, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(loaded, data, lock, run, place))


async def _serve(loaded: Settings, data: DataDir, lock: Lock, run: Run, place: str) -> int:
    async with opened(data) as store, _first_key(store, needed=loaded.auth) as (first_key, shown):
        opener = Opener(data)

        def announce(running: banner.Running) -> None:
            page = urlsplit(running.page_url)
            lock.publish(f"{page.scheme}://{page.netloc}")
            terminal = sys.stdout.isatty()
            say(banner.render(running, terminal=terminal, place=place))
            shown.set()
            if loaded.wants_browser(terminal=terminal):
                Thread(target=opener.open, args=(running.page_url,), daemon=True).start()

        with closing(opener):
            return await run(loaded, data, store, first_key, announce)


@asynccontextmanager
async def _first_key(store: Store, *, needed: bool) -> AsyncIterator[tuple[str | None, asyncio.Event]]:
    """Make a key if there is none, and end it again if nobody got to see it."""
    shown = asyncio.Event()
    if not needed or await store.keys.active():
        yield None, shown
        return
    key, secret = await store.keys.create(FIRST_KEY)
    try:
        yield secret, shown
    finally:
        if not shown.is_set():
            await store.keys.revoke(key.id)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
