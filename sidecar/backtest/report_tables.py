"""The report's tables as HTML. Every text of others goes through :func:`~sidecar.backtest.wording.plain`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from math import isfinite
from zoneinfo import ZoneInfo

from sidecar.backtest.curve import Floats
from sidecar.backtest.wording import (
    UNKNOWN,
    Number,
    Written,
    change,
    count,
    earned,
    moment,
    money,
    number,
    percent,
    plain,
    ratio,
)  # fmt: skip
from sidecar.domain.backtest_result import BacktestResult, BacktestTrade, Estimate, Figures, Part, Trial, Window

#: Trades and trials that are written out.
LISTED = 500
TRIALS = 50
#: The figures at the head, with how each is written and whether the benchmark has it too.
HEADLINE: tuple[tuple[str, str, Written], ...] = (
    ("total_return", "total return", change),
    ("annualized_return", "return a year", change),
    ("volatility", "volatility a year", percent),
    ("sharpe_ratio", "Sharpe ratio", ratio),
    ("sortino_ratio", "Sortino ratio", ratio),
    ("max_drawdown", "deepest drawdown", percent),
    ("calmar_ratio", "Calmar ratio", ratio),
    ("longest_drawdown", "longest drawdown (sessions)", count),
    ("var_95", "loss that 5 % of sessions exceed", percent),
    ("expected_shortfall_975", "mean loss of the worst 2.5 %", percent),
    ("best_session", "best session", change),
    ("worst_session", "worst session", change),
    ("skew", "skew of sessions", ratio),
    ("kurtosis", "kurtosis of sessions (normal: 3)", ratio),
    ("exposure", "time with a position", percent),
    ("turnover", "turnover a year (times capital)", ratio),
    ("sessions", "sessions", count),
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", kind: str = "") -> str:
    """A table of cells that are HTML already; the first of a row is its heading. It scrolls where it is too wide."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    told = f"<caption>{caption}</caption>" if caption else ""
    inner = f"{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table class="{kind}">{inner}</table></div>'


def headline(result: BacktestResult) -> str:
    """The figures, their 95 % intervals, and the same of the benchmark."""
    beside = result.benchmark
    rows = [
        (
            label,
            f"<b>{written(getattr(result.figures, name))}</b>",
            interval(result.uncertainty.get(name), written),
            written(getattr(beside, name)) if beside is not None else UNKNOWN,
        )
        for name, label, written in HEADLINE
    ]
    return table(("", "this strategy", "95 % interval", "bought and held"), rows, kind="figures")


def traded(result: BacktestResult) -> str:
    """The trades in numbers."""
    metrics, told = result.performance_metrics, result.uncertainty
    scratch = result.total_trades - result.winning_trades - result.losing_trades
    mean = told.get("avg_trade", Estimate())
    rows = (
        ("trades", count(result.total_trades), ""),
        ("won, lost, neither", f"{count(result.winning_trades)}, {count(result.losing_trades)}, {count(scratch)}", ""),
        ("share that won", percent(result.win_rate), interval(told.get("win_rate"), percent)),
        ("mean trade after fees", earned(mean.value), interval(mean, earned)),
        ("mean of those won", money(result.avg_win), ""),
        ("mean of those lost", number(-result.avg_loss), ""),
        ("best", earned(metrics.best_trade), ""),
        ("worst", earned(metrics.worst_trade), ""),
        ("profit factor", ratio(result.profit_factor), ""),
        ("mean confidence on entry", percent(metrics.avg_confidence), ""),
    )
    return table(("", "", "95 % interval"), rows, kind="figures")


def interval(estimate: Estimate | None, written: Written) -> str:
    """The two ends, or a dash where they are not known."""
    if estimate is None or not (isfinite(estimate.low) and isfinite(estimate.high)):
        return UNKNOWN
    return f"{written(estimate.low)} to {written(estimate.high)}"


def money_table(gross: Number, result: BacktestResult) -> str:
    """What was made before costs, and what the costs took."""
    metrics = result.performance_metrics
    beyond = metrics.total_slippage
    rows = (
        ("made before any cost", earned(float(gross or 0) + beyond)),
        ("slippage: paid beyond the middle of the quote", money(-beyond)),
        ("fees and taxes", money(-metrics.total_commission)),
        ("<b>net</b>", f"<b>{earned(metrics.net_profit)}</b>"),
    )
    return table(("", "account currency"), rows, kind="figures")


