"""OpenAI's routes for pictures, sound, embeddings and completions, over the whole application."""

import asyncio
import base64
import json
import struct
from typing import Any

import pytest
from quart import Response

from relay.backends.base import Wanted
from relay.core.events import Finished, FinishReason, TextDelta, Usage, UsageReport
from relay.core.media import (
    AudioPart,
    EmbeddingPart,
    EmbeddingRequest,
    ImageMade,
    ImageRequest,
    MediaEvent,
    Recording,
    Segment,
    SpeechRequest,
    TranscriptionRequest,
)
from relay.core.request import Text, UserMessage
from relay.errors import BackendThrottled, QuotaExhausted

from .conftest import KEY, Make, Site

PNG = base64.b64decode("iVBORw0KGgo=")
PICTURE = "data:image/png;base64,iVBORw0KGgo="
USAGE = Usage(input_tokens=3, output_tokens=1)
END: list[MediaEvent] = [UsageReport(USAGE), Finished(FinishReason.STOP)]


def form(*parts: tuple[str, str | tuple[str, str, bytes]], boundary: str = "relay") -> dict[str, Any]:
    """The request of a form; a part is a name and its text, or the name, type and bytes of a file."""
    body = b""
    for name, part in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        value = part.encode() if isinstance(part, str) else part[2]
        if not isinstance(part, str):
            head += f'; filename="{part[0]}"\r\nContent-Type: {part[1]}'
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + value + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return {"data": body, "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"}}


async def events(response: Response) -> list[Any]:
    """The payloads of a stream, and the names of those that have one."""
    text = (await response.get_data()).decode()
    told = []
    for block in text.split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "data" in lines and lines["data"] != "[DONE]":
            payload = json.loads(lines["data"])
            assert lines.get("event", payload.get("type")) == payload.get("type")
            told.append(payload)
    return told


async def body(response: Response) -> Any:
    assert response.content_type == "application/json"
    return json.loads(await response.get_data())


# ---------------------------------------------------------------- pictures


async def test_pictures_as_bytes_and_by_address(site: Site) -> None:
    site.media.script = [[ImageMade(PICTURE), ImageMade("https://site.example/b.png")], END]
    site.media.dropped = ("quality",)
    asked = {"model": "paint", "prompt": "a cat", "n": 2, "size": "1x1", "quality": "high", "user": "u"}

    response = await site.ask("POST", "/v1/images/generations", json=asked)

    told = await body(response)
    assert told.pop("created") > 0
    assert told == {
        "data": [{"b64_json": "iVBORw0KGgo="}, {"url": "https://site.example/b.png"}],
        "output_format": "png",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 1,
            "total_tokens": 4,
            "input_tokens_details": {"text_tokens": 3, "image_tokens": 0},
        },
    }
    assert response.headers["x-relay-dropped"] == "quality"
    assert site.media.requests == [
        ImageRequest(model="paint", prompt="a cat", n=2, size="1x1", quality="high", user="u")
    ]


async def test_picture_in_the_form_that_was_asked_for(site: Site) -> None:
    site.media.script = [[ImageMade(PICTURE), ImageMade("https://site.example/b.png")], END]
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat", "response_format": "url"})
    assert (await body(response))["data"] == [{"url": PICTURE}, {"url": "https://site.example/b.png"}]

    site.media.script = [[ImageMade(PICTURE), ImageMade("data:image/webp;base64,AA")], END]
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat"})
    assert "output_format" not in await body(response)

    site.media.script = [[ImageMade("https://site.example/b.png")], END]
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat", "response_format": "b64_json"})
    assert (response.status_code, (await body(response))["error"]["code"]) == (502, "upstream_error")


