"""The accounts of headless mode: what there is, and starting, changing and removing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify

from relay.bridge.headless.accounts import Account
from relay.bridge.headless.seams import Snapshot, Start
from relay.bridge.headless.sites import Sites
from relay.bridge.headless.supervisor import Supervisor
from relay.bridge.session import Session
from relay.errors import AccountRefused
from relay.web.body import read_json

DISPLAY = frozenset({"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"})
"""The only variables a caller may set for a browser: those that lead to a person's screen."""


class Credentials(Protocol):
    """Where bridge credentials are ended."""

    async def revoke(self, id_or_name: str) -> object:
        """End a credential."""


class How(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With a window or without."""

    headed: bool = False
    display: Mapping[str, Annotated[str, Meta(max_length=4096)]] = msgspec.field(default_factory=dict)


class Wanted(How, frozen=True, forbid_unknown_fields=True):
    """An account to make or change; ``adapter`` is the id of a built-in site description or a description itself."""

    name: str | None = None
    site: Annotated[str, Meta(max_length=4096)] | None = None
    adapter: Annotated[str, Meta(max_length=256)] | dict[str, Any] | None = None
    proxy: Annotated[str, Meta(max_length=4096)] | None = None
    token: Annotated[str, Meta(max_length=65_536)] | None = None


Body = TypeVar("Body", bound=How)


def blueprint(supervisor: Supervisor, sessions: Iterable[Session], sites: Sites, credentials: Credentials) -> Blueprint:
    """Return the routes of accounts."""
    routes = Blueprint("accounts", __name__)

    def shown(snapshot: Snapshot) -> dict[str, Any]:
        return _shown(snapshot, sessions)

    @routes.get("/api/accounts")
    async def list_accounts() -> Response:
        found = [shown(snapshot) for snapshot in supervisor.accounts()]
        return jsonify(accounts=found, headless=supervisor.starts_all)

    @routes.get("/api/accounts/<name>")
    async def one_account(name: str) -> Response:
        return jsonify(shown(supervisor.snapshot(name)))

    @routes.post("/api/accounts")
    async def make() -> Response:
        wanted = _decode(await read_json(), Wanted)
        site = sites.choose(wanted.site, wanted.adapter)
        if wanted.token is not None and site.start is not None:
            raise AccountRefused("Only relay's own page has a function that takes a token.", param="token")
        account = Account(name=wanted.name or site.name, adapter=site.adapter, start=site.start, proxy=wanted.proxy)
        start = _start(wanted, wanted.token)
        return jsonify(shown(await supervisor.add(account, site.description, start)))

    @routes.post("/api/accounts/<name>/restart")
    async def restart(name: str) -> Response:
        return jsonify(shown(await supervisor.restart(name, _start(_decode(await read_json(), How)))))

    @routes.delete("/api/accounts/<name>")
    async def remove(name: str) -> Response:
        credential = await supervisor.remove(name)
        if credential is not None:
            await credentials.revoke(credential)
        return jsonify(removed=name)

    return routes


def _decode(body: bytes, form: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body or b"{}", type=form)
    except msgspec.ValidationError as exc:
        raise AccountRefused(f"{exc}.") from exc
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise AccountRefused("The body is not JSON.") from exc


def _start(how: How, token: str | None = None) -> Start:
    display = {name: value for name, value in how.display.items() if name in DISPLAY}
    return Start(headed=how.headed, display=display, token=token)


def _shown(snapshot: Snapshot, sessions: Iterable[Session]) -> dict[str, Any]:
    facts = asdict(snapshot)
    credential = facts.pop("credential")
    session = next((one for one in sessions if one.online and one.identity.credential == credential), None)
    told = session and {"id": session.id[:8], "state": session.state, "detail": session.detail}
    return facts | {"session": told}
