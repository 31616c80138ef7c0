"""Pictures: https://platform.openai.com/docs/api-reference/images.

A picture that the session gives as bytes comes as ``b64_json``, one that it gives by address as ``url``, unless the
client asks for one of them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core import sse
from relay.core.events import Finished, Usage, UsageReport
from relay.core.media import ImageMade, ImageRequest, MediaEvent
from relay.core.produced import Produced
from relay.dialects.media import Body, Form, FormFile, MediaCall
from relay.dialects.openai_misc.forms import typed_fields
from relay.dialects.openai_misc.streams import ErrorBody
from relay.dialects.reading import Reader
from relay.errors import BackendFailed, InvalidRequest, RelayError, UnsupportedFeature

MOST_IMAGES: Final = 16
_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")

Word = Annotated[str, Meta(min_length=1, max_length=100)]
Wish: TypeAlias = Literal["url", "b64_json"] | None


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    prompt: Annotated[str, Meta(min_length=1)]
    model: str | None = None
    n: Annotated[int, Meta(ge=1, le=10)] | None = None
    size: Word | None = None
    quality: Word | None = None
    style: Word | None = None
    background: Word | None = None
    moderation: Word | None = None
    output_format: Word | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    input_fidelity: Word | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    response_format: Wish = None
    stream: bool | None = None
    user: str | None = None


class _Reference(msgspec.Struct, frozen=True, kw_only=True):
    image_url: str | None = None
    file_id: str | None = None


class _Edit(_Options, frozen=True, kw_only=True):
    images: list[_Reference] | None = None
    image: str | list[str] | None = None
    mask: _Reference | str | None = None


_options: Final = Reader(_Options)
_edit: Final = Reader(_Edit)


class ImageForm(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer shall look, and what of the request it repeats."""

    created: int
    wish: Wish
    edit: bool
    request: ImageRequest


def decode(body: bytes) -> tuple[MediaCall[ImageRequest], Wish]:
    """Return the call for new pictures in `body`, and in which form the client wants them.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
    """
    options, _ = _options.read(body)
    return _call(options)


def decode_edit(body: bytes) -> tuple[MediaCall[ImageRequest], Wish]:
    """Return the call for changed pictures in the JSON `body`; see :func:`decode`."""
    options, _ = _edit.read(body)
    named = [options.image] if isinstance(options.image, str) else options.image or []
    images = [*named, *(_address(each, "images") for each in options.images or [])]
    mask = _address(options.mask, "mask") if isinstance(options.mask, _Reference) else options.mask
    return _call(options, images, mask)


def decode_form(form: Form) -> tuple[MediaCall[ImageRequest], Wish]:
    """Return the call for changed pictures in `form`; see :func:`decode`."""
    options = typed_fields(form, _Options)
    masks = [_data_url(file, "mask") for file in form.all_files("mask")]
    return _call(options, [_data_url(file, "image") for file in form.all_files("image")], *masks[:1])


def _call(
    options: _Options, images: Iterable[str] | None = None, mask: str | None = None
) -> tuple[MediaCall[ImageRequest], Wish]:
    pictures = tuple(images or ())
    if images is not None and not pictures:
        raise InvalidRequest("image: This field is required.", param="image")
    if len(pictures) > MOST_IMAGES:
        raise InvalidRequest(f"At most {MOST_IMAGES} images are allowed.", param="image")
    for param, url in (*(("image", each) for each in pictures), ("mask", mask)):
        if url is not None and not url.startswith("data:image/"):
            raise UnsupportedFeature(f"{param}: relay fetches no images here; send their content.", param=param)
    request = ImageRequest(
        model=options.model or "",
        prompt=options.prompt,
        n=options.n or 1,
        size=_said(options.size),
        quality=_said(options.quality),
        style=options.style,
        background=_said(options.background),
        moderation=_said(options.moderation),
        output_format=options.output_format,
        output_compression=options.output_compression,
        input_fidelity=options.input_fidelity,
        partial_images=options.partial_images or 0 if options.stream else 0,
        images=pictures,
        mask=mask,
        user=options.user,
    )
    return MediaCall(request=request, stream=bool(options.stream)), options.response_format


