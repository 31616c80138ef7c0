"""GET /v1/models, in the form of whoever asks."""

from typing import Any
from urllib.parse import quote

import pytest

from relay.core.model import ModelEntry

from ..gateway.fakes import MODELS, FakeBackend
from .conftest import KEY, Make, Site
from .test_access import error

GOOGLE = {"x-goog-api-key": KEY}
ANTHROPIC = {"anthropic-version": "2023-06-01"}
IDS = ["m", "vendor/m:free", "ü"]


def entry(name: str) -> dict[str, object]:
    return {"object": "model", "id": name, "created": 7, "owned_by": "site"}


async def listed(site: Site, path: str = "/v1/models", **more: Any) -> Any:
    response = await site.ask("GET", path, **more)
    assert (response.status_code, response.content_type) == (200, "application/json")
    return await response.get_json()


async def test_list(site: Site):
    assert await listed(site) == {"object": "list", "data": [entry(name) for name in IDS]}


@pytest.mark.parametrize("headers", [ANTHROPIC, {"anthropic-version": "2026-10-21"}])
async def test_list_for_anthropic(site: Site, headers: dict[str, str]):
    body = await listed(site, "/v1/models?limit=1000", headers=headers)
    assert [model["id"] for model in body["data"]] == IDS
    assert (body["has_more"], body["first_id"], body["last_id"]) == (False, "m", "ü")


@pytest.mark.parametrize("headers", [GOOGLE, {**GOOGLE, **ANTHROPIC}])
async def test_list_for_google(site: Site, headers: dict[str, str]):
    body = await listed(site, "/v1/models?pageSize=50", headers=headers, key=None)
    assert [model["name"] for model in body["models"]] == [f"models/{name}" for name in IDS]


async def test_list_for_google_with_the_key_in_the_query(site: Site):
    assert "models" in await listed(site, f"/v1/models?key={KEY}", key=None)


@pytest.mark.parametrize("key", [{"Authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
async def test_other_credentials_tell_nothing(site: Site, key: dict[str, str]):
    assert (await listed(site, headers=key, key=None))["object"] == "list"
    assert "has_more" in await listed(site, headers={**key, **ANTHROPIC}, key=None)


@pytest.mark.parametrize("name", IDS)
async def test_one_model_by_any_id(site: Site, name: str):
    for path in {quote(name), quote(name, safe=""), name}:
        assert await listed(site, f"/v1/models/{path}") == entry(name)


async def test_one_model_for_anthropic_and_google(site: Site):
    anthropic = await listed(site, "/v1/models/vendor/m:free", headers=ANTHROPIC)
    google = await listed(site, "/v1/models/vendor/m:free", headers=GOOGLE)
    assert (anthropic["type"], anthropic["id"]) == ("model", "vendor/m:free")
    assert google["name"] == "models/vendor/m:free"


@pytest.mark.parametrize("name", ["none", "vendor", "vendor/", "../models", "a" * 5000])
async def test_unknown_model(site: Site, name: str):
    response = await site.ask("GET", f"/v1/models/{name}")
    assert (response.status_code, (await error(response))["code"]) == (404, "model_not_found")


async def test_unknown_model_in_each_form(site: Site):
    anthropic = await site.ask("GET", "/v1/models/none", headers=ANTHROPIC)
    google = await site.ask("GET", "/v1/models/none", headers=GOOGLE)
    assert (anthropic.status_code, (await anthropic.get_json())["error"]["type"]) == (404, "not_found_error")
    assert (google.status_code, (await google.get_json())["error"]["status"]) == (404, "NOT_FOUND")


async def test_no_model_at_all(site: Site):
    response = await site.ask("GET", "/v1/models/")
    assert (response.status_code, (await error(response))["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/models/", "/v1//models", "/v1/models//m", "/v1beta/models/"])
async def test_nothing_leads_elsewhere(site: Site, path: str):
    assert (await site.ask("GET", path)).status_code == 404


async def test_models_that_do_not_chat_are_not_for_anthropic(make_site: Make, backend: FakeBackend):
    site = await make_site()
    backend.listed = (*MODELS, ModelEntry(id="paint", owned_by="site", created=7, methods=("image",)))
    assert [model["id"] for model in (await listed(site))["data"]] == [*IDS, "paint"]
    assert [model["id"] for model in (await listed(site, headers=ANTHROPIC))["data"]] == IDS
