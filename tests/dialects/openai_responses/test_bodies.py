import json

from openai.types.responses import CompactedResponse, InputTokenCountResponse, ResponseItemList
from support.responses import check_schema

from relay.core.events import Usage
from relay.dialects.openai_responses import bodies


def test_compaction():
    item = bodies.compaction_item("cmp_1", "sealed")
    told = bodies.compaction("resp_1", 7, (item,), Usage(input_tokens=3, output_tokens=2))
    check_schema("CompactResource", json.loads(told))
    CompactedResponse.model_validate_json(told, strict=True)
    assert json.loads(told) == {
        "object": "response.compaction",
        "id": "resp_1",
        "created_at": 7,
        "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"}],
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 5,
        },
    }


def test_input_tokens():
    told = bodies.input_tokens(12)
    InputTokenCountResponse.model_validate_json(told, strict=True)
    assert json.loads(told) == {"object": "response.input_tokens", "input_tokens": 12}


def test_page_of_items():
    page = tuple(
        {
            "type": "message",
            "id": f"msg_{n}",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "hi"}],
        }
        for n in (1, 2)
    )
    told = bodies.items(page, has_more=True)
    ResponseItemList.model_validate_json(told, strict=True)
    assert json.loads(told) == {
        "object": "list",
        "data": list(page),
        "first_id": "msg_1",
        "last_id": "msg_2",
        "has_more": True,
    }


def test_page_without_items():
    told = json.loads(bodies.items((), has_more=False))
    assert told == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_deleted():
    assert json.loads(bodies.deleted("resp_1")) == {"object": "response", "id": "resp_1", "deleted": True}
