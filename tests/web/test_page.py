"""The page, its files and the headers that keep it safe."""

import pytest
from quart import Response

from relay.web.page import content_security_policy

from .conftest import CSP, HOST, ORIGIN, SDK, Make, Site

FILES = (
    "/",
    "/page.json",
    "/favicon.ico",
    "/static/style.css",
    "/static/js/main.js",
    "/bridge/link.js",
    "/bridge/colours.css",
    "/sdk/puter.js",
)


@pytest.mark.parametrize("path", FILES)
async def test_files_are_protected(site: Site, path: str):
    response = await site.ask("GET", path, key=None)
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == CSP
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Cross-Origin-Opener-Policy" not in response.headers


def test_policy():
    assert content_security_policy(
        sdk="https://js.example", connect=("ws://localhost:3001", "https://api.example")
    ) == (
        "default-src 'none'; script-src 'self' https://js.example; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self' ws://localhost:3001 https://api.example; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def test_policy_with_a_local_sdk():
    assert "script-src 'self'; style-src" in content_security_policy(sdk="", connect=())


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page.json", "application/json"),
        ("/favicon.ico", "image/svg+xml; charset=utf-8"),
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/js/main.js", "text/javascript; charset=utf-8"),
        ("/bridge/link.js", "text/javascript; charset=utf-8"),
        ("/bridge/colours.css", "text/css; charset=utf-8"),
        ("/sdk/puter.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_types(site: Site, path: str, content_type: str):
    assert (await site.ask("GET", path)).headers["Content-Type"] == content_type


async def test_settings_of_the_page(site: Site):
    assert await (await site.ask("GET", "/page.json")).get_json() == {"base_url": f"{ORIGIN}/v1"}


EXTENSION = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"


def _cors(answer: Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [EXTENSION, "moz-extension://01234567-89ab-cdef-0123-456789abcdef"])
async def test_extension_reads_where_the_bridge_is(site: Site, origin: str):
    answer = await site.ask("GET", "/page.json", key=None, headers={"Origin": origin})
    assert (answer.status_code, await answer.get_json()) == (200, {"base_url": f"{ORIGIN}/v1"})
    assert _cors(answer) == {"access-control-allow-origin": origin}
    assert answer.headers["Vary"] == "Origin"


async def test_own_page_needs_no_leave_to_read_its_settings(site: Site):
    answer = await site.ask("GET", "/page.json", key=None, headers={"Origin": ORIGIN})
    assert (answer.status_code, _cors(answer)) == (200, {})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", "/page.json"),
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/bridge/link.js"),
        ("GET", "/v1/models"),
        ("GET", "/api/sessions"),
        ("GET", "/nothing"),
    ],
)
async def test_extension_reads_nothing_else(site: Site, method: str, path: str):
    answer = await site.ask(method, path, headers={"Origin": EXTENSION})
    assert answer.status_code == 403
    assert _cors(answer) == {}


@pytest.mark.parametrize(
    "origin",
    [f"{EXTENSION}.evil.example", f"{EXTENSION}/", "https://evil.example", "chrome-extension://relay", "null", ""],
)
async def test_others_do_not_read_it(site: Site, origin: str):
    answer = await site.ask("GET", "/page.json", key=None, headers={"Origin": origin})
    assert answer.status_code == 403


async def test_local_sdk(site: Site):
    assert await (await site.ask("GET", "/sdk/puter.js")).get_data(as_text=True) == SDK


async def test_no_local_sdk(make_site: Make):
    site = await make_site()
    assert (await site.ask("GET", "/sdk/puter.js")).status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "[::1]:3000", "localhost", "LOCALHOST:3000"])
async def test_page_has_one_origin(site: Site, host: str):
    response = await site.ask("GET", "/", key=None, headers={"Host": host})
    assert (response.status_code, response.headers["Location"]) == (307, f"http://{HOST}/")


@pytest.mark.parametrize("folder", ["/static/", "/bridge/"])
@pytest.mark.parametrize(
    "name",
    [
        "../pyproject.toml",
        "../../pyproject.toml",
        "..%2fpyproject.toml",
        "..%5cpyproject.toml",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "js/../../README.md",
        "....//README.md",
        "style.css%00",
        "\udc80",
        "",
        ".",
        "js",
        "nothing.js",
    ],
)
async def test_nothing_outside_is_served(site: Site, folder: str, name: str):
    path = (folder + name).encode("utf-8", "surrogateescape").decode("latin-1")
    response = await site.ask("GET", path)
    assert response.status_code in (308, 404)
    assert "Traceback" not in await response.get_data(as_text=True)
