"""``relay key``: a person and a program make, list and end keys."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from relay.cli import main
from relay.store import BridgeCredential, ClientKey, Store

from .conftest import Relay


async def _keys(place: Path) -> list[ClientKey]:
    store = await Store.open(place / "relay.db")
    keys = await store.keys.list()
    await store.close()
    return keys


async def _pair(place: Path, origin: str | None) -> BridgeCredential:
    store = await Store.open(place / "relay.db")
    redeemed = await store.bridges.redeem(await store.bridges.create_code(None, 300.0), origin)
    await store.close()
    assert redeemed
    return redeemed[0]


def test_created_key_alone_is_on_standard_output(relay: Relay, place: Path):
    result = relay("key", "create", "cline")
    assert result.exit_code == 0
    [key] = asyncio.run(_keys(place))
    assert key.name == "cline"
    assert result.stdout.startswith(key.prefix)
    assert len(result.stdout) == len("sk-relay-") + 43 + 1
    assert result.stderr == "Save it now: relay keeps only its hash. To end it: relay key revoke cline\n"


def test_created_key_as_json(relay: Relay, place: Path):
    shown = json.loads(relay("key", "create", "cline", "--json").stdout)
    [key] = asyncio.run(_keys(place))
    assert shown.pop("key").startswith(key.prefix)
    assert shown.pop("created_at").endswith("+00:00")
    assert shown == {"id": key.id, "name": "cline", "prefix": key.prefix, "last_used_at": None, "revoked_at": None}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("taken", "Error: A key named 'taken' exists already; choose another name or revoke that one first.\n"),
        ("", "Error: A key needs a name of printable characters, such as the program that uses it.\n"),
        ("x" * 100_000, "Error: The name of a key has at most 100 characters.\n"),
    ],
)
def test_names_that_are_refused(relay: Relay, name: str, sentence: str):
    relay("key", "create", "taken")
    result = relay("key", "create", name)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence)


def test_list_of_keys(relay: Relay):
    relay("key", "create", "' OR 1=1 --")
    relay("key", "create", "old")
    relay("key", "revoke", "old")
    lines = relay("key", "list").stdout.splitlines()
    assert lines[0].split("  ")[0] == "API KEY"
    assert [(line[:11].strip(), line.split()[-2:]) for line in lines[1:]] == [
        ("' OR 1=1 --", ["never", "live"]),
        ("old", ["never", "revoked"]),
    ]


def test_list_of_pages(relay: Relay, place: Path):
    relay("key", "list")
    page, program = asyncio.run(_pair(place, "http://localhost:3000")), asyncio.run(_pair(place, None))
    lines = relay("key", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:]] == [
        ["PAIRED", "PAGE"],
        [page.name, "http://localhost:3000"],
        [program.name, "a"],
    ]


def test_list_as_json(relay: Relay, place: Path):
    relay("key", "create", "cline")
    bridge = asyncio.run(_pair(place, None))
    shown = json.loads(relay("key", "list", "--json").stdout)
    assert [key["name"] for key in shown["keys"]] == ["cline"]
    assert [(one["id"], one["origin"]) for one in shown["bridges"]] == [(bridge.id, None)]
    assert "hash" not in shown["keys"][0]


def test_revoke_a_key(relay: Relay, place: Path):
    relay("key", "create", "cline")
    assert relay("key", "revoke", "cline").stdout == "cline is revoked.\n"
    assert asyncio.run(_keys(place))[0].revoked_at is not None


def test_revoke_a_page(relay: Relay, place: Path):
    relay("key", "list")
    bridge = asyncio.run(_pair(place, None))
    shown = json.loads(relay("key", "revoke", bridge.id, "--json").stdout)
    assert (shown["id"], shown["revoked_at"] is None) == (bridge.id, False)


def test_revoke_what_is_not_there(relay: Relay):
    result = relay("key", "revoke", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: There is no live key or paired page 'nobody'; see: relay key list\n"


def test_damaged_database(relay: Relay, place: Path):
    relay("key", "list")
    (place / "relay.db").write_bytes(b"rubbish" * 1000)
    result = relay("key", "create", "cline")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The database {place}/relay.db is damaged or not a database")


def test_hints_work_when_they_are_pasted(relay: Relay, tmp_path: Path):
    place = tmp_path / "my data"
    result = relay("key", "create", "a b", "--data-dir", str(place))
    assert result.stderr.endswith(f"To end it: relay key revoke 'a b' --data-dir '{place}'\n")
    config = tmp_path / "my.toml"
    config.touch()
    result = relay("key", "revoke", "x", "--config", str(config))
    assert result.stderr.endswith(f"see: relay key list --config {config}\n")


def test_key_that_nobody_saw_is_revoked(place: Path, monkeypatch: pytest.MonkeyPatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as caught:
            main(["key", "create", "cline"])
    assert caught.value.code == 1
    [key] = asyncio.run(_keys(place))
    assert key.revoked_at is not None
