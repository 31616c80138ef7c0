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
from relay.core.tokens import TokenCounter, estimate_request, estimate_text, truncate


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


@given(st.text(max_size=40), st.integers(-1, 30))
def test_truncated_text_is_the_longest_that_fits(text, tokens):
    short = truncate(text, tokens)
    assert text.startswith(short)
    assert estimate_text(short) <= max(0, tokens)
    longer = text[: len(short) + 1]
    assert longer == short or estimate_text(longer) > tokens