def _said(word: str | None) -> str | None:
    return None if word == "auto" else word


def _address(reference: _Reference, param: str) -> str:
    if reference.image_url is None:
        raise UnsupportedFeature(f"{param}: relay keeps no files; send the image itself.", param=param)
    return reference.image_url


def _data_url(file: FormFile, param: str) -> str:
    kind = file.content_type if file.content_type in _TYPES else _kind(file.data)
    if kind is None:
        raise InvalidRequest(f"{param}: This file is no PNG, JPEG, WebP or GIF.", param=param)
    return f"data:{kind};base64,{base64.b64encode(file.data).decode()}"


def _kind(data: bytes) -> str | None:
    """Return the type that the first bytes show: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


class ImageVoice:
    """Tell about pictures; see :class:`relay.dialects.media.StreamingVoice`."""

    stream_headers = sse.HEADERS

    def __init__(self, form: ImageForm, error_body: ErrorBody) -> None:
        self._form = form
        self._error_body = error_body

    def whole(self, produced: Produced) -> Body:
        """Return an ``ImagesResponse``."""
        data = [_picture(url, self._form.wish) for url in produced.images]
        body: dict[str, Any] = {"created": self._form.created, "data": data, "usage": _usage(produced.usage)}
        kinds = {kind for kind in map(_format, produced.images) if kind}
        if len(kinds) == 1:
            body["output_format"] = kinds.pop()
        return Body(msgspec.json.encode(body))

    def encoder(self) -> ImageEncoder:
        """Return the encoder of ``image_generation`` or ``image_edit`` events."""
        return ImageEncoder(self._form, self._error_body)


class ImageEncoder:
    """Encode pictures as they come; the whole ones go out at the end, when the usage is known."""

    keep_alive = sse.COMMENT

    def __init__(self, form: ImageForm, error_body: ErrorBody) -> None:
        self._form = form
        self._error_body = error_body
        self._type = "image_edit" if form.edit else "image_generation"
        self._made: list[str] = []
        self._usage = Usage(input_tokens=0, output_tokens=0)

    def encode(self, events: Iterable[MediaEvent]) -> bytes:
        """Return the bytes for `events`."""
        return b"".join(map(self._encode, events))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event; the official SDKs raise it."""
        return sse.data(self._error_body(error))

    def _encode(self, event: MediaEvent) -> bytes:
        match event:
            case ImageMade(url=url, partial=None):
                self._made.append(url)
            case ImageMade(url=url, partial=index):
                return self._event("partial_image", url, {"partial_image_index": index})
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                usage_told = {"usage": _usage(self._usage)}
                return b"".join(self._event("completed", url, usage_told) for url in self._made)
            case _:
                pass
        return b""

    def _event(self, word: str, url: str, more: dict[str, Any]) -> bytes:
        name = f"{self._type}.{word}"
        asked = self._form.request
        payload = {
            "type": name,
            "b64_json": _base64(url),
            "created_at": self._form.created,
            "size": asked.size or "auto",
            "quality": asked.quality or "auto",
            "background": asked.background or "auto",
            "output_format": _format(url) or "png",
            **more,
        }
        return sse.event(name, msgspec.json.encode(payload))


def _picture(url: str, wish: Wish) -> dict[str, str]:
    if wish == "b64_json" or (wish is None and url.startswith("data:")):
        return {"b64_json": _base64(url)}
    return {"url": url}


def _base64(url: str) -> str:
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64") or not comma:
        raise BackendFailed("The session gives the picture by its address only: ask for response_format url.")
    return data


def _format(url: str) -> str | None:
    head = url.partition(";")[0]
    return head.removeprefix("data:image/") if head.startswith("data:image/") else None


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens_details": {"text_tokens": usage.input_tokens, "image_tokens": 0},
    }
