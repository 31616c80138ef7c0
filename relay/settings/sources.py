"""Where settings come from: the command line, the environment, the TOML file; and what to say when they are wrong."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pydantic_settings
from platformdirs import user_config_path
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from relay.errors import SettingsError
from relay.settings.model import Settings

PREFIX = "RELAY_"


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


def unknown_variables() -> list[str]:
    """Return the names in the environment that look like settings of relay and are none."""
    known = {setting.variable for setting in documented()} | {_variable([group]) for group in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


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
        sources = dict.fromkeys(_origin((name,), layers) for name in error["ctx"]["names"])
        return f"{message} (from {' and '.join(source for source in sources if source)})."
    origin = _origin(names, layers) or "the command line"
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting{_nearest(name)} (from {origin})."
    if error["type"] in ("model_type", "model_attributes_type"):
        return f"{name}: is a group; set one of its fields, such as {_first_of(name)} (from {origin})."
    return f"{name}: {message} (from {origin})."


def _origin(names: tuple[str, ...], layers: tuple[_Layer, ...]) -> str:
    """Say where a setting came from, or the one that it is an item of; nothing if it has its default."""
    for length in range(len(names), 0, -1):
        path = names[:length]
        origin = next((layer.origin for layer in layers if layer.has(path)), "")
        if origin:
            return _variable(path) if origin == "the environment" else origin
    return ""


def _first_of(group: str) -> str:
    return next(setting.name for setting in documented() if setting.name.startswith(f"{group}."))


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [setting.name for setting in documented()], n=1)
    return f"; did you mean {close[0]}?" if close else ""
