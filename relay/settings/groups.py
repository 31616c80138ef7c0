"""What can be set, group by group: names, bounds, defaults, meanings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from relay.settings.kinds import (
    Bytes,
    Count,
    LoopbackUrl,
    Origin,
    Origins,
    Patterns,
    ReasoningMode,
    Seconds,
    ThreadMode,
    ThreadModes,
    Tokens,
    ToolMode,
    ToolModes,
    UrlOrPath,
    UserPath,
)


class Group(BaseModel):
    """What all groups of settings share: frozen, finite, and no name that relay does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ServerSettings(Group):
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


class LimitSettings(Group):
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


class ClockSettings(Group):
    """The four clocks on a call."""

    pick_up_seconds: Seconds = Field(default=10.0, description="Until the page accepts a call")
    first_part_seconds: Seconds = Field(default=300.0, description="From there until the first part of the answer")
    gap_seconds: Seconds = Field(default=120.0, description="Between two parts")
    total_seconds: Seconds = Field(default=3600.0, description="For the whole call")


class BridgeSettings(Group):
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


class ReasoningSettings(Group):
    """A model's reasoning: how much of it, and telling it from the answer."""

    mode: ReasoningMode = Field(
        default="passthrough",
        description="How much: `passthrough` hands on what clients ask for, `auto` lets the model decide, `fixed` "
        "allows `budget`, `adaptive` fits what clients leave open to the request, `off` asks for none",
    )
    budget: Tokens = Field(default=8192, description="Tokens of reasoning in the mode `fixed`")
    inline: bool = Field(default=False, description="Put reasoning into the text, between `<think>` and `</think>`")
    tags: bool = Field(default=True, description="Split reasoning in tags such as `<think>` from the answer")
    unopened: Patterns = Field(
        default=(), description="Models whose reasoning ends with a tag but begins without one: `deepseek-r1*`"
    )


class ToolSettings(Group):
    """Tools and JSON answers on sessions that have none."""

    mode: ToolMode = Field(
        default="auto",
        description="`auto` uses a session's own tools, else puts them in words; `native` refuses instead; "
        "`emulated` always puts them in words",
    )
    sites: ToolModes = Field(default={}, description="The mode for single sites: `host=mode`")


class ThreadSettings(Group):
    """The conversations that a web chat keeps itself."""

    mode: ThreadMode = Field(
        default="fresh",
        description="`fresh` begins a new chat for each call; `reuse` goes on in the one that holds the same history, "
        "where the site can",
    )
    sites: ThreadModes = Field(default={}, description="The mode for single sites: `host=mode`")


class PuterSettings(Group):
    """The chat that relay's own page signs in to."""

    sdk: UrlOrPath = Field(
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


class HeadlessSettings(Group):
    """Browsers that relay runs itself, one for each account of `relay login`."""

    enabled: bool = Field(default=False, description="Start the browsers of all accounts together with relay")
    browser: UserPath | None = Field(
        default=None,
        description="Browser to run; unset is Playwright's own, else the system's Chromium, Chrome or Edge",
    )
    attach: LoopbackUrl | None = Field(
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


class ResponseSettings(Group):
    """Responses that are kept, run in the background, or come over a WebSocket."""

    retention_days: Annotated[float, Field(ge=0, le=3650)] = Field(
        default=30.0, description="How long stored responses are kept; 0 stores none, and none runs in the background"
    )
    stored: Count = Field(default=10_000, description="Most stored responses; beyond it the oldest go")
    stored_bytes: Bytes = Field(
        default=268_435_456, description="Most bytes of stored responses; beyond it the oldest go"
    )
    background_per_key: Count = Field(
        default=16, description="Responses of one key that run in the background at a time"
    )
    sockets_per_key: Count = Field(default=32, description="WebSockets of one key")
    socket_queue: Count = Field(
        default=16, description="Requests that may wait on one WebSocket, where one runs at a time"
    )
    socket_idle_seconds: Seconds = Field(default=600.0, description="How long a WebSocket may stay without a request")
    socket_seconds: Seconds = Field(default=3600.0, description="Age at which a WebSocket is closed")


class ResponsesEndpoint(Group):
    """OpenAI Responses."""

    enabled: bool = Field(default=True, description="Serve `/v1/responses`")


class ChatCompletionsEndpoint(Group):
    """OpenAI Chat Completions, the legacy layer."""

    enabled: bool = Field(default=True, description="Serve `/v1/chat/completions`, OpenAI's older API")


class MessagesEndpoint(Group):
    """Anthropic Messages."""

    enabled: bool = Field(default=True, description="Serve `/v1/messages`")


class GeminiEndpoint(Group):
    """Gemini."""

    enabled: bool = Field(default=True, description="Serve `/v1beta/models/…`, `/v1/models/…:…` and `/v1internal:…`")


class MediaEndpoint(Group):
    """Images, audio, embeddings and completions."""

    enabled: bool = Field(
        default=True, description="Serve `/v1/images/…`, `/v1/audio/…`, `/v1/embeddings`, `/v1/completions`"
    )


class EndpointSettings(Group):
    """The APIs that relay speaks; one that is switched off answers 404."""

    responses: ResponsesEndpoint = ResponsesEndpoint()
    chat_completions: ChatCompletionsEndpoint = ChatCompletionsEndpoint()
    messages: MessagesEndpoint = MessagesEndpoint()
    gemini: GeminiEndpoint = GeminiEndpoint()
    media: MediaEndpoint = MediaEndpoint()


class FetchSettings(Group):
    """What relay fetches itself because a client names it."""

    images: bool = Field(
        default=False,
        description="Fetch images that clients name by address, from the public internet only, and send their content",
    )


class LogSettings(Group):
    """What relay writes about itself; never prompts, answers or secrets."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is written"
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto", description="`auto` is text on a terminal and JSON elsewhere"
    )
    file: UserPath | None = Field(default=None, description="File to write to instead of standard error")
