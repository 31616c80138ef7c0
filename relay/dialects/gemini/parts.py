"""Parts of a turn to hub parts."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from relay.core.request import Audio, File, Image, Part, Text
from relay.dialects.gemini import wire
from relay.errors import InvalidRequest

_TO_STANDARD: Final = str.maketrans("-_", "+/")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_MIME: Final = re.compile(r"[\w.+-]+/[\w.+-]+")
_URL_SCHEMES: Final = ("https:", "http:")
_AUDIO: Final = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


def content(part: wire.Part, where: str, detail: str | None) -> Part | None:
    """Return what `part` says, ``None`` if it is of no kind that relay knows.

    `detail` is the resolution in which the client wants its images read. Calls, their results and thoughts are no
    content.

    Raises:
        InvalidRequest: it is malformed.
    """
    if part.inline_data is not None:
        return blob(part.inline_data, f"{where}.inlineData", detail)
    if part.file_data is not None:
        return file(part.file_data, f"{where}.fileData", detail)
    if part.executable_code is not None:
        return _fenced(part.executable_code.code, (part.executable_code.language or "").lower())
    if part.code_execution_result is not None:
        return _fenced(part.code_execution_result.output or "")
    return None if part.text is None else Text(text=part.text)


def blob(data: wire.Blob, where: str, detail: str | None = None) -> Part:
    """Return the image, the sound or the document in `data`.

    Raises:
        InvalidRequest: it is no base64, or of no type.
    """
    mime = data.mime_type.partition(";")[0].strip().lower()
    if not _MIME.fullmatch(mime):
        raise InvalidRequest(f"{where}.mimeType must be a media type such as image/png.", param=f"{where}.mimeType")
    base64 = _checked(data.data, f"{where}.data")
    kind, _, subtype = mime.partition("/")
    url = f"data:{mime};base64,{base64}"
    match kind:
        case "image":
            return Image(url=url, detail=detail)
        case "audio":
            return Audio(data=base64, format=_AUDIO.get(subtype, subtype))
        case _:
            return File(name=data.display_name, data=url)


def file(data: wire.FileData, where: str, detail: str | None = None) -> Part:
    """Return the image or document that is at an address.

    Raises:
        InvalidRequest: it is in a place that only Google can look into.
    """
    param = f"{where}.fileUri"
    uri = data.file_uri
    if not uri.lower().startswith(_URL_SCHEMES):
        raise InvalidRequest(f"{param} must be an http(s) URL; send other files as inlineData.", param=param)
    if (data.mime_type or "").lower().startswith("image/"):
        return Image(url=uri, detail=detail)
    return File(name=data.display_name, url=uri)


def result(response: wire.FunctionResponse, where: str) -> tuple[tuple[Part, ...], bool]:
    """Return what a function gave, and whether that is an error.

    Google names the keys ``output`` and ``error`` (https://ai.google.dev/api/caching#FunctionResponse), its Python SDK
    writes ``result``, Vercel's AI SDK ``content`` beside the name of the function; what stands there alone is the whole
    result. Anything else is, as JSON.
    """
    value, is_error = response.response, False
    match value:
        case {"output": inner, **rest} | {"result": inner, **rest} if not rest:
            value = inner
        case {"error": inner, **rest} if not rest:
            value, is_error = inner, True
        case {"name": response.name, "content": inner, **rest} if not rest:
            value = inner
        case _:
            pass
    parts: list[Part] = [] if value is None else [Text(text=_as_text(value))]
    for index, part in enumerate(response.parts or ()):
        place = f"{where}.parts[{index}]"
        if part.inline_data is not None:
            parts.append(blob(part.inline_data, f"{place}.inlineData"))
        elif part.file_data is not None:
            parts.append(file(part.file_data, f"{place}.fileData"))
    return tuple(parts), is_error


def standard(base64: str) -> str:
    """Return `base64` in the alphabet of ``data:`` URLs; Google answers in it, but its Python SDK sends the other.

    https://www.rfc-editor.org/rfc/rfc4648#section-5
    """
    plain = base64.translate(_TO_STANDARD).rstrip("=")
    return plain + "=" * (-len(plain) % 4)


def _fenced(code: str, language: str = "") -> Text:
    """Return `code` as Markdown: https://spec.commonmark.org/0.31.2/#fenced-code-blocks."""
    return Text(text=f"\n```{language}\n{code.rstrip()}\n```\n")


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _checked(data: str, where: str) -> str:
    base64 = standard(data)
    if not _BASE64.fullmatch(base64):
        raise InvalidRequest(f"{where} is not valid base64.", param=where)
    return base64
