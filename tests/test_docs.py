"""The documents: links lead somewhere, and what programs rely on is listed."""

import re
from pathlib import Path

import pytest

from relay.bridge import faults
from relay.errors import RelayError, SetupError, StoreError
from relay.web.access import ACCESS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "bench" / "README.md"])
API = (ROOT / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of `page`, as repository hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def codes(error: type[RelayError]) -> set[str]:
    """Return the codes of `error` and everything below it that a client can get."""
    if issubclass(error, SetupError | StoreError):
        return set()
    return {error.code}.union(*(codes(below) for below in error.__subclasses__()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    broken = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def test_every_error_code_is_documented():
    documented = set(re.findall(r"`([a-z_]+)`", API))
    assert codes(RelayError) - documented - {"backend_error"} == set()


def test_every_fault_of_a_page_is_in_the_protocol():
    protocol = (ROOT / "docs" / "reference" / "bridge-protocol.md").read_text(encoding="utf-8")
    assert [kind for kind in faults.FAULTS if f"| `{kind}` |" not in protocol] == []


def test_every_blueprint_is_documented():
    surfaces = {
        "page": "`GET /`",
        "health": "/health",
        "openapi": "/openapi.json",
        "chat_completions": "/v1/chat/completions",
        "responses": "/v1/responses",
        "messages": "/v1/messages",
        "gemini": "/v1beta/models/{id}:generateContent",
        "media": "/v1/images/generations",
        "models": "/v1/models",
        "admin": "/metrics",
        "accounts": "/api/accounts",
        "signin": "/api/admin/sign-in",
        "remote": "/api/accounts/{name}/screen",
    }
    assert {endpoint.partition(".")[0] for endpoint in ACCESS} == set(surfaces)
    assert [word for word in surfaces.values() if word not in API] == []
