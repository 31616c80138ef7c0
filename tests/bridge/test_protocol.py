from __future__ import annotations

import pytest
from support.bridge import REQUEST, accepted, done, fail, joined, texts

from relay.bridge.frames import (
    Accepted,
    Call,
    Cancel,
    CancelReason,
    Credit,
    Done,
    Fail,
    MediaCall,
    Parts,
    ResumeOffer,
    ResumeWanted,
    TextPart,
    UnknownPart,
)
from relay.bridge.protocol import (
    ACKNOWLEDGE_SECONDS,
    CallState,
    Clocks,
    Completed,
    Failed,
    Outcome,
    Phase,
    SessionProtocol,
    Window,
)
from relay.core.events import FinishReason
from relay.core.media import SpeechRequest
from relay.errors import BackendFailed, BridgeViolation, CallTimeout, RelayError, SessionLost

CLOCKS = Clocks(pick_up=10, first_part=300, gap=120, total=3600)
WINDOW = Window(parts=4, bytes=1000, hard_bytes=2000)
SIZE = 10
ABANDONED = Cancel(call="c-1", attempt=1, reason="client_gone")


class Bench:
    """A protocol and one call of it, both driven at the hand-set time `now`."""

    def __init__(self, *, attached: bool = True, window: Window = WINDOW) -> None:
        self.now = 0.0
        self.protocol = SessionProtocol(window, CLOCKS)
        if attached:
            self.protocol.attach((), self.now)
        self.call = self.protocol.start("c-1", 1, REQUEST, self.now)

    def receive(self, *frames: Accepted | Parts | Done | Fail, size: int = SIZE) -> None:
        for frame in frames:
            self.protocol.receive(frame, size, self.now)

    def take(self) -> str:
        return joined(self.protocol.take(self.call, self.now))

    def attach(self, *offers: ResumeOffer) -> tuple[ResumeWanted, ...]:
        return self.protocol.attach(offers, self.now)

    def late_at(self, now: float) -> list[CallState]:
        self.now = now
        return self.protocol.expire(now)


def streaming(*pieces: str, window: Window = WINDOW) -> Bench:
    """A call that the page has accepted and begun to answer; the reader is behind."""
    bench = Bench(window=window)
    bench.receive(accepted(), texts(0, *pieces))
    bench.protocol.drain()
    return bench


def offer(sent: int, attempt: int = 1) -> ResumeOffer:
    return ResumeOffer(call="c-1", attempt=attempt, sent=sent)


def test_call_of_another_method_is_sent_as_such() -> None:
    bench = Bench()
    bench.protocol.drain()
    asked = SpeechRequest(model="s-1", text="Hello")

    bench.protocol.start("c-2", 1, asked, 0.0)

    assert bench.protocol.drain() == [MediaCall(call="c-2", attempt=1, method="speech", request=asked, credit=4)]


def call_frame(credit: int = 4) -> Call:
    return Call(call="c-1", attempt=1, method="chat", request=REQUEST, credit=credit)


def error_of(outcome: Outcome | None) -> tuple[type[RelayError], str]:
    assert isinstance(outcome, Failed)
    return type(outcome.error), outcome.error.message


# ---------------------------------------------------------------- the life of a call


def test_call_from_start_to_end() -> None:
    bench = Bench()
    phases = [bench.call.phase]
    for frame in (accepted(), texts(0, "a"), texts(1, "b", "c")):
        bench.receive(frame)
        phases.append(bench.call.phase)
    bench.receive(done(3))

    assert bench.protocol.drain() == [call_frame(), Credit(call="c-1", attempt=1, ack=4, upto=4)]
    assert phases == [Phase.PICK_UP, Phase.FIRST_PART, Phase.STREAMING, Phase.STREAMING]
    assert bench.take() == "abc"
    assert bench.call.outcome == Completed(FinishReason.STOP, None)
    bench.protocol.close(bench.call, "client_gone")
    assert (bench.protocol.calls, bench.protocol.drain()) == ({}, [])


def test_drained_frames_are_gone() -> None:
    bench = Bench()

    assert bench.protocol.has_output
    bench.protocol.drain()
    assert (bench.protocol.has_output, bench.protocol.drain()) == (False, [])


