"""All settings together, and the combinations that are refused."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Self

from platformdirs import user_data_path
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from relay.settings.groups import (
    BridgeSettings,
    EndpointSettings,
    FetchSettings,
    Group,
    HeadlessSettings,
    LimitSettings,
    LogSettings,
    PuterSettings,
    ReasoningSettings,
    ResponseSettings,
    ServerSettings,
    ThreadSettings,
    ToolSettings,
)
from relay.settings.kinds import Address, Hosts, Origins, Port, UserPath


class Settings(Group):
    """All settings, checked and frozen; combinations that would expose relay by accident do not validate."""

    host: Address = Field(default="127.0.0.1", description="Address to listen on")
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
    responses: ResponseSettings = ResponseSettings()
    endpoints: EndpointSettings = EndpointSettings()
    fetch: FetchSettings = FetchSettings()
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
