"""The same conversations, asked through each dialect, are the same request in the hub.

A file of ``conversations`` has a hub request, and the body that says it in each dialect. Where a dialect cannot say
all of it, ``differs`` has what it says instead, under the name of that loss in docs/reference/dialects.md.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.lossy import losses

from relay.core.request import Request
from relay.dialects.anthropic import inbound as anthropic
from relay.dialects.gemini import inbound as gemini
from relay.dialects.openai_chat import inbound as openai_chat
from relay.dialects.openai_responses import inbound as openai_responses

Json = dict[str, Any]

FOLDER = Path(__file__).with_name("conversations")
CONVERSATIONS: dict[str, Json] = {path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}


def _responses(body: bytes) -> Request:
    asked = openai_responses.read(body, new_id=lambda prefix: f"{prefix}_new")
    return openai_responses.decode(asked, openai_responses.Before(unseal=str), default_model="other").request


DECODE: dict[str, Callable[[bytes], Request]] = {
    "openai_chat": lambda body: openai_chat.decode(body, default_model="other").request,
    "openai_responses": _responses,
    "anthropic": lambda body: anthropic.decode(body, version="2023-06-01", default_model="other").request,
    "gemini": lambda body: gemini.decode(body, model="m").request,
}


@pytest.mark.parametrize("dialect", DECODE)
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_same_conversation_same_request(name: str, dialect: str):
    conversation = CONVERSATIONS[name]
    expected = with_losses(conversation["hub"], conversation.get("differs", {}).get(dialect, {}))
    decoded = DECODE[dialect](json.dumps(conversation[dialect]).encode())
    assert msgspec.to_builtins(decoded) == msgspec.to_builtins(msgspec.convert(expected, Request))


def test_losses_of_requests_are_documented():
    found = {
        (loss, dialect)
        for conversation in CONVERSATIONS.values()
        for dialect, differences in conversation.get("differs", {}).items()
        for loss in differences
    }
    assert found == losses("Requests")


def test_every_loss_is_a_difference():
    for conversation in CONVERSATIONS.values():
        for differences in conversation.get("differs", {}).values():
            for loss, changes in differences.items():
                assert with_losses(conversation["hub"], {loss: changes}) != conversation["hub"], loss


def with_losses(hub: Json, differences: dict[str, Json]) -> Json:
    """Return `hub` with every change made: a path and what stands there instead, null for nothing."""
    changed = json.loads(json.dumps(hub))
    for changes in differences.values():
        for path, value in reversed(changes.items()):  # what is removed later in a list does not move the others
            *inner, last = path.split("/")
            place = changed
            for step in inner:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if isinstance(place, list):
                place[int(last) : int(last) + 1] = [] if value is None else [value]
            elif value is None:
                del place[last]
            else:
                place[last] = value
    return changed
