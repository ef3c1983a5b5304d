"""A past to run backtests on: bars with a planted direction, and a desk's own settings."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from msgspec.structs import replace

from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec
from sidecar.learning.plan import Plan
from sidecar.proving.past import Columns, Past
from sidecar.proving.run import run
from sidecar.reference import load_reference
from sidecar.settings import desk_config, load_settings
from sidecar.venues.matching import PaperSettings
from tests.learning.market import market

REFERENCE = load_reference()
BARS = market(3, 27, accuracy=0.8, minutes=60, cost=0.0).columns
DAYS = [date.fromordinal(int(day)) for day in np.unique(BARS["session"])]
#: Limits at which no strategy of a test ends: what they hold back is tried on its own.
LOOSE = {
    "loss_streak": 1e6, "daily_loss": 0.9, "drawdown": 0.9, "position_allocation": 9.0, "strategy_allocation": 9.0,
    "capital_per_trade": 9.0, "capital_utilization": 9.0, "margin_utilization": 9.0, "var_95": 9.0,
    "stress_loss": 9.0, "unexecuted_value": 99.0, "net_delta": 1e9, "order_lots": 50.0,
}  # fmt: skip


def past_of(**changes: Any) -> Past:
    """The desk's own settings, with what is given beside them."""
    made = Past(
        config=desk_config(load_settings()),
        paper=PaperSettings(),
        spec=LabelSpec(LabelKind.FIXED_HORIZON, 2),
        plan=Plan(rounds=20, patience=5),
        strategy_s=20.0,
    )
    return replace(made, **changes)


def loose(past: Past) -> Past:
    """The same past without the limits that end a run."""
    return replace(past, config=replace(past.config, limits=past.config.limits | LOOSE))


def asked(strategy: str = "sma_cross", sessions: int = 4, **changes: Any) -> BacktestRequest:
    """A backtest of the last few sessions."""
    return replace(BacktestRequest(("NIFTY",), strategy, DAYS[-sessions], DAYS[-1]), **changes)


def came_to(request: BacktestRequest, past: Past | None = None, given: Columns | None = BARS) -> BacktestResult:
    """What became of it, but for how long it took."""
    return replace(run(request, past or loose(past_of()), REFERENCE, given=given), seconds=0.0)
