from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from sidecar.backtest.executed import trade_digest
from sidecar.backtest.forecasts import forecast_events
from sidecar.backtest.models import Predicted, predicted
from sidecar.backtest.ruled import Prepared, Ruled, by_events, fed, planned, prepared, vectorised
from sidecar.backtest.windows import windows
from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.clock import from_datetime
from sidecar.domain.events import Forecast, ModelOffered
from sidecar.domain.models import CLASSES, LabelKind, ModelRole, Prediction
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.features.labels import LabelSpec
from sidecar.learning.plan import Plan
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults
from sidecar.strategies.machine import MachineOnly
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.learning.market import market

REFERENCE = load_reference()
NSE = REFERENCE.calendar("NSE")
BARS = market(3, 21, accuracy=0.8, minutes=120, cost=0.0).columns
DAYS = [date.fromordinal(int(day)) for day in np.unique(BARS["session"])]
REQUEST = BacktestRequest(
    ("NIFTY",), "ml_only", DAYS[0], DAYS[-1], train_window_days=18, test_window_days=1, retrain_frequency_days=1,
    initial_capital=Decimal(20_000_000),
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Predicted:
    made = windows(DAYS, REQUEST, learns=True)
    spec = LabelSpec(LabelKind.FIXED_HORIZON, 2)
    return predicted(BARS, "NIFTY", made, REQUEST, spec, Plan(rounds=20, patience=5), lambda _: None, None, NSE)


def ruled() -> Ruled:
    config = DeskConfig({"main": Decimal(1)}, {**defaults(), "loss_streak": 1_000.0})
    return Ruled(
        request=REQUEST, rule=lambda: MachineOnly(0.3, 0.005), own=lambda _: (), lots=1, reference=REFERENCE,
        calendar=NSE, config=config, paper=PaperSettings(), patience_s=0.0,
    )  # fmt: skip


def past(found: Predicted) -> Prepared:
    return prepared(ruled(), "NIFTY", BARS, found.windows, found, ())


def test_each_predicted_bar_has_one_forecast_and_each_window_its_model_before(found: Predicted) -> None:
    events = forecast_events(found, BARS)
    rows = np.flatnonzero(found.model >= 0)
    assert list(events) == BARS["closes_at"][rows].tolist()
    offered = [told[0].model.id for told in events.values() if isinstance(told[0], ModelOffered)]
    assert offered == [window.model_id for window in found.windows]
    for row, (at, told) in zip(rows.tolist(), events.items(), strict=True):
        *_, forecast = told
        assert isinstance(forecast, Forecast)
        (one,) = forecast.predictions
        assert one.bar_at == one.known_at == forecast.at == at
        assert one.probabilities == tuple(found.p[row].tolist())
        assert one.signal is CLASSES[int(np.argmax(found.p[row]))]
        assert one.confidence == max(one.probabilities)
        assert one.due_at == at + 2 * 60_000_000
        assert one.replayed
        assert one.simulated


def test_the_desk_takes_every_prediction_and_shows_it_on_its_bar(found: Predicted) -> None:
    ready = past(found)
    plan, _ = planned(ruled(), [ready])
    state = DeskState(plan.config, REFERENCE, NSE)
    seen: dict[int, Prediction] = {}

    def publish(published: Published) -> None:
        for one in published.report.predictions[-1:]:
            if one.bar_at == from_datetime(published.report.timestamp):
                seen[one.bar_at] = one

    drive = Drive(state, PaperBroker(seed=1, settings=plan.paper, calendar=NSE), publish=publish)
    for event in fed([ready]):
        drive.handle(event)
    rows = np.flatnonzero(found.model >= 0)
    assert dict(state.refused_predictions) == {}
    assert state.counters["predictions"] == rows.size == len(seen)
    assert list(seen) == BARS["closes_at"][rows].tolist()
    assert [one.probabilities for one in seen.values()] == [tuple(each) for each in found.p[rows].tolist()]
    roles = {one.id: one.role for one in state.models.by_id.values()}
    ids = [window.model_id for window in found.windows]
    assert roles == dict.fromkeys(ids[:-1], ModelRole.RETIRED) | {ids[-1]: ModelRole.CHAMPION}


def test_a_rule_that_looks_at_the_model_trades_the_same_in_both_engines(found: Predicted) -> None:
    ready = past(found)
    fast = vectorised(ruled(), ready)
    slow, _ = by_events(ruled(), [ready])
    assert len(fast.fills) > 10
    assert trade_digest(slow) == trade_digest(fast)
