"""What relay says when it has started: what to do next, ready to paste."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urldefrag

import click

from relay import __version__

Style = Callable[[str], str]


class Running(Protocol):
    """What the text needs to know of a relay that listens."""

    @property
    def base_url(self) -> str:
        """The API, such as ``http://localhost:3000/v1``."""

    @property
    def page_url(self) -> str:
        """The page, with a one-time code in the fragment."""

    @property
    def model(self) -> str:
        """The model to name in examples."""

    @property
    def key(self) -> str | None:
        """The first client key, if it was made just now."""

    @property
    def data_dir(self) -> Path:
        """The data directory."""

    @property
    def demo(self) -> bool:
        """Whether a built-in session answers."""

    @property
    def auth(self) -> bool:
        """Whether clients must show a key."""

    @property
    def closed(self) -> Collection[str]:
        """The APIs that are switched off."""


def render(running: Running, *, terminal: bool, place: str = "") -> str:
    """Return the start-up text.

    What is not a terminal may be a log: the text has no colours there, and the link to the page no code. `place` are
    the options with which relay's other commands find this relay, such as ``" --data-dir /data"``.
    """
    title, strong, faint = _styles(terminal)
    page = running.page_url if terminal else urldefrag(running.page_url).url
    lines = [
        title(f"relay {__version__} is running"),
        "",
        *_sign_in(running, strong(page), place, terminal=terminal),
        '2. Set up your tool. In Cline: API Provider "OpenAI Compatible", then',
        f"   Base URL   {strong(running.base_url)}",
        f"   API Key    {_key(running, strong, place)}",
        f"   Model ID   {strong(running.model)}",
        f"   APIs       {_apis(running)}",
        "",
        "Or try it here:",
        *(f"   {line}" for line in _curl(running)),
        "",
        faint(f"Data in {running.data_dir}. Something wrong? relay doctor{place}. Stop with Ctrl-C."),
    ]
    return "\n".join(("", *(f"  {line}".rstrip() for line in lines), ""))


def _styles(terminal: bool) -> tuple[Style, Style, Style]:
    if not terminal:
        return str, str, str
    return (
        lambda text: click.style(text, fg="green", bold=True),
        lambda text: click.style(text, bold=True),
        lambda text: click.style(text, dim=True),
    )


def _sign_in(running: Running, page: str, place: str, *, terminal: bool) -> list[str]:
    hint = [] if terminal else [f"   The page needs a code once; relay pair{place} prints a link with one."]
    demo = "1. Open the page and leave it open: this is the demo, an example in the page answers without any account"
    return [demo if running.demo else "1. Open the page and sign in", f"   {page}", *hint]


def _key(running: Running, strong: Style, place: str) -> str:
    if not running.auth:
        return "anything (relay asks for none: --no-auth)"
    if running.key is None:
        return f"the key you saved; a new one: relay key create NAME{place}"
    return f"{strong(running.key)}  (shown this once; save it)"


_OPENAI: Final = {"responses": "Responses", "chat_completions": "Chat Completions (legacy)"}
_OTHERS: Final = {"messages": "Anthropic Messages", "gemini": "Gemini"}


def _apis(running: Running) -> str:
    openai, others = (
        ", ".join(name for api, name in apis.items() if api not in running.closed) for apis in (_OPENAI, _OTHERS)
    )
    told = [openai, f"{others} (base URL without /v1)" if others else ""]
    return "; ".join(filter(None, told)) or "none (endpoints.*.enabled)"


def _curl(running: Running) -> list[str]:
    body = {"model": running.model, "messages": [{"role": "user", "content": "Say hello."}], "stream": True}
    key = running.key or "$OPENAI_API_KEY"
    return [
        f"curl -N {running.base_url}/chat/completions \\",
        *([f'  -H "Authorization: Bearer {key}" \\'] if running.auth else []),
        '  -H "Content-Type: application/json" \\',
        f"  -d {shlex.quote(json.dumps(body))}",
    ]
