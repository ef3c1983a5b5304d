"""The report of a backtest: one HTML file that needs nothing else, read from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from sidecar import __version__
from sidecar.backtest import plots, report_tables
from sidecar.backtest.curve import Floats, Whole, dated, over
from sidecar.backtest.report_style import STYLE
from sidecar.backtest.report_words import asked, looked_ahead, selected, summary
from sidecar.backtest.wording import change, count, moment, number, percent, plain, plural
from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.clock import local_date

ZONE = ZoneInfo("Asia/Kolkata")
#: Nothing is fetched, whatever a text may hold: the browser is told so.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_DRAWN = "{responsive: true, displaylogo: false, displayModeBar: false}"


def page(result: BacktestResult, zone: ZoneInfo = ZONE) -> str:
    """The report as HTML, UTF-8, with Plotly inside: the same bytes for the same result. Times are in ``zone``.

    Its tables and sentences need no JavaScript; only the pictures do. Texts of others are escaped, unknown numbers are
    dashes.
    """
    title = f"{plain(result.config.strategy)} on {plain(', '.join(result.config.symbols))}"
    body = "\n".join(section for section in _sections(result, zone) if section)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Backtest: {title}</title>\n'
        f"<style>{STYLE}</style>\n<script>{get_plotlyjs()}</script></head>\n"
        f"<body><main>\n<h1>Backtest: {title}</h1>\n{body}\n</main></body></html>\n"
    )


def _sections(result: BacktestResult, zone: ZoneInfo) -> Iterator[str]:
    days, found = shown_returns(result, zone)
    yield from _banners(result)
    yield _section("What was asked", f"<p>{asked(result)}</p>")
    yield _section("What came of it", _verdict(result) + report_tables.headline(result) + _INTERVALS)
    yield _section("Equity", _equity(result, zone))
    yield _section("Is it luck?", f"<p>{selected(result.selection)}</p>{_trials(result)}")
    yield _section("Does it look ahead?", f"<p>{looked_ahead(result.lookahead)}</p>")
    yield _section("Sessions", _sessions(result, days, found))
    yield _section("Parts of the time", _parts(result, zone))
    yield _section("Costs", _costs(result))
    yield _section("Trades", _trades(result, zone))
    yield _section("Orders that came to nothing", _refused(result, zone))
    yield _section("Data", _data(result))
    yield _section("What is assumed", _listed(result.assumptions) or "<p>Nothing beyond what stands above.</p>")
    yield _section("To do it again", _again(result))


def shown_returns(result: BacktestResult, zone: ZoneInfo) -> tuple[Whole, Floats]:
    """The days on the curve, as ordinals, and the return of each, from the one before it."""
    days = np.array([local_date(point.at, zone).toordinal() for point in result.equity_curve], np.int64)
    ends = np.array([point.equity for point in result.equity_curve], np.float64)
    if not days.size:
        return days, ends
    last = np.append(days[1:] != days[:-1], True)
    starts = np.concatenate([[float(result.config.initial_capital)], ends[last][:-1]])
    return days[last], over(ends[last], starts)


def _banners(result: BacktestResult) -> Iterator[str]:
    if result.simulated:
        yield _banner("SIMULATED DATA", "The market of this backtest was made up. Nothing here happened.")
    if result.lookahead.changed:
        yield _banner("LOOK-AHEAD", looked_ahead(result.lookahead))
    if result.ended_early:
        yield _banner("ENDED EARLY", plain(result.ended_early))


def _banner(word: str, text: str) -> str:
    return f'<p class="banner" role="alert"><b>{word}</b> {text}</p>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


_INTERVALS = (
    '<p class="quiet">Intervals are of 95 %: whole runs of sessions drawn again and again from those that were. '
    "They say how far luck alone may have moved the figure, and nothing of a market that changes.</p>"
)
_ENDED = '<p class="quiet">Returns are of the marks in a part; a trade counts, with its money, where it ended.</p>'


def _verdict(result: BacktestResult) -> str:
    if not result.total_trades:
        return f"<p><b>It never traded</b> in {plural(result.figures.sessions, 'session')}.</p>"
    held = f" Bought and held: {change(result.benchmark.total_return)}." if result.benchmark is not None else ""
    return (
        f"<p>It made <b>{change(result.total_return)}</b> in {plural(result.figures.sessions, 'session')} and "
        f"{plural(result.total_trades, 'trade')}, after all costs, and was down by "
        f"<b>{percent(result.max_drawdown)}</b> at the worst.{held}</p>"
    )


def _equity(result: BacktestResult, zone: ZoneInfo) -> str:
    told = summary(result, zone)
    if not result.equity_curve:
        return f"<p>{told}</p>"
    marked = f" The {plots.MARKED} largest trades are drawn." if result.total_trades > plots.MARKED else ""
    return _figure("equity", plots.equity(result, zone), told) + f'<p class="quiet">{told}{marked}</p>'


def _trials(result: BacktestResult) -> str:
    if len(result.trials) < 2:
        return ""
    shown = min(len(result.trials), report_tables.TRIALS)
    return f"<details><summary>The best {shown} sets</summary>{report_tables.trials(result.trials)}</details>"


def _sessions(result: BacktestResult, days: Whole, found: Floats) -> str:
    known = found[np.isfinite(found)]
    if not known.size:
        return "<p>No session has a return.</p>"
    if not known.any():
        return f"<p>Not one of {plural(known.size, 'session')} returned anything.</p>"
    text = "How often a session returned how much, in per cent."
    drawn = _figure("returns", plots.returns(known, result.figures.var_95), text)
    part = "" if days.size == result.figures.sessions else f" Of {count(result.figures.sessions)} sessions, every few."
    months = report_tables.months(dated(days), found)
    return f'{drawn}<p class="quiet">{text}{part}</p><h3>Months (%)</h3>{months}'


def _parts(result: BacktestResult, zone: ZoneInfo) -> str:
    told = "Thirds of the sessions by the volatility of the twenty before each, told apart afterwards."
    regimes = f'<p class="quiet">{told}</p>'
    windows = report_tables.windows(result.windows, result.window_parts, zone)
    parts = (
        ("Years", "", report_tables.parts(result.years, "year") if result.years else ""),
        ("Regimes", regimes, report_tables.parts(result.regimes, "market") if result.regimes else ""),
        ("Test windows", "", windows if result.windows else ""),
    )
    found = "".join(f"<h3>{title}</h3>{text}{table}" for title, text, table in parts if table)
    return _ENDED + found if found else "<p>Too little to part.</p>"


def _costs(result: BacktestResult) -> str:
    if not result.trades:
        return "<p>Nothing was traded, so nothing was paid.</p>"
    gross = sum((trade.gross_pnl for trade in result.trades), Decimal(0))
    metrics = result.performance_metrics
    drawn = plots.costs(float(gross), float(metrics.total_commission), metrics.total_slippage)
    text = f"From what was made before costs to the net of {number(metrics.net_profit)}."
    return _figure("costs", drawn, text) + report_tables.money_table(gross, result)


def _trades(result: BacktestResult, zone: ZoneInfo) -> str:
    if not result.trades:
        return "<p>None.</p>"
    shown = min(result.total_trades, report_tables.LISTED)
    first = (
        f"The first {count(shown)} of {count(result.total_trades)}" if shown < result.total_trades else "Every trade"
    )
    listed = report_tables.trades(result.trades, zone)
    return f"{report_tables.traded(result)}<details open><summary>{first}</summary>{listed}</details>"


def _refused(result: BacktestResult, zone: ZoneInfo) -> str:
    rows = (
        (plain(one.reason), count(one.count), moment(one.first_at, zone), moment(one.last_at, zone))
        for one in result.refused
    )
    head = ("why", "orders", "first", "last")
    return report_tables.table(head, rows, kind="texts") if result.refused else "<p>None: each was filled.</p>"


def _data(result: BacktestResult) -> str:
    seen = f"<p>{plain(result.source) or 'Source not told'}: {plural(result.bars, 'bar')}, "
    seen += f"{plural(result.events, 'event')}, by the {result.engine.value} engine.</p>"
    rows = ((plain(one.kind), count(one.count), plain(one.detail)) for one in result.data)
    return seen + (report_tables.table(("what", "times", "where"), rows, kind="texts") if result.data else "")


def _listed(texts: tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{plain(text)}</li>' for text in texts)}</ul>" if texts else ""


def _again(result: BacktestResult) -> str:
    return (
        f"<p>The same request on the same data gives the same fills and the same equity; their SHA-256 is "
        f"<code>{plain(result.hash)}</code>. Deskwatch {__version__}.</p>"
    )


def _figure(name: str, figure: go.Figure, text: str) -> str:
    """A picture, what it shows in words, and a line for who has no JavaScript."""
    drawn = figure.to_json(engine="json")
    return (
        f'<figure role="img" aria-label="{plain(text)}"><div id="{name}" style="min-height:{figure.layout.height}px">'
        "<noscript>The picture needs JavaScript; its numbers stand in the tables.</noscript></div></figure>"
        f'<script>(f => Plotly.newPlot("{name}", f.data, f.layout, {_DRAWN}))({drawn})</script>'
    )
