from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.backtest import models
from sidecar.backtest.models import Predicted, due, predicted
from sidecar.backtest.windows import windows
from sidecar.domain.backtest_result import Window
from sidecar.domain.backtests import BacktestRequest, Mode
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import BacktestFailed, InputError, NotTrainable
from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import bars_of
from sidecar.learning.maturing import due_at
from sidecar.learning.model import Model
from sidecar.learning.plan import Plan, Progress
from sidecar.learning.refit import refit
from sidecar.learning.registry import Registry
from sidecar.reference import load_reference
from tests.learning import predicting
from tests.learning.market import Columns, market

NSE = load_reference().calendar("NSE")
HORIZON = 2
SPEC = LabelSpec(LabelKind.FIXED_HORIZON, HORIZON)
PLAN = Plan(rounds=20, patience=5)
BARS = market(3, 27, accuracy=0.8, minutes=120, cost=0.0).columns
DAYS = [date.fromordinal(int(day)) for day in np.unique(BARS["session"])]
REQUEST = BacktestRequest(
    ("NIFTY",), "ml_only", DAYS[0], DAYS[-1], train_window_days=18, test_window_days=4, retrain_frequency_days=4
)
WINDOWS = windows(DAYS, REQUEST, learns=True)


def run(
    columns: Columns = BARS, request: BacktestRequest = REQUEST, made: tuple[Window, ...] = WINDOWS, **given: Any
) -> Predicted:
    arguments = {"spec": SPEC, "plan": PLAN, "tell": lambda _: None, "given": None, **given}
    return predicted(columns, "NIFTY", made, request, calendar=NSE, **arguments)


@pytest.fixture(scope="module")
def found() -> Predicted:
    return run()


def at_row(columns: Columns, first: int) -> dict[str, Any]:
    """The bars from a row on made of other numbers; their times as they were."""
    rng = np.random.default_rng(1)
    wild = {name: np.array(values) for name, values in columns.items()}
    for name in ("open", "high", "low", "close"):
        wild[name][first:] *= 1.3
    wild["vix"][first:] = rng.normal(15.0, 1.0, len(wild["vix"]) - first)
    return wild


def test_every_bar_is_scored_at_most_once_by_a_model_that_has_not_seen_it(found: Predicted) -> None:
    told = np.isfinite(found.p).all(axis=1)
    assert np.array_equal(told, found.model >= 0)
    assert told.sum() > 500
    seen = np.array([window.labels_to for window in found.windows])
    assert np.all(seen[found.model[told]] < BARS["at"][told])
    for number, window in enumerate(found.windows):
        days = np.unique(BARS["session"][found.model == number]).tolist()
        assert days == [day.toordinal() for day in DAYS if window.test_from <= day <= window.test_to]
    assert np.allclose(found.p[told].sum(axis=1), 1.0)


def test_windows_say_what_their_models_have_seen(found: Predicted) -> None:
    assert len({window.model_id for window in found.windows}) == len(found.windows) == len(found.lines)
    for window in found.windows:
        line = found.lines[window.model_id]
        assert window.train_to is not None
        assert NSE.local_date(window.labels_to) == NSE.local_date(line.trained_to) == window.train_to
        assert f"{line.rows:,} rows" in window.note
        assert line.family == "NIFTY fixed_horizon 2"
    assert all(one.labels_to < two.labels_to for one, two in pairwise(found.windows))


def test_other_bars_after_an_instant_change_nothing_before_it(found: Predicted) -> None:
    cut = int(np.flatnonzero(found.model == 1)[20])
    again = run(at_row(BARS, cut + 1))
    assert again.p[: cut + 1].tobytes() == found.p[: cut + 1].tobytes()
    assert [one.model_id for one in again.windows[:2]] == [one.model_id for one in found.windows[:2]]
    assert not np.array_equal(again.p[cut + 1 :], found.p[cut + 1 :], equal_nan=True)


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_model(found: Predicted) -> None:
    again = run()
    assert again.p.tobytes() == found.p.tobytes()
    assert again.windows == found.windows
    other = run(request=replace(REQUEST, seed=8), made=WINDOWS[:1])
    assert other.windows[0].model_id != found.windows[0].model_id


def test_one_model_serves_every_window_of_a_fixed_one() -> None:
    fixed = replace(REQUEST, mode=Mode.FIXED_WINDOW)
    told: list[Progress] = []
    made = run(request=fixed, made=windows(DAYS, fixed, learns=True), tell=told.append)
    assert len(made.windows) == 2
    assert len({(window.model_id, window.labels_to) for window in made.windows}) == len(made.lines) == 1
    assert [(one.step, one.done, one.total) for one in told] == [("window 1 of 2", 1, 2), ("window 2 of 2", 2, 2)]


