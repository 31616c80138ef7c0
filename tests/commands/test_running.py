"""Asking the relay that runs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from relay.commands.running import ask
from relay.datadir import DataDir
from relay.errors import SetupError


class Answering(BaseHTTPRequestHandler):
    """Answers what the test wants, and notes what it was asked."""

    status = 200
    answer = b"{}"
    asked: tuple[str, str, str, Any] | None = None

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Answering.asked = (self.command, self.path, self.headers["Authorization"], body)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(data: DataDir, monkeypatch: pytest.MonkeyPatch, status: int, answer: bytes) -> Iterator[str]:
    """Hold `data` as a relay does, and answer for it."""
    monkeypatch.setattr(Answering, "status", status)
    monkeypatch.setattr(Answering, "answer", answer)
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with data.lock(url):
            yield url
        thread.join()


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path)


def test_answer(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    with running(data, monkeypatch, 200, b'{"done": 1}'):
        assert ask(data, "POST", "/api/x", {"a": 1}) == {"done": 1}
    assert Answering.asked == ("POST", "/api/x", f"Bearer {data.admin_token}", {"a": 1})


def test_question_without_a_body(data: DataDir, monkeypatch: pytest.MonkeyPatch):
    with running(data, monkeypatch, 200, b"{}"):
        ask(data, "POST", "/api/x")
    assert Answering.asked is not None
    assert Answering.asked[3] == {}


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        (404, b'{"error": {"message": "There is no such account."}}', "There is no such account."),
        (500, b"{}", "relay answered 500."),
        (200, b"[]", "relay answered 200."),
        (200, b"<html>", "does not answer properly"),
    ],
)
def test_relay_that_says_no(data: DataDir, monkeypatch: pytest.MonkeyPatch, status: int, answer: bytes, sentence: str):
    with running(data, monkeypatch, status, answer), pytest.raises(SetupError, match=sentence):
        ask(data, "POST", "/api/x")


def test_no_relay(data: DataDir):
    with pytest.raises(SetupError, match=r"not running on this data directory; start it with: relay --data-dir x$"):
        ask(data, "POST", "/api/x", place=" --data-dir x")


def test_relay_that_does_not_listen_yet(data: DataDir):
    with data.lock(), pytest.raises(SetupError, match="not running"):
        ask(data, "POST", "/api/x")


def test_relay_that_hangs_up(data: DataDir):
    with data.lock("http://127.0.0.1:9"), pytest.raises(SetupError, match="does not answer properly"):
        ask(data, "POST", "/api/x")
