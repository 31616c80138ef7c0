"""GET /v1/models."""

from urllib.parse import quote

import pytest

from .conftest import Site
from .test_access import error


def entry(name: str) -> dict[str, object]:
    return {"object": "model", "id": name, "created": 7, "owned_by": "site"}


async def test_list(site: Site):
    response = await site.ask("GET", "/v1/models")
    assert response.content_type == "application/json"
    assert await response.get_json() == {"object": "list", "data": [entry("m"), entry("vendor/m:free"), entry("ü")]}


@pytest.mark.parametrize("name", ["m", "vendor/m:free", "ü"])
async def test_one_model_by_any_id(site: Site, name: str):
    for path in {quote(name), quote(name, safe=""), name}:
        response = await site.ask("GET", f"/v1/models/{path}")
        assert await response.get_json() == entry(name)


@pytest.mark.parametrize("name", ["none", "vendor", "vendor/", "../models", "a" * 5000])
async def test_unknown_model(site: Site, name: str):
    response = await site.ask("GET", f"/v1/models/{name}")
    assert (response.status_code, (await error(response))["code"]) == (404, "model_not_found")


async def test_no_model_at_all(site: Site):
    response = await site.ask("GET", "/v1/models/")
    assert (response.status_code, (await error(response))["code"]) == (404, "not_found")
