"""How many requests run at once."""

import asyncio

import pytest

from relay.errors import Overloaded, ShuttingDown
from relay.gateway.admission import Admission


def test_key_has_its_own_bound():
    admission = Admission(per_key=2, total=9)
    with admission.enter("a"), admission.enter("a"):
        with pytest.raises(Overloaded, match="already has 2 requests") as refused, admission.enter("a"):
            pass
        with admission.enter("b"):
            assert admission.in_flight == 3
    assert refused.value.retry_after == 1.0
    assert admission.in_flight == 0


def test_all_keys_share_a_bound():
    admission = Admission(per_key=2, total=2)
    with admission.enter("a"), admission.enter("b"):
        with pytest.raises(Overloaded, match="relay already has 2"), admission.enter("c"):
            pass
        assert admission.in_flight == 2
    with admission.enter("c"):
        assert admission.in_flight == 1


def test_failed_request_gives_its_place_back():
    admission = Admission(per_key=1, total=1)
    with pytest.raises(KeyError), admission.enter("a"):
        raise KeyError
    with admission.enter("a"):
        assert admission.in_flight == 1


async def test_draining_refuses_what_is_new_and_waits_for_what_runs():
    admission = Admission(per_key=9, total=9)
    with admission.enter("a"):
        admission.drain()
        with pytest.raises(ShuttingDown) as refused, admission.enter("a"):
            pass
        idle = asyncio.ensure_future(admission.idle())
        await asyncio.sleep(0)
        assert not idle.done()
    await idle
    assert refused.value.retry_after == 5.0


async def test_whoever_waits_for_the_draining_is_told():
    admission = Admission(per_key=1, total=1)
    waiting = asyncio.ensure_future(admission.drains())
    await asyncio.sleep(0)
    assert not waiting.done()
    admission.drain()
    await waiting
    with pytest.raises(ShuttingDown):
        admission.check("a")
