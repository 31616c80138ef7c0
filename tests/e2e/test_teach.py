"""Teach mode in a real browser: a person with a mouse shows relay chats that it does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from apps.model import MockModel, Pause, Say
from apps.webchat import Chainlit, Gradio, WebChat
from chats import ChatServer, Script
from chats.person import Person
from chats.server import PAGES
from playwright.async_api import BrowserContext, Page, expect

from relay.bridge.headless.site_page import scripts

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

AGENT, _ = scripts(Path(__file__).resolve().parents[2] / "extension")
ANSWERS = [
    "Blue is the colour of the sky. It is **calm** and deep.\n\nRELAYTEST 4711",
    "Green is the colour of grass. It grows and it is fresh.\n\nRELAYTEST 4712",
    "Red is the colour of fire. It burns, and it warms.\n\nRELAYTEST 4713",
]
LINES = {"format": "ndjson", "text": "text", "error": {"path": "error"}}
WAYS = [{"way": "capture", "url": "/answer", "answer": LINES}, {"way": "dom"}]


def pieces(text: str, size: int = 4) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text), size))


@pytest_asyncio.fixture(loop_scope="session")
async def chats() -> AsyncIterator[ChatServer]:
    async with ChatServer().serving() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.add_init_script(AGENT)
    return page


async def sit_down(page: Page, module: str, **options: Any) -> Person:
    person = await Person.at(page)
    await person.begin(module, **options)
    return person


async def lesson_on(page: Page, chats: ChatServer, name: str, **options: Any) -> Person:
    chats.scripts = [Script(pieces=pieces(text), delay=0.1) for text in ANSWERS]
    await page.goto(chats.url(name))
    return await sit_down(page, f"http://127.0.0.1:{chats.port}/relay/teach/start.js", **options)


async def go_through(person: Person, *, send: str | None = None) -> None:
    """Answer all that is asked from the first message on."""
    step = await person.sees("Waiting for the answer", "Click the send button")
    if step == "Click the send button":
        assert send
        await person.page.locator(send).click()
    await person.sees("Is this the answer?")
    await person.presses("Yes")
    await person.presses("Go on")
    assert await person.sees("It works", "That did not work") == "It works", await person.reads()
    await person.presses("Save and connect")


async def taught(person: Person, *, send: str | None = None) -> dict[str, Any]:
    """Go through the lesson; the value is what was saved."""
    await go_through(person, send=send)
    [description] = await person.saved()
    return description


@pytest.mark.parametrize(
    ("name", "hands", "dom"),
    [
        (
            "controlled.html",
            ("#composer", "#send"),
            {"composer": "#composer", "answer": ".answer", "send": "#send", "stop": "#stop", "question": ".question"},
        ),
        (
            "rich.html",
            (".ql-editor", "#send"),
            {"composer": ".ql-editor", "answer": ".answer", "send": "#send", "question": ".question"},
        ),
        ("enter.html", ("#composer", None), {"composer": "#composer", "answer": ".answer", "question": ".question"}),
        ("editor.html", ("#composer", None), {"composer": "#composer", "answer": ".answer", "question": ".question"}),
        ("plain.html", ("#composer", "#send"), {"composer": "#composer", "answer": "#output", "send": "#send"}),
        (
            "shadow.html",
            ("#composer", "#send"),
            {
                "composer": "chat-app >>> #composer",
                "answer": "chat-app >>> .answer",
                "send": "chat-app >>> #send",
                "file_input": "chat-app >>> #files",
            },
        ),
        (
            "nested.html",
            ("textarea", None),
            {
                "composer": 'chat-app >>> .bar >>> .ask >>> textarea[placeholder="Ask"]',
                "answer": "chat-app >>> .log >>> .message >>> .body",
                "question": "chat-app >>> .log >>> .message >>> .body",
                "stop": "chat-app >>> .bar >>> div:nth-of-type(2) >>> button",
            },
        ),
    ],
)
async def test_site_is_taught_with_a_few_clicks(
    page: Page, chats: ChatServer, name: str, hands: tuple[str, str | None], dom: dict[str, str]
) -> None:
    composer, send = hands
    person = await lesson_on(page, chats, name)
    await person.sees("Click the field where you type")
    await person.points_at(composer)

    description = await taught(person, send=send)

    assert (description["ways"], description["dom"]) == (WAYS, dom)
    assert len(chats.asked) == len(ANSWERS)


async def test_chat_made_with_a_kit_is_taught(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "kit.html")
    await person.sees("Click the field where you type")
    await person.points_at("input")

    description = await taught(person)

    assert (description["ways"], description["dom"]) == (
        [{"way": "dom"}],
        {
            "composer": ".kit-input",
            "answer": ".kit-markdown",
            "question": ".kit-text",
            "busy": ".kit-spinner",
        },
    )


def answering(model: MockModel) -> None:
    """The model says something else each time, as models do, and takes its time."""
    answers = cycle(ANSWERS)
    model.act(lambda _: [step for piece in pieces(next(answers), 7) for step in (Say(piece), Pause(0.03))])


async def teach_app(page: Page, chats: ChatServer, model: MockModel, app: WebChat) -> dict[str, Any]:
    answering(model)
    await app.sign_in(page)
    await expect(page.locator(app.composer)).to_be_enabled()
    person = await sit_down(page, f"http://127.0.0.1:{chats.port}/relay/teach/start.js")
    await person.sees("Click the field where you type")
    await person.points_at(app.composer)
    description = await taught(person, send=app.send)
    assert len(model.calls) == len(ANSWERS)
    return description


async def test_chainlit_is_taught(page: Page, chats: ChatServer, model: MockModel, chainlit: Chainlit) -> None:
    description = await teach_app(page, chats, model, chainlit)

    answer = {
        "format": "socket.io",
        "text": ["token", "output"],
        "where": [{"event": "stream_start"}, {"event": "stream_token"}],
        "done": {"event": "task_end"},
    }
    assert description["ways"] == [{"way": "capture", "url": "*/ws/socket.io/*", "answer": answer}, {"way": "dom"}]
    dom = description["dom"]
    assert (dom["composer"], dom["stop"]) == ("#chat-input", "#stop-button")


async def test_gradio_is_taught(page: Page, chats: ChatServer, model: MockModel, gradio: Gradio) -> None:
    description = await teach_app(page, chats, model, gradio)

    network, last = description["ways"]
    assert (network["url"], network["answer"]["format"], network["answer"]["mode"]) == (
        "/gradio_api/queue/data*",
        "sse",
        "cumulative",
    )
    assert last == {"way": "dom"}
    assert description["dom"]["answer"] == '[data-testid="bot"]'
    assert description["dom"]["stop"] == '[data-testid="stop-button"]'


async def test_site_hears_nothing_of_a_pick(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "controlled.html")
    await page.evaluate("window.heard = []")
    listen = "composer.addEventListener(type, (event) => heard.push(event.type))"
    await page.evaluate(f"for (const type of ['pointerdown', 'mousedown', 'click']) {listen}")
    await person.sees("Click the field where you type")
    await page.mouse.move(5, 5)
    await person.points_at("#composer")
    await person.sees("Click the send button")

    assert await page.evaluate("heard") == []


async def test_panel_is_out_of_the_sites_reach(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "controlled.html")
    await page.add_style_tag(content="body *, div { display: none !important; opacity: 0 !important }")
    await page.evaluate("for (const each of document.querySelectorAll('*')) each.click()")

    assert await person.sees("Click the field where you type")
    assert await page.evaluate("[...document.querySelectorAll('[popover]')].map((each) => each.shadowRoot)") == [None]


async def test_closing_the_panel_ends_the_lesson(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "controlled.html")
    await person.sees("Click the field where you type")
    await person.presses("Close")

    assert await person.saved() == []
    assert await page.locator("[popover]").count() == 0
    assert chats.asked == []


async def test_lesson_goes_by_keyboard(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "enter.html")
    await person.sees("Click the field where you type")
    await page.locator("#composer").focus()
    await page.keyboard.press("Enter")
    await person.sees("Is this the answer?")
    await page.keyboard.press("Enter")
    await person.sees("Anything else?")
    await page.keyboard.press("Enter")
    await person.sees("It works")
    await page.keyboard.press("Enter")

    [description] = await person.saved()
    assert description["ways"] == WAYS


async def test_site_that_changed_is_taught_again(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "enter.html")
    await person.sees("Click the field where you type")
    await person.points_at("#composer")
    before = await taught(person)
    changed = (
        (PAGES / "chat.js").read_text().replace("made.className = className", "made.className = `v2-${className}`")
    )
    await page.route("**/chats/chat.js", lambda route: route.fulfill(body=changed, content_type="text/javascript"))

    person = await lesson_on(page, chats, "enter.html", previous=before)
    after = await taught(person)

    assert after["dom"] == {"composer": "#composer", "answer": ".v2-answer", "question": ".v2-question"}
    assert (after["id"], after["version"], after["ways"]) == (before["id"], "2", WAYS)


async def test_what_is_missing_is_shown(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "controlled.html")
    await person.sees("Click the field where you type")
    await person.points_at("#composer")
    await person.sees("Click the send button")
    await page.locator("#send").click()
    await person.sees("Is this the answer?")
    await person.presses("No, I show it")
    await person.sees("Click the answer")
    await person.points_at(".answer p")
    await person.sees("Is this the answer?")
    await person.presses("Yes")
    await person.presses("Show the models")
    await person.sees("Click what opens the list of models")
    await person.points_at("#model")
    await person.sees("Click one of the models")
    await person.points_at("#menu li")
    await person.presses("No new chats")
    await person.presses("Show “new chat”")
    await person.sees("Click the button for a new chat")
    await person.points_at("#new")
    await person.presses("Go on")
    await person.sees("It works")
    await person.presses("Save and connect")

    [description] = await person.saved()
    assert description["conversation"] == {"mode": "history", "new": {"click": "#new"}}
    assert description["dom"]["model_picker"] == {"open": "#model", "option": "#menu li", "current": "#model"}
    assert description["dom"]["answer"] == ".answer"
    assert description["ways"] == WAYS


async def test_lesson_that_is_left_alone_ends_and_says_so(page: Page, chats: ChatServer) -> None:
    person = await lesson_on(page, chats, "controlled.html", patience=1500)
    await person.sees("Click the field where you type")

    assert await person.saved() == []
    await person.sees("The lesson has ended")
    assert "Nothing is saved" in await person.reads()
    await person.presses("Close")
    await expect(page.locator("[popover]")).to_have_count(0)
    assert chats.asked == []
