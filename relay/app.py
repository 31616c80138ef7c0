"""The composition root: builds every object of one relay and joins them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from quart import Quart

from relay import __version__, terms
from relay.backends.browser import BrowserBackend
from relay.backends.media import MediaBackend
from relay.bridge.frames import ClientSettings
from relay.bridge.headless.accounts import ATTACHED, Account, Accounts
from relay.bridge.headless.seams import Engine, Watching
from relay.bridge.headless.sites import Sites
from relay.bridge.headless.supervisor import Supervisor
from relay.bridge.headless.visit import Place
from relay.bridge.pairing import Doorkeeper
from relay.bridge.registry import SessionRegistry
from relay.bridge.server import BridgeServer
from relay.datadir import DataDir
from relay.errors import ShuttingDown
from relay.gateway.admins import Admins
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Gateway, Images
from relay.gateway.keyring import Keyring
from relay.gateway.media import MediaGateway
from relay.gateway.record import Recorder
from relay.gateway.responses.background import Background, Runs
from relay.gateway.responses.desk import Desk, clock, new_id
from relay.gateway.responses.keeping import Scribe
from relay.gateway.responses.past import Memory
from relay.gateway.responses.seal import Seal
from relay.gateway.responses.shelf import Shelf
from relay.listen import Listeners
from relay.process import within
from relay.settings import Settings
from relay.shipped import assets
from relay.store import Store
from relay.telemetry.metrics import Metrics
from relay.upkeep import StoredSessions, Upkeep
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
from relay.web.access import COOKIE, Gate, GateRules
from relay.web.responses_socket import Sockets
from relay.web.wanted import named_session

log = structlog.get_logger(__name__)

DEMO_MODEL = "demo"
LAST_WORDS_SECONDS = 0.5
"""How long errors and goodbyes may take to leave when relay stops."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a person needs to know once relay serves; ``page_url`` holds a one-time code."""

    base_url: str
    page_url: str
    model: str
    key: str | None
    data_dir: Path
    demo: bool
    auth: bool
    closed: tuple[str, ...]


