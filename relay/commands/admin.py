"""``relay admin``: a one-time link to the admin page."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import click

from relay import settings
from relay.commands.opening import Opener
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, place_options
from relay.commands.running import ask
from relay.datadir import DataDir


@dataclass(frozen=True)
class AdminLink:
    """A link that signs in one browser, once; ``expires_in`` is in seconds."""

    url: str
    expires_in: float


def admin_link(data: DataDir, account: str | None = None, *, place: str = "") -> AdminLink:
    """Return a new link from the running relay; it leads to the screen of `account`, if one is named.

    Raises:
        SetupError: no relay runs on `data`.
    """
    made = ask(data, "POST", "/api/admin/codes", place=place)
    url = str(made["url"]) + ("" if account is None else f"&account={quote(account, safe='')}")
    return AdminLink(url, float(made["expires_in"]))


@click.command(epilog=examples("relay admin", "relay admin --account work", "ssh -L 3000:127.0.0.1:3000 server"))
@click.option("--account", metavar="NAME", help="Show the screen of this headless account at once.")
@click.option("--open/--no-open", "open_browser", default=None, help="Open the link in the browser, or do not.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
def admin(
    account: str | None, *, open_browser: bool | None, as_json: bool, config: Path | None, data_dir: Path | None
) -> None:
    """Make a one-time link to the admin page: all sessions, and the screens of headless accounts.

    relay must be running. From another machine, forward its port first (see the example) and open the link there.
    """
    loaded = settings.load(config, data_dir=data_dir, open_browser=open_browser)
    data = DataDir.open(loaded.data_path)
    link = admin_link(data, account, place=elsewhere(config, data_dir))
    if as_json:
        say(json.dumps({"url": link.url, "expires_in": link.expires_in}))
        return
    say(link.url)
    click.echo(f"It works once, within {link.expires_in / 60:g} minutes.", err=True)
    if loaded.wants_browser(terminal=sys.stdout.isatty()) and Opener(data).open(link.url):
        click.echo("If your browser does not show it, open the link there yourself.", err=True)
