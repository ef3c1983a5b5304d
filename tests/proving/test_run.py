"""A backtest from what is asked to what came of it: both engines, models that know the past alone, sweeps, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.backtests import Engine, Instrument, Mode, Source
from sidecar.domain.clock import iso
from sidecar.domain.errors import BacktestFailed, InputError
from sidecar.learning.bar_file import save_bars
from sidecar.learning.plan import Progress
from sidecar.proving.run import run
from tests.proving.pasts import BARS, DAYS, REFERENCE, asked, came_to, loose, past_of

#: A bell may ring in a callback of the collector, where Python drops it and says so; then it rings again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CROSS = {"fast": 3.0, "slow": 8.0, "short": 1.0}
LEARNS: dict[str, Any] = {"train_window_days": 18, "test_window_days": 3, "retrain_frequency_days": 3}
OVERSURE = {"threshold": 0.34, "band": 0.0}


def test_both_engines_come_to_the_same_trades_and_the_same_money() -> None:
    one = came_to(asked(parameters=CROSS, engine=Engine.VECTORISED))
    two = came_to(asked(parameters=CROSS, engine=Engine.EVENT))
    assert one.total_trades > 20
    assert msgspec.json.encode(one.trades) == msgspec.json.encode(two.trades)
    assert (one.total_return, one.max_drawdown) == (two.total_return, two.max_drawdown)
    assert (one.engine, two.engine) == (Engine.VECTORISED, Engine.EVENT)


def test_a_model_is_trained_for_each_window_and_both_engines_trade_what_it_says() -> None:
    request = asked("ml_only", 27, parameters=OVERSURE, **LEARNS)
    one = came_to(request)
    assert [window.train_to for window in one.windows] == [DAYS[17], DAYS[20], DAYS[23]]
    assert one.windows[0].test_from == DAYS[19]
    assert one.total_trades > 20
    opened = {trade.model_id: trade.opened_at for trade in reversed(one.trades)}
    seen = {window.model_id: window.labels_to for window in one.windows}
    assert all(seen[name] < at for name, at in opened.items() if name)
    assert {trade.model_id for trade in one.trades} <= set(seen)
    two = came_to(msgspec.structs.replace(request, engine=Engine.EVENT))
    assert [trade.opened_at for trade in two.trades] == [trade.opened_at for trade in one.trades]
    assert (two.trades, two.hash) == (one.trades, one.hash)


@pytest.mark.parametrize("mode", Mode)
def test_each_bar_is_out_of_sample_at_most_once(mode: Mode) -> None:
    found = came_to(asked("ml_only", 27, mode=mode, parameters=OVERSURE, **LEARNS))
    tested = [day for window in found.windows for day in DAYS if window.test_from <= day <= window.test_to]
    assert tested == DAYS[19:]
    assert all(window.train_to < window.test_from for window in found.windows if window.train_to)


def test_the_same_request_gives_the_same_bytes() -> None:
    request = asked(parameters=CROSS, engine=Engine.EVENT, sessions=2)
    assert msgspec.json.encode(came_to(request)) == msgspec.json.encode(came_to(request))


def test_a_sweep_runs_the_best_of_its_sets_and_says_how_many_there_were() -> None:
    found = came_to(asked(sessions=27, sweep={"fast": (2.0, 4.0), "slow": (8.0, 16.0, 30.0)}))
    assert len(found.trials) == found.selection.trials == 6
    best = max(found.trials, key=lambda trial: trial.sharpe_ratio)
    assert found.sharpe_ratio == pytest.approx(best.sharpe_ratio)
    assert found.selection.overfitting_probability is not None
    alone = came_to(asked(sessions=27, parameters=best.parameters))
    assert (alone.total_return, alone.hash) == (found.total_return, found.hash)
    assert found.deflated_sharpe is not None
    assert alone.deflated_sharpe is not None
    assert found.deflated_sharpe < alone.deflated_sharpe


def test_combinations_that_cannot_be_are_left_out_and_said() -> None:
    found = came_to(asked(sessions=2, sweep={"fast": (2.0, 9.0), "slow": (4.0, 8.0)}))
    assert [(trial.parameters["fast"], trial.parameters["slow"]) for trial in found.trials] == [(2.0, 4.0), (2.0, 8.0)]
    assert any("2 of the 4 combinations" in said for said in found.assumptions)
    with pytest.raises(InputError, match="fast 9 is not below slow"):
        came_to(asked(sweep={"fast": (9.0,), "slow": (4.0, 8.0)}))


def test_a_sweep_through_the_desk_itself_finds_the_same() -> None:
    slow, sets = {"slow": 8.0}, {"fast": (2.0, 5.0)}
    one, two = (
        came_to(asked(sessions=2, parameters=slow, sweep=sets, engine=engine))
        for engine in (Engine.VECTORISED, Engine.EVENT)
    )
    assert [trial.total_return for trial in one.trials] == [trial.total_return for trial in two.trials]
    assert [trial.trades for trial in one.trials] == [trial.trades for trial in two.trials]
    assert two.total_trades in [trial.trades for trial in two.trials]
    assert two.total_trades > 1
    assert one.hash == two.hash


def test_the_desks_own_limits_hold_and_the_result_says_what_they_did() -> None:
    turned = came_to(asked(parameters=CROSS, engine=Engine.EVENT, sessions=2), past_of())
    assert [one.reason for one in turned.refused] == ["limit unexecuted_value: price times units of working orders"]
    lost = came_to(asked(parameters=CROSS | {"short": 0.0}, engine=Engine.EVENT, commission=0.002), past_of())
    assert lost.total_trades == 5
    assert "loss_streak: 5 losing round trips in a row" in lost.ended_early


def test_what_it_cost_is_part_of_it_and_without_costs_it_earns_more() -> None:
    dear = came_to(asked(parameters=CROSS))
    free = came_to(asked(parameters=CROSS, commission=0.0, slippage=0.0))
    assert free.performance_metrics.total_commission == 0
    assert dear.performance_metrics.total_commission > 0
    assert free.total_return > dear.total_return
    assert came_to(asked(parameters=CROSS, commission=0.001)).total_return < free.total_return


def test_a_desk_of_bars_reads_its_file_and_tells_how_far_it_is(tmp_path: Path) -> None:
    save_bars(tmp_path / "bars.parquet", BARS)
    told: list[Progress] = []
    found = run(asked(parameters=CROSS), loose(past_of(bars=str(tmp_path / "bars.parquet"))), REFERENCE, told.append)
    assert found.hash == came_to(asked(parameters=CROSS)).hash
    assert [step.step for step in told] == ["data", "bars", "run", "look-ahead", "figures"]
    assert [step.done for step in told] == sorted(step.done for step in told)
    assert found.seconds > 0


def test_simulated_bars_say_so_in_the_result() -> None:
    made = {**BARS, "simulated": np.ones(len(BARS["at"]), bool)}
    assert came_to(asked(), given=made).simulated
    assert not came_to(asked(), given={**BARS, "simulated": np.zeros(len(BARS["at"]), bool)}).simulated


def test_what_is_wrong_with_the_data_is_in_the_result() -> None:
    row = len(BARS["at"]) - 30
    doubled = {name: np.insert(values, row, values[row]) for name, values in BARS.items()}
    found = came_to(asked(), given=doubled)
    assert found.hash == came_to(asked()).hash
    assert sum(note.count for note in found.data if "repeat" in note.kind or "duplicate" in note.kind) == 1


# ---- what cannot be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("start_date", {"start_date": DAYS[-1], "end_date": DAYS[-3]}),
        ("start_date", {"start_date": DAYS[0] - timedelta(days=30)}),
        ("end_date", {"end_date": DAYS[-1] + timedelta(days=30)}),
        ("symbols", {"symbols": ("GOLD",)}),
        ("symbols", {"symbols": ()}),
        ("strategy", {"strategy": "get_rich"}),
        ("strategy", {"strategy": "mine.py"}),
        ("initial_capital", {"initial_capital": Decimal(0)}),
        ("initial_capital", {"initial_capital": Decimal("NaN")}),
        ("commission", {"commission": 0.3}),
        ("slippage", {"slippage": -0.1}),
        ("parameters.fast", {"parameters": {"fast": 0.0}}),
        ("parameters.speed", {"parameters": {"speed": 1.0}}),
        ("sweep.speed", {"sweep": {"speed": (1.0,)}}),
        ("engine", {"strategy": "iron_condor", "engine": Engine.VECTORISED}),
        ("engine", {"symbols": ("NIFTY", "BANKNIFTY"), "engine": Engine.VECTORISED}),
        ("source", {"strategy": "iron_condor", "source": Source.BARS}),
        ("instrument", {"strategy": "ml_only", "instrument": Instrument.ATM_OPTIONS}),
        ("model_id", {"strategy": "ml_only", "model_id": "unknown"}),
        ("train_window_days", {"strategy": "ml_only", "train_window_days": 60}),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_its_field(field: str, changes: dict[str, Any]) -> None:
    both = {name: np.r_[values, values] for name, values in BARS.items()}
    both["symbol"] = np.array(["NIFTY"] * len(BARS["at"]) + ["BANKNIFTY"] * len(BARS["at"]), object)
    with pytest.raises(InputError) as refused:
        came_to(asked(**changes), given=both)
    assert refused.value.field == field
    assert refused.value.remedy
    assert "\n" not in str(refused.value)


def test_a_request_without_any_data_says_that_there_are_none() -> None:
    with pytest.raises(InputError, match="no data of any underlying"):
        came_to(asked(), given=None)


# ---- a file of one's own -----------------------------------------------------------------------------------------

RAISES = """
class Strategy:
    name = "mine"
    def __init__(self, fund_id, underlying): ...
    def on_report(self, published):
        if published.report.session_open:
            raise ZeroDivisionError("a slip")
        return ()
