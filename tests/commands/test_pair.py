"""``relay pair``: a code and the link that carries it."""

import asyncio
import json
from pathlib import Path

from relay.datadir import DataDir
from relay.store import BridgeCredential, Store

from .conftest import Relay


async def _redeemed(place: Path, code: str, origin: str | None) -> BridgeCredential | None:
    store = await Store.open(place / "relay.db")
    redeemed = await store.bridges.redeem(code, origin)
    await store.close()
    return redeemed[0] if redeemed else None


def test_code_and_link_before_relay_runs(relay: Relay):
    result = relay("pair")
    code = result.stdout.split()[1]
    assert result.stdout == f"Code: {code}\nLink: http://localhost:3000/#code={code}\n"
    assert result.stderr == (
        "It works once, within 5 minutes.\nrelay is not running on this data directory yet; start it with: relay\n"
    )


def test_link_names_the_relay_that_runs(relay: Relay, place: Path):
    with DataDir.open(place).lock("http://localhost:4000"):
        result = relay("pair")
    assert "Link: http://localhost:4000/#code=" in result.stdout
    assert result.stderr == "It works once, within 5 minutes.\n"


def test_code_works(relay: Relay, place: Path):
    shown = json.loads(relay("pair", "--json").stdout)
    credential = asyncio.run(_redeemed(place, shown["code"], "chrome-extension://abc"))
    assert credential
    assert credential.origin == "chrome-extension://abc"


def test_code_for_one_origin(relay: Relay, place: Path):
    shown = json.loads(relay("pair", "--json", "--origin", "https://Chat.example").stdout)
    code = shown.pop("code")
    assert shown == {"link": None, "origin": "https://chat.example", "expires_in": 300.0}
    assert asyncio.run(_redeemed(place, code, "https://evil.example")) is None
    assert asyncio.run(_redeemed(place, code, "https://chat.example"))


def test_code_for_one_origin_in_words(relay: Relay):
    lines = relay("pair", "--origin", "https://chat.example").stdout.splitlines()
    assert lines[1:] == ["For pages of https://chat.example only."]


def test_code_for_relays_own_page_has_a_link(relay: Relay):
    shown = json.loads(relay("pair", "--json", "--origin", "http://localhost:3000").stdout)
    assert shown["link"] == f"http://localhost:3000/#code={shown['code']}"


def test_what_is_not_an_origin(relay: Relay):
    result = relay("pair", "--origin", "null")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: The origin should be an origin such as https://example.com, without a path.\n"


def test_hint_names_another_place(relay: Relay, tmp_path: Path):
    assert relay("pair", "--data-dir", str(tmp_path)).stderr.endswith(f"start it with: relay --data-dir {tmp_path}\n")
