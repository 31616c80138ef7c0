"""What commands share: where they work, the store found there, and examples in their help."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from relay.datadir import DataDir
from relay.store import Store


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--config`` and ``--data-dir``."""
    for option in (
        click.option("--data-dir", type=click.Path(path_type=Path), help="Directory of relay's data."),
        click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML)."),
    ):
        command = option(command)
    return command


def elsewhere(config: Path | None, data_dir: Path | None) -> str:
    """Return the options that make another command work at the same place, ready to follow its other words."""
    options = []
    if data_dir is not None:
        options += ["--data-dir", str(data_dir.expanduser().absolute())]
    if config is not None:
        options += ["--config", str(config.absolute())]
    return "".join(f" {shlex.quote(word)}" for word in options)


def examples(*lines: str) -> str:
    """Return what a command's help ends with; the mark keeps click from filling the lines."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


@asynccontextmanager
async def opened(data: DataDir) -> AsyncIterator[Store]:
    """Open the store of `data` for the block; a running relay sees what is changed in it."""
    store = await Store.open(data.database)
    try:
        yield store
    finally:
        await store.close()
