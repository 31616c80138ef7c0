"""Responses that are kept: what was asked, what was answered, and every event of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from relay.core.events import Event
from relay.dialects.openai_responses import errors
from relay.dialects.openai_responses.form import ReplyForm
from relay.dialects.openai_responses.items import for_storage
from relay.dialects.openai_responses.payloads import Payload, without_raw
from relay.dialects.openai_responses.wire import Item
from relay.dialects.openai_responses.writer import Writer
from relay.errors import InvalidRequest, RelayError
from relay.gateway.responses.shelf import Shelf
from relay.store import StoredResponse

Items = tuple[Item, ...]
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a response comes from: the key it belongs to, the stored response before it, and what was asked."""

    owner: str
    parent: str | None
    input: Items


class KeptWriter(Writer):
    """A writer that also gives what it tells, and itself, to `keep`."""

    def __init__(
        self,
        form: ReplyForm,
        response_id: str,
        *,
        new_id: Callable[[str], str],
        clock: Callable[[], int],
        keep: Callable[[Writer, list[Payload]], None],
    ) -> None:
        super().__init__(form, response_id, new_id=new_id, clock=clock)
        self._keep = keep

    def queued(self) -> list[Payload]:
        """Return the events of a response that waits for its turn."""
        return self._kept(super().queued())

    def payloads(self, events: Iterable[Event]) -> list[Payload]:
        """Return what tells `events`."""
        return self._kept(super().payloads(events))

    def unanswered(self) -> list[Payload]:
        """Return all events of a response for which no model is asked."""
        return self._kept(super().unanswered())

    def failed(self, error: RelayError) -> list[Payload]:
        """Return the end of a response that `error` broke off."""
        return self._kept(super().failed(error))

    def cancelled(self) -> list[Payload]:
        """Return the end of a response that somebody cancelled."""
        return self._kept(super().cancelled())

    def _kept(self, told: list[Payload]) -> list[Payload]:
        self._keep(self, told)
        return told


class Scribe:
    """Makes the writers of responses, kept or not.

    A response is kept when it begins to wait for its turn and when it has ended: without its chain of thought, and
    without its events if those take more than `most_bytes`.
    """

    def __init__(self, shelf: Shelf, new_id: Callable[[str], str], clock: Callable[[], int], most_bytes: int) -> None:
        self._shelf = shelf
        self._new_id = new_id
        self._clock = clock
        self._most_bytes = most_bytes

    def writer(self, form: ReplyForm, response_id: str, origin: Origin | None = None) -> Writer:
        """Return the writer of one response, which is kept if its `origin` is given."""
        if origin is None:
            return Writer(form, response_id, new_id=self._new_id, clock=self._clock)
        keep = _Kept(self._shelf, origin, self._most_bytes)
        return KeptWriter(form, response_id, new_id=self._new_id, clock=self._clock, keep=keep)


class _Kept:
    """What was told of one response so far."""

    def __init__(self, shelf: Shelf, origin: Origin, most_bytes: int) -> None:
        self._shelf = shelf
        self._origin = origin
        self._room = most_bytes
        self._lines: list[bytes] = []

    def __call__(self, writer: Writer, told: Iterable[Payload]) -> None:
        for payload in told:
            line = without_raw(payload).data
            self._room -= len(line) + 1
            if self._room >= 0:
                self._lines.append(line)
        if writer.status != "in_progress":
            self._shelf.put(self._record(writer.kept(), told_again=self._room >= 0 and not writer.inline))

    def _record(self, response: Item, *, told_again: bool) -> StoredResponse:
        return StoredResponse(
            id=response["id"],
            owner=self._origin.owner,
            parent=self._origin.parent,
            created_at=response["created_at"],
            expires_at=self._shelf.expiry(),
            status=response["status"],
            model=response["model"],
            input=_encode(for_storage(self._origin.input)),
            response=_encode(response),
            events=b"\n".join(self._lines) if told_again else b"",
            items=frozenset(item["id"] for item in response["output"]),
        )


class _Named(msgspec.Struct):
    type: str


_name: Final = msgspec.json.Decoder(_Named).decode


def events_after(record: StoredResponse, number: int) -> list[Payload]:
    """Return the events of a kept response that follow the one with this `number`.

    Raises:
        InvalidRequest: they were too many to be kept, or there are not so many.
    """
    if not record.events:
        raise InvalidRequest(
            "The events of this response were too many to be kept, or held reasoning; fetch it without stream."
        )
    lines = record.events.split(b"\n")
    if number >= len(lines):
        raise InvalidRequest(f"The last event of this response is {len(lines) - 1}.", param="starting_after")
    return [Payload(_name(line).type, line) for line in lines[number + 1 :]]


def broken_off(record: StoredResponse, error: RelayError) -> StoredResponse:
    """Return an unfinished response with the end that `error` gave it."""
    response = msgspec.json.decode(record.response) | {"status": "failed", "error": errors.response_error(error)}
    if not record.events:  # there were too many to be kept
        return replace(record, status="failed", response=_encode(response))
    told = record.events.split(b"\n")
    told.append(b'{"type":"error","sequence_number":%d%b}' % (len(told), errors.event_rest(error)))
    told.append(b'{"type":"response.failed","sequence_number":%d,"response":%b}' % (len(told), _encode(response)))
    return replace(record, status="failed", response=_encode(response), events=b"\n".join(told))
