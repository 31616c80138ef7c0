"""Any order of events between relay and a page: one outcome each, and never a wrong text."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.bridge import REQUEST, joined

from relay.bridge.frames import (
    Accepted,
    Call,
    Cancel,
    CancelReason,
    Credit,
    Done,
    Fail,
    Parts,
    ResumeOffer,
    TextPart,
)
from relay.bridge.protocol import CallState, Clocks, Completed, Failed, Outcome, SessionProtocol, Window
from relay.core.events import FinishReason
from relay.errors import CallTimeout, RelayError, SessionLost

WINDOW = Window(parts=4, bytes=400, hard_bytes=10_000)
CLOCKS = Clocks(pick_up=10, first_part=300, gap=120, total=3600)
SIZE = 100
Frame = Accepted | Parts | Done | Fail


@dataclass
class PageCall:
    """A call as the page has it: everything it produced, and from where on relay has not acknowledged it."""

    id: str
    attempt: int
    upto: int
    pieces: list[str] = field(default_factory=list)
    sent: int = 0
    ending: str | None = None
    ending_sent: bool = False


class Page:
    """A page that keeps to the contract (docs/reference/bridge-protocol.md)."""

    def __init__(self) -> None:
        self.calls: dict[str, PageCall] = {}
        self.outbox: list[Frame] = []
        self.produced: dict[str, str] = {}
        self.cancelled: set[str] = set()

    def hear(self, frame: Call | Credit | Cancel) -> None:
        call = self.calls.get(frame.call)
        match frame:
            case Call():
                if call is None:
                    self.calls[frame.call] = PageCall(frame.call, frame.attempt, frame.credit)
                    self.produced[frame.call] = ""  # anew, if it had forgotten the call before relay heard of it
                self.outbox.append(Accepted(call=frame.call, attempt=frame.attempt))
            case Credit(ack=ack, upto=upto):
                if call is not None:
                    call.upto = max(call.upto, upto)
                    if ack > len(call.pieces):
                        del self.calls[call.id]
            case Cancel():
                self.cancelled.add(frame.call)
                self.calls.pop(frame.call, None)

    def emit(self, call: PageCall, piece: str) -> None:
        call.pieces.append(piece)
        self.produced[call.id] += piece

    def flush(self) -> None:
        """Put into frames what credit allows."""
        for call in self.calls.values():
            batch = call.pieces[call.sent : call.upto]
            head = {"call": call.id, "attempt": call.attempt}
            if batch:
                self.outbox.append(Parts(**head, seq=call.sent, parts=tuple(map(TextPart, batch))))
                call.sent += len(batch)
            if call.ending and not call.ending_sent and call.sent == len(call.pieces):
                call.ending_sent = True
                if call.ending == "done":
                    self.outbox.append(Done(**head, seq=call.sent, finish_reason=FinishReason.STOP))
                else:
                    self.outbox.append(Fail(**head, seq=call.sent, kind=call.ending))

    def offers(self) -> tuple[ResumeOffer, ...]:
        return tuple(ResumeOffer(call=c.id, attempt=c.attempt, sent=len(c.pieces)) for c in self.calls.values())

    def reload(self) -> None:
        self.calls.clear()
        self.outbox.clear()


@dataclass
class Reader:
    """A client and what it got."""

    call: CallState
    text: str = ""
    outcome: Outcome | None = None
    open: bool = True


class Bridge(RuleBasedStateMachine):
    """relay's protocol, a page, and a transport that loses, delays and repeats."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.protocol = SessionProtocol(WINDOW, CLOCKS)
        self.page = Page()
        self.readers: dict[str, Reader] = {}
        self.online = False
        self.to_relay: list[Frame] = []
        self.reloads = 0

    @initialize()
    def connect(self) -> None:
        self.resume(replay=0)

    # ------------------------------------------------------------ the client

    @rule(target=calls)
    def start(self) -> str:
        self.count += 1
        id_ = f"c-{self.count}"
        self.readers[id_] = Reader(self.protocol.start(id_, 1, REQUEST, self.now))
        return id_

    @rule(id_=calls)
    def read(self, id_: str) -> None:
        reader = self.readers[id_]
        if reader.open and reader.outcome is None:
            reader.text += joined(self.protocol.take(reader.call, self.now))
            reader.outcome = reader.call.outcome

    @rule(id_=calls, reason=st.sampled_from(["client_gone", "stop"]))
    def leave(self, id_: str, reason: CancelReason) -> None:
        reader = self.readers[id_]
        reader.open = False
        self.protocol.close(reader.call, reason)

    # ------------------------------------------------------------ the page

    @rule(id_=calls, pieces=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=7))
    def emit(self, id_: str, pieces: list[str]) -> None:
        call = self.page.calls.get(id_)
        if call is not None and call.ending is None:
            for piece in pieces:
                self.page.emit(call, piece)

    @rule(id_=calls, ending=st.sampled_from(["done", "upstream", "rate_limited"]))
    def end(self, id_: str, ending: str) -> None:
        call = self.page.calls.get(id_)
        if call is not None and call.ending is None:
            call.ending = ending

    @rule(id_=calls, kind=st.sampled_from(["accepted", "done"]))
    def say_something_stale(self, id_: str, kind: str) -> None:
        frame = (
            Accepted(call=id_, attempt=7)
            if kind == "accepted"
            else Done(call=id_, attempt=7, seq=0, finish_reason=FinishReason.STOP)
        )
        assert self.protocol.receive(frame, SIZE, self.now) is None

    # ------------------------------------------------------------ the transport

    @precondition(lambda self: self.online)
    @rule(count=st.integers(1, 5))
    def deliver_to_relay(self, count: int) -> None:
        self.page.flush()
        self.to_relay += self.page.outbox
        self.page.outbox.clear()
        for frame in self.to_relay[:count]:
            self.protocol.receive(frame, SIZE, self.now)
        del self.to_relay[:count]

    @precondition(lambda self: self.online)
    @rule()
    def deliver_to_page(self) -> None:
        for frame in self.protocol.drain():
            assert isinstance(frame, Call | Credit | Cancel)
            self.page.hear(frame)

    @precondition(lambda self: self.online)
    @rule(lost=st.booleans())
    def drop(self, lost: bool) -> None:
        """The socket breaks; what relay had said may be lost with it."""
        if lost:
            self.protocol.drain()
        self._cut()

    @precondition(lambda self: self.online)
    @rule()
    def reload(self) -> None:
        self._cut()
        self.page.reload()
        self.protocol.lose(SessionLost("reloaded"))

    @precondition(lambda self: not self.online)
    @rule()
    def crash_silently(self) -> None:
        """The page loses its calls while nobody can tell relay."""
        self.page.reload()

    @precondition(lambda self: not self.online)
    @rule(replay=st.integers(0, 2))
    def resume(self, replay: int) -> None:
        wanted = {each.call: each for each in self.protocol.attach(self.page.offers(), self.now)}
        self.online = True
        for id_ in list(self.page.calls):
            if id_ not in wanted:
                del self.page.calls[id_]
        for id_, each in wanted.items():
            call = self.page.calls[id_]
            call.upto = max(call.upto, each.upto)
            call.sent = max(0, each.next - replay)  # a page may repeat more than it was asked for
            call.ending_sent = False

    @rule()
    def restart_relay(self) -> None:
        """A new process knows none of the calls; their clients have gone with the old one."""
        self._cut()
        for id_ in self.readers:
            self.leave(id_, "shutdown")
        self.protocol = SessionProtocol(WINDOW, CLOCKS)
        self.resume(replay=0)
        assert self.page.calls == {}

    def _cut(self) -> None:
        self.online = False
        self.protocol.detach()
        self.to_relay.clear()
        self.page.outbox.clear()

    # ------------------------------------------------------------ time

    @rule(seconds=st.sampled_from([0.5, 2, 11, 130, 400]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for call in self.protocol.expire(self.now):
            assert isinstance(call.outcome, Failed)
            assert isinstance(call.outcome.error, CallTimeout)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def outcomes_never_change(self) -> None:
        for reader in self.readers.values():
            if reader.outcome is not None:
                assert reader.call.outcome is reader.outcome

    @invariant()
    def the_text_is_what_the_page_made(self) -> None:
        for id_, reader in self.readers.items():
            produced = self.page.produced.get(id_, "")
            assert produced.startswith(reader.text)
            if isinstance(reader.outcome, Completed):
                assert reader.text == produced

    @invariant()
    def nobody_breaks_the_protocol(self) -> None:
        for reader in self.readers.values():
            if isinstance(reader.call.outcome, Failed):
                error: RelayError = reader.call.outcome.error
                assert error.code != "bridge_protocol_error", error

    @invariant()
    def no_more_is_held_than_allowed(self) -> None:
        for reader in self.readers.values():
            call = reader.call
            assert len(call.pending) <= WINDOW.parts
            assert call.received <= call.upto <= call.consumed + WINDOW.parts

    @invariant()
    def closed_calls_leave_nothing(self) -> None:
        open_calls = {id_ for id_, reader in self.readers.items() if reader.open}
        assert set(self.protocol.calls) == open_calls
        assert all(not reader.call.pending for reader in self.readers.values() if not reader.open)

    def teardown(self) -> None:
        """When the socket holds and everybody goes on, every call that is still read comes to its end."""
        if not self.online:
            self.resume(replay=0)
        for _ in range(20):
            self.deliver_to_page()
            for call in self.page.calls.values():
                call.ending = call.ending or "done"
            self.deliver_to_relay(100)
            for id_ in self.readers:
                self.read(id_)
        assert all(reader.outcome is not None for reader in self.readers.values() if reader.open)
        self.the_text_is_what_the_page_made()
        for reader in self.readers.values():
            self.protocol.close(reader.call, "shutdown")
        assert self.protocol.calls == {}
        self.deliver_to_page()
        assert self.page.calls == {}


Bridge.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBridge = Bridge.TestCase
