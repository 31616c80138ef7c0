"""OpenAI's SDK for Python on all that surrounds a response, through the real server and without a page."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError
from openai.types.responses import ResponseStreamEvent

from relay.core.events import Finished, FinishReason, Started, TextDelta

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, KEY
from .served import Served, serving


@pytest.fixture
async def served(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    backend.script = [ANSWER]
    async with serving(backend, monkeypatch) as served:
        yield served


@pytest.fixture
async def openai(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"http://{served.host}/v1", api_key=KEY, max_retries=0) as client:
        yield client


async def test_stored_response_is_fetched_listed_and_deleted(openai: AsyncOpenAI):
    made = await openai.responses.create(model="m", input="Hi")
    assert await openai.responses.retrieve(made.id) == made
    listed = [item async for item in openai.responses.input_items.list(made.id)]
    assert [(item.type, item.content[0].text) for item in listed] == [("message", "Hi")]  # type: ignore[union-attr]
    await openai.responses.delete(made.id)
    with pytest.raises(NotFoundError):
        await openai.responses.retrieve(made.id)


async def test_long_list_of_items_is_read_page_by_page(openai: AsyncOpenAI):
    made = await openai.responses.create(
        model="m", input=[{"role": "user", "content": str(number)} for number in range(25)]
    )
    items = [item async for item in openai.responses.input_items.list(made.id, limit=10, order="asc")]
    assert [item.content[0].text for item in items] == [str(number) for number in range(25)]  # type: ignore[union-attr]


async def test_conversation_goes_on_by_id(openai: AsyncOpenAI):
    first = await openai.responses.create(model="m", input="Hi")
    second = await openai.responses.create(model="m", input="More", previous_response_id=first.id)
    assert (second.output_text, second.previous_response_id) == ("Hello", first.id)
    with pytest.raises(BadRequestError) as unknown:
        await openai.responses.create(model="m", input="More", previous_response_id="resp_x")
    assert unknown.value.code == "previous_response_not_found"


async def test_background_is_polled(served: Served, openai: AsyncOpenAI):
    gate = asyncio.Event()
    served.site.backend.script = [gate, ANSWER]
    made = await openai.responses.create(model="m", input="Hi", background=True)
    assert made.status == "queued"
    gate.set()
    async with asyncio.timeout(10):
        while made.status in ("queued", "in_progress"):
            made = await openai.responses.retrieve(made.id)
    assert (made.status, made.output_text) == ("completed", "Hello")


async def test_background_is_cancelled(served: Served, openai: AsyncOpenAI):
    served.site.backend.script = [[Started("m")], asyncio.Event()]
    made = await openai.responses.create(model="m", input="Hi", background=True)
    assert (await openai.responses.cancel(made.id)).status == "cancelled"


async def test_lost_stream_is_taken_up_where_it_broke(served: Served, openai: AsyncOpenAI):
    gate = asyncio.Event()
    served.site.backend.script = [
        [Started("m"), TextDelta("Hel")],
        gate,
        [TextDelta("lo"), Finished(FinishReason.STOP)],
    ]
    events: list[ResponseStreamEvent] = []
    async with await openai.responses.create(model="m", input="Hi", background=True, stream=True) as stream:
        async for event in stream:
            events.append(event)
            if event.type == "response.output_text.delta":
                break
    gate.set()
    created, last = events[0], events[-1]
    assert created.type == "response.created"
    rest = await openai.responses.retrieve(created.response.id, stream=True, starting_after=last.sequence_number)
    events += [event async for event in rest]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    done = events[-1]
    assert done.type == "response.completed"
    assert done.response.output_text == "Hello"


async def test_tokens_are_counted_and_conversations_compacted(openai: AsyncOpenAI):
    counted = await openai.responses.input_tokens.count(model="m", input="Hi there")
    assert counted.input_tokens > 0
    compacted = await openai.responses.compact(model="m", input="Hi there")
    [item] = compacted.output
    assert item.type == "compaction"
    again = {"type": "compaction", "encrypted_content": item.encrypted_content}
    made = await openai.responses.create(model="m", input=[again, {"role": "user", "content": "More"}])  # type: ignore[list-item,misc]
    assert made.output_text == "Hello"


async def test_turns_over_a_socket(openai: AsyncOpenAI):
    async with openai.responses.connect() as connection:
        for _ in range(2):
            await connection.response.create(model="m", input="Hi", store=False)
            text = ""
            async for event in connection:
                text += event.delta if event.type == "response.output_text.delta" else ""
                if event.type == "response.completed":
                    break
            assert text == "Hello"
