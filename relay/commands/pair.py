"""``relay pair``: a one-time code with which a page may attach."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from relay import settings
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, opened, place_options
from relay.datadir import DataDir


@click.command(epilog=examples("relay pair", "relay pair --json --origin https://chat.example"))
@click.option("--origin", help="The only web origin that may use the code, such as https://chat.example.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
def pair(origin: str | None, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Make a one-time code that lets a page answer calls.

    Open the link in the browser that should answer, or give the code to the extension.
    """
    loaded = settings.load(config, data_dir=data_dir)
    allowed = None if origin is None else settings.parse_origin(origin)
    data = DataDir.open(loaded.data_path)
    holder = data.holder()
    seconds = loaded.bridge.code_seconds

    async def made() -> str:
        async with opened(data) as store:
            return await store.bridges.create_code(allowed, seconds)

    code = asyncio.run(made())
    page = (holder.url if holder else "") or f"http://localhost:{loaded.port}"
    link = f"{page}/#code={code}" if allowed in {None, page} else None
    if as_json:
        say(json.dumps({"code": code, "link": link, "origin": allowed, "expires_in": seconds}))
        return
    say(f"Code: {code}")
    say(f"Link: {link}" if link else f"For pages of {allowed} only.")
    click.echo(f"It works once, within {seconds / 60:g} minutes.", err=True)
    if holder is None:
        start = f"relay{elsewhere(config, data_dir)}"
        click.echo(f"relay is not running on this data directory yet; start it with: {start}", err=True)
