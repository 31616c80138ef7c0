"""Failures outside of the routes, in the shape of the API."""

from typing import Any

import pytest
from quart import abort

from relay.web.access import ACCESS, Power

from .conftest import ADMIN, KEY, Logged, Site
from .test_access import error


@pytest.fixture
def failing(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site with a public route that fails as its path says."""

    async def fail(how: str) -> str:
        if how == "bug":
            raise KeyError("a canary")
        abort(int(how))

    monkeypatch.setitem(ACCESS, "fail", Power.PUBLIC)
    site.app.add_url_rule("/fail/<how>", "fail", fail)
    return site


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
async def test_unknown_path(site: Site, method: str):
    response = await site.ask(method, "/v1/nothing")
    assert response.status_code == 404
    assert await error(response) == {
        "message": f"There is no {method} /v1/nothing here. GET /openapi.json lists what there is.",
        "type": "invalid_request_error",
        "param": None,
        "code": "not_found",
    }


@pytest.mark.parametrize("path", ["/models", "/chat/completions", "/v1/v1/messages", "/v1/v1beta/models", "/v1"])
async def test_path_of_a_wrong_base_url(site: Site, path: str):
    message = (await error(await site.ask("GET", path)))["message"]
    assert message == (
        f"There is no GET {path} here. "
        "The base URL of OpenAI's clients ends in /v1, that of Anthropic's and Google's does not."
    )


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/models", "GET"),
        ("POST", "/health", "GET"),
        ("PUT", "/v1/responses/resp_1", "DELETE, GET"),
    ],
)
async def test_known_path_with_another_method(site: Site, method: str, path: str, taken: str):
    response = await site.ask(method, path)
    told = await error(response)
    assert (response.status_code, told["code"]) == (405, "not_found")
    assert told["message"] == f"{path} takes {taken}, not {method}."


async def test_unknown_path_tells_strangers_nothing(site: Site):
    assert (await site.ask("GET", "/nothing", key=None)).status_code == 401
    assert (await site.ask("GET", "/nothing", key=ADMIN)).status_code == 403


@pytest.mark.parametrize("path", ["/v1//models", "/v1/../metrics", "/%2e%2e/metrics", "/v1/models%00"])
async def test_odd_spellings_of_paths_open_nothing(site: Site, path: str):
    response = await site.ask("GET", path, key=KEY)
    assert response.status_code in (308, 404)


@pytest.mark.parametrize(
    ("how", "status"), [("400", 400), ("418", 418), ("503", 400), ("405", 405), ("408", 408), ("413", 413)]
)
async def test_errors_of_the_framework(failing: Site, how: str, status: int):
    response = await failing.ask("GET", f"/fail/{how}", key=None)
    assert response.status_code == status
    assert (await error(response))["type"] == "invalid_request_error"


async def test_bug_is_logged_and_not_shown(failing: Site, logged: Logged):
    response = await failing.ask("GET", "/fail/bug", key=None)
    told = await error(response)
    assert (response.status_code, "canary" in told["message"]) == (500, False)
    [line] = logged()
    assert (line["event"], line["id"]) == ("request.crashed", response.headers["x-request-id"])
    assert "raise KeyError" in line["exception"]


async def test_refusal_is_logged_once(site: Site, logged: Logged):
    response = await site.chat({"messages": []})
    [line] = logged()
    seen: dict[str, Any] = {name: line[name] for name in ("event", "id", "status", "error", "param")}
    assert seen == {
        "event": "request.refused",
        "id": response.headers["x-request-id"],
        "status": 400,
        "error": "invalid_request",
        "param": "messages",
    }


async def test_log_takes_no_more_than_a_name(site: Site, logged: Logged):
    deep: list[Any] = []
    for _ in range(201):
        deep = [deep]
    await site.chat({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "x" * 100 + "a canary": deep})
    [line] = logged()
    assert (line["event"], line["param"]) == ("request.refused", "x" * 100)
