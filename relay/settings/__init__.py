"""Every setting of relay, and the only code that reads the environment and the settings file.

A value comes from the first of: the command line, ``RELAY_*`` in the environment (``__`` between a group and its
field), the TOML file, the default. docs/reference/settings.md lists them; a test compares it with the models.
"""

from relay.settings.groups import (
    BridgeSettings,
    ClockSettings,
    HeadlessSettings,
    LimitSettings,
    LogSettings,
    PuterSettings,
    ReasoningSettings,
    ServerSettings,
)
from relay.settings.kinds import parse_origin
from relay.settings.model import Settings
from relay.settings.sources import Documented, default_config, documented, load, unknown_variables

__all__ = [
    "BridgeSettings",
    "ClockSettings",
    "Documented",
    "HeadlessSettings",
    "LimitSettings",
    "LogSettings",
    "PuterSettings",
    "ReasoningSettings",
    "ServerSettings",
    "Settings",
    "default_config",
    "documented",
    "load",
    "parse_origin",
    "unknown_variables",
]
