"""The bodies that are taken: strict, bounded, nothing unknown, no NaN; a number keeps the digits it was sent with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from starlette.requests import Request

from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.servers.numerals import decoded, named
from sidecar.servers.problems import Problem

#: Most units that one order may ask for; the limits are far below.
MOST_UNITS = 1_000_000_000
_BEYOND = 10**15
_MONEY = re.compile(r"-?\d{1,14}(?:\.\d{1,4})?", re.ASCII)


def _plain(text: str) -> str:
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


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]
Note = Annotated[str, Field(max_length=500), AfterValidator(_plain)]
Symbol = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9&_.-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
LimitName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Price = Annotated[
    Decimal,
    BeforeValidator(_exact, json_schema_input_type=float | str),
    Field(gt=0, max_digits=18, decimal_places=4, allow_inf_nan=False),
]
Number = Annotated[float, BeforeValidator(finite, json_schema_input_type=float)]


class Body(BaseModel):
    """The root of all bodies."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class StopBody(Body):
    """``flatten`` also closes what is open; without it the settings decide."""

    reason: Reason = "no reason given"
    flatten: bool | None = None


class ResetBody(Body):
    """A reset is recorded with its reason."""

    reason: Reason


class CloseBody(Body):
    """Exactly one of ``position_id``, ``symbol`` and ``close_all``."""

    position_id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)] | None = None
    symbol: Symbol | None = None
    close_all: bool = False
    reason: Reason = "no reason given"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.position_id is not None) + (self.symbol is not None) + self.close_all != 1:
            raise ValueError("give exactly one of position_id, symbol and close_all")
        return self


class OrderBody(Body):
    """One order. ``quantity`` is units of the underlying (lots × lot size), positive; a LIMIT needs its ``price``."""

    symbol: Symbol
    quantity: Annotated[int, Field(gt=0, le=MOST_UNITS)]
    side: Annotated[Literal["buy", "sell"], BeforeValidator(_lower)]
    order_type: Annotated[Literal["LIMIT", "MARKET"], BeforeValidator(_upper)] = "LIMIT"
    price: Price | None = None
    time_in_force: Annotated[Literal["DAY", "IOC"], BeforeValidator(_upper)] = "DAY"
    reason: Note = ""
    client_order_id: Name | None = None
    fund_id: Name = "main"
    strategy: Name = "manual"

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if (self.order_type == "LIMIT") != (self.price is not None):
            raise ValueError("price: a LIMIT order needs one and a MARKET order has none")
        return self

    def request(self, symbol: str, client_order_id: str) -> OrderRequest:
        """The domain's order, for the contract that the symbol resolved to."""
        return OrderRequest(
            symbol=symbol,
            side=Side(self.side),
            quantity=self.quantity,
            price=self.price,
            order_type=OrderType(self.order_type),
            time_in_force=TimeInForce(self.time_in_force),
            fund_id=self.fund_id,
            strategy=self.strategy,
            client_order_id=client_order_id,
            reason=self.reason,
        )


class CancelAllBody(Body):
    """Without ``fund_id`` the working orders of every fund."""

    reason: Reason = "no reason given"
    fund_id: Name | None = None


class LimitsBody(Body):
    """New values by limit name; a limit that is not named keeps its value."""

    limits: Annotated[dict[LimitName, Number], Field(min_length=1, max_length=64)]
    reason: Reason
    fund_id: Name | None = None


_B = TypeVar("_B", bound=Body)


async def read(request: Request, model: type[_B]) -> _B:
    """The body of a request as ``model``; none at all counts as ``{}``. :class:`Problem` 422 names each bad field.

    The media type is not asked for: what keeps a foreign page from posting here is the key's header, and a stop sent
    with plain ``curl -d`` must work.
    """
    raw = await request.body()
    return parsed(raw, model)


def parsed(raw: bytes, model: type[_B]) -> _B:
    """The bytes of a JSON object as ``model``; :class:`Problem` 422 says what cannot be used."""
    found = decoded(raw) if raw.strip() else {}
    try:
        return model.model_validate(found)
    except ValidationError as error:
        found_wrong = error.errors(include_url=False, include_input=False)
        rows = [_row(row) for row in found_wrong if not _follows(row, found_wrong)]
        raise Problem(422, "; ".join(f"{row['field']}: {row['problem']}" for row in rows), errors=rows) from None


_WORDS = {
    "extra_forbidden": "is not a field of this request",
    "missing": "is missing",
    "is_instance_of": "give a number, such as 83.40",  # a Decimal is the only class that a body asks for
}


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only called too short because an element of it could not be used."""
    at = error["loc"]
    return error["type"] == "too_short" and any(one is not error and one["loc"][: len(at)] == at for one in errors)


def _row(error: ErrorDetails) -> dict[str, str]:
    problem = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    field = named([part for part in error["loc"] if part != "[key]"])
    if not field and problem.startswith("price: "):
        field, problem = "price", problem.removeprefix("price: ")
    return {"field": field or "body", "problem": problem}
