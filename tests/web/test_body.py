"""What clients may send, and what it means to send something else."""

import gzip
import json
from typing import Any

import pytest

from .conftest import CHAT, Make, Site
from .test_access import error

PLAIN = json.dumps(CHAT).encode()


def with_field(text: str) -> bytes:
    return PLAIN[:-1] + b', "x": ' + text.encode() + b"}"


async def posted(site: Site, body: bytes, **headers: str | None) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask(
        "POST", "/v1/chat/completions", data=body, headers={"Content-Type": "application/json", **named}
    )


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;a=b"]
)
async def test_json_is_taken(site: Site, content_type: str):
    assert (await posted(site, PLAIN, Content_Type=content_type)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/ld+json",
        "json",
    ],
)
async def test_other_types_are_refused(site: Site, content_type: str | None):
    response = await posted(site, PLAIN, Content_Type=content_type)
    assert (response.status_code, (await error(response))["code"]) == (415, "unsupported_media_type")


async def test_identity_is_no_encoding(site: Site):
    assert (await posted(site, PLAIN, Content_Encoding="Identity")).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "identity, gzip", "x"])
async def test_encoded_bodies_are_refused(site: Site, encoding: str):
    response = await posted(site, gzip.compress(PLAIN), Content_Encoding=encoding)
    assert (response.status_code, (await error(response))["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"{}",
        b"{",
        b"nul",
        PLAIN + b"}",
        PLAIN[:-1],
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"Hi", b"\xff\xfe"),
        PLAIN.replace(b"Hi", b"\xed\xa0\x80"),
        PLAIN.replace(b"Hi", b"\x00"),
        json.dumps(CHAT).encode("utf-16"),
        json.dumps(CHAT).encode("utf-32"),
        gzip.compress(PLAIN, mtime=0),
        with_field("NaN"),
        with_field("Infinity"),
        with_field("[" * 1500 + "]" * 1500),
        b"[" * 4000,
        b'{"a":' * 800,
        PLAIN.replace(b'"m"', b"1"),
        PLAIN.replace(b'"m"', b'{"$ne": null}'),
        b'{"messages": []}',
        b'{"messages": null}',
        b'{"messages": [{"role": "user"}]}',
        b'{"messages": [{"role": "wizard", "content": "Hi"}]}',
        json.dumps({"messages": CHAT["messages"] * 5}).encode(),
        json.dumps({**CHAT, "tools": [{"type": "function", "function": {"name": "f"}}] * 3}).encode(),
        json.dumps({**CHAT, "n": 2}).encode(),
        json.dumps({**CHAT, "max_tokens": -1}).encode(),
        json.dumps({**CHAT, "temperature": "hot"}).encode(),
        with_field("1e999"),
    ],
)
async def test_malformed_bodies_are_the_clients_fault(site: Site, body: bytes):
    response = await posted(site, body)
    assert 400 <= response.status_code < 500
    assert (await error(response))["type"] == "invalid_request_error"
    assert response.headers["x-should-retry"] == "false"
    assert site.admission.in_flight == 0


async def test_half_an_emoji_costs_a_character_and_not_the_call(site: Site):
    assert (await posted(site, PLAIN.replace(b"Hi", rb"\ud83d"))).status_code == 200


@pytest.mark.parametrize(("size", "status"), [(4096, 200), (4097, 413), (33 * 2**20, 413)])
async def test_body_may_be_as_large_as_allowed_and_no_larger(site: Site, size: int, status: int):
    response = await posted(site, PLAIN + b" " * (size - len(PLAIN)))
    assert response.status_code == status
    assert status == 200 or (await error(response))["code"] == "request_too_large"


async def test_body_that_does_not_arrive(make_site: Make):
    site = await make_site()
    site.app.config["BODY_TIMEOUT"] = 0.01
    headers = {"Host": "localhost", "x-api-key": "sk-relay-" + "k" * 43, "Content-Type": "application/json"}
    connection = site.client.request("/v1/chat/completions", method="POST", headers=headers)
    async with connection:
        await connection.send(PLAIN[:10])
    response = await connection.as_response()
    assert (response.status_code, (await error(response))["message"]) == (408, "The body did not arrive in time.")


async def test_answer_before_the_body_says_that_the_connection_ends(site: Site):
    async def connection(body: bytes, **headers: str) -> tuple[int, str | None]:
        response = await posted(site, body, Content_Length=str(len(body)), **headers)
        return response.status_code, response.headers.get("Connection")

    assert await connection(PLAIN, Content_Type="text/plain") == (415, "close")
    assert await connection(b" " * 5000) == (413, "close")
    assert await connection(PLAIN, Authorization="Bearer wrong") == (401, "close")
    assert await connection(b"{}") == (400, None)
    assert (await site.ask("GET", "/v1/nothing")).headers.get("Connection") is None