async def test_pictures_stream_with_the_unfinished_ones(site: Site) -> None:
    site.media.script = [[], [ImageMade("data:image/webp;base64,AA", 0)], [ImageMade(PICTURE)], END]
    asked = {"prompt": "a cat", "stream": True, "partial_images": 2, "background": "opaque"}

    response = await site.ask("POST", "/v1/images/generations", json=asked)

    assert response.content_type == "text/event-stream"
    partial, completed = await events(response)
    common = {"created_at": partial["created_at"], "size": "auto", "quality": "auto", "background": "opaque"}
    assert partial == common | {
        "type": "image_generation.partial_image",
        "b64_json": "AA",
        "output_format": "webp",
        "partial_image_index": 0,
    }
    assert completed == common | {
        "type": "image_generation.completed",
        "b64_json": "iVBORw0KGgo=",
        "output_format": "png",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 1,
            "total_tokens": 4,
            "input_tokens_details": {"text_tokens": 3, "image_tokens": 0},
        },
    }
    assert site.media.requests == [ImageRequest(model="", prompt="a cat", background="opaque", partial_images=2)]


async def test_failure_in_the_stream_is_its_last_event(site: Site) -> None:
    site.media.script = [[], QuotaExhausted("The account is empty.")]
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat", "stream": True})

    assert [event["error"]["code"] for event in await events(response)] == ["insufficient_quota"]


async def test_failure_before_the_stream_is_a_status(site: Site) -> None:
    site.media.script = [BackendThrottled("Slowly.", retry_after=3)]
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat", "stream": True})

    assert (response.status_code, response.headers["Retry-After"]) == (429, "3")


async def test_pictures_to_change_by_form_and_by_json(site: Site) -> None:
    site.media.script = [[ImageMade(PICTURE)], END]
    by_form = form(
        ("prompt", "a hat"),
        ("model", "paint"),
        ("n", "1"),
        ("image[]", ("a.png", "image/png", PNG)),
        ("image[]", ("b", "application/octet-stream", PNG)),
        ("mask", ("m.png", "image/png", PNG)),
    )
    wanted = ImageRequest(model="paint", prompt="a hat", images=(PICTURE, PICTURE), mask=PICTURE)
    by_json = {
        "prompt": "a hat",
        "model": "paint",
        "images": [{"image_url": PICTURE}] * 2,
        "mask": {"image_url": PICTURE},
    }
    older = {"prompt": "a hat", "model": "paint", "image": [PICTURE, PICTURE], "mask": PICTURE}

    for request_ in (by_form, {"json": by_json}, {"json": older}):
        assert (await site.ask("POST", "/v1/images/edits", **request_)).status_code == 200
    assert site.media.requests == [wanted] * 3


async def test_changed_picture_streams_under_its_own_name(site: Site) -> None:
    site.media.script = [[ImageMade(PICTURE)], END]
    asked = form(("prompt", "a hat"), ("stream", "true"), ("image", ("a.png", "image/png", PNG)))
    response = await site.ask("POST", "/v1/images/edits", **asked)

    assert [event["type"] for event in await events(response)] == ["image_edit.completed"]


@pytest.mark.parametrize(
    ("path", "request_", "param"),
    [
        ("generations", {"json": {}}, "prompt"),
        ("generations", {"json": {"prompt": ""}}, "prompt"),
        ("generations", {"json": {"prompt": "a", "n": 11}}, "n"),
        ("generations", {"json": {"prompt": "a", "partial_images": 4}}, "partial_images"),
        ("generations", {"json": {"prompt": "a", "response_format": "oil"}}, "response_format"),
        ("edits", {"json": {"prompt": "a"}}, "image"),
        ("edits", {"json": {"prompt": "a", "image": "https://site.example/a.png"}}, "image"),
        ("edits", {"json": {"prompt": "a", "images": [{"file_id": "f"}]}}, "images"),
        ("edits", {"json": {"prompt": "a", "image": [PICTURE] * 17}}, "image"),
        ("edits", {"json": {"prompt": "a", "image": PICTURE, "mask": "https://site.example/a.png"}}, "mask"),
        ("edits", form(("prompt", "a")), "image"),
        ("edits", form(("prompt", "a"), ("n", "many"), ("image", ("a.png", "image/png", PNG))), "n"),
        ("edits", form(("prompt", "a"), ("image", ("a.txt", "text/plain", b"Hello"))), "image"),
    ],
)
async def test_malformed_wish_for_a_picture(site: Site, path: str, request_: Any, param: str) -> None:
    response = await site.ask("POST", f"/v1/images/{path}", **request_)

    assert (response.status_code, (await body(response))["error"]["param"]) == (400, param)
    assert site.media.requests == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"\xff\xd8\xff\xe0", "jpeg"), (b"GIF89a", "gif"), (b"RIFF....WEBP", "webp")],
)
async def test_picture_is_known_by_its_first_bytes(site: Site, data: bytes, kind: str) -> None:
    site.media.script = [[ImageMade(PICTURE)], END]
    await site.ask("POST", "/v1/images/edits", **form(("prompt", "a"), ("image", ("a", "", data))))

    (asked,) = site.media.requests
    assert isinstance(asked, ImageRequest)
    assert asked.images[0].startswith(f"data:image/{kind};base64,")


