"""Everything that relay itself raises, in one tree.

::

    RelayError
    ├── RequestError            what the client sent cannot be served as it is
    │   ├── InvalidRequest          a field is missing, malformed or contradictory
    │   ├── UnsupportedFeature      well formed, but this session cannot do it
    │   ├── ContextLengthExceeded   the prompt is longer than the session takes
    │   ├── ContentRefused          the site's moderation refused the prompt or the answer
    │   ├── ModelNotFound           no live session offers the model
    │   ├── ResponseNotFound        no stored response of this key has the id
    │   ├── PreviousResponseNotFound    nor the one to go on from
    │   ├── SessionUnknown          the session that the client asks for is not there
    │   ├── RouteNotFound           no such path, or not with this method
    │   ├── AccountUnknown          no headless account has this name
    │   ├── AccountRefused          an account cannot be made like this
    │   ├── AccountUnavailable      the account's browser is not running now
    │   ├── BodyTooLarge            the body passes the configured limit
    │   └── UnsupportedMediaType    not JSON, or an encoded body
    ├── AccessError             who asks may not
    │   ├── InvalidCredential       no key, a wrong one or a revoked one
    │   ├── PermissionRefused       a credential of another power
    │   ├── HostRefused             the Host header names somebody else
    │   └── OriginRefused           a web page that is not ours
    ├── Overloaded              a bound of relay's own is reached
    ├── ConnectionLimitReached  a WebSocket is older than one may be
    ├── ShuttingDown            relay drains before it stops
    ├── SetupError              relay cannot work as it was started; for the person at the command line
    │   ├── SettingsError           settings are wrong, unknown or refused together
    │   ├── NameRefused             a name for a key that cannot be used
    │   │   └── NameTaken               another live key has it
    │   ├── BrowserMissing          there is no browser to run, or it cannot be installed
    │   └── DataDirError            the data directory cannot be used
    │       └── DataDirBusy             another relay works on it
    ├── StoreError              the database cannot be read or written
    │   └── StoreBusy               not now: it is locked or full
    └── BackendError            the session that should answer cannot
        ├── SessionNotAvailable     nobody is signed in
        ├── SessionOffline          the session lost its socket and did not come back in time
        ├── LoginRequired           the site asks the person to sign in again
        ├── SessionBlocked          the site asks the person for something else (captcha, consent)
        ├── BackendThrottled        the site asks us to slow down
        ├── QuotaExhausted          the account's budget is used up
        ├── BackendFailed           the site answered with an error
        │   └── NothingSent             the page asks to be asked once more
        ├── StreamTruncated         the answer stopped without an end
        ├── SessionLost             the page went away in the middle of a call
        ├── BridgeViolation         the page broke the bridge protocol
        └── CallTimeout             one of the call's clocks ran out

The message is for a person and names the next step. ``status`` is applied by the web layer alone; ``kind`` is what a
dialect turns into its own error type; ``code`` is the stable word that programs match on.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """What a failure means to a client; each dialect has one table from this to its own types."""

    INVALID_REQUEST = "invalid_request"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    SERVER = "server"


class RelayError(Exception):
    """Base of everything relay raises.

    Attributes:
        status: HTTP status when nothing was sent to the client yet.
        kind: meaning for the dialect's error type.
        code: stable machine-readable word.
        param: the request field at fault, where one is.
        should_retry: ``False`` when trying again cannot help, ``True`` when it will,
            ``None`` to leave it to the status.
        retry_after: seconds until a retry makes sense.
    """

    status = 500
    kind = ErrorKind.SERVER
    code = "server_error"
    should_retry: bool | None = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after


class RequestError(RelayError):
    """What the client sent cannot be served as it is; sending it again changes nothing."""

    status = 400
    kind = ErrorKind.INVALID_REQUEST
    code = "invalid_request"
    should_retry = False


class InvalidRequest(RequestError):
    """A field is missing, malformed or contradictory; ``param`` names it."""


class UnsupportedFeature(RequestError):
    """The request is well formed, but the session that would answer cannot do it."""

    code = "unsupported_feature"


class ContextLengthExceeded(RequestError):
    """The prompt is longer than the session takes."""

    code = "context_length_exceeded"


class ContentRefused(RequestError):
    """The site's moderation refused the prompt or the answer."""

    code = "content_filter"


class ModelNotFound(RequestError):
    """No live session offers the model; the message names the nearest ones."""

    status = 404
    kind = ErrorKind.NOT_FOUND
    code = "model_not_found"

    def __init__(self, model: str, nearest: tuple[str, ...] = (), whose: str = "any connected session") -> None:
        hint = f" Did you mean {', '.join(nearest)}?" if nearest else " GET /v1/models lists what there is."
        super().__init__(f"The model {model!r} is not offered by {whose}.{hint}", param="model")
        self.model = model
        self.nearest = nearest


class ResponseNotFound(RequestError):
    """No stored response of this key has the id."""

    status = 404
    kind = ErrorKind.NOT_FOUND
    code = "response_not_found"

    def __init__(self, id_: str) -> None:
        super().__init__(
            f"There is no response {id_[:100]!r} of this key: it was not stored, or is deleted or expired."
        )


class PreviousResponseNotFound(RequestError):
    """The response to go on from is not there, or one of those before it."""

    code = "previous_response_not_found"

    def __init__(self, id_: str) -> None:
        super().__init__(
            f"There is no response {id_[:100]!r} of this key to go on from; send the whole conversation as input.",
            param="previous_response_id",
        )


