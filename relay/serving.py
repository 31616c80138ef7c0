"""The life of one relay: it listens, serves until a signal says stop, and ends in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hypercorn.asyncio import serve as serve_http
from hypercorn.config import Config

from relay import hardening
from relay.app import LAST_WORDS_SECONDS, Relay, Running
from relay.datadir import DataDir
from relay.listen import BACKLOG, Listener, Listeners, listen
from relay.process import settle, stop_signal
from relay.settings import Settings
from relay.store import Store
from relay.telemetry import log as logs


async def serve(
    settings: Settings, data: DataDir, store: Store, first_key: str | None, announce: Callable[[Running], None]
) -> int:
    """Serve until a signal says stop; return the exit status.

    `first_key` is the secret of a key that was just made: the page that is paired first may show it once.

    Raises:
        SetupError: relay cannot listen where it should.
    """
    listeners = open_listeners(settings)
    logs.configure(settings.log.level, settings.log.format, settings.log.file)
    hardening.apply(settings.limits.slow_client_seconds)
    relay = Relay(settings, data, store, listeners, first_key)
    stop = stop_signal()
    async with asyncio.TaskGroup() as group:
        upkeep = group.create_task(relay.upkeep.run())
        async with relay.bridge_server.serve(listeners.bridge.sockets):
            running = await relay.running()
            await relay.desk.recover()
            keeping = group.create_task(relay.desk.shelf.run())
            stop_http, config = asyncio.Event(), hypercorn_config(settings, listeners.http)
            async with relay.headless.running(
                start_all=settings.headless.enabled
            ):  # before a request may bring an account
                http_task = group.create_task(serve_http(relay.http_app, config, shutdown_trigger=stop_http.wait))
                announce(running)
                settle()
                await stop.wait()
                await relay.drain()
            await relay.desk.close()
            stop_http.set()
            await asyncio.wait({http_task}, timeout=LAST_WORDS_SECONDS)
            http_task.cancel()
        upkeep.cancel()
        keeping.cancel()
    await relay.upkeep.flush()
    await relay.desk.shelf.flush()
    return 0


def open_listeners(settings: Settings) -> Listeners:
    """Open both doors.

    Raises:
        SetupError: relay cannot listen where it should.
    """
    http = listen(settings.host, settings.port, "port")
    beside = http.port + 1 if settings.port else 0
    bridge_port = beside if settings.bridge_port is None else settings.bridge_port
    return Listeners(http, listen(settings.host, bridge_port, "bridge-port"))


def hypercorn_config(settings: Settings, http: Listener) -> Config:
    """Return what Hypercorn is told: https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html."""
    config = Config()
    config.bind = [f"fd://{sock.detach()}" for sock in http.sockets]
    config.backlog = BACKLOG
    config.graceful_timeout = LAST_WORDS_SECONDS / 2
    config.websocket_max_message_size = settings.limits.body_bytes
    config.websocket_ping_interval = settings.server.keep_alive_seconds
    config.keep_alive_timeout = settings.server.connection_idle_seconds
    config.h11_max_incomplete_size = settings.limits.header_bytes
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
