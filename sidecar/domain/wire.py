"""JSON for every wire, in one place: NaN and infinity become ``null``, money is a number, times carry an offset."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number", order="deterministic")


def encode(value: Any) -> bytes:
    """The JSON bytes of a value made of structs, containers, numbers, times and arrays.

    >>> encode({"pnl": float("nan"), "n": 1})
    b'{"n":1,"pnl":null}'
    """
    return _encoder.encode(value)


def builtins(value: Any) -> Any:
    """The same value as plain Python containers, as a JSON reader would see it."""
    return msgspec.json.decode(encode(value))
