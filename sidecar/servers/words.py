"""The words that bodies are made of: text without control characters, names, prices, finite numbers, scopes."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from sidecar.domain.errors import InputError
from sidecar.domain.scopes import Scope

_BEYOND = 10**15
_MONEY = re.compile(r"-?\d{1,14}(?:\.\d{1,4})?", re.ASCII)


def plain(text: str) -> str:
    """The text itself. :raises ValueError: it holds what a terminal or a reader would obey."""
    for character in text:
        category = unicodedata.category(character)
        turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
        if turns or category in ("Cc", "Cs", "Zl", "Zp"):
            raise ValueError("holds a control character")
    return text


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        if not _MONEY.fullmatch(value):
            raise ValueError("is not a plain decimal number of at most four places")
        return Decimal(value)
    return Decimal(value) if type(value) is int else value


def finite(value: Any) -> float:
    """A JSON number as float. :raises ValueError: it is no number, or none that anyone means."""
    if type(value) in (int, float, Decimal) and abs(value) < _BEYOND and isfinite(value):
        return float(value)
    raise ValueError("is not a finite number")


def _scope(text: str) -> str:
    try:
        return str(Scope.parse(text))
    except InputError as error:
        raise ValueError(f"{error.problem}; {error.remedy}") from None


def lower(value: Any) -> Any:
    """Text in small letters; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


def upper(value: Any) -> Any:
    """Text in capital letters; anything else as it is."""
    return value.upper() if isinstance(value, str) else value


#: What :func:`plain` lets pass, as far as a schema can say it.
PLAIN = {"pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$"}
Reason = Annotated[str, Field(min_length=1, max_length=500, json_schema_extra=PLAIN), AfterValidator(plain)]
Note = Annotated[str, Field(max_length=500, json_schema_extra=PLAIN), AfterValidator(plain)]
Symbol = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9&_.-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Client = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.:@-]+$")]
LimitName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Price = Annotated[
    Decimal,
    BeforeValidator(_exact, json_schema_input_type=float | str),
    Field(gt=0, max_digits=18, decimal_places=4, allow_inf_nan=False),
]
Number = Annotated[float, BeforeValidator(finite, json_schema_input_type=float)]
#: Seconds that an override lasts, and within which a heartbeat must follow another.
Lasting = Annotated[
    float,
    BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=1, le=900)]),
    Field(ge=1, le=900),
]
Interval = Annotated[
    float,
    BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=5, le=600)]),
    Field(ge=5, le=600),
]
_NAME = "[A-Za-z0-9&_.:-]+"
_SCOPE = rf"^(\*|{_NAME}(/({_NAME}|\*)){{0,2}})$"
ScopeText = Annotated[str, Field(max_length=200, pattern=_SCOPE), AfterValidator(_scope)]
