"""The end of an answer as the gateway's pipeline tells it: with what is known of its reasoning."""

from collections.abc import Iterable

import msgspec

from relay.core.events import Event, Finished, ReasoningDelta, thinking_metadata


def finished(events: Iterable[Event]) -> list[Event]:
    """Return `events` whose end says where their reasoning came from."""
    told = list(events)
    thinking = thinking_metadata(next((event for event in told if isinstance(event, ReasoningDelta)), None))
    return [
        msgspec.structs.replace(event, thinking=thinking) if isinstance(event, Finished) else event for event in told
    ]
