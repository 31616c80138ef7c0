"""The extension's options: what it knows of sites, edited and carried from one browser to another."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Page, Playwright, expect
from stack.extension import Extended, extended

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

MINE: dict[str, Any] = {
    "format": 1,
    "id": "my-chat",
    "name": "My <b>chat</b>",
    "version": "3",
    "match": ["https://chat.example/*"],
    "ways": [{"way": "dom"}],
    "dom": {"composer": "#box", "answer": ".answer"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def extension(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Extended]:
    async with extended(playwright, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def options(extension: Extended) -> AsyncIterator[Page]:
    """The options, with one description of the person's own."""
    page = await extension.context.new_page()
    await page.goto(f"chrome-extension://{extension.id}/options/options.html")
    await bring(page, MINE)
    yield page
    await page.close()


async def bring(page: Page, value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    file: FilePayload = {"name": "site.json", "mimeType": "application/json", "buffer": text.encode()}
    await page.locator("#file").set_input_files(file)


async def test_imported_description_is_listed_before_the_built_in_ones(options: Page) -> None:
    await expect(options.get_by_role("status").first).to_have_text("Imported: My <b>chat</b>.")
    rows = options.locator("#sites li")

    await expect(rows.first).to_contain_text("My <b>chat</b>yours, version 3 · my-chat · https://chat.example/*")
    await expect(rows.filter(has_text="Open WebUI")).to_contain_text("comes with relay")


async def test_export_is_what_was_imported(options: Page) -> None:
    async with options.expect_download() as download:
        await options.get_by_role("button", name="My <b>chat</b>: export").click()

    path = await (await download.value).path()
    assert (json.loads(Path(path).read_text()), (await download.value).suggested_filename) == (MINE, "my-chat.json")


async def test_faults_are_named_while_typing(options: Page) -> None:
    await options.get_by_role("button", name="My <b>chat</b>: edit").click()
    await options.locator("#json").fill(json.dumps(MINE | {"id": "My Chat", "dom": {"composer": "#box"}}))

    problems = options.locator("#problems li")
    assert [text.partition(" ")[0] for text in await problems.all_inner_texts()] == ["id", "dom.answer"]
    await expect(options.get_by_role("button", name="Save")).to_be_disabled()


async def test_edited_description_is_kept(options: Page) -> None:
    await options.get_by_role("button", name="My <b>chat</b>: edit").click()
    await options.locator("#json").fill(json.dumps(MINE | {"id": "other-chat", "name": "Other"}))
    await options.get_by_role("button", name="Save").click()

    await expect(options.locator("#told")).to_have_text("Saved: Other.")
    await options.reload()
    await expect(options.locator("#sites li").filter(has_text="yours")).to_have_count(1)
    await expect(options.locator("#sites li").first).to_contain_text("other-chat")
    await remove(options, "Other")


async def test_broken_file_is_not_taken(options: Page) -> None:
    await bring(options, '{"format": 1')

    await expect(options.locator("#told")).to_contain_text("site.json: the file is not JSON")


async def test_removing_is_asked_twice(options: Page) -> None:
    await remove(options, "My <b>chat</b>")

    await expect(options.locator("#sites li").filter(has_text="yours")).to_have_count(0)


async def remove(page: Page, name: str) -> None:
    await page.get_by_role("button", name=f"{name}: remove").click()
    await page.get_by_role("button", name=f"{name}: really remove").click()
    await expect(page.locator("#told")).to_have_text(f"{name} is removed.")
