"""A site that relay does not know, taught in the extension: from the popup to an answer, and again when it changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from apps.model import MockModel, Say
from apps.webchat import Chainlit
from chats import ChatServer, Script
from chats.person import Person
from chats.server import PAGES
from playwright.async_api import Playwright, Route, expect
from stack.extension import Extended, extended
from stack.page import ready
from stack.relay import Relay
from test_teach import ANSWERS, answering, go_through, pieces

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

EXACT = "Two  blanks, a *star* and\n\n```python\nprint('wörld')  # 😀\n```\n\nthe end."


@pytest_asyncio.fixture(loop_scope="session")
async def chats() -> AsyncIterator[ChatServer]:
    async with ChatServer().serving() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def browser_of_a_person(playwright: Playwright, relay: Relay, tmp_path: Path) -> AsyncIterator[Extended]:
    async with extended(playwright, tmp_path / "browser", ("http://127.0.0.1/*",)) as browser:
        await browser.pair(relay)
        yield browser


async def ask(relay: Relay, port: int) -> str:
    answer = await relay.client.chat(f"taught-127.0.0.1-{port}", "Say it.")
    assert answer.status == 200, answer.body
    text: str = answer.json()["choices"][0]["message"]["content"]
    return text


async def test_taught_site_answers_and_is_taught_again_when_it_changed(
    relay: Relay, browser_of_a_person: Extended, chats: ChatServer
) -> None:
    browser = browser_of_a_person
    tab = await browser.context.new_page()
    await tab.goto(chats.url("enter.html"))
    chats.scripts = [Script(pieces=pieces(text), delay=0.1) for text in ANSWERS]
    popup = await browser.popup(tab)
    await popup.get_by_role("button", name="Teach relay this site").click()
    person = await Person.at(tab)
    await tab.bring_to_front()
    await person.sees("Click the field where you type")
    await person.points_at("#composer")

    await go_through(person)

    await ready(relay)
    chats.scripts = [Script(pieces=pieces(EXACT))]
    assert await ask(relay, chats.port) == EXACT
    prompts = [str(prompt) for prompt in chats.prompts]
    assert (prompts[-1], len(prompts)) == ("Say it.", len(ANSWERS) + 1)

    async def changed(route: Route) -> None:
        body = (
            (PAGES / "enter.html")
            .read_text()
            .replace("composer", "prompt-box")
            .replace("const [prompt-box", "const [composer")
        )
        await route.fulfill(body=body.replace("prompt-box.", "composer."), content_type="text/html")

    await tab.route("**/enter.html", changed)
    await tab.reload()
    popup = await browser.popup()
    await expect(popup.get_by_text("The site has changed")).to_be_visible(timeout=30_000)
    chats.scripts = [Script(pieces=pieces(text), delay=0.1) for text in ANSWERS]
    await popup.get_by_role("button", name="Teach again").click()
    await tab.bring_to_front()
    await person.sees("Click the field where you type")
    await person.points_at("#prompt-box")
    await go_through(person)

    await ready(relay)
    chats.scripts = [Script(pieces=pieces(EXACT))]
    assert await ask(relay, chats.port) == EXACT


async def test_real_web_chat_that_is_taught_answers_word_for_word(
    relay: Relay, browser_of_a_person: Extended, model: MockModel, chainlit: Chainlit
) -> None:
    browser = browser_of_a_person
    answering(model)
    tab = await browser.context.new_page()
    await chainlit.sign_in(tab)
    popup = await browser.popup(tab)
    await popup.get_by_role("button", name="Teach relay this site").click()
    await tab.bring_to_front()
    person = await Person.at(tab)
    await person.sees("Click the field where you type")
    await person.points_at(chainlit.composer)

    await go_through(person, send=chainlit.send)

    await ready(relay)
    model.play(*map(Say, pieces(EXACT)))
    assert await ask(relay, chainlit.port) == EXACT
    assert model.calls[-1].prompt == "Say it."
