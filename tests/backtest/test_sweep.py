from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from math import isnan
from typing import Any

import numpy as np
import pytest

from sidecar.backtest import sweep, vectorised
from sidecar.backtest.futures import future_series
from sidecar.backtest.statistics import figures
from sidecar.backtest.sweep import Material, Study, Tried, each, spread_of, swept, trials_of
from sidecar.backtest.vectorised import Sizing
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.errors import BacktestFailed, InputError
from sidecar.reference import load_reference
from sidecar.strategies.rules import Rule
from sidecar.strategies.sma_cross import SmaCross
from tests.learning.market import market

# distributed and dask warn of their own parts' future.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

REFERENCE = load_reference()
SIZING = Sizing(1, Decimal(5_000_000))
SETS = [{"fast": float(fast), "slow": float(slow)} for fast in (3, 5, 8) for slow in (13, 21, 34)]
DAY = date(2025, 1, 6)


def asked(**changed: Any) -> BacktestRequest:
    return BacktestRequest(("NIFTY",), "sma_cross", DAY, DAY, **changed)


def crossing(given: Mapping[str, float]) -> Rule:
    return SmaCross(int(given["fast"]), int(given["slow"]), short=True)


@pytest.fixture(scope="module")
def material() -> Material:
    columns = market(3, 25, minutes=60).columns
    series = future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None)
    return Material(crossing, {"close": columns["close"]}, series, SIZING)


@pytest.fixture(scope="module")
def here(material: Material) -> Study:
    return swept(SETS, material)


def test_the_sets_are_every_combination_whatever_order_they_are_written_in() -> None:
    one = trials_of(asked(parameters={"lots": 2.0}, sweep={"slow": (50.0, 20.0), "fast": (5.0, 10.0)}))
    other = trials_of(asked(parameters={"lots": 2.0}, sweep={"fast": (5.0, 10.0), "slow": (50.0, 20.0)}))

    assert one == other
    assert one == [{"lots": 2.0, "fast": f, "slow": s} for f in (5.0, 10.0) for s in (50.0, 20.0)]


def test_without_a_sweep_there_is_one_set() -> None:
    assert trials_of(asked(parameters={"fast": 5.0})) == [{"fast": 5.0}]


def test_each_set_is_what_a_whole_run_of_it_alone_comes_to(here: Study, material: Material) -> None:
    calendar = REFERENCE.calendar("NSE")
    for given, trial, returns in zip(SETS, here.trials, here.returns.T, strict=True):
        targets = crossing(given).batch(material.bars)
        run = vectorised.trade(material.traded, targets, SIZING)
        whole = figures(run, float(SIZING.capital), calendar)
        assert trial.parameters == given
        assert trial.sharpe_ratio == whole.sharpe_ratio
        assert trial.total_return == whole.total_return
        assert returns.shape == (whole.sessions,)
    assert len({trial.total_return for trial in here.trials}) == len(SETS)


def test_the_best_has_the_greatest_sharpe_ratio(here: Study) -> None:
    assert here.trials[here.best].sharpe_ratio == max(trial.sharpe_ratio for trial in here.trials)


def test_of_sets_without_a_ratio_the_greatest_return_is_best() -> None:
    study = each([{"x": 1.0}, {"x": 2.0}, {"x": 3.0}], lambda given: Tried((0.1,), -abs(given["x"] - 2.0), 1))

    assert all(isnan(trial.sharpe_ratio) for trial in study.trials)
    assert study.best == 1


def test_a_run_that_ended_early_is_unknown_from_there_on() -> None:
    study = each([{"x": 1.0}, {"x": 2.0}], lambda given: Tried((0.1,) * int(given["x"]), 0.1, 1))

    assert np.array_equal(study.returns, [[0.1, 0.1], [np.nan, 0.1]], equal_nan=True)


def test_memory_decides_how_many_run_at_once_and_changes_nothing(
    here: Study, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_PARTS", 1)
    told: list[int] = []

    assert same(swept(SETS, material, told.append), here)
    monkeypatch.setattr(sweep, "_TARGETS", 4 * len(material.bars["close"]))
    assert same(swept(SETS, material, told.append), here)

    assert told == [9, 4, 8, 9]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]
        yield cluster.scheduler_address


def test_two_worker_processes_give_the_same_bits(scheduler: str, here: Study, material: Material) -> None:
    told: list[int] = []
    with spread_of(scheduler) as spread:
        assert same(swept(SETS, material, told.append, spread), here)
        alone = each(SETS, one_of(material), told.append, spread)

    assert same(alone, here)
    assert told == [*range(1, 10)] * 2


def one_of(material: Material) -> Callable[[Mapping[str, float]], Tried]:
    """A whole run of one set, as the event engine's are."""

    def run(given: Mapping[str, float]) -> Tried:
        study = swept([given], material)
        return Tried(tuple(study.returns[:, 0].tolist()), study.trials[0].total_return, study.trials[0].trades)

    return run


def test_what_a_worker_raises_is_one_line(scheduler: str) -> None:
    def breaks(given: Mapping[str, float]) -> Tried:
        return Tried((), given["nothing"], 0)

    with spread_of(scheduler) as spread, pytest.raises(BacktestFailed, match=r"cannot do it \(KeyError: 'nothing'\)"):
        each(SETS, breaks, spread=spread)


def test_what_a_worker_refuses_is_refused_as_it_would_be_here(scheduler: str, material: Material) -> None:
    wrong = [{"fast": 30.0, "slow": 20.0}]
    with spread_of(scheduler) as spread, pytest.raises(InputError, match=r"parameters\.fast"):
        swept(wrong, material, spread=spread)


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.learning.cluster._PATIENCE", 0.3)
    with pytest.raises(InputError, match=r"dask: no scheduler answers"), spread_of("tcp://127.0.0.1:1"):
        pass


def same(one: Study, other: Study) -> bool:
    return (one.trials, one.best, one.returns.tobytes()) == (other.trials, other.best, other.returns.tobytes())