"""
HANGS = """
class Strategy:
    name = "mine"
    def __init__(self, fund_id, underlying): ...
    def on_report(self, published):
        while published.report.session_open:
            pass
        return ()
"""
ORDERS_NOTHING_THAT_IS = """
from decimal import Decimal
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Intent
class Strategy:
    name = "mine"
    def __init__(self, fund_id, underlying): self.fund_id = fund_id
    def on_report(self, published):
        report, chain = published.report, published.chain
        future = next((one.id for one in chain.contracts if one.id.endswith("-FUT")), None)
        if future is None or not report.session_open:
            return ()
        wanted = OrderRequest(future, Side.BUY, 65, Decimal("NaN"), fund_id=self.fund_id, strategy="mine")
        return (Intent(place=wanted),)
"""
AHEAD = """
import numpy as np
class Rule:
    name, needs_model = "ahead", False
    def stepper(self):
        return lambda bar: 0.0
    def batch(self, bars):
        after = np.append(bars["close"][1:], bars["close"][-1])
        return np.where(after > bars["close"], 1.0, -1.0)
"""


@dataclass
class Own:
    """A user's file, and a request that names it."""

    folder: Path
    past: Any = field(default_factory=lambda: loose(past_of(strategy_s=0.3)))

    def came_to(self, text: str, **changes: Any) -> Any:
        path = self.folder / "mine.py"
        path.write_text(text)
        past = msgspec.structs.replace(self.past, strategy_file=str(path))
        return came_to(asked("mine.py", sessions=1, **changes), past)


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


