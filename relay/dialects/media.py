"""What the web layer needs from a dialect for media, and the forms that clients send with files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from relay.core.media import MediaEvent, MediaRequest
from relay.core.produced import Produced
from relay.errors import RelayError

R = TypeVar("R", bound=MediaRequest)


class MediaCall(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A decoded request; ``ignored`` names the parameters that would change the answer and have no counterpart."""

    request: R
    stream: bool = False
    ignored: tuple[str, ...] = ()


class Body(msgspec.Struct, frozen=True):
    """A whole response; ``dropped`` names parameters that turned out to have had no effect."""

    data: bytes
    content_type: str = "application/json"
    dropped: tuple[str, ...] = ()


class MediaVoice(Protocol):
    """How one answer is told as a whole."""

    def whole(self, produced: Produced) -> Body:
        """Return all that was made.

        Raises:
            RelayError: it cannot be told in the form that was asked for.
        """
        ...


class MediaEncoder(Protocol):
    """Turn the events of one answer into the bytes of one stream."""

    @property
    def keep_alive(self) -> bytes:
        """What may be sent between two calls of :meth:`encode`."""
        ...

    def encode(self, events: Iterable[MediaEvent]) -> bytes:
        """Return all bytes for `events`, whole SSE events only."""
        ...

    def error(self, error: RelayError) -> bytes:
        """Return `error` in the form that this dialect has within a stream; nothing may follow."""
        ...


class StreamingVoice(MediaVoice, Protocol):
    """How one answer is told as a stream, too."""

    @property
    def stream_headers(self) -> Sequence[tuple[str, str]]:
        """Headers of the response that carries the encoder's bytes."""
        ...

    def encoder(self) -> MediaEncoder:
        """Return the encoder of the answer."""
        ...


class FormFile(msgspec.Struct, frozen=True):
    """A file of a form."""

    field: str
    name: str
    content_type: str
    data: bytes


class Form(msgspec.Struct, frozen=True):
    """A form with its fields and files in order (https://www.rfc-editor.org/rfc/rfc7578)."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[FormFile, ...]

    def all_files(self, name: str) -> tuple[FormFile, ...]:
        """Return the files of the field `name`, also as ``name[]``, as OpenAI's SDKs write lists."""
        return tuple(file for file in self.files if file.field in (name, f"{name}[]"))

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of the field `name`, also as ``name[]``."""
        return tuple(value for field, value in self.fields if field in (name, f"{name}[]"))
