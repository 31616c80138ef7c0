"""``relay key``: make, list and revoke client keys; revoke paired pages too."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from relay import settings
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, opened, place_options
from relay.datadir import DataDir
from relay.errors import SetupError
from relay.store import BridgeCredential, ClientKey

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=examples("relay key create cline"))
def key() -> None:
    """Make, list and revoke API keys.

    A running relay notices within a second.
    """


@key.command(epilog=examples("relay key create cline", "OPENAI_API_KEY=$(relay key create codex)"))
@click.argument("name")
@json_option
@place_options
def create(name: str, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Make an API key called NAME and print it, this once."""

    async def made() -> ClientKey:
        async with opened(_data(config, data_dir)) as store:
            record, secret = await store.keys.create(name)
            try:
                say(json.dumps({**_shown(record), "key": secret}) if as_json else secret)
            except SetupError:  # nobody got to see it
                await store.keys.revoke(record.id)
                raise
            return record

    record = asyncio.run(made())
    if not as_json:
        end = f"relay key revoke {shlex.quote(record.name)}{elsewhere(config, data_dir)}"
        click.echo(f"Save it now: relay keeps only its hash. To end it: {end}", err=True)


@key.command("list", epilog=examples("relay key list --json"))
@json_option
@place_options
def list_(*, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """List API keys and paired pages."""

    async def found() -> tuple[list[ClientKey], list[BridgeCredential]]:
        async with opened(_data(config, data_dir)) as store:
            return await store.keys.list(), await store.bridges.list()

    keys, bridges = asyncio.run(found())
    if as_json:
        say(json.dumps({"keys": [_shown(one) for one in keys], "bridges": [_shown(one) for one in bridges]}))
        return
    say(_table("API KEY", "BEGINS WITH", ((one, one.prefix, one.last_used_at) for one in keys)))
    if bridges:
        rows = ((one, one.origin or "a program", one.last_seen_at) for one in bridges)
        say("\n" + _table("PAIRED PAGE", "ORIGIN", rows))


@key.command(epilog=examples("relay key revoke cline"))
@click.argument("name")
@json_option
@place_options
def revoke(name: str, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """End the API key or paired page called NAME (or with that id)."""

    async def ended() -> ClientKey | BridgeCredential | None:
        async with opened(_data(config, data_dir)) as store:
            return await store.keys.revoke(name) or await store.bridges.revoke(name)

    record = asyncio.run(ended())
    if record is None:
        place = elsewhere(config, data_dir)
        raise SetupError(f"There is no live key or paired page {name!r}; see: relay key list{place}")
    say(json.dumps(_shown(record)) if as_json else f"{record.name} is revoked.")


def _data(config: Path | None, data_dir: Path | None) -> DataDir:
    return DataDir.open(settings.load(config, data_dir=data_dir).data_path)


def _shown(record: ClientKey | BridgeCredential) -> dict[str, object]:
    return {name: _time(value) if name.endswith("_at") else value for name, value in asdict(record).items()}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _table(title: str, second: str, records: Iterable[tuple[ClientKey | BridgeCredential, str, float | None]]) -> str:
    rows = [(title, second, "CREATED", "LAST USED", "STATE")] + [
        (
            record.name,
            detail,
            _time(record.created_at) or "",
            _time(used) or "never",
            "live" if record.revoked_at is None else "revoked",
        )
        for record, detail, used in records
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
