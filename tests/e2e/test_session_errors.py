"""What keeps a session from answering reaches the client in the form of its API, with what a person should do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from stack.relay import Relay
from stack.text_page import TextPage, text_page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

OPEN = "The page of text.example is open but"


@pytest_asyncio.fixture(loop_scope="session")
async def chat(relay: Relay) -> AsyncIterator[TextPage]:
    async with text_page(relay) as page:
        yield page


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_prompt_that_is_too_long_is_refused_with_the_numbers(relay: Relay, chat: TextPage, stream: bool) -> None:
    await chat.tell(limits={"max_prompt_chars": 10})
    reply = await relay.client.chat("chat", "x" * 11, stream=stream)

    assert (reply.status, reply.json()["error"]) == (
        400,
        {
            "message": "The prompt has 11 characters, the connected session takes 10.",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        },
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"word": "login_required"}, f"{OPEN} not signed in: sign in there."),
        ({"word": "login_required", "detail": "Sign in to Chat."}, f"{OPEN} not signed in: Sign in to Chat."),
        (
            {"word": "site_changed"},
            f"{OPEN} not as relay knows it: teach relay the site again, or mend its description.",
        ),
        ({"word": "unavailable", "detail": "No model."}, f"{OPEN} cannot answer: No model."),
    ],
)
async def test_page_that_needs_a_person_says_for_what(
    relay: Relay, chat: TextPage, state: dict[str, Any], sentence: str
) -> None:
    await chat.tell(**state)
    reply = await relay.client.chat("chat")

    assert (reply.status, reply.headers["x-should-retry"]) == (401, "false")
    assert reply.json()["error"] == {
        "message": sentence,
        "type": "authentication_error",
        "param": None,
        "code": "session_not_available",
    }


async def test_page_that_is_held_up_says_by_what(relay: Relay, chat: TextPage) -> None:
    await chat.tell(word="blocked", reason="captcha")
    reply = await relay.client.chat("chat")

    assert (reply.status, reply.headers["x-should-retry"]) == (503, "false")
    assert reply.json()["error"] == {
        "message": f"{OPEN} held up: solve the captcha there.",
        "type": "server_error",
        "param": None,
        "code": "session_blocked",
    }


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ({"kind": "login_required"}, 503, "login_required"),
        ({"kind": "blocked"}, 503, "session_blocked"),
        ({"kind": "site_changed"}, 502, "upstream_error"),
        ({"kind": "context_length_exceeded"}, 400, "context_length_exceeded"),
    ],
)
async def test_failure_of_a_call_is_told(
    relay: Relay, chat: TextPage, failure: dict[str, Any], status: int, code: str
) -> None:
    await chat.tell()
    chat.script = [failure]
    reply = await relay.client.chat("chat")

    assert (reply.status, reply.json()["error"]["code"]) == (status, code)


async def test_site_that_wants_rest_is_asked_once(relay: Relay, chat: TextPage) -> None:
    await chat.tell()
    chat.script = [{"kind": "rate_limited", "retry_after": 30}]
    replies = [await relay.client.chat("chat") for _ in range(2)]

    assert [reply.status for reply in replies] == [429, 429]
    assert [29 <= int(reply.headers["retry-after"]) <= 30 for reply in replies] == [True, True]
    assert len(chat.requests) == 1


async def test_page_that_asks_again_three_times_is_an_error(relay: Relay, chat: TextPage) -> None:
    await chat.tell()
    chat.script = [{"kind": "again", "message": "The chat did not open."}] * 3
    reply = await relay.client.chat("chat")

    assert (reply.status, reply.json()["error"]["message"]) == (502, "The chat did not open.")
    assert (chat.script, (await relay.health()).status) == ([], 200)
