"""The detector on the desk itself: an honest rule and one that was given its future, through gate, book and venue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.bar_feed import bar_events
from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.futures import future_series
from sidecar.backtest.lookahead import of_events
from sidecar.backtest.pace import chainless, paced, patient
from sidecar.backtest.scrambled import scrambled_columns
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.desk.config import DeskConfig
from sidecar.domain.events import AnyEvent, Quote
from sidecar.domain.orders import Fill
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.rules import ClosedBar, Rule, Stepper, Targets
from sidecar.strategies.sma_cross import SmaCross
from sidecar.venues.matching import PaperSettings
from tests.learning.market import market

REFERENCE = load_reference()
NSE = REFERENCE.calendar("NSE")
BARS = market(7, 1, minutes=30).columns
LONG = market(9, 4, minutes=120).columns
SERIES = future_series(BARS, "NIFTY", REFERENCE, slippage=0.0, commission=0.0)
EVENTS = list(bar_events(SERIES, BARS, "NIFTY", source="made", simulated=True))


class Foreseen:
    """Long where the next bar closes higher, short where it closes lower."""

    name = "foreseen"
    needs_model = False

    def __init__(self, closes: Mapping[int, float]) -> None:
        self._next = {at: after for (at, _), (_, after) in pairwise(sorted(closes.items()))}

    def stepper(self) -> Stepper:
        def step(bar: ClosedBar) -> float:
            return float(np.sign(self._next.get(bar.closes_at, bar.close) - bar.close))

        return step

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        return np.asarray(np.sign(np.r_[np.diff(bars["close"]), 0.0]))


def traded(events: list[AnyEvent], rule: Rule) -> Executed:
    config = DeskConfig({"main": Decimal(20_000_000)}, {**defaults(), "loss_streak": 1_000.0})
    config, _ = chainless(paced(config, 60.0)[0], {"NIFTY": 0.15})
    plan = EventPlan(config, patient(PaperSettings(), 60.0, at_once=True), patience_s=0.0)
    return run_events(events, plan, REFERENCE, NSE, (BarStrategy(rule, "s", "main", "NIFTY"),))


def honest(events: Iterable[AnyEvent]) -> Executed:
    return traded(list(events), SmaCross(2, 5, short=True))


def cheating(events: Iterable[AnyEvent]) -> Executed:
    known = list(events)
    closes = {
        event.at + 1: event.last for event in known if isinstance(event, Quote) and event.symbol == "NIFTY"
        and event.at % 60_000_000
    }  # fmt: skip
    return traded(known, Foreseen(closes))


def test_what_the_fast_engine_traded_before_an_instant_does_not_hang_on_what_came_after() -> None:
    def fills(columns: Mapping[str, NDArray[Any]], until: int) -> list[Fill]:
        series = future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None)
        targets = SmaCross(2, 5, short=True).batch({"close": columns["close"]})
        return [fill for fill in trade(series, targets, Sizing(1, Decimal(20_000_000))).fills if fill.at <= until]

    rng = np.random.default_rng(2)
    assert len(fills(LONG, int(LONG["at"][-1]))) > 50
    for cut in rng.integers(100, len(LONG["at"]) - 1, 12).tolist():
        until = int(LONG["at"][cut])
        assert fills(scrambled_columns(LONG, cut, bool(cut % 2), rng), until) == fills(LONG, until)


def test_a_rule_that_was_given_its_future_is_caught_on_the_desk_and_an_honest_one_is_not() -> None:
    assert len(honest(EVENTS).fills) > 3
    assert of_events(honest, EVENTS, seed=1, cuts=2).changed == 0
    found = of_events(cheating, EVENTS, seed=1, cuts=2)
    assert found.changed >= 1
    assert "NIFTY" in found.first
