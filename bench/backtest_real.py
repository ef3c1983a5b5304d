"""Backtests on recorded markets: strangles and condors with and without costs, their settlements, both engines' trades.

``python -m bench.backtest_real [FOLDER] [REPORTS]``: FOLDER holds the market data (``../shared/data`` beside the
checkout by default; its licences keep it out of the repository), REPORTS takes a page for each run of the strangle.
What these strategies earned in a few weeks says nothing about what they earn.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from msgspec.structs import replace

from bench.loop import table
from sidecar.archived import archived_day
from sidecar.backtest.report import page
from sidecar.bars_given import bars_given
from sidecar.domain.backtest_result import BacktestResult, BacktestTrade
from sidecar.domain.backtests import BacktestRequest, Engine, Instrument
from sidecar.domain.contracts import parse_id
from sidecar.markets import paper_settings
from sidecar.proving.past import Past
from sidecar.proving.run import run
from sidecar.reference import load_reference
from sidecar.settings import desk_config, load_settings
from sidecar.store.importing import run_import
from sidecar.teaching import schooling_of

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")


class Market(NamedTuple):
    """A recorded chain of NIFTY: its file, and the days of it that are run."""

    name: str
    file: str
    first: date
    last: date


MARKETS = (
    Market("2019, 15 min, bid and ask", "nse_web_chain_multiexpiry_2019-05-17_2019-07-31.parquet",
           date(2019, 6, 10), date(2019, 6, 14)),
    Market("2025, 155 s, last prices", "nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet",
           date(2025, 1, 28), date(2025, 2, 13)),
    Market("2026-08-18, 1 min, last prices", "nifty_chain_1min_option_chain_20260818.parquet",
           date(2026, 8, 18), date(2026, 8, 18)),
)  # fmt: skip
BARS = "NIFTY_1min_2024-01_2024-08.csv.gz"
#: No limit of the desk stands between the two engines: what it holds back is measured by itself above.
WIDE = {
    "loss_streak": 1e6, "daily_loss": 0.9, "drawdown": 0.9, "order_lots": 50.0, "position_allocation": 9.0,
    "strategy_allocation": 9.0, "capital_per_trade": 9.0, "capital_utilization": 9.0, "margin_utilization": 9.0,
    "unexecuted_value": 1e3, "net_delta": 1e9, "net_gamma": 1e9, "net_vega": 1e9, "net_theta": 1e9, "var_95": 9.0,
    "stress_loss": 9.0, "iv_shock": 1e6, "price_band": 0.9,
}  # fmt: skip
RULES: tuple[tuple[str, dict[str, float], dict[str, Any]], ...] = (
    ("sma_cross", {}, {}),
    ("sma_cross", {"short": 1.0}, {}),
    ("technical_only", {}, {}),
    ("buy_and_hold", {}, {}),
    ("sma_cross", {}, {"commission": 0.0003, "slippage": 0.0002}),
)


def main(folder: Path, reports: Path | None) -> None:
    """Import, run and print."""
    with TemporaryDirectory() as data:
        files = [folder / "chain_intraday" / market.file for market in MARKETS]
        run_import(files, data_dir=Path(data), reference=REFERENCE)
        past = past_of(str(Path(data) / "archive"))
        found = chains(past, reports)
        settlements(past, found)
        agreement(past, folder)


def past_of(archive: str) -> Past:
    """The desk's own settings beside what was imported."""
    settings = load_settings()
    pattern = schooling_of(settings, CALENDAR).pattern
    return Past(desk_config(settings), paper_settings(settings), pattern.spec, pattern.plan, archive=archive)


def chains(past: Past, reports: Path | None) -> list[tuple[Market, BacktestResult]]:
    """The strangle on each market with costs and without, and the condor with them."""
    rows, found = [], []
    for market in MARKETS:
        for strategy, costs in (("short_strangle", "tariff"), ("short_strangle", "none"), ("iron_condor", "tariff")):
            result = tested(past, market, strategy, None if costs == "tariff" else 0.0)
            found.append((market, result))
            rows.append(told(market, strategy, costs, result))
            print(
                f"{market.name} {strategy} {costs}: {result.ended_early or 'to its end'}", file=sys.stderr, flush=True
            )
            if reports is not None and strategy == "short_strangle":
                reports.mkdir(parents=True, exist_ok=True)
                (reports / f"{market.first.year}-{costs}.html").write_text(page(result))
    table(_HEADS, rows)
    return found


def tested(past: Past, market: Market, strategy: str, commission: float | None) -> BacktestResult:
    """One run of one market, with somebody who resets what trips in the first hour of each session."""
    request = BacktestRequest(("NIFTY",), strategy, market.first, market.last, commission=commission, resets=True)
    return run(request, past, REFERENCE)


