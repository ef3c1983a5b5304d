"""JSON for every wire, in one place: NaN and infinity become ``null``, money is a number, times carry an offset.

What has no exact form there is refused, never guessed: a time without an offset, a number beyond what readers hold, a
key that is no text, an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import Any

import msgspec
import numpy as np

#: How what needs a second look begins: a ``Decimal`` that is none or is huge, a time that does not end in ``Z`` or
#: ``+00:00``. Each pattern begins with a letter of its own, which makes its search as fast as a look at the bytes.
_NONE, _ENDLESS, _HUGE = (re.compile(word).search for word in (rb"NaN", rb"Infinity", rb"E\+"))
_LOCAL = re.compile(rb'T\d\d:\d\d:\d\d(?:\.\d+)?(?:"|[+-](?!00:00"))').search


def encode(value: Any) -> bytes:
    """The JSON bytes of a value made of structs, containers, numbers, times and arrays.

    >>> encode({"pnl": float("nan"), "n": 1})
    b'{"n":1,"pnl":null}'

    :raises TypeError: something in it has no JSON form. :raises ValueError: a naive time, or a number out of range.
    """
    made = _encoder.encode(value)
    return made if _sound(made) else _as_it_is.encode(_mended(value))


def builtins(value: Any) -> Any:
    """The same value as plain Python containers, as a JSON reader would see it."""
    return msgspec.json.decode(encode(value))


def fields(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields by name, with their values as they are."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        if _KINDS.get(value.dtype.kind, 0) >= value.dtype.itemsize or value.dtype == "datetime64[D]":
            return value.tolist()
        raise TypeError(f"numpy's {value.dtype} has no JSON form")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, msgspec.Raw):
        return _read.decode(value)  # made here before, and looked at again with what is round it
    raise TypeError(f"{type(value).__name__} has no JSON form")


#: The kinds of numpy's types that a Python value holds exactly, and the most bytes of each that it does.
_KINDS = {"b": 1, "i": 8, "u": 8, "f": 8, "S": inf, "U": inf, "O": inf}

_encoder = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number", order="deterministic")
#: For what is in its order already.
_as_it_is = msgspec.json.Encoder(decimal_format="number")
_read = msgspec.json.Decoder(float_hook=Decimal)


def _sound(made: bytes) -> bool:
    """Whether nothing in the bytes needs a second look; a text that only looks as if it does costs no more than that.

    The encoder asks nobody about a ``Decimal`` or a ``datetime``: it writes ``NaN`` for the one, and no offset, or one
    cut to minutes, for the other.
    """
    return not (_LOCAL(made) or _HUGE(made) or _NONE(made) or _ENDLESS(made))


def _mended(value: Any) -> Any:
    plain = msgspec.to_builtins(value, builtin_types=(datetime, Decimal), enc_hook=_plain, order="deterministic")
    return _looked_at(plain)


def _looked_at(value: Any) -> Any:
    match value:
        case dict():
            return {name: _looked_at(one) for name, one in value.items()}
        case list() | tuple():
            return [_looked_at(one) for one in value]
        case Decimal():
            return _number(value)
        case datetime():
            return _time(value)
    return value


def _number(value: Decimal) -> Decimal | None:
    if not value.is_finite():
        return None
    if abs(float(value)) == inf:
        raise ValueError(f"{value:.3E} is beyond what a JSON reader holds")
    return value


def _time(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no offset: times on a wire are aware")
    return value.astimezone(UTC)
