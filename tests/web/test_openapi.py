"""The OpenAPI document: valid, complete, and true of what relay takes and answers."""

import json
import re
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from relay.web.access import ACCESS, Power
from relay.web.openapi import ROUTES

from .conftest import ANSWER, Make, Site
from .seeds import CONVERSATIONS, Route, bodies

Json = dict[str, Any]

POSTS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/{model}:generateContent",
}
NOT_FOR_PROGRAMS = {name for name in ACCESS if name.startswith("page.")} | {"signin.page", "responses.connect"}
"""The page and its files, and the WebSocket, of which OpenAPI knows nothing."""


@pytest.fixture
async def document(site: Site) -> Json:
    response = await site.ask("GET", "/openapi.json", key=None)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    found: Json = json.loads(await response.get_data())
    return found


def validator(document: Json, schema: Json) -> Draft202012Validator:
    resource = Resource(contents=document, specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:relay", resource)
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:relay#/'))
    return Draft202012Validator(absolute, registry=registry)


def schema_of(document: Json, path: str, *inner: str) -> Draft202012Validator:
    found = document["paths"][path]["post"]
    for step in (*inner, "content", "application/json", "schema"):
        found = found[step]
    return validator(document, found)


async def test_document_is_valid(document: Json):
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()
    found = [operation.ok() for operation in schema.get_all_operations()]
    ids = [operation.definition.raw["operationId"] for operation in found]
    assert len(ids) == len(set(ids)) > 30
    for name, component in document["components"]["schemas"].items():
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", name)
        Draft202012Validator.check_schema(component)


async def test_references_lead_somewhere(document: Json):
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    assert len(references) > 50


def test_every_route_for_programs_is_described():
    assert set(ROUTES) == set(ACCESS) - NOT_FOR_PROGRAMS


async def test_powers(document: Json):
    def needed(path: str, method: str) -> set[str]:
        return {name for way in document["paths"][path][method]["security"] for name in way}

    client = {"key", "x-api-key", "x-goog-api-key", "query"}
    assert needed("/v1/chat/completions", "post") == client
    assert needed("/v1/models/{name}", "get") == client
    assert needed("/api/accounts/{name}", "delete") == {"admin"}
    assert needed("/openapi.json", "get") == set()
    assert set(document["components"]["securitySchemes"]) == client | {"admin"}


async def test_methods_of_gemini_are_paths(document: Json):
    named = {path for path in document["paths"] if ":" in path}
    models = ("generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents")
    assert named == {
        *(f"/{version}/models/{{model}}:{method}" for version in ("v1", "v1beta") for method in models),
        "/v1internal:generateContent",
        "/v1internal:streamGenerateContent",
    }
    assert [each["name"] for each in document["paths"]["/v1/responses/{id}/input_items"]["get"]["parameters"]] == [
        "id",
        "limit",
        "after",
        "order",
    ]


async def test_kinds_of_bodies_and_answers(document: Json):
    def kinds(path: str) -> tuple[list[str], list[str]]:
        operation = document["paths"][path]["post"]
        return list(operation["requestBody"]["content"]), list(operation["responses"]["200"]["content"])

    json_, stream = "application/json", "text/event-stream"
    assert kinds("/v1/messages") == ([json_], [json_, stream])
    assert kinds("/v1/audio/speech") == ([json_], ["audio/*", stream])
    assert kinds("/v1/audio/transcriptions") == (["multipart/form-data"], [json_, stream])
    assert kinds("/v1/embeddings") == ([json_], [json_])


async def test_document_stays_the_same(document: Json, site: Site):
    again = await site.ask("GET", "/openapi.json", key=None)
    assert json.loads(await again.get_data()) == document


async def test_what_is_switched_off_is_left_out(make_site: Make):
    site: Site = await make_site(closed=("messages", "gemini"))
    found = json.loads(await (await site.ask("GET", "/openapi.json", key=None)).get_data())
    assert not [path for path in found["paths"] if "messages" in path or "generateContent" in path]
    assert not [name for name in found["components"]["schemas"] if name.startswith(("anthropic.", "gemini."))]
    assert "/v1/responses" in found["paths"]


@pytest.mark.parametrize("dialect", POSTS)
async def test_good_requests_fit(document: Json, dialect: str):
    schema = schema_of(document, POSTS[dialect], "requestBody")
    for path in sorted(CONVERSATIONS.glob("*.json")):
        body = json.loads(path.read_bytes())[dialect]
        if "generation_config" not in body:  # the other spelling, which relay takes as well
            assert [error.message for error in schema.iter_errors(body)] == [], path.stem
    assert not schema.is_valid([])
    assert not schema.is_valid({"messages": 5, "input": 5, "contents": 5})


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic", "gemini"])
async def test_answers_fit(document: Json, site: Site, dialect: str):
    path = POSTS[dialect].replace("{model}", "m")
    body = next(body for body in bodies(Route("", "POST", path)) if len(body.get("messages", body.get("contents"))) < 3)
    response = await site.ask("POST", path, json=body)
    answer = json.loads(await response.get_data())
    schema = schema_of(document, POSTS[dialect], "responses", "200")
    assert [error.message for error in schema.iter_errors(answer)] == []
    assert response.status_code == 200
    assert ANSWER[1].text in json.dumps(answer)  # type: ignore[union-attr]


@pytest.mark.parametrize("dialect", POSTS)
async def test_errors_fit(document: Json, site: Site, dialect: str):
    response = await site.ask("POST", POSTS[dialect].replace("{model}", "m"), json=[])
    assert response.status_code == 400
    schema = schema_of(document, POSTS[dialect], "responses", "default")
    assert [error.message for error in schema.iter_errors(json.loads(await response.get_data()))] == []


def test_powers_are_those_of_the_gate():
    public = {name for name in ROUTES if ACCESS[name] is Power.PUBLIC}
    assert public == {"health.health", "openapi.document", "signin.sign_in"}
