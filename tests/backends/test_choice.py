"""Which of several sessions gets a request, and what is said when none can."""

from __future__ import annotations

from typing import Any

import pytest
from support.links import settle
from support.office import Office, request

from relay.backends.policy import Policy
from relay.core.request import AssistantMessage, ResponseFormat, Text, Tool, ToolChoice, UserMessage
from relay.errors import (
    BackendThrottled,
    ContextLengthExceeded,
    ModelNotFound,
    SessionBlocked,
    SessionNotAvailable,
    UnsupportedFeature,
)

WITH_TOOLS = request(tools=(Tool(name="look"),))
JSON = request(response_format=ResponseFormat(type="json_object"))
REUSE = Policy(threads="reuse")
TALK = (
    UserMessage(content=(Text(text="Hi"),)),
    AssistantMessage(content=(Text(text="ok"),)),
    UserMessage(content=(Text(text="More"),)),
)


# ---------------------------------------------------------------- what a session cannot do itself


@pytest.mark.parametrize(("asked", "power"), [(WITH_TOOLS, "tools"), (JSON, "json_schema")])
async def test_session_that_can_do_it_itself_is_used_before_one_that_needs_help(asked: Any, power: str) -> None:
    office = Office()
    plain = await office.ready()
    able = await office.ready(capabilities={power: True}, limits={"concurrency": 2})
    able.in_flight = 1
    preferred = (await office.ask(asked))[0]
    able.in_flight = 2
    instead = (await office.ask(asked))[0]

    assert (preferred is able, instead is plain) == (True, True)


async def test_request_without_tools_goes_to_the_least_busy_of_both() -> None:
    office = Office()
    plain = await office.ready()
    able = await office.ready(capabilities={"tools": True}, limits={"concurrency": 2})
    able.in_flight = 1

    assert (await office.ask())[0] is plain


async def test_without_emulation_only_a_session_with_tools_is_used() -> None:
    office = Office(Policy(tools="native"))
    plain = await office.ready()
    with pytest.raises(UnsupportedFeature) as refusal:
        await office.ask(WITH_TOOLS)
    able = await office.ready(capabilities={"tools": True})
    plain.idle_since = -1

    assert "tools.mode" in refusal.value.message
    assert (await office.ask(WITH_TOOLS))[0] is able


async def test_mode_of_a_site_counts_before_the_general_one() -> None:
    office = Office(Policy(tools="native", tools_by_site={"chat.example": "emulated"}))
    await office.ready(capabilities={"tools": True})
    _, call = await office.ask(WITH_TOOLS)

    assert call.request.tools == ()


# ---------------------------------------------------------------- how long a prompt may be


async def test_too_long_a_prompt_is_told_with_both_lengths() -> None:
    office = Office()
    await office.ready(limits={"max_prompt_chars": 5})

    with pytest.raises(ContextLengthExceeded) as refusal:
        await office.ask(request("123456"))
    assert (refusal.value.message, refusal.value.param) == (
        "The prompt has 6 characters, the connected session takes 5.",
        "messages",
    )


async def test_session_that_takes_more_is_used() -> None:
    office = Office()
    await office.ready(limits={"max_prompt_chars": 1})
    roomy = await office.ready(limits={"max_prompt_chars": 2})

    assert (await office.ask())[0] is roomy


async def test_what_is_really_sent_is_measured() -> None:
    office = Office()
    await office.ready(limits={"max_prompt_chars": 100})
    roomy = await office.ready(limits={"max_prompt_chars": 100_000})
    big = Tool(name="look", description="x" * 200)
    with_tools = (await office.ask(request(tools=(big,))))[0]
    without = request(tools=(big,), tool_choice=ToolChoice(mode="none"))
    roomy.in_flight = 1
    _, call = await office.ask(without)

    assert (with_tools is roomy, call.request) == (True, request())


async def test_refusal_is_found_once_for_all_who_wait() -> None:
    office = Office()
    session = await office.ready(limits={"max_prompt_chars": 2})
    session.in_flight = 1
    waiting = office.begin()
    await settle()
    office.tell(session, limits={"max_prompt_chars": 2})
    await settle()
    still = not waiting.done()
    office.tell(session, limits={"max_prompt_chars": 1})

    assert still
    with pytest.raises(ContextLengthExceeded):
        await waiting


# ---------------------------------------------------------------- conversations


async def test_session_that_knows_the_conversation_is_used_before_others() -> None:
    office = Office(REUSE)
    knowing = await office.ready(capabilities={"reuse": True})
    dialogue = office.dialogue()
    await dialogue.answer("ok", conversation="c-1")
    await dialogue.events()
    other = await office.ready(capabilities={"reuse": True})
    other.idle_since = -1
    session, call = await office.ask(request(messages=TALK))

    assert (session is knowing, call.request.conversation) == (True, "c-1")


