"""``relay headless``: the accounts whose browsers relay runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from relay import settings
from relay.bridge.headless.accounts import Accounts
from relay.bridge.headless.supervisor import resting
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, opened, place_options
from relay.commands.running import ask
from relay.datadir import DataDir

MEGABYTE: Final = 1_000_000


@click.group(epilog=examples("relay headless list", "relay headless restart puter", "relay headless remove puter"))
def headless() -> None:
    """Accounts whose browsers relay runs; `relay login` makes them."""


@headless.command("list", epilog=examples("relay headless list", "relay headless list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
def list_accounts(*, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """List the accounts, and how their browsers are."""
    data = _data(config, data_dir)
    found = _at_rest(data) if data.holder() is None else ask(data, "GET", "/api/accounts")["accounts"]
    if as_json:
        say(json.dumps({"accounts": found}))
    elif found:
        say("\n".join(_line(account) for account in found))
    else:
        click.echo("No accounts yet; this makes one: relay login", err=True)


@headless.command(epilog=examples("relay headless restart puter"))
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
def restart(name: str, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Start the browser of the account NAME anew, also one that had given up."""
    path = f"/api/accounts/{quote(name, safe='')}/restart"
    shown = ask(_data(config, data_dir), "POST", path, place=f" serve --headless{elsewhere(config, data_dir)}")
    say(json.dumps(shown) if as_json else _line(shown))


@headless.command(epilog=examples("relay headless remove puter"))
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
def remove(name: str, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Delete the account NAME with its browser profile: its login is gone from this machine."""
    data = _data(config, data_dir)
    if data.holder() is None:
        asyncio.run(_remove(data, name))
    else:
        ask(data, "DELETE", f"/api/accounts/{quote(name, safe='')}")
    say(json.dumps({"removed": name}) if as_json else f"Removed {name}.")


async def _remove(data: DataDir, name: str) -> None:
    """Remove an account while relay does not run; the lock keeps it from starting meanwhile."""
    with data.lock():
        accounts = Accounts(data.headless)
        accounts.get(name)
        credential = accounts.remove(name)
        if credential is not None:
            async with opened(data) as store:
                await store.bridges.revoke(credential)


def _data(config: Path | None, data_dir: Path | None) -> DataDir:
    return DataDir.open(settings.load(config, data_dir=data_dir).data_path)


def _at_rest(data: DataDir) -> list[dict[str, Any]]:
    accounts, _ = Accounts(data.headless).list()
    return [_without_credential(asdict(resting(account))) for account in accounts]


def _without_credential(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "credential"} | {"session": None}


def _line(account: Mapping[str, Any]) -> str:
    session, memory = account["session"], account["memory_bytes"]
    state = account["state"] if session is None or account["state"] != "running" else session["state"]
    detail = account["detail"] or (session or {}).get("detail") or ""
    size = f"{memory // MEGABYTE} MB" if memory else "-"
    return f"{account['name']:<20}  {account['site']:<28}  {state:<15}  {size:>8}  {detail}".rstrip()
