"""The JSON schema of an answer, read off its worked example: what is there, of which type, and what may be unknown.

Every number may be ``null``, because an unknown number is. What the example shows as ``null`` may be anything.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


class Named(dict[str, Any]):
    """A mapping of an example whose keys are names (symbols, limits), not fields: any name may stand there."""


class Maybe:
    """A value of an example that may be ``null`` or missing."""

    def __init__(self, value: Any) -> None:
        self.value = value


def plain(value: Any) -> Any:
    """An example without its marks, as it is shown."""
    match value:
        case Maybe():
            return plain(value.value)
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    return value


def schema(value: Any) -> Schema:
    """The JSON schema that an example fits, and every answer of its kind."""
    match value:
        case None:
            return {}
        case Maybe():
            return {"anyOf": [schema(value.value), {"type": "null"}]}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": ["number", "null"]}
        case str():
            return {"type": "string"}
        case Named():
            return {"type": "object", "additionalProperties": _one_of(value.values())}
        case dict():
            required = sorted(name for name, one in value.items() if not isinstance(one, Maybe))
            fields = {name: schema(one) for name, one in value.items()}
            return {"type": "object", "properties": fields, "required": required}
        case list() | tuple():
            return {"type": "array", "items": _one_of(value)}
    raise TypeError(f"an example holds a {type(value).__name__}")


def inlined(found: Schema) -> Schema:
    """A model's schema with every ``$ref`` to its own ``$defs`` written out, so that it can stand in any document."""
    defined = found.get("$defs", {})

    def written(one: Any) -> Any:
        if isinstance(one, list):
            return [written(part) for part in one]
        if not isinstance(one, dict):
            return one
        if name := one.get("$ref"):
            return written(defined[name.rpartition("/")[2]])
        return {key: written(part) for key, part in one.items() if key != "$defs"}

    made: Schema = written(found)
    return made


def _one_of(values: Any) -> Schema:
    found: list[Schema] = []
    for value in values:
        if (one := schema(value)) not in found:
            found.append(one)
    return found[0] if len(found) == 1 else {"anyOf": found} if found else {}
