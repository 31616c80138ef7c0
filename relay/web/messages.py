"""POST /v1/messages and /v1/messages/count_tokens: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec
from quart import Blueprint, Response, request

from relay.core.tokens import estimate_request
from relay.dialects.anthropic.inbound import decode, decode_count
from relay.dialects.anthropic.outbound import MessageVoice
from relay.dialects.base import Limits
from relay.gateway.dispatch import Gateway
from relay.web.answering import Answering, Question
from relay.web.body import read_json


def blueprint(gateway: Gateway, limits: Limits, default_model: Callable[[], str]) -> Blueprint:
    """Return the routes of Anthropic Messages; `default_model` is asked for when a client names none."""
    routes = Blueprint("messages", __name__)

    @routes.post("/v1/messages")
    async def create() -> Response:
        version = request.headers.get("anthropic-version", "")
        call = decode(await read_json(), version=version, default_model=default_model(), limits=limits)
        estimate = estimate_request(call.request) if call.stream else 0
        voice = MessageVoice(f"msg_{secrets.token_urlsafe(18)}", call.form, estimate)
        question = Question(request=call.request, dialect="anthropic", stream=call.stream, ignored=call.ignored)
        return await Answering(gateway, question, voice).response()

    @routes.post("/v1/messages/count_tokens")
    async def count_tokens() -> Response:
        asked = decode_count(await read_json(), default_model=default_model(), limits=limits)
        body = msgspec.json.encode({"input_tokens": estimate_request(asked)})
        return Response(body, content_type="application/json")

    return routes