def test_nothing_is_said_where_the_horizon_leaves_the_session_or_features_are_unknown(found: Predicted) -> None:
    tested = BARS["session"] >= WINDOWS[0].test_from.toordinal()
    full = {name: np.array(values) for name, values in BARS.items()}
    last = np.flatnonzero(tested)[-120:]
    full["at"][last] += 255 * MINUTE
    for name in ("closes_at", "known_at"):
        full[name][last] += 255 * MINUTE
    made = run(full)
    assert np.all(made.model[last[-HORIZON:]] == -1)
    assert np.all(made.model[last[:-HORIZON]] >= 0)
    assert np.all(found.model[~tested] == -1)
    dark = {name: np.array(values) for name, values in BARS.items()}
    for name in ("open", "high", "low", "close", "volume", "atm_iv", "vix"):
        dark[name][last] = np.nan
    assert np.all(run(dark).model[last] == -1)


def test_a_horizons_end_is_that_of_live() -> None:
    columns = market(2, 3, minutes=375).columns
    rows = [0, 200, 358, 359, 360, 374, 375, 1_000]
    bars = bars_of({name: values[rows] for name, values in columns.items()})
    assert due(columns, NSE, 15)[rows].tolist() == [due_at(NSE, bar, 15) or 0 for bar in bars]


def test_a_window_that_cannot_teach_says_which_it_is() -> None:
    short = replace(REQUEST, train_window_days=10)
    with pytest.raises(NotTrainable, match=r"window 1, which learns from 2025-01-06 to 2025-01-17: 10 sessions, of 15"):
        run(request=short, made=windows(DAYS, short, learns=True))


def test_labels_that_would_reach_into_a_test_are_purged_however_its_days_were_drawn() -> None:
    ahead = replace(WINDOWS[0], train_to=WINDOWS[0].test_to)
    made = run(made=(ahead,))
    assert made.windows[0].labels_to < BARS["at"][np.flatnonzero(made.model == 0)[0]]


def test_a_bar_that_its_model_has_seen_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first = int(BARS["at"][np.flatnonzero(BARS["session"] == WINDOWS[0].test_from.toordinal())[0]])
    monkeypatch.setattr(models, "refit", lambda dataset, plan: refit(dataset, plan)._replace(labels_to=first))
    with pytest.raises(BacktestFailed, match=r"NIFTY-w001-\w+ has seen outcomes up to .* and would score the bar of"):
        run(made=WINDOWS[:1])


# ---- a model that is given -----------------------------------------------------------------------------------------


def opened(folder: Path, trained_to: int) -> Model:
    return Registry(folder).load(predicting.kept(folder, trained_to=trained_to))


def close_of(day: date) -> int:
    session = NSE.session(day)
    assert session is not None
    return session.close_at


def test_a_given_model_scores_only_what_came_after_its_labels(tmp_path: Path) -> None:
    model = opened(tmp_path, close_of(DAYS[9]))
    rules = windows(DAYS[10:], REQUEST, learns=False)
    made = run(made=rules, given=model)
    rows = np.flatnonzero(made.model >= 0)
    assert rows.size > 1_000
    assert np.array_equal(made.p[rows], model.probabilities(made.x[rows]))
    assert {(one.model_id, one.labels_to) for one in made.windows} == {("m1", close_of(DAYS[9]))}
    early = windows(DAYS[9:], REQUEST, learns=False)
    with pytest.raises(
        InputError, match="m1 saw data to 2025-01-17, and 2025-01-17 is not after; begin after"
    ) as refused:
        run(made=early, given=model)
    assert refused.value.field == "start_date"


def test_a_given_model_of_another_underlying_or_of_trades_is_refused(tmp_path: Path) -> None:
    model = opened(tmp_path, close_of(DAYS[0]))
    rules = windows(DAYS[1:], REQUEST, learns=False)
    with pytest.raises(InputError, match="is a model of NIFTY, not of BANKNIFTY") as refused:
        predicted(BARS, "BANKNIFTY", rules, REQUEST, SPEC, PLAN, lambda _: None, model, NSE)
    assert refused.value.field == "model_id"
    with pytest.raises(InputError, match="says nothing of bars"):
        run(spec=LabelSpec(LabelKind.TRADE_OUTCOME, 1))
