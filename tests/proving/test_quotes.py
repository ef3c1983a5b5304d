"""A backtest on quotes: chains through the desk itself, rules that buy options by either engine, tapes, one's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.backtests import BacktestRequest, Engine, Instrument, Source
from sidecar.domain.errors import InputError
from sidecar.domain.events import Beat
from sidecar.proving.archive_feed import archived_events
from sidecar.proving.past import Past
from sidecar.proving.run import run
from sidecar.store.tape import TapeHeader, TapeWriter
from tests.archive_world import archive
from tests.desk.world import CALENDAR, CONTRACTS, DAY, EXPIRY, REFERENCE
from tests.proving.pasts import loose, past_of

pytestmark = pytest.mark.slow

CROSS = {"fast": 2.0, "slow": 4.0, "short": 1.0}
WIDE = {"iv_shock": 1e6, "net_theta": 1e9, "net_vega": 1e9, "net_gamma": 1e9, "price_band": 0.9}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    made = loose(past_of(archive=str(archive(tmp_path_factory.mktemp("archive"), seen=8))))
    return replace(made, config=replace(made.config, limits=made.config.limits | WIDE))


def came_to(past: Past, strategy: str, **changes: Any) -> BacktestResult:
    asked = replace(BacktestRequest(("NIFTY",), strategy, DAY, EXPIRY), **changes)
    return replace(run(asked, past, REFERENCE), seconds=0.0)


def test_a_strangle_is_sold_on_the_chain_and_settles_at_its_expiry(past: Past) -> None:
    found = came_to(past, "short_strangle", parameters={"hedge": 0.0})
    assert found.engine is Engine.EVENT
    assert {trade.side for trade in found.trades} == {"sell"}
    assert {trade.exit for trade in found.trades} == {"settlement"}
    assert all(trade.closed_at > trade.opened_at for trade in found.trades)
    assert found.lookahead.changed == 0
    assert found.lookahead.cuts > 0
    assert found.source == "archive test"
    assert found.benchmark is not None
    assert {note.kind for note in found.data} == {"gap"}


def test_without_costs_the_same_trades_earn_what_they_cost_before(past: Past) -> None:
    dear = came_to(past, "short_strangle", parameters={"hedge": 0.0})
    free = came_to(past, "short_strangle", parameters={"hedge": 0.0}, commission=0.0)
    assert [trade.symbol for trade in dear.trades] == [trade.symbol for trade in free.trades]
    money = dear.performance_metrics
    assert money.total_commission > 0
    assert free.performance_metrics.net_profit == money.net_profit + money.total_commission


def test_a_rule_buys_the_same_options_by_either_engine(past: Past) -> None:
    options = {"instrument": Instrument.ATM_OPTIONS, "parameters": CROSS}
    one, two = (came_to(past, "sma_cross", engine=engine, **options) for engine in (Engine.VECTORISED, Engine.EVENT))
    assert (one.engine, two.engine) == (Engine.VECTORISED, Engine.EVENT)
    assert one.total_trades > 4
    assert [deed(trade) for trade in one.trades] == [deed(trade) for trade in two.trades]
    assert one.lookahead.cuts > two.lookahead.cuts > 0
    assert (one.lookahead.changed, two.lookahead.changed) == (0, 0)


def deed(trade: Any) -> tuple[Any, ...]:
    """What was traded: arrays know the bar that an order was filled in, the desk the instant."""
    return trade.symbol, trade.quantity, trade.entry_price, trade.exit_price, trade.net_pnl


def test_a_sweep_over_options_runs_the_best_set(past: Past) -> None:
    found = came_to(
        past, "sma_cross", instrument=Instrument.ATM_OPTIONS, sweep={"fast": (2.0, 3.0), "slow": (4.0, 6.0)}
    )
    assert len(found.trials) == 4
    assert found.selection.trials == 4


def test_a_sweep_of_a_strategy_on_chains_runs_each_set_through_the_desk(past: Past) -> None:
    found = came_to(past, "short_strangle", parameters={"hedge": 0.0}, sweep={"delta": (0.15, 0.25)})
    assert [trial.parameters["delta"] for trial in found.trials] == [0.15, 0.25]


def test_a_rule_trades_the_future_on_bars_that_are_made_of_quotes(tmp_path: Path) -> None:
    made = loose(past_of(archive=str(archive(tmp_path, seen=188))))
    found = came_to(made, "sma_cross", source=Source.ARCHIVE, parameters=CROSS)
    assert found.engine is Engine.VECTORISED
    assert found.bars > 700
    assert {trade.symbol[-4:] for trade in found.trades} == {"-FUT"}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("symbols", {"symbols": ("BANKNIFTY",)}),
        ("start_date", {"start_date": date(2026, 1, 1)}),
        ("end_date", {"end_date": date(2026, 9, 30)}),
    ],
)
def test_what_was_not_imported_is_refused_by_its_field(past: Past, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        came_to(past, "short_strangle", **changes)
    assert refused.value.field == field


def test_a_strategy_on_chains_without_any_is_refused() -> None:
    with pytest.raises(InputError, match="no data of any underlying"):
        came_to(past_of(), "short_strangle")


def test_a_tape_of_a_market_is_played_and_one_of_a_desk_is_refused(
    tmp_path: Path, repository: Path, past: Past
) -> None:
    path, folder = tmp_path / "two_days.tape", Path(past.archive)
    with TapeWriter(path, TapeHeader("test", True, "market", "NSE", "Asia/Kolkata", CONTRACTS)) as tape:
        events = archived_events(folder, ["NIFTY"], DAY, EXPIRY, REFERENCE, CALENDAR)
        tape.write(event for event in events if not isinstance(event, Beat))
    played = replace(past, archive="", tape=str(path))
    found = came_to(played, "short_strangle", parameters={"hedge": 0.0})
    assert {trade.exit for trade in found.trades} == {"settlement"}
    assert {trade.side for trade in found.trades} == {"sell"}
    recorded = loose(past_of(tape=str(repository / "data" / "sample" / "morning.tape")))
    with pytest.raises(InputError, match="recorded by a desk"):
        came_to(recorded, "short_strangle")
