"""The HTTP application as relay builds it, on a fake backend."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from quart import Quart, Response
from quart.typing import TestClientProtocol

from relay.bridge.headless.seams import Snapshot
from relay.bridge.protocol import Clocks, Window
from relay.bridge.registry import SessionRegistry, Terms
from relay.bridge.session import Session
from relay.core.events import Event, Finished, FinishReason, Started, TextDelta, Usage, UsageReport
from relay.dialects.base import Limits
from relay.gateway.admins import Admins, AdminSession
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Gateway
from relay.gateway.keyring import Keyring
from relay.gateway.media import MediaGateway
from relay.gateway.pipeline import Rules
from relay.gateway.record import Recorder
from relay.telemetry.metrics import Metrics
from relay.web import (
    accounts,
    admin,
    chat,
    gemini,
    health,
    media,
    messages,
    models,
    openapi,
    page,
    remote,
    responses,
    server,
    signin,
)
from relay.web.access import TOKEN_HEADER, Gate, GateRules
from relay.web.responses_socket import SocketRules, Sockets

from ..gateway.conftest import Logged, backend, logged
from ..gateway.fakes import FakeBackend, FakeKeys, FakeMediaBackend
from ..gateway.responses.fakes import FakeResponses, make_desk
from .screens import FakeScreens

__all__ = ["Logged", "backend", "logged"]

KEY = "sk-relay-" + "k" * 43
ADMIN = "radm-" + "a" * 43
HOST = "localhost:3000"
ORIGIN = f"http://{HOST}"
ADMIN_HOST = "127.0.0.1:3000"
COOKIE = "relay-admin-3000"
FRIEND = "https://app.example"
SDK = "globalThis.puter = {};\n"
CSP = page.content_security_policy(sdk="https://js.example", connect=("ws://localhost:3001", "https://api.example"))

ANSWER: list[Event] = [
    Started("m"),
    TextDelta("Hello"),
    UsageReport(Usage(input_tokens=3, output_tokens=2)),
    Finished(FinishReason.STOP),
]
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


class NoLog:
    """A memory of sessions that forgets."""

    async def remember(self, session: Session) -> None:
        pass

    async def belongs(self, session_id: str, credential: str) -> bool:
        return False


@dataclass
class Site:
    """The application with the test's hands on everything behind it."""

    backend: FakeBackend
    sdk_file: Path | None = None
    auth: bool = True
    friends: frozenset[str] = frozenset()
    body_bytes: int = 4096
    limits: Limits = field(default_factory=lambda: Limits(messages=4, tools=2))
    problem: str | None = None
    closed: tuple[str, ...] = ()
    accounts: tuple[Snapshot, ...] = ()
    screens: FakeScreens = field(default_factory=FakeScreens)
    now: float = 1000.0
    more_hosts: frozenset[str] = frozenset()
    media: FakeMediaBackend = field(default_factory=FakeMediaBackend)
    stored: FakeResponses = field(default_factory=FakeResponses)
    socket_rules: SocketRules = field(default_factory=SocketRules)
    desk_changes: dict[str, Any] = field(default_factory=dict)
    admission: Admission = field(default_factory=lambda: Admission(per_key=2, total=4))
    registry: SessionRegistry = field(
        default_factory=lambda: SessionRegistry(Terms(Window(64, 2**20, 2**20), Clocks(10, 10, 10, 60)), NoLog(), float)
    )

    async def start(self) -> None:
        self.admins = Admins(lambda: self.now)
        self.keys = FakeKeys(cline=KEY)
        keyring = self.keyring = Keyring(self.keys, ADMIN, float)
        await keyring.refresh()
        metrics = Metrics()
        gateway = Gateway(self.backend, self.admission, Recorder(metrics, asyncio.get_running_loop().time), Rules())
        self.sockets = Sockets(self.socket_rules, self.admission)
        self.desk = make_desk(gateway, self.admission, self.stored, lambda: self.now, **self.desk_changes)
        recorder = Recorder(metrics, asyncio.get_running_loop().time)
        self.media_gateway = MediaGateway(cast("Any", self.media), self.admission, recorder, response_bytes=10_000)
        hosts = frozenset({"localhost", HOST, "127.0.0.1:3000", "[::1]:3000"}) | self.more_hosts
        own = frozenset(f"http://{host}" for host in hosts if ":3000" in host)
        rules = GateRules(hosts, own, self.friends, self.auth, COOKIE)
        blueprints = (
            page.blueprint(page.PageSettings(ORIGIN, {"base_url": f"{ORIGIN}/v1"}, CSP, self.sdk_file)),
            health.blueprint(self.registry, lambda: "m", lambda: self.problem, demo=False),
            openapi.blueprint(self.closed),
            chat.blueprint(gateway, self.limits, lambda: "m"),
            responses.blueprint(self.desk, self.sockets),
            messages.blueprint(gateway, self.limits, lambda: "m"),
            gemini.blueprint(gateway, self.media_gateway, self.limits, lambda: "m"),
            media.blueprint(self.media_gateway, gateway, self.limits, lambda: "m"),
            models.blueprint(self.backend),
            admin.blueprint(metrics, self.registry, lambda: self.accounts),
            accounts.blueprint(cast("Any", None), self.registry, cast("Any", None), cast("Any", None)),  # for the gate
            signin.blueprint(self.admins, signin.AdminPlace(f"http://{ADMIN_HOST}", ORIGIN, COOKIE)),
            remote.blueprint(self.screens),
        )
        gate = Gate(rules, keyring, self.admins)
        self.app: Quart = server.build(blueprints, gate, rules, self.body_bytes, self.closed)
        self.client: TestClientProtocol = self.app.test_client()

    async def ask(self, method: str, path: str, *, key: str | None = KEY, **more: Any) -> Response:
        """Send a request with the headers of a plain client; ``headers`` replaces single ones, ``None`` removes."""
        headers = {"Host": HOST, "Authorization": f"Bearer {key}" if key else None, **more.pop("headers", {})}
        present = {name: value for name, value in headers.items() if value is not None}
        response = await self.client.open(path, method=method, headers=present, **more)
        assert isinstance(response, Response)
        return response

    def signed_in(self) -> AdminSession:
        """Sign in a browser."""
        return self.admins.sign_in(self.admins.create_code())

    async def from_admin_page(self, method: str, path: str, session: AdminSession, **more: Any) -> Response:
        """Send a request as the admin page does."""
        headers = {
            "Host": ADMIN_HOST,
            "Cookie": f"{COOKIE}={session.cookie}",
            TOKEN_HEADER: session.token,
            "Sec-Fetch-Site": "same-origin",
            **more.pop("headers", {}),
        }
        return await self.ask(method, path, key=None, headers=headers, **more)

    async def chat(self, body: Any = None, **more: Any) -> Response:
        return await self.ask("POST", "/v1/chat/completions", json=CHAT if body is None else body, **more)


Make = Callable[..., Any]


@pytest.fixture
def make_site(backend: FakeBackend) -> Make:
    async def make(**changes: Any) -> Site:
        site = Site(backend, **changes)
        await site.start()
        return site

    return make


@pytest.fixture
async def site(make_site: Make, backend: FakeBackend, tmp_path: Path) -> Site:
    """A site whose backend says hello."""
    backend.script = [ANSWER]
    sdk = tmp_path / "puter.js"
    sdk.write_text(SDK)
    site: Site = await make_site(sdk_file=sdk)
    return site
