"""What a page's ``fail`` frame means to a client (docs/reference/bridge-protocol.md, "Errors")."""

from __future__ import annotations

from relay.errors import (
    BackendFailed,
    BackendThrottled,
    ContentRefused,
    ContextLengthExceeded,
    InvalidRequest,
    LoginRequired,
    NothingSent,
    QuotaExhausted,
    RelayError,
    RequestError,
    SessionBlocked,
    StreamTruncated,
    UnsupportedFeature,
)


class UnknownToSite(RequestError):
    """The page's site does not know the model that the page itself had listed."""

    status = 404
    code = "model_not_found"


FAULTS: dict[str, tuple[type[RelayError], str]] = {
    "login_required": (LoginRequired, "The login has expired: sign in again on the page."),
    "blocked": (SessionBlocked, "The site asks for something only you can do: look at its page."),
    "rate_limited": (BackendThrottled, "The site asks to slow down."),
    "quota_exhausted": (QuotaExhausted, "The account's allowance is used up."),
    "invalid_request": (InvalidRequest, "The site refused the request."),
    "model_not_found": (UnknownToSite, "The site does not know this model."),
    "context_length_exceeded": (ContextLengthExceeded, "The prompt is too long for this model."),
    "content_filtered": (ContentRefused, "The site's moderation refused this."),
    "unsupported": (UnsupportedFeature, "This session cannot do what the request needs."),
    "truncated": (StreamTruncated, "The site's answer stopped before its end."),
    "network": (BackendFailed, "The page could not reach the site."),
    "site_changed": (BackendFailed, "The site no longer works the way its adapter expects."),
    "again": (NothingSent, "The page could not bring the call to the site."),
    "upstream": (BackendFailed, "The site answered with an error."),
    "internal": (BackendFailed, "The page's adapter failed."),
}


def fault(kind: str, message: str, retry_after: float | None) -> RelayError:
    """Return the error for a ``fail`` frame; an unknown kind counts as ``upstream``."""
    error, sentence = FAULTS.get(kind, FAULTS["upstream"])
    return error(message or sentence, retry_after=retry_after)
