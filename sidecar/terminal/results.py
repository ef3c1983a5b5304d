"""A backtest's result in a terminal: the figures with their intervals, and all that a reader has to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

from rich.console import Console
from rich.table import Table

from sidecar.client import Json
from sidecar.terminal.tables import add, number, table_of

_GAIN, _SHARE, _RATIO = "gain", "share", "ratio"
#: What stands in the headline: the words, the field of ``figures``, and how it is written.
_HEADLINE = (
    ("total return", "total_return", _GAIN),
    ("a year", "annualized_return", _GAIN),
    ("volatility", "volatility", _SHARE),
    ("Sharpe ratio", "sharpe_ratio", _RATIO),
    ("Sortino ratio", "sortino_ratio", _RATIO),
    ("Calmar ratio", "calmar_ratio", _RATIO),
    ("most drawdown", "max_drawdown", _SHARE),
    ("win rate", "win_rate", _SHARE),
    ("profit factor", "profit_factor", _RATIO),
    ("worst session", "worst_session", _GAIN),
    ("VaR 95 %", "var_95", _SHARE),
    ("shortfall 97.5 %", "expected_shortfall_975", _SHARE),
    ("exposure", "exposure", _SHARE),
    ("turnover", "turnover", _RATIO),
)
_MOST_ROWS = 20


def show_result(console: Console, told: Json) -> None:
    """Print it. ``told`` is a result as ``servers.backtest_answers`` shapes it; what is unknown is a dash."""
    _head(console, told)
    console.print(_headline(told))
    console.print(_money(told))
    parts = (("year", "years"), ("regime", "regimes"), ("test window", "window_parts"))
    for table in (*(_parts(of, told[name]) for of, name in parts), _windows(told), _trials(told)):
        if table.row_count:
            console.print(table)
    for line in (*_refused(told), *_data(told), *_selection(told), _lookahead(told["lookahead"])):
        console.print(line)
    for one in told["assumptions"]:
        console.print(f"assumed: {one}")
    console.print(f"hash {told['hash']}", soft_wrap=True)


def show_strategies(console: Console, lines: Iterable[Json]) -> None:
    """The strategies that can be asked for by name: ``domain.backtests.StrategyLine`` each, as JSON."""
    table = table_of(("strategy", "what it does", "engines", "parameters (--set NAME=VALUE)"), ())
    for line in lines:
        parameters = ", ".join(f"{name}={value:g}" for name, value in line["parameters"].items()) or "none"
        does = f"{line['title']}. {line['description']}" + (" Needs a model." if line["needs_model"] else "")
        add(table, line["name"], does, ", ".join(line["engines"]), parameters)
    console.print(table)


# ---- the parts -----------------------------------------------------------------------------------------------------


def _head(console: Console, told: Json) -> None:
    asked = told["config"]
    market = "SIMULATED MARKET: these prices were never traded" if told["simulated"] else "recorded market"
    console.print(f"{market} · {told['source']}", style="bold red" if told["simulated"] else "bold")
    console.print(
        f"{asked['strategy']} on {', '.join(asked['symbols'])}, {asked['start_date']} to {asked['end_date']}: "
        f"{number(told['total_trades'])} round trips, {number(told['figures']['sessions'])} sessions, {told['engine']} "
        f"engine, {number(told['bars'])} bars, {number(told['events'])} events, {told['seconds']:.1f} s"
    )
    if told["ended_early"]:
        console.print(f"ENDED EARLY: {told['ended_early']}", style="bold red")


def _headline(told: Json) -> Table:
    """Each figure with the interval that chance gives it, and the same of holding."""
    table = table_of(("",), ("strategy", "95 % from", "to", "buy and hold"))
    figures, held = {**told["figures"], **_top(told)}, told["benchmark"] or {}
    for words, name, kind in _HEADLINE:
        between = told["uncertainty"].get(name) or {}
        cells = (figures.get(name), between.get("low"), between.get("high"), held.get(name))
        add(table, words, *(_written(kind, cell) for cell in cells))
    return table


def _top(told: Json) -> dict[str, Any]:
    return {name: told[name] for name in ("win_rate", "profit_factor")}


def _money(told: Json) -> str:
    money = told["performance_metrics"]
    parts = (
        ("net", "net_profit"), ("won", "gross_profit"), ("lost", "gross_loss"), ("fees and taxes", "total_commission"),
        ("slippage", "total_slippage"), ("best trade", "best_trade"), ("worst", "worst_trade"),
    )  # fmt: skip
    return " · ".join(f"{words} {number(_float(money[name]), 2)}" for words, name in parts)


def _parts(of: str, parts: Iterable[Json]) -> Table:
    table = table_of((of,), ("sessions", "return", "Sharpe ratio", "most drawdown", "round trips", "net"))
    for part in parts:
        figures = part["figures"]
        add(
            table, part["name"], number(figures["sessions"]), _gain(figures["total_return"]),
            number(figures["sharpe_ratio"], 2), _share(figures["max_drawdown"]), number(part["trades"]),
            number(_float(part["net_profit"]), 2),
        )  # fmt: skip
    return table


def _windows(told: Json) -> Table:
    """What each window's model learnt from; empty where nothing was learnt."""
    table = table_of(("tested", "learnt from", "model", "note"), ())
    for window in told["windows"] if any(each["train_from"] for each in told["windows"]) else ():
        learnt = f"{window['train_from']} to {window['train_to']}" if window["train_from"] else "nothing"
        add(table, f"{window['test_from']} to {window['test_to']}", learnt, window["model_id"], window["note"])
    return table


