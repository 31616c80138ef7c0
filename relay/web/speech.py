"""Which dialect a request speaks, so that every failure is told in it, also before a route has run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from relay.dialects.anthropic import errors as anthropic
from relay.dialects.gemini import errors as gemini
from relay.dialects.openai_chat import errors as openai_chat
from relay.dialects.openai_responses import errors as openai_responses
from relay.errors import RelayError
from relay.web.current import Current


@dataclass(frozen=True, slots=True)
class Speech:
    """A dialect as far as failures go: its name, and the body of an error from it and the request's id."""

    name: str
    error_body: Callable[[RelayError, str], bytes]


OPENAI_CHAT: Final = Speech("openai_chat", openai_chat.body)
OPENAI_RESPONSES: Final = Speech("openai_responses", openai_responses.body)
ANTHROPIC: Final = Speech("anthropic", anthropic.body)
GEMINI: Final = Speech("gemini", gemini.body)

_BY_PATH: Final[tuple[tuple[re.Pattern[str], Speech], ...]] = (
    (re.compile(r"/v1/messages(/|$)"), ANTHROPIC),
    (re.compile(r"/v1/responses(/|$)"), OPENAI_RESPONSES),
    (re.compile(r"/v1beta(/|$)|/v1internal(:|/|$)"), GEMINI),
)
"""First match wins; what matches nothing is OpenAI's."""

_MODEL_LISTS: Final[tuple[tuple[Callable[[Current], bool], Speech], ...]] = (
    (lambda request: request.method == "POST", GEMINI),  # nobody else posts to a model
    (lambda request: "x-goog-api-key" in request.headers or "key" in request.args, GEMINI),
    (lambda request: "anthropic-version" in request.headers, ANTHROPIC),
)
"""The lists of models have one path in three dialects; the headers tell them apart."""


def spoken(request: Current) -> Speech:
    """Return the dialect of `request`."""
    for pattern, speech in _BY_PATH:
        if pattern.match(request.path):
            return speech
    if request.path == "/v1/models" or request.path.startswith("/v1/models/"):
        for speaks, speech in _MODEL_LISTS:
            if speaks(request):
                return speech
    return OPENAI_CHAT