def parts(found: Sequence[Part], heading: str) -> str:
    """One row a part of the run."""
    head = (heading, "sessions", "return", "volatility a year", "Sharpe", "deepest drawdown", "trades", "net")
    return table(head, (_part(part) for part in found))


def _part(part: Part) -> tuple[str, ...]:
    return (plain(part.name), *_shown(part.figures), count(part.trades), earned(part.net_profit))


def _shown(figures: Figures) -> tuple[str, ...]:
    return (
        count(figures.sessions),
        change(figures.total_return),
        percent(figures.volatility),
        ratio(figures.sharpe_ratio),
        percent(figures.max_drawdown),
    )


def windows(found: Sequence[Window], parts_of: Sequence[Part], zone: ZoneInfo) -> str:
    """One row a test window: what it learnt from, which model, and what it came to."""
    figures = {part.name: part for part in parts_of}
    head = ("tested on", "learnt from", "model", "newest label", "return", "Sharpe", "trades", "net", "note")
    rows = (_window(one, figures.get(f"{one.test_from} to {one.test_to}"), zone) for one in found)
    return table(head, rows)


def _window(one: Window, part: Part | None, zone: ZoneInfo) -> tuple[str, ...]:
    learnt = f"{one.train_from} to {one.train_to}" if one.train_from else "nothing"
    newest = moment(one.labels_to, zone) if one.labels_to else UNKNOWN
    came: tuple[str, ...] = (UNKNOWN,) * 4
    if part is not None:
        shown = part.figures
        came = (change(shown.total_return), ratio(shown.sharpe_ratio), count(part.trades), earned(part.net_profit))
    return (
        f"{one.test_from} to {one.test_to}",
        learnt,
        plain(one.model_id) or UNKNOWN,
        newest,
        *came,
        plain(one.note),
    )


def months(days: Sequence[date], found: Floats) -> str:
    """The return of each calendar month and year, from those of its sessions."""
    grown: dict[tuple[int, int], float] = {}
    for day, one in zip(days, found, strict=True):
        for key in ((day.year, day.month), (day.year, 0)):
            grown[key] = (1.0 + grown.get(key, 0.0)) * (1.0 + float(one)) - 1.0
    years = sorted({day.year for day in days})
    rows = ((str(year), *(_month(grown.get((year, month))) for month in (*range(1, 13), 0))) for year in years)
    return table(("", *MONTHS, "year"), rows, kind="months")


def _month(value: float | None) -> str:
    if value is None or not isfinite(value):
        return f"<span>{'' if value is None else UNKNOWN}</span>"
    strength = min(abs(value) / 0.05, 1.0) * 0.55
    colour = "42,157,143" if value >= 0 else "217,105,46"
    return f'<span style="background:rgba({colour},{strength:.2f})">{number(value * 100, 1, signed=True)}</span>'


def trades(found: Sequence[BacktestTrade], zone: ZoneInfo) -> str:
    """The first trades, one a row."""
    head = ("contract", "side", "units", "opened", "closed", "in at", "out at", "gross", "fees", "slippage", "net",
            "ended by", "confidence", "model")  # fmt: skip
    return table(head, (_trade(trade, zone) for trade in found[:LISTED]), kind="trades")


def _trade(trade: BacktestTrade, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        plain(trade.symbol),
        plain(trade.side),
        count(trade.quantity),
        moment(trade.opened_at, zone),
        moment(trade.closed_at, zone),
        number(trade.entry_price),
        number(trade.exit_price),
        number(trade.gross_pnl, signed=True),
        number(trade.fees),
        number(trade.slippage),
        earned(trade.net_pnl),
        plain(trade.exit),
        percent(trade.confidence),
        plain(trade.model_id) or UNKNOWN,
    )


def trials(found: Sequence[Trial]) -> str:
    """The best sets of a sweep, by Sharpe ratio."""
    ranked = sorted(found, key=lambda one: -one.sharpe_ratio if isfinite(one.sharpe_ratio) else float("inf"))
    rows = (
        (
            plain(", ".join(f"{name} {value:g}" for name, value in one.parameters.items())) or "as it comes",
            ratio(one.sharpe_ratio),
            change(one.total_return),
            count(one.trades),
        )
        for one in ranked[:TRIALS]
    )
    return table(("parameters", "Sharpe", "return", "trades"), rows)
