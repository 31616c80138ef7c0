"""Headers that every response has."""

from .conftest import Make, Site
from .test_access import error

PATHS = ("/", "/health", "/v1/models", "/nothing", "/metrics")


async def test_every_response_can_be_told_apart(site: Site):
    responses = [await site.ask("GET", path, key=key) for path in PATHS for key in ("placeholder", None)]
    ids = {response.headers["x-request-id"] for response in responses}
    assert len(ids) == len(responses)
    assert {name[:4] for name in ids} == {"req_"}


async def test_every_response_is_safe_to_receive(site: Site):
    for path in PATHS:
        headers = (await site.ask("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert int(headers["openai-processing-ms"]) >= 0


async def test_answers_are_not_kept_by_caches(site: Site):
    assert (await site.ask("GET", "/v1/models")).headers["Cache-Control"] == "no-store"
    assert (await site.chat()).headers["Cache-Control"] == "no-store"
    assert (await site.ask("GET", "/")).headers["Cache-Control"] == "no-cache"


async def test_api_that_is_switched_off(make_site: Make):
    site: Site = await make_site(closed=("chat_completions",))
    response = await site.chat()
    told = await error(response)
    assert (response.status_code, told["code"]) == (404, "not_found")
    assert told["message"] == "This API is switched off (endpoints.chat_completions.enabled)."
    assert (await site.ask("GET", "/v1/models")).status_code == 200
