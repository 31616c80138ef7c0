"""The start-up text: what to do next, in order, ready to paste."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import click

from relay import __version__
from relay.banner import render


@dataclass(frozen=True)
class Running:
    base_url: str = "http://localhost:3000/v1"
    page_url: str = "http://localhost:3000/#code=7QK2M-0XW9T"
    model: str = "claude-sonnet-4"
    key: str | None = "sk-relay-abc"
    data_dir: Path = Path("/data")
    demo: bool = False
    auth: bool = True
    closed: tuple[str, ...] = ()


def test_first_start_on_a_terminal():
    assert (
        click.unstyle(render(Running(), terminal=True))
        == f"""
  relay {__version__} is running

  1. Open the page and sign in
     http://localhost:3000/#code=7QK2M-0XW9T
  2. Set up your tool. In Cline: API Provider "OpenAI Compatible", then
     Base URL   http://localhost:3000/v1
     API Key    sk-relay-abc  (shown this once; save it)
     Model ID   claude-sonnet-4
     APIs       Responses, Chat Completions (legacy); Anthropic Messages, Gemini (base URL without /v1)

  Or try it here:
     curl -N http://localhost:3000/v1/chat/completions \\
       -H "Authorization: Bearer sk-relay-abc" \\
       -H "Content-Type: application/json" \\
       -d '{{"model": "claude-sonnet-4", "messages": [{{"role": "user", "content": "Say hello."}}], "stream": true}}'

  Data in /data. Something wrong? relay doctor. Stop with Ctrl-C.
"""
    )


def test_what_may_be_a_log_gets_neither_colours_nor_the_code():
    text = render(Running(), terminal=False)
    assert click.unstyle(text) == text
    assert "7QK2M" not in text
    assert "     http://localhost:3000/\n     The page needs a code once; relay pair prints a link with one.\n" in text


def test_terminal_gets_colours():
    text = render(Running(), terminal=True)
    assert click.unstyle(text) != text


def test_key_that_was_shown_before():
    text = render(Running(key=None), terminal=False)
    assert "     API Key    the key you saved; a new one: relay key create NAME\n" in text
    assert '       -H "Authorization: Bearer $OPENAI_API_KEY" \\\n' in text


def test_without_keys():
    text = render(Running(key=None, auth=False), terminal=False)
    assert "     API Key    anything (relay asks for none: --no-auth)\n" in text
    assert "Authorization" not in text


def test_apis_that_are_switched_off_are_not_named():
    assert "     APIs       Responses; Gemini (base URL without /v1)\n" in render(
        Running(closed=("chat_completions", "messages")), terminal=False
    )
    assert "     APIs       Responses\n" in render(
        Running(closed=("chat_completions", "messages", "gemini")), terminal=False
    )
    assert "     APIs       Gemini (base URL without /v1)\n" in render(
        Running(closed=("responses", "chat_completions", "messages")), terminal=False
    )
    everything = ("responses", "chat_completions", "messages", "gemini", "media")
    assert "     APIs       none (endpoints.*.enabled)\n" in render(Running(closed=everything), terminal=False)


def test_demo_asks_nobody_to_sign_in():
    text = click.unstyle(render(Running(demo=True), terminal=True))
    assert (
        "  1. Open the page and leave it open: this is the demo, an example in the page answers without any account\n"
        "     http://localhost:3000/#code=7QK2M-0XW9T\n"
    ) in text
    assert "The page needs a code once" in render(Running(demo=True), terminal=False)


def test_model_names_cannot_break_out_of_the_example():
    text = render(replace(Running(), model="a'; rm -rf / #"), terminal=False)
    data = text.split("-d ")[1].split("\n")[0]
    assert shlex.split(data)[0].startswith('{"model": "a\'; rm -rf / #"')


def test_hints_find_a_relay_in_another_place():
    text = render(Running(key=None), terminal=False, place=" --data-dir /d")
    assert "relay pair --data-dir /d prints a link with one.\n" in text
    assert "a new one: relay key create NAME --data-dir /d\n" in text
    assert "Something wrong? relay doctor --data-dir /d. Stop" in text
