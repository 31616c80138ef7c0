"""``relay browser``: which browser headless mode runs, and getting one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import click

from relay import settings
from relay.bridge.headless import discovery
from relay.commands.output import say
from relay.commands.place import examples, place_options
from relay.errors import BrowserMissing


@click.group(epilog=examples("relay browser install", "relay browser path"))
def browser() -> None:
    """The browser that headless mode runs."""


@browser.command(epilog=examples("relay browser path"))
@place_options
def path(*, config: Path | None, data_dir: Path | None) -> None:
    """Print the path of the browser that is used."""
    loaded = settings.load(config, data_dir=data_dir)
    say(str(discovery.find(loaded.headless.browser, asyncio.run(own_browser()), discovery.Machine.this())))


@browser.command(epilog=examples("relay browser install", "sudo relay browser install --with-deps"))
@click.option("--with-deps", is_flag=True, help="Install the libraries it needs as well (Debian, Ubuntu; as root).")
def install(*, with_deps: bool) -> None:
    """Download Chromium, the build that Playwright is made for, into the user's cache."""
    words = ("-m", "playwright", "install", "--no-shell", *(("--with-deps",) if with_deps else ()), "chromium")
    done = subprocess.run((sys.executable, *words), check=False)  # noqa: S603  # fixed words
    if done.returncode != 0:
        machine = discovery.Machine.this()
        command = discovery.package_command(machine, root=not hasattr(os, "geteuid") or os.geteuid() == 0)
        instead = f"This installs one from your system instead: {command}" if command else "Install Chrome or Chromium."
        raise BrowserMissing(f"The download did not work; see above. {instead}")
    say(str(asyncio.run(own_browser())))


async def own_browser() -> Path:
    """Return where Playwright has its browser, or would have it."""
    from relay.bridge.headless import driver  # noqa: PLC0415  # a few commands need it

    return await driver.own_browser()
