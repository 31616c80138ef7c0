"""The HTTP application on a real Hypercorn, as relay runs it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypercorn.asyncio import serve
from websockets.asyncio.client import ClientConnection, connect

from relay import hardening
from relay.listen import listen
from relay.serving import hypercorn_config
from relay.settings import Settings

from ..gateway.fakes import FakeBackend
from .conftest import KEY, Site

SOON = 10.0


@dataclass
class Served:
    """A site and the port where it is."""

    site: Site
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def socket(self, path: str = "/v1/responses", key: str | None = KEY, **more: Any) -> connect:
        """Return a connection to be opened; ``headers`` are more of them."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more.pop("headers", {})}
        return connect(f"ws://{self.host}{path}", additional_headers=headers, max_size=None, **more)


@asynccontextmanager
async def serving(
    backend: FakeBackend, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any] | None = None, **changes: Any
) -> AsyncIterator[Served]:
    """Serve a site with `changes` until the block ends; `settings` are those of the server."""
    for owner, name in ((hardening.H11Protocol, "_check_protocol"), (hardening.TCPServer, "protocol_send")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for name in ("handle", "_handle_events"):
        monkeypatch.setattr(hardening.WSStream, name, getattr(hardening.WSStream, name))
    monkeypatch.setattr(hardening.Handshake, "__init__", hardening.Handshake.__init__)
    chosen = Settings.model_validate({"port": 0, **(settings or {})})
    hardening.apply(chosen.limits.slow_client_seconds)
    listener = listen("127.0.0.1", 0, "port")
    site = Site(backend, more_hosts=frozenset({f"127.0.0.1:{listener.port}"}), **changes)
    await site.start()
    config = hypercorn_config(chosen, listener)
    config.errorlog = logging.getLogger("hypercorn.error")
    stop = asyncio.Event()
    running = asyncio.ensure_future(serve(site.app, config, shutdown_trigger=stop.wait))
    try:
        yield Served(site, listener.port)
    finally:
        stop.set()
        await asyncio.wait_for(running, SOON)


__all__ = ["ClientConnection", "Served", "serving"]
