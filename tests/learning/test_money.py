from __future__ import annotations

import numpy as np
import pytest

from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec
from sidecar.learning.dataset import Dataset, build
from sidecar.learning.money import Nets, class_moves, money, nets
from tests.learning.market import FIXED, market

MOVES = np.array([-0.002, 0.0, 0.002])


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build(market(6, 16, cost=0.0005).columns, FIXED)


def sure(dataset: Dataset, side: int) -> np.ndarray:
    return np.tile(np.eye(3)[side], (len(dataset.y), 1))


def test_one_position_at_a_time_each_paying_its_cost(dataset: Dataset) -> None:
    rows = np.arange(len(dataset.y))

    found = nets(dataset, rows, sure(dataset, 2), MOVES)

    taken: list[int] = []
    for row in rows:
        if not taken or dataset.begins[row] >= dataset.ends[taken[-1]]:
            taken.append(int(row))
    assert found.signals == len(taken)
    assert found.net.sum() == pytest.approx(np.sum(dataset.move[taken] - 0.0005))
    assert np.array_equal(found.sessions, np.unique(dataset.sessions))


def test_buying_and_selling_the_same_pay_the_cost_twice(dataset: Dataset) -> None:
    rows = np.arange(len(dataset.y))

    long, short = (nets(dataset, rows, sure(dataset, side), MOVES) for side in (2, 0))

    assert np.sum(long.net + short.net) == pytest.approx(-2 * 0.0005 * long.signals)


def test_nothing_is_done_where_the_move_is_not_worth_its_cost(dataset: Dataset) -> None:
    found = nets(dataset, np.arange(len(dataset.y)), sure(dataset, 2), MOVES / 10)

    assert found.signals == 0
    assert not found.net.any()


def test_a_strategys_trade_is_never_turned_round(dataset: Dataset) -> None:
    trades = dataset._replace(spec=LabelSpec(LabelKind.TRADE_OUTCOME, 1))

    assert nets(trades, np.arange(len(dataset.y)), sure(dataset, 0), MOVES).signals == 0


def test_the_mean_move_of_each_class_has_its_sign(dataset: Dataset) -> None:
    sell, hold, buy = class_moves(dataset, np.arange(len(dataset.y)))

    assert sell < -0.0005 < hold < 0.0005 < buy


def test_a_result_is_worth_less_the_more_was_tried() -> None:
    net = np.random.default_rng(0).normal(0.0004, 0.001, 60)
    found = Nets(np.arange(60), net, 100)

    few, many = (money(found, np.zeros((0, 1)), trials) for trials in (2, 200))

    assert few.deflated_sharpe is not None
    assert many.deflated_sharpe is not None
    assert many.deflated_sharpe < few.deflated_sharpe
    assert few.overfitting is None


def test_overfitting_is_told_of_a_search_and_of_enough_sessions_only() -> None:
    rng = np.random.default_rng(1)
    found = Nets(np.arange(40), rng.normal(0, 1, 40), 9)

    assert money(found, rng.normal(0, 1, (19, 5)), 9).overfitting is None
    told = money(found, rng.normal(0, 1, (40, 5)), 9).overfitting
    assert told is not None
    assert 0 <= told <= 1


def test_signals_that_never_came_have_no_ratio() -> None:
    nothing = money(Nets(np.arange(9), np.zeros(9), 0), np.zeros((0, 1)), 5)

    assert (nothing.sharpe, nothing.deflated_sharpe, nothing.net) == (None, None, 0.0)
