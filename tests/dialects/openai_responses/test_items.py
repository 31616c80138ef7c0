from itertools import count

import pytest

from relay.dialects.openai_responses.items import for_storage, normalized, references, resolved
from relay.dialects.openai_responses.wire import Item
from relay.errors import InvalidRequest


def normal(*items: Item) -> list[Item]:
    ids = count(1)
    return list(normalized(list(items), lambda prefix: f"{prefix}_{next(ids)}"))


def test_string_is_a_message_of_the_user():
    assert normalized("hi", lambda prefix: f"{prefix}_1") == (
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "hi"}],
        },
    )
    assert normalized(None, str) == ()


def test_easy_message_of_the_model():
    (item,) = normal({"role": "assistant", "content": "hi", "phase": "commentary"})
    assert item == {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "hi", "annotations": []}],
    }


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "id": "a", "status": "incomplete", "role": "user", "content": []},
        {"type": "reasoning", "id": "a", "summary": []},
        {"type": "relay:trace", "id": "a"},
        {"type": "web_search_call", "id": "a", "status": "completed"},
    ],
    ids=lambda item: item["type"],
)
def test_complete_item_stays_as_it_is(item):
    assert normal(item) == [item]


def test_ids_are_given_by_type():
    kinds = ["reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"]
    more = ["compaction", "additional_tools", "web_search_call", "relay:trace"]
    assert [item["id"] for item in normal(*({"type": kind} for kind in (*kinds, *more)))] == [
        "rs_1",
        "fc_2",
        "fco_3",
        "ctc_4",
        "ctco_5",
        "cmp_6",
        "at_7",
        "item_8",
        "item_9",
    ]


def test_null_id_is_no_id():
    assert normal({"type": "reasoning", "id": None})[0]["id"] == "rs_1"


def test_other_name_of_a_compaction():
    assert normal({"type": "compaction_summary", "id": "a"}) == [{"type": "compaction", "id": "a"}]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "mesage", "role": "user"}, "input[0].type"),
        ({"type": 7}, "input[0].type"),
        ({"content": "hi"}, "input[0].type"),
        ({"type": "item_reference"}, "input[0].id"),
    ],
)
def test_what_is_no_item(item, param):
    with pytest.raises(InvalidRequest) as caught:
        normal(item)
    assert caught.value.param == param


def test_references_are_replaced_by_what_they_mean():
    items = normal({"type": "item_reference", "id": "a"}, {"id": "b"}, {"role": "user", "content": []})
    assert references(items) == ("a", "b")
    found = {"a": {"type": "reasoning", "id": "a"}, "b": {"type": "reasoning", "id": "b"}}
    assert resolved(items, found) == (found["a"], found["b"], items[2])


def test_reference_to_nothing():
    with pytest.raises(InvalidRequest, match="'b' not found") as caught:
        resolved(normal({"role": "user", "content": []}, {"id": "b"}), {})
    assert caught.value.param == "input[1].id"


def test_item_is_referred_to_once():
    with pytest.raises(InvalidRequest, match="'a' is referred to twice") as caught:
        resolved(
            normal({"id": "a"}, {"id": "b"}, {"id": "a"}), {"a": {"type": "reasoning"}, "b": {"type": "reasoning"}}
        )
    assert caught.value.param == "input[2].id"


def test_chain_of_thought_is_not_stored():
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "why"}],
        "content": [{"type": "reasoning_text", "text": "why"}],
        "encrypted_content": "sealed",
    }
    call = {"type": "function_call", "id": "fc_1", "content": "x"}
    assert for_storage([reasoning, call]) == (
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
        call,
    )
    told = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
    assert for_storage([{**told, "reasoning_content": "why", "reasoning": "why"}, told]) == (told, told)
