"""The Responses API over a WebSocket, through the real server: who may, one at a time, what ends it."""

import asyncio
import contextlib
import json
import resource
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from support import responses as strict
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from relay.core.events import Finished, FinishReason, ReasoningDelta, Started, TextDelta
from relay.core.request import AssistantMessage, Text, UserMessage
from relay.errors import SessionLost
from relay.web.access import ACCESS
from relay.web.responses_socket import SocketRules

from ..gateway.fakes import FakeBackend
from .conftest import ADMIN, ANSWER, KEY, Logged
from .served import SOON, Served, serving

HI = {"type": "response.create", "model": "m", "input": "Hi"}
LOCAL = HI | {"store": False}


@pytest.fixture
async def served(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    backend.script = [ANSWER]
    async with serving(backend, monkeypatch) as served:
        yield served


async def receive(socket: ClientConnection) -> dict[str, Any]:
    message = await asyncio.wait_for(socket.recv(), SOON)
    assert isinstance(message, str)
    event: dict[str, Any] = json.loads(message)
    return event


async def turn(socket: ClientConnection, **body: Any) -> dict[str, Any]:
    """Ask, read to the end of the answer, and return the response, which must be right in every detail."""
    await socket.send(json.dumps(HI | body))
    return await answer(socket)


async def answer(socket: ClientConnection) -> dict[str, Any]:
    events = [await receive(socket)]
    while events[-1]["type"] not in ("response.completed", "response.incomplete", "response.failed"):
        assert "status" not in events[-1], events[-1]
        events.append(await receive(socket))
    return strict.final(events)


async def refused(socket: ClientConnection, message: Any) -> tuple[int, str]:
    """Send something and return the error that comes back."""
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
    event = await receive(socket)
    assert event["type"] == "error", event
    strict.check_schema("ErrorPayload", event["error"])
    return event["status"], event["error"]["code"]


async def closed(socket: ClientConnection) -> int | None:
    """Wait for the end of the socket and return its code."""
    await asyncio.wait_for(socket.wait_closed(), SOON)
    return socket.close_code


async def handshake(served: Served, **more: Any) -> int:
    """Return the status that refuses a connection."""
    with pytest.raises(InvalidStatus) as refusal:
        async with served.socket(**more):
            pass
    return refusal.value.response.status_code


async def eventually(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(SOON):
        while not true():
            await asyncio.sleep(0.005)


def said(served: Served) -> list[str]:
    """The texts of the conversation that the backend was asked last."""
    return [
        part.text
        for message in served.site.backend.requests[-1].messages
        if isinstance(message, UserMessage | AssistantMessage)
        for part in message.content
        if isinstance(part, Text)
    ]


# --- who may


async def test_turn(served: Served):
    async with served.socket() as socket:
        made = await turn(socket)
        assert made["output"][0]["content"][0]["text"] == "Hello"
        assert (made["status"], made["store"], made["background"]) == ("completed", True, False)


@pytest.mark.parametrize("spelling", ["x-api-key", "x-goog-api-key"])
async def test_other_spellings_of_the_key(served: Served, spelling: str):
    async with served.socket(key=None, headers={spelling: KEY}) as socket:
        await turn(socket)


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("sk-relay-wrong", 401), (ADMIN, 403), ("' OR 1=1 --", 401), ("x" * 5000, 401)]
)
async def test_key_is_asked_for(served: Served, key: str | None, status: int):
    assert await handshake(served, key=key) == status


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:3000.evil.example", "file://"]
)
async def test_pages_of_other_sites_are_refused(served: Served, origin: str):
    assert await handshake(served, origin=origin) == 403


