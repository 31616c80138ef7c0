"""The gate: every route, every credential, every spelling, every Host and Origin."""

import re
from typing import Any

import pytest
from quart import Response
from quart.testing import WebsocketResponseError

from relay.web.access import ACCESS, Power

from ..gateway.fakes import FakeBackend, FakeKeys
from .conftest import ADMIN, ADMIN_HOST, ANSWER, CHAT, COOKIE, FRIEND, HOST, KEY, ORIGIN, Logged, Make, Site

SPELLINGS = ("bearer", "x-api-key", "x-goog-api-key", "query")
HOSTILE = ("' OR 1=1 --", "x" * 2**20, "a\0b", "clé", "sk-relay-", " ", "%s%n", "..", KEY[:-1], KEY + "x", KEY.upper())


async def error(response: Response) -> dict[str, Any]:
    """Return the error of `response`, which must have OpenAI's form."""
    body = await response.get_json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    found: dict[str, Any] = body["error"]
    return found


def routes(site: Site) -> list[tuple[str, str, str]]:
    """Return endpoint, method and an example path of every route."""
    return [
        (rule.endpoint, method, re.sub(r"<[^>]+>", "x.js", rule.rule))
        for rule in site.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def spelled(spelling: str, secret: str) -> dict[str, Any]:
    if spelling == "query":
        return {"query_string": {"key": secret}, "headers": {"Authorization": None}}
    header, value = ("Authorization", f"Bearer {secret}") if spelling == "bearer" else (spelling, secret)
    return {"headers": {"Authorization": None, header: value}}


async def test_every_route_is_in_the_table_and_the_table_has_no_other(site: Site):
    assert {rule.endpoint for rule in site.app.url_map.iter_rules()} == set(ACCESS)
    assert [rule.endpoint for rule in site.app.url_map.iter_rules() if rule.websocket] == ["responses.connect"]


async def test_public_routes_are_few():
    public = {endpoint for endpoint, power in ACCESS.items() if power is Power.PUBLIC}
    assert {endpoint.partition(".")[0] for endpoint in public} == {"page", "health", "openapi", "signin"}
    assert {endpoint for endpoint in public if endpoint.startswith("signin")} == {"signin.page", "signin.sign_in"}


SIGN_IN = "signin.sign_in"
"""It is public, and has a secret of its own: the one-time code."""


async def test_every_route_asks_for_its_power(site: Site):
    expected = {
        Power.PUBLIC: {None: True, KEY: True, ADMIN: True},
        Power.CLIENT: {None: 401, KEY: True, ADMIN: 403},
        Power.ADMIN: {None: 401, KEY: 403, ADMIN: True},
    }
    for endpoint, method, path in routes(site):
        for key, result in expected[ACCESS[endpoint]].items():
            status = (await site.ask(method, path, key=key)).status_code
            assert status not in (401, 403) if result is True else status == result, (endpoint, method, key)


async def test_admin_in_a_browser_opens_admin_routes_only(site: Site):
    expected = {Power.PUBLIC: True, Power.CLIENT: 401, Power.ADMIN: True}
    for endpoint, method, path in routes(site):
        result = expected[ACCESS[endpoint]]
        status = (await site.from_admin_page(method, path, site.signed_in())).status_code
        assert status not in (401, 403) if result is True else status == result, (endpoint, method)


FORGED: tuple[dict[str, str | None], ...] = (
    {"x-relay-token": None},
    {"x-relay-token": "radt-" + "x" * 43},
    {"x-relay-token": "rads"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{ADMIN_HOST}"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": None, "Origin": ORIGIN},
    {"Sec-Fetch-Site": None, "Origin": "http://[::1]:3000"},
)


@pytest.mark.parametrize("headers", FORGED, ids=range(len(FORGED)))
async def test_cookie_alone_opens_nothing(site: Site, headers: dict[str, str | None]):
    for endpoint, method, path in routes(site):
        if ACCESS[endpoint] is Power.ADMIN:
            response = await site.from_admin_page(method, path, site.signed_in(), headers=headers)
            assert response.status_code == 403, (endpoint, method)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": None}, {"Origin": f"http://{ADMIN_HOST}"}, {"Sec-Fetch-Site": None, "Cookie": None}]
)
async def test_what_the_admin_page_sends(site: Site, headers: dict[str, str | None]):
    response = await site.from_admin_page("GET", "/api/sessions", site.signed_in(), headers=headers)
    assert response.status_code == (401 if "Cookie" in headers else 200)


async def test_token_alone_opens_nothing(site: Site):
    session = site.signed_in()
    for cookie in (f"{COOKIE}=wrong", f"relay-admin={session.cookie}", f"{COOKIE}-2={session.cookie}", COOKIE):
        response = await site.from_admin_page("GET", "/api/sessions", session, headers={"Cookie": cookie})
        assert response.status_code == 401


