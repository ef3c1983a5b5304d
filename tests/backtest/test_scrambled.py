from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest.scrambled import KNOWN_AHEAD, scrambled_columns, scrambled_events
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from tests.learning.market import market

BARS = market(4, 3, minutes=60).columns
N = len(BARS["at"])
TIMES = ("at", "closes_at", "known_at", "symbol", "source", "simulated", *(KNOWN_AHEAD & BARS.keys()))


@given(st.integers(0, N - 2), st.booleans(), st.integers(0, 99))
def test_the_past_stays_to_the_bit_and_the_times_throughout(cut: int, up: bool, seed: int) -> None:
    before = {name: values.copy() for name, values in BARS.items()}
    made = scrambled_columns(BARS, cut, up, np.random.default_rng(seed))
    for name, values in made.items():
        kept_to = N if name in TIMES else cut + 1
        for one, two in ((values[:kept_to], BARS[name][:kept_to]), (BARS[name], before[name])):
            assert np.array_equal(one, two, equal_nan=values.dtype.kind == "f")
    after = slice(cut + 1, None)
    soon = slice(cut + 1, cut + 4)
    assert np.all((made["close"][soon] > BARS["close"][soon]) == up)
    assert np.all(made["low"] <= np.minimum(made["open"], made["close"]))
    assert np.all(np.maximum(made["open"], made["close"]) <= made["high"])
    assert not np.any(made["vix"][after] == BARS["vix"][after])


def test_probabilities_stay_probabilities() -> None:
    shares = {name: np.full(50, np.nan) for name in ("p_sell", "p_hold", "p_buy")}
    made = scrambled_columns(shares, 20, True, np.random.default_rng(1))
    total = np.sum([made[name] for name in shares], axis=0)
    assert np.isnan(total[:21]).all()
    assert np.allclose(total[21:], 1.0)


def stream() -> list[AnyEvent]:
    quotes = [Quote("X", t * MINUTE, t * MINUTE, bid=99.0, ask=101.0, bid_size=5.0, last=100.0) for t in range(6)]
    return [
        Listed(0, (Contract("X", Kind.INDEX),), "made"), *quotes, Beat(6 * MINUTE),
        Settlement(6 * MINUTE, "X", "20250130", 100.0, 6 * MINUTE),
    ]  # fmt: skip


@pytest.mark.parametrize("up", [True, False])
def test_events_after_the_cut_have_other_prices_at_the_same_times(up: bool) -> None:
    events = stream()
    made = list(scrambled_events(events, 2 * MINUTE, up, np.random.default_rng(1)))
    assert [type(event) for event in made] == [type(event) for event in events]
    assert [event.at for event in made] == [event.at for event in events]
    assert made[:4] == events[:4]
    assert made[7] == events[7]
    for event in made[4:7]:
        assert isinstance(event, Quote)
        assert (event.last > 100.0) == up
        assert event.bid / 99.0 == pytest.approx(event.ask / 101.0)
        assert (event.bid_size, np.isnan(event.volume)) == (5.0, True)
    settled = made[-1]
    assert isinstance(settled, Settlement)
    assert (settled.price > 100.0) == up
    assert list(scrambled_events(events, 10**12, up, np.random.default_rng(1))) == events
