"""Every setting of relay, and the only code that reads the environment and the settings file.

A value comes from the first of: the command line, ``RELAY_*`` in the environment (``__`` between a group and its
field), the TOML file, the default. docs/reference/settings.md lists them; a test compares it with the models below.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

import pydantic_settings
from platformdirs import user_config_path, user_data_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict

from relay.errors import SettingsError

WEEK = 7 * 24 * 3600.0
PREFIX = "RELAY_"


def _split(value: object) -> object:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


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


Seconds = Annotated[float, Field(gt=0, le=WEEK, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1024, le=2**31)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Origin = Annotated[str, AfterValidator(_origin)]
Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_split)]
UserPath = Annotated[Path, AfterValidator(Path.expanduser)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ServerSettings(_Group):
    """How the HTTP server treats connections."""

    drain_seconds: Seconds = Field(
        default=10.0, description="How long running answers may go on after relay was told to stop"
    )
    keep_alive_seconds: Seconds = Field(
        default=15.0, description="Pause after which a silent stream gets a keep-alive comment"
    )
    connection_idle_seconds: Seconds = Field(
        default=15.0, description="How long a connection may stay idle, or take to send its headers"
    )


class LimitSettings(_Group):
    """Bounds on what clients may send and occupy."""

    body_bytes: Bytes = Field(default=33_554_432, description="Largest request body")
    header_bytes: Bytes = Field(default=65_536, description="Largest request head")
    messages: Count = Field(default=10_000, description="Messages in one request")
    tools: Count = Field(default=512, description="Tools in one request")
    requests_per_key: Count = Field(default=64, description="Requests in flight for one client key")
    requests_total: Count = Field(default=2048, description="Requests in flight for all keys together")
    response_bytes: Bytes = Field(default=67_108_864, description="Largest answer to one request")
    slow_client_seconds: Seconds = Field(
        default=60.0, description="How long a client may read nothing before its answer is ended"
    )


class ClockSettings(_Group):
    """The four clocks on a call."""

    pick_up_seconds: Seconds = Field(default=10.0, description="Until the page accepts a call")
    first_part_seconds: Seconds = Field(default=300.0, description="From there until the first part of the answer")
    gap_seconds: Seconds = Field(default=120.0, description="Between two parts")
    total_seconds: Seconds = Field(default=3600.0, description="For the whole call")


class BridgeSettings(_Group):
    """The WebSocket side: pages that answer calls."""

    grace_seconds: Seconds = Field(
        default=30.0, description="How long a lost page may take to come back and resume its calls"
    )
    heartbeat_seconds: Seconds = Field(default=15.0, description="Pause between two pings to a page")
    hello_seconds: Seconds = Field(default=10.0, description="How long a new socket may take to identify itself")
    frame_bytes: Bytes = Field(default=8_388_608, description="Largest frame from a page")
    unacked_bytes: Bytes = Field(default=4_194_304, description="Parts a page may have sent without acknowledgement")
    buffer_bytes: Bytes = Field(default=33_554_432, description="Parts relay holds for one slow client")
    window_parts: Count = Field(default=1024, description="Parts a page may be ahead of the client")
    queue_size: Count = Field(default=64, description="Calls that may wait for a free session")
    queue_seconds: Seconds = Field(default=60.0, description="How long a call may wait for a free session")
    links_per_credential: Count = Field(default=32, description="Sockets of one bridge credential")
    unauthenticated_links: Count = Field(default=64, description="Sockets that have not identified themselves yet")
    origins: Origins = Field(default=(), description="Further web origins whose pages may connect with a credential")
    code_seconds: Seconds = Field(default=300.0, description="How long a pairing code lives")
    clocks: ClockSettings = ClockSettings()


class ReasoningSettings(_Group):
    """Telling a model's reasoning from its answer."""

    tags: bool = Field(default=True, description="Split reasoning in tags such as `<think>` from the answer")


class PuterSettings(_Group):
    """The chat that relay's own page signs in to."""

    sdk: Annotated[str, AfterValidator(_url_or_path)] = Field(
        default="https://js.puter.com/v2/", description="URL of Puter.js, or a local file that relay then serves"
    )
    api_origin: Origin = Field(default="https://api.puter.com", description="Origin of Puter's API")
    gui_origin: Origin = Field(default="https://puter.com", description="Origin of Puter's sign-in page")
    way: Literal["auto", "endpoint", "sdk"] = Field(
        default="auto", description="How the page calls Puter: its HTTP endpoint, its SDK, or what works"
    )

    @property
    def sdk_file(self) -> Path | None:
        """The local file that holds Puter.js, or ``None`` when it is loaded from a URL."""
        return None if "://" in self.sdk else Path(self.sdk).expanduser()


