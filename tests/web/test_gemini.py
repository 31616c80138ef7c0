"""Gemini's routes: whole and streamed answers, counting, the envelope, and every refusal in Google's form."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from support import gemini

from relay.core.events import Event, Finished, FinishReason, ReasoningDelta, Started, TextDelta
from relay.core.media import EmbeddingPart, EmbeddingRequest, MediaEvent
from relay.core.request import Text, UserMessage
from relay.errors import BackendThrottled, SessionLost

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, HOST, KEY, Make, Site

BODY = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
GENERATE = "/v1beta/models/m:generateContent"
STREAM = "/v1beta/models/m:streamGenerateContent"
EVENTS = f"{STREAM}?alt=sse"
HELLO = [{"text": "Hello"}]


async def post(site: Site, path: str, body: Any = None, **more: Any) -> Any:
    return await site.ask("POST", path, json=BODY if body is None else body, **more)


async def failure(response: Any) -> tuple[int, str, str]:
    """Return status, Google's name for it and the code of relay."""
    assert response.content_type == "application/json"
    error = (await response.get_json())["error"]
    assert error["code"] == response.status_code
    (info,) = (detail for detail in error["details"] if detail["@type"].endswith("ErrorInfo"))
    return response.status_code, error["status"], info["reason"]


async def read_events(response: Any) -> list[dict[str, Any]]:
    assert (response.status_code, response.content_type) == (200, "text/event-stream")
    return gemini.events(await response.get_data())


# --- answers


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_whole_answer(site: Site, backend: FakeBackend, version: str):
    response = await post(site, f"/{version}/models/m:generateContent")
    body = await response.get_json()
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert gemini.parts([gemini.response(body)]) == HELLO
    assert body["responseId"] == response.headers["x-request-id"]
    assert backend.requests[0].messages == (UserMessage(content=(Text(text="Hi"),)),)
    assert backend.open_replies == site.admission.in_flight == 0


@pytest.mark.parametrize("version", ["v1", "v1beta"])
@pytest.mark.parametrize("alt", ["alt", "$alt", "%24alt"])
async def test_stream(site: Site, version: str, alt: str):
    response = await post(site, f"/{version}/models/m:streamGenerateContent?{alt}=sse")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    responses = await read_events(response)
    assert gemini.parts(responses) == HELLO
    assert responses[-1]["usageMetadata"]["totalTokenCount"] == 5


@pytest.mark.parametrize("path", [STREAM, f"{STREAM}?alt=json"])
async def test_stream_as_an_array(site: Site, path: str):
    response = await post(site, path)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert gemini.parts(gemini.items(await response.get_data())) == HELLO


@pytest.mark.parametrize("path", [EVENTS, STREAM])
async def test_text_comes_as_it_is_made(site: Site, backend: FakeBackend, path: str):
    go_on = asyncio.Event()
    backend.script = [[Started("m"), TextDelta("Hel")], [], go_on, [TextDelta("lo"), Finished(FinishReason.STOP)]]
    headers = {"Host": HOST, "x-goog-api-key": KEY, "Content-Type": "application/json"}
    async with site.client.request(path, method="POST", headers=headers) as connection:
        await connection.send(json.dumps(BODY).encode())
        await connection.send_complete()
        first = await connection.receive()
        assert await connection.receive() == b"\n"
        go_on.set()
        stream = first + b"\n" + await connection.receive()
    assert b'"Hel"' in first
    assert gemini.parts(gemini.events(stream) if path == EVENTS else gemini.items(stream)) == HELLO


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("path", [GENERATE, EVENTS])
async def test_thoughts_for_those_who_want_them(site: Site, backend: FakeBackend, wanted: bool, path: str):
    thinking: list[Event] = [ReasoningDelta("why"), TextDelta("Hello")]
    backend.script = [[Started("m"), *thinking, Finished(FinishReason.STOP)]]
    body = {**BODY, "generationConfig": {"thinkingConfig": {"include_thoughts": wanted}}}
    data = await (await post(site, path, body)).get_data()
    responses = gemini.events(data) if path == EVENTS else [json.loads(data)]
    assert gemini.parts(responses) == ([{"text": "why", "thought": True}] if wanted else []) + HELLO
    assert responses[-1]["relay"] == {"thinking_type": "raw", "thinking_source": "field"}


