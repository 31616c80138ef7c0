"""Embeddings: https://platform.openai.com/docs/api-reference/embeddings.

OpenAI's SDKs ask for base64 and decode it themselves unless their caller says otherwise, so it is given exactly then.
"""

from __future__ import annotations

import base64
import struct
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core.media import EmbeddingRequest
from relay.core.produced import Produced
from relay.dialects.media import Body, MediaCall
from relay.dialects.reading import Reader, check_count
from relay.errors import InvalidRequest

MOST_INPUTS: Final = 2048

Encoding: TypeAlias = Literal["float", "base64"]
Token = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    input: str | list[str | Token | list[Token]]
    model: str | None = None
    dimensions: Annotated[int, Meta(ge=1, le=65_536)] | None = None
    encoding_format: Encoding | None = None
    user: str | None = None


_body: Final = Reader(_Body)


def decode(body: bytes) -> tuple[MediaCall[EmbeddingRequest], Encoding]:
    """Return the call in `body`, and how numbers shall be written.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
    """
    asked, _ = _body.read(body)
    texts, tokens = _inputs(asked.input)
    check_count("input", texts or tokens, MOST_INPUTS)
    request = EmbeddingRequest(
        model=asked.model or "", texts=texts, tokens=tokens, dimensions=asked.dimensions, user=asked.user
    )
    return MediaCall(request=request), asked.encoding_format or "float"


def _inputs(given: str | list[str | int | list[int]]) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Return the texts, or the lists of tokens; one of them is empty."""
    each = [given] if isinstance(given, str) else given
    texts = tuple(one for one in each if isinstance(one, str))
    numbers = tuple(one for one in each if isinstance(one, int))
    lists = tuple(tuple(one) for one in each if isinstance(one, list))
    kinds = [kind for kind in (texts, numbers, lists) if kind]
    if len(kinds) != 1 or not all(texts) or not all(lists):
        raise InvalidRequest(
            "input must be a text, texts, tokens or lists of tokens, none of them empty.", param="input"
        )
    return texts, lists or ((numbers,) if numbers else ())


class EmbeddingVoice:
    """Tell embeddings; see :class:`relay.dialects.media.MediaVoice`."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def whole(self, produced: Produced) -> Body:
        """Return the list of them."""
        data = [
            {"object": "embedding", "index": index, "embedding": self._written(values)}
            for index, values in enumerate(produced.embeddings)
        ]
        tokens = produced.usage.input_tokens
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return Body(msgspec.json.encode({"object": "list", "data": data, "model": produced.model, "usage": usage}))

    def _written(self, values: tuple[float, ...]) -> str | tuple[float, ...]:
        """Return `values`, in base64 as little-endian numbers of 32 bits."""
        if self._encoding == "float":
            return values
        return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