class SessionUnknown(RequestError):
    """The session that the client asks for is not there; the message names those that are."""

    status = 404
    kind = ErrorKind.NOT_FOUND
    code = "session_not_found"

    def __init__(self, session: str, known: tuple[str, ...]) -> None:
        there = f"There are: {', '.join(known)}." if known else "None is connected."
        super().__init__(f"No session is called {session[:100]!r}. {there}")


class AccountUnknown(RequestError):
    """No headless account has this name."""

    status = 404
    kind = ErrorKind.NOT_FOUND
    code = "account_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no account {name!r}. This lists all: relay headless list", param="name")
        self.name = name


class AccountRefused(RequestError):
    """A headless account cannot be made like this; ``param`` names what is wrong."""

    code = "account_refused"


class AccountUnavailable(RequestError):
    """The account's browser is not running now."""

    status = 409
    code = "account_unavailable"


class RouteNotFound(RequestError):
    """No such path, or not with this method (``status`` tells which)."""

    status = 404
    kind = ErrorKind.NOT_FOUND
    code = "not_found"

    def __init__(self, message: str, *, status: int = 404) -> None:
        super().__init__(message)
        self.status = status


class BodyTooLarge(RequestError):
    """The body passes the configured limit."""

    status = 413
    code = "request_too_large"


class UnsupportedMediaType(RequestError):
    """The body is not JSON, or it is compressed."""

    status = 415
    code = "unsupported_media_type"


class AccessError(RelayError):
    """Who asks may not have what was asked for."""

    status = 403
    kind = ErrorKind.PERMISSION
    code = "permission_denied"
    should_retry = False


class InvalidCredential(AccessError):
    """There is no key, a wrong one or a revoked one."""

    status = 401
    kind = ErrorKind.AUTHENTICATION
    code = "invalid_api_key"


class PermissionRefused(AccessError):
    """The credential is good, but for something else."""


class HostRefused(AccessError):
    """The Host header names a host that relay does not serve (DNS rebinding)."""

    code = "host_refused"


class OriginRefused(AccessError):
    """The request comes from a web page that is not on the list."""

    code = "origin_refused"


class Overloaded(RelayError):
    """One of relay's own bounds is reached; ``retry_after`` is in seconds."""

    status = 429
    kind = ErrorKind.RATE_LIMIT
    code = "rate_limit_exceeded"


class ConnectionLimitReached(RelayError):
    """A WebSocket is older than one may be; a new one may be opened at once."""

    status = 400
    kind = ErrorKind.INVALID_REQUEST
    code = "websocket_connection_limit_reached"
    should_retry = True

    def __init__(self) -> None:
        super().__init__("This WebSocket is as old as one may be (responses.socket_seconds); open a new one.")


class ShuttingDown(RelayError):
    """relay is stopping: what runs may end, nothing new begins."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "shutting_down"
    should_retry = True

    def __init__(self, retry_after: float = 5.0) -> None:
        super().__init__("relay is shutting down; try again in a moment", retry_after=retry_after)


class SetupError(RelayError):
    """relay cannot work as it was started or asked; the message says what to change."""

    code = "setup_error"
    should_retry = False


class SettingsError(SetupError):
    """Settings are wrong, unknown or refused together; one sentence per problem in ``problems``."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NameRefused(SetupError):
    """A name for a key that cannot be used."""


class NameTaken(NameRefused):
    """Another live key has the name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A key named {name!r} exists already; choose another name or revoke that one first.")
        self.name = name


class DataDirError(SetupError):
    """The data directory cannot be used."""


class BrowserMissing(SetupError):
    """There is no browser to run, or it cannot be installed; the message names the next step."""


class DataDirBusy(DataDirError):
    """Another relay works on the data directory."""


class StoreError(RelayError):
    """The database cannot be read or written."""

    code = "store_error"
    should_retry = False


class StoreBusy(StoreError):
    """The database is locked or full for now; a later try may work."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "store_busy"
    should_retry = True


class BackendError(RelayError):
    """The session that should answer cannot."""

    status = 502
    code = "backend_error"


class SessionNotAvailable(BackendError):
    """Nobody is signed in: only a person can change that."""

    status = 401
    kind = ErrorKind.AUTHENTICATION
    code = "session_not_available"
    should_retry = False


class SessionOffline(BackendError):
    """The session lost its socket and did not come back within its grace time."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "session_offline"
    should_retry = True


class LoginRequired(BackendError):
    """The site asks the person to sign in again."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "login_required"
    should_retry = False


class SessionBlocked(BackendError):
    """The site asks the person for something that only a person may do (captcha, consent)."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "session_blocked"
    should_retry = False


class BackendThrottled(BackendError):
    """The site asks us to slow down; ``retry_after`` is in seconds where known."""

    status = 429
    kind = ErrorKind.RATE_LIMIT
    code = "rate_limit_exceeded"


class QuotaExhausted(BackendError):
    """The account's budget is used up; a retry cannot help."""

    status = 429
    kind = ErrorKind.QUOTA
    code = "insufficient_quota"
    should_retry = False


class BackendFailed(BackendError):
    """The site answered with an error of its own."""

    code = "upstream_error"


class NothingSent(BackendFailed):
    """The page sent nothing to the site and asks to be asked again, with what it now says of itself."""


class StreamTruncated(BackendError):
    """The answer stopped without an end."""

    code = "upstream_truncated"


class SessionLost(BackendError):
    """The page went away in the middle of a call."""

    status = 503
    kind = ErrorKind.UNAVAILABLE
    code = "bridge_disconnected"
    should_retry = True


class BridgeViolation(BackendError):
    """The page broke the bridge protocol in this call."""

    code = "bridge_protocol_error"


class CallTimeout(BackendError):
    """One of the call's clocks ran out."""

    status = 504
    kind = ErrorKind.TIMEOUT
    code = "timeout"
