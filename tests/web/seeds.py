"""Requests and errors of each dialect, for tests that send what nobody should."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quart import Quart
from werkzeug.routing import Rule

from relay.web.access import ACCESS, Power

Json = dict[str, Any]

CONVERSATIONS = Path(__file__).parents[1] / "dialects" / "conversations"
ARGUMENTS = {
    "on_model": (
        "m:generateContent",
        "m:streamGenerateContent",
        "m:countTokens",
        "m:embedContent",
        "m:batchEmbedContents",
    ),
    "in_envelope": ("generateContent", "streamGenerateContent"),
}
"""What stands in the path of a route that does several things; of any other, the name of a model."""


@dataclass(frozen=True)
class Route:
    """A method and a path that clients may call."""

    endpoint: str
    method: str
    path: str

    @property
    def dialect(self) -> str:
        """The dialect in which its errors have to be told."""
        if self.path.startswith("/v1/messages"):
            return "anthropic"
        if self.path.startswith("/v1/responses"):
            return "openai_responses"
        is_call = self.method == "POST" and self.path.startswith("/v1/models/")
        return "gemini" if is_call or self.path.startswith(("/v1beta", "/v1internal")) else "openai_chat"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def client_routes(app: Quart) -> list[Route]:
    """Return all that a client key opens, as the application has it now."""
    return [
        Route(rule.endpoint, method, path)
        for rule in app.url_map.iter_rules()
        if ACCESS.get(rule.endpoint) is Power.CLIENT and not rule.websocket
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        for path in _paths(rule)
    ]


def _paths(rule: Rule) -> list[str]:
    names = ARGUMENTS.get(rule.endpoint.rpartition(".")[2], ("m",))
    return [re.sub(r"<[^>]*>", name, rule.rule) for name in names] if rule.arguments else [rule.rule]


OTHERS: dict[str, Json] = {
    "/v1/images/generations": {"model": "m", "prompt": "A cat", "n": 1, "size": "1024x1024", "quality": "low"},
    "/v1/audio/speech": {"model": "m", "input": "Hi", "voice": "alloy", "response_format": "mp3", "speed": 1.0},
    "/v1/embeddings": {"model": "m", "input": ["Hi", "Ho"], "encoding_format": "float", "dimensions": 8},
    "/v1/completions": {"model": "m", "prompt": "Once", "max_tokens": 9, "stop": ["."], "echo": False},
    "/v1/moderations": {"model": "m", "input": "Hi"},
}
"""Bodies of the routes that have a form of their own."""


@cache
def bodies(route: Route) -> list[Json]:
    """Return good bodies for `route`; nobody may change them."""
    if route.path in OTHERS:
        return [OTHERS[route.path]]
    found = [json.loads(path.read_bytes())[route.dialect] for path in sorted(CONVERSATIONS.glob("*.json"))]
    return [{"project": "p", "model": "m", "request": body} for body in found] if "internal" in route.path else found


def check_error(dialect: str, status: int, body: Json) -> None:
    """Demand that `body` is an error of `status` in the form of `dialect`."""
    match dialect:
        case "anthropic":
            assert (body["type"], set(body)) == ("error", {"type", "error", "request_id"})
            assert {"type", "message", "code"} <= set(body["error"])
            assert body["error"]["type"].endswith(("_error", "request_too_large"))
        case "gemini":
            assert list(body) == ["error"]
            assert set(body["error"]) == {"code", "message", "status", "details"}
            assert body["error"]["code"] == status
            assert body["error"]["status"].isupper()
        case _:
            assert list(body) == ["error"]
            assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
