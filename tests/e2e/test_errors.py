"""What goes wrong at the site reaches the client as an honest error in the form of its API."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from puter_emulator import PuterEmulator
from stack.client import ApiClient, said
from stack.fixtures import Desk
from stack.page import ready, sign_in
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


class Refused(NamedTuple):
    """A model that fails before its first word, and what the client is told."""

    model: str
    status: int
    code: str


REFUSED = (
    Refused("ollama:ollama/limit", 429, "rate_limit_exceeded"),
    Refused("no-funds", 429, "insufficient_quota"),
    Refused("moderated", 400, "content_filter"),
    Refused("unavailable", 502, "upstream_error"),
    Refused("ollama:ollama/boom", 502, "upstream_error"),
    Refused("html", 502, "upstream_error"),
    Refused("driver-error", 502, "upstream_error"),
)
BROKEN = {
    "ollama:ollama/break": "upstream_error",
    "truncated": "upstream_truncated",
    "torn": "upstream_truncated",
    "cut": "upstream_truncated",
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.model)
async def test_refusal_is_an_http_error(api: ApiClient, case: Refused, stream: bool) -> None:
    reply = await api.chat(case.model, stream=stream)

    assert (reply.status, reply.json()["error"]["code"]) == (case.status, case.code)


@pytest.mark.usefixtures("signed_in_page")
async def test_site_that_asks_for_a_pause_is_left_alone_until_then(puter: PuterEmulator, relay: Relay) -> None:
    first = await relay.client.chat("limited")
    others = [await relay.client.chat("echo"), await relay.client.chat("limited", stream=True)]

    assert (first.status, first.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert first.headers["retry-after"] == "2"
    assert [(reply.status, reply.json()["error"]["code"]) for reply in others] == [(429, "rate_limit_exceeded")] * 2
    assert all(1 <= int(reply.headers["retry-after"]) <= 2 for reply in others)
    assert len(puter.calls) == 1


async def test_unknown_model_is_not_found(api: ApiClient) -> None:
    reply = await api.chat("no-such-model")

    assert (reply.status, reply.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(("model", "code"), BROKEN.items())
async def test_broken_stream_ends_with_an_error_event(api: ApiClient, model: str, code: str) -> None:
    async with api.stream(model) as answer:
        seen = said([event async for event in answer.events()])

    assert answer.status == 200
    assert seen.text in {"Half a ", "Hello wörld 😀!"}
    assert seen.error is not None
    assert (seen.error["code"], seen.finish_reason) == (code, None)


@pytest.mark.parametrize(("model", "code"), BROKEN.items())
async def test_broken_answer_is_never_returned_whole(api: ApiClient, model: str, code: str) -> None:
    reply = await api.chat(model)

    assert (reply.status, reply.json()["error"]["code"]) == (502, code)


async def test_line_that_is_not_json_ends_the_answer_with_an_error(api: ApiClient) -> None:
    reply = await api.chat("malformed")

    assert (reply.status, reply.json()["error"]["code"]) == (502, "upstream_truncated")


async def test_ended_login_asks_for_a_new_one(puter: PuterEmulator, desk: Desk) -> None:
    puter.revoke_tokens()

    first = await desk.client.chat("echo")
    second = await desk.client.chat("echo")
    calls_while_signed_out = len(puter.calls)
    await sign_in(desk.page)
    await ready(desk.relay)
    third = await desk.client.chat("echo", "again")

    codes = [(reply.status, reply.json()["error"]["code"]) for reply in (first, second)]
    assert codes == [(503, "login_required"), (401, "session_not_available")]
    assert calls_while_signed_out == 0
    assert third.json()["choices"][0]["message"]["content"] == "again"
