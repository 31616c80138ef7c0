import pytest

from relay.bridge.health import LONGEST_DOUBT, LONGEST_REST, Health, LastError
from relay.errors import BackendFailed, BackendThrottled, LoginRequired, NothingSent, RelayError, SessionBlocked


def health(*failures: tuple[float, RelayError]) -> Health:
    built = Health()
    for now, error in failures:
        built.failed(error, now)
    return built


def test_nothing_is_wrong_at_first() -> None:
    assert (health().fit(0.0), health().rest(0.0), health().last_error) == (True, 0.0, None)


def test_latest_failure_is_kept() -> None:
    after = health((1.0, BackendThrottled("Slowly.")), (2.0, BackendFailed("No.")))

    assert after.last_error == LastError("upstream_error", "No.", 2.0)
    assert after.fit(2.0)


def test_site_that_asked_to_slow_down_is_not_asked_before_its_time() -> None:
    after = health((10.0, BackendThrottled("Slowly.", retry_after=5.0)), (11.0, BackendThrottled("", retry_after=1.0)))
    after.spoke()

    assert [after.fit(now) for now in (11.0, 14.9, 15.0)] == [False, False, True]
    assert [after.rest(now) for now in (11.0, 16.0)] == [4.0, 0.0]


def test_no_site_is_left_alone_for_ever() -> None:
    after = health((0.0, BackendThrottled("Slowly.", retry_after=1e9)))

    assert (after.fit(LONGEST_REST - 1), after.fit(LONGEST_REST)) == (False, True)


@pytest.mark.parametrize("error", [LoginRequired("Sign in."), SessionBlocked("A captcha.")])
def test_page_is_not_used_until_it_says_how_it_is(error: RelayError) -> None:
    after = health((0.0, error))
    before = after.fit(1.0)
    after.spoke()

    assert (before, after.fit(1.0), after.rest(0.0)) == (False, True, 0.0)


def test_page_that_says_nothing_is_tried_again() -> None:
    after = health((0.0, LoginRequired("Sign in.")))

    assert (after.fit(LONGEST_DOUBT - 1), after.fit(LONGEST_DOUBT)) == (False, True)


def test_wish_to_be_asked_again_is_no_failure() -> None:
    assert health((0.0, NothingSent("Again."))).last_error is None