# ---------------------------------------------------------------- speech


@pytest.mark.parametrize(
    ("format_", "content_type", "dropped"),
    [
        ("mp3", "audio/mpeg", None),
        ("opus", "audio/ogg", "response_format"),
        ("oggy", "application/octet-stream", "response_format"),
    ],
)
async def test_speech_has_the_type_that_it_is(site: Site, format_: str, content_type: str, dropped: str | None) -> None:
    site.media.script = [[AudioPart(b"ab", format_)], [AudioPart(b"cd", format_)], END]
    asked = {
        "model": "tts",
        "input": "Hello",
        "voice": {"id": "alloy"},
        "response_format": "mp3",
        "speed": 1,
        "instructions": "",
    }

    response = await site.ask("POST", "/v1/audio/speech", json=asked)

    assert await response.get_data() == b"abcd"
    assert (response.content_type, response.headers.get("x-relay-dropped")) == (content_type, dropped)
    assert site.media.requests == [SpeechRequest(model="tts", text="Hello", voice="alloy", format="mp3")]


async def test_speech_streams_as_events(site: Site) -> None:
    site.media.script = [[], [AudioPart(b"ab", "mp3")], [AudioPart(b"cd", "mp3")], END]
    asked = {"input": "Hello", "voice": "alloy", "stream_format": "sse", "speed": 1.5}

    response = await site.ask("POST", "/v1/audio/speech", json=asked)

    assert await events(response) == [
        {"type": "speech.audio.delta", "audio": "YWI="},
        {"type": "speech.audio.delta", "audio": "Y2Q="},
        {"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}},
    ]
    assert site.media.requests == [SpeechRequest(model="", text="Hello", voice="alloy", speed=1.5)]


async def test_failure_after_the_end_changes_nothing(site: Site) -> None:
    """What happens when the session is let go is no news to a client that has all of it."""
    site.media.script = [[AudioPart(b"ab", "mp3")], END]
    site.media.late_failure = RuntimeError("oops")
    response = await site.ask("POST", "/v1/audio/speech", json={"input": "Hello", "stream_format": "sse"})
    assert [event["type"] for event in await events(response)] == ["speech.audio.delta", "speech.audio.done"]


async def test_speech_that_breaks_off_is_told(site: Site) -> None:
    site.media.script = [[AudioPart(b"ab", "mp3")]]
    assert (await site.ask("POST", "/v1/audio/speech", json={"input": "Hello"})).status_code == 502

    site.media.script = [[AudioPart(b"ab", "mp3")]]
    response = await site.ask("POST", "/v1/audio/speech", json={"input": "Hello", "stream_format": "sse"})
    assert [event["error"]["code"] for event in (await events(response))[1:]] == ["upstream_truncated"]


@pytest.mark.parametrize(
    "asked", [{}, {"input": ""}, {"input": "a", "speed": 5}, {"input": "a", "response_format": "8-track"}]
)
async def test_malformed_wish_for_speech(site: Site, asked: Any) -> None:
    assert (await site.ask("POST", "/v1/audio/speech", json=asked)).status_code == 400


# ---------------------------------------------------------------- transcripts

SAID: list[MediaEvent] = [
    TextDelta("Hello there. "),
    TextDelta("And you?"),
    Segment(" Hello there.", 0, 1.5),
    Segment("And you?", 3661.25, 3662),
]
WAV = ("a.wav", "audio/x-wav", b"RIFF")


def recording(*fields: tuple[str, str], file: tuple[str, str, bytes] = WAV) -> dict[str, Any]:
    return form(("file", file), ("model", "whisper"), *fields)


@pytest.mark.parametrize(
    ("form_", "content_type", "text"),
    [
        ("json", "application/json", '{"text":"Hello there. And you?","usage":{"type":"duration","seconds":4.5}}'),
        ("text", "text/plain; charset=utf-8", "Hello there. And you?\n"),
        (
            "srt",
            "text/plain; charset=utf-8",
            "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n01:01:01,250 --> 01:01:02,000\nAnd you?\n",
        ),
        (
            "vtt",
            "text/vtt; charset=utf-8",
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n01:01:01.250 --> 01:01:02.000\nAnd you?\n",
        ),
    ],
)
async def test_transcript_in_every_form(site: Site, form_: str, content_type: str, text: str) -> None:
    site.media.script = [SAID, [Recording("english", 4.5)], END]
    fields = (("response_format", form_), ("language", "en"), ("prompt", "Ada"), ("temperature", "0.5"))

    response = await site.ask("POST", "/v1/audio/transcriptions", **recording(*fields))

    assert (response.content_type, (await response.get_data()).decode()) == (content_type, text)
    assert site.media.requests == [
        TranscriptionRequest(
            model="whisper",
            data="UklGRg==",
            format="wav",
            segments=form_ in ("srt", "vtt"),
            language="en",
            prompt="Ada",
            temperature=0.5,
        )
    ]


@pytest.mark.parametrize(
    ("heard", "language", "duration"),
    [([Recording("english", 4.5)], "english", 4.5), ([], "", 3662.0)],
)
async def test_translation_with_all_that_is_known(
    site: Site, heard: list[MediaEvent], language: str, duration: float
) -> None:
    site.media.script = [SAID + heard, END]
    response = await site.ask(
        "POST", "/v1/audio/translations", **recording(("response_format", "verbose_json"), ("language", "de"))
    )

    told = await body(response)
    told.pop("usage", None)
    assert told == {
        "task": "translate",
        "language": language,
        "duration": duration,
        "text": "Hello there. And you?",
        "segments": [
            {"id": 0, "start": 0.0, "end": 1.5, "text": " Hello there."},
            {"id": 1, "start": 3661.25, "end": 3662.0, "text": "And you?"},
        ],
    }
    assert site.media.requests == [
        TranscriptionRequest(model="whisper", data="UklGRg==", format="wav", translate=True, segments=True)
    ]


async def test_transcript_without_times(site: Site) -> None:
    for form_, status in (("verbose_json", 200), ("srt", 400), ("vtt", 400)):
        site.media.script = [[TextDelta("Hello")], END]
        response = await site.ask("POST", "/v1/audio/transcriptions", **recording(("response_format", form_)))
        assert response.status_code == status


async def test_transcript_streams(site: Site) -> None:
    site.media.script = [[], SAID, [Recording("english")], END]
    fields = (("stream", "true"), ("include[]", "logprobs"), ("chunking_strategy", "auto"))

    response = await site.ask("POST", "/v1/audio/transcriptions", **recording(*fields))

    assert response.headers["x-relay-dropped"] == "include, chunking_strategy"
    assert await events(response) == [
        {"type": "transcript.text.delta", "delta": "Hello there. "},
        {"type": "transcript.text.delta", "delta": "And you?"},
        {
            "type": "transcript.text.done",
            "text": "Hello there. And you?",
            "usage": {"type": "tokens", "input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
        },
    ]


async def test_transcript_that_breaks_off_is_told(site: Site) -> None:
    site.media.script = [[TextDelta("Hel")], BackendThrottled("Slowly.")]
    response = await site.ask("POST", "/v1/audio/transcriptions", **recording(("stream", "true")))

    assert [event["error"]["code"] for event in (await events(response))[1:]] == ["rate_limit_exceeded"]


@pytest.mark.parametrize(
    ("name", "content_type", "format_"),
    [
        ("a.MP3", "", "mp3"),
        ("speech", "audio/webm", "webm"),
        ("a.bin", "audio/mpeg", "mp3"),
        ("", "audio/x-wav", "wav"),
    ],
)
async def test_recording_is_known_by_its_name_or_type(site: Site, name: str, content_type: str, format_: str) -> None:
    site.media.script = [[TextDelta("Hello")], END]
    response = await site.ask("POST", "/v1/audio/transcriptions", **recording(file=(name, content_type, b"?")))

    assert response.status_code == 200
    assert [asked.format for asked in site.media.requests if isinstance(asked, TranscriptionRequest)] == [format_]


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (form(("model", "whisper")), "file"),
        (recording(("response_format", "papyrus")), "response_format"),
        (recording(("response_format", "diarized_json")), "response_format"),
        (recording(("timestamp_granularities[]", "word")), "timestamp_granularities"),
        (recording(("temperature", "2")), "temperature"),
        (recording(file=("a.txt", "text/plain", b"Hello")), "file"),
    ],
)
async def test_malformed_wish_for_a_transcript(site: Site, request_: Any, param: str) -> None:
    response = await site.ask("POST", "/v1/audio/transcriptions", **request_)

    assert (response.status_code, (await body(response))["error"]["param"]) == (400, param)