class LogSettings(_Group):
    """What relay writes about itself; never prompts, answers or secrets."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is written"
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto", description="`auto` is text on a terminal and JSON elsewhere"
    )
    file: UserPath | None = Field(default=None, description="File to write to instead of standard error")


class Settings(_Group):
    """All settings, checked and frozen; combinations that would expose relay by accident do not validate."""

    host: Annotated[str, AfterValidator(_address)] = Field(default="127.0.0.1", description="Address to listen on")
    port: Port = Field(default=3000, description="Port of the HTTP API and the page; 0 takes a free one")
    bridge_port: Port | None = Field(default=None, description="Port of the WebSocket bridge; unset is `port` + 1")
    data_dir: UserPath | None = Field(
        default=None, description="Directory of relay's data; unset is the user's data directory"
    )
    open_browser: bool | None = Field(
        default=None, description="Open the page at start; unset does so on a desktop when started from a terminal"
    )
    auth: bool = Field(default=True, description="Ask clients for an API key; can be switched off on loopback only")
    expose: bool = Field(default=False, description="Allow a `host` that other machines can reach")
    demo: bool = Field(default=False, description="Answer with a built-in example session")
    default_model: str = Field(
        default="claude-sonnet-4",
        min_length=1,
        max_length=200,
        description="Model named in the start-up text and the page",
    )
    allowed_hosts: Hosts = Field(default=(), description="Further names that clients may use for relay (`Host` header)")
    allowed_origins: Origins = Field(default=(), description="Web origins that may call the HTTP API (CORS)")
    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    bridge: BridgeSettings = BridgeSettings()
    reasoning: ReasoningSettings = ReasoningSettings()
    puter: PuterSettings = PuterSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _refuse_accidents(self) -> Self:
        if not self.is_loopback and not self.auth:
            raise PydanticCustomError(
                "exposed", "auth cannot be off with a host that other machines can reach; use 127.0.0.1"
            )
        if not self.is_loopback and not self.expose:
            raise PydanticCustomError(
                "exposed", "host is reachable from other machines; add --expose if that is what you want"
            )
        if self.bridge_listen_port > 65_535 or (self.port and self.bridge_listen_port == self.port):
            raise PydanticCustomError("ports", "bridge_port should be another port than port, at most 65535")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach relay."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def bridge_listen_port(self) -> int:
        """The port the bridge listens on; 0 takes a free one."""
        if self.bridge_port is not None:
            return self.bridge_port
        return self.port + 1 if self.port else 0

    @property
    def data_path(self) -> Path:
        """The data directory, with the user's own as the default."""
        return self.data_dir or user_data_path("relay", appauthor=False)

    def wants_browser(self, *, terminal: bool) -> bool:
        """Tell whether to open the page; `terminal` is whether a person started relay from one."""
        if self.open_browser is not None:
            return self.open_browser
        desktop = sys.platform in {"win32", "darwin"} or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
        return terminal and desktop


class Documented(NamedTuple):
    """One setting as the reference lists it."""

    name: str
    variable: str
    default: str
    meaning: str


def documented(model: type[BaseModel] = Settings, parents: tuple[str, ...] = ()) -> Iterator[Documented]:
    """Yield every setting, in order, as the reference must list it."""
    for name, field in model.model_fields.items():
        path = (*parents, name)
        if isinstance(field.default, BaseModel):
            yield from documented(type(field.default), path)
        else:
            yield Documented(".".join(path), _variable(path), _toml(field.default), field.description or "")


def _toml(default: object) -> str:
    match default:
        case None:
            return "unset"
        case tuple():
            return "[]"
        case _:
            return json.dumps(default)


def _variable(path: Sequence[str]) -> str:
    return PREFIX + "__".join(path).upper()


def parse_origin(value: str) -> str:
    """Return `value` as an origin is written.

    Raises:
        SettingsError: if it is none.
    """
    try:
        return _origin(value)
    except PydanticCustomError as exc:
        raise SettingsError((f"{exc.message().replace('Input', 'The origin')}.",)) from None


def default_config() -> Path:
    """Return where the settings file is looked for when none is named."""
    return user_config_path("relay", appauthor=False) / "relay.toml"


def load(config: Path | None = None, **overrides: object) -> Settings:
    """Read the settings; `overrides` come from the command line, and ``None`` there means "not given".

    Raises:
        SettingsError: with one sentence for each problem, which names the setting and where it came from but never
            repeats a value.
    """
    file = config or default_config()
    layers = (
        _Layer("the command line", {name: value for name, value in overrides.items() if value is not None}),
        _Layer("the environment", _environment()),
        _Layer(str(file), _file(file, required=config is not None)),
    )
    merged: dict[str, object] = {}
    for layer in reversed(layers):
        merged = _merge(merged, layer.values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as exc:
        raise SettingsError(tuple(_sentence(error, layers) for error in exc.errors())) from None


class _Layer(NamedTuple):
    origin: str
    values: Mapping[str, object]

    def has(self, path: tuple[str, ...]) -> bool:
        value: object = self.values
        for name in path:
            if not isinstance(value, Mapping) or name not in value:
                return False
            value = value[name]
        return True


class _Environment(BaseSettings, Settings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True)


def _environment() -> dict[str, object]:
    try:
        return EnvSettingsSource(_Environment)()
    except pydantic_settings.SettingsError as exc:
        raise SettingsError((f"A group of settings in the environment is not valid JSON ({exc}).",)) from None


def _file(file: Path, *, required: bool) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise SettingsError((f"The settings file {file} does not exist.",)) from None
        return {}
    except OSError as exc:
        raise SettingsError((f"The settings file {file} cannot be read: {exc.strerror}.",)) from None
    except ValueError as exc:  # not UTF-8, or not TOML: both say where, neither repeats the line
        raise SettingsError((f"The settings file {file} is not valid TOML: {exc}.",)) from None


def _merge(low: Mapping[str, object], high: Mapping[str, object]) -> dict[str, object]:
    merged = dict(low)
    for name, value in high.items():
        below = merged.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[name] = _merge(below, value) if both else value  # type: ignore[arg-type]  # `both` says it
    return merged


def _sentence(error: ErrorDetails, layers: tuple[_Layer, ...]) -> str:
    path = tuple(str(part) for part in error["loc"])
    names = tuple(part for part in path if not part.isdigit())
    message = error["msg"].removeprefix("Input ")
    if not names:
        return f"{message[0].upper()}{message[1:]}."
    origin = next((layer.origin for layer in layers if layer.has(names)), "the command line")
    if origin == "the environment":
        origin = _variable(names)
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting{_nearest(name)} (from {origin})."
    return f"{name}: {message} (from {origin})."


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [setting.name for setting in documented()], n=1)
    return f"; did you mean {close[0]}?" if close else ""
