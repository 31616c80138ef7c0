from __future__ import annotations

from pathlib import Path

import pytest

from relay.bridge.headless.accounts import Account, Accounts, Home
from relay.bridge.headless.processes import Process
from relay.errors import AccountRefused, AccountUnknown

CHAT = Account(name="work", adapter="chat", start="https://chat.example/c", proxy="socks5://me:x@proxy.example:1080")


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path / "headless")


def test_accounts_are_kept_for_their_owner_alone(accounts: Accounts, tmp_path: Path):
    accounts.save(CHAT, b'{"id":"chat"}')
    accounts.save(Account(name="puter"))

    assert accounts.list() == ((Account(name="puter"), CHAT), ())
    assert accounts.get("work") == CHAT
    assert (CHAT.site, Account(name="puter").site) == ("chat.example", "puter")
    home = accounts.home("work")
    assert home.description == b'{"id":"chat"}'
    files = [tmp_path / "headless", *(tmp_path / "headless").rglob("*")]
    assert [file for file in files if file.stat().st_mode & 0o077] == []


def test_account_is_changed_but_not_moved_to_another_site(accounts: Accounts):
    accounts.save(CHAT, b"{}")
    (accounts.home("work").profile / "Cookies").touch()
    moved = Account(name="work", adapter="chat2", start="https://chat.example/other")

    accounts.save(moved)

    assert accounts.get("work") == moved
    assert (accounts.home("work").profile / "Cookies").exists()
    assert accounts.home("work").description == b"{}"
    with pytest.raises(AccountRefused, match=r"is one of chat\.example; choose another --name"):
        accounts.save(Account(name="work"))


@pytest.mark.parametrize(
    ("account", "param"),
    [
        (Account(name=""), "name"),
        (Account(name="../up"), "name"),
        (Account(name="A"), "name"),
        (Account(name="x" * 41), "name"),
        (Account(name="attached"), "name"),
        (Account(name="a", start="file:///etc/passwd"), "site"),
        (Account(name="a", start="https://"), "site"),
        (Account(name="a", start="https://me:x@chat.example/"), "site"),
        (Account(name="a", start="http://[bad/"), "site"),
        (Account(name="a", proxy="proxy.example"), "proxy"),
        (Account(name="a", proxy="http://a b"), "proxy"),
    ],
)
def test_what_cannot_be_an_account(accounts: Accounts, account: Account, param: str):
    with pytest.raises(AccountRefused) as caught:
        accounts.save(account)
    assert caught.value.param == param
    assert accounts.list() == ((), ())


def test_damaged_directories_are_named(accounts: Accounts, tmp_path: Path):
    accounts.save(Account(name="good"))
    for name, content in {
        "a": "{",
        "b": '{"name":"other"}',
        "c": '{"name":"c","attach":"http://h"}',
        "d": "[]",
    }.items():
        (tmp_path / "headless" / name).mkdir()
        (tmp_path / "headless" / name / "account.json").write_text(content)
    assert accounts.list() == ((Account(name="good"),), ("a", "b", "c", "d"))


def test_removing(accounts: Accounts, tmp_path: Path):
    accounts.save(CHAT)
    accounts.remove("work")
    assert list((tmp_path / "headless").iterdir()) == []
    for name in ("work", "..", ""):
        with pytest.raises(AccountUnknown):
            accounts.remove(name)
    with pytest.raises(AccountUnknown):
        accounts.get("../headless")


def test_what_a_home_keeps(tmp_path: Path):
    home = Home(tmp_path / "a")
    assert (home.state, home.description, home.token, home.process) == (None, None, None, None)
    home.keep_token("rbr-x")
    home.keep_state(b"{}")
    home.keep_process(Process(7, "then"))
    assert (home.state, home.token, home.process) == (b"{}", "rbr-x", Process(7, "then"))
    (home.path / "process.json").write_text("{")
    assert home.process is None
    home.keep_credential("bridge_1")
    home.keep_credential("bridge_1")
    assert home.credential == "bridge_1"
    home.keep_process(None)
    assert not (home.path / "process.json").exists()


def test_failed_write_leaves_no_draft(tmp_path: Path):
    home = Home(tmp_path)
    (tmp_path / "state.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        home.keep_state(b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