@pytest.mark.parametrize("cookie", [*HOSTILE, '"', "=", ";;;", "\\777"], ids=range(len(HOSTILE) + 4))
async def test_hostile_cookies_are_only_wrong(site: Site, cookie: str):
    headers = {"Cookie": f"{COOKIE}={cookie}", "x-relay-token": cookie}
    assert (await site.from_admin_page("GET", "/api/sessions", site.signed_in(), headers=headers)).status_code == 401


async def test_old_admin_session_opens_nothing(site: Site):
    session = site.signed_in()
    site.now += 13 * 3600
    assert (await site.from_admin_page("GET", "/api/sessions", session)).status_code == 401


async def test_secrets_of_an_admin_session_are_no_keys(site: Site):
    session = site.signed_in()
    for secret in (session.cookie, session.token):
        for path in ("/v1/models", "/api/sessions", "/metrics"):
            assert (await site.ask("GET", path, key=secret)).status_code == 401


async def test_route_that_nobody_classified_is_closed(site: Site):
    async def secret() -> str:
        return "secret"

    site.app.add_url_rule("/new", "new", secret)
    assert [(await site.ask("GET", "/new", key=key)).status_code for key in (None, KEY, ADMIN)] == [401, 403, 403]


async def test_head_and_options_are_no_way_around(site: Site):
    for path in ("/v1/models", "/v1/chat/completions", "/metrics"):
        assert (await site.ask("OPTIONS", path, key=None)).status_code == 401
        assert (await site.ask("HEAD", path, key=None)).status_code == 401


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("secret", "client", "owner"), [(KEY, 200, 403), (ADMIN, 403, 200), ("sk-relay-wrong", 401, 401), ("", 401, 401)]
)
async def test_every_spelling_of_a_credential_is_the_same(
    site: Site, spelling: str, secret: str, client: int, owner: int
):
    assert (await site.ask("GET", "/v1/models", **spelled(spelling, secret))).status_code == client
    assert (await site.ask("GET", "/metrics", **spelled(spelling, secret))).status_code == owner


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_credentials_are_only_wrong(site: Site, spelling: str, secret: str):
    response = await site.ask("GET", "/v1/chat/completions/none", **spelled(spelling, secret))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["x-should-retry"] == "false"
    assert (await error(response))["code"] == "invalid_api_key"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_scheme_is_read_as_the_rfc_says(site: Site, scheme: str):
    response = await site.ask("GET", "/v1/models", headers={"Authorization": f"{scheme} {KEY}"})
    assert response.status_code == 200


@pytest.mark.parametrize("value", [KEY, f"Basic {KEY}", "Bearer", f"Bearer{KEY}"])
async def test_other_schemes_do_not_count(site: Site, value: str):
    assert (await site.ask("GET", "/v1/models", headers={"Authorization": value})).status_code == 401


async def test_right_credential_beside_a_wrong_one(site: Site):
    response = await site.ask("GET", "/v1/models", key="placeholder", headers={"x-api-key": KEY})
    assert response.status_code == 200


async def test_key_made_a_moment_ago(site: Site):
    made = FakeKeys(new="sk-relay-new")
    site.keys.keys = {**site.keys.keys, **made.keys}
    assert (await site.ask("GET", "/v1/models", key="sk-relay-new")).status_code == 200


async def test_without_auth_clients_need_no_key_but_the_owner_does(make_site: Make, backend: FakeBackend):
    backend.script = [ANSWER]
    site = await make_site(auth=False)
    assert (await site.chat(key=None)).status_code == 200
    assert (await site.chat(key="whatever")).status_code == 200
    assert (await site.ask("GET", "/nothing", key=None)).status_code == 404
    assert (await site.ask("GET", "/metrics", key=None)).status_code == 401
    assert (await site.ask("GET", "/metrics", key=KEY)).status_code == 403
    assert (await site.chat(key=None, headers={"Host": "evil.example"})).status_code == 403
    assert (await site.chat(key=None, headers={"Origin": "https://evil.example"})).status_code == 403


async def test_log_names_the_key_and_never_shows_it(site: Site, logged: Logged):
    await site.chat()
    await site.chat(key=KEY[:-1] + "x")
    lines = logged()
    assert [(line["event"], line.get("key")) for line in lines] == [
        ("request.finished", "cline"),
        ("request.refused", None),
    ]
    assert "kkkk" not in str(lines)


