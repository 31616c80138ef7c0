from __future__ import annotations

import asyncio

import structlog
from bridge.headless.driven import Context, Page
from playwright.async_api import Error
from support.links import settle

from relay.bridge.headless.windows import MOST, Windows


class Stubborn(Page):
    """Is gone when it is told to close."""

    async def close(self) -> None:
        await super().close()
        raise Error("Target closed")


async def opened(context: Context, page: Page) -> Page:
    """Have the site open a window."""
    context.pages.append(page)
    context.emit("page", page)
    await settle()
    return page


async def test_windows_above_the_bound_are_closed_and_told_once() -> None:
    context = Context()
    windows = Windows(context, "work")  # type: ignore[arg-type]
    own = await windows.fresh()
    with structlog.testing.capture_logs() as logs:
        popups = [await opened(context, Page(context)) for _ in range(MOST - 1)]
        before = list(logs)
        more = [await opened(context, Stubborn(context)), await opened(context, Page(context))]

    assert before == []
    assert context.pages == [own, *popups]
    assert [page.closed for page in more] == [True, True]
    told = {"event": "headless.too_many_windows", "account": "work", "most": MOST, "log_level": "warning"}
    assert logs == [told]


async def test_window_that_is_being_closed_is_not_closed_twice() -> None:
    context = Context()
    windows = Windows(context, "work")  # type: ignore[arg-type]
    await windows.fresh()
    closes: list[Page] = []

    class Slow(Page):
        async def close(self) -> None:
            closes.append(self)
            await asyncio.sleep(0)
            await super().close()

    context.pages += [Page(context) for _ in range(MOST - 2)]
    context.pages += [Page(context), Slow(context)]
    context.emit("page", context.pages[-1])
    context.emit("page", context.pages[-1])
    await settle()

    assert (len(closes), len(context.pages)) == (1, MOST)


async def test_the_accounts_page_is_never_the_one_too_many() -> None:
    context = Context()
    windows = Windows(context, "work")  # type: ignore[arg-type]
    context.pages += [Page(context) for _ in range(MOST)]
    making = context.new_page

    async def new_page() -> Page:
        page = await making()
        context.emit("page", page)
        await settle()
        return page

    context.new_page = new_page  # type: ignore[method-assign]
    own = await windows.fresh()

    assert (context.pages, own.is_closed()) == ([own], False)


async def test_window_that_opens_while_others_are_closed_counts() -> None:
    context = Context()
    windows = Windows(context, "work")  # type: ignore[arg-type]

    class Last(Page):
        async def close(self) -> None:
            context.pages += [Page(context) for _ in range(MOST)]
            await super().close()

    context.pages[:] = [Last(context)]
    await windows.fresh()
    await settle()

    assert len(context.pages) == MOST