# ---------------------------------------------------------------- embeddings


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        (None, [0.5, -1.0]),
        ("float", [0.5, -1.0]),
        ("base64", base64.b64encode(struct.pack("<2f", 0.5, -1)).decode()),
    ],
)
async def test_embeddings_in_order(site: Site, encoding: str | None, written: Any) -> None:
    site.media.script = [[EmbeddingPart(1, (1.0, 0.0)), EmbeddingPart(0, (0.5, -1.0))], END]
    asked = {"model": "embed", "input": ["a", "b"], "dimensions": 2, "encoding_format": encoding}

    told = await body(await site.ask("POST", "/v1/embeddings", json=asked))

    assert told["data"][0] == {"object": "embedding", "index": 0, "embedding": written}
    assert told["data"][1]["index"] == 1
    assert (told["object"], told["model"], told["usage"]) == ("list", "embed", {"prompt_tokens": 3, "total_tokens": 3})
    assert site.media.requests == [EmbeddingRequest(model="embed", texts=("a", "b"), dimensions=2)]


@pytest.mark.parametrize(
    ("given", "texts", "tokens"),
    [("a", ("a",), ()), ([1, 2], (), ((1, 2),)), ([[1, 2], [3]], (), ((1, 2), (3,)))],
)
async def test_everything_that_can_be_embedded(
    site: Site, given: Any, texts: tuple[str, ...], tokens: tuple[tuple[int, ...], ...]
) -> None:
    site.media.script = [[EmbeddingPart(0, (1.0,))], END]
    await site.ask("POST", "/v1/embeddings", json={"input": given})

    assert site.media.requests == [EmbeddingRequest(model="", texts=texts, tokens=tokens)]


