"""The admin page and its door."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from quart import Quart, Response

from relay.errors import PermissionRefused
from relay.gateway.admins import MOST_GUESSES
from relay.web import signin

from .conftest import ADMIN, ADMIN_HOST, COOKIE, HOST, Logged, Site

ADMIN_ORIGIN = f"http://{ADMIN_HOST}"
BROWSER = {"Host": ADMIN_HOST, "Origin": ADMIN_ORIGIN, "Sec-Fetch-Site": "same-origin"}


async def code(site: Site) -> str:
    made: str = (await (await site.ask("POST", "/api/admin/codes", key=ADMIN)).get_json())["code"]
    return made


async def sign_in(site: Site, body: Any, **headers: str | None) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask("POST", "/api/admin/sign-in", key=None, json=body, headers={**BROWSER, **named})


async def test_link(site: Site):
    made = await (await site.ask("POST", "/api/admin/codes", key=ADMIN)).get_json()
    assert made == {"code": made["code"], "url": f"{ADMIN_ORIGIN}/admin/#code={made['code']}", "expires_in": 300}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/admin/"), ("POST", "/api/admin/codes"), ("POST", "/api/admin/sign-in")]
)
async def test_admin_page_is_not_where_the_vendors_script_is(site: Site, method: str, path: str):
    shared = "http://192.0.2.1:3000"
    app = Quart("one-address")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.register_blueprint(signin.blueprint(site.admins, signin.AdminPlace(shared, shared, COOKIE)))
    with pytest.raises(PermissionRefused, match="would share its address"):
        await app.test_client().open(path, method=method)


async def test_code_becomes_a_session(site: Site):
    response = await sign_in(site, {"code": await code(site)})
    answer = await response.get_json()
    assert (response.status_code, answer) == (200, {"token": answer["token"], "expires_in": 43200})
    assert response.headers["Cache-Control"] == "no-store"
    cookie = SimpleCookie(response.headers["Set-Cookie"])[COOKIE]
    assert {name: value for name, value in cookie.items() if value and name != "expires"} == {
        "path": "/",
        "max-age": "43200",
        "httponly": True,
        "samesite": "Strict",
    }
    headers = {**BROWSER, "Cookie": f"{COOKIE}={cookie.value}", "x-relay-token": answer["token"]}
    assert (await site.ask("GET", "/api/sessions", key=None, headers=headers)).status_code == 200


async def test_code_works_once(site: Site):
    body = {"code": await code(site)}
    assert (await sign_in(site, body)).status_code == 200
    assert (await sign_in(site, body)).status_code == 401


async def test_cookie_is_for_tls_only_behind_tls(site: Site, monkeypatch: pytest.MonkeyPatch):
    code_ = await code(site)
    monkeypatch.setattr("relay.web.access.GateRules.knows_origin", lambda _rules, _origin: True)
    response = await sign_in(site, {"code": code_}, Origin=f"https://{ADMIN_HOST}")
    assert "; Secure; HttpOnly;" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": f"http://{HOST}", "Sec_Fetch_Site": None},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": None},
    ],
)
async def test_other_pages_cannot_sign_in(site: Site, headers: dict[str, str | None]):
    code_ = await code(site)
    assert (await sign_in(site, {"code": code_}, **headers)).status_code == 403
    assert (await sign_in(site, {"code": code_})).status_code == 200


async def test_forms_cannot_sign_in(site: Site):
    response = await site.ask(
        "POST", "/api/admin/sign-in", key=None, data=b'{"code":"a"}', headers={**BROWSER, "Content-Type": "text/plain"}
    )
    assert response.status_code == 415


@pytest.mark.parametrize("body", [{}, [], {"code": 1}, {"code": "x" * 65}, None])
async def test_malformed_sign_in(site: Site, body: Any):
    assert (await sign_in(site, body)).status_code == 400


async def test_deeply_nested_sign_in(site: Site):
    body = b'{"code":"a","x":' + b"[" * 2000 + b"]" * 2000 + b"}"
    headers = {**BROWSER, "Content-Type": "application/json"}
    response = await site.ask("POST", "/api/admin/sign-in", key=None, data=body, headers=headers)
    assert response.status_code in (400, 401)


async def test_guessing_ends_soon(site: Site, logged: Logged):
    statuses = [(await sign_in(site, {"code": f"unmistakable-{n}"})).status_code for n in range(MOST_GUESSES + 1)]
    assert statuses == [401] * MOST_GUESSES + [429]
    assert "unmistakable" not in str(logged()).lower()


async def test_sign_out(site: Site):
    session, other = site.signed_in(), site.signed_in()
    response = await site.from_admin_page("POST", "/api/admin/sign-out", session)
    assert await response.get_json() == {"signed_out": True}
    assert f"{COOKIE}=;" in response.headers["Set-Cookie"]
    assert (await site.from_admin_page("GET", "/api/sessions", session)).status_code == 401
    assert (await site.from_admin_page("GET", "/api/sessions", other)).status_code == 200


async def test_sign_out_without_a_cookie(site: Site):
    assert (await site.ask("POST", "/api/admin/sign-out", key=ADMIN)).status_code == 200


@pytest.mark.parametrize("path", ["/admin/", "/admin"])
async def test_page(site: Site, path: str):
    response = await site.ask("GET", path, key=None, headers={"Host": ADMIN_HOST})
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == signin.POLICY
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "unsafe" not in signin.POLICY


async def test_page_is_not_where_the_chats_script_is(site: Site):
    response = await site.ask("GET", "/admin/", key=None, headers={"Host": HOST})
    assert (response.status_code, response.headers["Location"]) == (307, f"{ADMIN_ORIGIN}/admin/")
