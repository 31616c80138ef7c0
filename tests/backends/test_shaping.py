"""What a page is sent."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from support.office import Office, request, text_of

from relay.core.flatten import NOTICE
from relay.core.request import (
    AssistantMessage,
    File,
    Image,
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
