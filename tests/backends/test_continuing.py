"""Conversations of the site that calls go on in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.bridge import done, fail, texts
from support.links import FakeLink, settle
from support.office import Office, request, text_of

from relay.backends.policy import Policy
from relay.core.answer import Answer, Collector
from relay.core.events import FinishReason
from relay.core.request import AssistantMessage, Message, Request, ResponseFormat, Text, Tool, ToolMessage, UserMessage
from relay.errors import BackendFailed

REUSE = Policy(threads="reuse")
LOOK = Tool(name="look")
CALL = f"```tool_call\n{json.dumps({'tool_call': {'name': 'look', 'arguments': {}}})}\n```"


def user(text: str) -> UserMessage:
    return UserMessage(content=(Text(text=text),))


async def office_with_reuse(policy: Policy = REUSE, **powers: bool) -> Office:
    office = Office(policy)
    await office.ready(capabilities={"reuse": True} | powers)
    return office


async def talk(office: Office, asked: Request, *pieces: str, conversation: str | None = "c-1") -> Answer:
    """Ask, and let the page answer with `pieces`."""
    dialogue = office.dialogue(asked)
    await dialogue.answer(*pieces, conversation=conversation)
    collector = Collector()
    collector.feed(await dialogue.events())
    return collector.result()


def after(asked: Request, answer: Answer, *new: Message) -> Request:
    """What a client sends that got `answer`."""
    back = AssistantMessage(content=answer.content, tool_calls=answer.tool_calls)
    fields: dict[str, Any] = {"tools": asked.tools, "response_format": asked.response_format}
    return request(messages=(*asked.messages, back, *new), **fields)


async def test_next_turn_goes_on_with_only_what_is_new() -> None:
    office = await office_with_reuse()
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    dialogue = office.dialogue(second)
    asked = await dialogue.answer("fine", conversation="c-1")
    collector = Collector()
    collector.feed(await dialogue.events())
    _, call = await office.ask(after(second, collector.result(), user("Still more")))

    assert (asked.conversation, asked.messages) == ("c-1", (user("More"),))
    assert (call.request.conversation, call.request.messages) == ("c-1", (user("Still more"),))


@pytest.mark.parametrize("policy", [Policy(), Policy(threads="reuse", threads_by_site={"chat.example": "fresh"})])
async def test_by_default_every_call_is_a_new_conversation(policy: Policy) -> None:
    office = await office_with_reuse(policy)
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    _, call = await office.ask(second)

    assert (call.request.conversation, call.request.messages) == (None, second.messages)


async def test_page_that_names_no_conversation_gets_all() -> None:
    office = await office_with_reuse()
    first = request("Hi")
    second = after(first, await talk(office, first, "ok", conversation=None), user("More"))

    assert (await office.ask(second))[1].request.messages == second.messages


async def test_changed_history_is_a_new_conversation() -> None:
    office = await office_with_reuse()
    await talk(office, request("Hi"), "ok")
    edited = request(messages=(user("Hi!"), AssistantMessage(content=(Text(text="ok"),)), user("More")))

    assert (await office.ask(edited))[1].request.conversation is None


async def test_conversation_that_is_open_no_more_is_told_all_in_a_new_one() -> None:
    office = await office_with_reuse()
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    dialogue = office.dialogue(second)
    await dialogue.fail("again")
    asked = await dialogue.answer("fine", conversation="c-2")
    collector = Collector()
    collector.feed(await dialogue.events())
    _, call = await office.ask(after(second, collector.result(), user("Still more")))

    assert (asked.conversation, asked.messages) == (None, second.messages)
    assert call.request.conversation == "c-2"


async def test_other_session_that_knows_the_conversation_goes_on_after_again() -> None:
    office = await office_with_reuse()
    knowing = next(iter(office.registry))
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    other = await office.ready(capabilities={"reuse": True})
    knowing.in_flight = 1
    dialogue = office.dialogue(second)
    session, call = await dialogue.next_call()
    knowing.in_flight = 0
    office.tell(other, "starting")
    other.receive(fail(0, "again", call.call), 1)
    asked = await dialogue.answer("fine")

    assert session is other
    assert (asked.conversation, asked.messages) == ("c-1", (user("More"),))


@pytest.mark.parametrize("how", ["cancelled", "failed", "left"])
async def test_conversation_whose_answer_the_client_did_not_get_is_not_used_again(how: str) -> None:
    office = await office_with_reuse()
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    dialogue = office.dialogue(second)
    if how == "failed":
        await dialogue.fail("upstream", "a")
        with pytest.raises(BackendFailed):
            await dialogue.events()
    elif how == "cancelled":
        await dialogue.next_call()
        await dialogue.cancel()
    else:
        _, call = await dialogue.next_call()
        next(iter(office.registry)).receive(texts(0, "a", call=call.call), 1)
        await settle()
        await dialogue.cancel()
    _, call = await office.ask(second)

    assert call.request.conversation is None


async def test_client_that_leaves_with_the_last_event_keeps_nothing() -> None:
    office = await office_with_reuse()
    session = next(iter(office.registry))

    async def leave() -> None:
        async with office.backend.open(request("Hi")) as reply:
            _, call = office.sent()
            session.receive(texts(0, "ok", call=call.call), 1)
            session.receive(done(1, call.call), 1)
            async for _ in reply.events():
                raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await leave()
    _, call = await office.ask(after(request("Hi"), _answer("ok"), user("More")))

    assert call.request.conversation is None


async def test_answer_of_which_the_client_took_a_part_is_not_gone_on_with() -> None:
    office = await office_with_reuse()
    session = next(iter(office.registry))
    async with office.backend.open(request("Hi")) as reply:
        _, call = office.sent()
        session.receive(texts(0, "ok, more", call=call.call), 1)
        await anext(reply.events())
    _, call = await office.ask(after(request("Hi"), _answer("ok"), user("More")))

    assert call.request.conversation is None


def _answer(text: str) -> Answer:
    return Answer(model="demo", content=(Text(text=text),), finish_reason=FinishReason.STOP)


async def test_emulated_tools_are_declared_once_in_a_conversation() -> None:
    office = await office_with_reuse(single_prompt=True)
    first = request("Hi", tools=(LOOK,))
    answer = await talk(office, first, "I look. ", CALL)
    (made,) = answer.tool_calls
    dialogue = office.dialogue(after(first, answer, ToolMessage(call_id=made.id, content=(Text(text="a cat"),))))
    asked = await dialogue.answer("A cat.", conversation="c-1")

    assert (asked.conversation, "a cat" in text_of(asked)) == ("c-1", True)
    assert not any(each in text_of(asked) for each in ("# Tools", "Hi", "I look."))


async def test_other_call_ids_are_another_history() -> None:
    office = await office_with_reuse()
    first = request("Hi", tools=(LOOK,))
    answer = await talk(office, first, CALL)
    (made,) = answer.tool_calls
    back = AssistantMessage(tool_calls=(type(made)(id="mine", name=made.name, arguments=made.arguments),))
    result = ToolMessage(call_id="mine", content=(Text(text="a cat"),))
    _, call = await office.ask(request(messages=(user("Hi"), back, result), tools=(LOOK,)))

    assert call.request.conversation is None


async def test_conversation_with_a_correction_in_it_is_not_gone_on_with() -> None:
    office = await office_with_reuse()
    first = request("Hi", response_format=ResponseFormat(type="json_object"))
    dialogue = office.dialogue(first)
    await dialogue.answer("no", conversation="c-1")
    corrected = await dialogue.answer("{}", conversation="c-2")
    collector = Collector()
    collector.feed(await dialogue.events())
    _, call = await office.ask(after(first, collector.result(), user("More")))

    assert corrected.conversation is None
    assert call.request.conversation is None


async def test_two_clients_are_never_in_one_conversation() -> None:
    office = await office_with_reuse()
    session = next(iter(office.registry))
    office.tell(session, limits={"concurrency": 2})
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    one, two = office.dialogue(second), office.dialogue(second)
    await settle()
    calls = [call.request.conversation for _, call in office.all_sent()]
    for dialogue in (one, two):
        await dialogue.cancel()

    assert sorted(calls, key=str) == [None, "c-1"]


async def test_session_that_reloaded_keeps_its_conversations() -> None:
    office = await office_with_reuse()
    session = next(iter(office.registry))
    first = request("Hi")
    second = after(first, await talk(office, first, "ok"), user("More"))
    office.lose(session, page_gone=True)
    await office.attach(FakeLink(), session=session.id)
    office.tell(session)

    assert (await office.ask(second))[1].request.conversation == "c-1"


async def test_page_that_cannot_go_on_any_more_gets_all() -> None:
    office = await office_with_reuse()
    session = next(iter(office.registry))
    dialogue = office.dialogue(request("Hi"))
    await settle()
    office.tell(session, capabilities={})
    await dialogue.answer("ok", conversation="c-1")
    await dialogue.events()
    office.tell(session, capabilities={"reuse": True})
    _, call = await office.ask(after(request("Hi"), _answer("ok"), user("More")))

    assert call.request.conversation is None
