"""Asking Playwright where its own browser is."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import async_playwright


async def own_browser() -> Path:
    """Return where Playwright has its browser, or would have it."""
    async with async_playwright() as playwright:
        return Path(playwright.chromium.executable_path)
