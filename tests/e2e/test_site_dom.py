"""The DOM way on small web chats in a real browser, from an isolated world like the one of an extension."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chats import ChatServer, DomDriver, Script
from playwright.async_api import BrowserContext, Playwright
from stack.plain_browser import plain_browser

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CONTROLLED: dict[str, Any] = {
    "dom": {
        "composer": "#composer",
        "send": "#send",
        "stop": "#stop",
        "answer": ".answer",
        "question": ".question",
        "error": ".trouble.error",
        "quiet_ms": 200,
        "model_picker": {"open": "#model", "option": "#menu li", "id": "data-id", "current": "#model"},
    },
    "blocked": [
        {"selector": ".trouble.captcha", "reason": "captcha"},
        {"selector": ".trouble.limit", "reason": "limit", "detail": "The day's messages are used up."},
    ],
    "conversation": {"new": {"click": "#new"}, "temporary": {"click": "#temporary", "on": "#temporary.on"}},
}
EDITOR: dict[str, Any] = {
    "dom": {"composer": "#composer", "answer": ".answer", "thinking": ".thinking", "quiet_ms": 200}
}
RICH: dict[str, Any] = {"dom": {"composer": "#box", "send": "#send", "answer": ".answer", "quiet_ms": 200}}
ENTER: dict[str, Any] = {"dom": {"composer": "#composer", "answer": ".answer", "quiet_ms": 200}}
PLAIN: dict[str, Any] = {
    "dom": {"composer": "#composer", "send": "#send", "busy": "#spinner", "answer": "#output", "quiet_ms": 200}
}
SHADOW: dict[str, Any] = {
    "dom": {
        "composer": "chat-app >>> #composer",
        "send": "chat-app >>> #send",
        "answer": "chat-app >>> .answer",
        "file_input": "chat-app >>> #files",
        "uploading": "chat-app >>> .progress",
        "attachment": "chat-app >>> .chip",
        "quiet_ms": 200,
    }
}

MARKDOWN = """# The plan

