"""The drivers of txt2img, txt2speech and speech2txt: each answers in one of the shapes that puter.js takes."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .answer import cors, refuse, reply
from .http import Exchange

Driver = Callable[[Exchange, Mapping[str, Any]], Awaitable[None]]

IMAGE_MODELS = [{"id": "paint", "name": "Paint (emulated)", "provider": "emulator"}]
SPEECH = b"ID3" + bytes(range(256)) * 4096
"""No sound, but as long as some seconds of it."""
HEARD = "What you said."


def png(color: bytes = b"\x20\x60\xa0") -> bytes:
    """One pixel: https://www.w3.org/TR/png-3/."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + color)),
        (b"IEND", b""),
    )
    made = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


async def paint(exchange: Exchange, args: Mapping[str, Any]) -> None:
    """A picture as a data URL; as bytes if the prompt wants them; ``nothing`` is refused."""
    if "nothing" in args["prompt"]:
        await refuse(exchange, 400, "bad_request", "Moderation failed", errorCode="moderation_flagged")
    elif "bytes" in args["prompt"]:
        await exchange.respond(200, cors(exchange) | {"Content-Type": "image/png"}, png())
    else:
        url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
        await reply(exchange, 200, {"success": True, "result": url})


async def speak(exchange: Exchange, _: Mapping[str, Any]) -> None:
    """Bytes of a made-up recording."""
    await exchange.respond(200, cors(exchange) | {"Content-Type": "audio/mpeg"}, SPEECH)


async def transcribe(exchange: Exchange, args: Mapping[str, Any]) -> None:
    """What was said, with times where they are asked for."""
    result: dict[str, Any] = {"text": HEARD, "language": "english"}
    if args.get("response_format") == "verbose_json":
        result |= {"duration": 1.5, "segments": [{"id": 0, "text": HEARD, "start": 0, "end": 1.5}]}
    await reply(exchange, 200, {"success": True, "result": result})


DRIVERS: Mapping[tuple[str, str, str], Driver] = {
    ("puter-image-generation", "ai-image", "generate"): paint,
    ("puter-tts", "ai-tts", "synthesize"): speak,
    ("puter-speech2txt", "ai-speech2txt", "transcribe"): transcribe,
    ("puter-speech2txt", "ai-speech2txt", "translate"): transcribe,
}
