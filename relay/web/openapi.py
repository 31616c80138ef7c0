"""GET /openapi.json: what programs may call here, as an OpenAPI document.

https://spec.openapis.org/oas/v3.1.1. Paths come from the routes that the application has, bodies from the structs that
the dialects read; only what each route is for stands here. The vendors' own documents say more than this one can: it
names what relay understands, and every other field is tolerated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, TypeAlias

import msgspec
from quart import Blueprint, Response, current_app
from werkzeug.routing import Rule

from relay import __version__
from relay.dialects.anthropic import wire as anthropic
from relay.dialects.gemini import wire as gemini
from relay.dialects.openai_chat import wire as openai_chat
from relay.dialects.openai_responses import wire as openai_responses
from relay.web.access import ACCESS, Power

Json: TypeAlias = dict[str, Any]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a route is for.

    Attributes:
        summary: in one line.
        dialect: whose errors it tells.
        body: what it reads; ``None`` for nothing.
        form: it reads forms with files, not JSON.
        answer: what it answers with, where that is one struct.
        kind: the media type of the answer.
        streams: it can answer with server-sent events.
        query: the names of what it reads from the query.
        methods: what replaces the variable in its path, where each is a method of its own.
    """

    summary: str
    dialect: str = "openai_chat"
    body: Any = None
    form: bool = False
    answer: Any = None
    kind: str = "application/json"
    streams: bool = False
    query: tuple[str, ...] = ()
    methods: dict[str, About] = {}


_NO_TYPE: Final = dict[str, Any]
_GEMINI_METHODS: Final = {
    "generateContent": About(summary="Answer", dialect="gemini", body=gemini.Body, answer=gemini.Response),
    "streamGenerateContent": About(
        summary="Answer in a stream", dialect="gemini", body=gemini.Body, streams=True, query=("alt",)
    ),
    "countTokens": About(summary="Count tokens, by an estimate", dialect="gemini", body=gemini.CountBody),
    "embedContent": About(summary="Embed one text", dialect="gemini", body=_NO_TYPE),
    "batchEmbedContents": About(summary="Embed several texts", dialect="gemini", body=_NO_TYPE),
}
_ENVELOPED: Final = {
    name: About(summary=about.summary, dialect="gemini", body=gemini.Envelope, streams=about.streams, query=about.query)
    for name, about in _GEMINI_METHODS.items()
    if name in ("generateContent", "streamGenerateContent")
}

