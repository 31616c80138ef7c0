"""What the header says of the parameters that had no effect."""

import pytest
from quart import Response

from relay.web.dropped import name_dropped


def header(*names: str) -> str | None:
    response = Response("")
    name_dropped(response, names)
    return response.headers.get("x-relay-dropped")


def test_names_each_once_in_order():
    assert header("b", "a.x", "contents[0].parts[1]", "b", "input.x:y") == "b, a.x, contents[0].parts[1], input.x:y"


def test_nothing_dropped_no_header():
    assert header() is None


@pytest.mark.parametrize("name", ["a\r\nset-cookie: x=y", "a\n", "ü", "😀", "", "a,b", "a b", "x" * 101, "\x00"])
def test_what_cannot_stand_in_a_header(name: str):
    assert header("a", name, name, "b") == "a, others, b"


def test_many_names():
    names = [f"n{number}" for number in range(30)]
    assert header("ü", *names) == ", ".join([*names[:20], "others"])
    assert header(*names[:20]) == ", ".join(names[:20])
    assert header("ü", *names[:19]) == ", ".join(["others", *names[:19]])
