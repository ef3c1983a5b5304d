"""A rule that buys options at the money, over arrays of imported quotes: the legs that the event engine trades too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import lookahead
from sidecar.backtest.executed import Executed
from sidecar.backtest.options import option_series
from sidecar.backtest.parts import Closes
from sidecar.backtest.ruled import FUND
from sidecar.backtest.series import Series
from sidecar.backtest.sweep import Material, Set
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.domain.backtest_result import DataNote, Lookahead
from sidecar.domain.errors import InputError
from sidecar.proving.archived_atm import AtTheMoney, atm_columns
from sidecar.proving.asked import Asked
from sidecar.store.archive import SIMULATED
from sidecar.strategies.rules import Rule

ASSUMPTIONS = (
    "the option at the money as of a session's first bar is bought: a call on a rise, a put on a fall",
    "it is gone before the session ends",
    "no limit of the desk is tried: what is bought is paid in full",
)
#: How far a run has come, in thousandths, when its quotes are there.
_READ = 250


class Legs(NamedTuple):
    """The calls and the puts as what is traded, and what the rule sees of each bar."""

    asked: Asked
    traded: tuple[Series, Series]
    inputs: Mapping[str, NDArray[np.float64]]
    closes: Closes
    source: str
    simulated: bool
    notes: tuple[DataNote, ...]
    assumptions: tuple[str, ...] = ASSUMPTIONS

    def rule(self, parameters: Set) -> Rule:
        """A fresh rule. :raises InputError: the strategy is none on bars."""
        make = self.asked.chosen.rule
        if make is None:
            raise InputError("engine", f"{self.asked.request.strategy} has no rule on bars", "use event")
        return make(parameters)

    def sizing(self, parameters: Set) -> Sizing:
        """How large a target of 1 is."""
        request = self.asked.request
        return Sizing(self.asked.chosen.lots(parameters), request.initial_capital, FUND, request.strategy)

    def trade(self, parameters: Set) -> Executed:
        """What the rule comes to."""
        return trade(self.traded, self.rule(parameters).batch(self.inputs), self.sizing(parameters))

    def seen(self, parameters: Set) -> Lookahead:
        """Whether the rule sees ahead."""
        return lookahead.of_rule(
            lambda bars: self.rule(parameters).batch(bars), self.inputs, self.asked.request.seed
        )  # fmt: skip

    def material(self, parameters: Set) -> Material:
        """What a sweep tries its sets on; ``parameters`` are of any of them."""
        self.rule(parameters)
        return Material(self.asked.chosen.rule or self.rule, self.inputs, self.traded, self.sizing(parameters))


def legs_of(asked: Asked, period: int) -> Legs:
    """The options at the money in bars of ``period`` (microseconds).

    :raises InputError: nothing was imported of those days, or a tape was given, which holds none at the money.
    """
    request, past = asked.request, asked.past
    if not past.archive:
        raise InputError("engine", "options at the money are read from imported quotes", "use event on a tape")
    symbol = request.symbols[0]

    def told(done: int, of: int) -> None:
        asked.step("options", _READ * done // max(of, 1), f"{done} of {of} days")

    calls, puts = atm_columns(
        Path(past.archive), symbol, request.start_date, request.end_date, asked.reference, asked.calendar, period,
        assumed_spread=past.paper.assumed_spread, told=told,
    )  # fmt: skip
    formats = sorted({place.parts[-3] for place in Path(past.archive).glob(f"*/{symbol}/date=*")})
    return Legs(
        asked=asked,
        traded=(_series(asked, calls), _series(asked, puts)),
        inputs=_inputs(calls),
        closes=_closes(calls),
        source=f"options of {symbol} at the money: {', '.join(formats)}",
        simulated=not SIMULATED.isdisjoint(formats),
        notes=_notes(calls, puts),
    )


def _series(asked: Asked, leg: AtTheMoney) -> Series:
    request = asked.request
    return option_series(
        leg.columns, leg.contracts, asked.reference, slippage=request.slippage, commission=request.commission
    )


def _inputs(leg: AtTheMoney) -> dict[str, NDArray[np.float64]]:
    close = np.asarray(leg.columns["underlying_close"], np.float64)
    first = np.asarray(np.diff(leg.columns["session"], prepend=-1) != 0, np.float64)
    nothing = np.full(len(close), np.nan)
    return {"close": close, "first": first, "p_sell": nothing, "p_hold": nothing, "p_buy": nothing}


def _closes(leg: AtTheMoney) -> Closes:
    session, close = leg.columns["session"], leg.columns["underlying_close"]
    ends = np.flatnonzero(np.diff(session, append=np.inf) != 0)
    return Closes(session[ends].astype(np.int64), np.asarray(close, np.float64)[ends])


def _notes(calls: AtTheMoney, puts: AtTheMoney) -> tuple[DataNote, ...]:
    assumed = max(calls.assumed, puts.assumed)
    detail = "sessions with last prices alone: a spread was laid round them"
    return (DataNote("assumed spread", assumed, detail),) if assumed else ()
