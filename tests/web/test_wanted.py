"""Who should answer, as clients say it in each dialect."""

from typing import Any

import pytest
from werkzeug.datastructures import Headers

from relay.backends.base import Wanted
from relay.core.reasoning import Wish
from relay.core.request import Request, Text, UserMessage
from relay.errors import InvalidRequest
from relay.web.wanted import TALK_HEADERS, wanted_by

from .conftest import ANSWER, CHAT, Site

HI = Request(model="m", messages=(UserMessage(content=(Text(text="Hi"),)),))


def key(headers: dict[str, str] | None = None, owner: str = "key_1", thread: str | None = None, **fields: Any) -> Any:
    request = Request(model="m", messages=HI.messages, **fields)
    return wanted_by(Headers(headers or {}), owner, request, thread).key


def test_nothing_said():
    assert wanted_by(Headers(), "key_1", HI) == Wanted()


def test_session_by_header():
    assert wanted_by(Headers({"X-Relay-Session": "work"}), "key_1", HI) == Wanted(account="work")
    assert wanted_by(Headers({"x-relay-session": ""}), "key_1", HI) == Wanted()


def test_reasoning_by_header():
    assert wanted_by(Headers({"x-relay-reasoning": "off"}), "key_1", HI).reasoning == Wish(mode="off")
    with pytest.raises(InvalidRequest):
        wanted_by(Headers({"x-relay-reasoning": "much"}), "key_1", HI)


MARKS: tuple[dict[str, Any], ...] = (
    *({"headers": {name: "t"}} for name in TALK_HEADERS),
    {"extra": {"prompt_cache_key": "t"}},
    {"user": "t"},
    {"thread": "t"},
)


@pytest.mark.parametrize("mark", MARKS, ids=str)
def test_calls_of_one_mark_belong_together(mark: dict[str, Any]):
    assert key(**mark) == key(**mark) is not None
    assert key(**mark) not in {key(owner="key_2", **mark), None}
    assert key(**mark) != "t"


def test_marks_of_different_kinds_are_different():
    assert len({key(user="t"), key(thread="t"), key(extra={"prompt_cache_key": "t"}), key({"session_id": "t"})}) == 4


def test_what_comes_with_every_call_counts_first():
    most = {"headers": {"session_id": "s"}, "extra": {"prompt_cache_key": "c"}, "user": "u", "thread": "t"}
    assert key(**most) == key({"session_id": "s"})
    del most["headers"]
    assert key(**most) == key(extra={"prompt_cache_key": "c"})
    del most["extra"]
    assert key(**most) == key(user="u")


@pytest.mark.parametrize("value", [None, 1, ["x"], ""])
def test_cache_key_that_is_no_text(value: Any):
    assert key(extra={"prompt_cache_key": value}) is None


def test_any_text_is_a_mark():
    assert key(user="\ud800\0") is not None


async def test_chat(site: Site):
    await site.chat(CHAT | {"prompt_cache_key": "c"})
    await site.chat(CHAT | {"user": "c"}, headers={"x-relay-session": "work"})
    one, other = site.backend.wanted
    assert one == Wanted(key=key(owner="id-cline", extra={"prompt_cache_key": "c"}))
    assert other == Wanted(account="work", key=key(owner="id-cline", user="c"))


async def test_messages(site: Site):
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    await site.ask("POST", "/v1/messages", json=body, headers={"x-claude-code-session-id": "s"})
    assert site.backend.wanted == [Wanted(key=key({"session_id": "s"}, owner="id-cline"))]


async def test_conversation_of_responses_belongs_together(site: Site):
    site.backend.script = [ANSWER]
    body = {"model": "m", "input": "Hi"}
    first = await (await site.ask("POST", "/v1/responses", json=body)).get_json()
    for _ in range(2):
        await site.ask("POST", "/v1/responses", json=body | {"previous_response_id": first["id"]})
    await site.ask("POST", "/v1/responses", json=body)
    keys = [wanted.key for wanted in site.backend.wanted]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


async def test_cache_key_of_responses(site: Site):
    for background in (False, True):
        body = {"model": "m", "input": "Hi", "prompt_cache_key": "c", "background": background}
        await site.ask("POST", "/v1/responses", json=body)
    await site.desk.background.runs.close()
    await site.ask("POST", "/v1/responses/compact", json={"model": "m", "input": "Hi", "prompt_cache_key": "c"})
    assert len({wanted.key for wanted in site.backend.wanted}) == 1


async def test_wrong_wish_is_a_refusal(site: Site):
    response = await site.chat(CHAT | {"stream": True}, headers={"x-relay-reasoning": "much"})
    assert response.status_code == 400
