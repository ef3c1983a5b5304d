"""JSON as the doors take it: a number keeps its digits, and one that cannot be used is refused by its field's name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from sidecar.servers.problems import Problem

#: More characters than any number that can be meant has.
_LONGEST_NUMBER = 100


class _Refused(ValueError):
    """JSON that Python would take and the desk does not."""


def decoded(raw: bytes) -> dict[str, Any]:
    """The JSON object of some bytes; :class:`Problem` 422 says what cannot be used, and where."""
    try:
        found = json.loads(raw, **_DECODING)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, _Refused) else "is not JSON"
        raise Problem(422, f"body: {detail}", errors=[{"field": "body", "problem": detail}]) from None
    if not isinstance(found, dict):
        raise Problem(422, "body: is not a JSON object", errors=[{"field": "body", "problem": "is not a JSON object"}])
    if refused := _unusable(found):
        raise Problem(422, "{field}: {problem}".format(**refused), errors=[refused])
    return found


def named(path: Iterable[str | int]) -> str:
    """The dotted name of a field that a caller sent."""
    # A field's name is the caller's own text: half a surrogate pair in it has no UTF-8.
    return ".".join(str(part)[:64] for part in path).encode("ascii", "backslashreplace").decode()


class _Unusable:
    """Stands where a number was that cannot be used, until its field is known."""

    def __init__(self, problem: str) -> None:
        self.problem = problem


def _unusable(found: dict[str, Any]) -> dict[str, str] | None:
    left: list[tuple[tuple[str | int, ...], Any]] = [((), found)]
    while left:
        path, value = left.pop()
        if isinstance(value, _Unusable):
            return {"field": named(path), "problem": value.problem}
        if isinstance(value, dict | list):
            rows = value.items() if isinstance(value, dict) else enumerate(value)
            left += reversed([((*path[:8], key), row) for key, row in rows])
    return None


def _constant(name: str) -> _Unusable:
    return _Unusable(f"{name} is not a number")


def _whole(text: str) -> int | _Unusable:
    return int(text) if len(text) <= _LONGEST_NUMBER else _too_long(text)


def _fraction(text: str) -> Decimal | _Unusable:
    if len(text) > _LONGEST_NUMBER:
        return _too_long(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return _Unusable("the number is too large or too small")


def _too_long(text: str) -> _Unusable:
    return _Unusable(f"the number is too long: {len(text)} characters, at most {_LONGEST_NUMBER}")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("names a field twice")
    return found


_DECODING: dict[str, Any] = {
    "parse_int": _whole,
    "parse_float": _fraction,
    "parse_constant": _constant,
    "object_pairs_hook": _pairs,
}