ROUTES: Final[dict[str, About]] = {
    "chat_completions.complete": About(
        summary="Answer a conversation; /v1/responses is OpenAI's newer form of it",
        body=openai_chat.Body,
        answer=openai_chat.Completion,
        streams=True,
    ),
    "responses.create": About(
        summary="Answer; a WebSocket on the same path takes response.create messages",
        dialect="openai_responses",
        body=openai_responses.Body,
        streams=True,
    ),
    "responses.retrieve": About(
        summary="A stored response, or its events again",
        dialect="openai_responses",
        streams=True,
        query=("stream", "starting_after"),
    ),
    "responses.delete": About(summary="Forget a stored response", dialect="openai_responses"),
    "responses.cancel": About(summary="End a response in the background", dialect="openai_responses"),
    "responses.input_items": About(
        summary="What a stored response was asked", dialect="openai_responses", query=("limit", "after", "order")
    ),
    "responses.input_tokens": About(
        summary="Count tokens, by an estimate", dialect="openai_responses", body=openai_responses.Body
    ),
    "responses.compact": About(
        summary="Make one item of a conversation", dialect="openai_responses", body=openai_responses.Body
    ),
    "messages.create": About(
        summary="Answer messages", dialect="anthropic", body=anthropic.Body, answer=anthropic.Answer, streams=True
    ),
    "messages.count_tokens": About(summary="Count tokens, by an estimate", dialect="anthropic", body=anthropic.Body),
    "gemini.on_model": About(summary="", methods=_GEMINI_METHODS),
    "gemini.in_envelope": About(summary="", methods=_ENVELOPED),
    "gemini.list_models": About(summary="All models, in Gemini's form", dialect="gemini"),
    "gemini.one_model": About(summary="One model, in Gemini's form", dialect="gemini"),
    "media.make_image": About(summary="Make images", body=_NO_TYPE, streams=True),
    "media.edit_image": About(summary="Change images", body=_NO_TYPE, form=True, streams=True),
    "media.speak": About(summary="Read a text aloud", body=_NO_TYPE, kind="audio/*", streams=True),
    "media.transcribe": About(summary="Write down what is said", body=_NO_TYPE, form=True, streams=True),
    "media.translate": About(summary="Write down what is said, in English", body=_NO_TYPE, form=True),
    "media.embed": About(summary="Embed texts", body=_NO_TYPE),
    "media.complete": About(summary="Go on with a text, in the form before chats", body=_NO_TYPE, streams=True),
    "media.moderate": About(summary="Classify texts", body=_NO_TYPE),
    "models.list_models": About(summary="All models, in the form of the API that the headers speak of"),
    "models.one_model": About(summary="One model, in the form of the API that the headers speak of"),
    "health.health": About(summary="Whether relay works and somebody is signed in"),
    "openapi.document": About(summary="This document"),
    "admin.show_metrics": About(summary="Metrics for Prometheus", kind="text/plain"),
    "admin.sessions": About(summary="All sessions"),
    "accounts.list_accounts": About(summary="The accounts of headless mode"),
    "accounts.one_account": About(summary="One account of headless mode"),
    "accounts.make": About(summary="Make or change an account and start its browser", body=_NO_TYPE),
    "accounts.restart": About(summary="Start the browser of an account anew", body=_NO_TYPE),
    "accounts.remove": About(summary="Stop the browser of an account and delete its login"),
    "signin.make_code": About(summary="Make a one-time code for the admin page"),
    "signin.sign_in": About(summary="Trade a code for a session of the admin page", body=_NO_TYPE),
    "signin.sign_out": About(summary="End a session of the admin page"),
    "remote.show_screen": About(summary="What the browser of an account shows", kind="application/vnd.relay.screen"),
    "remote.take_input": About(summary="Do something in the browser of an account", body=_NO_TYPE),
    "remote.copy": About(summary="What is selected in the browser of an account", body=_NO_TYPE),
}
"""Every route for programs, by its endpoint. The page and its files are for browsers."""


def blueprint(closed: Collection[str] = ()) -> Blueprint:
    """Return the route of the document, which leaves out the blueprints in `closed`."""
    routes = Blueprint("openapi", __name__)
    made: list[bytes] = []

    @routes.get("/openapi.json")
    async def document() -> Response:
        if not made:
            rules = (rule for rule in current_app.url_map.iter_rules() if rule.endpoint.partition(".")[0] not in closed)
            made.append(msgspec.json.encode(describe(rules)))
        return Response(made[0], content_type="application/json")

    return routes


def describe(rules: Iterable[Rule]) -> Json:
    """Return the document of those of `rules` that are for programs."""
    paths: dict[str, Json] = {}
    used: dict[str, set[Any]] = {}
    for rule in rules:
        if rule.endpoint not in ROUTES or rule.websocket:
            continue
        for path, about in _variants(rule, ROUTES[rule.endpoint]):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                paths.setdefault(path, {})[method.lower()] = _operation(method, path, about, ACCESS[rule.endpoint])
            used.setdefault(about.dialect, set()).update(type_ for type_ in (about.body, about.answer) if type_)
    return {
        "openapi": "3.1.0",
        "info": {"title": "relay", "version": __version__, "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": _schemas(used), "securitySchemes": _SECURITY_SCHEMES},
    }


