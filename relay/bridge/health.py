"""What a session's latest failures mean for its further use: pure bookkeeping, times come in."""

from __future__ import annotations

from dataclasses import dataclass

from relay.errors import BackendThrottled, LoginRequired, NothingSent, RelayError, SessionBlocked

LONGEST_REST = 3600.0
"""However long a site asks us to stay away, a session is tried again after this many seconds."""

LONGEST_DOUBT = 30.0
"""A page that said nothing about itself for this long after a failure is believed what it said before it."""


@dataclass(frozen=True, slots=True)
class LastError:
    """A failure as a person may see it. ``kind`` is the error's code, ``at`` seconds of the session's clock."""

    kind: str
    message: str
    at: float


class Health:
    """Whether a session that says it is ready should be left alone for a while.

    A site that asked to slow down is not asked again before its time. A login that is gone or a site that wants
    something of the person is for the page to see: nothing is sent until it says how it is now.

    Attributes:
        last_error: the latest failure of a call.
    """

    def __init__(self) -> None:
        self.last_error: LastError | None = None
        self._resting_until = self._doubted_until = float("-inf")

    def failed(self, error: RelayError, now: float) -> None:
        """A call ended with `error`."""
        if isinstance(error, NothingSent):  # it comes again
            return
        self.last_error = LastError(error.code, error.message, now)
        if isinstance(error, BackendThrottled) and error.retry_after is not None:
            self._resting_until = max(self._resting_until, now + min(error.retry_after, LONGEST_REST))
        if isinstance(error, LoginRequired | SessionBlocked):
            self._doubted_until = now + LONGEST_DOUBT

    def spoke(self) -> None:
        """The page said how it is: what was in doubt is known now."""
        self._doubted_until = float("-inf")

    def fit(self, now: float) -> bool:
        """Whether a call may be sent now."""
        return now >= self._resting_until and now >= self._doubted_until

    def rest(self, now: float) -> float:
        """Seconds until the site may be asked again, as far as it said; 0 if that is now."""
        return max(0.0, self._resting_until - now)
