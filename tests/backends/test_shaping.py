"""What a page is sent."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from support.office import Office, request, text_of

from relay.backends.base import ANY
from relay.core.flatten import NOTICE
from relay.core.request import (
    AssistantMessage,
    File,
    Image,
    Proof,
    Request,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.errors import ContextLengthExceeded

HISTORY = (
    SystemMessage(content=(Text(text="Be brief."),)),
    UserMessage(content=(Text(text="Hi"),)),
    AssistantMessage(content=(Text(text="Yes?"),)),
    UserMessage(content=(Text(text="Look"), Image(url="data:,"))),
)
POWERS = {"single_prompt": True, "files": True, "prompt_file": True, "images": True}


async def sent(asked: Any, **fields: Any) -> Any:
    office = Office()
    await office.ready(**fields)
    _, call = await office.ask(asked)
    return call.request


async def test_page_that_takes_messages_gets_them_as_they_are() -> None:
    asked = request(messages=HISTORY)

    assert await sent(asked, capabilities={"images": True}) == asked


PROVEN = (
    UserMessage(content=(Text(text="Hi"),)),
    AssistantMessage(content=(Text(text="Yes?"),), reasoning="why", proofs=(Proof(kind="k", data="d"),)),
    UserMessage(content=(Text(text="Look"),)),
)


def recalled(asked: Request, account: str, model: str) -> Request:
    return msgspec.structs.replace(asked, user=f"{account} {model}")


async def sent_with_recall(**fields: Any) -> Any:
    office = Office()
    session = await office.ready(**fields)
    async with office.backend.open(request(messages=PROVEN), ANY, recalled):
        return session, office.sent()[1].request


async def test_page_that_takes_no_reasoning_back_gets_none() -> None:
    _, got = await sent_with_recall()

    assert (got.messages[1], got.user) == (AssistantMessage(content=(Text(text="Yes?"),)), None)


async def test_page_gets_back_what_its_login_gave() -> None:
    _, got = await sent_with_recall(
        capabilities={"reasoning_history": True}, account={"id": "u-1"}, models=[{"id": "demo"}]
    )

    assert got.user == "chat.example u-1 demo"


async def test_page_whose_login_is_unknown_gets_back_what_the_session_gave() -> None:
    session, got = await sent_with_recall(capabilities={"reasoning_history": True})

    assert got.user == f"{session.id} demo"


async def test_page_that_takes_reasoning_back_gets_what_the_client_sent() -> None:
    got = await sent(request(messages=PROVEN), capabilities={"reasoning_history": True})

    assert got.messages == PROVEN


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [(["reasoning_budget"], (None, 8192)), (["reasoning_effort"], ("medium", None)), ([], ("medium", None))],
)
async def test_page_is_asked_for_reasoning_in_its_own_way(parameters: list[str], expected: Any) -> None:
    got = await sent(request(reasoning_effort="medium"), capabilities={"parameters": parameters})

    assert (got.reasoning_effort, got.reasoning_budget) == expected


async def test_page_that_takes_one_prompt_gets_one() -> None:
    got = await sent(request(messages=HISTORY), capabilities=POWERS)
    (message,) = got.messages

    assert isinstance(message, UserMessage)
    assert [type(part) for part in message.content] == [Text, Image]
    assert all(each in text_of(got) for each in ("Be brief.", "Hi", "Yes?", "Look"))


async def test_prompt_that_is_too_long_goes_as_a_file() -> None:
    got = await sent(request("x" * 200), capabilities=POWERS, limits={"max_prompt_chars": 199})
    notice, file = got.messages[0].content

    assert notice == Text(text=NOTICE)
    assert isinstance(file, File)
    assert file.data is not None
    assert file.data.startswith("data:text/markdown")


@pytest.mark.parametrize("single", [True, False])
async def test_file_holds_all_that_was_said(single: bool) -> None:
    long = request(messages=(*HISTORY, UserMessage(content=(Text(text="x" * 200),))))
    got = await sent(long, capabilities=POWERS | {"single_prompt": single}, limits={"max_prompt_chars": 200})
    _, file, image = got.messages[0].content
    told = base64.b64decode(file.data.partition(",")[2]).decode()

    assert (image, len(got.messages)) == (Image(url="data:,"), 1)
    assert all(each in told for each in ("Be brief.", "Hi", "Yes?", "x" * 200))
    assert told.count("This is our conversation so far") == 1


@pytest.mark.parametrize(
    ("powers", "limit"), [({"files": False}, 150), ({"prompt_file": False}, 150), ({}, len(NOTICE) - 1)]
)
async def test_prompt_that_cannot_go_as_a_file_is_refused(powers: dict[str, bool], limit: int) -> None:
    with pytest.raises(ContextLengthExceeded, match=f"has 200 characters, the connected session takes {limit}"):
        await sent(request("x" * 200), capabilities=POWERS | powers, limits={"max_prompt_chars": limit})


@pytest.mark.parametrize("limit", [2, 3])
async def test_prompt_that_just_fits_is_typed(limit: int) -> None:
    assert await sent(request("Hi"), capabilities=POWERS, limits={"max_prompt_chars": limit}) == request("Hi")


async def test_history_with_calls_becomes_text_for_a_page_without_tools() -> None:
    messages = (
        UserMessage(content=(Text(text="Hi"),)),
        AssistantMessage(tool_calls=(ToolCall(id="t", name="look", arguments="{}"),)),
        ToolMessage(call_id="t", content=(Text(text="a cat"),)),
    )
    got = await sent(request(messages=messages, tools=(Tool(name="look"),)))

    assert [type(message) for message in got.messages] == [SystemMessage, UserMessage, AssistantMessage, UserMessage]
    assert "a cat" in text_of(got)