async def test_foreign_page_is_refused_without_keys_too(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    backend.script = [ANSWER]
    async with serving(backend, monkeypatch, auth=False) as served:
        assert await handshake(served, key=None, origin="https://evil.example") == 403
        async with served.socket(key=None) as socket:
            await turn(socket)


async def test_own_page_may(served: Served):
    async with served.socket(origin="http://127.0.0.1:3000") as socket:
        await turn(socket)


async def test_foreign_name_of_relay_is_refused(served: Served):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(
        b"GET /v1/responses HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer "
        + KEY.encode()
        + b"\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SOON)
    assert head.startswith(b"HTTP/1.1 403")
    assert b"x-request-id" in head.lower()
    writer.close()


@pytest.mark.parametrize("path", ["/", "/v1/chat/completions", "/v1/responses/x", "/nothing", "/v1/models"])
async def test_no_other_path_has_sockets(served: Served, path: str):
    assert await handshake(served, path=path) == 403


async def test_plain_get_is_no_route(served: Served):
    response = await served.site.ask("GET", "/v1/responses")
    assert response.status_code == 405
    assert ACCESS["responses.connect"] is ACCESS["responses.create"]


async def test_switched_off(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    async with serving(backend, monkeypatch, closed=("responses",)) as served:
        assert await handshake(served) == 404


async def test_key_has_its_bound_of_sockets(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    async with serving(backend, monkeypatch, socket_rules=SocketRules(per_key=1)) as served:
        async with served.socket():
            assert await handshake(served) == 429
        async with asyncio.timeout(SOON):
            while True:
                try:
                    async with served.socket():
                        break
                except InvalidStatus:
                    continue


async def test_revoked_key_ends_its_sockets(served: Served):
    served.site.backend.script = [[Started("m")], asyncio.Event()]
    async with served.socket() as busy, served.socket() as idle:
        await busy.send(json.dumps(HI))
        await eventually(lambda: served.site.backend.open_replies)
        served.site.keys.keys.clear()
        await served.site.keyring.refresh()
        assert (await closed(busy), await closed(idle)) == (1008, 1008)
        assert served.site.backend.open_replies == 0


# --- turns


async def test_turns_one_after_the_other(served: Served):
    async with served.socket() as socket:
        first = await turn(socket)
        second = await turn(socket, input="More", previous_response_id=first["id"])
        assert said(served) == ["Hi", "Hello", "More"]
        assert second["id"] != first["id"]


async def test_messages_wait_for_their_turn(served: Served):
    gate = asyncio.Event()
    served.site.backend.script = [gate, ANSWER]
    async with served.socket() as socket:
        for text in ("one", "two", "three"):
            await socket.send(json.dumps(HI | {"input": text, "metadata": {"n": text}}))
        await eventually(lambda: served.site.backend.open_replies)
        assert served.site.backend.open_replies == 1
        gate.set()
        assert [(await answer(socket))["metadata"]["n"] for _ in range(3)] == ["one", "two", "three"]


async def test_too_many_waiting(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    gate = asyncio.Event()
    backend.script = [gate, ANSWER]
    async with (
        serving(backend, monkeypatch, socket_rules=SocketRules(queue=1)) as served,
        served.socket() as socket,
    ):
        await socket.send(json.dumps(HI))
        await eventually(lambda: backend.open_replies)
        await socket.send(json.dumps(HI))
        assert await refused(socket, HI) == (429, "rate_limit_exceeded")
        gate.set()
        await answer(socket)
        await answer(socket)


async def test_fields_of_http_are_ignored(served: Served):
    async with served.socket() as socket:
        made = await turn(socket, stream=False, background=True, stream_options={"include_obfuscation": True})
        assert made["background"] is False


@pytest.mark.parametrize("store", [True, False])
async def test_getting_ready_asks_no_model(served: Served, store: bool):
    async with served.socket() as socket:
        ready = await turn(socket, input="Rules", generate=False, store=store)
        assert (ready["status"], ready["output"]) == ("completed", [])
        assert ready["usage"]["total_tokens"] == 0
        assert served.site.backend.requests == []
        await turn(socket, input="Begin", store=store, previous_response_id=ready["id"])
    assert said(served) == ["Rules", "Begin"]


async def test_not_stored_goes_on_here_only(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        await turn(socket, store=False, input="More", previous_response_id=first["id"])
        assert said(served) == ["Hi", "Hello", "More"]
    assert served.site.stored.kept == {}
    async with served.socket() as other:
        lost = LOCAL | {"previous_response_id": first["id"]}
        assert await refused(other, lost) == (400, "previous_response_not_found")
        assert (await turn(other, store=False))["status"] == "completed"
    assert (await served.site.ask("GET", f"/v1/responses/{first['id']}")).status_code == 404


async def test_stored_after_what_was_not_holds_all(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        second = await turn(socket, input="More", previous_response_id=first["id"])
    async with served.socket() as other:
        await turn(other, input="And?", previous_response_id=second["id"])
    assert said(served) == ["Hi", "Hello", "More", "Hello", "And?"]


async def test_item_of_this_socket_is_referred_to(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        reference = {"type": "item_reference", "id": first["output"][0]["id"]}
        await turn(socket, store=False, input=[reference, {"role": "user", "content": "More"}])
        assert said(served) == ["Hello", "More"]


async def test_chain_of_thought_does_not_go_on(served: Served):
    served.site.backend.script = [
        [Started("m"), ReasoningDelta("plan"), TextDelta("Hello"), Finished(FinishReason.STOP)]
    ]
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        await turn(socket, store=False, input="More", previous_response_id=first["id"])
        assert [getattr(m, "reasoning", None) for m in served.site.backend.requests[-1].messages] in (
            [None] * 3,
            [None, "", None],
        )


async def test_oldest_conversations_are_forgotten(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        for _ in range(16):
            await turn(socket, store=False)
        assert await refused(socket, LOCAL | {"previous_response_id": first["id"]}) == (
            400,
            "previous_response_not_found",
        )


# --- failures


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"type":"response.cancel"}',
        '{"type":["response.create"]}',
        json.dumps(HI | {"input": None}),
        '{"type":"response.create","input":"\\ud800","model":1}',
        "[" * 100_000,
        json.dumps(HI | {"background": True, "conversation": "c"}),
    ],
)
async def test_malformed_message(served: Served, message: str):
    async with served.socket() as socket:
        status, _ = await refused(socket, message)
        assert status == 400
        await turn(socket)


async def test_failed_continuation_is_forgotten(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        result = {"type": "function_call_output", "call_id": "call_x", "output": "1"}
        bad = LOCAL | {"previous_response_id": first["id"], "input": [result]}
        assert await refused(socket, bad) == (400, "invalid_request")
        again = LOCAL | {"previous_response_id": first["id"]}
        assert await refused(socket, again) == (400, "previous_response_not_found")


async def test_continuation_that_breaks_off_is_forgotten(served: Served):
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        served.site.backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("gone")]
        failed = await turn(socket, store=False, previous_response_id=first["id"])
        assert (failed["status"], failed["error"]["code"]) == ("failed", "bridge_disconnected")
        again = LOCAL | {"previous_response_id": first["id"]}
        assert await refused(socket, again) == (400, "previous_response_not_found")


async def test_failure_before_anything_is_a_message_with_a_status(served: Served):
    served.site.backend.refusal = SessionLost("gone")
    async with served.socket() as socket:
        assert await refused(socket, HI) == (503, "bridge_disconnected")
        served.site.backend.refusal = None
        await turn(socket)


async def test_bug_is_told_by_reference(served: Served, logged: Logged):
    served.site.backend.script = [KeyError("secret")]
    async with served.socket() as socket:
        await socket.send(json.dumps(HI))
        event = await receive(socket)
        assert (event["status"], "secret" in json.dumps(event)) == (500, False)
    assert [line["event"] for line in logged()].count("request.crashed") == 1


async def test_failure_after_the_end_changes_nothing(served: Served):
    served.site.backend.late_failure = SessionLost("late")
    async with served.socket() as socket:
        assert (await turn(socket))["status"] == "completed"
        assert (await turn(socket))["status"] == "completed"


async def test_key_has_its_bound_of_requests(served: Served):
    served.site.backend.script = [[Started("m")], asyncio.Event()]
    async with served.socket() as one, served.socket() as two, served.socket() as three:
        for socket in (one, two):
            await socket.send(json.dumps(HI))
        await eventually(lambda: served.site.backend.open_replies == 2)
        assert await refused(three, HI) == (429, "rate_limit_exceeded")


# --- the end


async def test_client_that_leaves_cancels(served: Served):
    served.site.backend.script = [[Started("m"), TextDelta("Hel")], asyncio.Event()]
    async with served.socket() as socket:
        await socket.send(json.dumps(HI))
        await eventually(lambda: served.site.backend.open_replies)
    await eventually(lambda: not served.site.backend.open_replies)
    assert (served.site.admission.in_flight, served.site.stored.kept) == (0, {})


async def test_client_that_vanishes_cancels(served: Served):
    served.site.backend.script = [[Started("m"), TextDelta("Hel")], asyncio.Event()]
    socket = await served.socket()
    await socket.send(json.dumps(HI))
    await eventually(lambda: served.site.backend.open_replies)
    socket.transport.abort()
    await eventually(lambda: not served.site.backend.open_replies)


@pytest.mark.parametrize("message", [b"", b"{}"])
async def test_only_text_is_taken(served: Served, message: bytes):
    async with served.socket() as socket:
        await socket.send(message)
        assert await closed(socket) == 1003


async def test_message_as_large_as_may_be_and_larger(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    backend.script = [ANSWER]
    rules = SocketRules(message_bytes=5000)
    settings = {"limits": {"body_bytes": 5000}}
    async with serving(backend, monkeypatch, settings, socket_rules=rules) as served:
        async with served.socket() as socket:
            room = 5000 - len(json.dumps(HI))
            await turn(socket, input="x" * room)
            assert await refused(socket, json.dumps(HI | {"input": "ü" * (room // 2 + 2)}, ensure_ascii=False)) == (
                413,
                "request_too_large",
            )
            await socket.send(json.dumps(HI | {"input": "x" * (room + 10)}))
            assert await closed(socket) == 1009
        await eventually(lambda: not served.site.backend.open_replies)


async def test_idle_socket_is_closed(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    backend.script = [ANSWER]
    async with (
        serving(backend, monkeypatch, socket_rules=SocketRules(idle_seconds=0.1)) as served,
        served.socket() as socket,
    ):
        await turn(socket)
        assert await closed(socket) == 1000


async def test_busy_socket_is_not_idle(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    gate = asyncio.Event()
    backend.script = [gate, ANSWER]
    async with (
        serving(
            backend,
            monkeypatch,
            {"server": {"connection_idle_seconds": 0.1, "keep_alive_seconds": 0.1}},
            socket_rules=SocketRules(idle_seconds=0.1),
        ) as served,
        served.socket() as socket,
    ):
        await socket.send(json.dumps(HI))
        asyncio.get_running_loop().call_later(0.4, gate.set)
        assert (await answer(socket))["status"] == "completed"


async def test_silent_answer_is_pinged(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    async with serving(backend, monkeypatch, {"server": {"keep_alive_seconds": 0.05}}) as served:
        socket = await served.socket()
        pings = asyncio.Event()
        protocol = socket.protocol
        recorded = protocol.recv_frame

        def watch(frame: Any) -> None:
            if frame.opcode == 9:
                pings.set()
            recorded(frame)

        protocol.recv_frame = watch
        await asyncio.wait_for(pings.wait(), SOON)
        await socket.close()


@pytest.mark.parametrize("idle", [0.05, 60.0])
async def test_old_socket_is_closed(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch, idle: float):
    backend.script = [ANSWER]
    rules = SocketRules(total_seconds=0.05, idle_seconds=idle)
    async with serving(backend, monkeypatch, socket_rules=rules) as served, served.socket() as socket:
        event = await receive(socket)
        assert (event["status"], event["error"]["code"]) == (400, "websocket_connection_limit_reached")
        assert await closed(socket) == 1000


async def test_socket_that_grew_old_in_a_turn(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    gate = asyncio.Event()
    backend.script = [gate, ANSWER]
    async with (
        serving(backend, monkeypatch, socket_rules=SocketRules(total_seconds=0.2)) as served,
        served.socket() as socket,
    ):
        await socket.send(json.dumps(HI))
        asyncio.get_running_loop().call_later(0.3, gate.set)
        assert (await answer(socket))["status"] == "completed"
        assert (await receive(socket))["error"]["code"] == "websocket_connection_limit_reached"


async def test_draining_ends_the_turn_and_then_the_socket(served: Served):
    gate = asyncio.Event()
    served.site.backend.script = [gate, ANSWER]
    async with served.socket() as busy, served.socket() as idle:
        await busy.send(json.dumps(HI))
        await busy.send(json.dumps(HI))
        await eventually(lambda: served.site.backend.open_replies)
        served.site.admission.drain()
        assert await closed(idle) == 1012
        assert await handshake(served) == 503
        gate.set()
        assert (await answer(busy))["status"] == "completed"
        assert (await receive(busy))["error"]["code"] == "shutting_down"
        assert await closed(busy) == 1012


# --- clients that do harm


async def test_flood_of_messages_is_not_kept(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    backend.script = [asyncio.Event()]
    message = json.dumps(HI | {"input": "x" * 200_000})
    async with serving(backend, monkeypatch, socket_rules=SocketRules(message_bytes=2**20)) as served:
        socket = await served.socket(max_queue=1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        socket.transport.pause_reading()
        with contextlib.suppress(TimeoutError):
            for _ in range(1000):
                await asyncio.wait_for(socket.send(message), 0.5)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
        assert backend.open_replies == 1
        socket.transport.abort()
        await eventually(lambda: not backend.open_replies)


async def test_client_that_reads_nothing_is_cut_off(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch):
    backend.script = [[Started("m")], *([TextDelta("x" * 10_000)] for _ in range(5000)), asyncio.Event()]
    async with serving(backend, monkeypatch, {"limits": {"slow_client_seconds": 0.3}}) as served:
        socket = await served.socket(max_queue=1)
        socket.transport.pause_reading()
        await socket.send(json.dumps(HI))
        await eventually(lambda: backend.open_replies)
        await eventually(lambda: not backend.open_replies)
        socket.transport.abort()


async def test_flood_of_pings_does_no_harm(served: Served):
    async with served.socket() as socket:
        for _ in range(2000):
            await socket.ping()
        await turn(socket)


async def test_message_in_pieces(served: Served):
    async with served.socket() as socket:
        text = json.dumps(HI | {"input": "Grüße 😀"}, ensure_ascii=False)
        await socket.send([text[place : place + 7] for place in range(0, len(text), 7)])
        await answer(socket)
        assert said(served) == ["Grüße 😀"]


async def test_many_sockets_come_and_go(served: Served):
    async def visit() -> None:
        async with served.socket() as socket:
            await refused(socket, "{}")

    for _ in range(5):
        await asyncio.gather(*(visit() for _ in range(20)))
    await eventually(lambda: not served.site.sockets.open)
