"""What a page does that nobody wanted: errors in its console, dialogs, requests to strangers."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError

OWN_HOSTS = {"localhost", "127.0.0.1"}


class Watch:
    """Collects the complaints about all pages of one browser context; what violates their CSP is an error there too."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._said)
        context.on("weberror", self._threw)
        context.on("dialog", self._asked)
        context.on("requestfinished", self._requested)
        context.on("requestfailed", self._requested)

    def expect(self, pattern: str) -> None:
        """Let complaints pass that match `pattern`: a browser reports what a test breaks on purpose."""
        self._expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        """The complaints that nobody expected."""
        return [what for what in self.complaints if not any(re.search(pattern, what) for pattern in self._expected)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"}:
            self.complaints.append(f"console: {message.text} at {message.location.get('url')}")

    def _threw(self, error: WebError) -> None:
        self.complaints.append(f"thrown: {error.error}")

    async def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _requested(self, request: Request) -> None:
        address = urlsplit(request.url)
        if request.failure == "csp":
            return
        if address.scheme in {"http", "https"} and address.hostname not in OWN_HOSTS:
            self.complaints.append(f"request: {request.url}")
