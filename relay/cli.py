"""The command ``relay``: without a subcommand it serves."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import click

from relay import __version__
from relay.commands.admin import admin
from relay.commands.browser import browser
from relay.commands.doctor import doctor
from relay.commands.extension import extension
from relay.commands.headless import headless
from relay.commands.keys import key
from relay.commands.login import login
from relay.commands.output import discard_unwritten, prepare
from relay.commands.pair import pair
from relay.commands.place import examples
from relay.commands.serve import serve
from relay.errors import RelayError

FAILED = 1
INTERRUPTED = 130


class _Relay(click.Group):
    def main(self, *args: Any, **extra: Any) -> Any:
        """Run; what the operating system refuses is one sentence as well."""
        try:
            prepare()
            return super().main(*args, **extra)
        except (RelayError, OSError) as exc:
            with suppress(OSError):  # standard error may be what cannot be written
                click.echo(f"Error: {_sentence(exc)}", err=True)
            sys.exit(FAILED)
        finally:
            discard_unwritten()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of options that are not the group's own."""
        if not args or (args[0].startswith("-") and args[0] not in {"-h", "--help", "--version"}):
            args = [serve.name or "", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Turn the errors that relay expects into one sentence, and Ctrl-C into silence."""
        try:
            return super().invoke(ctx)
        except (RelayError, ExceptionGroup) as exc:
            sentence = _sentence(exc)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from exc
        except KeyboardInterrupt:
            return ctx.exit(INTERRUPTED)


def _sentence(exc: Exception) -> str | None:
    """Say what went wrong, or nothing where only a traceback helps."""
    match exc:
        case RelayError():
            return exc.message.replace("\n", f"\n{' ' * len('Error: ')}")
        case OSError():
            return f"{exc.filename}: {exc.strerror}." if exc.filename else f"{exc.strerror}."
        case ExceptionGroup():  # tasks that ran together; the first one's failure ended the others
            sentences = [_sentence(one) for one in exc.exceptions]
            return None if None in sentences else sentences[0]
        case _:
            return None


@click.group(
    cls=_Relay,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "relay                     start, and open the page to sign in",
        "relay --demo              try it without any account",
        "relay --port 4000         the same as: relay serve --port 4000",
        "relay key create cline    make an API key",
        "relay doctor              find out what is wrong",
    ),
)
@click.version_option(__version__, prog_name="relay")
def main() -> None:
    """Use the chat you are signed in to from any tool that speaks the API of OpenAI, Anthropic or Gemini."""


for _command in (serve, key, pair, admin, doctor, login, headless, browser, extension):
    main.add_command(_command)
