from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import NotTrainable
from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import NAMES, batch, rows_of
from sidecar.learning.dataset import build, build_trades
from tests.learning.market import FIXED, HORIZON, MINUTES, Columns, market

BARS = market(2, 20).columns
BUILT = build(BARS, FIXED)


def changed(**columns: NDArray[Any] | float | bool) -> Columns:
    size = len(BARS["at"])
    return BARS | {name: np.broadcast_to(value, size).copy() for name, value in columns.items()}


def test_a_row_is_the_live_vector_of_its_bar() -> None:
    vectors = batch(rows_of(BARS))

    assert np.array_equal(BUILT.x, vectors[BUILT.place], equal_nan=True)
    assert BUILT.names == NAMES
    assert np.array_equal(BUILT.closes, BARS["closes_at"][BUILT.place])


def test_a_row_begins_when_it_was_known_and_ends_when_its_label_was() -> None:
    assert np.array_equal(BUILT.begins, BARS["known_at"][BUILT.place])
    assert np.array_equal(BUILT.ends, BARS["closes_at"][BUILT.place + HORIZON])
    assert np.all(BUILT.ends > BUILT.begins)
    assert np.isclose(BUILT.weights.mean(), 1.0)


def test_rows_that_are_not_warm_and_rows_without_a_label_are_left_out_and_counted() -> None:
    assert BUILT.quality.sparse > 0
    assert BUILT.quality.unlabelled == 20 * HORIZON
    assert len(BUILT.y) == BUILT.bars - BUILT.quality.sparse - BUILT.quality.unlabelled
    assert set(np.unique(BUILT.y)) == {0, 1, 2}


def test_it_carries_what_the_bars_say_of_themselves() -> None:
    mixed = changed(simulated=False)
    mixed["simulated"][5] = True
    mixed["source"] = np.array(["live", "history"], object)[np.arange(len(mixed["at"])) % 2]

    dataset = build(mixed, FIXED)

    assert (dataset.symbol, dataset.simulated, dataset.source) == ("NIFTY", True, "history, live")
    assert dataset.hours.max() == (MINUTES - 1 - HORIZON) // 60


def test_the_bars_of_a_broken_session_feed_the_features_and_give_no_row() -> None:
    keep = np.delete(np.arange(20 * MINUTES), np.arange(6 * MINUTES + 100, 6 * MINUTES + 120))
    holed = {name: values[keep] for name, values in BARS.items()}

    dataset = build(holed, FIXED)

    assert BARS["session"][6 * MINUTES] not in dataset.sessions
    assert dataset.quality.broken == 1
    assert dataset.bars == len(keep)


def test_constant_and_missing_features_are_named_and_keep_their_place() -> None:
    dataset = build(changed(rr25=0.01, bf25=np.nan), FIXED)

    assert dataset.quality.constant == ("rr25",)
    assert "bf25" in dataset.quality.missing
    assert "bf25" not in BUILT.quality.missing
    assert dataset.x.shape[1] == len(NAMES)


def test_bars_without_a_chain_still_teach() -> None:
    bare = dict.fromkeys(("atm_iv", "atm_iv2", "rr25", "bf25", "oi_put", "oi_call", "gamma_oi", "max_pain"), np.nan)

    dataset = build(changed(vix=np.nan, future=np.nan, volume_put=np.nan, volume_call=np.nan, **bare), FIXED)

    assert len(dataset.y) > 5_000
    assert {"atm_iv", "vix", "basis"} <= set(dataset.quality.missing)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({name: values[: 3 * MINUTES] for name, values in BARS.items()}, "3 sessions, of 15 needed"),
        ({name: values[:400] for name, values in BARS.items()}, "lack more than|labelled rows"),
        (changed(cost=1.0), "all of one class"),
        (changed(cost=np.nan), "0 labelled rows"),
        (changed(symbol=np.array(["NIFTY", "BANKNIFTY"] * (10 * MINUTES), object)), "2 symbols: BANKNIFTY, NIFTY"),
    ],
)
def test_bars_that_cannot_teach_are_refused_with_the_reason(columns: Columns, problem: str) -> None:
    with pytest.raises(NotTrainable, match=problem):
        build(columns, FIXED)


def test_barriers_label_too() -> None:
    dataset = build(BARS, LabelSpec(LabelKind.TRIPLE_BARRIER, 30, 1.0))

    assert np.all(dataset.ends <= BARS["closes_at"][dataset.place + 30])
    assert len(np.unique(dataset.ends - dataset.begins)) > 1


def trades(count: int) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(3)
    at = np.sort(rng.choice(np.flatnonzero((BARS["minute"] > 60) & (BARS["minute"] < 300)), count, replace=False))
    entry = BARS["known_at"][at] + 5_000_000
    return {
        "entry_at": entry,
        "exit_at": entry + rng.integers(1, 40, count) * MINUTE,
        "net": rng.normal(0, 500, count),
        "value": np.full(count, 1e5),
    }


def test_a_trade_is_a_row_of_the_last_bar_known_at_its_entry() -> None:
    given = trades(150)

    dataset = build_trades(BARS, given)

    assert dataset.spec.kind is LabelKind.TRADE_OUTCOME
    assert np.all(dataset.begins < given["entry_at"][-len(dataset.begins) :])
    assert set(np.unique(dataset.y)) == {0, 2}
    assert np.array_equal(dataset.y == 2, dataset.move > 0)


def test_too_few_closed_trades_are_refused() -> None:
    with pytest.raises(NotTrainable, match="60 closed trades with bars beside them, of 100 needed"):
        build_trades(BARS, trades(60))
