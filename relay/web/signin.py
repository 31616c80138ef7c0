"""The admin page, and signing in to it with a one-time code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, redirect, request, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

from relay.errors import InvalidRequest, OriginRefused, PermissionRefused
from relay.gateway.admins import CODE_SECONDS, SESSION_SECONDS, Admins
from relay.shipped import assets
from relay.web.access import is_same_origin
from relay.web.body import read_json

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class AdminPlace:
    """Where the admin page is. ``origin`` should not be ``page_origin``, where a chat vendor's script runs as well.

    ``cookie`` is the name of the session's cookie.
    """

    origin: str
    page_origin: str
    cookie: str

    def check(self) -> None:
        """See that a script of the vendor's cannot do what the owner can.

        Raises:
            PermissionRefused: to a browser, the admin page would be the same place as the page with that script.
        """
        if self.origin == self.page_origin:
            raise PermissionRefused(
                "The admin page would share its address with the chat's own script here. It is there when relay "
                "listens on this machine only (without --host); a tunnel such as ssh -L reaches it from elsewhere."
            )


class _SignIn(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(max_length=64)]


_sign_in = msgspec.json.Decoder(_SignIn)


def blueprint(admins: Admins, place: AdminPlace) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("signin", __name__)
    folder = assets("static") / "admin"

    @routes.get("/admin/", strict_slashes=False)
    async def page() -> Response | WerkzeugResponse:
        place.check()
        if f"{request.scheme}://{request.host}" == place.page_origin:
            return redirect(f"{place.origin}/admin/", 307)  # the fragment goes along (RFC 9110, 10.2.2)
        response = await send_from_directory(folder, "index.html")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @routes.post("/api/admin/codes")
    async def make_code() -> Response:
        place.check()
        code = admins.create_code()
        return jsonify(code=code, url=f"{place.origin}/admin/#code={code}", expires_in=CODE_SECONDS)

    @routes.post("/api/admin/sign-in")
    async def sign_in() -> Response:
        place.check()
        if not is_same_origin(request):
            raise OriginRefused("Only the admin page itself may sign in.")
        session = admins.sign_in(_code(await read_json()))
        response = jsonify(token=session.token, expires_in=SESSION_SECONDS)
        response.set_cookie(
            place.cookie,
            session.cookie,
            max_age=int(SESSION_SECONDS),
            path="/",
            secure=urlsplit(request.headers.get("Origin", "")).scheme == "https",
            httponly=True,
            samesite="Strict",
        )
        return response

    @routes.post("/api/admin/sign-out")
    async def sign_out() -> Response:
        admins.sign_out(request.cookies.get(place.cookie, ""))
        response = jsonify(signed_out=True)
        response.delete_cookie(place.cookie, path="/", httponly=True, samesite="Strict")
        return response

    return routes


def _code(body: bytes) -> str:
    try:
        return _sign_in.decode(body).code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidRequest('The body should be {"code": "XXXXX-XXXXX"}.') from exc
