"""The official OpenAI SDK over a page that takes one text and gives one text: tools and JSON work all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from openai import AsyncOpenAI, BadRequestError, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionUserMessageParam
from pydantic import BaseModel, Field
from stack.relay import Relay
from stack.text_page import TextPage, text_page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

ASK: ChatCompletionUserMessageParam = {"role": "user", "content": "How is the weather in Rome?"}


class Weather(BaseModel):
    """The weather in a city."""

    city: str = Field(description="A city")


TOOL = pydantic_function_tool(Weather)


def block(**arguments: Any) -> str:
    call = {"tool_call": {"name": "Weather", "arguments": arguments}}
    return f"```tool_call\n{json.dumps(call)}\n```"


@pytest_asyncio.fixture(loop_scope="session")
async def chat(relay: Relay) -> AsyncIterator[TextPage]:
    async with text_page(relay) as page:
        await page.tell()
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def openai(relay: Relay) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=relay.base_url, api_key=relay.key, max_retries=0) as client:
        yield client


async def test_tools_are_called_and_their_results_sent_back(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [["I look. ", block(city="Rome")[:20], block(city="Rome")[20:]], ["Sunny."]]
    first = await openai.chat.completions.create(model="chat", messages=[ASK], tools=[TOOL])
    message = first.choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    back: list[ChatCompletionMessageParam] = [
        ASK,
        {"role": "assistant", "content": message.content, "tool_calls": [call.to_dict()]},  # type: ignore[list-item]
        {"role": "tool", "tool_call_id": call.id, "content": "24 degrees, clear sky"},
    ]
    second = await openai.chat.completions.create(model="chat", messages=back, tools=[TOOL])

    assert (first.choices[0].finish_reason, call.function.name) == ("tool_calls", "Weather")
    assert json.loads(call.function.arguments) == {"city": "Rome"}
    assert second.choices[0].message.content == "Sunny."
    assert "24 degrees, clear sky" in chat.prompts[1]
    assert [sorted(request) for request in chat.requests] == [["messages", "model"]] * 2


async def test_tools_are_called_in_a_stream(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [["I look.\n\n", *block(city="Rome")]]
    async with openai.chat.completions.stream(model="chat", messages=[ASK], tools=[TOOL]) as stream:
        async for _ in stream:
            pass
        completion = await stream.get_final_completion()
    (choice,) = completion.choices
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls

    assert (choice.finish_reason, call.function.parsed_arguments) == ("tool_calls", Weather(city="Rome"))
    assert (choice.message.content or "").strip() == "I look."


async def test_wrong_call_is_corrected_unseen(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [[block(town="Rome")], {"kind": "again"}, [block(city="Rome")]]
    answer = await openai.chat.completions.create(model="chat", messages=[ASK], tools=[TOOL])
    message = answer.choices[0].message
    assert message.tool_calls is not None

    assert (message.content, len(message.tool_calls), len(chat.requests)) == (None, 1, 3)


async def test_json_follows_the_schema(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [['Here:\n```json\n{"city": "Rome"}\n```']]
    answer = await openai.chat.completions.parse(model="chat", messages=[ASK], response_format=Weather)

    assert answer.choices[0].message.parsed == Weather(city="Rome")


async def test_json_is_mended(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [["Rome."], ['{"city": "Rome"}']]
    answer = await openai.chat.completions.parse(model="chat", messages=[ASK], response_format=Weather)

    assert answer.choices[0].message.parsed == Weather(city="Rome")
    assert "could not be used" in chat.prompts[1]


async def test_history_is_one_prompt(openai: AsyncOpenAI, chat: TextPage) -> None:
    chat.script = [["Fine."]]
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "Be brief."},
        ASK,
        {"role": "assistant", "content": "Which Rome?"},
        {"role": "user", "content": "Italy"},
    ]
    answer = await openai.chat.completions.create(model="chat", messages=messages)

    assert answer.choices[0].message.content == "Fine."
    assert all(str(message["content"]) in chat.prompts[0] for message in messages)  # type: ignore[typeddict-item]


async def test_images_are_refused_where_there_is_no_place_for_them(openai: AsyncOpenAI, chat: TextPage) -> None:
    part: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    with pytest.raises(BadRequestError) as refusal:
        await openai.chat.completions.create(model="chat", messages=[{"role": "user", "content": [part]}])

    assert (refusal.value.code, chat.requests) == ("unsupported_feature", [])
