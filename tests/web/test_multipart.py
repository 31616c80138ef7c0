"""Forms with files, bounded."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.events import Finished, FinishReason, TextDelta
from relay.dialects.media import Form, FormFile
from relay.errors import BodyTooLarge, InvalidRequest
from relay.web.multipart import MOST_FIELD_BYTES, MOST_PARTS, parse

from .conftest import KEY, Make, Site

BODY = (
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisp\xc3\xa9r\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: Audio/WAV; x=y\r\n\r\nRI\r\nFF\r\n"
    b'--b\r\nContent-Disposition: form-data; name="mask"; filename="m"\r\n\r\n\r\n'
    b"--b--\r\n"
)
FORM = Form(
    (("model", "whispér"),), (FormFile("file", "a.wav", "audio/wav", b"RI\r\nFF"), FormFile("mask", "m", "", b""))
)


def read(body: bytes) -> Form:
    return parse(body, b"b")


def fields(count: int, size: int = 1) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * size + b"\r\n"
    return part * count + b"--b--\r\n"


def test_fields_and_files_in_order() -> None:
    assert read(BODY) == FORM


def test_as_many_parts_as_allowed_and_one_more() -> None:
    assert len(read(fields(MOST_PARTS)).fields) == MOST_PARTS
    with pytest.raises(BodyTooLarge):
        read(fields(MOST_PARTS + 1))


def test_fields_as_long_as_allowed_and_longer() -> None:
    half = MOST_FIELD_BYTES // 2
    assert len(read(fields(2, half)).fields) == 2
    with pytest.raises(BodyTooLarge):
        read(fields(3, half))
    with pytest.raises(BodyTooLarge):
        read(fields(1, MOST_FIELD_BYTES + 1))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        BODY[:-10],
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
    ],
    ids=["nothing", "no form", "cut", "no text", "no name", "no disposition"],
)
def test_malformed_form(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(noise: bytes) -> None:
    for body in (noise, BODY[:60] + noise, b"--b\r\n" + noise):
        with suppress(InvalidRequest, BodyTooLarge):
            read(body)


# ---------------------------------------------------------------- over HTTP


async def send(site: Site, body: bytes = BODY, **headers: str) -> tuple[int, Any]:
    """Ask for a transcript."""
    site.media.script = [[TextDelta("Hello"), Finished(FinishReason.STOP)]]
    own = {"Content-Type": "multipart/form-data; boundary=b", **headers}
    response = await site.ask("POST", "/v1/audio/transcriptions", data=body, headers=own)
    told = json.loads(await response.get_data())
    return response.status_code, told.get("error", {}).get("code")


async def test_form_is_taken(site: Site) -> None:
    assert await send(site) == (200, None)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=" + "b" * 71}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_what_is_no_form_of_a_client_is_refused(site: Site, headers: dict[str, str], status: int) -> None:
    assert (await send(site, **headers))[0] == status
    assert site.media.requests == []


async def test_form_of_another_site_is_refused_without_keys(make_site: Make) -> None:
    """Without `auth` nothing but the browser's word tells a form on some page from a client."""
    site = await make_site(auth=False)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert (await send(site, Authorization="", **headers))[0] == 403
    assert site.media.requests == []


async def test_body_larger_than_allowed(make_site: Make) -> None:
    site = await make_site(body_bytes=len(BODY))
    assert await send(site) == (200, None)
    assert await send(site, BODY + b" ") == (413, "request_too_large")


async def test_too_many_parts(make_site: Make) -> None:
    site = await make_site(body_bytes=10_000_000)
    assert await send(site, fields(MOST_PARTS + 1)) == (413, "request_too_large")


async def test_form_that_does_not_come(site: Site) -> None:
    site.app.config["BODY_TIMEOUT"] = 0.01
    headers = {
        "Host": "localhost:3000",
        "Authorization": f"Bearer {KEY}",
        "Content-Type": "multipart/form-data; boundary=b",
    }
    async with site.client.request("/v1/audio/transcriptions", method="POST", headers=headers) as connection:
        await connection.send(BODY[:30])
        async with asyncio.timeout(5):
            while connection.status_code is None:
                await asyncio.sleep(0)
    assert connection.status_code == 408
