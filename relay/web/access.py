"""The one gate in front of every route: whose host, whose page, which power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from quart import Quart, g, has_request_context

from relay.bridge.pairing import EXTENSION
from relay.errors import HostRefused, InvalidCredential, InvalidRequest, OriginRefused, PermissionRefused
from relay.gateway.admins import ALWAYS, Admins
from relay.gateway.keyring import Keyring
from relay.web.current import Current, current


class Power(Enum):
    """What a route needs. The third power, the bridge credential, opens sockets only (relay/bridge/pairing.py)."""

    PUBLIC = auto()
    CLIENT = auto()
    ADMIN = auto()


ACCESS: dict[str, Power] = {
    "page.index": Power.PUBLIC,
    "page.config": Power.PUBLIC,
    "page.static": Power.PUBLIC,
    "page.bridge": Power.PUBLIC,
    "page.sdk": Power.PUBLIC,
    "page.favicon": Power.PUBLIC,
    "health.health": Power.PUBLIC,
    "openapi.document": Power.PUBLIC,
    "chat_completions.complete": Power.CLIENT,
    "messages.create": Power.CLIENT,
    "messages.count_tokens": Power.CLIENT,
    "gemini.on_model": Power.CLIENT,
    "gemini.in_envelope": Power.CLIENT,
    "gemini.list_models": Power.CLIENT,
    "gemini.one_model": Power.CLIENT,
    "responses.create": Power.CLIENT,
    "responses.connect": Power.CLIENT,
    "responses.retrieve": Power.CLIENT,
    "responses.delete": Power.CLIENT,
    "responses.cancel": Power.CLIENT,
    "responses.input_items": Power.CLIENT,
    "responses.input_tokens": Power.CLIENT,
    "responses.compact": Power.CLIENT,
    "media.make_image": Power.CLIENT,
    "media.edit_image": Power.CLIENT,
    "media.speak": Power.CLIENT,
    "media.transcribe": Power.CLIENT,
    "media.translate": Power.CLIENT,
    "media.embed": Power.CLIENT,
    "media.complete": Power.CLIENT,
    "media.moderate": Power.CLIENT,
    "models.list_models": Power.CLIENT,
    "models.one_model": Power.CLIENT,
    "admin.show_metrics": Power.ADMIN,
    "admin.sessions": Power.ADMIN,
    "accounts.list_accounts": Power.ADMIN,
    "accounts.one_account": Power.ADMIN,
    "accounts.make": Power.ADMIN,
    "accounts.restart": Power.ADMIN,
    "accounts.remove": Power.ADMIN,
    "signin.page": Power.PUBLIC,
    "signin.sign_in": Power.PUBLIC,
    "signin.sign_out": Power.ADMIN,
    "signin.make_code": Power.ADMIN,
    "remote.show_screen": Power.ADMIN,
    "remote.take_input": Power.ADMIN,
    "remote.copy": Power.ADMIN,
}
"""Every endpoint and the power it needs. One that is missing here is closed to everybody."""

SHOWN_TO_EXTENSIONS = ("GET", "page.config")
"""What an extension may read in its own name, paired or not: where the bridge is. It holds no secret."""

ANYBODY = "anonymous"
ADMIN = "admin"
COOKIE = "relay-admin"
"""The cookie of an admin's browser; relay's port follows, because browsers do not keep cookies apart by port."""
TOKEN_HEADER = "x-relay-token"  # noqa: S105  # a name, not a secret
"""The header in which the admin page shows that it sends a request itself: no other site can."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """Who may come: ``hosts`` and ``origins`` are compared exactly, hosts without regard to case."""

    hosts: frozenset[str]
    own_origins: frozenset[str]
    allowed_origins: frozenset[str]
    auth: bool
    admin_cookie: str = COOKIE

    def knows_host(self, host: str) -> bool:
        """Whether `host`, as in the Host header, is one of relay's own names (against DNS rebinding)."""
        return host.lower() in self.hosts

    def knows_origin(self, origin: str) -> bool:
        """Whether a page of `origin` may call the HTTP API."""
        return origin in self.own_origins or origin in self.allowed_origins


