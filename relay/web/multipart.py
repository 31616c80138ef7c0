"""Reading a form with files (https://www.rfc-editor.org/rfc/rfc7578), bounded in every direction.

The whole body is bounded by ``limits.body_bytes``, as everywhere.
"""

from __future__ import annotations

import asyncio
from typing import Final

from quart import g, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from relay.dialects.media import Form, FormFile
from relay.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType

MOST_PARTS: Final = 64
MOST_FIELD_BYTES: Final = 1_048_576
"""Of all fields that are no files, together."""

BOUNDARY_CHARS: Final = 70
"""The most that https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 allows."""


def is_form() -> bool:
    """Whether the current request claims to be a form with files."""
    return request.mimetype == "multipart/form-data"


async def read_form() -> Form:
    """Return the form in the body of the current request.

    A page of another site could send one without asking (https://fetch.spec.whatwg.org/#cors-safelisted-request-header),
    so a browser's own word that it is another site's ends it here, key or not.

    Raises:
        UnsupportedMediaType: it is no such form, or encoded.
        InvalidRequest: it is malformed, or has too many parts.
        BodyTooLarge: its fields are.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if not is_form() or not 0 < len(boundary) <= BOUNDARY_CHARS:
        raise UnsupportedMediaType("The body must be a form: Content-Type: multipart/form-data with a boundary.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("A compressed body is not taken; send it without Content-Encoding.")
    body = await request.get_data(cache=False)
    g.body_read = True
    assert isinstance(body, bytes)  # noqa: S101  (str only with as_text)
    # half a second for the largest body that relay takes by default: others' streams go on meanwhile
    return await asyncio.to_thread(parse, body, boundary.encode("latin-1", "replace"))


def parse(body: bytes, boundary: bytes) -> Form:
    """Return the form in `body`, whose parts are divided by `boundary`.

    Raises:
        InvalidRequest: it is malformed.
        BodyTooLarge: it has too many parts or too long fields.
    """
    reader = _Reader()
    decoder = MultipartDecoder(boundary, max_parts=MOST_PARTS)
    try:
        for data in (body, None):  # as a whole: of cut ones the decoder leaves a line break in parts without content
            decoder.receive_data(data)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                reader.take(event)
    except RequestEntityTooLarge as exc:
        raise _too_large() from exc
    except (ValueError, UnicodeError) as exc:
        raise InvalidRequest("The form is malformed.") from exc
    return Form(tuple(reader.fields), tuple(reader.files))


class _Reader:
    """Collects fields and files."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.files: list[FormFile] = []
        self._part: Field | File = Field(name="", headers=Headers())
        self._data = bytearray()
        self._room = MOST_FIELD_BYTES

    def take(self, event: Event) -> None:
        if isinstance(event, Field | File):
            if not event.name:
                raise InvalidRequest("A part of the form has no name.")
            self._part, self._data = event, bytearray()
        elif isinstance(event, Data):
            self._data += event.data
            if isinstance(self._part, Field):
                self._room -= len(event.data)
                if self._room < 0:
                    raise _too_large()
            if not event.more_data:
                self._end_part()

    def _end_part(self) -> None:
        match self._part:
            case Field(name=name):
                self.fields.append((name, self._data.decode()))
            case File(name=name, filename=filename, headers=headers):
                kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
                self.files.append(FormFile(name, filename, kind, bytes(self._data)))
        self._data = bytearray()


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The form has more than {MOST_PARTS} parts, or its fields more than {MOST_FIELD_BYTES} bytes.")
