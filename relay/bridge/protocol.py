"""The relay's side of the bridge protocol for one session, without sockets, clocks or tasks.

A session outlives its links. Its calls move like this; each ends with exactly one outcome::

    start() ──► PICK_UP ──accepted──► FIRST_PART ──parts──► STREAMING ──done──► Completed
                   └──────────┬────────────┴──────────────────┘
                    fail · clock · page gone · violation ──► Failed(error)

Times are seconds of any monotonic clock and come in as ``now``. What relay has to say collects until :meth:`drain`.
The contract is docs/reference/bridge-protocol.md; section names there are quoted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto

from relay.bridge.faults import fault
from relay.bridge.frames import (
    Accepted,
    Call,
    Cancel,
    CancelReason,
    Credit,
    Done,
    Fail,
    MediaCall,
    Part,
    Parts,
    RelayFrame,
    ResumeOffer,
    ResumeWanted,
    Spoiled,
    UnknownPart,
)
from relay.core.events import FinishReason, Usage
from relay.core.media import MediaRequest
from relay.core.request import Request
from relay.errors import BridgeViolation, CallTimeout, RelayError, SessionLost

ACKNOWLEDGE_SECONDS = 1.0
"""When a page is quiet for so long, it is told what was read, however little: it may wait for room for a large part."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """How long a call may stay in each phase, in seconds."""

    pick_up: float = 10.0
    first_part: float = 300.0
    gap: float = 120.0
    total: float = 3600.0


@dataclass(frozen=True, slots=True)
class Window:
    """What a page may send ahead of the reader ("Flow control").

    ``parts`` bounds the credit, ``bytes`` is what a page that follows the rules keeps unacknowledged, ``hard_bytes``
    is where relay gives up on a page that does not.
    """

    parts: int = 1024
    bytes: int = 4 * 2**20
    hard_bytes: int = 32 * 2**20


class Phase(IntEnum):
    """Where a call is."""

    PICK_UP = auto()
    FIRST_PART = auto()
    STREAMING = auto()


@dataclass(frozen=True, slots=True)
class Completed:
    """The page said that the answer is complete; ``conversation`` is the site's own that can be gone on with."""

    finish_reason: FinishReason
    usage: Usage | None
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The call ended without a complete answer; ``cancel`` if it was relay that ended it while the page worked."""

    error: RelayError
    cancel: CancelReason | None = None


Outcome = Completed | Failed


@dataclass(slots=True, eq=False)
class CallState:
    """One call. Changed by :class:`SessionProtocol` only."""

    id: str
    attempt: int
    request: Request | MediaRequest
    started: float
    moved: float
    upto: int
    phase: Phase = Phase.PICK_UP
    received: int = 0
    consumed: int = 0
    credited: int = 0
    pending: list[Part] = field(default_factory=list)
    pending_bytes: int = 0
    consumed_bytes: int = 0
    outcome: Outcome | None = None

    @property
    def unread(self) -> bool:
        """Whether parts arrived that nobody took yet; those of unknown types count, though nothing is kept of them."""
        return self.consumed < self.received


class SessionProtocol:
    """All calls of one session, across its links.

    Attributes:
        calls: the open calls by id.
        stale: frames ignored because they belonged to no open call or to another attempt.
    """

    def __init__(self, window: Window, clocks: Clocks) -> None:
        self._window = window
        self._clocks = clocks
        self._calls: dict[str, CallState] = {}
        self._outbox: list[RelayFrame] = []
        self._credit_due: dict[str, CallState] = {}
        self._attached = False
        self.stale = 0

    @property
    def calls(self) -> Mapping[str, CallState]:
        """The calls that somebody still reads."""
        return self._calls

    @property
    def has_output(self) -> bool:
        """Whether :meth:`drain` would return anything."""
        return bool(self._outbox or self._credit_due)

    def start(self, call_id: str, attempt: int, request: Request | MediaRequest, now: float) -> CallState:
        """Open a call and queue its ``call`` frame."""
        call = CallState(call_id, attempt, request, started=now, moved=now, upto=self._window.parts)
        self._calls[call_id] = call
        if self._attached:
            self._send_call(call)
        return call

    def take(self, call: CallState, now: float) -> list[Part]:
        """Return and forget all parts that arrived; what was taken counts as read by the client."""
        parts = call.pending
        if call.unread:
            call.pending = []
            call.consumed = call.received
            call.consumed_bytes += call.pending_bytes
            call.pending_bytes = 0
            call.moved = now
            if call.outcome is None and self._owes_credit(call):
                self._grant(call)
        return parts

    def close(self, call: CallState, reason: CancelReason) -> None:
        """Let go of a call; the page is told to stop if it may still be working."""
        if self._calls.get(call.id) is not call:
            return
        del self._calls[call.id]
        self._credit_due.pop(call.id, None)
        call.pending = []
        match call.outcome:
            case None:
                self._send(Cancel(call=call.id, attempt=call.attempt, reason=reason))
            case Failed(cancel=str() as cause):
                self._send(Cancel(call=call.id, attempt=call.attempt, reason=cause))
            case Failed() | Completed():
                pass  # the page ended it, or is gone

    def attach(self, offers: tuple[ResumeOffer, ...], now: float) -> tuple[ResumeWanted, ...]:
        """A link is live: return the calls to go on with.

        Calls that the page has lost fail; calls that it never got are sent again.
        """
        self.detach()
        self._attached = True
        offered = {(offer.call, offer.attempt): offer for offer in offers}
        wanted: list[ResumeWanted] = []
        for call in self._calls.values():
            if call.outcome is not None:
                continue
            call.moved = now
            offer = offered.get((call.id, call.attempt))
            if offer is None and call.phase is Phase.PICK_UP:
                self._send_call(call)
            elif offer is None:
                self._fail(call, SessionLost("The page came back without this call; it was probably reloaded."))
            elif offer.sent < call.received:
                self._violated(call, f"The page says it made {offer.sent} parts, relay has {call.received}.")
            else:
                call.phase = max(call.phase, Phase.FIRST_PART)
                wanted.append(ResumeWanted(call=call.id, attempt=call.attempt, next=call.received, upto=call.upto))
        return tuple(wanted)

    def detach(self) -> None:
        """The link is gone, its calls wait for the next one."""
        self._attached = False
        self._outbox.clear()
        self._credit_due.clear()

    def lose(self, error: RelayError, cancel: CancelReason | None = None) -> None:
        """Every open call fails with `error`; the page is told to stop if it may still be there."""
        for call in self._calls.values():
            self._fail(call, error, cancel)

    def receive(self, frame: Accepted | Parts | Done | Fail | Spoiled, size: int, now: float) -> CallState | None:
        """Apply a frame of `size` characters; return the call whose reader has something new."""
        call = self._calls.get(frame.call)
        if call is None or call.attempt != frame.attempt or call.outcome is not None:
            self.stale += 1
            return None
        call.moved = now
        match frame:
            case Accepted():
                call.phase = max(call.phase, Phase.FIRST_PART)
            case Parts():
                self._receive_parts(call, frame, size)
            case Done():
                self._end(call, frame.seq, Completed(frame.finish_reason, frame.usage, frame.conversation))
            case Fail():
                self._end(call, frame.seq, Failed(fault(frame.kind, frame.message, frame.retry_after)))
            case Spoiled():
                self._violated(call, f"The page sent a frame that cannot be read: {frame.problem}.")
        return call

    def expire(self, now: float) -> list[CallState]:
        """Fail the calls whose clock has run out and return them; acknowledge what was read of the quiet ones."""
        late = []
        for call in self._calls.values():
            if call.outcome is not None:
                continue
            deadline, clock = self._deadline(call)
            if deadline <= now:
                self._fail(call, CallTimeout(f"The page did not answer in time ({clock})."), "timeout")
                late.append(call)
            elif call.credited < call.consumed and now - call.moved >= ACKNOWLEDGE_SECONDS:
                self._grant(call)
        return late

    def drain(self) -> list[RelayFrame]:
        """Return and forget what relay has to say, in order."""
        frames = self._outbox
        self._outbox = []
        if self._credit_due:
            frames.extend(
                Credit(call=call.id, attempt=call.attempt, ack=call.consumed, upto=call.upto)
                for call in self._credit_due.values()
            )
            self._credit_due = {}
        return frames

    def _send(self, frame: RelayFrame) -> None:
        if self._attached:
            self._outbox.append(frame)

    def _send_call(self, call: CallState) -> None:
        asked = call.request
        if isinstance(asked, Request):
            self._send(Call(call=call.id, attempt=call.attempt, method="chat", request=asked, credit=call.upto))
        else:
            self._send(
                MediaCall(call=call.id, attempt=call.attempt, method=asked.METHOD, request=asked, credit=call.upto)
            )

    def _grant(self, call: CallState) -> None:
        call.upto = call.consumed + self._window.parts
        call.credited = call.consumed
        call.consumed_bytes = 0
        if self._attached:
            self._credit_due[call.id] = call

    def _owes_credit(self, call: CallState) -> bool:
        """Credit is granted in halves of the window, so that a page never has to wait for each single part."""
        return call.consumed - call.credited >= self._window.parts / 2 or call.consumed_bytes >= self._window.bytes / 2

    def _receive_parts(self, call: CallState, frame: Parts, size: int) -> None:
        known = call.received - frame.seq
        if known < 0:
            return self._violated(call, f"Parts {call.received} to {frame.seq - 1} are missing.")
        fresh = frame.parts[known:]
        if not fresh:
            return None
        received = call.received + len(fresh)
        if received > call.upto:
            return self._violated(call, "The page sent more parts than it had credit for.")
        if call.pending_bytes + size > self._window.hard_bytes:
            return self._violated(call, "The page sent more than relay holds for a slow reader.")
        call.phase = Phase.STREAMING
        call.received = received
        call.pending.extend(part for part in fresh if not isinstance(part, UnknownPart))
        call.pending_bytes += size
        return None

    def _end(self, call: CallState, sent: int, outcome: Outcome) -> None:
        """The page ended the call. Acknowledging the end, which has the next number, lets the page forget the call."""
        if sent != call.received:
            return self._violated(call, f"The page says it sent {sent} parts, relay has {call.received}.")
        call.outcome = outcome
        self._credit_due.pop(call.id, None)
        self._send(Credit(call=call.id, attempt=call.attempt, ack=sent + 1, upto=call.upto))
        return None

    def _violated(self, call: CallState, sentence: str) -> None:
        self._fail(call, BridgeViolation(sentence), "protocol")

    def _fail(self, call: CallState, error: RelayError, cancel: CancelReason | None = None) -> None:
        if call.outcome is None:
            call.outcome = Failed(error, cancel)

    def _deadline(self, call: CallState) -> tuple[float, str]:
        """When the call's next clock runs out, and its name. While the reader is behind, only the total runs."""
        total = (call.started + self._clocks.total, "total")
        if not self._attached or call.unread:
            return total
        match call.phase:
            case Phase.PICK_UP:
                return min(total, (call.moved + self._clocks.pick_up, "pick-up"))
            case Phase.FIRST_PART:
                return min(total, (call.moved + self._clocks.first_part, "first part"))
            case Phase.STREAMING:
                return min(total, (call.moved + self._clocks.gap, "gap between parts"))