@pytest.mark.parametrize("given", [None, "", [], [""], [[]], ["a", 1], ["a", [1]], [-1], [1.5], ["a"] * 2049])
async def test_malformed_input_of_embeddings(site: Site, given: Any) -> None:
    site.app.config["MAX_CONTENT_LENGTH"] = 100_000
    response = await site.ask("POST", "/v1/embeddings", json={"input": given})

    assert (response.status_code, (await body(response))["error"]["param"].partition("[")[0]) == (400, "input")


# ---------------------------------------------------------------- completions, moderations


async def test_completion_is_one_message_of_the_user(site: Site) -> None:
    asked = {
        "model": "m",
        "prompt": ["Say hello"],
        "max_tokens": 9,
        "stop": "END",
        "logprobs": 1,
        "n": 1,
        "echo": False,
    }
    response = await site.ask("POST", "/v1/completions", json=asked)

    told = await body(response)
    assert told.pop("id").startswith("cmpl-")
    assert told.pop("created") > 0
    assert told == {
        "object": "text_completion",
        "model": "m",
        "choices": [{"text": "Hello", "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    assert response.headers["x-relay-dropped"] == "logprobs"
    (request_,) = site.backend.requests
    assert (request_.messages, request_.max_tokens, request_.stop) == (
        (UserMessage(content=(Text(text="Say hello"),)),),
        9,
        ("END",),
    )


async def test_completion_streams(site: Site) -> None:
    asked = {"prompt": "Say hello", "stream": True, "stream_options": {"include_usage": True}}
    response = await site.ask("POST", "/v1/completions", json=asked)

    text, end, usage = await events(response)
    assert [each["choices"] for each in (text, end)] == [
        [{"text": "Hello", "index": 0, "logprobs": None, "finish_reason": None}],
        [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    ]
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 5)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": "a", "n": 2}, "n"),
        ({"prompt": "a", "best_of": 2}, "best_of"),
        ({"prompt": "a", "echo": True}, "echo"),
        ({"prompt": "a", "suffix": "z"}, "suffix"),
        ({"prompt": "a", "stop": ["z"] * 17}, "stop"),
    ],
)
async def test_completion_that_a_chat_cannot_give(site: Site, asked: Any, param: str) -> None:
    response = await site.ask("POST", "/v1/completions", json=asked)

    assert (response.status_code, (await body(response))["error"]["param"]) == (400, param)


async def test_nothing_is_moderated(site: Site) -> None:
    response = await site.ask("POST", "/v1/moderations", json={"input": "a"})

    assert (response.status_code, (await body(response))["error"]["code"]) == (400, "unsupported_feature")


# ---------------------------------------------------------------- what holds for all


async def test_client_may_name_the_session(site: Site) -> None:
    site.media.script = [[EmbeddingPart(0, (1.0,))], END]
    await site.ask("POST", "/v1/embeddings", json={"input": "a"}, headers={"x-relay-session": "s-1"})

    assert site.media.wanted == [Wanted(account="s-1")]


async def test_key_is_needed(site: Site) -> None:
    response = await site.ask("POST", "/v1/embeddings", json={"input": "a"}, key=None)
    assert (response.status_code, site.media.requests) == (401, [])


async def test_endpoint_that_is_switched_off(make_site: Make) -> None:
    site = await make_site(closed=("media",))
    response = await site.ask("POST", "/v1/images/generations", json={"prompt": "a cat"})
    assert response.status_code == 404


async def test_answer_larger_than_allowed(site: Site) -> None:
    site.media.script = [[AudioPart(b"a" * 10_001, "mp3")], END]
    assert (await site.ask("POST", "/v1/audio/speech", json={"input": "Hello"})).status_code == 502


async def test_client_that_leaves_ends_the_call(site: Site) -> None:
    site.media.script = [[AudioPart(b"ab", "mp3")], asyncio.Event()]
    async with site.client.request(
        "/v1/audio/speech",
        method="POST",
        headers={"Host": "localhost:3000", "Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    ) as connection:
        await connection.send(b'{"input":"Hello","stream_format":"sse"}')
        await connection.send_complete()
        await connection.receive()
        assert site.media.open_replies == 1
        await connection.disconnect()
    assert (site.media.open_replies, site.admission.in_flight) == (0, 0)
