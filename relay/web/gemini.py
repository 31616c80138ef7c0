"""Gemini's generateContent and its neighbours: https://ai.google.dev/api/generate-content.

Google's SDKs call ``/v1`` or ``/v1beta``, as their version is. Its code assistants put an envelope around the same
request and call ``/v1internal``.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from quart import Blueprint, Response, g, request

from relay.core.produced import Produced
from relay.core.tokens import estimate_request
from relay.dialects.base import Limits
from relay.dialects.gemini import embeddings
from relay.dialects.gemini.form import ReplyForm
from relay.dialects.gemini.inbound import GeminiCall, decode, decode_count, decode_envelope
from relay.dialects.gemini.models import list_body, one_body
from relay.dialects.gemini.outbound import GeminiVoice
from relay.dialects.media import Body, MediaCall
from relay.errors import RouteNotFound
from relay.gateway.dispatch import Gateway
from relay.gateway.media import MediaGateway
from relay.web.answering import Answering, Question
from relay.web.body import read_json
from relay.web.producing import Producing


class _EmbeddingVoice:
    """Tell embeddings; see :class:`relay.dialects.media.MediaVoice`."""

    def __init__(self, *, batch: bool) -> None:
        self._batch = batch

    def whole(self, produced: Produced) -> Body:
        """Return all of them, or the one."""
        made = produced.embeddings
        return Body(embeddings.batch_body(made) if self._batch else embeddings.one_body(made[0]))


def blueprint(gateway: Gateway, media: MediaGateway, limits: Limits, default_model: Callable[[], str]) -> Blueprint:
    """Return the routes of Gemini; `default_model` is asked for when an envelope names none."""
    routes = Blueprint("gemini", __name__)

    @routes.post("/v1/models/<path:target>")
    @routes.post("/v1beta/models/<path:target>")
    async def on_model(target: str) -> Response:
        model, _, method = target.rpartition(":")  # the last one: ids have colons too
        match method:
            case "generateContent" | "streamGenerateContent" if model:
                call = decode(await read_json(), model=model, limits=limits)
                return await _answer(gateway, call, method, enveloped=False)
            case "countTokens" if model:
                counted = estimate_request(decode_count(await read_json(), model=model, limits=limits))
                return Response(msgspec.json.encode({"totalTokens": counted}), content_type="application/json")
            case "embedContent" if model:
                embed = embeddings.decode_one(await read_json(), model=model)
                return await _embed(media, embed, batch=False)
            case "batchEmbedContents" if model:
                embed = embeddings.decode_batch(await read_json(), model=model, limits=limits)
                return await _embed(media, embed, batch=True)
            case _:
                raise _no_method(target)

    @routes.post("/v1internal:<method>")
    async def in_envelope(method: str) -> Response:
        if method not in ("generateContent", "streamGenerateContent"):
            raise _no_method(f"v1internal:{method}")
        call = decode_envelope(await read_json(), default_model=default_model(), limits=limits)
        return await _answer(gateway, call, method, enveloped=True)

    @routes.get("/v1beta/models")
    async def list_models() -> Response:
        return Response(list_body(gateway.backend.models()), content_type="application/json")

    @routes.get("/v1beta/models/<path:name>")
    async def one_model(name: str) -> Response:
        return Response(one_body(gateway.backend.find_model(name)), content_type="application/json")

    return routes


async def _answer(gateway: Gateway, call: GeminiCall, method: str, *, enveloped: bool) -> Response:
    stream = method == "streamGenerateContent"
    events = "sse" in (request.args.get("alt"), request.args.get("$alt"))
    form = ReplyForm(thoughts=call.thoughts, array=stream and not events, enveloped=enveloped)
    thread = call.request.extra.get("sessionId")  # of Google's code assistants
    question = Question(
        request=call.request,
        dialect="gemini",
        stream=stream,
        ignored=call.ignored,
        thread=thread if isinstance(thread, str) else None,
    )
    return await Answering(gateway, question, GeminiVoice(g.request_id, form)).response()


async def _embed(media: MediaGateway, call: embeddings.EmbeddingCall, *, batch: bool) -> Response:
    asked = MediaCall(request=call.request, ignored=call.ignored)
    return await Producing(media, asked, "gemini").whole(_EmbeddingVoice(batch=batch))


def _no_method(target: str) -> RouteNotFound:
    return RouteNotFound(
        f"There is no {target[-200:]} here; a model takes generateContent, streamGenerateContent, countTokens, "
        "embedContent and batchEmbedContents."
    )
