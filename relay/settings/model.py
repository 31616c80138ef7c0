"""What can be set: names, bounds, defaults, meanings, and the combinations that are refused."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
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
ToolMode = Literal["auto", "native", "emulated"]
ThreadMode = Literal["fresh", "reuse"]
SiteName = Annotated[str, AfterValidator(_host)]


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
    header_bytes: Bytes = Field(
        default=65_536, description="Largest request head, roughly: relay looks at it between reads of up to 64 KiB"
    )
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
    heartbeat_seconds: Seconds = Field(default=10.0, description="Pause between two pings to a page")
    hello_seconds: Seconds = Field(default=10.0, description="How long a new socket may take to identify itself")
    frame_bytes: Annotated[Bytes, Field(ge=65_536)] = Field(default=8_388_608, description="Largest frame from a page")
    unacked_bytes: Bytes = Field(default=4_194_304, description="Parts a page may have sent without acknowledgement")
    buffer_bytes: Bytes = Field(default=16_777_216, description="Parts relay holds for one slow client")
    window_parts: Count = Field(default=1024, description="Parts a page may be ahead of the client")
    queue_size: Count = Field(default=64, description="Calls that may wait for a free session")
    queue_seconds: Seconds = Field(default=60.0, description="How long a call may wait for a free session")
    links_per_credential: Count = Field(default=32, description="Sockets of one bridge credential")
    unauthenticated_links: Count = Field(default=64, description="Sockets that have not identified themselves yet")
    origins: Origins = Field(default=(), description="Further web origins whose pages may connect with a credential")
    code_seconds: Seconds = Field(default=300.0, description="How long a pairing code lives")
    clocks: ClockSettings = ClockSettings()

    @model_validator(mode="after")
    def _leave_room_for_the_window(self) -> Self:
        """A page that follows the rules may have `unacked_bytes` on the way and as many waiting for the client."""
        if self.buffer_bytes < 2 * self.unacked_bytes:
            raise PydanticCustomError("room", "buffer_bytes should be at least twice unacked_bytes")
        return self


class ReasoningSettings(_Group):
    """Telling a model's reasoning from its answer."""

    tags: bool = Field(default=True, description="Split reasoning in tags such as `<think>` from the answer")


class ToolSettings(_Group):
    """Tools and JSON answers on sessions that have none."""

    mode: ToolMode = Field(
        default="auto",
        description="`auto` uses a session's own tools, else puts them in words; `native` refuses instead; "
        "`emulated` always puts them in words",
    )
    sites: Annotated[dict[SiteName, ToolMode], NoDecode, BeforeValidator(_split_pairs)] = Field(
        default={}, description="The mode for single sites: `host=mode`"
    )


class ThreadSettings(_Group):
    """The conversations that a web chat keeps itself."""

    mode: ThreadMode = Field(
        default="fresh",
        description="`fresh` begins a new chat for each call; `reuse` goes on in the one that holds the same history, "
        "where the site can",
    )
    sites: Annotated[dict[SiteName, ThreadMode], NoDecode, BeforeValidator(_split_pairs)] = Field(
        default={}, description="The mode for single sites: `host=mode`"
    )


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


class HeadlessSettings(_Group):
    """Browsers that relay runs itself, one for each account of `relay login`."""

    enabled: bool = Field(default=False, description="Start the browsers of all accounts together with relay")
    browser: UserPath | None = Field(
        default=None,
        description="Browser to run; unset is Playwright's own, else the system's Chromium, Chrome or Edge",
    )
    attach: Annotated[str, AfterValidator(_loopback_url)] | None = Field(
        default=None,
        description="Debugging address of a browser that you started, on this machine only: `http://127.0.0.1:9222`",
    )
    proxy: SecretStr | None = Field(
        default=None,
        description="Proxy of accounts that `relay login` makes without `--proxy`; may hold a password",
    )
    restarts: Count = Field(default=5, description="Restarts of a crashing browser within `restart_window_seconds`")
    restart_window_seconds: Seconds = Field(default=600.0, description="The time in which `restarts` are counted")
    save_seconds: Seconds = Field(default=60.0, description="Pause between two copies of an account's cookies")
    save_calls: Count = Field(default=20, description="Answered calls after which they are copied sooner")


class ResponsesEndpoint(_Group):
    """OpenAI Responses."""

    enabled: bool = Field(default=True, description="Serve `/v1/responses`")


class ChatCompletionsEndpoint(_Group):
    """OpenAI Chat Completions, the legacy layer."""

    enabled: bool = Field(default=True, description="Serve `/v1/chat/completions`, OpenAI's older API")


class MessagesEndpoint(_Group):
    """Anthropic Messages."""

    enabled: bool = Field(default=True, description="Serve `/v1/messages`")


class GeminiEndpoint(_Group):
    """Gemini."""

    enabled: bool = Field(default=True, description="Serve `/v1beta/models/…`, `/v1/models/…:…` and `/v1internal:…`")


class MediaEndpoint(_Group):
    """Images, audio and embeddings."""

    enabled: bool = Field(default=True, description="Serve `/v1/images/…`, `/v1/audio/…`, `/v1/embeddings`")


class EndpointSettings(_Group):
    """The APIs that relay speaks; one that is switched off answers 404."""

    responses: ResponsesEndpoint = ResponsesEndpoint()
    chat_completions: ChatCompletionsEndpoint = ChatCompletionsEndpoint()
    messages: MessagesEndpoint = MessagesEndpoint()
    gemini: GeminiEndpoint = GeminiEndpoint()
    media: MediaEndpoint = MediaEndpoint()


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
        description="Model for clients that name none, and the one that relay shows to paste",
    )
    allowed_hosts: Hosts = Field(default=(), description="Further names that clients may use for relay (`Host` header)")
    allowed_origins: Origins = Field(default=(), description="Web origins that may call the HTTP API (CORS)")
    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    bridge: BridgeSettings = BridgeSettings()
    reasoning: ReasoningSettings = ReasoningSettings()
    tools: ToolSettings = ToolSettings()
    threads: ThreadSettings = ThreadSettings()
    puter: PuterSettings = PuterSettings()
    headless: HeadlessSettings = HeadlessSettings()
    endpoints: EndpointSettings = EndpointSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _refuse_accidents(self) -> Self:
        if not self.is_loopback and not self.auth:
            raise _refused(
                "--no-auth cannot go with a --host that other machines can reach; use 127.0.0.1", "auth", "host"
            )
        if not self.is_loopback and not self.expose:
            raise _refused("--host is reachable from other machines; add --expose if that is what you want", "host")
        if self.bridge_listen_port > 65_535 or (self.port and self.bridge_listen_port == self.port):
            raise _refused("--bridge-port should be another port than --port, at most 65535", "bridge_port", "port")
        return self

    @property
    def closed_endpoints(self) -> tuple[str, ...]:
        """The names of the APIs that are switched off."""
        return tuple(name for name, switch in self.endpoints if not switch.enabled)

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


def _refused(message: str, *names: str) -> PydanticCustomError:
    """A combination that is refused: the message names options, `names` are the settings to blame."""
    return PydanticCustomError("combination", message, {"names": names})


def parse_origin(value: str) -> str:
    """Return `value` as an origin is written.

    Raises:
        SettingsError: if it is none.
    """
    try:
        return _origin(value)
    except PydanticCustomError as exc:
        raise SettingsError((f"{exc.message().replace('Input', 'The origin')}.",)) from None
