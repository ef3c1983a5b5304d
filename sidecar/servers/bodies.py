"""The bodies that are taken: strict, bounded, nothing unknown, no NaN; a number keeps the digits it was sent with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from starlette.requests import Request

from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.servers.numerals import decoded, named
from sidecar.servers.problems import Problem
from sidecar.servers.words import (
    PLAIN,
    Client,
    Interval,
    Lasting,
    LimitName,
    Name,
    Note,
    Number,
    Price,
    Reason,
    ScopeText,
    Symbol,
    lower,
    plain,
    upper,
)

#: Most units that one order may ask for; the limits are far below.
MOST_UNITS = 1_000_000_000


class Body(BaseModel):
    """The root of all bodies."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class StopBody(Body):
    """``flatten`` also closes what is open; without it the settings decide. A ``drill`` stops too, as a rehearsal."""

    reason: Reason = "no reason given"
    flatten: bool | None = None
    drill: bool = False


class ResetBody(Body):
    """A reset is recorded with its reason. ``scope`` narrower than the desk (``main/demo``) resets that alone."""

    reason: Reason
    scope: ScopeText = "*"


class DisableBody(Body):
    """Trading is turned off with a reason."""

    reason: Reason


class OverrideBody(Body):
    """The named ``limits`` pass for ``expires_in_s`` seconds of the desk's clock, at most a quarter of an hour."""

    reason: Reason
    expires_in_s: Lasting
    limits: Annotated[list[LimitName], Field(min_length=1, max_length=64)]


class OverrideEndBody(Body):
    """The override ends now."""

    reason: Reason = "no reason given"


class HeartbeatBody(Body):
    """A sign of life of ``client``; another must follow within ``expires_in_s``. A ``goodbye`` ends the watch."""

    client: Client
    expires_in_s: Interval = 60.0
    goodbye: bool = False


_EXACTLY_ONE: tuple[JsonValue, ...] = (
    {"required": ["position_id"], "properties": {"position_id": {"type": "string"}}},
    {"required": ["symbol"], "properties": {"symbol": {"type": "string"}}},
    {"required": ["close_all"], "properties": {"close_all": {"const": True}}},
)


class CloseBody(Body):
    """Exactly one of ``position_id``, ``symbol`` and ``close_all``."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [*_EXACTLY_ONE]})

    position_id: (
        Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=PLAIN), AfterValidator(plain)] | None
    ) = None
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
    side: Annotated[Literal["buy", "sell"], BeforeValidator(lower)]
    order_type: Annotated[Literal["LIMIT", "MARKET"], BeforeValidator(upper)] = "LIMIT"
    price: Price | None = None
    time_in_force: Annotated[Literal["DAY", "IOC"], BeforeValidator(upper)] = "DAY"
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
    """New values by limit name; a limit that is not named keeps its value, and null takes one away below the desk.

    They are the desk's, or those of a fund, of a ``strategy`` of it, of an ``underlying`` of either.
    """

    limits: Annotated[
        dict[LimitName, Number | None],
        Field(min_length=1, max_length=64, json_schema_extra={"additionalProperties": False}),
    ]
    reason: Reason
    fund_id: Name | None = None
    strategy: Name | None = None
    underlying: Symbol | None = None

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.fund_id is None and (self.strategy is not None or self.underlying is not None):
            raise ValueError("fund_id: is missing; a strategy and an underlying are a fund's")
        return self


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


#: A rule about several fields names the one to mend.
_NAMED = re.compile(r"(price|fund_id): ")


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only called too short because an element of it could not be used."""
    at = error["loc"]
    return error["type"] == "too_short" and any(one is not error and one["loc"][: len(at)] == at for one in errors)


def _row(error: ErrorDetails) -> dict[str, str]:
    problem = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    field = named([part for part in error["loc"] if part != "[key]"])
    if not field and (told := _NAMED.match(problem)):
        field, problem = told[1], problem[told.end() :]
    return {"field": field or "body", "problem": problem}
