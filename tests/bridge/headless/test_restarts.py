from relay.bridge.headless.restarts import Restarts


def test_pauses_double_up_to_the_longest():
    restarts = Restarts(None, 600, first_pause=1, longest_pause=5)
    assert [restarts.crashed(0.0) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert restarts.total == 5


def test_gives_up_after_the_limit_of_a_window():
    restarts = Restarts(2, 10, first_pause=1)
    assert [restarts.crashed(now) for now in (0.0, 1.0, 9.9)] == [1, 2, None]
    assert restarts.total == 2


def test_crashes_outside_the_window_do_not_count():
    restarts = Restarts(2, 10, first_pause=1)
    assert [restarts.crashed(now) for now in (0.0, 1.0, 11.0)] == [1, 2, 1]
