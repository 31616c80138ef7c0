"""Every failure becomes a response in the shape of the API that was called."""

from __future__ import annotations

import math
import re
from typing import Final

import structlog
from quart import Quart, Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge, RequestTimeout

from relay.errors import BodyTooLarge, InvalidRequest, RelayError, RouteNotFound
from relay.web.current import current
from relay.web.speech import spoken

log = structlog.get_logger(__name__)

_BASE: Final = re.compile(r"/v1(beta)?/(?!v1)|/(api|admin)/")
PATIENCE_SECONDS: Final = 60.0
"""Beyond this a retry is left to the person: some SDKs would sleep for any length, others retry at once instead."""

LONGEST_PARAM: Final = 100
"""Of what the log is told: a name that the client made up may be as long as its body."""


def install(app: Quart) -> None:
    """Answer for everything that `app`'s routes raise."""
    app.register_error_handler(RelayError, _relay_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def response_for(error: RelayError) -> Response:
    """Return `error` as an HTTP response, with the headers that SDKs act on.

    ``x-should-retry`` overrides the SDKs' own rule by status, see
    https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py (``_should_retry``).
    """
    body = spoken(current()).error_body(error, g.get("request_id", ""))
    response = Response(body, error.status, content_type="application/json")
    should_retry = error.should_retry
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
        if should_retry is None and error.retry_after > PATIENCE_SECONDS:
            should_retry = False
    if should_retry is not None:
        response.headers["x-should-retry"] = str(should_retry).lower()
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _announce_close(response: Response) -> Response:
    """Say that the connection ends, as it does when an answer goes out before the request's body came in.

    A client that reuses connections must know: https://www.rfc-editor.org/rfc/rfc9112#section-9.6.
    """
    headers = current().headers
    has_body = "Content-Length" in headers or "Transfer-Encoding" in headers
    if has_body and not g.get("body_read"):
        response.headers["Connection"] = "close"
    return response


async def _relay_error(error: RelayError) -> Response:
    if not g.get("recorded"):  # the gateway writes down how its own requests end
        param = None if error.param is None else error.param[:LONGEST_PARAM]
        log.info("request.refused", id=g.get("request_id"), status=error.status, error=error.code, param=param)
    return _announce_close(response_for(error))


async def _http_error(error: HTTPException) -> Response:
    request = current()
    match error:
        case NotFound():
            known: RelayError = RouteNotFound(
                f"There is no {request.method} {request.path} here. {_where(request.path)}"
            )
        case MethodNotAllowed(valid_methods=methods):
            taken = ", ".join(sorted({*(methods or ())} - {"HEAD", "OPTIONS"})) or "other methods"
            known = RouteNotFound(f"{request.path} takes {taken}, not {request.method}.", status=405)
        case RequestEntityTooLarge():
            known = BodyTooLarge("The body is larger than relay takes (limits.body_bytes).")
        case RequestTimeout():
            known = InvalidRequest("The body did not arrive in time.")
            known.status = 408
        case _:
            known = InvalidRequest(error.description or error.name)
            known.status = error.code if error.code is not None and 400 <= error.code < 500 else 400
    return await _relay_error(known)


def _where(path: str) -> str:
    """Say what may have been meant by a `path` that is none: mostly the base URL has ``/v1`` too much or too little."""
    if _BASE.match(path):
        return "GET /openapi.json lists what there is."
    return "The base URL of OpenAI's clients ends in /v1, that of Anthropic's and Google's does not."


async def _bug(error: Exception) -> Response:
    """A bug of ours: the log has the traceback, the client has a reference to it."""
    log.error("request.crashed", id=g.get("request_id"), exc_info=error)
    return response_for(RelayError(f"relay failed in an unexpected way; its log has more under {g.get('request_id')}."))
