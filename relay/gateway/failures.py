"""What a client is told of a failure that nobody expected."""

from __future__ import annotations

import structlog

from relay.errors import RelayError

log = structlog.get_logger(__name__)


def told(exc: Exception, request_id: str) -> RelayError:
    """Return what the client is told of `exc`; the log has the traceback of what nobody expected."""
    if isinstance(exc, RelayError):
        return exc
    log.error("request.crashed", id=request_id, exc_info=exc)
    return RelayError(f"relay failed in an unexpected way; its log has more under {request_id}.")