class Relay:
    """All parts of one relay, joined."""

    def __init__(
        self, settings: Settings, data: DataDir, store: Store, listeners: Listeners, first_key: str | None
    ) -> None:
        self._settings = settings
        self._data = data
        self._store = store
        self._http = listeners.http
        self._bridge = listeners.bridge
        self._first_key = first_key
        self.metrics = Metrics()
        self.registry = SessionRegistry(
            terms.of_sessions(settings), StoredSessions(store, self.metrics), time.monotonic
        )
        self.keyring = Keyring(store.keys, data.admin_token, time.time)
        self.doorkeeper = Doorkeeper(store.bridges, self._http.origins() | frozenset(settings.bridge.origins))
        self.bridge_server = self._make_bridge_server()
        self.admission = Admission(settings.limits.requests_per_key, settings.limits.requests_total)
        idle = settings.server.keep_alive_seconds
        self.backend = BrowserBackend(self.registry, idle, time.time, terms.of_sites(settings), self._account_names)
        self.admins = Admins(time.monotonic)
        self.gateway = self._make_gateway()
        self.media_gateway = self._make_media_gateway()
        self.headless = self._make_supervisor()
        self.desk = self._make_desk()
        self.upkeep = Upkeep(store, self.keyring, self.bridge_server, self.desk.shelf)
        self.http_app = self._make_http_app()
        self._publish_gauges()

    async def running(self) -> Running:
        """Read the keys, make the one-time link of the page, and say where everything is."""
        await self.keyring.refresh()
        code = await self._store.bridges.create_code(self._page_origin, self._settings.bridge.code_seconds)
        return Running(
            base_url=self._base_url,
            page_url=f"{self._page_origin}/#code={code}",
            model=self._shown_model,
            key=self._first_key,
            data_dir=self._data.path,
            demo=self._settings.demo,
            auth=self._settings.auth,
            closed=self._settings.closed_endpoints,
        )

    async def drain(self) -> None:
        """Refuse what is new, let what runs end in time, then end it with an error in its own form."""
        log.info("relay.draining", in_flight=self.admission.in_flight)
        self.admission.drain()
        await within(self._settings.server.drain_seconds, self.admission.idle())
        self.registry.stop(ShuttingDown())
        await within(LAST_WORDS_SECONDS, self.admission.idle())

    @property
    def _page_origin(self) -> str:
        return self._http.origin(self._http.name)

    @property
    def _admin_origin(self) -> str:
        """Not the page's: the script of a chat's vendor runs there."""
        return self._http.origin(self._http.other_name)

    @property
    def _admin_cookie(self) -> str:
        return f"{COOKIE}-{self._http.port}"

    @property
    def _base_url(self) -> str:
        return f"{self._page_origin}/v1"

    @property
    def _bridge_url(self) -> str:
        return f"ws://{self._bridge.name}:{self._bridge.port}/"

    @property
    def _shown_model(self) -> str:
        """The model to paste into a client; the built-in session has one of its own."""
        return DEMO_MODEL if self._settings.demo else self._settings.default_model

    def _client_settings(self, paired: bool) -> ClientSettings:
        """What a page shows to paste into a client; the first key once, to the page that has just been paired."""
        key = None
        if paired:
            key, self._first_key = self._first_key, None
        return ClientSettings(base_url=self._base_url, model=self._shown_model, key=key)

    def _account_names(self) -> dict[str, str]:
        """The headless accounts by their bridge credential."""
        return {one.credential: one.name for one in self.headless.accounts() if one.credential is not None}

    def _default_model(self) -> str:
        """The model for the client of the current request, if it names none."""
        return self.backend.default_model(self._shown_model, named_session())

    def _make_bridge_server(self) -> BridgeServer:
        hosts = self._bridge.hosts(self._settings.allowed_hosts)
        rules = terms.of_bridge(self._settings, lambda host: host.lower() in hosts)
        return BridgeServer(rules, self.doorkeeper, self.registry, self._client_settings)

    def _make_supervisor(self) -> Supervisor:
        headless = self._settings.headless
        watching = Watching(
            restarts=headless.restarts,
            restart_window=headless.restart_window_seconds,
            save_seconds=headless.save_seconds,
            save_calls=headless.save_calls,
            calls=lambda credential: sum(s.served for s in self.registry if s.identity.credential == credential),
        )
        attached = () if headless.attach is None else (Account(name=ATTACHED, adapter="", attach=headless.attach),)
        return Supervisor(Accounts(self._data.headless), self._make_engine, watching, attached)

    def _make_engine(self, accounts: Accounts) -> Engine:
        """Load Playwright and what drives it, which a relay without headless mode does without."""
        from relay.bridge.headless.engine import Browsers, PlaywrightEngine  # noqa: PLC0415  # see above

        place = Place(self._page_origin, self._bridge_url, self._store.bridges, __version__, assets("extension"))
        return PlaywrightEngine(Browsers(self._settings.headless.browser, place), accounts)

    def _make_gateway(self) -> Gateway:
        recorder = Recorder(self.metrics, time.monotonic)
        rules = terms.of_answers(self._settings)
        return Gateway(self.backend, self.admission, recorder, rules, self._make_fetcher())

    def _make_fetcher(self) -> Images | None:
        """Load the HTTP client and what drives it, which a relay that fetches nothing does without."""
        if not self._settings.fetch.images:
            return None
        from relay.backends.fetching import ImageFetcher  # noqa: PLC0415  # see above

        return ImageFetcher()

    def _make_media_gateway(self) -> MediaGateway:
        settings = self._settings
        idle = settings.server.keep_alive_seconds
        backend = MediaBackend(self.registry, self.backend.catalogs, idle, self._account_names)
        recorder = Recorder(self.metrics, time.monotonic)
        return MediaGateway(backend, self.admission, recorder, settings.limits.response_bytes)

    def _make_desk(self) -> Desk:
        settings, limits = self._settings.responses, self._settings.limits
        shelf = Shelf(self._store.responses, terms.of_stored_responses(self._settings), self.metrics, time.time)
        seal = Seal(self._data.signing_secret)
        runs = Runs(settings.background_per_key)
        return Desk(
            gateway=self.gateway,
            admission=self.admission,
            shelf=shelf,
            memory=Memory(shelf, seal, limits.body_bytes),
            scribe=Scribe(shelf, new_id, clock, limits.response_bytes),
            background=Background(self.gateway, self.admission, runs, limits.response_bytes),
            seal=seal,
            limits=terms.of_requests(self._settings),
            default_model=self._default_model,
            idle_seconds=self._settings.server.keep_alive_seconds,
        )

    def _make_http_app(self) -> Quart:
        settings, gateway, request_limits = self._settings, self.gateway, terms.of_requests(self._settings)
        rules = GateRules(
            hosts=self._http.hosts(settings.allowed_hosts),
            own_origins=self._http.origins(),
            allowed_origins=frozenset(settings.allowed_origins),
            auth=settings.auth,
            admin_cookie=self._admin_cookie,
        )
        bridges = self._store.bridges
        blueprints = (
            page.blueprint(self._page_settings()),
            health.blueprint(self.registry, self._default_model, lambda: self.upkeep.problem, demo=settings.demo),
            openapi.blueprint(settings.closed_endpoints),
            chat.blueprint(gateway, request_limits, self._default_model),
            responses.blueprint(self.desk, Sockets(terms.of_sockets(settings), self.admission)),
            messages.blueprint(gateway, request_limits, self._default_model),
            gemini.blueprint(gateway, self.media_gateway, request_limits, self._default_model),
            media.blueprint(self.media_gateway, gateway, request_limits, self._default_model),
            models.blueprint(self.backend),
            admin.blueprint(self.metrics, self.registry, self.headless.accounts),
            signin.blueprint(self.admins, self._admin_place()),
            remote.blueprint(self.headless),
            accounts.blueprint(self.headless, self.registry, Sites(assets("extension") / "sites"), bridges),
        )
        gate = Gate(rules, self.keyring, self.admins)
        return server.build(blueprints, gate, rules, settings.limits.body_bytes, settings.closed_endpoints)

    def _admin_place(self) -> signin.AdminPlace:
        return signin.AdminPlace(self._admin_origin, page_origin=self._page_origin, cookie=self._admin_cookie)

    def _page_settings(self) -> page.PageSettings:
        puter = self._settings.puter
        local = puter.sdk_file is not None
        sdk_origin = "" if local else "{0.scheme}://{0.netloc}".format(urlsplit(puter.sdk))
        return page.PageSettings(
            origin=self._page_origin,
            csp=page.content_security_policy(sdk=sdk_origin, connect=(self._bridge_url.rstrip("/"), puter.api_origin)),
            sdk_file=puter.sdk_file,
            config={
                "bridge_url": self._bridge_url,
                "base_url": self._base_url,
                "version": __version__,
                "default_model": self._settings.default_model,
                "demo": self._settings.demo,
                "puter": {
                    "sdk": "/sdk/puter.js" if local else puter.sdk,
                    "api_origin": puter.api_origin,
                    "gui_origin": puter.gui_origin,
                    "way": puter.way,
                },
            },
        )

    def _publish_gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("relay_requests_in_flight", "Requests that run now.", lambda: self.admission.in_flight)
        gauge("relay_calls_queued", "Calls that wait for a session.", lambda: self.registry.queued)
        gauge("relay_sessions_connected", "Sessions with a live page.", lambda: sum(s.online for s in self.registry))
        gauge("relay_sessions_ready", "Sessions that can answer.", lambda: sum(s.ready for s in self.registry))
