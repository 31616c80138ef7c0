from hypothesis import given
from hypothesis import strategies as st

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.core.tokens import TokenCounter, estimate_request, estimate_text


def test_estimates_by_script():
    texts = ["", "a", "abcd", "abcde", "漢字", "Привет!!", "😀", "\ud800"]
    assert [estimate_text(text) for text in texts] == [0, 1, 1, 2, 2, 5, 2, 1]


def test_every_part_of_a_request_counts():
    request = Request(
        model="m",
        messages=(
            SystemMessage(content=(Text(text="abcdefgh"),)),
            UserMessage(content=(Image(url="data:,"), Audio(data="AA", format="wav"), File(id="f"))),
            AssistantMessage(reasoning="abcd", tool_calls=(ToolCall(id="1", name="look", arguments='{"a":12}'),)),
            ToolMessage(call_id="1", content=(Text(text="abcd"),)),
        ),
        tools=(Tool(name="look", description="abcd", parameters={"a": 1234}), Tool(name="none")),
        response_format=ResponseFormat(type="json_schema", schema={"a": 1234}),
    )
    messages = (4 + 2) + (4 + 765 + 2 * 1500) + (4 + 1 + 8 + 1 + 2) + (4 + 1)
    tools = (8 + 1 + 1 + 2.5) + (8 + 1)
    assert estimate_request(request) == messages + tools + 2.5


def test_response_format_without_schema():
    request = Request(model="m", messages=(), response_format=ResponseFormat(type="json_object"))
    assert estimate_request(request) == 0


@given(st.lists(st.text(), max_size=8))
def test_counting_pieces_counts_the_whole(pieces):
    counter = TokenCounter()
    for piece in pieces:
        counter.add(piece)
    assert counter.tokens == estimate_text("".join(pieces))


@given(st.text(max_size=8), st.text(max_size=40), st.integers(0, 30))
def test_fitting_text_is_the_longest_that_fits(before, text, tokens):
    counter = TokenCounter()
    counter.add(before)
    short = counter.fitting(text, tokens)
    assert text.startswith(short)
    assert not short or estimate_text(before + short) <= tokens
    longer = text[: len(short) + 1]
    assert longer == short or estimate_text(before + longer) > tokens


def test_counter_is_full_when_nothing_more_fits():
    counter = TokenCounter()
    counter.add("abc")
    assert (counter.tokens, counter.fills(1)) == (1, False)
    counter.add("d")
    assert (counter.tokens, counter.fills(1), counter.fills(2)) == (1, True, False)
