"""The page that people open, its modules and its settings, all static; and the headers that keep it safe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quart import Blueprint, Response, jsonify, redirect, request, send_file, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

from relay.bridge.pairing import EXTENSION
from relay.shipped import assets

SCRIPT_TYPE = "text/javascript; charset=utf-8"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the page needs to know; none of it is secret.

    ``origin`` is the one address of the page: a site's login belongs to an origin, so the page must always come back on
    the same one. ``sdk_file`` is a local copy of Puter.js, if there is one.
    """

    origin: str
    config: dict[str, Any]
    csp: str
    sdk_file: Path | None = None


def content_security_policy(*, sdk: str, connect: tuple[str, ...]) -> str:
    """Return the page's policy: our own scripts and the SDK's origin, no inline code, connections to `connect` only.

    See https://www.w3.org/TR/CSP3/. `sdk` is an origin, or empty for a local copy.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {sdk}".rstrip(),
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {' '.join(connect)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def blueprint(settings: PageSettings) -> Blueprint:
    """Return the routes of the page."""
    routes = Blueprint("page", __name__)
    static, bridge = assets("static"), assets("extension") / "bridge"

    @routes.after_request
    async def protect(response: Response) -> Response:
        # No Cross-Origin-Opener-Policy: a sign-in popup must be able to answer its opener.
        response.headers["Content-Security-Policy"] = settings.csp
        response.headers["Cache-Control"] = "no-cache"
        return response

    @routes.get("/")
    async def index() -> Response | WerkzeugResponse:
        if f"{request.scheme}://{request.host}" != settings.origin:
            return redirect(settings.origin + "/", 307)
        return await send_from_directory(static, "index.html")

    @routes.get("/page.json")
    async def config() -> Response:
        return _shown_to_extensions(jsonify(settings.config))

    @routes.get("/favicon.ico")
    async def favicon() -> Response:
        return await send_from_directory(static, "icons/ready.svg")

    @routes.get("/static/<path:name>", endpoint="static")
    async def static_file(name: str) -> Response:
        return _typed(await send_from_directory(static, name), name)

    @routes.get("/bridge/<path:name>", endpoint="bridge")
    async def bridge_module(name: str) -> Response:
        return _typed(await send_from_directory(bridge, name), name)

    if settings.sdk_file is not None:
        sdk_file = settings.sdk_file

        @routes.get("/sdk/puter.js")
        async def sdk() -> Response:
            return _typed(await send_file(sdk_file), "puter.js")

    return routes


def _shown_to_extensions(response: Response) -> Response:
    """Let any extension read this: which one is relay's own is not known before it is paired, and it reads here where.

    See https://fetch.spec.whatwg.org/#http-access-control-allow-origin.
    """
    response.vary.add("Origin")
    if EXTENSION.fullmatch(origin := request.headers.get("Origin", "")):
        response.headers["Access-Control-Allow-Origin"] = origin
    return response


def _typed(response: Response, name: str) -> Response:
    """Name scripts as such, whatever the system's own table says of ``.js`` (and of the SDK's ``.cjs``)."""
    if name.endswith(".js"):
        response.headers["Content-Type"] = SCRIPT_TYPE
    return response