async def test_only_the_new_turn_of_a_known_conversation_has_to_fit() -> None:
    office = Office(REUSE)
    await office.ready(capabilities={"reuse": True}, limits={"max_prompt_chars": 4})
    dialogue = office.dialogue()
    await dialogue.answer("ok", conversation="c-1")
    await dialogue.events()
    _, call = await office.ask(request(messages=TALK))

    assert call.request.messages == TALK[2:]
    with pytest.raises(ContextLengthExceeded, match="has 8 characters"):
        await office.ask(request(messages=TALK))


# ---------------------------------------------------------------- models of pages that are not ready


async def test_model_of_a_page_that_starts_again_is_waited_for() -> None:
    office = Office()
    await office.ready(models=[{"id": "other"}])
    session = await office.ready(models=[{"id": "Big", "aliases": ["Demo"]}])
    office.tell(session, "starting", models=None)
    waiting = office.begin()
    await settle()
    still = not waiting.done()
    office.tell(session, models=None)

    assert still
    assert (await waiting)[0] is session


async def test_page_that_has_not_named_its_models_yet_is_waited_for() -> None:
    office = Office(grace=30)
    await office.ready(models=[{"id": "other"}])
    await office.attach()
    waiting = office.begin()
    await settle()
    still = not waiting.done()
    office.tick(30)

    assert still
    with pytest.raises(ModelNotFound):
        await waiting


async def test_model_of_another_page_that_starts_is_not_waited_for() -> None:
    office = Office()
    await office.ready(models=[{"id": "other"}])
    office.tell(await office.attach(), "starting", models=[{"id": "third"}])

    with pytest.raises(ModelNotFound):
        await office.ask()


async def test_page_that_has_the_model_but_cannot_answer_is_named() -> None:
    office = Office()
    await office.ready(models=[{"id": "other"}])
    session = await office.ready()
    office.tell(session, "login_required", models=None)

    with pytest.raises(SessionNotAvailable, match="not signed in: sign in there"):
        await office.ask()


@pytest.mark.parametrize(
    ("reason", "detail", "sentence"),
    [
        ("captcha", None, "held up: solve the captcha there."),
        ("consent", None, "held up: answer what the site asks your consent for there."),
        ("limit", None, "held up: the limit of the account is reached; wait until the site allows more."),
        ("verification", None, "held up: prove there that you are a person, or that the account is yours."),
        ("captcha", "Are you human?", "held up: Are you human?"),
    ],
)
async def test_blocked_page_says_what_to_do(reason: str, detail: str | None, sentence: str) -> None:
    office = Office()
    office.tell(await office.attach(), "blocked", reason=reason, detail=detail)

    with pytest.raises(SessionBlocked) as refusal:
        await office.ask()
    assert refusal.value.message == f"The page of chat.example is open but {sentence}"


# ---------------------------------------------------------------- nobody can serve


async def test_what_each_open_page_needs_is_told() -> None:
    office = Office()
    for word, detail in (("unavailable", "No model."), ("login_required", None), ("login_required", None)):
        office.tell(await office.attach(), word, detail=detail)

    with pytest.raises(SessionNotAvailable) as refusal:
        await office.ask()
    assert refusal.value.message == (
        "The page of chat.example is open but not signed in: sign in there. "
        "The page of chat.example is open but cannot answer: No model."
    )


async def test_page_that_is_held_up_could_serve_and_is_told_first() -> None:
    office = Office()
    office.tell(await office.attach(), "login_required")
    office.tell(await office.attach(), "blocked", reason="consent")

    with pytest.raises(SessionBlocked) as refusal:
        await office.ask()
    assert refusal.value.should_retry is False
    assert refusal.value.message == (
        "The page of chat.example is open but held up: answer what the site asks your consent for there. "
        "The page of chat.example is open but not signed in: sign in there."
    )


async def test_needs_of_a_crowd_are_cut_short() -> None:
    office = Office()
    for number in range(7):
        office.tell(await office.attach(), "login_required", detail=f"{number}.")

    with pytest.raises(SessionNotAvailable) as refusal:
        await office.ask()
    assert refusal.value.message.count("is open but") == 5


# ---------------------------------------------------------------- rest


async def test_sites_that_want_rest_are_not_queued_for() -> None:
    office = Office()
    for seconds in (30, 20):
        await office.ready()
        dialogue = office.dialogue()
        await dialogue.fail("rate_limited", retry_after=seconds)
        await settle()
    with pytest.raises(BackendThrottled) as refusal:
        await office.ask()
    office.tick(20)
    rested, _ = await office.ask()

    assert (refusal.value.retry_after, office.registry.queued) == (20, 0)
    assert rested is list(office.registry)[1]


async def test_session_that_needs_no_rest_is_waited_for() -> None:
    office = Office()
    await office.ready()
    await office.dialogue().fail("rate_limited", retry_after=30)
    busy = await office.ready()
    busy.in_flight = 1
    waiting = office.begin()
    await settle()
    still = not waiting.done()
    waiting.cancel()

    assert still