def _trials(told: Json) -> Table:
    """The best sets first; every one of them counts in the deflated Sharpe ratio."""
    table = table_of(("set",), ("Sharpe ratio", "return", "round trips"))
    tried = sorted(told["trials"], key=_rank, reverse=True)
    for one in tried[:_MOST_ROWS]:
        given = ", ".join(f"{name}={value:g}" for name, value in one["parameters"].items())
        add(table, given, number(one["sharpe_ratio"], 2), _gain(one["total_return"]), number(one["trades"]))
    if len(tried) > _MOST_ROWS:
        add(table, f"and {len(tried) - _MOST_ROWS} more", "", "", "")
    return table


def _rank(trial: Json) -> tuple[float, float]:
    ratio, total = (-inf if trial[name] is None else trial[name] for name in ("sharpe_ratio", "total_return"))
    return ratio, total


def _refused(told: Json) -> list[str]:
    return [
        f"not filled: {number(one['count'])} orders, {one['reason']}, {one['first_at']} to {one['last_at']}"
        for one in told["refused"]
    ]


def _data(told: Json) -> list[str]:
    return [f"data: {number(note['count'])} {note['kind']}: {note['detail']}" for note in told["data"]]


def _selection(told: Json) -> tuple[str, ...]:
    found = told["selection"]
    if found["trials"] < 2:
        chance = number(found["deflated_sharpe"], 3)
        known = f"the chance that the true Sharpe ratio is above 0 is {chance}"
        return (f"one set was tried: {known if found['deflated_sharpe'] is not None else found['note']}",)
    words = (
        f"the best of {number(found['trials'])} sets: the chance that it is better than the luckiest of so many "
        f"worthless ones is {number(found['deflated_sharpe'], 3)} (deflated Sharpe); the best on one half of time is "
        f"below the median on the other in {_share(found['overfitting_probability'])} of splits"
    )
    return (words + (f"; {found['note']}" if found["note"] else ""),)


def _lookahead(found: Json) -> str:
    if not found["cuts"]:
        return f"look-ahead: not looked for{': ' + found['note'] if found['note'] else ''}"
    if not found["changed"]:
        return f"look-ahead: none; what was decided before {found['cuts']} instants stays when all after is scrambled"
    return f"LOOK-AHEAD: {found['changed']} of {found['cuts']} cuts change what was decided before; {found['first']}"


# ---- numbers -------------------------------------------------------------------------------------------------------


def _float(value: str | float | None) -> float | None:
    return None if value is None else float(value)


def _gain(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+,.2f} %"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:,.2f} %"


def _written(kind: str, value: float | None) -> str:
    return _FORMS[kind](value)


_FORMS: Mapping[str, Callable[[float | None], str]] = {
    _GAIN: _gain, _SHARE: _share, _RATIO: lambda value: number(value, 2),
}  # fmt: skip
