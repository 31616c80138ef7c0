from __future__ import annotations

import pytest
from support.bridge import hello
from support.credentials import FakeStore, Stored

from relay.bridge.pairing import Admission, Doorkeeper
from relay.errors import InvalidCredential, StoreBusy

PAGE = "http://localhost:3000"
SITE = "https://chat.example"


@pytest.fixture
def store() -> FakeStore:
    return FakeStore(codes={"code": PAGE}, tokens={"t-1": Stored("b-1", SITE), "t-2": Stored("b-2", None)})


@pytest.fixture
def door(store: FakeStore) -> Doorkeeper:
    return Doorkeeper(store, frozenset({PAGE}))


async def test_code_becomes_a_token_once(door: Doorkeeper) -> None:
    first = await door.admit(hello(code="code", token=None), PAGE)

    assert first == Admission("b-code", "t-code")
    assert await door.admit(hello(token="t-code"), PAGE) == Admission("b-code")
    with pytest.raises(InvalidCredential):
        await door.admit(hello(code="code", token=None), PAGE)


@pytest.mark.parametrize(
    ("token", "code", "origin"),
    [
        (None, None, PAGE),
        ("", None, SITE),
        ("wrong", None, SITE),
        ("t-1", None, PAGE),
        ("t-1", None, None),
        ("t-2", None, SITE),
        (None, "wrong", PAGE),
        (None, "code", SITE),
        (None, "code", None),
        ("wrong", "wrong", PAGE),
    ],
)
async def test_wrong_credentials_are_refused(
    door: Doorkeeper, token: str | None, code: str | None, origin: str | None
) -> None:
    with pytest.raises(InvalidCredential):
        await door.admit(hello(token=token, code=code), origin)


EXTENSION = f"chrome-extension://{'abcdefghijklmnop' * 2}"


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (EXTENSION, True),
        ("moz-extension://0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", True),
        (EXTENSION + ".example", False),
        (f"https://{EXTENSION}", False),
        ("chrome-extension://short", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
async def test_extension_is_heard_while_a_code_for_anybody_waits(
    door: Doorkeeper, store: FakeStore, origin: str, welcome: bool
) -> None:
    assert not await door.knows_origin(origin)
    store.codes["open"] = None

    assert await door.knows_origin(origin) is welcome


async def test_extension_is_pinned_when_it_is_paired(door: Doorkeeper, store: FakeStore) -> None:
    store.codes["open"] = None

    assert await door.admit(hello(code="open", token=None), EXTENSION) == Admission("b-open", "t-open")
    assert await door.knows_origin(EXTENSION)
    assert not await door.knows_origin(EXTENSION[:-1] + "a")
    with pytest.raises(InvalidCredential):
        await door.admit(hello(token="t-open"), EXTENSION[:-1] + "a")


async def test_token_counts_beside_a_code_that_is_used_up(door: Doorkeeper) -> None:
    assert await door.admit(hello(token="t-1", code="used"), SITE) == Admission("b-1")


async def test_program_without_an_origin_has_a_token_of_its_own(door: Doorkeeper) -> None:
    assert await door.admit(hello(token="t-2"), None) == Admission("b-2")


async def test_seen_token_counts_while_the_store_is_out_of_reach(door: Doorkeeper, store: FakeStore) -> None:
    await door.admit(hello(token="t-1"), SITE)
    await door.admit(hello(code="code", token=None), PAGE)
    store.error = StoreBusy("locked")

    assert await door.admit(hello(token="t-1"), SITE) == Admission("b-1")
    assert await door.admit(hello(token="t-code"), PAGE) == Admission("b-code")


@pytest.mark.parametrize(("token", "origin"), [("t-2", None), ("t-1", PAGE), ("wrong", SITE)])
async def test_unseen_token_waits_for_the_store(
    door: Doorkeeper, store: FakeStore, token: str, origin: str | None
) -> None:
    await door.admit(hello(token="t-1"), SITE)
    store.error = StoreBusy("locked")

    with pytest.raises(StoreBusy):
        await door.admit(hello(token=token), origin)


async def test_code_waits_for_the_store(door: Doorkeeper, store: FakeStore) -> None:
    store.error = StoreBusy("locked")

    with pytest.raises(StoreBusy):
        await door.admit(hello(code="code", token=None), PAGE)
    store.error = None
    assert await door.admit(hello(code="code", token=None), PAGE) == Admission("b-code", "t-code")


async def test_revoked_token_is_forgotten_when_it_is_shown(door: Doorkeeper, store: FakeStore) -> None:
    await door.admit(hello(token="t-1"), SITE)
    del store.tokens["t-1"]
    with pytest.raises(InvalidCredential):
        await door.admit(hello(token="t-1"), SITE)
    store.error = StoreBusy("locked")

    with pytest.raises(StoreBusy):
        await door.admit(hello(token="t-1"), SITE)


async def test_revoked_token_is_forgotten_when_the_list_is_read(door: Doorkeeper, store: FakeStore) -> None:
    await door.admit(hello(token="t-1"), SITE)
    await door.admit(hello(token="t-2"), None)
    del store.tokens["t-1"]
    live = await door.live_ids()
    store.error = StoreBusy("locked")

    assert live == {"b-2"}
    assert await door.admit(hello(token="t-2"), None) == Admission("b-2")
    with pytest.raises(StoreBusy):
        await door.admit(hello(token="t-1"), SITE)


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        (PAGE, True),
        (SITE, True),
        ("null", False),
        ("", False),
        ("https://evil.example", False),
        ("https://chat.example.evil.example", False),
        ("https://evil-chat.example", False),
        ("https://chat.example.", False),
        ("https://chat.example:443", False),
        ("http://chat.example", False),
        ("HTTPS://CHAT.EXAMPLE", False),
        ("http://localhost:3000/", False),
        ("http://localhost:30000", False),
        ("http://localhost", False),
        ("http://127.0.0.1:3000", False),
    ],
)
async def test_origin_is_compared_exactly(door: Doorkeeper, origin: str, known: bool) -> None:
    assert await door.knows_origin(origin) is known


async def test_origins_are_remembered_while_the_store_is_out_of_reach(door: Doorkeeper, store: FakeStore) -> None:
    await door.knows_origin(SITE)
    store.error = StoreBusy("locked")

    assert [await door.knows_origin(origin) for origin in (PAGE, SITE, "https://evil.example")] == [True, True, False]
