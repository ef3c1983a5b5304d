"""Labels: cases worked by hand, and the law that a label rests on later bars alone."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError
from sidecar.domain.models import CLASSES, LabelKind
from sidecar.domain.signals import SignalType
from sidecar.features import labels
from sidecar.features.labels import BUY, HOLD, SELL, UNKNOWN, LabelSpec, barriers, labels_of, trade_outcome, volatility

Array = NDArray[np.float64]
FIXED, BARRIER, TRADE = LabelKind.FIXED_HORIZON, LabelKind.TRIPLE_BARRIER, LabelKind.TRADE_OUTCOME


def columns(rows: list[tuple[float, float, float, float]], cost: float = 0.001, **changes: Any) -> dict[str, Any]:
    """One session's bars from their four prices."""
    prices = np.array(rows, dtype=np.float64).reshape(len(rows), 4).T
    n = np.arange(len(rows))
    made: dict[str, Any] = {
        "at": n * MINUTE,
        "closes_at": (n + 1) * MINUTE,
        **dict(zip(("open", "high", "low", "close"), prices, strict=True)),
        "minute": n.astype(np.float64),
        "session": np.full(len(rows), 7.0),
        "cost": np.full(len(rows), cost),
    }
    return {**made, **changes}


def walk(n: int = 400, length: int = 100, seed: int = 1) -> dict[str, Any]:
    """Sessions of ``length`` bars of a random walk."""
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 1e-3, n)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close) * (1.0 + 5e-4), np.minimum(opened, close) * (1.0 - 5e-4)
    at = np.arange(n)
    made = columns(list(zip(opened, high, low, close, strict=True)))
    return made | {"minute": (at % length) * 1.0, "session": (at // length) * 1.0}


def still(n: int) -> list[tuple[float, float, float, float]]:
    return [(100.0, 100.0, 100.0, 100.0)] * n


def test_the_classes_are_the_places_of_the_probabilities() -> None:
    assert (CLASSES[SELL], CLASSES[HOLD], CLASSES[BUY]) == (SignalType.SELL, SignalType.HOLD, SignalType.BUY)


@pytest.mark.parametrize(("leaves", "y"), [(100.5, BUY), (99.5, SELL), (100.05, HOLD), (99.95, HOLD), (100.0, HOLD)])
def test_direction_is_judged_after_costs_from_the_next_open_to_the_close_of_the_horizon(leaves: float, y: int) -> None:
    rows = [(90.0, 90.0, 90.0, 90.0), (100.0, 101.0, 99.0, 98.0), (98.0, 101.0, 97.0, leaves), (1.0, 1.0, 1.0, 1.0)]
    found = labels_of(LabelSpec(FIXED, 2), columns(rows))
    assert (found.y[0], found.last[0]) == (y, 2)
    assert (found.entry[0], found.exit[0]) == (100.0, leaves)
    assert found.move[0] == pytest.approx(leaves / 100.0 - 1.0, rel=1e-12)


def test_a_label_needs_its_whole_horizon_in_its_session() -> None:
    data = walk(200)
    for kind in (FIXED, BARRIER):
        found = labels_of(LabelSpec(kind, 10, 0.1), data)
        assert (found.y[90:100] == UNKNOWN).all()
        assert (found.y[190:] == UNKNOWN).all()
        assert (found.last[found.y == UNKNOWN] == -1).all()
    assert (labels_of(LabelSpec(FIXED, 10), data).y[:90] != UNKNOWN).all()


def test_a_missing_minute_leaves_every_label_over_it_unknown() -> None:
    data = {name: np.delete(values, 50) for name, values in walk(100).items()}
    known = labels_of(LabelSpec(FIXED, 5), data).y != UNKNOWN
    assert known.tolist() == [t < 45 or 50 <= t < 94 for t in range(99)]


def test_a_break_of_the_session_is_no_gap() -> None:
    data = columns(still(6))
    later = np.arange(6) >= 3
    data["at"], data["closes_at"] = (data[name] + later * 90 * MINUTE for name in ("at", "closes_at"))
    assert labels_of(LabelSpec(FIXED, 2), data).y.tolist() == [HOLD] * 4 + [UNKNOWN] * 2


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [nan, inf, 0.0])
def test_a_price_that_is_not_known_leaves_the_labels_over_it_unknown(name: str, value: float) -> None:
    data = columns(still(10))
    data[name] = data[name].copy()
    data[name][5] = value
    known = labels_of(LabelSpec(FIXED, 2), data).y != UNKNOWN
    assert known.tolist() == [t < 3 or t in (6, 7) for t in range(10)]


def test_without_a_cost_there_is_no_label() -> None:
    data = columns(still(10), cost=nan)
    for kind in (FIXED, BARRIER):
        found = labels_of(LabelSpec(kind, 2), data)
        assert (found.y == UNKNOWN).all()
        assert np.isnan(found.move).all()


def barrier(rows: list[tuple[float, float, float, float]], cost: float = 0.001, width: float = 0.01) -> labels.Labels:
    rows = [(90.0, 90.0, 90.0, 90.0), *rows]
    return barriers(len(rows) - 1, np.full(len(rows), width), columns(rows, cost))


@pytest.mark.parametrize(
    ("rows", "y", "last", "leaves"),
    [
        ([(100.0, 100.5, 99.5, 100.0), (100.0, 101.5, 99.5, 100.0), (100.0, 100.0, 90.0, 90.0)], BUY, 2, 101.0),
        ([(100.0, 100.5, 98.5, 100.0), (100.0, 109.0, 99.5, 100.0), (100.0, 100.0, 99.9, 99.9)], SELL, 1, 99.0),
        ([(100.0, 100.5, 99.5, 100.0), (100.0, 100.5, 99.5, 100.5)], HOLD, 2, 100.5),
        ([(100.0, 101.5, 98.5, 99.7), (100.0, 109.0, 99.5, 100.0)], HOLD, 1, 99.7),  # which was first is not known
        ([(100.0, 100.0, 99.5, 99.6), (102.0, 103.0, 98.0, 100.0)], BUY, 2, 102.0),  # opens beyond: it is known
        ([(100.0, 100.0, 99.5, 99.6), (98.0, 103.0, 97.0, 100.0)], SELL, 2, 98.0),
        ([(100.0, 101.0, 99.5, 100.0)], BUY, 1, 101.0),  # a touch is enough
    ],
)
def test_the_barrier_touched_first_is_the_label(
    rows: list[tuple[float, float, float, float]], y: int, last: int, leaves: float
) -> None:
    found = barrier(rows)
    assert (found.y[0], found.last[0]) == (y, last)
    assert found.exit[0] == pytest.approx(leaves, rel=1e-12)
    assert found.move[0] == pytest.approx(leaves / 100.0 - 1.0, rel=1e-9)


def test_a_barrier_within_the_cost_is_worth_no_trade() -> None:
    rows = [(100.0, 101.5, 99.5, 101.0)]
    assert barrier(rows, cost=0.02).y[0] == HOLD
    assert barrier(rows, cost=0.005).y[0] == BUY


def test_volatility_is_of_the_last_sixty_returns_of_sessions_and_of_no_night() -> None:
    data = walk(200)
    found, close = volatility(data), data["close"]
    change = np.diff(np.log(close), prepend=nan)
    change[[0, 100]] = nan  # the first of a session
    for t in (60, 61, 99, 100, 101, 130, 199):
        known = change[: t + 1][~np.isnan(change[: t + 1])][-labels.VOLATILITY_BARS :]
        assert found[t] == pytest.approx(sqrt(float(np.mean(known**2))), rel=1e-12)
    assert np.isnan(found[:60]).all()


def test_the_width_is_that_many_deviations_of_the_horizon() -> None:
    data = walk(200)
    told = labels_of(LabelSpec(BARRIER, 9, 1.5), data)
    again = barriers(9, 1.5 * 3.0 * volatility(data), data)
    assert [column.tobytes() for column in told] == [column.tobytes() for column in again]
    assert len(set(told.y.tolist())) == 4


def test_a_label_does_not_depend_on_where_the_bars_begin() -> None:
    data = walk(300)
    late = {name: values[100:] for name, values in data.items()}
    for kind in (FIXED, BARRIER):
        whole, part = (labels_of(LabelSpec(kind, 7), each) for each in (data, late))
        settled = slice(labels.VOLATILITY_BARS + 1, None)
        assert np.array_equal(whole.y[100:][settled], part.y[settled])
        assert np.array_equal(whole.exit[100:][settled], part.exit[settled], equal_nan=True)


def _scrambled(data: dict[str, Any], where: NDArray[np.bool_], seed: int) -> dict[str, Any]:
    """Other prices, and other costs, at some bars."""
    draw = np.random.default_rng(seed)
    factor = np.where(where, draw.uniform(0.5, 2.0, where.size), 1.0)
    made = {name: data[name] * factor for name in ("open", "high", "low", "close")}
    return {**data, **made, "cost": np.where(where, draw.uniform(0.0, 0.1, where.size), data["cost"])}


@given(st.sampled_from([FIXED, BARRIER]), st.integers(1, 30), st.integers(0, 199), st.integers(0, 2**31))
def test_a_label_rests_on_the_bars_after_its_own_to_its_last(kind: LabelKind, horizon: int, t: int, seed: int) -> None:
    data = walk(200, seed=seed % 5)
    width = sqrt(horizon) * np.full(200, 1e-3)

    def label(given_: dict[str, Any]) -> tuple[float, ...]:
        made = labels_of(LabelSpec(kind, horizon), given_) if kind is FIXED else barriers(horizon, width, given_)
        return tuple(float(column[t]) for column in made)

    before = label(data)
    bars = np.arange(200)
    if before[0] == UNKNOWN:
        assert before[1] == -1
        return
    last = int(before[1])
    assert t < last <= t + horizon
    assert label(_scrambled(data, bars > last, seed)) == before
    earlier = _scrambled(data, bars <= t, seed) | {"cost": data["cost"]}
    assert label(earlier) == before


def test_a_trade_is_a_winner_by_the_last_bar_known_before_it() -> None:
    known = np.array([1, 2, 3, 4, 5]) * MINUTE
    found = trade_outcome(
        entry_at=[2 * MINUTE + 1, 2 * MINUTE, 5 * MINUTE, 3 * MINUTE + 5],
        exit_at=[3 * MINUTE + 1, 4 * MINUTE, 9 * MINUTE, 4 * MINUTE],
        net_pnl=[10.0, -1.0, 5.0, 0.0],
        known_at=known + 1,
        closes_at=known,
    )
    assert found.row.tolist() == [0, 0, 3, 2]
    assert found.last.tolist() == [3, 3, -1, 3]
    assert found.y.tolist() == [BUY, SELL, UNKNOWN, SELL]


def test_a_trade_without_a_fresh_bar_or_a_result_is_unknown() -> None:
    known = np.array([10 * MINUTE])
    closes = np.array([10 * MINUTE, 40 * MINUTE])
    found = trade_outcome([MINUTE, 16 * MINUTE, 15 * MINUTE], [20 * MINUTE] * 3, [1.0, 1.0, nan], known, closes)
    assert found.y.tolist() == [UNKNOWN] * 3
    assert found.row.tolist() == [-1, -1, 0]
    none = np.array([], np.int64)
    assert trade_outcome([MINUTE], [MINUTE], [1.0], none, none).y.tolist() == [UNKNOWN]


def test_a_trade_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="exit_at"):
        trade_outcome([5], [4], [1.0], [1], [1])


@pytest.mark.parametrize(
    ("spec", "field"),
    [(LabelSpec(FIXED, 0), "horizon"), (LabelSpec(BARRIER, 5, 0.0), "width"), (LabelSpec(BARRIER, 5, nan), "width"),
     (LabelSpec(TRADE, 5), "label")],
)  # fmt: skip
def test_a_specification_out_of_its_domain_is_refused(spec: LabelSpec, field: str) -> None:
    with pytest.raises(InputError, match=field):
        labels_of(spec, columns(still(5)))


def test_columns_that_are_missing_or_of_other_lengths_are_refused() -> None:
    data = columns(still(5))
    with pytest.raises(InputError, match="not of one length"):
        labels_of(LabelSpec(FIXED, 1), {**data, "cost": data["cost"][1:]})
    del data["cost"]
    with pytest.raises(InputError, match="cost is missing"):
        labels_of(LabelSpec(FIXED, 1), data)


def test_no_bars_have_no_labels() -> None:
    labels.warm()
    assert labels_of(LabelSpec(FIXED, 1), columns([])).y.size == 0
    assert isnan(volatility(columns(still(1)))[0])
