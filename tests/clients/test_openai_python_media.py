"""Pictures, speech and transcripts by the official OpenAI SDK, through a real browser and the real puter.js."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from openai import AsyncOpenAI, BadRequestError, NotFoundError
from playwright.async_api import BrowserContext
from puter_emulator import PuterEmulator
from puter_emulator.media import HEARD, SPEECH, png
from stack.fixtures import Desk, signed_in
from stack.page import open_page, ready
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def openai(desk: Desk) -> AsyncIterator[AsyncOpenAI]:
    """The client, without retries."""
    async with AsyncOpenAI(base_url=desk.relay.base_url, api_key=desk.relay.key, max_retries=0) as client:
        yield client


async def everything(client: AsyncOpenAI) -> tuple[bytes, bytes, str]:
    """A picture, speech, and what was heard of it."""
    picture = await client.images.generate(model="paint", prompt="a cat", size="1024x1024", quality="high")
    spoken = await client.audio.speech.create(model="tts-1", voice="alloy", input="Hello", response_format="mp3")
    said = await client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", spoken.content))
    assert picture.data is not None
    return base64.b64decode(picture.data[0].b64_json or ""), spoken.content, said.text


async def test_picture_speech_and_transcript(openai: AsyncOpenAI, puter: PuterEmulator) -> None:
    assert await everything(openai) == (png(), SPEECH, HEARD)

    (painting, how), (speaking, words), (hearing, sound) = puter.made
    assert (painting, speaking, hearing) == ("generate", "synthesize", "transcribe")
    assert (how["prompt"], how["ratio"], how["quality"]) == ("a cat", {"w": 1024, "h": 1024}, "high")
    assert (words["text"], words["provider"], words["voice"]) == ("Hello", "openai", "alloy")
    assert sound["file"] == f"data:audio/mp3;base64,{base64.b64encode(SPEECH).decode()}"


async def test_the_same_through_the_functions_of_puter_js(
    puter: PuterEmulator, context: BrowserContext, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "data", puter, RELAY_PUTER__WAY="sdk")
    await relay.start()
    await signed_in(relay, context)
    async with AsyncOpenAI(base_url=relay.base_url, api_key=relay.key, max_retries=0) as client:
        made = await everything(client)
    assert await relay.stop() == 0, relay.said

    assert made == (png(), SPEECH, HEARD)
    assert [method for method, _ in puter.made] == ["generate", "synthesize", "transcribe"]


async def test_pictures_stream(openai: AsyncOpenAI) -> None:
    stream = await openai.images.generate(model="paint", prompt="a cat in bytes", n=2, stream=True)
    events = [event async for event in stream]

    assert [event.type for event in events] == ["image_generation.completed"] * 2
    assert base64.b64decode(events[0].b64_json) == png()


async def test_picture_is_changed(openai: AsyncOpenAI, puter: PuterEmulator) -> None:
    changed = await openai.images.edit(model="paint", prompt="a hat", image=[("a.png", png()), ("b.png", png())])

    assert changed.data is not None
    assert changed.data[0].b64_json == base64.b64encode(png()).decode()
    assert len(puter.made[0][1]["input_images"]) == 2


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # so the SDK calls all that whisper-1 can do
async def test_translation_with_times(openai: AsyncOpenAI, puter: PuterEmulator) -> None:
    told = await openai.audio.translations.create(
        model="whisper-1", file=("a.wav", b"RIFF"), response_format="verbose_json"
    )

    assert (told.text, told.language, told.duration) == (HEARD, "english", 1.5)
    assert told.segments is not None
    assert [(each.start, each.end, each.text) for each in told.segments] == [(0, 1.5, HEARD)]
    assert puter.made[0][0] == "translate"


async def test_transcript_streams(openai: AsyncOpenAI) -> None:
    stream = await openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"), stream=True)

    assert [event.type async for event in stream] == ["transcript.text.delta", "transcript.text.done"]


async def test_refusals_name_what_there_is(openai: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError, match="No connected session offers embeddings"):
        await openai.embeddings.create(model="text-embedding-3-small", input="Hello")
    with pytest.raises(NotFoundError, match="paint"):
        await openai.images.generate(model="paintt", prompt="a cat")
    with pytest.raises(BadRequestError, match="is for chat"):
        await openai.images.generate(model="echo", prompt="a cat")
    with pytest.raises(BadRequestError, match="Moderation failed") as refused:
        await openai.images.generate(model="paint", prompt="nothing")
    assert refused.value.code == "content_filter"


async def test_models_for_everything_are_listed(openai: AsyncOpenAI) -> None:
    listed = {model.id async for model in openai.models.list()}

    assert {"echo", "paint", "tts-1", "whisper-1"} <= listed


async def test_demo_makes_everything_without_an_account(
    puter: PuterEmulator, context: BrowserContext, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "data", puter, RELAY_DEMO="true")
    await relay.start()
    await open_page(context, relay)
    await ready(relay)
    async with AsyncOpenAI(base_url=relay.base_url, api_key=relay.key, max_retries=0) as client:
        picture = await client.images.generate(model="demo", prompt="a cat", n=2)
        spoken = await client.audio.speech.create(model="demo", voice="alloy", input="Hello")
        said = await client.audio.transcriptions.create(
            model="demo", file=("a.wav", spoken.content), response_format="srt"
        )
        embedded = await client.embeddings.create(model="demo", input=["a", "b"], dimensions=3)
        completed = await client.completions.create(model="demo", prompt="Hello")
    assert await relay.stop() == 0, relay.said

    assert picture.data is not None
    assert base64.b64decode(picture.data[1].b64_json or "").startswith(b"\x89PNG")
    assert (spoken.content[:4], spoken.response.headers["content-type"]) == (b"RIFF", "audio/wav")
    assert str(said).startswith("1\n00:00:00,000 --> 00:00:01,000\nThis is relay's demo")
    assert [len(each.embedding) for each in embedded.data] == [3, 3]
    assert sum(value * value for value in embedded.data[0].embedding) == pytest.approx(1)
    assert "This is relay's demo" in completed.choices[0].text
    assert puter.made == []