def test_parts_without_accepted_count_as_accepted() -> None:
    bench = Bench()
    bench.receive(texts(0, "a"), accepted())

    assert bench.call.phase is Phase.STREAMING


def test_receive_tells_whose_reader_has_news() -> None:
    bench = Bench()

    assert bench.protocol.receive(texts(0, "a"), SIZE, 0) is bench.call
    assert bench.protocol.receive(texts(0, "a", call="c-2"), SIZE, 0) is None


def test_failure_comes_after_the_parts_before_it() -> None:
    bench = streaming("a", "b")
    bench.receive(fail(2, "upstream"))

    assert bench.take() == "ab"
    assert error_of(bench.call.outcome) == (BackendFailed, "No.")


@pytest.mark.parametrize("end", [done(1), done(3), fail(1), fail(3)])
def test_end_with_a_wrong_count_breaks_the_protocol(end: Done | Fail) -> None:
    bench = streaming("a", "b")
    bench.receive(end)

    assert error_of(bench.call.outcome) == (
        BridgeViolation,
        f"The page says it sent {end.seq} parts, relay has 2.",
    )


def test_what_comes_after_the_end_is_ignored() -> None:
    bench = streaming("a")
    bench.receive(done(1), texts(1, "b"), fail(2), done(2))

    assert bench.take() == "a"
    assert bench.call.outcome == Completed(FinishReason.STOP, None)
    assert bench.protocol.stale == 3


@pytest.mark.parametrize(
    "frame", [accepted("c-2"), texts(0, "x", call="c-2"), done(0, "c-2"), accepted(attempt=2), texts(0, "x", attempt=2)]
)
def test_frames_of_another_call_or_attempt_change_nothing(frame: Accepted | Parts | Done) -> None:
    bench = Bench()
    bench.receive(frame)

    assert (bench.protocol.stale, bench.call.phase, bench.take()) == (1, Phase.PICK_UP, "")


def test_calls_do_not_touch_each_other() -> None:
    bench = streaming("a")
    other = bench.protocol.start("c-2", 1, REQUEST, 0)
    bench.receive(texts(0, "x", call="c-2"), done(1), texts(1, "y", call="c-2"))

    assert bench.take() == "a"
    assert joined(bench.protocol.take(other, 0)) == "xy"
    assert (bench.call.outcome is None, other.outcome is None) == (False, True)


# ---------------------------------------------------------------- numbers


def test_missing_part_breaks_the_protocol() -> None:
    bench = streaming("a")
    bench.receive(texts(3, "d"))

    assert error_of(bench.call.outcome) == (BridgeViolation, "Parts 1 to 2 are missing.")


def test_parts_that_came_before_are_dropped() -> None:
    bench = streaming("a", "b")
    bench.receive(texts(0, "a", "b"), texts(1, "b", "c"))

    assert bench.take() == "abc"


def test_parts_of_unknown_types_count_and_give_credit() -> None:
    bench = Bench()
    bench.protocol.drain()
    bench.receive(Parts(call="c-1", attempt=1, seq=0, parts=(UnknownPart(),) * 4))

    assert bench.call.unread
    assert bench.take() == ""
    assert bench.protocol.drain() == [Credit(call="c-1", attempt=1, ack=4, upto=8)]
    bench.receive(texts(4, "a"), done(5))
    assert (bench.take(), bench.call.outcome) == ("a", Completed(FinishReason.STOP, None))


# ---------------------------------------------------------------- credit


def test_credit_comes_with_half_the_window() -> None:
    bench = streaming("a")
    said = []
    for seq, piece in enumerate("bcdefg", start=1):
        bench.take()
        said.append(bench.protocol.drain())
        bench.receive(texts(seq, piece))

    nothing: list[Credit] = []
    assert said == [
        nothing,
        [Credit(call="c-1", attempt=1, ack=2, upto=6)],
        nothing,
        [Credit(call="c-1", attempt=1, ack=4, upto=8)],
        nothing,
        [Credit(call="c-1", attempt=1, ack=6, upto=10)],
    ]


