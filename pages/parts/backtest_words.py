"""What is to be said of a backtest before anyone looks at a curve: its verdict, and the reasons to doubt it."""

from __future__ import annotations

from typing import Any, NamedTuple

from pages.parts.words import arrow, known, money, number, percent, phrase, plain

Row = dict[str, Any]


class Said(NamedTuple):
    """One sentence with how grave it is: ``good``, ``bad``, ``careful`` or ``note``."""

    kind: str
    text: str


def verdict(result: Row, currency: str) -> list[Said]:
    """The gravest first: what makes the rest unbelievable, then what it made, then what is left of it."""
    looked = _lookahead(result)
    found = (_ended(result), _made(result, currency), _luck(result))
    told = [one for one in found if one]
    return [looked, *told] if looked.kind == "bad" else [*told, looked]


def _made(result: Row, currency: str) -> Said:
    metrics, figures = result.get("performance_metrics") or {}, result.get("figures") or {}
    net = known(metrics.get("net_profit"))
    word = "Unknown" if net is None else "Made" if net > 0 else "Lost" if net < 0 else "Made nothing:"
    simulated = " on SIMULATED data" if result.get("simulated") else ""
    text = (
        f"**{word} {arrow(net)}{plain(money(net, currency, signed=True))} net{simulated}** "
        f"({percent(result.get('total_return'), signed=True)}) in {number(result.get('total_trades'), 0)} trades over "
        f"{number(figures.get('sessions'), 0)} sessions, after "
        f"{plain(money(metrics.get('total_commission'), currency))} of charges and "
        f"{plain(money(metrics.get('total_slippage'), currency))} of slippage."
    )
    return Said("note", text)


def _luck(result: Row) -> Said:
    interval = (result.get("uncertainty") or {}).get("sharpe_ratio") or {}
    low, high = known(interval.get("low")), known(interval.get("high"))
    selection = result.get("selection") or {}
    if low is None or high is None:
        told, kind = "its interval is unknown", "careful"
    elif low > 0:
        told, kind = f"95 % interval {number(low)} to {number(high)}, all above 0", "good"
    elif high < 0:
        told, kind = f"95 % interval {number(low)} to {number(high)}, all below 0", "bad"
    else:
        told, kind = f"95 % interval {number(low)} to {number(high)}: it holds 0, so nothing is shown", "careful"
    chance = known(selection.get("deflated_sharpe"))
    deflated = percent(chance, 1) if chance is not None else f"unknown, {plain(selection.get('note') or 'no reason')}"
    trials = number(selection.get("trials"), 0)
    over = known(selection.get("overfitting_probability"))
    fitted = f" Probability of overfitting {percent(over, 0)}." if over is not None else ""
    if kind == "good" and (chance is None or chance < 0.95):
        kind = "careful"
    return Said(
        kind,
        f"Sharpe {number(result.get('sharpe_ratio'))}, {told}. Chance that it is more than the luck of {trials} "
        f"trial{'' if trials == '1' else 's'} (deflated Sharpe): {deflated}.{fitted}",
    )


def _lookahead(result: Row) -> Said:
    told = result.get("lookahead") or {}
    cuts, changed = known(told.get("cuts")) or 0, known(told.get("changed")) or 0
    if changed:
        return Said(
            "bad",
            f"**IT SEES THE FUTURE: do not believe a number below.** Its decisions changed at {changed:.0f} of "
            f"{cuts:.0f} instants when all that came after was scrambled. "
            f"First: {plain(told.get('first') or 'unknown')}",
        )
    if not cuts:
        return Said(
            "careful", f"Whether it sees the future was not looked at: {plain(told.get('note') or 'no reason')}"
        )
    return Said("good", f"It does not see the future: scrambling it at {cuts:.0f} instants changed no decision before.")


def _ended(result: Row) -> Said | None:
    why = result.get("ended_early")
    return Said("bad", f"**It stopped before the end of its data:** {plain(why)}") if why else None


#: Figures that runs are compared by: wire name, heading, whether it is a fraction, decimals.
FIGURES: tuple[tuple[str, str, bool, int], ...] = (
    ("total_return", "Total return", True, 2),
    ("annualized_return", "A year", True, 2),
    ("volatility", "Volatility, a year", True, 2),
    ("sharpe_ratio", "Sharpe", False, 2),
    ("sortino_ratio", "Sortino", False, 2),
    ("calmar_ratio", "Calmar", False, 2),
    ("max_drawdown", "Deepest drawdown", True, 2),
    ("win_rate", "Trades that won", True, 1),
    ("profit_factor", "Profit factor", False, 2),
    ("total_trades", "Trades", False, 0),
    ("deflated_sharpe", "Deflated Sharpe", True, 1),
)


def figure_of(result: Row, name: str, *, share: bool, places: int) -> str:
    """One figure with its interval, where there is one."""
    write = percent if share else number
    value = write(result.get(name), places)
    found = (result.get("uncertainty") or {}).get(name) or {}
    if known(found.get("low")) is None or known(found.get("high")) is None:
        return value
    return f"{value} ({write(found['low'], places)} to {write(found['high'], places)})"


def side_by_side(runs: dict[str, Row]) -> list[Row]:
    """The figures of runs by name, a row a figure, each with its 95 % interval where there is one."""
    return [
        {"figure": heading, **{name: figure_of(result, wire, share=share, places=places)
                               for name, result in runs.items()}}
        for wire, heading, share, places in FIGURES
    ]  # fmt: skip


def because(reason: Any) -> str:
    """A wire reason in words."""
    return plain(phrase(reason))
