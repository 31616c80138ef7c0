import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.stop import StopFilter


def run(stops: tuple[str, ...], *pieces: str) -> tuple[str, str | None]:
    stop = StopFilter(stops)
    return "".join([*map(stop.feed, pieces), stop.flush()]), stop.hit


@pytest.mark.parametrize(
    ("stops", "text", "expected"),
    [
        (("END",), "one END two", ("one ", "END")),
        (("END",), "one EN", ("one EN", None)),
        ((), "one", ("one", None)),
        (("",), "one", ("one", None)),
        (("two", "one"), "one two", ("", "one")),
        (("abc", "b"), "xabc", ("xa", "b")),
        (("bc", "abc"), "xabc", ("x", "abc")),
        (("ab", "abc"), "xabc", ("x", "ab")),
        (("aab",), "aaab", ("a", "aab")),
        (("\n\n",), "a\nb\n\nc", ("a\nb", "\n\n")),
    ],
)
def test_text_before_the_first_stop_string(stops, text, expected):
    assert run(stops, text) == expected
    assert run(stops, *text) == expected


def test_shortest_tail_is_held_back():
    stop = StopFilter(("STOP", "END"))
    assert [stop.feed("a ST"), stop.feed("E"), stop.feed("N"), stop.feed("T"), stop.flush()] == [
        "a ",
        "ST",
        "",
        "ENT",
        "",
    ]


def test_nothing_after_a_hit():
    stop = StopFilter(("x",))
    assert [stop.feed("axb"), stop.feed("c"), stop.flush(), stop.hit] == ["a", "", "", "x"]


@given(
    st.lists(st.text("ab", min_size=1, max_size=4), max_size=3).map(tuple),
    st.text("abc", max_size=20),
    st.integers(0, 20),
)
def test_cutting_the_input_differently_changes_nothing(stops, text, cut):
    assert run(stops, text[:cut], text[cut:]) == run(stops, text) == run(stops, *text)
