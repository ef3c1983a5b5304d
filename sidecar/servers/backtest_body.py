"""The body that asks for a backtest: the fields of :class:`~sidecar.domain.backtests.BacktestRequest`, bounded."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sidecar.domain.backtests import BacktestRequest, Engine, Instrument, Mode, Source
from sidecar.servers.bodies import Body
from sidecar.servers.words import LimitName, Name, Number, Price, Symbol

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: Most windows anyone means, in trading days; what fits the data is looked at later.
_LONGEST = 2_000


def _day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("is not a day such as 2025-11-24")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


Day = Annotated[
    date,
    BeforeValidator(_day, json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date"})]),
]
Days = Annotated[int, Field(ge=1, le=_LONGEST)]
ModelName = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_-]*$")]


class BacktestBody(Body):
    """What is to be tested. ``strategy`` is a name of ``backtest/strategies``, its own ``parameters`` by name.

    A ``sweep`` gives several values of some of them, every combination of which is one trial: the result is of the
    best, and says what is left of it once it is known how many were tried. ``resets`` resets the breaker every morning.
    """

    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=10)]
    strategy: Name
    start_date: Day
    end_date: Day
    initial_capital: Price = Decimal(2_000_000)
    model_id: ModelName = ""
    commission: Number | None = None
    slippage: Number | None = None
    mode: Literal["walk_forward", "fixed_window", "expanding_window"] = "walk_forward"
    train_window_days: Days = 60
    test_window_days: Days = 20
    retrain_frequency_days: Days = 20
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    engine: Literal["auto", "vectorised", "event"] = "auto"
    instrument: Literal["future", "atm_options"] = "future"
    source: Literal["auto", "bars", "archive"] = "auto"
    parameters: dict[LimitName, Number] = Field(default_factory=dict, max_length=64)
    sweep: dict[LimitName, Annotated[list[Number], Field(min_length=1, max_length=200)]] = Field(
        default_factory=dict, max_length=8
    )
    resets: bool = False

    def request(self) -> BacktestRequest:
        """The domain's request."""
        told = self.model_dump() | {
            "symbols": tuple(self.symbols),
            "mode": Mode(self.mode),
            "engine": Engine(self.engine),
            "instrument": Instrument(self.instrument),
            "source": Source(self.source),
            "sweep": {name: tuple(values) for name, values in self.sweep.items()},
        }
        return BacktestRequest(**told)
