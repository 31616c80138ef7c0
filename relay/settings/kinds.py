"""The kinds of values that settings have: bounds, spellings, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from relay.errors import SettingsError

WEEK = 7 * 24 * 3600.0


def _split(value: object) -> object:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _split_pairs(value: object) -> object:
    """Read ``host=mode, host=mode``; what has no ``=`` is left for the check of modes to refuse."""
    if not isinstance(value, str):
        return value
    pairs = (item.partition("=") for item in value.split(",") if item.strip())
    return {name.strip(): mode.strip() for name, _, mode in pairs}


def _split_url(value: str) -> tuple[str, str]:
    """Return scheme and authority of `value`."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # refused only when it is asked for
    except ValueError as exc:
        raise PydanticCustomError("url", "Input should be well formed") from exc
    return parts.scheme, parts.netloc


def _origin(value: str) -> str:
    """Check the serialised form of an origin: https://www.rfc-editor.org/rfc/rfc6454#section-6.2."""
    scheme, authority = _split_url(value)
    if not (scheme and authority) or value.lower() != f"{scheme}://{authority}".lower() or "@" in authority:
        raise PydanticCustomError("origin", "Input should be an origin such as https://example.com, without a path")
    return value.lower()


def _host(value: str) -> str:
    if not value or "@" in value or _split_url(f"//{value}")[1] != value:
        raise PydanticCustomError("host", "Input should be a host name such as relay.example, without scheme or path")
    return value.lower()


def _address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", value):
        raise PydanticCustomError("address", "Input should be an IP address or a host name, without a port")
    return value.lower()


def _url_or_path(value: str) -> str:
    if "://" in value and not value.startswith(("https://", "http://")):
        raise PydanticCustomError("sdk", "Input should be an http(s) URL or the path of a file")
    return value


def _loopback_url(value: str) -> str:
    """Whoever reaches that port has the whole browser, so no other machine may be meant."""
    scheme, authority = _split_url(value)
    host = urlsplit(value).hostname
    if scheme != "http" or host not in {"127.0.0.1", "localhost", "::1"} or value.rstrip("/") != f"http://{authority}":
        raise PydanticCustomError("attach", "Input should be an address of this machine such as http://127.0.0.1:9222")
    return value.rstrip("/")


Seconds = Annotated[float, Field(gt=0, le=WEEK, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1024, le=2**31)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Origin = Annotated[str, AfterValidator(_origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_split)]
UserPath = Annotated[Path, AfterValidator(Path.expanduser)]
Tokens = Annotated[int, Field(ge=0, le=1_000_000)]
Patterns = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], NoDecode, BeforeValidator(_split)]
ReasoningMode = Literal["passthrough", "auto", "fixed", "adaptive", "off"]
ToolMode = Literal["auto", "native", "emulated"]
ThreadMode = Literal["fresh", "reuse"]
SiteName = Annotated[str, AfterValidator(_host)]
Address = Annotated[str, AfterValidator(_address)]
UrlOrPath = Annotated[str, AfterValidator(_url_or_path)]
LoopbackUrl = Annotated[str, AfterValidator(_loopback_url)]
ToolModes = Annotated[dict[SiteName, ToolMode], NoDecode, BeforeValidator(_split_pairs)]
ThreadModes = Annotated[dict[SiteName, ThreadMode], NoDecode, BeforeValidator(_split_pairs)]


def parse_origin(value: str) -> str:
    """Return `value` as an origin is written.

    Raises:
        SettingsError: if it is none.
    """
    try:
        return _origin(value)
    except PydanticCustomError as exc:
        raise SettingsError((f"{exc.message().replace('Input', 'The origin')}.",)) from None
