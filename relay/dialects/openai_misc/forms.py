"""Forms whose fields stand for a JSON object."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from relay.dialects.media import Form
from relay.dialects.reading import typed

S = TypeVar("S", bound=msgspec.Struct)


def typed_fields(form: Form, struct: type[S], lists: Collection[str] = ()) -> S:
    """Return the fields of `form` as `struct`; numbers and booleans are written as text there.

    A field named in `lists` takes all values of its name; of the others the last one counts.

    Raises:
        InvalidRequest: a field is missing or malformed; ``param`` names it.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        found = form.all(field.encode_name)
        if found:
            values[field.encode_name] = list(found) if field.name in lists else _plain(found[-1], field.type)
    return typed(values, struct)


def _plain(value: str, kind: Any) -> Any:
    """Return `value` as a number or boolean where the field is one, else as it is."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return value  # for the error that names the field
