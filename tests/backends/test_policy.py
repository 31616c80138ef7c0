from __future__ import annotations

from typing import Any

import pytest
from support.office import Office

from relay.backends.policy import Policy


@pytest.mark.parametrize(
    ("policy", "native", "emulates"),
    [
        (Policy(), True, False),
        (Policy(), False, True),
        (Policy(tools="native"), False, False),
        (Policy(tools="emulated"), True, True),
        (Policy(tools="emulated", tools_by_site={"chat.example": "native"}), False, False),
        (Policy(tools="native", tools_by_site={"other.example": "emulated"}), False, False),
    ],
)
async def test_tools_are_emulated(policy: Policy, native: bool, emulates: bool) -> None:
    session = await Office().ready(capabilities={"tools": native})

    assert policy.emulates_tools(session) is emulates


@pytest.mark.parametrize(
    ("policy", "able", "reuses"),
    [
        (Policy(), True, False),
        (Policy(threads="reuse"), True, True),
        (Policy(threads="reuse"), False, False),
        (Policy(threads_by_site={"chat.example": "reuse"}), True, True),
        (Policy(threads="reuse", threads_by_site={"chat.example": "fresh"}), True, False),
    ],
)
async def test_conversations_are_gone_on_with(policy: Policy, able: bool, reuses: Any) -> None:
    session = await Office().ready(capabilities={"reuse": able})

    assert policy.reuses_threads(session) is reuses
