"""Checking JSON values against the JSON Schemas of clients.

The schemas are foreign. So nothing is fetched for a ``$ref``, and what is no schema is not checked against. ``pattern``
and its relatives are left out: they are regular expressions of another language
(https://json-schema.org/draft/2020-12/json-schema-core#name-regular-expressions), and one can be written that runs for
ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from relay.core.request import JsonSchema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_SHOWN: Final = 3
_LONGEST: Final = 200


def problems(schema: JsonSchema | None, value: object, name: str) -> list[str]:
    """Return what is wrong with `value`, in words with the path from `name`; the first few only."""
    if schema is None:
        return []
    try:
        return [_words(error, name) for error in islice(_validator(schema).iter_errors(cast("Any", value)), _SHOWN)]
    except Exception:  # noqa: BLE001  a schema can make the library raise nearly anything: RecursionError, TypeError, …
        return []


def _words(error: ValidationError, name: str) -> str:
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    deepest = best_match([error])
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in deepest.absolute_path)
    message = deepest.message
    if len(message) > _LONGEST:
        message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
    return f"{name}{path}: {message}"


def _validator(schema: JsonSchema) -> Validator:
    # Loading them takes 0.1 s, which only those should pay who need it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    draft = _without_patterns(validator_for(schema, default=Draft202012Validator))
    for error in draft(draft.META_SCHEMA).iter_errors(cast("Any", schema)):
        raise error
    return draft(schema, registry=Registry())


@cache
def _without_patterns(draft: type[Validator]) -> type[Validator]:
    from jsonschema.validators import extend  # noqa: PLC0415

    named = draft.VALIDATORS.get("additionalProperties")

    def additional(validator: Validator, value: Any, instance: object, schema: JsonSchema) -> Iterator[ValidationError]:
        if named is not None and "patternProperties" not in schema:
            yield from named(validator, value, instance, schema) or ()

    def nothing(*_arguments: object) -> Iterator[ValidationError]:
        yield from ()

    skipped = dict.fromkeys(("pattern", "patternProperties", "unevaluatedProperties"), nothing)
    keywords = {**skipped, "additionalProperties": additional}
    return cast("type[Validator]", extend(draft, keywords))  # type: ignore[no-untyped-call]  # so it is in the stubs
