"""The whole relay in this process, with a page on a real WebSocket and clients on real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from relay import __version__, app, hardening, serving, upkeep
from relay.app import Running
from relay.bridge.headless.accounts import Accounts
from relay.bridge.headless.supervisor import Supervisor
from relay.datadir import DataDir
from relay.errors import SetupError
from relay.serving import open_listeners, serve
from relay.settings import Settings
from relay.store import Store
from relay.web.access import ACCESS

SOON = 10.0
KEY_NAME = "default"
HELLO = {"type": "hello", "protocols": [1], "client": {"kind": "page", "version": "1"}, "adapter": "a", "site": "s"}
READY = {
    "type": "state",
    "state": "ready",
    "models": [{"id": "first"}, {"id": "m"}],
    "limits": {"concurrency": 8},
}
PROMPT, ANSWER = "canary-prompt-7c1", "canary-answer-9e2"


class House:
    """A running relay and the ways into it."""

    def __init__(self, running: Running, store: Store, data: DataDir, log: Path, serving: asyncio.Task[int]) -> None:
        self.running = running
        self.store = store
        self.data = data
        self.log = log
        self.serving = serving
        self.key = running.key
        self.http = urlsplit(running.base_url)
        self.code = urlsplit(running.page_url).fragment.removeprefix("code=")
        self.page_origin = f"http://{self.http.netloc}"
        self.stopping = False

    def stop(self) -> None:
        """Send relay a SIGTERM; a second one would end this process."""
        if not self.stopping:
            self.stopping = True
            os.kill(os.getpid(), signal.SIGTERM)

    async def bridge_url(self) -> str:
        _, _, body = await self.ask("GET", "/page.json")
        url: str = json.loads(body)["bridge_url"]
        return url

    async def open(self, method: str, path: str, body: Any = None, key: str | None = None) -> Client:
        """Send a request and return the connection with the answer's head read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http.port)
        content = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.http.netloc}", "Connection: close"]
        head += [f"Authorization: Bearer {key or self.key}", "Content-Type: application/json"]
        head += [f"Content-Length: {len(content)}", "", ""]
        writer.write("\r\n".join(head).encode() + content)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        return Client(reader, writer, int(answer.split(" ", 2)[1]), answer.lower())

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, str, str]:
        """Return status, head and body."""
        client = await self.open(method, path, body, key)
        return client.status, client.head, await client.rest()

    async def chat(self, *, stream: bool = False, key: str | None = None, **more: Any) -> tuple[int, str, str]:
        body = {"messages": [{"role": "user", "content": PROMPT}], "stream": stream, **more}
        return await self.ask("POST", "/v1/chat/completions", body, key)

    async def stream(self) -> Client:
        """Begin a stream."""
        body = {"messages": [{"role": "user", "content": PROMPT}], "stream": True}
        return await self.open("POST", "/v1/chat/completions", body)

    async def is_draining(self) -> bool:
        return "relay.draining" in self.log.read_text()

    async def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await self.ask("GET", "/health"))[2])
        return found

    @asynccontextmanager
    async def page(self, **credential: str) -> AsyncIterator[Page]:
        """Attach a page with the code, or with another credential."""
        async with connect(await self.bridge_url(), origin=self.page_origin) as socket:  # type: ignore[arg-type]
            page = Page(socket)
            await page.attach(**(credential or {"code": self.code}))
            answering = asyncio.ensure_future(page.answer())
            try:
                yield page
            finally:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)


