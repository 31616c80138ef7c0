"""Which site an account is on, and the description that tells how to use it (docs/reference/site-description.md).

The description itself is checked where it is used, in the page; here it is only found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from relay.bridge.headless.accounts import ADAPTER_BYTES, OWN_PAGE
from relay.errors import AccountRefused

RELAY_CHAT: Final = "relay-chat"
"""The description of pages that offer a chat function by relay's own convention."""
MATCH = re.compile(r"(\*|https?)://(\*|(?:\*\.)?[^/*]+)(/.*)")
DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class Site:
    """Where an account is: ``start`` is the page to open, ``None`` for relay's own; `name` is one for the account."""

    name: str
    adapter: str
    start: str | None = None
    description: bytes | None = None


class Sites:
    """The built-in site descriptions of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def choose(self, site: str | None, adapter: str | Mapping[str, Any] | None) -> Site:
        """Return the site for what a person named: an address, a built-in description's id, or a description.

        Raises:
            AccountRefused: there is no such site, or it is not known where it starts or how it is used.
        """
        if isinstance(adapter, Mapping):
            description: Mapping[str, Any] | None = adapter
        elif adapter is not None and adapter != OWN_PAGE:
            description = self._named(adapter)
        elif site is None or site == OWN_PAGE:
            return Site(OWN_PAGE, OWN_PAGE)
        elif "://" in site:
            description = self._matching(site) or self._named(RELAY_CHAT)
        else:
            description = self._named(site)
        return _site(description or {}, site)

    def builtin(self) -> Iterator[Mapping[str, Any]]:
        """Yield the built-in descriptions."""
        for file in sorted(self._directory.glob("*.json")):
            found = msgspec.json.decode(file.read_bytes())
            if isinstance(found, dict) and isinstance(found.get("id"), str):
                yield found

    def _named(self, adapter: str) -> Mapping[str, Any]:
        known = {one["id"]: one for one in self.builtin()}
        if adapter not in known:
            names = ", ".join(sorted(known))
            raise AccountRefused(f"There is no built-in site {adapter!r}; there are: {names}.", param="adapter")
        found: Mapping[str, Any] = known[adapter]
        return found

    def _matching(self, url: str) -> Mapping[str, Any] | None:
        return next((one for one in self.builtin() if matches(one, url)), None)


def matches(description: Mapping[str, Any], url: str) -> bool:
    """Whether one of the match patterns of `description` covers `url`.

    https://developer.chrome.com/docs/extensions/develop/concepts/match-patterns
    """
    patterns = description.get("match")
    return isinstance(patterns, list) and any(_covers(pattern, url) for pattern in patterns if isinstance(pattern, str))


def origins(description: Mapping[str, Any], start: str | None = None) -> tuple[str, ...]:
    """Return patterns (of JavaScript, too) of the origins that `description` covers, and of that of `start`."""
    patterns = description.get("match")
    found = [_origins(one) for one in patterns if isinstance(one, str)] if isinstance(patterns, list) else []
    if start is not None:
        parts = urlsplit(start)
        found.append(f"^{re.escape(_origin(parts.scheme, parts.netloc.lower()))}$")
    return tuple(dict.fromkeys(filter(None, found)))


def _origins(pattern: str) -> str:
    found = MATCH.fullmatch(pattern)
    if found is None:
        return ""
    scheme, host, _ = found.groups()
    schemes = "https?" if scheme == "*" else scheme
    if host == "*":
        return f"^{schemes}://"
    if host.startswith("*."):
        return rf"^{schemes}://([^/]+\.)?{re.escape(host[2:])}(:[0-9]+)?$"
    return rf"^{schemes}://{re.escape(host)}(:[0-9]+)?$"


def _origin(scheme: str, authority: str) -> str:
    """Leave out the port that goes without saying: https://url.spec.whatwg.org/#concept-url-origin."""
    return f"{scheme}://{authority.removesuffix(DEFAULT_PORTS.get(scheme, ''))}"


def _covers(pattern: str, url: str) -> bool:
    found = MATCH.fullmatch(pattern)
    if found is None:
        return False
    scheme, host, path = found.groups()
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (
        parts.scheme in ({"http", "https"} if scheme == "*" else {scheme})
        and _covers_host(host, parts.hostname or "", parts.netloc)
        and re.fullmatch(".*".join(map(re.escape, path.split("*"))), target) is not None
    )


def _covers_host(pattern: str, host: str, authority: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return host == pattern[2:] or host.endswith(pattern[1:])
    return pattern in {host, authority}


def _site(description: Mapping[str, Any], site: str | None) -> Site:
    adapter, start = description.get("id"), description.get("start")
    if site is not None and "://" in site:
        start = site
    if not isinstance(adapter, str) or not adapter or len(adapter) > 256:
        raise AccountRefused("The site description has no id.", param="adapter")
    if not isinstance(start, str):
        raise AccountRefused(f"Where is {adapter}? Name its address with --site https://…", param="site")
    encoded = msgspec.json.encode(description)
    if len(encoded) > ADAPTER_BYTES:
        raise AccountRefused("The site description is larger than 1 MB.", param="adapter")
    return Site(_name(start), adapter, start, encoded)


def _name(start: str) -> str:
    try:
        host = urlsplit(start).hostname or ""
    except ValueError:
        host = ""
    return NOT_IN_A_NAME.sub("-", host).strip(".-_")[:40] or "site"
