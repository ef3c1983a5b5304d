"""What the client sends: JSON in which every number is one.

The encoder writes NaN and infinity as ``null``, which a desk reads as *none given*: a limit would be taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec
import numpy as np

from sidecar.domain.errors import InputError


def body_of(asked: Mapping[str, Any]) -> bytes:
    """The bytes of a body. Numpy's numbers are taken as Python's; money in ``Decimal`` is text, exact.

    :raises InputError: a number that is none, with the field it stands in.
    """
    return msgspec.json.encode(_sound(asked, ""))


def _sound(value: Any, field: str) -> Any:
    match value:
        case Mapping():
            return {name: _sound(one, f"{field}.{name}" if field else str(name)) for name, one in value.items()}
        case list() | tuple():
            return [_sound(one, f"{field}[{place}]") for place, one in enumerate(value)]
        case np.ndarray() | np.generic():
            return _sound(value.tolist(), field)
        case float() | Decimal() if not isfinite(value):
            raise InputError(field, f"{value} is not a number", "give one, or leave it out")
    return value
