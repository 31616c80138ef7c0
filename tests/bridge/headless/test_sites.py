from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from relay.bridge.headless.accounts import ADAPTER_BYTES
from relay.bridge.headless.sites import Site, Sites, matches, origins
from relay.errors import AccountRefused

HOSTED = {"id": "hosted", "match": ["https://chat.example/*"], "start": "https://chat.example/"}
SELF_HOSTED = {"id": "self", "match": []}
CONVENTION = {"id": "relay-chat", "match": []}


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    for one in (HOSTED, SELF_HOSTED, CONVENTION):
        (tmp_path / f"{one['id']}.json").write_text(json.dumps(one))
    (tmp_path / "odd.json").write_text("[]")
    (tmp_path / "no-id.json").write_text("{}")
    return Sites(tmp_path)


def site(name: str, start: str, description: dict[str, Any]) -> Site:
    return Site(name, description["id"], start, json.dumps(description, separators=(",", ":")).encode())


OWN = {"id": "mine", "start": "https://my.example:8443/app"}


@pytest.mark.parametrize(
    ("named", "adapter", "chosen"),
    [
        (None, None, Site("puter", "puter")),
        ("puter", None, Site("puter", "puter")),
        (None, "puter", Site("puter", "puter")),
        ("hosted", None, site("chat.example", "https://chat.example/", HOSTED)),
        ("https://chat.example/x", None, site("chat.example", "https://chat.example/x", HOSTED)),
        ("http://In-House.example/", None, site("in-house.example", "http://In-House.example/", CONVENTION)),
        ("http://127.0.0.1:8080/", "self", site("127.0.0.1", "http://127.0.0.1:8080/", SELF_HOSTED)),
        (None, OWN, site("my.example", "https://my.example:8443/app", OWN)),
        ("http://[::1]:80/", OWN, site("1", "http://[::1]:80/", OWN)),
        ("http://[::", OWN, site("site", "http://[::", OWN)),
    ],
)
def test_what_a_person_names(sites: Sites, named: str | None, adapter: Any, chosen: Site):
    assert sites.choose(named, adapter) == chosen


@pytest.mark.parametrize(
    ("named", "adapter", "why"),
    [
        ("nonsense", None, "no built-in site 'nonsense'; there are: hosted, relay-chat, self"),
        (None, "nonsense", "no built-in site"),
        (None, "self", "Where is self"),
        (None, {}, "has no id"),
        (None, {"id": 7}, "has no id"),
        (None, {"id": "big", "start": "https://a.example/", "pad": "x" * ADAPTER_BYTES}, "larger than 1 MB"),
    ],
)
def test_what_cannot_be_a_site(sites: Sites, named: str | None, adapter: Any, why: str):
    with pytest.raises(AccountRefused, match=why):
        sites.choose(named, adapter)


@pytest.mark.parametrize(
    ("pattern", "url", "covered"),
    [
        ("https://chat.example/*", "https://chat.example/", True),
        ("https://chat.example/*", "https://chat.example", True),
        ("https://chat.example/*", "http://chat.example/", False),
        ("https://chat.example/*", "https://chat.example.evil/", False),
        ("https://chat.example/*", "https://evil/?https://chat.example/", False),
        ("*://*.example/c/*", "http://a.b.example/c/1", True),
        ("*://*.example/c/*", "http://example/c/1?q", True),
        ("*://*.example/c/*", "http://badexample/c/", False),
        ("*://*/*", "ftp://x/", False),
        ("*://*/*", "https://x/y", True),
        ("http://localhost:8080/*", "http://localhost:8080/", True),
        ("http://localhost:8080/*", "http://localhost:9090/", False),
        ("http://chat.example/a*?b=c", "http://chat.example/a/x?b=c", True),
        ("<all_urls>", "https://x/", False),
        (7, "https://x/", False),
    ],
)
def test_match_patterns(pattern: object, url: str, covered: bool):
    assert matches({"match": [pattern]}, url) is covered


def test_description_without_patterns_matches_nothing():
    assert not matches({}, "https://x/")


@pytest.mark.parametrize(
    ("match", "covered", "others"),
    [
        (
            ["https://a.example/x/*"],
            ["https://a.example", "https://a.example:8443"],
            ["http://a.example", "https://aXexample"],
        ),
        (
            ["*://*.a.example/*"],
            ["http://a.example", "https://b.c.a.example"],
            ["https://ba.example", "https://a.example.evil"],
        ),
        (["http://*/*"], ["http://any:1"], ["https://any", "null"]),
        (["http://a:80*/*", 7], [], ["http://a:80"]),
        ("https://a/*", [], ["https://a"]),
    ],
)
def test_origins_as_a_page_tells_them(match: object, covered: list[str], others: list[str]):
    patterns = origins({"match": match})
    assert [any(re.search(one, origin) for one in patterns) for origin in covered] == [True] * len(covered)
    assert [any(re.search(one, origin) for one in patterns) for origin in others] == [False] * len(others)


@pytest.mark.parametrize(
    ("start", "origin"),
    [
        ("https://Chat.example:443/app", "https://chat.example"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_origin_of_where_an_account_starts(start: str, origin: str):
    (pattern,) = origins({}, start)
    assert re.search(pattern, origin)
    assert not re.search(pattern, f"{origin}.evil")
