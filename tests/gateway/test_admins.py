"""The owner in a browser: codes, sessions, and their bounds."""

import pytest

from relay.errors import InvalidCredential, Overloaded
from relay.gateway.admins import (
    ALWAYS,
    CODE_SECONDS,
    GUESS_SECONDS,
    MOST_CODES,
    MOST_GUESSES,
    MOST_SESSIONS,
    SESSION_SECONDS,
    Admins,
    AdminSession,
)

from .conftest import Logged


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admins(clock: Clock) -> Admins:
    return Admins(clock)


def signed_in(admins: Admins) -> AdminSession:
    return admins.sign_in(admins.create_code())


def test_code_signs_in_once(admins: Admins):
    code = admins.create_code()
    session = admins.sign_in(code)
    assert admins.knows(session.cookie)
    assert admins.admits(session.cookie, session.token)
    with pytest.raises(InvalidCredential, match="relay admin"):
        admins.sign_in(code)


def test_code_may_be_typed(admins: Admins):
    code = admins.create_code()
    assert admins.sign_in(f" {code.lower().replace('-', ' ')} ")


def test_code_grows_old(admins: Admins, clock: Clock):
    code = admins.create_code()
    clock.now += CODE_SECONDS
    with pytest.raises(InvalidCredential):
        admins.sign_in(code)


def test_both_secrets_are_needed_and_belong_together(admins: Admins):
    one, other = signed_in(admins), signed_in(admins)
    assert len({one.cookie, one.token, other.cookie, other.token}) == 4
    assert not admins.admits(one.cookie, "")
    assert not admins.admits(one.cookie, other.token)
    assert not admins.admits(one.token, one.cookie)
    assert not admins.admits("", "")
    assert not admins.knows(one.token)


def test_session_grows_old(admins: Admins, clock: Clock):
    session = signed_in(admins)
    clock.now += SESSION_SECONDS
    assert not admins.knows(session.cookie)
    assert not admins.admits(session.cookie, session.token)


def test_sign_out_ends_one_session(admins: Admins):
    one, other = signed_in(admins), signed_in(admins)
    admins.sign_out(one.cookie)
    admins.sign_out(one.cookie)
    assert (admins.knows(one.cookie), admins.knows(other.cookie)) == (False, True)


def test_codes_and_sessions_are_bounded(admins: Admins):
    codes = [admins.create_code() for _ in range(MOST_CODES + 1)]
    with pytest.raises(InvalidCredential):
        admins.sign_in(codes[0])
    assert admins.sign_in(codes[1])
    sessions = [signed_in(admins) for _ in range(MOST_SESSIONS + 1)]
    assert [admins.knows(session.cookie) for session in sessions] == [False] + [True] * MOST_SESSIONS


def test_guessing_is_slowed_down_and_keeps_nobody_out(admins: Admins, clock: Clock):
    code = admins.create_code()
    for _ in range(MOST_GUESSES):
        with pytest.raises(InvalidCredential):
            admins.sign_in("00000-00000")
    clock.now += 1
    with pytest.raises(Overloaded) as refused:
        admins.sign_in("00000-00000")
    assert refused.value.retry_after == GUESS_SECONDS - 1
    assert admins.sign_in(code)
    clock.now += GUESS_SECONDS - 1
    with pytest.raises(InvalidCredential):
        admins.sign_in("00000-00000")


def test_log_has_no_secret(admins: Admins, logged: Logged):
    code = admins.create_code()
    session = admins.sign_in(code)
    with pytest.raises(InvalidCredential):
        admins.sign_in(code)
    admins.sign_out(session.cookie)
    lines = logged()
    assert [line["event"] for line in lines] == ["admin.signed_in", "admin.refused", "admin.signed_out"]
    assert not [secret for secret in (code, session.cookie, session.token) if secret in str(lines)]


def test_end_of_a_session_is_told_at_once(admins: Admins):
    session = signed_in(admins)
    told: list[str] = []
    stay = admins.stay(session.cookie)
    stay.on_end(lambda: told.append("one"))
    forget = stay.on_end(lambda: told.append("other"))
    forget()
    lasted = stay.lasts()
    admins.sign_out(session.cookie)

    assert (lasted, stay.lasts(), told) == (True, False, ["one"])
    stay.on_end(lambda: told.append("late"))()
    assert told == ["one", "late"]


def test_end_of_a_session_that_makes_room_or_grew_old_is_told(admins: Admins, clock: Clock):
    told: list[str] = []
    admins.stay(signed_in(admins).cookie).on_end(lambda: told.append("made room"))
    for _ in range(MOST_SESSIONS - 1):
        signed_in(admins)
    last = signed_in(admins)
    admins.stay(last.cookie).on_end(lambda: told.append("grew old"))
    clock.now += SESSION_SECONDS
    admins.create_code()

    assert told == ["made room", "grew old"]


def test_whoever_needs_no_session_may_stay():
    told: list[str] = []
    ALWAYS.on_end(lambda: told.append("never"))()
    assert (ALWAYS.lasts(), told) == (True, [])
