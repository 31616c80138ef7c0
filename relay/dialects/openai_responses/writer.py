"""The events of one response in order, numbered from 0.

::

    response.created  response.queued?  response.in_progress
    (the events of an output item)*
    response.completed | response.incomplete | error response.failed

The same writer makes streams, stored events and whole bodies, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from relay.core.events import (
    Event,
    Finished,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.dialects.base import StreamClosed, coalesce
from relay.dialects.images import markdown_image
from relay.dialects.openai_responses import errors
from relay.dialects.openai_responses.form import ENCRYPTED_REASONING, CalledAs, ReplyForm
from relay.dialects.openai_responses.parts import (
    CallItem,
    CustomCallItem,
    FunctionCallItem,
    MessageItem,
    Note,
    OutputItem,
    ReasoningItem,
    Status,
)
from relay.dialects.openai_responses.payloads import Payload, without_reasoning
from relay.dialects.openai_responses.response import INCOMPLETE, Frame, State, usage
from relay.dialects.openai_responses.wire import Item
from relay.errors import RelayError


class Writer:
    """Tell one answer; made when the response is.

    Calls that the client's ``tool_choice`` or ``max_tool_calls`` rules out are left out, with all that belongs to them.
    """

    def __init__(
        self, form: ReplyForm, response_id: str, *, new_id: Callable[[str], str], clock: Callable[[], int]
    ) -> None:
        """Begin the response.

        Args:
            form: how the answer shall look.
            response_id: of the response.
            new_id: makes the id of an item from its prefix.
            clock: returns the Unix time in seconds.
        """
        self._form = form
        self._new_id = new_id
        self._clock = clock
        self._frame = Frame(form, response_id, clock())
        self._state = State(status="queued", model=form.model)
        self._told = 0
        self._created = self._closed = False
        self._output: list[bytes] = []
        self._open: OutputItem | None = None
        self._calls = 0
        self._raw = False
        self._answers: dict[int, str] = {}

    @property
    def inline(self) -> bool:
        """Whether reasoning was told in the text: these events cannot be told without it."""
        return bool(self._answers) or (isinstance(self._open, MessageItem) and self._open.has_thoughts)

    @property
    def status(self) -> str:
        """``queued``, ``in_progress``, ``completed``, ``incomplete``, ``failed`` or ``cancelled``."""
        return self._state.status

    def body(self) -> bytes:
        """Return the response object as it is now, as JSON."""
        return self._frame.render(self._state, self._output)

    def response(self) -> Item:
        """Return the response object as it is now."""
        return msgspec.json.decode(self.body(), type=Item)

    def kept(self) -> Item:
        """Return the response object as it may be stored: nothing is left of chain of thought but its place."""
        response = without_reasoning(self.response()) if self._raw else self.response()
        for place, answer in self._answers.items():
            response["output"][place]["content"][0]["text"] = answer
        return response

    def queued(self) -> list[Payload]:
        """Return the events of a response that waits for its turn."""
        return self._numbered([*self._create(), self._about("response.queued")])

    def payloads(self, events: Iterable[Event]) -> list[Payload]:
        """Return what tells `events`.

        Raises:
            StreamClosed: the response has had its end.
        """
        return self._numbered(note for event in coalesce(events) for note in self._tell(event))

    def unanswered(self) -> list[Payload]:
        """Return all events of a response for which no model is asked: it has no items and is there to go on from.

        Raises:
            StreamClosed: the response has had its end.
        """
        notes = self._start(None)
        self._state = msgspec.structs.replace(self._state, usage=usage(Usage(input_tokens=0, output_tokens=0)))
        return self._numbered(
            [*notes, *self._end("response.completed", status="completed", completed_at=self._clock())]
        )

    def failed(self, error: RelayError) -> list[Payload]:
        """Return the end of a response that `error` broke off.

        The item that was being told is not ended: a client that acts on whole items must not take it for one.

        Raises:
            StreamClosed: the response has had its end.
        """
        notes = [*self._start(None), Note("error", errors.event_rest(error))]
        return self._numbered(notes + self._end("response.failed", status="failed", error=errors.response_error(error)))

    def cancelled(self) -> list[Payload]:
        """Return the end of a response that somebody cancelled.

        The documents have a status for it, but no event of its own.

        Raises:
            StreamClosed: the response has had its end.
        """
        return self._numbered([*self._start(None), *self._end("response.incomplete", status="cancelled")])

    # --- numbers

    def _numbered(self, notes: Iterable[Note]) -> list[Payload]:
        return [self._payload(note) for note in notes]

    def _payload(self, note: Note) -> Payload:
        name, rest, raw = note
        data = b'{"type":"%b","sequence_number":%d%b}' % (name.encode(), self._told, rest)
        self._told += 1
        return Payload(name, data, raw)

    # --- the response

    def _about(self, name: str) -> Note:
        return Note(name, b',"response":%b' % self.body(), self._raw)

    def _create(self) -> list[Note]:
        self._require_open()
        if self._created:
            return []
        self._created = True
        return [self._about("response.created")]

    def _start(self, model: str | None) -> list[Note]:
        self._require_open()
        if self._state.status == "in_progress":
            return []
        self._state = msgspec.structs.replace(self._state, status="in_progress", model=model or self._state.model)
        return [*self._create(), self._about("response.in_progress")]

    def _end(self, name: str, **changes: object) -> list[Note]:
        self._closed = True
        self._state = msgspec.structs.replace(self._state, **changes)
        return [self._about(name)]

    def _finish(self, finished: Finished) -> Iterator[Note]:
        incomplete = INCOMPLETE[finished.reason]
        if not self._output and self._open is None:
            # An answer without any item breaks clients that take the first one.
            yield from self._begin(MessageItem(*self._next("msg")))
        yield from self._close("completed" if incomplete is None else "incomplete")
        self._state = msgspec.structs.replace(self._state, relay=finished.thinking)
        if incomplete is None:
            yield from self._end("response.completed", status="completed", completed_at=self._clock())
        else:
            yield from self._end("response.incomplete", status="incomplete", incomplete_details=incomplete)

    def _require_open(self) -> None:
        if self._closed:
            raise StreamClosed("the response has had its end")

    # --- events to items

    def _tell(self, event: Event) -> Iterable[Note]:
        self._require_open()
        notes: Iterable[Note] = ()
        match event:
            case TextDelta():
                notes = self._text(event)
            case ReasoningDelta():
                notes = self._reason(event)
            case ReasoningProof():
                notes = self._prove(event)
            case ToolCallStarted():
                notes = self._call(event)
            case ToolCallDelta() | ToolCallEnded():
                notes = self._go_on(event)
            case ImagePart(url=url):
                notes = self._image(url)
            case UsageReport(usage=counted):
                self._state = msgspec.structs.replace(self._state, usage=usage(counted))
            case Started(model=model):
                notes = self._start(model)
            case Finished():
                notes = self._finish(event)
        return notes

    def _text(self, delta: TextDelta) -> Iterable[Note]:
        if isinstance(self._open, MessageItem):
            return (self._open.delta(delta.text, thought=delta.thought),)
        item = MessageItem(*self._next("msg"))
        return (*self._begin(item), item.delta(delta.text, thought=delta.thought))

    def _image(self, url: str) -> Iterator[Note]:
        first = not (isinstance(self._open, MessageItem) and self._open.has_text)
        for piece in coalesce([TextDelta(markdown_image(url, first=first))]):
            yield from self._tell(piece)

    def _reason(self, delta: ReasoningDelta) -> Iterator[Note]:
        self._raw |= delta.kind == "raw"
        if self._form.reasoning == "none":
            return
        item, notes = self._thought()
        yield from notes
        yield from item.delta(delta.text, delta.kind)

    def _prove(self, proof: ReasoningProof) -> Iterator[Note]:
        if not self._form.encrypted_reasoning or proof.kind != ENCRYPTED_REASONING:
            return
        item, notes = self._thought()
        item.prove(proof.data)
        yield from notes

    def _thought(self) -> tuple[ReasoningItem, Iterator[Note]]:
        """Return the open reasoning item, and what tells of it if it is new."""
        if isinstance(self._open, ReasoningItem):
            return self._open, iter(())
        item = ReasoningItem(*self._next("rs"), self._form.reasoning)
        return item, self._begin(item)

    def _call(self, started: ToolCallStarted) -> Iterator[Note]:
        if not self._may_call(started.name):
            yield from self._close("completed")
            return
        self._calls += 1
        tool = self._form.tools.get(started.name, CalledAs(started.name))
        if tool.freeform:
            yield from self._begin(CustomCallItem(*self._next("ctc"), started.id, tool))
        else:
            yield from self._begin(FunctionCallItem(*self._next("fc"), started.id, tool))

    def _go_on(self, event: ToolCallDelta | ToolCallEnded) -> Iterator[Note]:
        """Tell more of a call, unless it is left out."""
        if not isinstance(self._open, CallItem):
            return
        match event:
            case ToolCallDelta(arguments=arguments):
                yield from self._open.delta(arguments)
            case ToolCallEnded():
                # A call that was cut off ends like any other; only what comes next tells, so it stays open until then.
                if self._open.is_whole():
                    yield from self._close("completed")

    def _may_call(self, name: str) -> bool:
        if self._form.max_tool_calls is not None and self._calls >= self._form.max_tool_calls:
            return False
        return self._form.callable is None or name in self._form.callable

    # --- the open item

    def _next(self, prefix: str) -> tuple[str, int]:
        """Return the id and the place of the next item."""
        return self._new_id(prefix), len(self._output) + (self._open is not None)

    def _begin(self, item: OutputItem) -> Iterator[Note]:
        yield from self._close("completed")
        self._open = item
        yield from item.opening()

    def _close(self, status: Status) -> Iterator[Note]:
        if self._open is None:
            return
        item, notes = self._open.closing(status)
        if isinstance(self._open, MessageItem) and self._open.has_thoughts:
            self._answers[len(self._output)] = self._open.answer
        self._open = None
        self._output.append(item)
        yield from notes
