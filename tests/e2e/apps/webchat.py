"""A real web chat in a process of its own, in front of a scripted model, with one account."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from playwright.async_api import Page, expect
from stack.ports import free_ports

from .installed import python_of
from .model import KEY, MockModel

PROGRAMS = Path(__file__).resolve().parent / "programs"
NAME = "ada"
EMAIL = "ada@example.org"
PASSWORD = "pass-word-1"
START_SECONDS = 90
POLL_SECONDS = 0.1


class WebChat:
    """What is the same for all of them; how each is started and signed in to is its own business."""

    package: ClassVar[str]
    first_page: ClassVar[str] = "/"
    composer: ClassVar[str]
    send: ClassVar[str]
    stop: ClassVar[str]
    answer: ClassVar[str]

    def __init__(self, model: MockModel, folder: Path) -> None:
        self.model = model
        self.folder = folder
        [self.port] = free_ports(1)
        self.output: list[str] = []

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Everything it has printed so far."""
        return "".join(self.output)

    def words(self) -> tuple[str | Path, ...]:
        """What follows the interpreter on the command line."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, str]:
        """What it wants in its environment."""
        return {}

    def prepare(self) -> None:
        """Do what has to be done once after the start."""

    async def sign_in(self, page: Page) -> None:
        """Sign in on `page` as a person does, and wait for the chat."""
        raise NotImplementedError

    async def sign_out(self, page: Page) -> None:
        """End the login of the browser that `page` is in."""
        raise NotImplementedError

    async def ask(self, page: Page, text: str) -> None:
        """Send `text` as a person does, as soon as the page takes it."""
        await page.locator(self.composer).fill(text)
        await page.locator(self.send).click()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends; it answers when the block begins."""
        python = await asyncio.to_thread(python_of, self.package)
        process = await asyncio.create_subprocess_exec(
            python,
            *self.words(),
            cwd=self.folder,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        reading = asyncio.create_task(self._read(process))
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await asyncio.to_thread(self._answers):
                    assert process.returncode is None, self.said
                    await asyncio.sleep(POLL_SECONDS)
                await asyncio.to_thread(self.prepare)
            yield
        finally:
            if process.returncode is None:
                process.kill()  # nothing of it is kept, and some take half a minute to say goodbye
            await process.wait()
            await reading

    def _environment(self) -> Mapping[str, str]:
        return {
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "OPENAI_BASE_URL": self.model.base_url,
            "OPENAI_API_KEY": KEY,
            "CHAT_USER": NAME,
            "CHAT_PASSWORD": PASSWORD,
            **self.settings(),
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.origin + self.first_page, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.output.append(line.decode(errors="replace"))


class Gradio(WebChat):
    """A ``gradio.ChatInterface`` with Gradio's own login: https://www.gradio.app/guides/sharing-your-app#authentication."""

    package = "gradio"
    composer = "textarea"
    send = ".submit-button"
    stop = ".stop-button"
    answer = "[data-testid=bot]"

    def words(self) -> tuple[str | Path, ...]:
        return (PROGRAMS / "gradio_chat.py", str(self.port))

    def settings(self) -> Mapping[str, str]:
        return {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}

    async def sign_in(self, page: Page) -> None:
        await page.goto(self.origin)
        await page.locator("input").nth(0).fill(NAME)
        await page.locator("input[type=password]").fill(PASSWORD)
        await page.get_by_role("button", name="Login").click()
        await expect(page.locator("textarea")).to_be_visible()

    async def sign_out(self, page: Page) -> None:
        await page.goto(f"{self.origin}/logout")
        await expect(page.locator("input[type=password]")).to_be_visible()

    async def end_logins(self, page: Page) -> None:
        """End the logins of all browsers: https://www.gradio.app/guides/sharing-your-app#authentication."""
        await self.sign_in(page)
        await self.sign_out(page)


class Chainlit(WebChat):
    """A Chainlit app, which talks over socket.io: https://docs.chainlit.io/authentication/password."""

    package = "chainlit"
    composer = "#chat-input"
    send = "#chat-submit"
    stop = "#stop-button"
    answer = ".ai-message .message-content"

    def words(self) -> tuple[str | Path, ...]:
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        return ("-m", "chainlit", "run", PROGRAMS / "chainlit_chat.py", "--headless", *address)

    def settings(self) -> Mapping[str, str]:
        return {"CHAINLIT_AUTH_SECRET": "known-to-everybody-who-reads-this-test", "CHAINLIT_APP_ROOT": str(self.folder)}

    async def sign_in(self, page: Page) -> None:
        await page.goto(f"{self.origin}/login", wait_until="domcontentloaded")
        await page.locator("#email").fill(NAME)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("button[type=submit]").click()
        await expect(page.locator("#chat-input")).to_be_visible()

    async def sign_out(self, page: Page) -> None:
        await page.locator("#user-nav-button").click()
        await page.get_by_role("menuitem", name="Logout").click()
        await expect(page.locator("#password")).to_be_visible()


class OpenWebUI(WebChat):
    """Open WebUI without what needs a network or gigabytes: https://docs.openwebui.com/reference/env-configuration."""

    package = "open-webui"
    composer = "#chat-input"
    send = "#send-message-button"
    stop = "button[aria-label=Stop]"
    answer = ".chat-assistant .markdown-prose"
    first_page = "/health"

    def words(self) -> tuple[str | Path, ...]:
        serve = "from open_webui import app; app()"
        return ("-c", serve, "serve", "--host", "127.0.0.1", "--port", str(self.port))

    def settings(self) -> Mapping[str, str]:
        return {
            "DATA_DIR": str(self.folder / "data"),
            "WEBUI_SECRET_KEY": "known-to-everybody-who-reads-this-test",
            "WEBUI_ADMIN_EMAIL": EMAIL,
            "WEBUI_ADMIN_PASSWORD": PASSWORD,
            "WEBUI_ADMIN_NAME": "Ada",
            "OPENAI_API_BASE_URLS": self.model.base_url,
            "OPENAI_API_KEYS": KEY,
            "RAG_EMBEDDING_ENGINE": "openai",
            "RAG_OPENAI_API_BASE_URL": self.model.base_url,
            "RAG_OPENAI_API_KEY": KEY,
            "OFFLINE_MODE": "true",
            "HF_HUB_OFFLINE": "1",
            "ANONYMIZED_TELEMETRY": "false",
            "DO_NOT_TRACK": "true",
            "SCARF_NO_ANALYTICS": "true",
        } | dict.fromkeys(_LEFT_OUT, "false")

    async def sign_in(self, page: Page) -> None:
        await page.goto(self.origin)
        await page.locator("#email").fill(EMAIL)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("button[type=submit]").click()
        await expect(page.locator("#chat-input")).to_be_visible()

    async def sign_out(self, page: Page) -> None:
        token = await page.evaluate("localStorage.token")
        await page.evaluate("delete localStorage.token")
        await page.context.clear_cookies()
        assert token
        await page.goto(self.origin)
        await expect(page.locator("#password")).to_be_visible()

    def prepare(self) -> None:
        """Know the release notes, which would cover the page of an administrator once."""
        version = self._call("/api/config", {}, None)["version"]
        token = self._call("/api/v1/auths/signin", {}, {"email": EMAIL, "password": PASSWORD})["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        self._call("/api/v1/users/user/settings/update", bearer, {"ui": {"version": version}})

    def _call(self, path: str, headers: Mapping[str, str], body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.origin + path, data, {"Content-Type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


_LEFT_OUT = (
    "ENABLE_OLLAMA_API",
    "ENABLE_TITLE_GENERATION",
    "ENABLE_TAGS_GENERATION",
    "ENABLE_FOLLOW_UP_GENERATION",
    "ENABLE_AUTOCOMPLETE_GENERATION",
    "ENABLE_VERSION_UPDATE_CHECK",
)
