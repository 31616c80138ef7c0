"""Standard output that cannot be written."""

import os
import sys
from pathlib import Path

import pytest

from relay.commands import output
from relay.errors import SetupError


def test_text_is_printed(capsys: pytest.CaptureFixture[str]):
    output.say("text")
    assert capsys.readouterr().out == "text\n"


def test_full_disk_is_said_once(monkeypatch: pytest.MonkeyPatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(SetupError, match=r"^Standard output cannot be written: No space left on device\.$"):
            output.say("text")
        output.discard_unwritten()
        full.flush()  # as Python does at exit


def test_closed_output_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SetupError, match=r"^Standard output is closed"):
        output.prepare()
    output.discard_unwritten()


def test_messages_for_a_closed_error_output_go_nowhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", None)
    output.prepare()
    assert sys.stderr.name == os.devnull
    sys.stderr.close()
