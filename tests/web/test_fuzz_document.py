"""Requests that the OpenAPI document allows, and such that it does not, made by schemathesis: no crash."""

import json
import time
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema

from relay.dialects.base import Limits
from relay.web.openapi import describe

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, HOST, KEY, Make, Site
from .seeds import Route, check_error

SECONDS = 5.0
READ = (
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/responses/compact",
    "/v1/messages",
    "/v1beta/models/{model}:generateContent",
    "/v1/models/{model}:countTokens",
    "/v1internal:streamGenerateContent",
    "/api/admin/sign-in",
)
ASKED = ("/v1/responses/{id}", "/v1/responses/{id}/input_items", "/v1/models/{name}", "/v1beta/models/{name}")
DOCUMENT: list[BaseSchema] = []
SETTINGS = settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.fixture
async def open_site(make_site: Make, backend: FakeBackend) -> Site:
    backend.script = [ANSWER]
    site: Site = await make_site(body_bytes=2**20, limits=Limits())
    return site


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), [*(("POST", path) for path in READ), *(("GET", path) for path in ASKED)])
@SETTINGS
@given(data=st.data())
async def test_what_the_document_allows_and_what_not(
    open_site: Site, method: str, path: str, mode: GenerationMode, data: st.DataObject
):
    if not DOCUMENT:
        DOCUMENT.append(schemathesis.openapi.from_dict(describe(open_site.app.url_map.iter_rules())))
    case = data.draw(DOCUMENT[0][path][method].as_strategy(generation_mode=mode))
    begun = time.monotonic()
    response = await open_site.ask(method, case.formatted_path, **sent(case))
    told = await response.get_data()
    assert time.monotonic() - begun < SECONDS
    assert response.status_code < 500, told
    if response.status_code >= 400 and "//" not in case.formatted_path:
        check_error(Route("", method, path).dialect, response.status_code, json.loads(told))


def sent(case: Any) -> dict[str, Any]:
    """Return what of `case` makes a request that reaches its route."""
    needed = {"Host": HOST, "Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    query = {name: str(value) for name, value in (case.query or {}).items() if name != "key"}
    if case.body is NOT_SET:
        return {"headers": needed, "query_string": query}
    data = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    return {"headers": needed, "query_string": query, "data": data}