class Gate:
    """Check every request, HTTP and WebSocket, before its route runs."""

    def __init__(self, rules: GateRules, keyring: Keyring, admins: Admins) -> None:
        self._rules = rules
        self._keyring = keyring
        self._admins = admins

    def guard(self, app: Quart) -> None:
        """Stand before all routes of `app`."""
        app.before_request(self.check)
        app.before_websocket(self.check)

    async def check(self) -> None:
        """Let the current request pass, with ``g.key`` and ``g.owner`` saying whose it is: name and id of the key.

        What takes long goes on for as long as ``g.stay`` lasts.

        Raises:
            AccessError: it may not.
            InvalidRequest: its framing is ambiguous (request smuggling).
        """
        g.key, g.owner, g.stay = ANYBODY, ANYBODY, ALWAYS
        request = current()
        self._check_framing(request)
        host = request.headers.get("Host")
        if host is None or not self._rules.knows_host(host):
            raise HostRefused("This host name is not relay's. Use localhost with its port, or add it to allowed_hosts.")
        self._check_origin(request)
        rule = request.url_rule
        if rule is None and not has_request_context():
            raise PermissionRefused("The bridge's WebSockets are served on its own port.")
        power = ACCESS.get(rule.endpoint) if rule is not None else Power.CLIENT
        if power is Power.PUBLIC or self._is_preflight(request):
            return
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and "Origin" not in request.headers:
            raise OriginRefused("Another site may not call relay.")
        try:
            g.key = self._authorise(request, power)
        except InvalidCredential:
            if not await self._keyring.renew():
                raise
            g.key = self._authorise(request, power)

    def _authorise(self, request: Current, power: Power | None) -> str:
        if power is Power.CLIENT and not self._rules.auth:
            return ANYBODY
        refused = False
        for secret in credentials(request):
            key = self._keyring.client(secret)
            is_admin = self._keyring.is_admin(secret)
            if power is Power.CLIENT and key is not None:
                g.owner, g.stay = key.id, self._keyring.stay(key)
                return key.name
            if power is Power.ADMIN and is_admin:
                return ADMIN
            refused = refused or key is not None or is_admin
        if power is Power.ADMIN and self._is_admin_page(request):
            return ADMIN
        if refused:
            raise PermissionRefused("This credential is good, but not for this route.")
        raise InvalidCredential(
            "The API key is missing or wrong. `relay key create NAME` makes one, `relay key list` shows what there is."
        )

    def _is_admin_page(self, request: Current) -> bool:
        """Whether the admin page sent this itself, from its own origin and with both secrets of its session.

        Raises:
            PermissionRefused: an admin's browser sent it, but not that page of its own accord.
        """
        cookie = request.cookies.get(self._rules.admin_cookie, "")
        if not self._admins.knows(cookie):
            return False
        if not is_same_origin(request) or not self._admins.admits(cookie, request.headers.get(TOKEN_HEADER, "")):
            raise PermissionRefused("Only the admin page itself may do that. Make a new link with: relay admin")
        g.stay = self._admins.stay(cookie)
        return True

    def _check_origin(self, request: Current) -> None:
        origins = request.headers.getlist("Origin")
        if (request.method, request.endpoint) == SHOWN_TO_EXTENSIONS and EXTENSION.fullmatch(",".join(origins)):
            return
        if not all(map(self._rules.knows_origin, origins)) or len(origins) > 1:
            raise OriginRefused("This web page may not call relay, unless the setting allowed_origins has its origin.")

    def _is_preflight(self, request: Current) -> bool:
        """Whether this is a CORS preflight from a configured origin; it carries no credential by design."""
        return request.method == "OPTIONS" and request.headers.get("Origin") in self._rules.allowed_origins

    @staticmethod
    def _check_framing(request: Current) -> None:
        if "Transfer-Encoding" in request.headers and "Content-Length" in request.headers:
            raise InvalidRequest("A request has either Content-Length or Transfer-Encoding (RFC 9112, 6.3).")


def credentials(request: Current) -> Iterator[str]:
    """Every credential that the request carries, in any of the spellings that clients use."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        yield bearer.strip()
    for header in ("x-api-key", "x-goog-api-key"):
        if value := request.headers.get(header):
            yield value
    if value := request.args.get("key"):
        yield value


def is_same_origin(request: Current) -> bool:
    """Whether the page that sent this, if any page did, has the very host and port that it is sent to.

    See https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header. The scheme is left open: behind a proxy that
    speaks TLS it is not the one seen here.
    """
    origin = request.headers.get("Origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    return own and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
