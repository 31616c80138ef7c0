"""Fetching the images that clients name by address, for sessions to which relay then sends their content.

A client must not reach through relay what it could not reach itself. So one parser reads the address, its name is
looked up once and must mean public addresses only, the connection goes to the very address that was checked, every
redirect goes the same way, and nothing of relay or of the client is sent along. Size, time, number and type are
bounded.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore2
import msgspec

from relay.core import prompt
from relay.core.addresses import is_public
from relay.core.request import Image, Message, Request
from relay.errors import InvalidRequest

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host; raises ``OSError`` if there are none."""

IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_HEADERS: Final = (("Accept", "image/*"), ("Accept-Encoding", "identity"), ("User-Agent", "relay"))


@dataclass(frozen=True, slots=True)
class FetchTerms:
    """How much is fetched for one request: ``seconds`` and ``image_bytes`` for each image, ``total_bytes`` for all."""

    images: int = 16
    image_bytes: int = 10 * 2**20
    total_bytes: int = 32 * 2**20
    seconds: float = 10.0
    redirects: int = 3


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look `host` up as the system does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class ImageFetcher:
    """Puts the content of images in the place of their addresses."""

    def __init__(
        self,
        terms: FetchTerms = FetchTerms(),
        resolve: Resolve = resolve,
        permits: Callable[[str], bool] = is_public,
    ) -> None:
        self._terms = terms
        self._resolve = resolve
        self._permits = permits

    async def inlined(self, request: Request) -> Request:
        """Return `request` with all of its images in it.

        Raises:
            InvalidRequest: one cannot be had, or there are too many.
        """
        images = (part.url for part in prompt.parts(request) if isinstance(part, Image))
        urls = list(dict.fromkeys(url for url in images if not url.startswith("data:")))
        if not urls:
            return request
        if len(urls) > self._terms.images:
            raise _refused(f"{len(urls)} images are to be fetched; at most {self._terms.images} are allowed.")
        fetched: dict[str, str] = {}
        async with httpcore2.AsyncConnectionPool(max_keepalive_connections=0) as pool:
            room = self._terms.total_bytes
            for url in urls:
                kind, data = await self._fetch(pool, url, min(room, self._terms.image_bytes))
                room -= len(data)
                fetched[url] = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        messages = tuple(_with_images(message, fetched) for message in request.messages)
        return msgspec.structs.replace(request, messages=messages)

    async def _fetch(self, pool: httpcore2.AsyncConnectionPool, url: str, room: int) -> tuple[str, bytes]:
        try:
            async with asyncio.timeout(self._terms.seconds):
                for _ in range(self._terms.redirects + 1):
                    found = await self._visit(pool, url, room)
                    if not isinstance(found, str):
                        return found
                    url = urljoin(url, found)
        except TimeoutError as exc:
            raise _refused(f"An image did not arrive within {self._terms.seconds:g} s.") from exc
        except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as exc:
            raise _refused(f"An image at {_shown(url)} cannot be fetched.") from exc
        except ValueError as exc:  # a name that no resolver takes, or a redirect that is no address
            raise _refused("The address of an image is malformed.") from exc
        raise _refused(f"An image is behind more than {self._terms.redirects} redirects.")

    async def _visit(self, pool: httpcore2.AsyncConnectionPool, url: str, room: int) -> tuple[str, bytes] | str:
        """Return the image at `url`, or where it is instead."""
        place = _parsed(url)
        host, port = place.hostname or "", place.port or _PORTS[place.scheme]
        address = await self._address(host, port)
        target = httpcore2.URL(
            scheme=place.scheme.encode(),
            host=address.encode(),
            port=port,
            target=f"{place.path or '/'}{'?' if place.query else ''}{place.query}".encode(),
        )
        headers = [("Host", place.netloc), *_HEADERS]
        async with pool.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as response:
            told = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in _REDIRECTS and b"location" in told:
                return told[b"location"]
            if response.status != 200:
                raise _refused(f"An image at {_shown(url)} answers with HTTP {response.status}.")
            kind = told.get(b"content-type", "").partition(";")[0].strip().lower()
            if kind not in IMAGE_TYPES or told.get(b"content-encoding", "identity") != "identity":
                raise _refused(f"What is at {_shown(url)} is no PNG, JPEG, WebP or GIF.")
            data = bytearray()
            async for chunk in response.aiter_stream():
                data += chunk
                if len(data) > room:
                    raise _refused(f"An image at {_shown(url)} is larger than relay fetches.")
            return kind, bytes(data)

    async def _address(self, host: str, port: int) -> str:
        """Return the address to connect to; a name that means any other one, too, is not trusted."""
        addresses = await self._resolve(host, port)
        if not addresses or not all(map(self._permits, addresses)):
            raise _refused(f"{host[:100]} is not on the public internet.")
        return addresses[0]


def _parsed(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        port = place.port
        url.encode("ascii")
    except ValueError as exc:
        raise _refused("The address of an image is malformed.") from exc
    if place.scheme not in _PORTS or not place.hostname or "@" in place.netloc or port == 0:
        raise _refused("The address of an image must be http(s)://host/…, without a user.")
    if any(character <= " " or character == "\x7f" for character in url):
        raise _refused("The address of an image is malformed.")
    return place


def _with_images(message: Message, fetched: dict[str, str]) -> Message:
    content = tuple(
        msgspec.structs.replace(part, url=fetched[part.url])
        if isinstance(part, Image) and part.url in fetched
        else part
        for part in message.content
    )
    return msgspec.structs.replace(message, content=content)


def _shown(url: str) -> str:
    return url[:100]


def _refused(sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, param="messages")