def told(market: Market, strategy: str, costs: str, result: BacktestResult) -> tuple[str, ...]:
    """A row of the table."""
    money = result.performance_metrics
    return (
        market.name, strategy, costs, str(result.figures.sessions), str(result.total_trades),
        f"{money.net_profit:,.2f}", f"{money.total_commission:,.2f}", f"{money.total_slippage:,.2f}",
        f"{result.max_drawdown:.3%}", f"{result.seconds:.0f}", result.hash[:12],
    )  # fmt: skip


def settlements(past: Past, found: list[tuple[Market, BacktestResult]]) -> None:
    """Each leg that settled: what the engine closed it at, and what the archive's last index value leaves it worth."""
    legs: dict[str, BacktestTrade] = {}
    for _, result in found:
        legs |= {trade.symbol: trade for trade in result.trades if trade.exit == "settlement"}
    rows = []
    for symbol, trade in sorted(legs.items()):
        parts = parse_id(symbol)
        if parts.expiry is None or parts.strike is None or parts.right is None:
            continue
        close = closing(Path(past.archive), parts.expiry)
        worth = max(0.0, close - parts.strike if parts.right.value == "CE" else parts.strike - close)
        same = "yes" if abs(worth - trade.exit_price) < 1e-9 else "NO"
        rows.append((symbol, f"{close:,.2f}", f"{worth:,.4f}", f"{trade.exit_price:,.4f}", same))
    table(("settled", "index at the close", "worth by hand", "closed at", "same"), rows)


def closing(archive: Path, day: date) -> float:
    """The index's last value of a session, straight from the imported quotes."""
    session = CALENDAR.session(day)
    quotes = archived_day(archive, day, "NIFTY", ()).quotes
    index = quotes[(quotes["symbol"] == "NIFTY") & (quotes["at"] <= (session.close_at if session else 0))]
    return float(index["last"].iloc[-1])


def agreement(past: Past, folder: Path) -> None:
    """The same rule by both engines: how many of the trades are the same, to the paisa."""
    wide = replace(past, config=replace(past.config, limits=past.config.limits | WIDE))
    bars = bars_given(folder / "bars" / BARS, "NIFTY", CALENDAR, REFERENCE)
    rows = []
    for strategy, parameters, more in RULES:
        request = BacktestRequest(("NIFTY",), strategy, date(2024, 1, 15), date(2024, 1, 31), parameters=parameters)
        request = replace(request, **more)
        one, two = (run(replace(request, engine=engine), wide, REFERENCE, given=bars) for engine in _BOTH)
        rows.append(compared(f"future on bars, 2024, {strategy} {words(parameters, more)}", one, two))
    for market in MARKETS[1:]:
        request = BacktestRequest(
            ("NIFTY",), "sma_cross", market.first, market.last, instrument=Instrument.ATM_OPTIONS,
            parameters={"fast": 3.0, "slow": 8.0, "short": 1.0},
        )  # fmt: skip
        one, two = (run(replace(request, engine=engine), wide, REFERENCE) for engine in _BOTH)
        rows.append(compared(f"options at the money, {market.name}, sma_cross 3/8", one, two))
    table(("rule", "trades, arrays", "trades, desk", "identical", "net, arrays", "net, desk", "seconds"), rows)


_HEADS = (
    "NIFTY", "strategy", "costs", "sessions", "trades", "net", "fees", "slippage", "most down", "seconds", "hash",
)  # fmt: skip
_BOTH = (Engine.VECTORISED, Engine.EVENT)


def compared(name: str, one: BacktestResult, two: BacktestResult) -> tuple[str, ...]:
    """A row of the table. Of options the instants differ: arrays know the bar, the desk the quote."""
    same = (Counter(map(deed, one.trades)) & Counter(map(deed, two.trades))).total()
    nets = [f"{result.performance_metrics.net_profit:,.4f}" for result in (one, two)]
    seconds = f"{one.seconds:.1f} / {two.seconds:.1f}"
    return name, str(one.total_trades), str(two.total_trades), str(same), *nets, seconds


def deed(trade: BacktestTrade) -> tuple[Any, ...]:
    """What was traded, and what came of it."""
    when = (trade.opened_at, trade.closed_at) if trade.symbol.endswith("-FUT") else ()
    return when, trade.symbol, trade.quantity, trade.entry_price, trade.exit_price, trade.fees, trade.net_pnl


def words(parameters: dict[str, float], more: dict[str, Any]) -> str:
    """Parameters and costs in a cell."""
    return ", ".join(f"{name} {value:g}" for name, value in (parameters | more).items())


if __name__ == "__main__":
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else beside, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