class Client:
    """An answer being read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int, head: str) -> None:
        self.reader = reader
        self.writer = writer
        self.status = status
        self.head = head

    async def rest(self) -> str:
        """Read to the end, which must be a clean one."""
        async with asyncio.timeout(SOON):
            body = (await self.reader.read()).decode()
        self.writer.close()
        if "transfer-encoding: chunked" not in self.head:
            return body
        assert body.endswith("0\r\n\r\n")
        return "".join(line + "\n" for line in body.split("\r\n") if line.startswith(("data", "{", ":")))


class Page:
    """A page that answers every call, or only begins to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.finishes = True
        self.calls: list[dict[str, Any]] = []
        self.cancelled = asyncio.Event()
        self.closed = asyncio.Event()

    async def attach(self, **credential: str) -> None:
        await self._send({**HELLO, **credential})
        self.welcome = json.loads(await self.socket.recv())
        await self._send(READY)

    async def offer(self, model: str) -> None:
        """Offer `model` alone."""
        await self._send({**READY, "models": [{"id": model}]})

    async def answer(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                await self._handle(json.loads(message))
        self.closed.set()

    async def _handle(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ping":
                await self._send({"type": "pong", "t": frame["t"]})
            case "cancel":
                self.cancelled.set()
            case "call":
                self.calls.append(frame)
                ids = {"call": frame["call"], "attempt": frame["attempt"]}
                await self._send({"type": "accepted", **ids})
                await self._send({"type": "parts", **ids, "seq": 0, "parts": [{"type": "text", "text": ANSWER}]})
                if self.finishes:
                    await self._send({"type": "done", **ids, "seq": 1, "finish_reason": "stop"})

    async def _send(self, frame: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(frame))


Start = Callable[..., Any]


@asynccontextmanager
async def relay_running(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Run a relay on `folder` as ``relay serve`` does; it is stopped with SIGTERM if the test has not done so."""
    log = folder / "relay.log"
    groups = {"server": {"drain_seconds": 1.0}, "log": {"level": "debug", "format": "json", "file": log}}
    settings = Settings.model_validate({"port": 0, "default_model": "m", **groups, **changes})
    data = DataDir.open(folder / "data")
    store = await Store.open(data.database)
    first = None if await store.keys.active() else (await store.keys.create(KEY_NAME))[1]
    announced: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(serve(settings, data, store, first, announced.set_result))
    try:
        await asyncio.wait({serving, announced}, timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        house = House(announced.result(), store, data, log, serving)
        try:
            yield house
        finally:
            house.stop()
            await asyncio.wait_for(serving, SOON)
    finally:
        await store.close()
        stop_logging(log)


def stop_logging(file: Path) -> None:
    """Close the log of a relay that has ended, before the next one begins."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, logging.StreamHandler) and getattr(handler.stream, "name", None) == str(file):
            root.removeHandler(handler)
            handler.stream.close()


@pytest.fixture(autouse=True)
def untouched_process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the process its logging and its server back."""
    monkeypatch.setattr(hardening.H11Protocol, "_check_protocol", hardening.H11Protocol._check_protocol)
    monkeypatch.setattr(hardening.TCPServer, "protocol_send", hardening.TCPServer.protocol_send)
    monkeypatch.setattr(hardening.WSStream, "handle", hardening.WSStream.handle)
    monkeypatch.setattr(hardening.WSStream, "_handle_events", hardening.WSStream._handle_events)
    monkeypatch.setattr(hardening.WSStream, "_send_pings", hardening.WSStream._send_pings)
    monkeypatch.setattr(hardening.Handshake, "__init__", hardening.Handshake.__init__)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(before):
        if type(handler) is logging.StreamHandler:
            handler.stream.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with relay_running(tmp_path) as house:
        yield house


async def eventually(true: Callable[[], Any], seconds: float = SOON) -> None:
    """Wait until `true` is; it is asked often, for want of an event."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


async def test_first_start(house: House):
    running = house.running
    assert running.key is not None
    assert running.key.startswith("sk-relay-")
    assert (running.model, running.demo, running.auth) == ("m", False, True)
    assert running.data_dir == house.data.path
    assert await house.health() == {
        "status": "ok",
        "problem": None,
        "demo": False,
        "authenticated": False,
        "model": "m",
        "version": __version__,
        "sessions": {"connected": 0, "ready": 0},
    }
    status, _, body = await house.chat()
    assert (status, json.loads(body)["error"]["code"]) == (401, "session_not_available")


async def test_pairing_shows_the_key_once(house: House):
    async with house.page() as page:
        settings = page.welcome["settings"]
        assert settings == {"base_url": house.running.base_url, "model": "m", "key": house.key}
        token = page.welcome["token"]
    async with house.page(token=token) as page:
        assert page.welcome["settings"] == {"base_url": house.running.base_url, "model": "m"}
        assert "token" not in page.welcome
    again = await house.store.bridges.create_code(house.page_origin, 300.0)
    async with house.page(code=again) as page:
        assert "key" not in page.welcome["settings"]


async def test_demo_shows_a_model_that_it_answers(tmp_path: Path):
    async with relay_running(tmp_path, demo=True) as house, house.page() as page:
        await page.offer("demo")
        assert (house.running.model, house.running.demo) == ("demo", True)
        assert page.welcome["settings"]["model"] == house.running.model

        async def answers() -> bool:
            return (await house.chat(model=house.running.model))[0] == 200

        await eventually(answers)
        assert (await house.chat(model="m"))[0] == 404


async def test_code_works_once(house: House):
    async with house.page():
        pass
    with pytest.raises(ConnectionClosed) as refused:
        async with house.page():
            pass
    assert refused.value.rcvd is not None
    assert refused.value.rcvd.code == 4401


@pytest.mark.parametrize("stream", [False, True])
async def test_chat(house: House, stream: bool):
    async with house.page() as page:
        status, _, body = await house.chat(stream=stream)
        assert (status, ANSWER in body, "[DONE]" in body) == (200, True, stream)
        assert page.calls[0]["request"]["messages"][0]["content"] == [{"type": "text", "text": PROMPT}]
        assert page.calls[0]["request"]["model"] == "m"


async def test_client_that_names_no_model_gets_one_that_is_there(tmp_path: Path):
    async with relay_running(tmp_path, default_model="elsewhere") as house:
        assert (await house.health())["model"] == "elsewhere"
        async with house.page() as page:
            await house.chat()
            assert page.calls[0]["request"]["model"] == "first"
            assert (await house.health())["model"] == "first"


async def test_browsers_may_be_run_before_the_first_request_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    begun: list[str] = []
    running, serve_http = Supervisor.running, serving.serve_http

    @asynccontextmanager
    async def run_browsers(self: Supervisor, *, start_all: bool) -> AsyncIterator[None]:
        async with running(self, start_all=start_all):
            begun.append("browsers")
            yield

    async def read_requests(*args: Any, **options: Any) -> None:
        begun.append("requests")
        await serve_http(*args, **options)

    monkeypatch.setattr(Supervisor, "running", run_browsers)
    monkeypatch.setattr(serving, "serve_http", read_requests)
    async with relay_running(tmp_path):
        assert begun == ["browsers", "requests"]


async def test_images_are_fetched_only_if_that_is_switched_on(tmp_path: Path):
    picture = [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/a.png"}}]
    for fetch, expected in ((True, "not on the public internet"), (False, "does not take images")):
        folder = tmp_path / str(fetch)
        folder.mkdir()
        async with relay_running(folder, fetch={"images": fetch}) as house, house.page() as page:
            status, _, body = await house.chat(messages=[{"role": "user", "content": picture}])
            assert (status, expected in body, page.calls) == (400, True, [])


async def test_every_route_is_classified(house: House, tmp_path: Path):
    settings = Settings.model_validate({"port": 0})
    listeners = open_listeners(settings)
    relay = app.Relay(settings, house.data, house.store, listeners, None)
    for listener in (listeners.http, listeners.bridge):
        for sock in listener.sockets:
            sock.close()
    assert {rule.endpoint for rule in relay.http_app.url_map.iter_rules()} == set(ACCESS) - {"page.sdk"}


async def test_engine_of_headless_mode_is_made_when_it_is_wanted(house: House, tmp_path: Path):
    settings = Settings.model_validate({"port": 0, "headless": {"browser": "/usr/bin/some-browser"}})
    listeners = open_listeners(settings)
    relay = app.Relay(settings, house.data, house.store, listeners, None)
    for listener in (listeners.http, listeners.bridge):
        for sock in listener.sockets:
            sock.close()
    engine = relay._make_engine(Accounts(tmp_path))
    assert type(engine).__name__ == "PlaywrightEngine"


async def test_local_sdk(tmp_path: Path):
    sdk = tmp_path / "puter.js"
    sdk.write_text("// sdk")
    async with relay_running(tmp_path, puter={"sdk": str(sdk)}) as house:
        assert (await house.ask("GET", "/sdk/puter.js"))[2] == "// sdk"
        assert json.loads((await house.ask("GET", "/page.json"))[2])["puter"]["sdk"] == "/sdk/puter.js"
        assert "script-src 'self';" in (await house.ask("GET", "/page.json"))[1]


async def test_metrics_of_a_running_relay(house: House):
    async with house.page():
        await house.chat()
        status, _, text = await house.ask("GET", "/metrics", key=house.data.admin_token)
    assert status == 200
    gauges = {line.split()[0]: line.split()[1] for line in text.splitlines() if line and not line.startswith("#")}
    assert (gauges["relay_sessions_ready"], gauges["relay_sessions_connected"]) == ("1.0", "1.0")
    assert (gauges["relay_requests_in_flight"], gauges["relay_calls_queued"]) == ("0.0", "0.0")


async def test_stop_with_open_streams(tmp_path: Path):
    async with relay_running(tmp_path) as house, house.page() as page:
        page.finishes = False
        clients = [await house.stream() for _ in range(4)]
        begin = time.monotonic()
        house.stop()
        await eventually(house.is_draining)
        status, head, body = await house.chat()
        assert (status, json.loads(body)["error"]["code"]) == (503, "shutting_down")
        assert "retry-after: 5" in head
        for client in clients:
            rest = await client.rest()
            assert ANSWER in rest
            assert '"code":"shutting_down"' in rest.split()[-1]
            assert "[DONE]" not in rest
        assert await asyncio.wait_for(house.serving, SOON) == 0
        assert time.monotonic() - begin < 1.0 + 2.0
        await asyncio.wait_for(page.closed.wait(), SOON)
        assert page.socket.close_code == 1012


async def test_stop_lets_streams_end(tmp_path: Path):
    async with relay_running(tmp_path, server={"drain_seconds": 30.0}) as house, house.page() as page:
        page.finishes = False
        client = await house.stream()
        begin = time.monotonic()
        house.stop()
        call = page.calls[0]
        ids = {"call": call["call"], "attempt": call["attempt"]}
        await page._send({"type": "done", **ids, "seq": 1, "finish_reason": "stop"})
        assert (await client.rest()).split()[-1] == "[DONE]"
        assert await asyncio.wait_for(house.serving, SOON) == 0
        assert time.monotonic() - begin < 5


async def test_client_that_leaves_cancels_the_page(house: House):
    async with house.page() as page:
        page.finishes = False
        client = await house.stream()
        client.writer.transport.abort()
        await asyncio.wait_for(page.cancelled.wait(), SOON)


async def test_revoked_key_and_page_are_out_within_two_seconds(house: House):
    other = await Store.open(house.data.database)
    try:
        async with house.page() as page:
            await other.keys.revoke(KEY_NAME)

            async def refused() -> bool:
                return (await house.chat())[0] == 401

            await eventually(refused, 2.0)
            [credential] = await other.bridges.list()
            await other.bridges.revoke(credential.id)
            await asyncio.wait_for(page.closed.wait(), 2.0)
            assert page.socket.close_code == 4401
    finally:
        await other.close()


async def test_port_that_is_taken(house: House, tmp_path: Path):
    (tmp_path / "second").mkdir()
    with pytest.raises(SetupError, match="already in use"):
        async with relay_running(tmp_path / "second", port=house.http.port):
            pass


async def test_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upkeep, "FLUSH_SECONDS", 0.1)
    async with relay_running(tmp_path) as house, house.page():
        with contextlib.closing(sqlite3.connect(house.data.database, isolation_level=None)) as locker:
            locker.execute("BEGIN EXCLUSIVE")
            assert (await house.chat())[0] == 200

            async def degraded() -> bool:
                return (await house.health())["status"] == "degraded"

            await eventually(degraded)
            assert (await house.chat(stream=True))[0] == 200
            assert (await house.health())["problem"] == "store"
            locker.execute("ROLLBACK")

        async def recovered() -> bool:
            return (await house.health())["status"] == "ok"

        await eventually(recovered)
        [key] = await house.store.keys.list()
        assert key.last_used_at is not None


async def test_nothing_secret_and_nothing_said_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    async with relay_running(tmp_path, bridge={"grace_seconds": 0.3}) as house, house.page() as page:
        await house.chat()
        await house.chat(stream=True)
        await house.ask("GET", f"/v1/models?key={house.key}")
        await house.chat(key="sk-relay-wrong-canary-key")
        await house.chat(model=PROMPT.upper())
        page.finishes = False
        client = await house.stream()
        await page.socket.send("not a frame")
        await client.rest()
        secrets = [house.key, house.code, page.welcome["token"], house.data.admin_token, page.calls[0]["call"]]
        assert len(list(house.log.read_text().splitlines())) >= 6
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "admin-token"}
    said = capfd.readouterr()
    for word in (*secrets, PROMPT, ANSWER, "wrong-canary-key"):
        assert word is not None
        assert [path for path, content in kept.items() if word.encode() in content] == []
        assert word not in said.out + said.err


async def test_response_in_the_background_outlives_its_client_and_relay(tmp_path: Path):
    async with relay_running(tmp_path) as house, house.page():
        body = {"model": "m", "input": PROMPT, "background": True}
        status, _, text = await house.ask("POST", "/v1/responses", body)
        path, key = f"/v1/responses/{json.loads(text)['id']}", house.key

        async def done() -> bool:
            return bool(json.loads((await house.ask("GET", path))[2])["status"] == "completed")

        await eventually(done)
        assert status == 200
    async with relay_running(tmp_path) as house:
        status, _, text = await house.ask("GET", path, key=key)
        assert (status, ANSWER in text) == (200, True)


async def test_response_that_relay_could_not_end_has_failed(tmp_path: Path):
    async with relay_running(tmp_path, server={"drain_seconds": 0.1}) as house, house.page() as page:
        page.finishes = False
        made = json.loads((await house.ask("POST", "/v1/responses", {"input": PROMPT, "background": True}))[2])
        key = house.key

        async def running() -> bool:
            return bool(page.calls)

        await eventually(running)
        house.stop()
        assert await asyncio.wait_for(house.serving, SOON) == 0
        assert page.cancelled.is_set() or page.closed.is_set()
    async with relay_running(tmp_path) as house:
        stored = json.loads((await house.ask("GET", f"/v1/responses/{made['id']}", key=key))[2])
        assert (stored["status"], stored["error"]["code"]) == ("failed", "shutting_down")


async def test_socket_of_responses_ends_with_relay(house: House):
    async with house.page():
        headers = {"Authorization": f"Bearer {house.key}"}
        async with connect(f"ws://{house.http.netloc}/v1/responses", additional_headers=headers) as socket:
            await socket.send(json.dumps({"type": "response.create", "input": PROMPT}))
            answer = ""
            while "response.completed" not in answer:
                answer = str(await asyncio.wait_for(socket.recv(), SOON))
            assert ANSWER in answer
            house.stop()
            await asyncio.wait_for(socket.wait_closed(), SOON)
            assert socket.close_code == 1012
            assert await asyncio.wait_for(house.serving, SOON) == 0


async def test_compaction_outlives_relay(tmp_path: Path):
    async with relay_running(tmp_path) as house, house.page():
        key = house.key
        [item] = json.loads((await house.ask("POST", "/v1/responses/compact", {"model": "m", "input": PROMPT}))[2])[
            "output"
        ]
    async with relay_running(tmp_path) as house:
        house.code = await house.store.bridges.create_code(house.page_origin, 300.0)
        async with house.page():
            body = {"model": "m", "input": [item, {"role": "user", "content": "More"}]}
            assert (await house.ask("POST", "/v1/responses", body, key))[0] == 200


async def test_session_is_chosen_by_header(house: House):
    async with house.page(), httpx2.AsyncClient(base_url=house.running.base_url) as client:

        async def asked(session: str) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {house.key}", "x-relay-session": session}
            body = {"messages": [{"role": "user", "content": PROMPT}]}
            return await client.post("/chat/completions", json=body, headers=headers)

        unknown = await asked("nobody")
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "session_not_found")
        shown = unknown.json()["error"]["message"].partition("There are: ")[2].partition(" ")[0]
        assert (await asked(shown)).status_code == 200

        code = await house.store.bridges.create_code(house.page_origin, 300.0)
        async with house.page(code=code) as other:
            await other.offer("other")
            async with asyncio.timeout(SOON):
                while (await asked(other.welcome["session"])).json()["model"] != "other":
                    pass  # its offer is on the way