Some *very* **important** words with `code`, a [link](https://example.com/a) and 😀 twice: 😀.

1. First
2. Second
   - nested `a | b`
   - deeper
     1. still deeper
3. Third

> A quote
> of two lines

```python
def f(x):
    return x * 2  # twice

print(f("<b>"))
```

| Name | Number |
| --- | ---: |
| one | 1 |
| two | 2 |

---

And the ~~end~~ of it."""

HIDDEN = """import("/relay/bridge/site/dom/index.js").then(async ({ DomChat }) => {
  const chat = new DomChat({ document, dom: $DOM });
  const { signal } = new AbortController();
  const started = performance.now();
  await chat.send("In the dark", { signal });
  const parts = [];
  for await (const { text } of chat.answer({ signal })) parts.push(text);
  globalThis.said = JSON.stringify([parts.join(""), parts.length, (performance.now() - started) / 1000]);
}); 0"""


def words(text: str, size: int = 4) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text), size))


@pytest_asyncio.fixture(loop_scope="session")
async def chats() -> AsyncIterator[ChatServer]:
    async with ChatServer().serving() as server:
        yield server


async def opened(context: BrowserContext, chats: ChatServer, name: str, description: dict[str, Any]) -> DomDriver:
    page = await context.new_page()
    await page.goto(chats.url(name))
    return await DomDriver.on(page, description, f"http://127.0.0.1:{chats.port}")


async def test_markdown_that_is_rendered_anew_with_every_token_streams(
    context: BrowserContext, chats: ChatServer
) -> None:
    chats.script = Script(words(MARKDOWN))
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    reading = await chat.ask("Make a plan.\n\nA good one.")

    assert reading.error is None
    assert reading.text == MARKDOWN
    assert chats.prompts == ["Make a plan.\n\nA good one."]
    assert len(reading.parts) > len(chats.script.pieces) // 4


async def test_a_bare_editor_with_enter_and_thoughts_that_fold(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(words(MARKDOWN), thinking="I wonder what plan might be wanted here by this person", delay=0.5)
    chat = await opened(context, chats, "editor.html", EDITOR)

    reading = await chat.ask("One\n  two  spaces\n\nthree\ttabs <b>&amp;")

    assert reading.error is None
    assert reading.text == MARKDOWN
    assert reading.reasoning == "I wonder what plan might be wanted here by this person"
    assert chats.prompts == ["One\n  two  spaces\n\n\nthree\ttabs <b>&amp;"]


async def test_a_rich_editor_and_an_answer_in_place_of_a_placeholder(
    context: BrowserContext, chats: ChatServer
) -> None:
    chats.script = Script(words(MARKDOWN), delay=0.3)
    chat = await opened(context, chats, "rich.html", RICH)

    reading = await chat.ask("One\n  two  spaces\n\nthree")

    assert reading.error is None
    assert reading.text == MARKDOWN
    assert chats.prompts == ["One\n  two  spaces\n\nthree\n"]


async def test_enter_only_in_a_list_that_forgets(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "enter.html", ENTER)

    for text in ("/one", "two", "three @four"):
        chats.script = Script(words(f"{text}: {MARKDOWN}"))
        reading = await chat.ask(text)
        assert (reading.error, reading.text) == (None, f"{text}: {MARKDOWN}")
    assert chats.prompts == ["/one", "two", "three @four"]


async def test_raw_text_that_is_rendered_at_the_end(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "plain.html", PLAIN)

    for text in ("one", "two"):
        chats.script = Script(words(f"{text}: {MARKDOWN}"))
        reading = await chat.ask(text)
        assert (reading.error, reading.text) == (None, f"{text}: {MARKDOWN}")


async def test_shadow_roots_and_files(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(words(MARKDOWN))
    chat = await opened(context, chats, "shadow.html", SHADOW)
    files = [
        {"name": "a.txt", "type": "text/plain", "text": "A"},
        {"name": "b.md", "type": "text/markdown", "text": "B"},
    ]

    reading = await chat.ask("Read these", files=files)

    assert reading.error is None
    assert reading.text == MARKDOWN
    assert chats.asked == [{"prompt": "Read these", "files": files}]


async def test_a_script_that_answers_at_once(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(("Yes.",), pause=0)
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    reading = await chat.ask("Yes?")

    assert (reading.error, reading.text) == (None, "Yes.")


async def test_one_call_after_the_other(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    texts = []
    for text in ("OK", "OK", "And this is a longer answer, which is not the same."):
        chats.script = Script(words(text))
        texts.append((await chat.ask("Again")).text)

    assert texts == ["OK", "OK", "And this is a longer answer, which is not the same."]


@pytest.mark.parametrize(
    ("page", "description"),
    [("controlled.html", CONTROLLED), ("editor.html", EDITOR), ("rich.html", RICH)],
    ids=["field", "bare editor", "rich editor"],
)
async def test_a_very_long_prompt_arrives(
    context: BrowserContext, chats: ChatServer, page: str, description: dict[str, Any]
) -> None:
    lines = [f"{number}: {'    ' * (number % 4)}a line of code(x) <b> &amp; \\ {{}}" for number in range(5000)]
    chat = await opened(context, chats, page, description)

    reading = await chat.ask("\n".join(lines))

    assert reading.error is None
    assert str(chats.prompts[0]).splitlines() == lines
    assert len("\n".join(lines)) > 200_000
    assert reading.sent is not None
    assert reading.sent < 15_000


async def test_an_abort_stops_the_model(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(words(MARKDOWN), stall=True)
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    reading = await chat.ask("Go on for ever", abortAfter=5)

    assert len(reading.parts) == 5
    assert reading.error is not None
    assert reading.error["kind"] == "AbortError"
    await chats.aborted.wait()
    assert await chat.run("chat.busy()") is False


@pytest.mark.parametrize(
    ("trouble", "kind", "message"),
    [
        ("error", "upstream", "The site reports: Something went wrong."),
        ("captcha", "blocked", "The page asks for a person: captcha."),
        ("limit", "rate_limited", "The day's messages are used up."),
    ],
)
async def test_trouble_in_the_middle_of_an_answer(
    context: BrowserContext, chats: ChatServer, trouble: str, kind: str, message: str
) -> None:
    chats.script = Script(words(MARKDOWN), trouble=trouble, stall=True)
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    reading = await chat.ask("Will it go well?")

    assert reading.error == {"kind": kind, "message": message}
    assert MARKDOWN.startswith(reading.text)
    await chats.aborted.wait()


async def test_a_blocked_page_takes_no_message(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "controlled.html", CONTROLLED)
    await chat.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p class=\"trouble captcha\">Human?</p>')")

    assert await chat.run("chat.status()") == {"state": "blocked", "reason": "captcha"}
    reading = await chat.ask("Hello")

    assert (reading.error or {})["kind"] == "blocked"
    assert chats.asked == []


async def test_models_are_listed_and_chosen(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    listed = await chat.run("chat.models({ signal: new AbortController().signal })")
    await chat.ask("Hello", model="large")
    wrong = await chat.ask("Hello", model="huge")
    menu = await chat.page.locator("#menu").is_visible()

    assert listed == [{"id": "small", "name": "small"}, {"id": "large", "name": "Large (new)"}]
    assert [asked["model"] for asked in chats.asked] == ["large"]
    assert wrong.error == {"kind": "model_not_found", "message": "The page does not offer the model huge."}
    assert menu is False


async def test_every_call_in_a_temporary_chat_of_its_own(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    for text in ("one", "two"):
        chats.script = Script(words(f"{text}: a long answer, so that it is streamed in pieces."))
        await chat.ask(text, newChat=True)

    assert [(asked["prompt"], asked["temporary"]) for asked in chats.asked] == [("one", True), ("two", True)]
    assert await chat.page.locator(".question").all_inner_texts() == ["two"]


async def test_a_new_chat_that_is_a_page_of_its_own(context: BrowserContext, chats: ChatServer) -> None:
    description = {**CONTROLLED, "conversation": {"new": {"url": "/chats/controlled.html"}}}
    chat = await opened(context, chats, "controlled.html", description)
    await chat.ask("one", newChat=True)

    async with chat.page.expect_navigation():
        second = await chat.ask("two", newChat=True)
    await chat.enter()
    third = await chat.ask("three", newChat=True)

    assert (second.error or {})["kind"] == "again"
    assert third.error is None
    assert chats.prompts == ["one", "three"]
    assert await chat.page.evaluate("sessionStorage.length") == 0


async def test_a_page_that_shows_the_old_chat_again_is_not_opened_for_ever(
    context: BrowserContext, chats: ChatServer
) -> None:
    description = {**CONTROLLED, "conversation": {"new": {"url": "/chats/controlled.html"}}}
    chat = await opened(context, chats, "controlled.html", description)
    await chat.page.evaluate("sessionStorage.setItem('relay.opened-at', String(Date.now()))")
    await chat.ask("one")

    reading = await chat.ask("two", newChat=True)

    assert reading.error == {"kind": "site_changed", "message": "The page for a new chat still shows an old one."}


async def test_words_that_are_rewritten_end_the_call_honestly(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(words(f"An answer that is long enough to be passed on. {MARKDOWN}"))
    chat = await opened(context, chats, "plain.html?rewrite=answer,lie", PLAIN)

    reading = await chat.ask("Tell the truth")

    assert (reading.error or {})["kind"] == "truncated"
    assert "lie" not in reading.text


async def test_a_composer_of_one_line_takes_several_parted(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(words("Both."))
    chat = await opened(context, chats, "plain.html", PLAIN)

    reading = await chat.ask("one\ntwo")

    assert (reading.text, reading.error) == ("Both.", None)
    assert chats.prompts == ["one\u2028two"]


async def test_a_composer_that_cuts_says_how_much_it_took(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "editor.html", EDITOR)
    await chat.page.evaluate(
        "void (composer.oninput = () => { composer.textContent = composer.textContent.slice(0, 10); })"
    )

    reading = await chat.ask("This is more than it takes")

    assert reading.error == {
        "kind": "context_length_exceeded",
        "message": "The composer of the site took 10 of 26 characters.",
    }
    assert await chat.page.inner_text("#composer") == ""


async def test_a_composer_that_takes_nothing_is_a_changed_site(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "editor.html", EDITOR)
    await chat.page.evaluate("void (composer.oninput = () => composer.replaceChildren())")

    reading = await chat.ask("Hello")

    assert (reading.error or {})["kind"] == "site_changed"
    assert chats.asked == []


async def test_enter_sends_when_the_button_does_nothing(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "enter.html", {"dom": {**ENTER["dom"], "send": "#menu + *"}})

    reading = await chat.ask("Hello")

    assert (reading.error, reading.text) == (None, "Hello there.")
    assert chats.prompts == ["Hello"]


async def test_a_message_that_nothing_sends_is_a_changed_site(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "rich.html", {"dom": {**RICH["dom"], "send": None}})

    reading = await chat.ask("Hello")

    assert (reading.error or {})["kind"] == "site_changed"
    assert await chat.page.inner_text("#box .ql-editor") == "\n"


async def test_a_page_without_its_composer_says_so_after_a_while(context: BrowserContext, chats: ChatServer) -> None:
    page = await context.new_page()
    await page.goto(chats.url("controlled.html"))
    await page.evaluate("composer.remove()")
    chat = await DomDriver.on(page, CONTROLLED, f"http://127.0.0.1:{chats.port}")

    early = await chat.run("chat.status()")
    late = await chat.run("{ const now = Date.now; Date.now = () => now() + 60_000; chat.status() }")

    assert early == {"state": "starting"}
    assert late == {"state": "site_changed", "detail": "The page has no composer where there used to be one."}


async def test_the_sign_in_of_a_page_is_seen(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "controlled.html", {**CONTROLLED, "login": {"out": "#login"}})
    states = await chat.run("globalThis.states = []; chat.onstatus(({ state }) => states.push(state)); states.length")
    await chat.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button id=login>Sign in</button>')")

    assert states == 1
    await chat.run(
        "new Promise((resolve) => { const id = setInterval(() => states[1] && resolve(clearInterval(id)), 50) })"
    )
    assert await chat.run("states") == ["ready", "login_required"]


async def test_images_come_at_the_end(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "shadow.html", SHADOW)

    reading = await chat.ask("Draw")

    assert [part["type"] for part in reading.parts] == ["text", "image"]
    assert reading.images[0].startswith("data:image/svg+xml")


async def test_files_are_pasted_where_there_is_no_input(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(context, chats, "shadow.html", {"dom": {**SHADOW["dom"], "file_input": None}})
    await chat.page.evaluate(
        """() => {
          const root = document.querySelector("chat-app").shadowRoot;
          root.getElementById("composer").ondrop = (event) => {
            event.preventDefault();
            const input = root.getElementById("files");
            input.files = event.dataTransfer.files;
            input.dispatchEvent(new Event("change"));
          };
        }"""
    )

    reading = await chat.ask("Read", files=[{"name": "a.txt", "type": "text/plain", "text": "A"}])

    assert reading.error is None
    assert chats.asked == [{"prompt": "Read", "files": [{"name": "a.txt", "type": "text/plain", "text": "A"}]}]


async def test_a_page_that_takes_no_files_says_so(context: BrowserContext, chats: ChatServer) -> None:
    chat = await opened(
        context, chats, "controlled.html", {**CONTROLLED, "dom": {**CONTROLLED["dom"], "attachment": ".chip"}}
    )

    reading = await chat.ask("Read", files=[{"name": "a.txt", "type": "text/plain", "text": "A"}])

    assert reading.error == {"kind": "site_changed", "message": "The page did not take the attached file."}
    assert chats.asked == []


async def test_a_site_that_never_answers(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script((), stall=True)
    chat = await opened(context, chats, "enter.html", {"dom": {**ENTER["dom"], "start_ms": 300}})

    reading = await chat.ask("Hello?")

    assert reading.error == {"kind": "upstream", "message": "The site did not begin an answer."}


async def test_a_site_that_ends_without_an_answer(context: BrowserContext, chats: ChatServer) -> None:
    chats.script = Script(("",), delay=0.2)
    chat = await opened(context, chats, "controlled.html", CONTROLLED)

    reading = await chat.ask("Hello?")

    assert reading.error == {"kind": "upstream", "message": "The site ended without an answer."}


@pytest.mark.parametrize(("page", "description"), [("controlled.html", CONTROLLED), ("editor.html", EDITOR)])
async def test_a_hidden_tab_answers_at_full_speed(
    playwright: Playwright, tmp_path: Path, chats: ChatServer, page: str, description: dict[str, Any]
) -> None:
    chats.script = Script(words(MARKDOWN), pause=0.01)
    url = chats.url(page)
    async with plain_browser(playwright, tmp_path / "profile", url) as browser:
        await chats.visited.wait()
        await browser.open_tab("about:blank")
        while await browser.evaluate(url, "document.readyState") != "complete":
            await asyncio.sleep(0.05)
        visibility = await browser.evaluate(url, "document.visibilityState")
        await browser.evaluate(url, HIDDEN.replace("$DOM", json.dumps(description["dom"])))
        async with asyncio.timeout(20):
            while (said := await browser.evaluate(url, "globalThis.said ?? null")) is None:
                await asyncio.sleep(0.1)

    text, parts, seconds = json.loads(said)
    assert visibility == "hidden"
    assert text == MARKDOWN
    assert parts > 20
    assert seconds < 15


async def test_a_temporary_chat_with_an_address_of_its_own(context: BrowserContext, chats: ChatServer) -> None:
    description = {**CONTROLLED, "conversation": {"temporary": {"url": "/chats/controlled.html?temporary=1"}}}
    chat = await opened(context, chats, "controlled.html", description)

    async with chat.page.expect_navigation():
        first = await chat.ask("one", newChat=True)
    await chat.enter()
    second = await chat.ask("one", newChat=True)

    assert (first.error or {})["kind"] == "again"
    assert second.error is None
    assert chats.prompts == ["one"]
    assert chat.page.url == chats.url("controlled.html?temporary=1")
