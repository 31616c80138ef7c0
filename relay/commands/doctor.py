"""``relay doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from relay import settings
from relay.commands.checks import Check, State, examine
from relay.commands.place import examples, place_options

COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command(epilog=examples("relay doctor", "relay doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Find out what is wrong, and what to do about it.

    The exit code is 1 if a check fails; warnings do not count.
    """
    checks = asyncio.run(examine(settings.load(config, data_dir=data_dir)))
    failed = any(check.state is State.FAIL for check in checks)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}))
    else:
        click.echo("\n".join(_lines(check) for check in checks))
    ctx.exit(1 if failed else 0)


def _lines(check: Check) -> str:
    mark = click.style(f"{check.state:<4}", fg=COLOURS[check.state], bold=True)
    line = f"{mark}  {check.name:<14}  {check.finding}"
    return f"{line}\n{'':22}-> {check.advice}" if check.advice else line