def test_credit_comes_with_half_the_bytes() -> None:
    bench = Bench()
    bench.protocol.drain()
    bench.receive(texts(0, "a"), size=499)
    bench.take()
    before = bench.protocol.drain()
    bench.receive(texts(1, "b"), size=1)
    bench.take()

    assert (before, bench.protocol.drain()) == ([], [Credit(call="c-1", attempt=1, ack=2, upto=6)])
    bench.receive(texts(2, "c"))
    bench.take()
    assert bench.protocol.drain() == []


def test_only_the_last_of_several_credits_is_sent() -> None:
    bench = streaming("a", "b")
    bench.take()
    bench.receive(texts(2, "c", "d"))
    bench.take()

    assert bench.protocol.drain() == [Credit(call="c-1", attempt=1, ack=4, upto=8)]


def test_reader_who_takes_nothing_gives_no_credit() -> None:
    bench = streaming("a", "b", "c", "d")

    assert (bench.protocol.drain(), bench.call.unread) == ([], True)


def test_page_that_waits_for_room_for_a_large_part_gets_an_acknowledgement() -> None:
    bench = streaming("a")
    bench.take()
    soon = bench.late_at(ACKNOWLEDGE_SECONDS - 0.1), bench.protocol.drain()
    then = bench.late_at(ACKNOWLEDGE_SECONDS), bench.protocol.drain()
    once = bench.late_at(ACKNOWLEDGE_SECONDS + 5), bench.protocol.drain()

    assert soon == ([], [])
    assert then == ([], [Credit(call="c-1", attempt=1, ack=1, upto=5)])
    assert once == ([], [])


def test_more_parts_than_credit_breaks_the_protocol() -> None:
    bench = streaming("a", "b", "c", "d")
    bench.receive(texts(4, "e"))

    assert error_of(bench.call.outcome) == (BridgeViolation, "The page sent more parts than it had credit for.")
    assert bench.take() == "abcd"


def test_slow_reader_bounds_what_is_held() -> None:
    bench = Bench()
    bench.receive(texts(0, "a"), size=2000)
    at_the_limit = bench.call.outcome
    bench.receive(texts(1, "b"), size=1)

    assert at_the_limit is None
    assert error_of(bench.call.outcome) == (
        BridgeViolation,
        "The page sent more than relay holds for a slow reader.",
    )


def test_large_duplicate_does_not_count_as_held() -> None:
    bench = streaming("a")
    bench.receive(texts(0, "a"), size=2000)
    bench.receive(texts(1, "b"))

    assert (bench.take(), bench.call.outcome) == ("ab", None)


@pytest.mark.parametrize("end", [done(3), fail(3)])
def test_end_is_acknowledged_once_whatever_was_read(end: Done | Fail) -> None:
    bench = streaming("a", "b")
    bench.take()  # credit is due
    bench.receive(texts(2, "c"), end, end)
    bench.take()
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == [Credit(call="c-1", attempt=1, ack=4, upto=6)]


@pytest.mark.parametrize("end", [done(1), fail(3)])
def test_end_with_a_wrong_count_is_not_acknowledged(end: Done | Fail) -> None:
    bench = streaming("a", "b")
    bench.receive(end)

    assert bench.protocol.drain() == []


# ---------------------------------------------------------------- clocks


def clock_of(bench: Bench) -> tuple[CancelReason | None, type[RelayError], str]:
    outcome = bench.call.outcome
    assert isinstance(outcome, Failed)
    return outcome.cancel, *error_of(outcome)


@pytest.mark.parametrize(
    ("frames", "seconds", "name"),
    [((), 10, "pick-up"), ((accepted(),), 300, "first part"), ((accepted(), texts(0, "a")), 120, "gap between parts")],
)
def test_clock_of_each_phase(frames: tuple[Accepted | Parts, ...], seconds: float, name: str) -> None:
    bench = Bench()
    bench.now = 5
    bench.receive(*frames)
    bench.take()
    start = bench.call.moved

    assert bench.late_at(start + seconds - 0.1) == []
    assert bench.late_at(start + seconds) == [bench.call]
    assert clock_of(bench) == ("timeout", CallTimeout, f"The page did not answer in time ({name}).")


