"""The one gate in front of every route: whose host, whose page, which power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from quart import Quart, Request, g, request

from relay.errors import HostRefused, InvalidCredential, InvalidRequest, OriginRefused, PermissionRefused
from relay.gateway.keyring import Keyring


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
    "chat.complete": Power.CLIENT,
    "models.list_models": Power.CLIENT,
    "models.one_model": Power.CLIENT,
    "admin.show_metrics": Power.ADMIN,
    "admin.sessions": Power.ADMIN,
}
"""Every endpoint and the power it needs. One that is missing here is closed to everybody."""

ANYBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class GateRules:
    """Who may come: ``hosts`` and ``origins`` are compared exactly, hosts without regard to case."""

    hosts: frozenset[str]
    own_origins: frozenset[str]
    allowed_origins: frozenset[str]
    auth: bool

    def knows_host(self, host: str) -> bool:
        """Whether `host`, as in the Host header, is one of relay's own names (against DNS rebinding)."""
        return host.lower() in self.hosts

    def knows_origin(self, origin: str) -> bool:
        """Whether a page of `origin` may call the HTTP API."""
        return origin in self.own_origins or origin in self.allowed_origins


class Gate:
    """Check every request, HTTP and WebSocket, before its route runs."""

    def __init__(self, rules: GateRules, keyring: Keyring) -> None:
        self._rules = rules
        self._keyring = keyring

    def guard(self, app: Quart) -> None:
        """Stand before all routes of `app`."""
        app.before_request(self.check)
        app.before_websocket(_no_sockets_here)

    async def check(self) -> None:
        """Let the current request pass, with ``g.key`` saying whose it is.

        Raises:
            AccessError: it may not.
            InvalidRequest: its framing is ambiguous (request smuggling).
        """
        g.key = ANYBODY
        self._check_framing(request)
        host = request.headers.get("Host")
        if host is None or not self._rules.knows_host(host):
            raise HostRefused("This host name is not relay's. Use http://localhost, or add it to allowed_hosts.")
        self._check_origin(request)
        rule = request.url_rule
        power = ACCESS.get(rule.endpoint) if rule is not None else Power.CLIENT
        if power is Power.PUBLIC or self._is_preflight(request):
            return
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and "Origin" not in request.headers:
            raise OriginRefused("Another site may not call relay.")
        try:
            g.key = self._authorise(power)
        except InvalidCredential:
            if not await self._keyring.renew():
                raise
            g.key = self._authorise(power)

    def _authorise(self, power: Power | None) -> str:
        if power is Power.CLIENT and not self._rules.auth:
            return ANYBODY
        refused = False
        for secret in credentials(request):
            key = self._keyring.client(secret)
            is_admin = self._keyring.is_admin(secret)
            if power is Power.CLIENT and key is not None:
                return key.name
            if power is Power.ADMIN and is_admin:
                return "admin"
            refused = refused or key is not None or is_admin
        if refused:
            raise PermissionRefused("This credential is good, but not for this route.")
        raise InvalidCredential(
            "The API key is missing or wrong. `relay key create NAME` makes one, `relay key list` shows what there is."
        )

    def _check_origin(self, current: Request) -> None:
        origins = current.headers.getlist("Origin")
        if not all(map(self._rules.knows_origin, origins)) or len(origins) > 1:
            raise OriginRefused("This web page may not call relay. Its origin can be added to allowed_origins.")

    def _is_preflight(self, current: Request) -> bool:
        """Whether this is a CORS preflight from a configured origin; it carries no credential by design."""
        return current.method == "OPTIONS" and current.headers.get("Origin") in self._rules.allowed_origins

    @staticmethod
    def _check_framing(current: Request) -> None:
        if "Transfer-Encoding" in current.headers and "Content-Length" in current.headers:
            raise InvalidRequest("A request has either Content-Length or Transfer-Encoding (RFC 9112, 6.3).")


def credentials(current: Request) -> Iterator[str]:
    """Every credential that the request carries, in any of the spellings that clients use."""
    scheme, _, bearer = current.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        yield bearer.strip()
    for header in ("x-api-key", "x-goog-api-key"):
        if value := current.headers.get(header):
            yield value
    if value := current.args.get("key"):
        yield value


async def _no_sockets_here() -> tuple[str, int]:
    """The bridge has its own port; a WebSocket on this one is a mistake or an attack."""
    return "WebSockets are served on the bridge port.", 403
