"""The columns of tables about backtests."""

from __future__ import annotations

from typing import Any

from pages.parts.tables import Columns
from pages.parts.words import known

Row = dict[str, Any]

RUN: Columns = {
    "state": ("State", "text", "done has a result, failed says why, cancelled by whom"),
    "strategy": ("Strategy", "text", ""),
    "on": ("On", "text", "underlyings"),
    "span": ("Days", "text", "the exchange's, both ends in"),
    "made": ("Return", "%+,.2f %%", "of the capital, after all costs"),
    "sharpe_ratio": ("Sharpe", "%+,.2f", "a year; its interval stands in the result"),
    "deepest": ("Drawdown", "%,.2f %%", "deepest, below the peak"),
    "total_trades": ("Trades", "%,d", ""),
    "data": ("Data", "text", "simulated or recorded"),
    "asked_at": ("Asked", "time", "exchange time"),
    "seconds": ("Seconds", "%,.1f", "of wall time"),
    "reason": ("Reason", "text", "why there is no result"),
    "actor": ("By", "text", ""),
    "id": ("Run", "text", ""),
}
TRADE: Columns = {
    "symbol": ("Contract", "text", ""),
    "side": ("Side", "text", ""),
    "quantity": ("Quantity", "%,d", "most units held"),
    "opened_at": ("Opened", "time", "exchange time"),
    "closed_at": ("Closed", "time", "exchange time"),
    "entry_price": ("Entry", "%,.2f", "average, per unit"),
    "exit_price": ("Exit", "%,.2f", "average, per unit"),
    "gross_pnl": ("Gross", "%+,.0f", "before charges, account currency; slippage is in it"),
    "fees": ("Charges", "%,.2f", "charges and taxes, account currency"),
    "net_pnl": ("Net", "%+,.0f", "account currency"),
    "slippage": ("Slippage", "%,.0f", "paid beyond the middle of the quote, account currency"),
    "exit": ("Ended by", "text", "order, settlement, or open where the data ended first"),
}
PART: Columns = {
    "name": ("Part", "text", ""),
    "net_profit": ("Net", "%+,.0f", "account currency"),
    "trades": ("Trades", "%,d", ""),
    "made": ("Return", "%+,.2f %%", ""),
    "sharpe_ratio": ("Sharpe", "%+,.2f", "a year"),
    "deepest": ("Drawdown", "%,.2f %%", ""),
    "sessions": ("Sessions", "%,d", ""),
}
REFUSED: Columns = {
    "reason": ("Refused because", "phrase", "orders that did not come to a fill"),
    "count": ("Orders", "%,d", ""),
    "first_at": ("First", "time", "exchange time"),
    "last_at": ("Last", "time", "exchange time"),
}
NOTE: Columns = {
    "kind": ("Note", "phrase", "what is wrong with the data, or was done to it"),
    "count": ("Times", "%,d", ""),
    "detail": ("Detail", "text", ""),
}
TRIAL: Columns = {
    "set": ("Parameters", "text", ""),
    "sharpe_ratio": ("Sharpe", "%+,.2f", "a year; the best is what the result is of"),
    "made": ("Return", "%+,.2f %%", ""),
    "trades": ("Trades", "%,d", ""),
}
WINDOW: Columns = {
    "test_from": ("Tested from", "text", ""),
    "test_to": ("to", "text", ""),
    "train_from": ("Learnt from", "text", "empty where nothing was learnt"),
    "train_to": ("to", "text", ""),
    "model_id": ("Model", "text", ""),
    "note": ("Note", "text", ""),
}


def run(job: Row) -> Row:
    """A backtest as a row of the list."""
    asked = job.get("request") or {}
    simulated = job.get("simulated")
    return {
        **_shared(job),
        "strategy": asked.get("strategy"),
        "on": ", ".join(str(one) for one in asked.get("symbols") or ()),
        "span": f"{asked.get('start_date')} to {asked.get('end_date')}",
        "data": None if simulated is None else "simulated" if simulated else "recorded",
    }


def part(row: Row) -> Row:
    """A part of a run with its own figures beside its name."""
    return {**_shared(row.get("figures") or {}), **row}


def trial(row: Row) -> Row:
    """One set of a sweep, its parameters in words."""
    told = ", ".join(f"{name} {value:g}" for name, value in (row.get("parameters") or {}).items())
    return {**_shared(row), "set": told or "defaults"}


def _shared(row: Row) -> Row:
    """The row with its fractions in per cent too, under names of their own."""
    shares = {"made": known(row.get("total_return")), "deepest": known(row.get("max_drawdown"))}
    return {**row, **{name: None if value is None else 100 * value for name, value in shares.items()}}
