"""POST /v1/messages: whole and streamed, and every way in which they end."""

from .conftest import Site

ASKED = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}


async def test_whole_answer(site: Site):
    response = await site.ask("POST", "/v1/messages?beta=true", json=ASKED)
    body = await response.get_json()
    assert response.headers["request-id"] == response.headers["x-request-id"]
    assert body.pop("id").startswith("msg_")
    assert body == {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 2,
        },
        "relay": {"thinking_type": None, "thinking_source": "none"},
    }
