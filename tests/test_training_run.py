"""A training of a strategy's trades, from a job folder to a kept model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sidecar.domain.errors import FileRefused, NotTrainable
from sidecar.domain.models import LabelKind, ModelRole, RunResult
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import save_bars
from sidecar.learning.job import BARS_FILE, TRADES_FILE, Job
from sidecar.learning.plan import Plan, Progress
from sidecar.learning.registry import Registry
from sidecar.learning.trade_file import save_trades, trades_of
from sidecar.training_run import model_id, run
from tests.learning.market import market

BARS = market(5, 24, minutes=60).columns
MINUTE = 60_000_000


def folder_of(place: Path, trades: int | None) -> tuple[Job, Path]:
    """A job of ``trades`` closed trades of the strategy demo, with a folder; None leaves their file out."""
    spec, models = LabelSpec(LabelKind.TRADE_OUTCOME, 1), str(place / "models")
    job = Job("T260907100000-a1b2c3", int(BARS["closes_at"][-1]), "NIFTY", spec,
              Plan(folds=2, rounds=8, patience=4, draws=20), models, strategy="demo")  # fmt: skip
    folder = place / job.id
    folder.mkdir()
    save_bars(folder / BARS_FILE, BARS)
    if trades is not None:
        rng = np.random.default_rng(3)
        at = rng.choice(np.flatnonzero((BARS["minute"] > 5) & (BARS["minute"] < 50)), trades, replace=False)
        entry = (BARS["known_at"][np.sort(at)] + MINUTE // 12).tolist()
        rows = [(one, one + 5 * MINUTE, float(rng.normal(0, 500)), 1e6) for one in entry]
        save_trades(folder / TRADES_FILE, trades_of(rows))
    return job, folder


def ignored(_: Progress) -> None: ...


def test_a_strategys_trades_become_a_model_of_its_own_family(tmp_path: Path) -> None:
    job, folder = folder_of(tmp_path, 600)
    result = run(job, folder, ignored)
    assert result.result is RunResult.DONE
    line = result.model
    assert line is not None
    assert (line.id, line.symbol, line.family) == (model_id(job), "NIFTY/demo", "NIFTY/demo trade_outcome 1")
    assert line.family == job.family
    assert (line.label, line.role) == (LabelKind.TRADE_OUTCOME, ModelRole.CHAMPION)
    model = Registry(Path(job.models)).load(line)
    assert model.manifest.family == job.family
    assert model.manifest.moves[0] is not None
    assert -0.01 < model.manifest.moves[0] < 0.0  # losses of hundreds on a capital of a million


def test_trades_that_the_bars_do_not_reach_are_too_few(tmp_path: Path) -> None:
    job, folder = folder_of(tmp_path, 99)
    with pytest.raises(NotTrainable, match="99 closed trades with bars beside them, of 100 needed"):
        run(job, folder, ignored)


def test_without_its_trades_it_never_learns_of_the_market_instead(tmp_path: Path) -> None:
    job, folder = folder_of(tmp_path, None)
    with pytest.raises(FileRefused, match=TRADES_FILE):
        run(job, folder, ignored)


@pytest.mark.parametrize(("strategy", "name"), [("", "nifty-1"), ("a.b:C", "nifty-a-b-c-1")])
def test_a_models_id_is_a_folders_name(strategy: str, name: str) -> None:
    job = Job("T1", 0, "NIFTY", LabelSpec(LabelKind.TRADE_OUTCOME, 1), Plan(), "", strategy=strategy)
    assert model_id(job) == name


def test_the_longest_strategy_still_has_an_id_that_the_registry_takes(tmp_path: Path) -> None:
    spec = LabelSpec(LabelKind.TRADE_OUTCOME, 1)
    job = Job("T260907100000-a1b2c3", 0, "MIDCPNIFTY_LONG", spec, Plan(), "", strategy="s" * 64)
    assert len(model_id(job)) <= 95
