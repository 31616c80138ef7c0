"""The spellings that Google takes for one request.

Google reads JSON by the rules of https://protobuf.dev/programming-guides/json/: a field may be written in camel case or
as in the .proto file (``mime_type``), and a whole number as ``40.0`` or ``"40"``. Where a list is expected, a single
item will do (``"contents": {"parts": {"text": "Hi"}}``). Its own SDKs and examples use all of that.

Only fields that a struct names are respelt. What is inside values that belong to the user, such as the arguments of a
call or a schema, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from relay.errors import InvalidRequest

Respell: TypeAlias = Callable[[Any, str], Any]
"""Return a value in the spelling of the structs; the text says where it stands."""

_NEXT_WORD: Final = re.compile(r"_([a-z0-9])")
_WHOLE: Final = re.compile(r"-?\d{1,19}")


class Spelling:
    """Read parsed JSON as the struct `body_type`."""

    def __init__(self, body_type: type[msgspec.Struct]) -> None:
        self._respell = _respelling(inspect.type_info(body_type))
        self._known = frozenset(field.encode_name for field in msgspec.structs.fields(body_type))

    def normal(self, value: Any) -> Any:
        """Return `value` in the spelling of the struct.

        Raises:
            InvalidRequest: a field is there in both spellings.
        """
        return self._respell(value, "")

    def unknown(self, normal: Any) -> dict[str, Any]:
        """Return the fields of the object `normal` that the struct does not name and that are set."""
        return {name: value for name, value in normal.items() if name not in self._known and value is not None}


def camel(name: str) -> str:
    """Return `name` in camel case."""
    return _NEXT_WORD.sub(lambda match: match[1].upper(), name)


def _respelling(info: inspect.Type) -> Respell:
    match info:
        case inspect.UnionType(types=types):
            return next((found for each in types if (found := _respelling(each)) is not _as_it_is), _as_it_is)
        case inspect.StructType(fields=fields):
            return _object({field.encode_name: _respelling(field.type) for field in fields})
        case inspect.ListType(item_type=item):
            return _list(_respelling(item))
        case inspect.IntType():
            return _whole_number
        case _:
            return _as_it_is


def _as_it_is(value: Any, where: str) -> Any:  # noqa: ARG001  one of several that have a place
    return value


def _whole_number(value: Any, where: str) -> Any:  # noqa: ARG001
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value


def _list(item: Respell) -> Respell:
    def respell(value: Any, where: str) -> Any:
        if value is None:
            return None
        items = value if isinstance(value, list) else [value]
        return [item(each, f"{where}[{index}]") for index, each in enumerate(items)]

    return respell


def _object(fields: dict[str, Respell]) -> Respell:
    def respell(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return value
        normal: dict[str, Any] = {}
        for name, inner in value.items():
            key = name if name in fields else camel(name)
            if key not in fields:
                normal[name] = inner
                continue
            place = f"{where}.{key}" if where else key
            if normal.get(key) is not None:
                raise InvalidRequest(f"{place} is there twice, in two spellings.", param=place)
            normal[key] = fields[key](inner, place)
        return normal

    return respell
