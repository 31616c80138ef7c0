"""The command ``relay`` itself: default command, help, errors."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from relay import __version__
from relay.cli import main
from relay.commands.serve import serve
from relay.errors import SettingsError, SetupError, StoreError

RELAY = shlex.join([sys.executable, "-m", "relay"])
REFERENCE = Path(__file__).parents[1] / "docs/reference/command-line.md"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Note what ``relay serve`` is given instead of serving."""
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(serve, "callback", lambda **options: calls.append(options))
    return calls


def given(**options: object) -> dict[str, object]:
    nothing = dict.fromkeys(
        ("host", "port", "bridge_port", "open_browser", "demo", "expose", "log_level", "config", "data_dir")
    )
    return {**nothing, "no_auth": False, "headless": False, **options}


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], given()),
        (["serve"], given()),
        (["--port", "4000"], given(port=4000)),
        (["--demo", "--no-open"], given(demo=True, open_browser=False)),
        (["serve", "--no-auth", "--open"], given(no_auth=True, open_browser=True)),
        (["serve", "--headless"], given(headless=True)),
    ],
)
def test_serving_is_the_default(served: list[dict[str, object]], words: list[str], options: dict[str, object]):
    assert CliRunner().invoke(main, words).exit_code == 0
    assert served == [options]


def test_version():
    assert CliRunner().invoke(main, ["--version"]).stdout == f"relay, version {__version__}\n"


def commands(group: click.Group, path: str = "") -> Iterator[str]:
    yield path
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        yield from commands(command, words) if isinstance(command, click.Group) else (words,)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", list(commands(main)))
def test_every_command_helps_with_an_example(command: str, option: str):
    result = CliRunner().invoke(main, [*command.split(), option], prog_name="relay")
    assert result.exit_code == 0
    examples = result.stdout.split("\n  Examples:\n")[1]
    assert f"relay {command}" in examples


@pytest.mark.parametrize("words", [["bogus"], ["--bogus"], ["serve", "--port", "x"], ["key"], ["key", "create"]])
def test_wrong_use(words: list[str]):
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


def test_expected_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    def fail(**options: object) -> None:
        raise SetupError("Something to correct.")

    monkeypatch.setattr(serve, "callback", fail)
    result = CliRunner().invoke(main, [])
    assert (result.exit_code, result.output) == (1, "Error: Something to correct.\n")


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Result:
    def fail(**options: object) -> None:
        raise error

    monkeypatch.setattr(serve, "callback", fail)
    return CliRunner().invoke(main, [])


def test_further_problems_are_indented(monkeypatch: pytest.MonkeyPatch):
    result = failing(monkeypatch, SettingsError(("One.", "Two.")))
    assert (result.exit_code, result.output) == (1, "Error: One.\n       Two.\n")


def test_errors_of_tasks_that_ran_together_are_one_sentence(monkeypatch: pytest.MonkeyPatch):
    inner = ExceptionGroup("inner", [StoreError("First."), OSError(5, "Second")])
    result = failing(monkeypatch, ExceptionGroup("outer", [inner, SetupError("Third.")]))
    assert (result.exit_code, result.output) == (1, "Error: First.\n")


def test_what_nobody_expected_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch):
    group = ExceptionGroup("group", [SetupError("Expected."), ValueError("not expected")])
    assert failing(monkeypatch, group).exception is group


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError(13, "Permission denied", "x.db"), "x.db: Permission denied."),
    ],
)
def test_what_the_system_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch, error: OSError, sentence: str):
    result = failing(monkeypatch, error)
    assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["key", "list", "--help"], ["key", "list"]])
def test_full_standard_output(tmp_path: Path, words: list[str]):
    environment = {**os.environ, "RELAY_DATA_DIR": str(tmp_path)}
    result = shell(f"{RELAY} {shlex.join(words)} > /dev/full", environment)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.endswith("No space left on device.\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--help >&-", "Error: Standard output is closed; send it to a terminal or a file.\n"),
        ("--help >&- 2>&-", ""),
        ("--help > /dev/full 2>&1", ""),
    ],
)
def test_no_standard_output(words: str, sentence: str):
    result = shell(f"{RELAY} {words}", dict(os.environ))
    assert (result.returncode, result.stdout, result.stderr) == (1, "", sentence)


def shell(line: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=False)


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch):
    def interrupt(**options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "callback", interrupt)
    result = CliRunner().invoke(main, [])
    assert (result.exit_code, result.output) == (130, "")


def test_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["relay", "--version"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("relay", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"relay, version {__version__}\n"


def test_settings_errors_leave_no_traceback():
    result = subprocess.run(
        [sys.executable, "-m", "relay", "--host", "0.0.0.0"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: --host is reachable from other machines; add --expose if that is what you want"
        " (from the command line).\n"
    )


def options(command: click.Command, path: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Return the options of every command, without those that all share."""
    if isinstance(command, click.Group):
        parts = (options(part, (*path, name)) for name, part in command.commands.items())
        return {name: found for part in parts for name, found in part.items()}
    names = {name for each in command.params for name in (*each.opts, *each.secondary_opts) if name.startswith("--")}
    return {f"relay {' '.join(path)}": names - {"--config", "--data-dir"}}


def test_reference_describes_every_command_and_option():
    section = re.compile(r"^## `(relay [a-z ]+?)(?: NAME)?`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    sections = dict(section.findall(REFERENCE.read_text(encoding="utf-8")))
    described = {name: set(re.findall(r"`(--[a-z-]+)", text)) for name, text in sections.items()}
    assert described == options(main)