@pytest.mark.parametrize("host", [HOST, HOST.upper(), "localhost", "127.0.0.1:3000", "[::1]:3000"])
async def test_own_hosts(site: Site, host: str):
    assert (await site.ask("GET", "/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost:3000.evil.example",
        "localhost.",
        "localhost:3000.",
        "localhost:3001",
        "localhost:",
        "localhost:03000",
        "user@localhost:3000",
        "127.1:3000",
        "2130706433:3000",
        "0.0.0.0:3000",
        "[::ffff:127.0.0.1]:3000",
        "localhost:3000, evil.example",
        "",
    ],
)
async def test_other_hosts_are_refused_before_anything_else(site: Site, host: str):
    for path in ("/", "/health", "/v1/models", "/nothing"):
        response = await site.ask("GET", path, headers={"Host": host})
        assert (response.status_code, (await error(response))["code"]) == (403, "host_refused")


@pytest.mark.parametrize("origin", [None, ORIGIN, "http://127.0.0.1:3000", "http://[::1]:3000", FRIEND])
async def test_origins_on_the_list(make_site: Make, origin: str | None):
    site = await make_site(friends=frozenset({FRIEND}))
    assert (await site.ask("GET", "/v1/models", headers={"Origin": origin})).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "https://localhost:3000",
        "http://localhost",
        "http://localhost:3001",
        "http://localhost:3000.evil.example",
        "http://localhost:3000/",
        "http://LOCALHOST:3000",
        "http://evil.localhost:3000",
        f"{FRIEND}:443",
        f"{FRIEND}.evil.example",
        "https://evil-app.example",
        "http://app.example",
        f"{ORIGIN} {FRIEND}",
        "chrome-extension://abcdefghijklmnop",
    ],
)
async def test_other_origins_are_refused_even_with_a_key(make_site: Make, origin: str):
    site = await make_site(friends=frozenset({FRIEND}))
    for method, path in (("POST", "/v1/chat/completions"), ("GET", "/health"), ("OPTIONS", "/v1/models")):
        response = await site.ask(method, path, headers={"Origin": origin}, json=CHAT if method == "POST" else None)
        assert response.status_code == 403
        assert not [name for name in response.headers if name[0].lower().startswith("access-control")]
        assert method != "POST" or (await error(response))["code"] == "origin_refused"


async def test_two_origins_are_refused(site: Site):
    response = await site.client.get("/health", headers=[("Host", HOST), ("Origin", ORIGIN), ("Origin", ORIGIN)])
    assert response.status_code == 403


async def test_requests_that_another_site_made_the_browser_send(site: Site):
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = await site.ask("GET", "/v1/models", headers=headers)
    assert (response.status_code, (await error(response))["code"]) == (403, "origin_refused")
    assert (await site.ask("GET", "/", headers=headers)).status_code == 200


async def test_cors_is_off_by_default(site: Site):
    response = await site.ask("GET", "/v1/models", headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Vary" not in response.headers


async def test_preflight_of_a_configured_origin(make_site: Make):
    site = await make_site(friends=frozenset({FRIEND}))
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    response = await site.ask("OPTIONS", "/v1/chat/completions", key=None, headers=headers)
    assert response.status_code == 200
    assert {name.title(): value for name, value in response.headers.items() if name.startswith(("access", "vary"))} == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": FRIEND,
        "Access-Control-Expose-Headers": "x-request-id, request-id, x-relay-dropped, retry-after",
        "Access-Control-Allow-Methods": "GET, POST, DELETE",
        "Access-Control-Allow-Headers": "authorization, content-type, x-api-key, *",
        "Access-Control-Max-Age": "600",
    }


async def test_configured_origin_still_needs_a_key_and_may_read_the_refusal(make_site: Make, backend: FakeBackend):
    backend.script = [ANSWER]
    site = await make_site(friends=frozenset({FRIEND}))
    answer = await site.chat(headers={"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"})
    refusal = await site.chat(headers={"Origin": FRIEND}, key=None)
    assert (answer.status_code, refusal.status_code) == (200, 401)
    for response in (answer, refusal):
        assert response.headers["Access-Control-Allow-Origin"] == FRIEND
        assert "Access-Control-Allow-Methods" not in response.headers
        assert "Access-Control-Allow-Credentials" not in response.headers


async def test_plain_request_to_a_site_with_configured_origins(make_site: Make):
    site = await make_site(friends=frozenset({FRIEND}))
    response = await site.ask("GET", "/v1/models")
    assert response.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_ambiguous_framing_is_refused(site: Site):
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "2", "Content-Type": "application/json"}
    response = await site.ask("POST", "/v1/chat/completions", headers=headers)
    assert (response.status_code, (await error(response))["code"]) == (400, "invalid_request")


async def test_websockets_have_no_business_here(site: Site):
    for path in ("/", "/v1/chat/completions", "/nothing"):
        connection = site.client.websocket(path, headers={"Host": HOST, "Authorization": f"Bearer {KEY}"})
        with pytest.raises(WebsocketResponseError) as refused:
            async with connection as socket:
                await socket.receive()
        assert refused.value.response.status_code == 403