def test_a_rule_of_ones_own_runs_on_both_engines_by_its_files_name(own: Own) -> None:
    text = Path("docs/example_rule.py").read_text()
    one, two = (own.came_to(text, engine=engine) for engine in (Engine.VECTORISED, Engine.EVENT))
    assert one.total_trades > 0
    assert one.hash == two.hash


def test_a_cheat_that_looks_a_bar_ahead_earns_and_is_found(own: Own) -> None:
    found = own.came_to(AHEAD, commission=0.0, slippage=0.0)
    assert found.total_return > 0
    assert found.lookahead.changed == found.lookahead.cuts == 12
    assert "follows what came after" in found.lookahead.first
    honest = came_to(asked(parameters=CROSS))
    assert (honest.lookahead.cuts, honest.lookahead.changed) == (12, 0)


@pytest.mark.parametrize(("text", "says"), [(RAISES, "ZeroDivisionError: a slip"), (HANGS, "0.3 s")])
def test_a_strategy_that_raises_or_hangs_ends_the_run_with_its_line(own: Own, text: str, says: str) -> None:
    with pytest.raises(BacktestFailed, match=r"mine\.py:") as failed:
        own.came_to(text)
    assert says in str(failed.value)
    assert "\n" not in str(failed.value)


def test_orders_that_are_none_are_refused_each_and_said(own: Own) -> None:
    found = own.came_to(ORDERS_NOTHING_THAT_IS)
    assert found.total_trades == 0
    assert sum(one.count for one in found.refused) > 10


def test_days_are_told_as_the_exchange_has_them() -> None:
    found = came_to(asked(parameters=CROSS, sessions=2))
    assert [window.test_from for window in found.windows] == [DAYS[-2]]
    assert iso(found.trades[0].opened_at) >= f"{DAYS[-2]}"
    assert date.fromisoformat(iso(found.trades[-1].closed_at)[:10]) == DAYS[-1]