@pytest.mark.parametrize("model", ["m", "vendor/m:free", "ü"])
async def test_ids_of_models_have_slashes_and_colons(site: Site, backend: FakeBackend, model: str):
    for path in {quote(model, safe="/:"), quote(model, safe=""), model}:
        assert (await post(site, f"/v1beta/models/{path}:generateContent")).status_code == 200
    assert {asked.model for asked in backend.requests} == {model}


async def test_what_was_ignored_is_named(site: Site, backend: FakeBackend):
    backend.dropped = ("seed",)
    response = await post(site, GENERATE, {**BODY, "tools": [{"googleSearch": {}}], "cachedContent": "c"})
    assert response.headers["x-relay-dropped"] == "tools.googleSearch, cachedContent, seed"


@pytest.mark.parametrize("how", ["header", "query", "bearer"])
async def test_credentials(site: Site, how: str):
    key = {"header": {"x-goog-api-key": KEY}, "query": {}, "bearer": {"Authorization": f"Bearer {KEY}"}}[how]
    path = f"{GENERATE}?key={KEY}" if how == "query" else GENERATE
    assert (await post(site, path, key=None, headers=key)).status_code == 200


# --- the envelope


async def test_envelope(site: Site, backend: FakeBackend):
    response = await post(site, "/v1internal:generateContent", {"project": "p", "model": "m", "request": BODY})
    body = await response.get_json()
    assert list(body) == ["response"]
    assert gemini.parts([gemini.response(body["response"])]) == HELLO
    assert backend.requests[0].model == "m"


async def test_envelope_around_every_event(site: Site):
    response = await post(site, "/v1internal:streamGenerateContent?alt=sse", {"model": "models/m", "request": BODY})
    assert gemini.parts(gemini.events(await response.get_data(), enveloped=True)) == HELLO


async def test_envelope_around_every_item(site: Site):
    response = await post(site, "/v1internal:streamGenerateContent", {"request": BODY})
    assert gemini.parts(gemini.items(await response.get_data(), enveloped=True)) == HELLO


# --- counting, embeddings, models


@pytest.mark.parametrize("body", [BODY, {"generateContentRequest": {"model": "models/m", **BODY}}])
async def test_count(site: Site, backend: FakeBackend, body: Any):
    counted = await (await post(site, "/v1/models/m:countTokens", body)).get_json()
    assert list(counted) == ["totalTokens"]
    assert 0 < counted["totalTokens"] < 20
    assert backend.requests == []


EMBEDDED: list[MediaEvent] = [EmbeddingPart(1, (1.0,)), EmbeddingPart(0, (0.5, -1.0)), Finished(FinishReason.STOP)]


async def test_one_embedding(site: Site):
    site.media.script = [EMBEDDED[1:]]
    body = {"content": {"parts": [{"text": "Hi"}]}, "outputDimensionality": 2, "taskType": "CLUSTERING"}
    response = await post(site, "/v1beta/models/vendor/m:free:embedContent", body)
    assert await response.get_json() == {"embedding": {"values": [0.5, -1.0]}}
    assert response.headers["x-relay-dropped"] == "taskType"
    assert site.media.requests == [EmbeddingRequest(model="vendor/m:free", texts=("Hi",), dimensions=2)]


async def test_several_embeddings(site: Site):
    site.media.script = [EMBEDDED]
    body = {"requests": [{"content": {"parts": [{"text": text}]}} for text in ("a", "b")]}
    response = await post(site, "/v1/models/m:batchEmbedContents", body)
    assert await response.get_json() == {"embeddings": [{"values": [0.5, -1.0]}, {"values": [1.0]}]}
    assert site.media.requests == [EmbeddingRequest(model="m", texts=("a", "b"))]


