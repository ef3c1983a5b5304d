"""What the trainer of a running sidecar is shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from sidecar.book.positions import RoundTrip
from sidecar.learning.job import ArchivedPast, SimulatedPast
from sidecar.reference import load_reference
from sidecar.settings import load_settings
from sidecar.teaching import schooling_of, trades_in


def trip(strategy: str, symbol: str, fund: str = "main", realized: str = "120") -> RoundTrip:
    return RoundTrip(fund, strategy, symbol, 60, 120, Decimal(realized), Decimal(20))


def test_trades_are_a_strategys_in_one_underlying_with_the_capital_of_their_fund() -> None:
    trips = [
        trip("demo", "NIFTY-20260908-24600-CE"),
        trip("other", "NIFTY-20260908-24600-CE"),
        trip("demo", "BANKNIFTY-20260929-FUT"),
        trip("demo", "NIFTY-20260929-FUT", "second", "5"),
    ]
    found = trades_in(trips, "demo", "NIFTY", {"main": Decimal(10**6), "second": Decimal(500)})
    assert {name: column.tolist() for name, column in found.items()} == {
        "entry_at": [60, 60], "exit_at": [120, 120], "net": [100.0, -15.0], "value": [1e6, 500.0],
    }  # fmt: skip


def test_a_strategy_that_never_traded_has_none() -> None:
    assert [len(column) for column in trades_in([], "demo", "NIFTY", {}).values()] == [0, 0, 0, 0]


def test_a_simulated_market_is_preceded_by_a_past_of_its_own(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, market="sim", seed=3, learning={"first_sessions": 40, "search": 2})
    made = schooling_of(settings, load_reference().calendar("NSE"))
    past = made.pattern.past
    assert isinstance(past, SimulatedPast)
    assert (past.underlying, past.seed, past.sessions) == ("NIFTY", 3, 40)
    assert past.start == settings.simulation.start_date
    assert (made.pattern.plan.search, made.pattern.models) == (2, str(tmp_path / "models"))
    assert made.folder == tmp_path / "jobs"


def test_without_first_sessions_there_is_no_past(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, market="sim", learning={"first_sessions": 0})
    assert schooling_of(settings, load_reference().calendar("NSE")).pattern.past is None


def test_a_replay_learns_from_what_was_imported_beside_it(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, market="replay", tape=tmp_path / "day.tape")
    past = schooling_of(settings, load_reference().calendar("NSE")).pattern.past
    assert past == ArchivedPast("NSE", "NIFTY", str(tmp_path / "archive"), 0, settings.desk.risk_free_rate)