def test_each_part_winds_up_the_gap_clock() -> None:
    bench = streaming("a")
    for seq in range(1, 4):
        bench.take()
        assert bench.late_at(seq * 119.0) == []
        bench.receive(texts(seq, "b"))
    bench.take()

    assert bench.late_at(3 * 119 + 120) == [bench.call]


def test_total_clock_runs_whatever_happens() -> None:
    bench = streaming("a")  # the reader is behind: no other clock runs

    assert bench.late_at(3599.9) == []
    assert bench.late_at(3600) == [bench.call]
    assert clock_of(bench) == ("timeout", CallTimeout, "The page did not answer in time (total).")


@pytest.mark.parametrize(
    "frames",
    [
        (texts(0, "a"),),
        (Parts(call="c-1", attempt=1, seq=0, parts=(UnknownPart(),)),),
    ],
)
def test_time_of_a_slow_reader_is_no_gap(frames: tuple[Parts, ...]) -> None:
    bench = Bench()
    bench.receive(*frames)

    assert bench.late_at(1000) == []
    bench.take()
    assert bench.late_at(1119.9) == []
    assert bench.late_at(1120) == [bench.call]


@pytest.mark.parametrize("frames", [(), (accepted(),), (texts(0, "a"),)])
def test_time_without_a_socket_is_no_gap(frames: tuple[Accepted | Parts, ...]) -> None:
    bench = Bench()
    bench.receive(*frames)
    bench.take()
    bench.protocol.detach()

    assert bench.late_at(1000) == []
    bench.attach(offer(1))
    assert bench.late_at(1009.9) == []


def test_pick_up_clock_begins_again_with_the_call_sent_again() -> None:
    bench = Bench()
    bench.protocol.detach()
    bench.now = 100
    bench.attach()

    assert bench.late_at(109.9) == []
    assert bench.late_at(110) == [bench.call]


def test_ended_call_is_not_late() -> None:
    bench = streaming("a")
    bench.receive(done(1))

    assert bench.late_at(10**6) == []


# ---------------------------------------------------------------- letting go


@pytest.mark.parametrize("reason", ["client_gone", "stop", "timeout", "shutdown", "protocol"])
def test_page_at_work_is_told_to_stop_and_why(reason: CancelReason) -> None:
    bench = streaming("a")
    bench.protocol.close(bench.call, reason)

    assert bench.protocol.drain() == [Cancel(call="c-1", attempt=1, reason=reason)]


@pytest.mark.parametrize("end", [done(1), fail(1)])
def test_page_that_has_ended_is_not_told_to_stop(end: Done | Fail) -> None:
    bench = streaming("a")
    bench.receive(end)
    bench.protocol.drain()
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == []


def test_late_page_is_told_of_the_timeout() -> None:
    bench = streaming("a")
    bench.late_at(3600)
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == [Cancel(call="c-1", attempt=1, reason="timeout")]


def test_page_that_broke_the_protocol_is_told_so() -> None:
    bench = streaming("a")
    bench.receive(texts(7, "x"))
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == [Cancel(call="c-1", attempt=1, reason="protocol")]


def test_shutdown_fails_open_calls_and_tells_the_page() -> None:
    bench = streaming("a")
    error = SessionLost("over")
    bench.protocol.lose(error, "shutdown")
    bench.protocol.close(bench.call, "client_gone")

    assert bench.call.outcome == Failed(error, "shutdown")
    assert bench.protocol.drain() == [Cancel(call="c-1", attempt=1, reason="shutdown")]


def test_losing_the_session_keeps_the_outcome_of_ended_calls() -> None:
    bench = streaming("a")
    bench.receive(done(1))
    bench.protocol.lose(SessionLost("over"))

    assert bench.call.outcome == Completed(FinishReason.STOP, None)


def test_closing_twice_says_it_once() -> None:
    bench = streaming("a")
    bench.protocol.close(bench.call, "stop")
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == [Cancel(call="c-1", attempt=1, reason="stop")]


def test_closing_forgets_parts_and_credit() -> None:
    bench = streaming("a", "b")
    bench.take()
    bench.receive(texts(2, "c"))
    bench.protocol.close(bench.call, "client_gone")

    assert bench.protocol.drain() == [ABANDONED]
    assert bench.call.pending == []


