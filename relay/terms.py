"""The terms that each part of relay works by, as the settings have them."""

from __future__ import annotations

from collections.abc import Callable

from relay.backends.policy import Policy
from relay.bridge.protocol import Clocks, Window
from relay.bridge.registry import Terms
from relay.bridge.server import BridgeRules
from relay.core.reasoning import ReasoningTerms
from relay.dialects.base import Limits
from relay.gateway.pipeline import Rules
from relay.gateway.responses.shelf import Keeping
from relay.settings import Settings
from relay.web.responses_socket import SocketRules


def of_sessions(settings: Settings) -> Terms:
    """Return how long and how much sessions may take."""
    bridge, clocks = settings.bridge, settings.bridge.clocks
    return Terms(
        window=Window(bridge.window_parts, bridge.unacked_bytes, bridge.buffer_bytes),
        clocks=Clocks(clocks.pick_up_seconds, clocks.first_part_seconds, clocks.gap_seconds, clocks.total_seconds),
        grace=bridge.grace_seconds,
        queue_size=bridge.queue_size,
        queue_seconds=bridge.queue_seconds,
    )


def of_bridge(settings: Settings, is_own_host: Callable[[str], bool]) -> BridgeRules:
    """Return what is asked of the sockets of pages."""
    bridge = settings.bridge
    return BridgeRules(
        hosts=is_own_host,
        hello_seconds=bridge.hello_seconds,
        heartbeat_seconds=bridge.heartbeat_seconds,
        grace_seconds=bridge.grace_seconds,
        frame_bytes=bridge.frame_bytes,
        unacked_bytes=bridge.unacked_bytes,
        links_per_credential=bridge.links_per_credential,
        unauthenticated_links=bridge.unauthenticated_links,
    )


def of_sites(settings: Settings) -> Policy:
    """Return what is done for sites that cannot do it themselves."""
    tools, threads = settings.tools, settings.threads
    return Policy(tools.mode, tools.sites, threads.mode, threads.sites)


def of_answers(settings: Settings) -> Rules:
    """Return what is done to answers."""
    reasoning = settings.reasoning
    return Rules(
        tags=reasoning.tags,
        response_bytes=settings.limits.response_bytes,
        reasoning=ReasoningTerms(reasoning.mode, reasoning.budget, reasoning.inline),
        unopened=reasoning.unopened,
    )


def of_requests(settings: Settings) -> Limits:
    """Return how much one request may hold."""
    return Limits(messages=settings.limits.messages, tools=settings.limits.tools)


def of_stored_responses(settings: Settings) -> Keeping:
    """Return how much of responses is kept, and for how long."""
    responses = settings.responses
    return Keeping(responses.retention_days, responses.stored, responses.stored_bytes)


def of_sockets(settings: Settings) -> SocketRules:
    """Return the bounds on the sockets of clients."""
    responses = settings.responses
    return SocketRules(
        per_key=responses.sockets_per_key,
        queue=responses.socket_queue,
        idle_seconds=responses.socket_idle_seconds,
        total_seconds=responses.socket_seconds,
        message_bytes=settings.limits.body_bytes,
    )
