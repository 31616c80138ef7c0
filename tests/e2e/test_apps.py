"""The web chats that other tests use as sites, used by hand: the login, an answer that streams, and the stop button."""

from __future__ import annotations

import h11
import pytest
from apps.model import KEY, Cut, MockModel, Refuse, Say, Think, UseTool, Wait
from apps.webchat import WebChat
from playwright.async_api import BrowserContext, expect
from stack.client import ApiClient, Said, said

pytestmark = [pytest.mark.e2e, pytest.mark.heavy, pytest.mark.asyncio(loop_scope="session")]

CHATS = [
    "gradio",
    "chainlit",
    pytest.param("open_webui", marks=[pytest.mark.heavy, pytest.mark.timeout(600)]),
]


@pytest.fixture(params=CHATS)
def chat(request: pytest.FixtureRequest) -> WebChat:
    chat: WebChat = request.getfixturevalue(request.param)
    return chat


@pytest.fixture
def api(model: MockModel) -> ApiClient:
    return ApiClient(model.base_url, KEY)


async def test_model_streams_what_it_is_told(model: MockModel, api: ApiClient) -> None:
    model.play(Think("Hm."), Say("One"), Say(" two"), UseTool("look", {"at": "it"}))

    async with api.stream("mock-small") as answer:
        told = said([event async for event in answer.events()])

    tools = [{"id": "call_1", "name": "look", "arguments": '{"at": "it"}'}]
    assert told == Said("One two", "Hm.", tools, "tool_calls", None, done=True)
    assert (model.calls[0].prompt, model.calls[0].said, model.calls[0].outcome) == ("Hi", "One two", "answered")


async def test_model_answers_whole(api: ApiClient) -> None:
    answer = (await api.chat("mock-small")).json()

    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Hello wörld 😀!"}


async def test_model_waits_for_the_test(model: MockModel, api: ApiClient) -> None:
    model.play(Say("One"), Wait(), Say(" two"))

    async with api.stream("mock-small") as answer:
        events = answer.events()
        first = await anext(events)
        model.calls[0].release()
        rest = [event async for event in events]

    assert (said([first]).text, said([first, *rest]).text) == ("One", "One two")


async def test_model_refuses(model: MockModel, api: ApiClient) -> None:
    model.play(Refuse(429, "Rate limit reached", 7))

    answer = await api.chat("mock-small")

    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["message"] == "Rate limit reached"


async def test_model_breaks_off(model: MockModel, api: ApiClient) -> None:
    model.play(Say("One"), Cut())

    with pytest.raises(h11.RemoteProtocolError):
        async with api.stream("mock-small") as answer:
            _ = [event async for event in answer.events()]

    assert model.calls[0].outcome == "cut"


async def test_model_sees_the_caller_leave(model: MockModel, api: ApiClient) -> None:
    model.play(Say("One"), Wait())

    async with api.stream("mock-small") as answer:
        await anext(answer.events())
    await model.calls[0].ended.wait()

    assert model.calls[0].outcome == "aborted"


async def test_model_wants_its_key(model: MockModel) -> None:
    assert (await ApiClient(model.base_url, "another").get("/models")).status == 401


async def test_person_chats_and_signs_out(model: MockModel, context: BrowserContext, chat: WebChat) -> None:
    page = await context.new_page()
    await chat.sign_in(page)

    await chat.ask(page, "Hi there")

    await expect(page.locator(chat.answer)).to_have_text("Hello wörld 😀!")
    assert [call.prompt for call in model.calls] == ["Hi there"]
    await chat.sign_out(page)


async def test_stop_button_is_felt_at_the_model(model: MockModel, context: BrowserContext, chat: WebChat) -> None:
    model.play(Say("One"), Wait())
    page = await context.new_page()
    await chat.sign_in(page)
    await chat.ask(page, "Hi there")
    await expect(page.locator(chat.answer)).to_have_text("One")

    await page.locator(chat.stop).click()
    await model.calls[0].ended.wait()

    assert model.calls[0].outcome == "aborted"
