"""Images, audio, embeddings: https://platform.openai.com/docs/api-reference/images and its neighbours."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from quart import Blueprint, Response

from relay.core.media import ImageRequest
from relay.dialects.base import Limits
from relay.dialects.media import MediaCall
from relay.dialects.openai_misc import completions, embeddings, images, speech, transcripts
from relay.errors import RelayError, UnsupportedFeature
from relay.gateway.dispatch import Gateway
from relay.gateway.media import MediaGateway
from relay.web.answering import Answering, Question
from relay.web.body import read_json
from relay.web.multipart import is_form, read_form
from relay.web.producing import Producing
from relay.web.speech import OPENAI_CHAT

DIALECT = "openai_misc"


def blueprint(media: MediaGateway, chat: Gateway, limits: Limits, default_model: Callable[[], str]) -> Blueprint:
    """Return OpenAI's routes besides chat and responses; `default_model` chats when a client names none."""
    routes = Blueprint("media", __name__)

    @routes.post("/v1/images/generations")
    async def make_image() -> Response:
        call, wish = images.decode(await read_json())
        return await _pictures(media, call, wish, edit=False)

    @routes.post("/v1/images/edits")
    async def edit_image() -> Response:
        call, wish = images.decode_form(await read_form()) if is_form() else images.decode_edit(await read_json())
        return await _pictures(media, call, wish, edit=True)

    @routes.post("/v1/audio/speech")
    async def speak() -> Response:
        call = speech.decode(await read_json())
        return await Producing(media, call, DIALECT).response(speech.SpeechVoice(call.request.format, _error_body))

    @routes.post("/v1/audio/transcriptions")
    async def transcribe() -> Response:
        return await _transcript(media, translate=False)

    @routes.post("/v1/audio/translations")
    async def translate() -> Response:
        return await _transcript(media, translate=True)

    @routes.post("/v1/embeddings")
    async def embed() -> Response:
        call, encoding = embeddings.decode(await read_json())
        return await Producing(media, call, DIALECT).whole(embeddings.EmbeddingVoice(encoding))

    @routes.post("/v1/completions")
    async def complete() -> Response:
        call = completions.decode(await read_json(), default_model=default_model(), limits=limits)
        voice = completions.CompletionVoice(
            f"cmpl-{secrets.token_urlsafe(18)}",
            int(time.time()),
            include_usage=call.include_usage,
            error_body=_error_body,
        )
        question = Question(request=call.request, dialect=DIALECT, stream=call.stream, ignored=call.ignored)
        return await Answering(chat, question, voice).response()

    @routes.post("/v1/moderations")
    async def moderate() -> Response:
        raise UnsupportedFeature("relay moderates nothing: no session has a function for it.")

    return routes


async def _pictures(media: MediaGateway, call: MediaCall[ImageRequest], wish: images.Wish, *, edit: bool) -> Response:
    form = images.ImageForm(created=int(time.time()), wish=wish, edit=edit, request=call.request)
    return await Producing(media, call, DIALECT).response(images.ImageVoice(form, _error_body))


async def _transcript(media: MediaGateway, *, translate: bool) -> Response:
    call, form = transcripts.decode(await read_form(), translate=translate)
    voice = transcripts.TranscriptVoice(form, translate=translate, error_body=_error_body)
    return await Producing(media, call, DIALECT).response(voice)


def _error_body(error: RelayError) -> bytes:
    return OPENAI_CHAT.error_body(error, "")
