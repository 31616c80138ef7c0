"""POST /v1/chat/completions: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from quart import Blueprint, Response

from relay.dialects.base import Limits
from relay.dialects.openai_chat.inbound import decode
from relay.dialects.openai_chat.outbound import ChatVoice
from relay.gateway.dispatch import Gateway
from relay.web.answering import Answering, Question
from relay.web.body import read_json


def blueprint(gateway: Gateway, limits: Limits, default_model: Callable[[], str]) -> Blueprint:
    """Return the routes of OpenAI Chat Completions; `default_model` is asked for when a client names none."""
    routes = Blueprint("chat_completions", __name__)

    @routes.post("/v1/chat/completions")
    async def complete() -> Response:
        call = decode(await read_json(), default_model=default_model(), limits=limits)
        voice = ChatVoice(f"chatcmpl-{secrets.token_urlsafe(18)}", int(time.time()), call.form)
        question = Question(request=call.request, dialect="openai_chat", stream=call.stream, ignored=call.ignored)
        return await Answering(gateway, question, voice).response()

    return routes