def test_frames_after_closing_are_left_over() -> None:
    bench = streaming("a")
    bench.protocol.close(bench.call, "client_gone")
    bench.receive(texts(1, "b"), done(2))

    assert (bench.protocol.stale, bench.call.pending) == (2, [])


# ---------------------------------------------------------------- losing the socket


def test_call_without_a_socket_is_sent_with_the_next_one() -> None:
    bench = Bench(attached=False)

    assert bench.protocol.drain() == []
    assert bench.attach() == ()
    assert bench.protocol.drain() == [call_frame()]


def test_call_that_was_not_accepted_is_sent_again() -> None:
    bench = Bench()
    bench.protocol.drain()
    bench.protocol.detach()

    assert (bench.attach(), bench.protocol.drain()) == ((), [call_frame()])


def test_call_that_the_page_has_is_not_sent_again() -> None:
    bench = Bench()
    bench.protocol.drain()
    bench.protocol.detach()

    assert bench.attach(offer(0)) == (ResumeWanted(call="c-1", attempt=1, next=0, upto=4),)
    assert (bench.protocol.drain(), bench.call.phase) == ([], Phase.FIRST_PART)


def test_call_goes_on_with_the_part_that_is_missing() -> None:
    bench = streaming("a", "b")
    bench.take()
    bench.protocol.detach()
    wanted = bench.attach(offer(4))
    bench.receive(texts(2, "c"), texts(2, "c", "d"), done(4))

    assert wanted == (ResumeWanted(call="c-1", attempt=1, next=2, upto=6),)
    assert bench.take() == "cd"
    assert bench.call.outcome == Completed(FinishReason.STOP, None)


def test_credit_given_without_a_socket_comes_with_the_welcome() -> None:
    bench = streaming("a", "b", "c", "d")
    bench.protocol.detach()
    bench.take()

    assert not bench.protocol.has_output
    assert bench.attach(offer(4)) == (ResumeWanted(call="c-1", attempt=1, next=4, upto=8),)
    assert bench.protocol.drain() == []


def test_call_that_the_page_has_lost_fails() -> None:
    bench = streaming("a")
    bench.protocol.detach()

    assert bench.attach() == ()
    assert bench.call.outcome is not None
    assert error_of(bench.call.outcome)[0] is SessionLost


def test_call_offered_with_another_attempt_is_another_call() -> None:
    bench = streaming("a")
    bench.protocol.detach()

    assert bench.attach(offer(1, attempt=2)) == ()
    assert error_of(bench.call.outcome)[0] is SessionLost


def test_page_that_made_fewer_parts_than_it_sent_has_begun_anew() -> None:
    bench = streaming("a", "b")
    bench.protocol.detach()

    assert bench.attach(offer(1)) == ()
    assert error_of(bench.call.outcome) == (BridgeViolation, "The page says it made 1 parts, relay has 2.")


def test_ended_call_is_not_wanted_again() -> None:
    bench = streaming("a")
    bench.receive(done(1))
    bench.protocol.detach()

    assert bench.attach(offer(1)) == ()
    assert bench.call.outcome == Completed(FinishReason.STOP, None)


def test_call_cancelled_without_a_socket_is_not_wanted_again() -> None:
    bench = streaming("a")
    bench.protocol.detach()
    bench.protocol.close(bench.call, "client_gone")

    assert bench.attach(offer(1)) == ()
    assert bench.protocol.drain() == []


def test_what_was_not_sent_before_the_drop_is_not_sent_after_it() -> None:
    bench = streaming("a", "b")
    other = bench.protocol.start("c-2", 1, REQUEST, 0)
    bench.take()
    bench.protocol.close(other, "stop")
    bench.protocol.detach()
    bench.attach(offer(2))

    assert bench.protocol.drain() == []


def test_pending_parts_survive_the_drop() -> None:
    bench = streaming("a", "b")
    bench.protocol.detach()

    assert bench.take() == "ab"
    assert bench.protocol.take(bench.call, 0) == []
    bench.attach(offer(2))
    bench.receive(texts(2, "c"))
    assert bench.protocol.take(bench.call, 0) == [TextPart("c")]
