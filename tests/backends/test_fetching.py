"""Fetching images: what is sent, what is taken, and above all what is not."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from relay.backends.fetching import FetchTerms, ImageFetcher, resolve
from relay.core.request import Image, Request, SystemMessage, Text, UserMessage
from relay.errors import InvalidRequest

PNG = b"\x89PNG\r\n\x1a\n"
INLINE = "data:image/png;base64," + base64.b64encode(PNG).decode()
PUBLIC = "93.184.215.14"


class Server:
    """Answers on loopback with the bytes that a test has for a path, and keeps what it was sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[str] = []
        self.answers: dict[str, bytes] = {}

    def url(self, path: str, host: str = "img.example") -> str:
        return f"http://{host}:{self.port}{path}"


def answer(body: bytes = PNG, *headers: str, status: str = "200 OK", kind: str = "image/png") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(to: str, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {to}", status=status)


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        here.heads.append(head)
        if said := here.answers.get(head.split()[1], b""):
            writer.write(said)
        else:
            await reader.read()  # says nothing until the client leaves
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    here = Server(listening.sockets[0].getsockname()[1])
    async with listening:
        yield here
        if serving:
            await asyncio.wait(serving)


class Names:
    """A resolver whose names mean what a test says, one answer after the other; it counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def fetcher(names: Names | None = None, terms: FetchTerms | None = None) -> ImageFetcher:
    """A fetcher to whom 127.0.0.1, and no other address, is public."""
    return ImageFetcher(terms or FetchTerms(), names or Names(["127.0.0.1"]), lambda address: address == "127.0.0.1")


def asking(*urls: str) -> Request:
    return Request(model="m", messages=(UserMessage(content=tuple(Image(url=url) for url in urls)),))


def urls(request: Request) -> list[str]:
    return [part.url for message in request.messages for part in message.content if isinstance(part, Image)]


async def refusal(of: ImageFetcher, *addresses: str) -> str:
    with pytest.raises(InvalidRequest) as refused:
        await of.inlined(asking(*addresses))
    assert refused.value.param == "messages"
    return refused.value.message


async def test_images_take_the_place_of_their_addresses() -> None:
    async with server() as here:
        here.answers = {"/a?b=c": answer(kind="IMAGE/PNG; x=y"), "/": answer(b"GIF89a", kind="image/gif")}
        asked = Request(
            model="m",
            messages=(
                SystemMessage(content=(Text(text="Look."),)),
                UserMessage(
                    content=(
                        Text(text="These:"),
                        Image(url=here.url("/a?b=c"), detail="low"),
                        Image(url=here.url("")),
                        Image(url=here.url("/a?b=c")),
                        Image(url="data:image/png;base64,AAAA"),
                    )
                ),
            ),
        )
        given = await fetcher().inlined(asked)

    gif = "data:image/gif;base64," + base64.b64encode(b"GIF89a").decode()
    content = (
        Text(text="These:"),
        Image(url=INLINE, detail="low"),
        Image(url=gif),
        Image(url=INLINE),
        Image(url="data:image/png;base64,AAAA"),
    )
    assert given.messages == (asked.messages[0], UserMessage(content=content))
    assert len(here.heads) == 2


async def test_nothing_of_relay_or_the_client_is_sent_along() -> None:
    async with server() as here:
        here.answers = {"/a": answer()}
        await fetcher().inlined(asking(here.url("/a")))

    lines = here.heads[0].split("\r\n")
    assert sorted(lines) == sorted(
        [
            "GET /a HTTP/1.1",
            f"Host: img.example:{here.port}",
            "Accept: image/*",
            "Accept-Encoding: identity",
            "User-Agent: relay",
            "",
            "",
        ]
    )


async def test_request_without_remote_images_stays_as_it_is() -> None:
    asked = asking("data:image/png;base64,AAAA")
    assert await fetcher().inlined(asked) is asked


async def test_redirects_are_followed_as_far_as_allowed() -> None:
    async with server() as here:
        here.answers = {
            "/1": moved("/2"),
            "/2": moved("3", "307 Temporary Redirect"),
            "/3": moved(here.url("/4")),
            "/4": answer(),
        }
        assert urls(await fetcher().inlined(asking(here.url("/1")))) == [INLINE]
        here.answers["/4"] = moved("/5")
        assert "more than 3 redirects" in await refusal(fetcher(), here.url("/1"))


async def test_every_redirect_is_checked() -> None:
    async with server() as here:
        here.answers = {"/1": moved(f"http://inner.example:{here.port}/2"), "/2": answer()}
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        assert "inner.example is not on the public internet" in await refusal(fetcher(names), here.url("/1"))
        assert names.asked == ["img.example", "inner.example"]
        for place in ("file:///etc/passwd", "gopher://img.example/", "http://user:word@img.example/", "http://[x"):
            here.answers["/1"] = moved(place)
            await refusal(fetcher(), here.url("/1"))
    assert len(here.heads) == 5


async def test_name_that_changes_its_address_is_looked_up_once() -> None:
    async with server() as here:
        here.answers = {"/a": answer()}
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        assert urls(await fetcher(names).inlined(asking(here.url("/a")))) == [INLINE]
        assert names.asked == ["img.example"]
        assert "not on the public internet" in await refusal(fetcher(names), here.url("/a"))
    assert len(here.heads) == 1


@pytest.mark.parametrize("addresses", [[], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"]])
async def test_name_that_means_any_other_address_is_not_trusted(addresses: list[str]) -> None:
    assert "not on the public internet" in await refusal(fetcher(Names(addresses)), "http://img.example/")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "017700000001", "0.0.0.0", "0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *(
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "[fe80::1]",
            "[fd00::1]",
        ),
    ],
)
async def test_own_networks_cannot_be_reached(host: str) -> None:
    """With the real resolver and the real rule, in every spelling that it understands."""
    async with server() as here:
        here.answers = {"/a": answer()}
        await refusal(ImageFetcher(), here.url("/a", host))
    assert here.heads == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "img.example/a.png", "//img.example/a.png", "/a.png", "ftp://img.example/a.png", "file:///etc/passwd"),
        *(
            "http://",
            "http:///a.png",
            "http://user@img.example/",
            "http://user:word@img.example/",
            "http://@img.example/",
        ),
        *(
            "http://img.example:0/",
            "http://img.example:99999/",
            "http://img.example:port/",
            "http://[::1/",
            "http://[x]/",
        ),
        *("http://img.example/a b", "http://img.example/\r\nX: y", "http://img.example/\x00", "http://ïmg.example/"),
    ],
)
async def test_malformed_addresses(url: str) -> None:
    names = Names(["127.0.0.1"])
    await refusal(fetcher(names), url)
    assert names.asked == []


@pytest.mark.parametrize("host", ["img..example", f"{'a' * 64}.example"])
async def test_name_that_no_resolver_takes(host: str) -> None:
    assert "malformed" in await refusal(ImageFetcher(), f"http://{host}/a.png")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(status="404 Not Found"), "HTTP 404"),
        (answer(b"", status="302 Found"), "HTTP 302"),
        (answer(kind="text/html"), "is no PNG"),
        (answer(kind="image/svg+xml"), "is no PNG"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "is no PNG"),
        (answer(PNG, "Content-Encoding: gzip"), "is no PNG"),
        (b"no HTTP at all\r\n\r\n", "cannot be fetched"),
        (answer()[:-3], "cannot be fetched"),
    ],
)
async def test_answers_that_are_no_image(said: bytes, reason: str) -> None:
    async with server() as here:
        here.answers = {"/a": said}
        assert reason in await refusal(fetcher(), here.url("/a"))


async def test_as_large_as_allowed_and_a_byte_more() -> None:
    async with server() as here:
        here.answers = {"/a": answer(b"a" * 8), "/b": answer(b"b" * 9), "/c": answer(b"c" * 5)}
        terms = FetchTerms(image_bytes=8, total_bytes=12)
        given = await fetcher(terms=terms).inlined(asking(here.url("/a")))
        assert len(base64.b64decode(urls(given)[0].partition(",")[2])) == 8
        assert "larger than relay fetches" in await refusal(fetcher(terms=terms), here.url("/b"))
        assert "larger than relay fetches" in await refusal(fetcher(terms=terms), here.url("/a"), here.url("/c"))


async def test_as_many_as_allowed_and_one_more() -> None:
    async with server() as here:
        here.answers = {"/1": answer(), "/2": answer(), "/3": answer()}
        terms = FetchTerms(images=2)
        asked = [here.url(f"/{number}") for number in (1, 2, 1)]
        assert urls(await fetcher(terms=terms).inlined(asking(*asked))) == [INLINE] * 3
        assert "at most 2" in await refusal(fetcher(terms=terms), *asked, here.url("/3"))


async def test_server_that_says_nothing() -> None:
    async with server() as here:
        assert "within 0.01 s" in await refusal(fetcher(terms=FetchTerms(seconds=0.01)), here.url("/silent"))


async def test_nobody_listens() -> None:
    async with server() as here:
        url = here.url("/a")
    assert "cannot be fetched" in await refusal(fetcher(), url)


async def test_system_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in await resolve("127.0.0.1", 80)


async def test_port_of_the_scheme_is_used() -> None:
    class Ports(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            self.asked.append(str(port))
            return []

    names = Ports([])
    for url in ("http://img.example/", "https://img.example/", "https://img.example:8443/"):
        await refusal(fetcher(names), url)
    assert names.asked == ["80", "443", "8443"]
