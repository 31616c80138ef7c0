"""From the bytes of a request to the typed structs of a dialect, with errors that name the place.

No body may crash relay: what is no JSON, not UTF-8 or nested beyond reason is the client's mistake, a lone surrogate in
a string is mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from relay.core.surrogates import mend_json
from relay.dialects.base import deeper_than
from relay.errors import InvalidRequest

MOST_NESTS: Final = 131_072
"""Most lists and objects in one body. Bytes bound texts well, but not these: thirty megabytes of ``[],`` take half a
minute and gigabytes to look at, and nobody else is served meanwhile."""
MOST_ITEMS: Final = 1_048_576
"""Most items of all its lists and objects together, for the same reason."""

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything: Final = msgspec.json.Decoder()


class Reader(Generic[S]):
    """Read bodies as the struct `body_type`, which names the fields that relay understands."""

    def __init__(self, body_type: type[S]) -> None:
        self._decode = msgspec.json.Decoder(body_type).decode
        self._known = frozenset(field.encode_name for field in msgspec.structs.fields(body_type))

    def read(self, body: bytes) -> tuple[S, dict[str, Any]]:
        """Return the fields that relay understands, and the others that are set.

        Raises:
            InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
        """
        return _guarded(body, self._read)

    def _read(self, body: bytes) -> tuple[S, dict[str, Any]]:
        known = self._decode(body)
        fields = _fields.decode(body)
        extra = {name: _anything.decode(fields[name]) for name in fields if name not in self._known}
        return known, {name: value for name, value in extra.items() if value is not None}


def parse_json(body: bytes) -> Any:
    """Return the value in `body`.

    Raises:
        InvalidRequest: it is not JSON, or nested too deeply.
    """
    return _guarded(body, _anything.decode)


def typed(value: Any, value_type: type[T], where: str = "") -> T:
    """Return the parsed JSON `value`, which stood at `where`, as `value_type`.

    Raises:
        InvalidRequest: a field is missing or malformed; ``param`` names it.
    """
    try:
        return msgspec.convert(value, value_type)
    except msgspec.ValidationError as exc:
        raise _invalid_field(str(exc), where) from exc


def check_count(param: str, items: Collection[Any] | None, most: int) -> None:
    """Refuse more than `most` items.

    Raises:
        InvalidRequest: there are more; ``param`` names the field.
    """
    if items is not None and len(items) > most:
        raise InvalidRequest(f"{param} has {len(items)} items; at most {most} are allowed.", param=param)


def check_depth(values: Mapping[str, Iterable[Any]], most: int) -> None:
    """Refuse values, by the name of their field, in which anything is nested more than `most` levels.

    Raises:
        InvalidRequest: one is; ``param`` names the field.
    """
    for param, value in values.items():
        if deeper_than(list(value), most):
            raise InvalidRequest(f"{param} is nested too deeply; at most {most} levels are allowed.", param=param)


def _guarded(body: bytes, read: Callable[[bytes], T], *, mended: bool = False) -> T:
    try:
        body.decode()  # msgspec does not look into the strings that it skips
        _check_size(body)
        return read(body)
    except msgspec.ValidationError as exc:
        raise _invalid_field(str(exc)) from exc
    except msgspec.DecodeError as exc:
        if not mended and (whole := mend_json(body)) != body:
            return _guarded(whole, read, mended=True)
        raise InvalidRequest(f"The body is not valid JSON: {exc}.") from exc
    except UnicodeDecodeError as exc:
        raise InvalidRequest("The body is not valid UTF-8.") from exc
    except RecursionError as exc:
        raise InvalidRequest("The body is nested too deeply.") from exc


def _more_than(most: int, marks: str) -> re.Pattern[bytes]:
    """Return what matches a body with more than `most` of `marks` outside of its strings."""
    to_next = rf'(?:[^"{marks}]++|"(?:[^"\\]++|\\.)*+")*+[{marks}]'
    return re.compile(f"(?:{to_next}){{{most + 1}}}".encode(), re.DOTALL)


_NESTS: Final = _more_than(MOST_NESTS, r"\[{")
_ITEMS: Final = _more_than(MOST_ITEMS - 1, ",")


def _check_size(body: bytes) -> None:
    """Refuse what has more than ``MOST_NESTS`` or ``MOST_ITEMS``; brackets and commas in texts do not count."""
    if body.count(b"[") + body.count(b"{") > MOST_NESTS and _NESTS.match(body):
        raise InvalidRequest(f"The body has more than {MOST_NESTS} lists and objects.")
    if body.count(b",") >= MOST_ITEMS and _ITEMS.match(body):
        raise InvalidRequest(f"The body has more than {MOST_ITEMS} items in its lists and objects.")


_PLACE: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")


def _invalid_field(problem: str, where: str = "") -> InvalidRequest:
    """Return the error for what msgspec says, such as ``Expected `str`, got `int` - at `$.model```."""
    place = _PLACE.fullmatch(problem)
    what, path = (place["what"], place["path"] or "") if place else (problem, "")
    if missing := _MISSING.fullmatch(what):
        path = f"{path}.{missing[1]}" if path else missing[1]
        what = "This field is required"
    path = f"{where}.{path}".strip(".").replace(".[", "[")
    return InvalidRequest(f"{path}: {what}." if path else f"{what}.", param=path or None)
