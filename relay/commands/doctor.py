"""``relay doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from relay import settings
from relay.commands.checks import Check, State, check_settings, examine, examine_machine
from relay.commands.output import say
from relay.commands.place import elsewhere, examples, place_options
from relay.commands.session_checks import examine_sessions
from relay.datadir import DataDir
from relay.errors import SettingsError

COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command(epilog=examples("relay doctor", "relay doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@place_options
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Find out what is wrong, and what to do about it.

    The exit code is 1 if a check fails; warnings do not count.
    """
    checks = asyncio.run(_checks(config, data_dir))
    failed = any(check.state is State.FAIL for check in checks)
    if as_json:
        say(json.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}))
    else:
        say("\n".join(_lines(check) for check in checks))
    ctx.exit(1 if failed else 0)


async def _checks(config: Path | None, data_dir: Path | None) -> list[Check]:
    try:
        loaded = settings.load(config, data_dir=data_dir)
    except SettingsError as exc:
        return [*examine_machine(), *check_settings(exc.problems)]
    place = elsewhere(config, data_dir)
    checks = await examine(loaded, place)
    if not loaded.data_path.is_dir():
        return checks
    return [*checks, *await examine_sessions(DataDir(loaded.data_path), place)]


def _lines(check: Check) -> str:
    mark = click.style(f"{check.state:<4}", fg=COLOURS[check.state], bold=True)
    line = f"{mark}  {check.name:<14}  {check.finding}"
    return f"{line}\n{'':22}-> {check.advice}" if check.advice else line
