"""A chat through everything: API, relay, WebSocket, the page in a real browser, real puter.js, the emulated Puter."""

from __future__ import annotations

import asyncio

import pytest
from puter_emulator import PuterEmulator, pieces
from puter_emulator.recordings import EXCHANGES
from stack.client import ApiClient, Said, said
from stack.fixtures import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
NOTICED_SECONDS = 10
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


async def streamed(api: ApiClient, model: str, text: str = "Hi", **fields: object) -> Said:
    async with api.stream(model, text, **fields) as answer:
        assert answer.status == 200, answer.status
        return said([event async for event in answer.events()])


async def test_models_of_the_page_are_listed(api: ApiClient) -> None:
    listed = (await api.get("/models")).json()

    assert {"ollama:ollama/think", "echo", "agent"} <= {model["id"] for model in listed["data"]}


async def test_key_that_is_made_while_relay_runs_is_taken(desk: Desk) -> None:
    made = await desk.relay.command("key", "create", "another", "--json")
    client = ApiClient(desk.relay.base_url, made["key"])
    async with asyncio.timeout(NOTICED_SECONDS):
        while (await client.get("/models")).status == 401:
            await asyncio.sleep(0.05)

    assert (await client.chat("echo", "Hi")).json()["choices"][0]["message"]["content"] == "Hi"


async def test_text_streams(api: ApiClient) -> None:
    assert await streamed(api, "ollama:ollama/plain") == Said("Hello wörld 😀!", "", [], "stop", None, done=True)


async def test_text_comes_whole(api: ApiClient) -> None:
    answer = (await api.chat("ollama:ollama/plain")).json()

    assert answer["choices"][0]["message"]["content"] == "Hello wörld 😀!"
    assert answer["choices"][0]["finish_reason"] == "stop"


async def test_alias_of_a_model_works(api: ApiClient) -> None:
    assert (await streamed(api, "plain")).text == "Hello wörld 😀!"


async def test_usage_counts_cached_tokens_as_input(api: ApiClient) -> None:
    usage = (await api.chat("ollama:ollama/plain")).json()["usage"]

    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (11, 7, 18)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 4


async def test_reasoning_is_kept_apart(api: ApiClient) -> None:
    answer = await streamed(api, "ollama:ollama/think")

    assert answer == Said("Hello wörld 😀!", "Let me think about it.", [], "stop", None, done=True)


async def test_reasoning_is_kept_apart_in_a_whole_answer(api: ApiClient) -> None:
    message = (await api.chat("ollama:ollama/think")).json()["choices"][0]["message"]

    assert (message["content"], message["reasoning_content"]) == ("Hello wörld 😀!", "Let me think about it.")


async def test_tool_call_and_its_result(puter: PuterEmulator, api: ApiClient) -> None:
    first = await streamed(api, "tool", "Oslo", tools=[WEATHER])
    [call] = first.tools
    history = [
        {"role": "user", "content": "Oslo"},
        {
            "role": "assistant",
            "content": first.text,
            "tool_calls": [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call["id"], "content": "rain"},
    ]
    second = await streamed(api, "tool", tools=[WEATHER], messages=history)

    assert first.finish_reason == "tool_calls"
    assert (call["name"], call["arguments"].replace(" ", "")) == ("get_weather", '{"city":"Oslo"}')
    assert (second.text, second.finish_reason) == ("The tool said: rain", "stop")
    assert puter.calls[-1].args["tools"] == [WEATHER]


def continued(first: Said, result: str) -> list[dict[str, object]]:
    """The history of a client that knows nothing of reasoning, with the result of the one call."""
    [call] = first.tools
    function = {"name": call["name"], "arguments": call["arguments"]}
    return [
        {"role": "user", "content": "Oslo"},
        {"role": "assistant", "tool_calls": [{"id": call["id"], "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call["id"], "content": result},
    ]


async def test_signature_of_a_tool_call_goes_back_with_it(api: ApiClient) -> None:
    first = await streamed(api, "signed", "Oslo", tools=[WEATHER])
    second = await streamed(api, "signed", tools=[WEATHER], messages=continued(first, "rain"))

    assert (first.reasoning, first.finish_reason) == ("A tool will help.", "tool_calls")
    assert second.text == "The signature is right."


async def test_parallel_tool_calls_both_arrive(api: ApiClient) -> None:
    answer = await streamed(api, "ollama:ollama/tools", "weather?", tools=[WEATHER])

    recorded = EXCHANGES["tools_plain"].sdk_result["message"]["tool_calls"]
    assert answer.finish_reason == "tool_calls"
    assert [(call["name"], call["arguments"].replace(" ", "")) for call in answer.tools] == [
        (call["function"]["name"], call["function"]["arguments"]) for call in recorded
    ]
    assert len({call["id"] for call in answer.tools}) == 2


async def test_image_reaches_the_model(puter: PuterEmulator, api: ApiClient) -> None:
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]

    answer = await streamed(api, "echo", messages=[{"role": "user", "content": content}])

    assert answer.text == "What is it?"
    assert puter.calls[-1].args["messages"][-1]["content"] == content


async def test_slow_answer_arrives_as_it_is_written(puter: PuterEmulator, api: ApiClient) -> None:
    async with api.stream("held", "parts=3") as answer:
        events = []
        async for event in answer.events():
            events.append(event)
            if said(events).text == pieces(3):
                (await puter.next_call("held")).release()

    assert said(events).text == pieces(6)


async def test_megabytes_arrive_unchanged(api: ApiClient) -> None:
    answer = await streamed(api, "huge", "parts=4000 size=1000")

    assert (answer.text == pieces(4000, 1000), answer.finish_reason) == (True, "stop")


async def test_many_small_parts_arrive_unchanged(api: ApiClient) -> None:
    answer = await streamed(api, "huge", "parts=20000 size=3")

    assert (answer.text == pieces(20_000, 3), answer.finish_reason) == (True, "stop")


async def test_two_calls_at_a_time(puter: PuterEmulator, api: ApiClient) -> None:
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(streamed(api, "held", f"parts={count}")) for count in (1, 2)]
        for call in [await puter.next_call("held"), await puter.next_call("held", 1)]:
            call.release()

    assert [answer.result().text for answer in answers] == [pieces(2), pieces(4)]
