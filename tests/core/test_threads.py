from __future__ import annotations

from typing import Any

import pytest

from relay.core.answer import Answer
from relay.core.events import FinishReason
from relay.core.request import (
    AssistantMessage,
    Image,
    Message,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMessage,
    UserMessage,
)
from relay.core.threads import History, Thread, Threads

HI = UserMessage(content=(Text(text="Hi"),))
MORE = UserMessage(content=(Text(text="And then?"),))
CALL = ToolCall(id="call_1", name="look", arguments='{"at": "a.txt", "deep": true}')
RESULT = ToolMessage(call_id="call_1", content=(Text(text="a cat"),))


def history(*messages: Message, **fields: Any) -> History:
    return History(Request(**({"model": "m", "messages": messages} | fields)))


def answer(*content: str | Image, calls: tuple[ToolCall, ...] = ()) -> Answer:
    parts = tuple(Text(text=each) if isinstance(each, str) else each for each in content)
    return Answer(model="m", content=parts, tool_calls=calls, finish_reason=FinishReason.STOP)


def assistant(text: str, **fields: Any) -> AssistantMessage:
    return AssistantMessage(content=(Text(text=text),), **fields)


def threads(*kept: tuple[History, Answer, str], size: int = 64) -> Threads:
    built = Threads(size)
    for each in kept:
        built.keep(*each)
    return built


HELLO = threads((history(HI), answer("Hello."), "c-1"))

# ---------------------------------------------------------------- what goes on


def test_next_turn_goes_on_where_the_answer_was_given() -> None:
    assert HELLO.find(history(HI, assistant("Hello."), MORE)) == Thread("c-1", 2)


@pytest.mark.parametrize("text", ["Hello.\n", "  Hello.", "Hello.  \r\n"])
def test_white_space_at_the_ends_of_an_answer_means_nothing(text: str) -> None:
    assert HELLO.find(history(HI, assistant(text), MORE)) is not None


def test_reasoning_may_be_left_out_or_sent_back() -> None:
    assert HELLO.find(history(HI, assistant("Hello.", reasoning="Hm."), MORE)) is not None


@pytest.mark.parametrize("text", ["Hello.", "<think>\nHm.\n</think>\n\nHello."])
def test_reasoning_in_tags_may_be_split_off(text: str) -> None:
    kept = threads((history(HI), answer("<think>\nHm.\n</think>\n\nHello."), "c-1"))

    assert kept.find(history(HI, assistant(text), MORE)) is not None


def test_results_of_tools_go_on() -> None:
    kept = threads((history(HI), answer(calls=(CALL,)), "c-1"))
    same = ToolCall(id="call_1", name="look", arguments='{"deep":true,"at":"a.txt"}')

    assert kept.find(history(HI, AssistantMessage(tool_calls=(same,)), RESULT)) == Thread("c-1", 2)


def test_arguments_that_are_no_json_are_compared_as_they_are() -> None:
    kept = threads((history(HI), answer(calls=(ToolCall(id="c", name="look", arguments="{"),)), "c-1"))

    assert kept.find(history(HI, AssistantMessage(tool_calls=(ToolCall(id="c", name="look", arguments="{"),)), RESULT))


def test_parameters_may_change() -> None:
    assert HELLO.find(history(HI, assistant("Hello."), MORE, temperature=0.5, max_tokens=5)) is not None


# ---------------------------------------------------------------- what does not


@pytest.mark.parametrize(
    "messages",
    [
        (HI, assistant("Hello!"), MORE),
        (HI, assistant("Hello.\nHow are you?"), MORE),
        (HI, assistant("Hello.", refusal="No."), MORE),
        (HI, assistant("Hello.", tool_calls=(CALL,)), MORE),
        (MORE, assistant("Hello."), MORE),
        (UserMessage(content=(Text(text="Hi"),), name="Ann"), assistant("Hello."), MORE),
        (UserMessage(content=(Text(text="Hi"), Image(url="data:,"))), assistant("Hello."), MORE),
        (SystemMessage(content=(Text(text="Be terse."),)), HI, assistant("Hello."), MORE),
        (HI, assistant("Hello."), MORE, assistant("Nothing."), MORE),
        (HI, assistant("Hello.")),
        (HI,),
        (),
    ],
)
def test_any_other_history_starts_anew(messages: tuple[Message, ...]) -> None:
    assert HELLO.find(history(*messages)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "other"},
        {"tools": (Tool(name="look"),)},
        {"tool_choice": ToolChoice(mode="none")},
        {"response_format": ResponseFormat(type="json_object")},
    ],
)
def test_what_the_conversation_is_about_must_be_the_same(fields: dict[str, Any]) -> None:
    assert HELLO.find(history(HI, assistant("Hello."), MORE, **fields)) is None


def test_result_of_another_call_starts_anew() -> None:
    kept = threads((history(HI, AssistantMessage(tool_calls=(CALL,)), RESULT), answer("A cat."), "c-1"))
    messages = (HI, AssistantMessage(tool_calls=(CALL,)), RESULT, assistant("A cat."), MORE)
    failed = ToolMessage(call_id="call_1", content=RESULT.content, is_error=True)

    assert kept.find(history(*messages)) is not None
    assert kept.find(history(*messages[:2], failed, *messages[3:])) is None


def test_answer_with_an_image_is_not_gone_on_with() -> None:
    kept = threads((history(HI), answer("Look:", Image(url="data:,")), "c-1"))

    assert kept.find(history(HI, assistant("Look:"), MORE)) is None


def test_where_one_message_ends_counts() -> None:
    kept = threads((history(HI, MORE), answer("Hello."), "c-1"))
    both = UserMessage(content=(*HI.content, *MORE.content))

    assert kept.find(history(both, assistant("Hello."), MORE)) is None


# ---------------------------------------------------------------- memory

NEXT = history(HI, assistant("Hello."), MORE)


def test_conversation_is_taken_once() -> None:
    kept = threads((history(HI), answer("Hello."), "c-1"))

    assert (kept.take(NEXT), kept.take(NEXT), kept.find(NEXT)) == (Thread("c-1", 2), None, None)


def test_conversation_that_grew_is_found_at_its_new_end_only() -> None:
    kept = threads((history(HI), answer("Hello."), "c-1"), (NEXT, answer("Nothing."), "c-1"))

    assert kept.find(NEXT) is None
    assert kept.find(history(HI, assistant("Hello."), MORE, assistant("Nothing."), HI)) == Thread("c-1", 4)


def test_latest_of_two_equal_conversations_counts() -> None:
    kept = threads((history(HI), answer("Hello."), "c-1"), (history(HI), answer("Hello."), "c-2"))

    assert (kept.take(NEXT), kept.take(NEXT)) == (Thread("c-2", 2), None)


def test_longest_unused_is_forgotten() -> None:
    firsts = [UserMessage(content=(Text(text=str(number)),)) for number in range(3)]
    kept = threads(*((history(first), answer("Hello."), f"c-{at}") for at, first in enumerate(firsts)), size=2)

    found = [kept.find(history(first, assistant("Hello."), MORE)) for first in firsts]
    assert found == [None, Thread("c-1", 2), Thread("c-2", 2)]
