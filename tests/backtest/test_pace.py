"""What is loosened for a slow past, and that it is said."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.backtest.pace import PATIENCE, USUAL_VOLATILITY, chainless, paced, patient, volatility
from sidecar.desk.config import DeskConfig, History
from sidecar.domain.clock import DAY
from sidecar.risk.limits import defaults, validate
from sidecar.risk.shocks import implied
from sidecar.venues.matching import PaperSettings

CONFIG = DeskConfig(capital={}, limits=defaults())


def test_data_of_every_two_seconds_is_not_stale_to_the_desk_as_it_is() -> None:
    config, said = paced(CONFIG, 2.0)
    assert config.limits["stale"] == 10.0
    assert config.limits["order_rate"] == 30.0
    assert [sentence.split()[2] for sentence in said] == ["order_rate", "duplicate_order"]


def test_bars_of_a_minute_are_not_stale_and_every_other_limit_holds() -> None:
    config, said = paced(CONFIG, 60.0)
    changed = {name for name, value in config.limits.items() if value != CONFIG.limits[name]}
    assert changed == {"stale", "stale_warn"}
    assert (config.limits["stale"], config.limits["stale_warn"]) == (60.0 * PATIENCE, 30.0 * PATIENCE)
    assert said[0] == "the limit stale is 300, not 10: the data comes every 60 s"
    validate(config.limits)


def test_orders_of_several_strategies_a_second_are_the_bars_own_pace() -> None:
    config, said = paced(CONFIG, 1.0, orders_each=2)
    assert (config.limits["order_rate"], config.limits["duplicate_order"]) == (120.0, 1.0)
    assert [sentence.split()[2] for sentence in said] == ["order_rate", "duplicate_order"]


def test_limits_that_are_looser_already_stay() -> None:
    loose = DeskConfig(capital={}, limits=defaults() | {"stale": 4_000.0, "stale_warn": 3_000.0})
    assert paced(loose, 60.0) == (loose, ())


def test_the_venue_waits_for_the_next_of_the_data() -> None:
    paper = PaperSettings()
    assert patient(paper, 1.0) == paper
    assert patient(paper, 60.0).stale_after_us == 300_000_000
    assert patient(paper, 60.0).latency_us == paper.latency_us
    on_bars = patient(paper, 60.0, at_once=True)
    assert (on_bars.latency_us, on_bars.stale_after_us) == (0, DAY)


def test_without_options_the_value_at_risk_is_a_models_and_says_so() -> None:
    config, said = chainless(CONFIG, {"NIFTY": 0.2})
    assert config.history is not None
    np.testing.assert_array_equal(config.history.shocks.spot, implied({"NIFTY": 0.2}).spot)
    assert config.history.shocks.method == "implied"
    assert said == (
        "no option is in the data: value at risk is a model's for a fixed volatility a year, NIFTY at 20.0%",
    )


def test_a_history_of_the_settings_own_stays() -> None:
    known = DeskConfig(capital={}, limits=defaults(), history=History.of(implied({"NIFTY": 0.3, "SENSEX": 0.3})))
    assert chainless(known, {"NIFTY": 0.2}) == (known, ())
    other, said = chainless(known, {"BANKNIFTY": 0.2})
    assert other != known
    assert said


def test_a_volatility_is_of_the_closes_before_and_of_enough_of_them() -> None:
    steps = np.tile([0.01, -0.01], 200)
    closes = 100.0 * np.exp(np.cumsum(steps))
    assert volatility(closes) == pytest.approx(0.01 * 252**0.5)
    for few in ([], closes[:20], np.full(50, 100.0), [float("nan")] * 50):
        assert volatility(few) == USUAL_VOLATILITY
