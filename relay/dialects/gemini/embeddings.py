"""Embeddings: https://ai.google.dev/api/embeddings. The SDKs of Google embed single texts as a batch, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from relay.core.media import EmbeddingRequest
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.gemini import wire
from relay.dialects.gemini.spelling import Spelling
from relay.dialects.reading import check_count, parse_json, typed
from relay.errors import InvalidRequest, UnsupportedFeature


class _One(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to embed, and what for."""

    content: wire.Content
    output_dimensionality: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    task_type: Any = None
    title: Any = None


class _Batch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Several of them."""

    requests: list[_One]


class EmbeddingCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request; ``ignored`` names the fields that would change the answer and that relay cannot hand on."""

    request: EmbeddingRequest
    ignored: tuple[str, ...]


_ONE: Final = Spelling(_One)
_BATCH: Final = Spelling(_Batch)
_UNSPECIFIED: Final = (None, "", "TASK_TYPE_UNSPECIFIED", 0)


def decode_one(body: bytes, *, model: str) -> EmbeddingCall:
    """Return the call in the body of ``:embedContent``.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
        UnsupportedFeature: there is more than text in it.
    """
    return _call([typed(_ONE.normal(parse_json(body)), _One)], ["content"], model)


def decode_batch(body: bytes, *, model: str, limits: Limits = DEFAULT_LIMITS) -> EmbeddingCall:
    """Return the call in the body of ``:batchEmbedContents``.

    Raises:
        InvalidRequest: as of :func:`decode_one`, or not all texts shall have as many dimensions.
        UnsupportedFeature: as of :func:`decode_one`.
    """
    batch = typed(_BATCH.normal(parse_json(body)), _Batch)
    check_count("requests", batch.requests, limits.messages)
    if not batch.requests:
        raise InvalidRequest("requests must hold at least one request.", param="requests")
    return _call(batch.requests, [f"requests[{index}].content" for index in range(len(batch.requests))], model)


def one_body(values: Sequence[float]) -> bytes:
    """Return the answer of ``:embedContent``."""
    return msgspec.json.encode({"embedding": {"values": values}})


def batch_body(embeddings: Iterable[Sequence[float]]) -> bytes:
    """Return the answer of ``:batchEmbedContents``."""
    return msgspec.json.encode({"embeddings": [{"values": values} for values in embeddings]})


def _call(asked: list[_One], places: list[str], model: str) -> EmbeddingCall:
    dimensions = {one.output_dimensionality for one in asked}
    if len(dimensions) > 1:
        raise InvalidRequest(
            "All requests of a batch must have the same outputDimensionality.", param="requests.outputDimensionality"
        )
    texts = tuple(_text(one.content, where) for one, where in zip(asked, places, strict=True))
    ignored = {
        "taskType": any(one.task_type not in _UNSPECIFIED for one in asked),
        "title": any(one.title for one in asked),
    }
    return EmbeddingCall(
        request=EmbeddingRequest(model=model, texts=texts, dimensions=dimensions.pop()),
        ignored=tuple(name for name, matters in ignored.items() if matters),
    )


def _text(content: wire.Content, where: str) -> str:
    if not content.parts:
        raise InvalidRequest(f"{where}.parts must hold at least one part.", param=f"{where}.parts")
    if any(part.text is None for part in content.parts):
        raise UnsupportedFeature(f"{where}: only text can be embedded.", param=where)
    return "".join(part.text or "" for part in content.parts)