@pytest.mark.parametrize("method", ["embedContent", "batchEmbedContents"])
async def test_malformed_embeddings(site: Site, method: str):
    response = await post(site, f"/v1beta/models/m:{method}", {})
    assert await failure(response) == (400, "INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_models(site: Site):
    listed = await (await site.ask("GET", "/v1beta/models?pageSize=1&pageToken=")).get_json()
    assert [model["name"] for model in listed["models"]] == ["models/m", "models/vendor/m:free", "models/ü"]
    assert "nextPageToken" not in listed
    one = await (await site.ask("GET", "/v1beta/models/vendor/m:free")).get_json()
    assert one == listed["models"][1]


# --- refusals


@pytest.mark.parametrize("path", [GENERATE, EVENTS, STREAM, "/v1internal:generateContent", "/v1/models/m:countTokens"])
async def test_malformed_body(site: Site, path: str):
    response = await site.ask("POST", path, data=b"{", headers={"Content-Type": "application/json"})
    assert await failure(response) == (400, "INVALID_ARGUMENT", "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1beta/models/m:predict", 404),
        ("POST", "/v1/models/m:predict", 404),
        ("POST", "/v1beta/models/m", 404),
        ("POST", "/v1beta/models/:generateContent", 404),
        ("POST", "/v1beta/models", 405),
        ("POST", "/v1beta/tunedModels/m:generateContent", 404),
        ("POST", "/v1internal:loadCodeAssist", 404),
        ("GET", "/v1internal:generateContent", 405),
        ("GET", "/v1beta/nothing", 404),
        ("GET", "/v1beta", 404),
    ],
)
async def test_no_such_method(site: Site, method: str, path: str, status: int):
    response = await site.ask(method, path, **({"json": BODY} if method == "POST" else {}))
    assert await failure(response) == (status, "NOT_FOUND", "NOT_FOUND")


@pytest.mark.parametrize("path", [GENERATE, "/v1/models/m:generateContent", "/v1internal:generateContent"])
async def test_wrong_key(site: Site, path: str):
    assert await failure(await post(site, path, key="sk-wrong")) == (401, "UNAUTHENTICATED", "INVALID_API_KEY")


async def test_unknown_model(site: Site):
    response = await post(site, "/v1beta/models/none:generateContent")
    assert response.status_code == 200  # the fake answers to all
    assert await failure(await site.ask("GET", "/v1beta/models/none")) == (404, "NOT_FOUND", "MODEL_NOT_FOUND")


@pytest.mark.parametrize("path", [GENERATE, EVENTS, STREAM])
async def test_failure_before_the_first_event(site: Site, backend: FakeBackend, path: str):
    backend.script = [BackendThrottled("Slow down.", retry_after=7)]
    response = await post(site, path)
    assert response.headers["Retry-After"] == "7"
    error = (await response.get_json())["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"} in error["details"]


@pytest.mark.parametrize("path", [EVENTS, STREAM])
async def test_failure_in_the_middle(site: Site, backend: FakeBackend, path: str):
    backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("The page went away.")]
    response = await post(site, path)
    data = await response.get_data()
    responses = gemini.events(data) if path == EVENTS else gemini.items(data)
    assert gemini.parts(responses[:-1]) == [{"text": "Hel"}]
    assert responses[-1]["error"]["status"] == "UNAVAILABLE"


async def test_switched_off(make_site: Make, backend: FakeBackend):
    backend.script = [ANSWER]
    site: Site = await make_site(closed=("gemini",))
    for path in (GENERATE, "/v1/models/m:generateContent", "/v1internal:generateContent"):
        assert await failure(await post(site, path)) == (404, "NOT_FOUND", "NOT_FOUND")
    assert await failure(await site.ask("GET", "/v1beta/models")) == (404, "NOT_FOUND", "NOT_FOUND")


# --- who should answer


async def test_session_and_reasoning_by_header(site: Site, backend: FakeBackend):
    await post(site, GENERATE, headers={"x-relay-session": "work", "x-relay-reasoning": "off"})
    (wanted,) = backend.wanted
    assert (wanted.account, wanted.key, wanted.reasoning.mode) == ("work", None, "off")


async def test_calls_of_one_assistant_session_belong_together(site: Site, backend: FakeBackend):
    for session in ("a", "a", "b", 7):
        body = {"model": "m", "request": {**BODY, "sessionId": session}}
        await post(site, "/v1internal:generateContent", body)
    keys = [wanted.key for wanted in backend.wanted]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] is not None
    assert keys[3] is None
