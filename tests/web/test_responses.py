"""The Responses API over HTTP: kept, gone on from, in the background, counted, compacted."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from quart import Response
from support import responses as strict

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.request import AssistantMessage, SystemMessage, Text, ToolCall, ToolMessage, UserMessage
from relay.errors import SessionLost
from relay.gateway.responses.compacting import ORDER

from ..gateway.fakes import Key
from .conftest import ANSWER, Logged, Make, Site

OTHER = "sk-relay-" + "o" * 43
HI = {"model": "m", "input": "Hi"}
CALL: list[Event] = [
    Started("m"),
    ToolCallStarted(0, "call_1", "look"),
    ToolCallDelta(0, '{"a":1}'),
    ToolCallEnded(0),
    Finished(FinishReason.TOOL_CALLS),
]
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
THOUGHT: list[Event] = [Started("m"), ReasoningDelta("secret plan"), TextDelta("Hello"), Finished(FinishReason.STOP)]


def add_key(site: Site, secret: str) -> None:
    site.keys.keys[hashlib.sha256(secret.encode()).hexdigest()] = Key("id-other", "other")


async def post(site: Site, body: Any = HI, path: str = "/v1/responses", **more: Any) -> Response:
    return await site.ask("POST", path, json=body, **more)


async def read(response: Response) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(await response.get_data())
    return parsed


async def create(site: Site, **body: Any) -> dict[str, Any]:
    """Send a request and return the response, which must be right in every detail."""
    response = await post(site, HI | body)
    assert response.status_code == 200, await response.get_data()
    return strict.whole(bytes(await response.get_data()))


async def fetch(site: Site, path: str, **more: Any) -> dict[str, Any]:
    return await read(await site.ask("GET", f"/v1/responses/{path}", **more))


async def code(response: Response) -> tuple[int, str]:
    return response.status_code, (await read(response))["error"]["code"]


def texts(response: dict[str, Any]) -> list[str]:
    return [part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"]]


def said(site: Site) -> list[Any]:
    """What the backend was told last: role and text, or the call."""
    told: list[Any] = []
    for message in site.backend.requests[-1].messages:
        match message:
            case AssistantMessage(tool_calls=(ToolCall(name=name, arguments=arguments),)):
                told.append((name, arguments))
            case SystemMessage() | UserMessage() | AssistantMessage() | ToolMessage():
                told.append(
                    (message.__struct_config__.tag, "".join(p.text for p in message.content if isinstance(p, Text)))
                )
    return told


async def eventually(true: Callable[[], Any]) -> None:
    while not true():
        await asyncio.sleep(0)


# --- created, streamed, kept


async def test_answer_is_whole_and_kept(site: Site):
    made = await create(site, metadata={"a": "b"})
    assert (texts(made), made["status"], made["store"], made["metadata"]) == (["Hello"], "completed", True, {"a": "b"})
    assert await fetch(site, made["id"]) == made


async def test_stream_is_kept_event_by_event(site: Site):
    site.backend.script = [[Started("m"), TextDelta("Hel")], [TextDelta("lo"), Finished(FinishReason.STOP)]]
    response = await post(site, HI | {"stream": True})
    stream = bytes(await response.get_data())
    assert response.headers["Content-Type"] == "text/event-stream"
    final = strict.stream(stream)
    again = await site.ask("GET", f"/v1/responses/{final['id']}?stream=true")
    assert await again.get_data() == stream
    assert again.headers["Content-Type"] == "text/event-stream"
    rest = await site.ask("GET", f"/v1/responses/{final['id']}?stream=true&starting_after=3")
    assert stream.endswith(bytes(await rest.get_data()))
    assert strict.sse_events(bytes(await rest.get_data()))[0]["sequence_number"] == 4


async def test_whole_answer_can_be_streamed_later(site: Site):
    made = await create(site)
    stream = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true&include[]=x")
    assert strict.stream(bytes(await stream.get_data())) == made


async def test_events_past_the_last(site: Site):
    made = await create(site)
    stream = strict.sse_events(
        bytes(await (await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")).get_data())
    )
    last = len(stream) - 1
    rest = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true&starting_after={last}")
    assert await rest.get_data() == b"data: [DONE]\n\n"
    beyond = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true&starting_after={last + 1}")
    assert await code(beyond) == (400, "invalid_request")


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "9" * 20, "%D9%A3", ""])
async def test_number_that_is_none(site: Site, number: str):
    made = await create(site)
    response = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true&starting_after={number}")
    assert await code(response) == (400, "invalid_request")


async def test_too_many_events_are_not_kept(make_site: Make):
    site = await make_site(desk_changes={"most_bytes": 1200})
    site.backend.script = [ANSWER]
    made = await create(site)
    assert await fetch(site, made["id"]) == made
    assert await code(await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")) == (400, "invalid_request")


async def test_chain_of_thought_is_told_and_not_kept(site: Site):
    site.backend.script = [THOUGHT]
    response = await post(site, HI | {"stream": True})
    stream = bytes(await response.get_data())
    final = strict.stream(stream)
    assert b"secret plan" in stream
    kept = await fetch(site, final["id"])
    [thought, message] = kept["output"]
    assert (thought["summary"], message) == ([{"type": "summary_text", "text": ""}], final["output"][1])
    again = bytes(await (await site.ask("GET", f"/v1/responses/{final['id']}?stream=true")).get_data())
    assert b"secret plan" not in again
    assert [e["sequence_number"] for e in strict.sse_events(again)] == list(range(len(strict.sse_events(stream))))
    assert all(b"secret plan" not in record.response + record.events for record in site.stored.kept.values())


INLINE = {"headers": {"x-relay-reasoning": "inline"}}


@pytest.mark.parametrize("before", [[], [TextDelta("Well.")]], ids=["first", "later"])
@pytest.mark.parametrize("end", [[Finished(FinishReason.STOP)], SessionLost("gone")], ids=["whole", "broken"])
async def test_thought_in_the_text_is_kept_neither(site: Site, before: list[Event], end: Any):
    thought = [ReasoningDelta("secret "), ReasoningDelta("plan"), TextDelta("Hello")]
    site.backend.script = [[Started("m"), *before, *thought], end]
    stream = bytes(await (await post(site, HI | {"stream": True}, **INLINE)).get_data())
    final = strict.stream(stream)
    assert b"<think>secret plan" in stream
    kept = await fetch(site, final["id"])
    assert "secret" not in json.dumps(kept)
    answer = "Well.Hello" if before else "Hello"
    assert [item["content"][0]["text"] for item in kept["output"]] == (
        [answer] if kept["status"] == "completed" else []
    )
    again = await site.ask("GET", f"/v1/responses/{final['id']}?stream=true")
    assert await code(again) == (400, "invalid_request")
    assert all(b"secret" not in record.response + record.events for record in site.stored.kept.values())


async def test_thought_in_the_text_of_what_is_cancelled_is_not_kept(site: Site):
    site.backend.script = [[Started("m"), ReasoningDelta("secret plan"), TextDelta("Hello")], asyncio.Event()]
    made = await read(await post(site, HI | {"background": True}, **INLINE))
    await eventually(lambda: site.backend.open_replies)
    await asyncio.sleep(0)
    await post(site, {}, f"/v1/responses/{made['id']}/cancel")
    await site.desk.shelf.flush()
    record = site.stored.kept[made["id"]]
    assert (record.status, b"secret" in record.response + record.events) == ("cancelled", False)


async def test_store_false_is_kept_nowhere(site: Site):
    made = await create(site, store=False)
    await site.desk.shelf.flush()
    assert (made["store"], site.stored.kept) == (False, {})
    assert await code(await site.ask("GET", f"/v1/responses/{made['id']}")) == (404, "response_not_found")
    assert await code(await post(site, HI | {"previous_response_id": made["id"]})) == (
        400,
        "previous_response_not_found",
    )


async def test_nothing_is_kept_when_no_days_are(make_site: Make):
    site = await make_site(desk_changes={"days": 0.0})
    site.backend.script = [ANSWER]
    made = await create(site)
    assert made["store"] is False
    assert await code(await site.ask("GET", f"/v1/responses/{made['id']}")) == (404, "response_not_found")
    refused = await post(site, HI | {"background": True})
    assert await code(refused) == (400, "invalid_request")


async def test_failure_is_kept_as_one(site: Site):
    site.backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("gone")]
    response = await post(site, HI | {"stream": True})
    final = strict.stream(bytes(await response.get_data()))
    assert (final["status"], final["error"]["code"]) == ("failed", "bridge_disconnected")
    assert await fetch(site, final["id"]) == final
    refused = await post(site, HI | {"previous_response_id": final["id"]})
    assert await code(refused) == (400, "invalid_request")


async def test_failure_before_anything_is_a_status(site: Site):
    site.backend.refusal = SessionLost("gone")
    response = await post(site, HI | {"stream": True})
    assert await code(response) == (503, "bridge_disconnected")
    assert site.stored.kept == {}


async def test_version_header_is_accepted(site: Site):
    response = await post(site, headers={"OpenResponses-Version": "latest"})
    assert response.status_code == 200


async def test_ignored_fields_are_named(site: Site):
    response = await post(site, HI | {"tools": [{"type": "web_search"}]})
    assert response.headers["x-relay-dropped"] == "tools.web_search"


@pytest.mark.parametrize("body", [{"model": "m"}, {"input": [{"type": "nonsense"}]}, {"input": 1}, []])
async def test_malformed_request(site: Site, body: Any):
    response = await post(site, body)
    error = (await read(response))["error"]
    assert (response.status_code, error["type"], error["code"]) == (400, "invalid_request_error", "invalid_request")


# --- whose it is


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "?stream=true"), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")],
)
@pytest.mark.parametrize("background", [False, True])
async def test_other_keys_do_not_find_it(site: Site, method: str, path: str, background: bool):
    add_key(site, OTHER)
    made = await read(await post(site, HI | {"background": background}))
    response = await site.ask(method, f"/v1/responses/{made['id']}{path}", key=OTHER)
    assert await code(response) == (404, "response_not_found")
    if method == "GET":
        assert (await site.ask(method, f"/v1/responses/{made['id']}{path}")).status_code == 200


async def test_other_keys_do_not_go_on_from_it(site: Site):
    add_key(site, OTHER)
    made = await create(site)
    response = await post(site, HI | {"previous_response_id": made["id"]}, key=OTHER)
    assert await code(response) == (400, "previous_response_not_found")
    [item] = made["output"]
    response = await post(site, {"input": [{"type": "item_reference", "id": item["id"]}]}, key=OTHER)
    assert await code(response) == (400, "invalid_request")


async def test_it_expires(site: Site):
    made = await create(site)
    site.now += 24 * 3600
    assert await code(await site.ask("GET", f"/v1/responses/{made['id']}")) == (404, "response_not_found")


async def test_deleted(site: Site):
    made = await create(site)
    response = await site.ask("DELETE", f"/v1/responses/{made['id']}")
    assert await read(response) == {"object": "response", "id": made["id"], "deleted": True}
    assert await code(await site.ask("DELETE", f"/v1/responses/{made['id']}")) == (404, "response_not_found")


async def test_without_keys_all_share_one_owner(make_site: Make):
    site = await make_site(auth=False)
    site.backend.script = [ANSWER]
    made = strict.whole(bytes(await (await post(site, key=None)).get_data()))
    assert (await site.ask("GET", f"/v1/responses/{made['id']}", key=None)).status_code == 200


async def test_busy_database_is_said(site: Site):
    site.stored.broken = True
    assert await code(await site.ask("GET", "/v1/responses/resp_x")) == (503, "store_busy")
    assert (await create(site))["status"] == "completed"


# --- what it goes on from


async def test_conversation_goes_on(site: Site):
    first = await create(site, instructions="Be brief", input="One")
    second = await create(site, previous_response_id=first["id"], input="Two")
    third = await create(site, previous_response_id=second["id"], input=[{"role": "user", "content": "Three"}])
    assert said(site) == [
        ("user", "One"),
        ("assistant", "Hello"),
        ("user", "Two"),
        ("assistant", "Hello"),
        ("user", "Three"),
    ]
    assert third["previous_response_id"] == second["id"]


async def test_tool_result_belongs_to_the_call_before(site: Site):
    site.backend.script = [CALL]
    first = await create(site, tools=[TOOL])
    site.backend.script = [ANSWER]
    result = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    await create(site, previous_response_id=first["id"], input=[result], tools=[TOOL])
    assert said(site) == [("user", "Hi"), ("look", '{"a":1}'), ("tool", "42")]


async def test_tool_result_of_no_call(site: Site):
    first = await create(site)
    result = {"type": "function_call_output", "call_id": "call_9", "output": "42"}
    response = await post(site, {"previous_response_id": first["id"], "input": [result]})
    assert await code(response) == (400, "invalid_request")


@pytest.mark.parametrize("id_", ["resp_unknown", "", "' OR 1=1 --", "x" * 1000, "ü"])
async def test_unknown_response(site: Site, id_: str):
    response = await post(site, HI | {"previous_response_id": id_})
    error = (await read(response))["error"]
    assert (response.status_code, error["code"], error["param"]) == (
        400,
        "previous_response_not_found",
        "previous_response_id",
    )


async def test_deleted_turn_ends_the_conversation(site: Site):
    first = await create(site)
    second = await create(site, previous_response_id=first["id"])
    await site.ask("DELETE", f"/v1/responses/{first['id']}")
    response = await post(site, HI | {"previous_response_id": second["id"]})
    assert await code(response) == (400, "previous_response_not_found")


async def test_too_long_a_conversation(make_site: Make):
    site = await make_site(desk_changes={"most_bytes": 2500})
    site.backend.script = [ANSWER]
    first = await create(site)
    second = await create(site, previous_response_id=first["id"])
    response = await post(site, HI | {"previous_response_id": second["id"]})
    assert await code(response) == (400, "context_length_exceeded")


async def test_item_is_referred_to(site: Site):
    made = await create(site)
    [item] = made["output"]
    again = await create(
        site, input=[{"type": "item_reference", "id": item["id"]}, {"role": "user", "content": "Go on"}]
    )
    assert said(site) == [("assistant", "Hello"), ("user", "Go on")]
    listed = await fetch(site, f"{again['id']}/input_items?order=asc")
    assert listed["data"][0] == item


async def test_item_of_the_conversation_is_referred_to(site: Site):
    made = await create(site)
    reference = {"type": "item_reference", "id": made["output"][0]["id"]}
    await create(site, previous_response_id=made["id"], input=[reference])
    assert said(site) == [("user", "Hi"), ("assistant", "Hello"), ("assistant", "Hello")]


async def test_item_that_is_not_there(site: Site):
    response = await post(site, {"input": [{"type": "item_reference", "id": "msg_x"}]})
    assert (await read(response))["error"]["param"] == "input[0].id"


# --- input items


async def test_input_items_page_by_page(site: Site):
    made = await create(site, input=[{"role": "user", "content": str(number)} for number in range(5)])

    async def page(query: str) -> tuple[list[str], bool, dict[str, Any]]:
        listed = await fetch(site, f"{made['id']}/input_items{query}")
        return [item["content"][0]["text"] for item in listed["data"]], listed["has_more"], listed

    assert (await page(""))[:2] == (["4", "3", "2", "1", "0"], False)
    numbers, more, listed = await page("?order=asc&limit=2")
    assert (numbers, more, listed["object"]) == (["0", "1"], True, "list")
    assert (listed["first_id"], listed["last_id"]) == tuple(item["id"] for item in listed["data"])
    assert (await page(f"?order=asc&limit=2&after={listed['last_id']}"))[:2] == (["2", "3"], True)
    assert (await page(f"?limit=2&after={listed['last_id']}"))[:2] == (["0"], False)
    assert (await page("?limit=1000"))[1] is False


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "order=up", "after=msg_x"])
async def test_input_items_of_a_wrong_query(site: Site, query: str):
    made = await create(site)
    response = await site.ask("GET", f"/v1/responses/{made['id']}/input_items?{query}")
    assert (await read(response))["error"]["param"] == query.partition("=")[0]


# --- in the background


async def test_background_goes_on_alone(site: Site):
    gate = asyncio.Event()
    site.backend.script = [[Started("m"), TextDelta("Hel")], gate, [TextDelta("lo"), Finished(FinishReason.STOP)]]
    made = await create(site, background=True)
    assert (made["status"], made["background"], made["output"]) == ("queued", True, [])
    await eventually(lambda: site.backend.open_replies)
    assert (await fetch(site, made["id"]))["status"] == "in_progress"
    refused = await post(site, HI | {"previous_response_id": made["id"]})
    assert await code(refused) == (400, "invalid_request")
    gate.set()
    await eventually(lambda: not site.backend.open_replies)
    done = await fetch(site, made["id"])
    assert (done["status"], texts(done)) == ("completed", ["Hello"])
    await create(site, previous_response_id=made["id"], input="More")
    assert said(site) == [("user", "Hi"), ("assistant", "Hello"), ("user", "More")]


async def test_background_is_read_by_many_from_anywhere(site: Site):
    gate = asyncio.Event()
    site.backend.script = [[Started("m"), TextDelta("Hel")], gate, [TextDelta("lo"), Finished(FinishReason.STOP)]]
    made = await create(site, background=True)
    first = asyncio.ensure_future(site.ask("GET", f"/v1/responses/{made['id']}?stream=true"))
    late = asyncio.ensure_future(site.ask("GET", f"/v1/responses/{made['id']}?stream=true&starting_after=5"))
    await eventually(lambda: site.backend.open_replies)
    gate.set()
    stream = bytes(await (await first).get_data())
    final = strict.stream(stream)
    assert [event["type"] for event in strict.sse_events(stream)][:3] == [
        "response.created",
        "response.queued",
        "response.in_progress",
    ]
    tail = bytes(await (await late).get_data())
    assert stream.endswith(tail)
    assert strict.sse_events(tail)[0]["sequence_number"] == 6
    assert final == await fetch(site, made["id"])
    after = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")
    assert await after.get_data() == stream


async def test_background_stream_begins_at_once(make_site: Make):
    site = await make_site(desk_changes={"idle_seconds": 0.0})
    gate = asyncio.Event()
    site.backend.script = [gate, ANSWER]
    asyncio.get_running_loop().call_later(0.01, gate.set)
    response = await post(site, HI | {"background": True, "stream": True})
    stream = bytes(await response.get_data())
    assert b": keep-alive\n\n" in stream
    assert strict.stream(stream)["status"] == "completed"


async def test_background_is_cancelled_in_the_page_too(site: Site):
    site.backend.script = [[Started("m"), TextDelta("Hel")], asyncio.Event()]
    made = await create(site, background=True)
    reading = asyncio.ensure_future(site.ask("GET", f"/v1/responses/{made['id']}?stream=true"))
    await eventually(lambda: site.backend.open_replies)
    cancelled = strict.whole(bytes(await (await post(site, {}, f"/v1/responses/{made['id']}/cancel")).get_data()))
    assert (cancelled["status"], site.backend.open_replies, site.admission.in_flight) == ("cancelled", 0, 0)
    again = await post(site, {}, f"/v1/responses/{made['id']}/cancel")
    assert await read(again) == cancelled == await fetch(site, made["id"])
    events = strict.sse_events(bytes(await (await reading).get_data()))
    assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.incomplete", "cancelled")


async def test_deleting_ends_it(site: Site):
    site.backend.script = [asyncio.Event()]
    made = await create(site, background=True)
    await eventually(lambda: site.backend.open_replies)
    await site.ask("DELETE", f"/v1/responses/{made['id']}")
    assert site.backend.open_replies == 0
    assert await code(await site.ask("GET", f"/v1/responses/{made['id']}")) == (404, "response_not_found")


async def test_what_somebody_waits_for_is_not_cancelled(site: Site):
    made = await create(site)
    response = await post(site, {}, f"/v1/responses/{made['id']}/cancel")
    assert await code(response) == (400, "invalid_request")


async def test_background_of_a_revoked_key_ends(site: Site):
    site.backend.script = [[Started("m"), TextDelta("Hel")], asyncio.Event()]
    made = await create(site, background=True)
    await eventually(lambda: site.backend.open_replies)
    site.keys.keys.clear()
    await site.keyring.refresh()
    await eventually(lambda: not site.desk.background.runs.get(made["id"], "id-cline"))
    assert site.backend.open_replies == 0
    record = await site.desk.find(made["id"], "id-cline")
    assert record.status == "cancelled"


async def test_readers_of_a_kept_response_are_requests_in_flight(site: Site):
    made = await create(site)
    with site.admission.enter("cline"), site.admission.enter("cline"):
        refused = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")
        assert await code(refused) == (429, "rate_limit_exceeded")
    assert site.admission.in_flight == 0
    stream = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")
    assert strict.stream(bytes(await stream.get_data())) == made
    assert site.admission.in_flight == 0


async def test_background_that_fails(site: Site, logged: Logged):
    site.backend.script = [[Started("m")], KeyError("bug")]
    made = await create(site, background=True)
    await eventually(lambda: not site.desk.background.runs.get(made["id"], "id-cline"))
    done = await fetch(site, made["id"])
    assert (done["status"], done["error"]["code"]) == ("failed", "server_error")
    stream = await site.ask("GET", f"/v1/responses/{made['id']}?stream=true")
    assert strict.stream(bytes(await stream.get_data())) == done


async def test_background_that_fails_after_its_end(site: Site):
    site.backend.late_failure = SessionLost("late")
    made = await create(site, background=True)
    await eventually(lambda: not site.desk.background.runs.get(made["id"], "id-cline"))
    assert (await fetch(site, made["id"]))["status"] == "completed"


async def test_background_longer_than_is_kept(make_site: Make):
    site = await make_site(desk_changes={"most_bytes": 4000})
    site.backend.script = [[Started("m")], [TextDelta("x" * 5000)], asyncio.Event()]
    made = await create(site, background=True)
    await eventually(lambda: not site.desk.background.runs.get(made["id"], "id-cline"))
    assert (await fetch(site, made["id"]))["status"] == "failed"
    assert site.backend.open_replies == 0


async def test_background_is_bounded_per_key(site: Site):
    site.backend.script = [asyncio.Event()]
    made = [await create(site, background=True) for _ in range(2)]
    assert await code(await post(site, HI | {"background": True})) == (429, "rate_limit_exceeded")
    for one in made:
        await post(site, {}, f"/v1/responses/{one['id']}/cancel")


async def test_too_many_responses_in_the_background(make_site: Make):
    site = await make_site(desk_changes={"most_runs": 1})
    site.backend.script = [asyncio.Event()]
    await create(site, background=True)
    response = await post(site, HI | {"background": True})
    assert "in the background" in (await read(response))["error"]["message"]
    await site.desk.close()


async def test_ignored_fields_of_the_background_are_named(site: Site):
    response = await post(site, HI | {"background": True, "tools": [{"type": "web_search"}]})
    assert response.headers["x-relay-dropped"] == "tools.web_search"


async def test_background_needs_to_be_stored(site: Site):
    assert await code(await post(site, HI | {"background": True, "store": False})) == (400, "invalid_request")


async def test_stopping_relay_fails_what_runs(site: Site):
    site.backend.script = [[Started("m"), TextDelta("Hel")], asyncio.Event()]
    made = await create(site, background=True)
    await eventually(lambda: site.backend.open_replies)
    await site.desk.close()
    record = site.stored.kept[made["id"]]
    assert (record.status, json.loads(record.response)["error"]["code"]) == ("failed", "shutting_down")
    assert await code(await post(site, HI | {"background": True})) == (503, "shutting_down")


async def test_crash_of_relay_fails_what_ran(make_site: Make, site: Site):
    site.backend.script = [asyncio.Event()]
    made = await create(site, background=True)
    await site.desk.shelf.flush()
    await site.desk.background.runs.close()
    next_start: Site = await make_site(stored=site.stored)
    await next_start.desk.recover()
    failed = await fetch(next_start, made["id"])
    strict.check_response(failed)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "server_error")
    stream = await next_start.ask("GET", f"/v1/responses/{made['id']}?stream=true")
    assert [event["type"] for event in strict.sse_events(bytes(await stream.get_data()))] == [
        "response.created",
        "response.queued",
        "error",
        "response.failed",
    ]


async def test_crash_of_relay_with_events_that_were_too_many(make_site: Make):
    site = await make_site(desk_changes={"most_bytes": 1000})
    site.backend.script = [asyncio.Event()]
    made = await create(site, background=True)
    await site.desk.shelf.flush()
    next_start: Site = await make_site(stored=site.stored)
    await next_start.desk.recover()
    assert (await fetch(next_start, made["id"]))["status"] == "failed"
    response = await next_start.ask("GET", f"/v1/responses/{made['id']}?stream=true")
    assert await code(response) == (400, "invalid_request")
    await site.desk.close()


async def test_start_on_a_busy_database(site: Site):
    site.stored.broken = True
    await site.desk.recover()


# --- counted, compacted


async def test_input_tokens_are_estimated(site: Site):
    made = await create(site, input="x" * 400)
    short = await read(await post(site, {"input": "Hi"}, "/v1/responses/input_tokens"))
    long = await read(
        await post(site, {"input": "Hi", "previous_response_id": made["id"]}, "/v1/responses/input_tokens")
    )
    assert (short["object"], short["input_tokens"]) == ("response.input_tokens", 5)
    assert long["input_tokens"] > 100


async def test_conversation_is_compacted_and_goes_on(site: Site):
    site.backend.script = [[Started("m"), TextDelta(" They said hi. "), Finished(FinishReason.STOP)]]
    made = await create(site)
    response = await post(
        site,
        {"model": "m", "previous_response_id": made["id"], "input": "Bye", "tools": [TOOL]},
        "/v1/responses/compact",
    )
    compacted = await read(response)
    strict.check_schema("CompactResource", compacted)
    [item] = compacted["output"]
    assert (compacted["object"], item["type"]) == ("response.compaction", "compaction")
    assert [text for _, text in said(site)][-2:] == ["Bye", ORDER]
    assert site.backend.requests[-1].tools == ()
    await create(site, input=[item, {"role": "user", "content": "And now?"}])
    assert "They said hi." in said(site)[0][1]
    assert said(site)[-1] == ("user", "And now?")


@pytest.mark.parametrize("sealed", ["", "x", "eyJ9.x.y", "They said hi."])
async def test_compaction_of_somebody_else(site: Site, sealed: str):
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": sealed}
    response = await post(site, {"input": [item, {"role": "user", "content": "?"}]})
    assert await code(response) == (400, "invalid_request")


async def test_compaction_without_a_model(site: Site):
    response = await post(site, {"input": "Hi"}, "/v1/responses/compact")
    assert (await read(response))["error"]["param"] == "model"


async def test_compaction_without_a_summary(site: Site):
    site.backend.script = [[Started("m"), Finished(FinishReason.STOP)]]
    assert await code(await post(site, HI, "/v1/responses/compact")) == (502, "upstream_error")
