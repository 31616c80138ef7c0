"""Real web chats as sessions of headless mode: what their model said, word for word, and who left is felt there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from apps.account import description_of, dom_only, offering, open_account
from apps.model import MockModel, Pause, Refuse, Say, Wait
from apps.office import Office, headless_relay, office
from apps.webchat import Chainlit, Gradio, OpenWebUI, WebChat
from playwright.async_api import BrowserContext, Playwright
from puter_emulator import PuterEmulator
from stack.client import Said, said
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

TEXT = "Hello wörld 😀!\n\n```python\nfor i in range(3):\n    print(i)\n```\n\n- one\n- two"
PIECES = [TEXT[start : start + 7] for start in range(0, len(TEXT), 7)]
BEGINNING = [
    Say("The first sentence is long enough to be shown. "),
    Pause(0.3),  # a page is read in snapshots, and passed on is what has survived one
    Say("The second,"),
    Pause(0.3),
    Say(" too. "),
]
HEAVY = [pytest.mark.heavy, pytest.mark.timeout(600)]
ALL = [
    "gradio",
    "gradio-dom",
    *(pytest.param(f"{name}{way}", marks=HEAVY) for name in ("chainlit", "open-webui") for way in ("", "-dom")),
]
MODELS = {"open-webui": "mock-small"}
"""The model to ask for where the site has several."""
BY_NETWORK = ["gradio", *(pytest.param(name, marks=HEAVY) for name in ("chainlit", "open-webui"))]


async def accounts(relay: Relay, playwright: Playwright, site: str, chat: WebChat) -> None:
    """An account on `chat` as relay describes it, and one that knows nothing but its DOM."""
    known = description_of(site)
    blind = dom_only(known)
    await open_account(relay.data_dir, site, chat, known if site in MODELS else offering(known, site), playwright)
    await open_account(relay.data_dir, f"{site}-dom", chat, offering(blind, f"{site}-dom"), playwright)


Make = Callable[[str, WebChat], AbstractAsyncContextManager[Office]]


@pytest.fixture(scope="session")
def make_office(
    puter_services: PuterEmulator, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Make:
    @asynccontextmanager
    async def make(site: str, chat: WebChat) -> AsyncIterator[Office]:
        relay = headless_relay(puter_services, tmp_path_factory.mktemp("relay"))
        await accounts(relay, playwright, site, chat)
        async with office(relay, site, f"{site}-dom") as running:
            yield running

    return make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gradio_office(make_office: Make, gradio: Gradio) -> AsyncIterator[Office]:
    async with make_office("gradio", gradio) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chainlit_office(make_office: Make, chainlit: Chainlit) -> AsyncIterator[Office]:
    async with make_office("chainlit", chainlit) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def webui_office(make_office: Make, open_webui: OpenWebUI) -> AsyncIterator[Office]:
    async with make_office("open-webui", open_webui) as running:
        yield running


OFFICES = {"gradio": "gradio_office", "chainlit": "chainlit_office", "open-webui": "webui_office"}


@pytest.fixture
def desk(request: pytest.FixtureRequest, site: str) -> Office:
    found: Office = request.getfixturevalue(OFFICES[site.removesuffix("-dom")])
    return found


async def ask(desk: Office, site: str, text: str = "Hi", **fields: Any) -> Said:
    async with desk.api.stream(MODELS.get(site, site), text, **fields) as answer:
        assert answer.status == 200, b"".join([data async for data in answer.body()])
        return said([event async for event in answer.events()])


@pytest.mark.parametrize("site", ALL)
async def test_answer_is_word_for_word_the_models(desk: Office, model: MockModel, site: str) -> None:
    model.play(*map(Say, PIECES))

    answer = await ask(desk, site)

    assert answer == Said(TEXT, "", [], "stop", None, done=True)
    assert [call.prompt for call in model.calls] == ["Hi"]


@pytest.mark.parametrize("site", ALL)
async def test_answer_arrives_while_it_is_written(desk: Office, model: MockModel, site: str) -> None:
    model.play(*BEGINNING, Wait(), Say("And this is the end."))

    async with desk.api.stream(MODELS.get(site, site), "Hi") as answer:
        events = []
        async for event in answer.events():
            events.append(event)
            if said(events).text.startswith("The first"):
                model.calls[0].release()

    assert said(events).text == "The first sentence is long enough to be shown. The second, too. And this is the end."


@pytest.mark.parametrize("site", ALL)
async def test_client_that_leaves_is_felt_at_the_model(desk: Office, model: MockModel, site: str) -> None:
    model.play(*BEGINNING, Wait())

    async with desk.api.stream(MODELS.get(site, site), "Hi") as answer:
        events = []
        async for event in answer.events():
            events.append(event)
            if said(events).text:
                break
    await model.calls[0].ended.wait()

    assert model.calls[0].outcome == "aborted"
    model.reset()
    assert (await ask(desk, site)).text == "Hello wörld 😀!"


@pytest.mark.parametrize("site", ALL)
async def test_each_call_stands_alone(desk: Office, model: MockModel, site: str) -> None:
    for text in ("One", "Two"):
        assert (await ask(desk, site, text)).text == "Hello wörld 😀!"

    assert [[message["content"] for message in call.body["messages"]] for call in model.calls] == [["One"], ["Two"]]


@pytest.mark.parametrize("site", BY_NETWORK)
async def test_failure_of_the_model_is_told(desk: Office, model: MockModel, site: str) -> None:
    model.play(Refuse(500, "The model broke"))

    answer = await desk.api.chat(MODELS.get(site, site))

    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error"), answer.body
    model.reset()
    assert (await ask(desk, site)).text == "Hello wörld 😀!"


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_open_webui_takes_the_history_as_it_is(webui_office: Office, model: MockModel) -> None:
    history = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
    ]

    assert (await ask(webui_office, "open-webui", messages=history)).text == "Hello wörld 😀!"

    assert model.calls[0].body["messages"] == history


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_open_webui_passes_on_how_long_to_wait(webui_office: Office, model: MockModel) -> None:
    model.play(Refuse(429, "Rate limit reached", 1))

    answer = await webui_office.api.chat("mock-small")

    assert (answer.status, answer.headers["retry-after"]) == (429, "1"), answer.body


@pytest.fixture
def fresh_relay(puter: PuterEmulator, tmp_path: Path) -> Relay:
    return headless_relay(puter, tmp_path / "data")


async def test_account_without_login_asks_for_one(fresh_relay: Relay, gradio: Gradio, chainlit: Chainlit) -> None:
    await open_account(fresh_relay.data_dir, "gradio", gradio, description_of("gradio"), None)
    await open_account(fresh_relay.data_dir, "chainlit", chainlit, description_of("chainlit"), None)

    async with office(fresh_relay) as running:
        await running.sessions.until("login_required", "gradio", "chainlit")


async def test_login_that_ended_is_noticed(
    fresh_relay: Relay, playwright: Playwright, context: BrowserContext, model: MockModel, gradio: Gradio
) -> None:
    await open_account(fresh_relay.data_dir, "gradio", gradio, description_of("gradio"), playwright)
    async with office(fresh_relay, "gradio") as running:
        await gradio.end_logins(await context.new_page())

        answer = await running.api.chat("gradio")

        assert answer.status in {401, 503}, answer.body
        await running.sessions.until("login_required", "gradio")
        assert model.calls == []
