"""What the owner of relay wants done for sessions: tools and conversations, in general and for single sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from relay.bridge.session import Session

ToolMode: TypeAlias = Literal["auto", "native", "emulated"]
ThreadMode: TypeAlias = Literal["fresh", "reuse"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The modes, and those of sites by host name, which count before them."""

    tools: ToolMode = "auto"
    tools_by_site: Mapping[str, ToolMode] = field(default_factory=dict)
    threads: ThreadMode = "fresh"
    threads_by_site: Mapping[str, ThreadMode] = field(default_factory=dict)

    def emulates_tools(self, session: Session) -> bool:
        """Whether relay declares tools in the prompt of `session` and reads the calls from its answers."""
        mode = self.tools_by_site.get(session.identity.site, self.tools)
        return mode == "emulated" or (mode == "auto" and not session.capabilities.tools)

    def reuses_threads(self, session: Session) -> bool:
        """Whether calls go on in the site's own conversations where they can."""
        return session.capabilities.reuse and (self.threads_by_site.get(session.identity.site, self.threads) == "reuse")
