"""Reading a request's JSON body: the type and the encoding are checked here, the content by the dialect."""

from __future__ import annotations

from quart import g, request

from relay.errors import UnsupportedMediaType


async def read_json() -> bytes:
    """Return the body of the current request, which claims to be JSON.

    A body of another type is refused, so that a form or a ``no-cors`` fetch of some web page cannot reach a route
    (https://fetch.spec.whatwg.org/#cors-safelisted-request-header). A compressed one is refused too: its real size is
    not bounded by the size on the wire.

    Raises:
        UnsupportedMediaType: not ``application/json``, or encoded.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be JSON with Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("A compressed body is not taken; send it without Content-Encoding.")
    body = await request.get_data(cache=False)
    g.body_read = True
    assert isinstance(body, bytes)  # noqa: S101  (str only with as_text)
    return body