_DESCRIPTION: Final = (
    "Chats that people are signed in to in their browser, as the APIs of OpenAI, Anthropic and Google. "
    "Fields that this document does not name are tolerated."
)
_SECURITY_SCHEMES: Final = {
    "key": {"type": "http", "scheme": "bearer", "description": "A client key (sk-relay-…)."},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same in another header."},
    "x-goog-api-key": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "admin": {"type": "http", "scheme": "bearer", "description": "The admin token (radm-…)."},
}
_SECURITY: Final[dict[Power, list[dict[str, list[str]]]]] = {
    Power.PUBLIC: [],
    Power.CLIENT: [{"key": []}, {"x-api-key": []}, {"x-goog-api-key": []}, {"query": []}],
    Power.ADMIN: [{"admin": []}],
}


# --- paths


_VARIABLE: Final = re.compile(r"<(?:[^<>:]*:)?(\w+)>")


def _variants(rule: Rule, about: About) -> Iterator[tuple[str, About]]:
    """Yield the paths of `rule` as templates; a variable that names a method is spelled out."""
    if not about.methods:
        yield _VARIABLE.sub(lambda match: f"{{{match[1].strip('_')}}}", rule.rule), about
    for name, method in about.methods.items():
        word = name if ":" in _VARIABLE.sub("", rule.rule) else f"{{model}}:{name}"
        yield _VARIABLE.sub(word, rule.rule), method


def _operation(method: str, path: str, about: About, power: Power) -> Json:
    names = re.findall(r"{(\w+)}", path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in about.query]
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{path}").strip("_"),
        "summary": about.summary,
        "security": _SECURITY[power],
        "responses": {
            "200": {"description": "The answer", **_content(about)},
            "default": {"description": "What went wrong", **_json({"$ref": _reference(about.dialect, "Error")})},
        },
    }
    if parameters:
        operation["parameters"] = parameters
    if about.body is not None:
        kind = "multipart/form-data" if about.form else "application/json"
        content = {kind: {"schema": _schema_of(about.dialect, about.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _content(about: About) -> Json:
    found: Json = {about.kind: {"schema": _schema_of(about.dialect, about.answer)} if about.answer else {}}
    if about.streams:
        found["text/event-stream"] = {"schema": {"type": "string"}}
    return {"content": found}


def _json(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _schema_of(dialect: str, type_: Any) -> Json:
    return {"type": "object"} if type_ is _NO_TYPE else {"$ref": _reference(dialect, type_.__name__)}


# --- schemas


def _reference(dialect: str, name: str) -> str:
    return f"#/components/schemas/{dialect}.{name}"


def _schemas(used: dict[str, set[Any]]) -> Json:
    """Return the schemas of the types that each dialect uses, and of its errors."""
    found: Json = {}
    for dialect, types in used.items():
        structs = sorted(types - {_NO_TYPE}, key=lambda type_: type_.__name__)
        _, schemas = msgspec.json.schema_components(structs, ref_template=_reference(dialect, "{name}"))
        found |= {f"{dialect}.{name}": schema for name, schema in schemas.items()}
        found[f"{dialect}.Error"] = _ERRORS[dialect]
    return dict(sorted(found.items()))


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT: Final[Json] = {"type": "string"}
_OPENAI_ERROR: Final = _object(
    error=_object(message=_TEXT, type=_TEXT, param={"type": ["string", "null"]}, code=_TEXT),
)
_ERRORS: Final[dict[str, Json]] = {
    "openai_chat": _OPENAI_ERROR,
    "openai_responses": _OPENAI_ERROR,
    "anthropic": _object(
        type={"const": "error"}, error=_object(type=_TEXT, message=_TEXT, code=_TEXT), request_id=_TEXT
    ),
    "gemini": _object(
        error=_object(
            code={"type": "integer"},
            message=_TEXT,
            status=_TEXT,
            details={"type": "array", "items": {"type": "object"}},
        )
    ),
}
