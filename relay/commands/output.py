"""Standard output: every command prints its answer there, and says so when that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

import click

from relay.errors import SetupError


def say(text: str) -> None:
    """Print `text`.

    Raises:
        SetupError: if nobody can have read it, because the disk is full or the reader is gone.
    """
    try:
        click.echo(text)
    except OSError as exc:
        raise SetupError(f"Standard output cannot be written: {exc.strerror}.") from exc


def prepare() -> None:
    """Refuse to run without standard output; messages for a closed standard error go nowhere.

    Raises:
        SetupError: without standard output.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # it lives as long as the process
    if sys.stdout is None:
        raise SetupError("Standard output is closed; send it to a terminal or a file.")


def discard_unwritten() -> None:
    """Drop what cannot be written any more, which Python would try and report once again at exit.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            _discard_unwritten(stream)


def _discard_unwritten(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
