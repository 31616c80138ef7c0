import pytest

from relay.dialects.openai_responses.thoughts import without_thoughts
from relay.dialects.openai_responses.wire import Item


def message(*texts: str, role: str = "assistant", kind: str = "output_text") -> Item:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text} for text in texts]}


def test_reasoning_at_the_start_of_a_text_is_left_out():
    inline = message("<think>why</think>\n\nbecause", "<think>x</think>", "so")
    assert without_thoughts((inline,)) == (message("because", "", "so"),)


@pytest.mark.parametrize(
    "item",
    [
        message("because <think>x</think>"),
        message("<think>x</think>", role="user", kind="input_text"),
        message(),
        {"type": "message", "role": "assistant", "content": "<think>x</think>"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "message", "role": "assistant", "content": ["<think>x</think>"]},
        {"type": "function_call", "arguments": "{}"},
    ],
)
def test_everything_else_stays_as_it_is(item: Item):
    assert without_thoughts((item,)) == (item,)
