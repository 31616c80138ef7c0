"""Compacted conversations come back as they went, or not at all."""

import pytest

from relay.errors import InvalidRequest
from relay.gateway.responses.seal import Seal

SECRET = "rsig-" + "s" * 43


@pytest.mark.parametrize("summary", ["", "The user wants a boat.", "ü€😀\n" * 1000, "x" * 100])
def test_what_was_sealed_comes_back(summary: str):
    sealed = Seal(SECRET).close(summary)
    assert Seal(SECRET).open(sealed) == summary


def test_half_a_character_does_not_stop_it():
    seal = Seal(SECRET)
    assert seal.open(seal.close("a\ud800b")) == "a\ufffdb"


def changed(sealed: str) -> list[str]:
    return ["", "x", sealed[:-1], sealed + "x", "x" + sealed, sealed.replace(".", "", 1), "\ud800", "ü", "a.b", "." * 9]


@pytest.mark.parametrize("index", range(10))
def test_anything_else_is_refused(index: int):
    seal = Seal(SECRET)
    with pytest.raises(InvalidRequest, match="not made by this relay") as failure:
        seal.open(changed(seal.close("text"))[index])
    assert failure.value.param == "input"


def test_other_relay_does_not_open_it():
    with pytest.raises(InvalidRequest):
        Seal("rsig-" + "t" * 43).open(Seal(SECRET).close("text"))
