import json

import pytest

from relay.bridge.headless.rewriting import NotSayable, Papers

PAGE_HELLO = {
    "type": "hello",
    "protocols": [1],
    "client": {"kind": "page", "version": "evil"},
    "adapter": "puter",
    "site": "bank.example",
    "token": "carried",
    "code": "7QK2M-0XW9T",
    "session": "somebody-elses",
    "resume": [{"call": "c", "attempt": 1, "sent": 2}],
}


def papers(session: str | None = None) -> Papers:
    return Papers("1.2", "chat", "chat.example", "rbr-secret", session)


def test_hello_says_what_relay_knows_and_not_what_the_page_claims():
    assert json.loads(papers("mine").hello(json.dumps(PAGE_HELLO))) == {
        "type": "hello",
        "protocols": [1],
        "client": {"kind": "headless", "version": "1.2", "carried": True},
        "adapter": "chat",
        "site": "chat.example",
        "token": "rbr-secret",
        "session": "mine",
        "resume": [{"call": "c", "attempt": 1, "sent": 2}],
    }


def test_hello_without_a_session_asks_for_none():
    hello = json.loads(papers().hello(json.dumps(PAGE_HELLO)))
    assert "session" not in hello
    assert "code" not in hello


@pytest.mark.parametrize("text", ["", "[]", '{"type":"state","state":"ready"}', '"hello"'])
def test_another_first_frame_is_refused(text: str):
    with pytest.raises(NotSayable):
        papers().hello(text)


def test_welcome_reaches_the_page_without_secrets_and_tells_the_session():
    mine = papers()
    welcome = {"type": "welcome", "session": "new", "token": "rbr-x", "settings": {"key": "sk"}, "protocol": 1}

    assert json.loads(mine.welcome(json.dumps(welcome))) == {"type": "welcome", "session": "new", "protocol": 1}
    assert mine.session == "new"


@pytest.mark.parametrize("text", ['{"type":"bye","reason":"restart","message":""}', "not json"])
def test_other_first_frames_of_relay_pass(text: str):
    mine = papers("old")
    assert (mine.welcome(text), mine.session) == (text, "old")


def test_welcome_without_a_session_changes_none():
    mine = papers("old")
    assert json.loads(mine.welcome('{"type":"welcome"}')) == {"type": "welcome"}
    assert mine.session == "old"


def test_token_is_not_shown():
    assert "secret" not in repr(papers())


@pytest.mark.parametrize("type_", ["state", "accepted", "parts", "done", "fail", "pong"])
def test_what_a_page_says_goes_on_unchanged(type_: str):
    said = f'{{ "type":"{type_}", "more": [1] }}'
    assert papers().said(said) == said


@pytest.mark.parametrize("limits", [{"frame_bytes": 10}, {"frame_bytes": "10"}, None, []])
def test_limit_of_a_frame_is_relays(limits: object):
    mine = papers()
    mine.welcome(json.dumps({"type": "welcome", "limits": limits}))
    assert mine.longest == (10 if limits == {"frame_bytes": 10} else 65_536)


def test_every_hello_begins_with_the_first_limit():
    mine = papers()
    mine.longest = 10
    mine.hello(json.dumps(PAGE_HELLO))
    assert mine.longest == 65_536
    with pytest.raises(NotSayable, match="too long"):
        mine.hello(json.dumps(PAGE_HELLO | {"more": "x" * 65_536}))
