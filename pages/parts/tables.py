"""Tables: wire rows to data frames, and how each column is written. Unknown stays missing and shows as a dash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.words import ZONE, known, measured, moment, one_line, phrase

Row = dict[str, Any]
Columns = dict[str, tuple[str, str, str]]
#: Wire name → (heading, kind, help). The order here is the order on the screen.
POSITION: Columns = {
    "symbol": ("Contract", "text", "underlying, expiry, strike, right"),
    "side": ("Side", "text", "long or short"),
    "quantity": ("Quantity", "%+,d", "signed units of the underlying; a short is negative"),
    "lots": ("Lots", "%+,.0f", "quantity divided by the lot size"),
    "entry_price": ("Entry", "%,.2f", "average entry price, per unit"),
    "current_price": ("Mark", "%,.2f", "the price that the book is valued at, per unit"),
    "unrealized_pnl": ("Open P&L", "%+,.0f", "unrealised profit or loss, account currency"),
    "pnl_percent": ("P&L %", "%+,.1f %%", "unrealised P&L against what was paid or received"),
    "delta": ("Delta", "%+,.1f", "units of the underlying"),
    "gamma": ("Gamma", "%+,.3f", "delta per point of the underlying"),
    "vega": ("Vega", "%+,.0f", "money per volatility point"),
    "theta": ("Theta", "%+,.0f", "money per calendar day"),
    "iv": ("IV", "%,.1f %%", "implied volatility, a year"),
    "margin": ("Margin", "%,.0f", "margin used, account currency"),
    "realized_pnl": ("Realised", "%,.0f", "realised P&L before fees, account currency"),
    "fees": ("Fees", "%,.2f", "charges and taxes, account currency"),
    "quality": ("Data", "text", "live, stale or missing"),
    "strategy": ("Strategy", "text", ""),
    "fund_id": ("Fund", "text", ""),
    "entry_time": ("Since", "time", "exchange time"),
}
GREEK: Columns = {
    "underlying": ("Underlying", "text", ""),
    "delta": ("Delta", "%+,.1f", "units of the underlying"),
    "delta_cash": ("Delta cash", "%+,.0f", "delta times the spot, account currency"),
    "gamma": ("Gamma", "%+,.3f", "delta per point of the underlying"),
    "vega": ("Vega", "%+,.0f", "money per volatility point"),
    "theta": ("Theta", "%+,.0f", "money per calendar day"),
    "rho": ("Rho", "%+,.0f", "money per percentage point of the rate"),
    "quality": ("Data", "text", "live, stale or missing"),
}
SMILE: Columns = {
    "underlying": ("Underlying", "text", ""),
    "expiry": ("Expiry", "text", ""),
    "forward": ("Forward", "%,.2f", "implied by put-call parity, or the future's price where one trades"),
    "forward_error": ("± points", "%,.2f", "standard error of the forward; 0 where a future gives it"),
    "atm_iv": ("ATM volatility", "%,.2f %%", "of the fitted smile, a year"),
    "skew_25": ("25-delta skew", "%+,.2f %%", "volatility of the 25-delta put less that of the 25-delta call"),
    "rmse": ("Miss", "%,.3f %%", "root mean square of quote less smile, in volatility"),
    "inside": ("Inside", "%,.0f %%", "share of the fitted quotes whose model price lies within bid and ask"),
    "quotes_fitted": ("Quotes", "%,d", "how many quotes the smile was fitted to"),
    "quality": ("Smile", "text", "good, coarse (few or bad quotes), flat (too few for a shape) or missing"),
}
LIMIT: Columns = {
    "name": ("Limit", "phrase", ""),
    "scope": ("Scope", "text", "a fund, or * for the whole desk"),
    "value": ("Now", "measured", "in the limit's own unit: per cent, a count, units, seconds or money"),
    "limit": ("Limit at", "measured", "in the same unit"),
    "utilization": ("Used", "%,.0f %%", "value as a share of the limit; warns from 80 %"),
    "status": ("Status", "text", "ok, warn, breach, unknown or off"),
}
HISTORY: Columns = {
    "at": ("Time", "time", "exchange time"),
    "event": ("Event", "phrase", ""),
    "state": ("State after", "phrase", ""),
    "reason": ("Reason", "phrase", ""),
    "actor": ("By", "text", "who, or what, did it"),
    "limit_name": ("Limit", "phrase", ""),
    "value": ("Value", "measured", ""),
    "limit": ("Limit at", "measured", ""),
    "halt_seq": ("Halt no.", "%d", "counts the times that trading was halted"),
}
CAUSE: Columns = {
    "at": ("Since", "time", "exchange time"),
    "trigger": ("Cause", "phrase", ""),
    "scope": ("Shuts", "text", "* is the desk; else a fund, a strategy of it, an underlying"),
    "detail": ("Detail", "text", ""),
    "actor": ("By", "text", ""),
    "value": ("Value", "measured", ""),
    "limit": ("Limit at", "measured", ""),
}
ORDER: Columns = {
    "id": ("Order", "text", ""),
    "symbol": ("Contract", "text", ""),
    "side": ("Side", "text", ""),
    "quantity": ("Quantity", "%,d", "units"),
    "filled": ("Filled", "%,d", "units"),
    "price": ("Price", "%,.2f", "per unit"),
    "state": ("State", "phrase", ""),
    "strategy": ("Strategy", "text", ""),
    "created_at": ("Sent", "time", "exchange time"),
}
FILL: Columns = {
    "at": ("Time", "time", "exchange time"),
    "symbol": ("Contract", "text", ""),
    "quantity": ("Quantity", "%+,d", "signed units; sold is negative"),
    "price": ("Price", "%,.2f", "per unit"),
    "fees": ("Fees", "%,.2f", "charges and taxes, account currency"),
    "strategy": ("Strategy", "text", ""),
    "fund_id": ("Fund", "text", ""),
    "order_id": ("Order", "text", ""),
    "note": ("Note", "text", "a settlement says so"),
}
_PERCENT = ("pnl_percent", "iv", "utilization", "atm_iv", "skew_25", "rmse", "inside", "confidence", "p_sell", "p_hold",
            "p_buy", "accuracy", "majority_accuracy")  # fmt: skip
_WORDS = ("text", "phrase", "time", "measured")
_ROW_PX = 31
_HEAD_PX = 34


def frame(rows: Sequence[Row], columns: Columns) -> pd.DataFrame:
    """The rows as a data frame with the columns of the table: fractions as per cent, unknown numbers missing."""
    made = {}
    for name, (_, kind, _) in columns.items():
        cells = [_cell(row, name, kind) for row in rows]
        made[name] = pd.Series(cells, dtype="object" if kind in _WORDS else "float64")
    return pd.DataFrame(made)


def _cell(row: Row, name: str, kind: str) -> str | float | None:
    value = row.get(name)
    if kind == "measured":
        return measured(row.get("name") or row.get("limit_name"), value) if known(value) is not None else None
    if kind == "time":
        at = moment(value)
        return None if at is None else f"{at.astimezone(ZONE):%d %b %H:%M:%S %Z}"
    if kind == "phrase":
        return phrase(value) if value else None
    if kind == "text":
        return None if value is None else one_line(value, 200)
    found = known(value)
    return None if found is None else found * 100 if name in _PERCENT else found


def pick(columns: Columns, names: Sequence[str]) -> Columns:
    """Only these columns of a table, in this order."""
    return {name: columns[name] for name in names}


def show(
    rows: Sequence[Row],
    columns: Columns,
    key: str,
    most_rows: int = 16,
    *,
    lazy: bool | None = None,
    widths: Mapping[str, int] | None = None,
) -> None:
    """Draw a table; its height follows the rows up to ``most_rows``, then it scrolls.

    ``lazy`` sends the browser only what it shows. ``widths`` are pixels: else the first cells decide, which may be
    short ones.
    """
    st.dataframe(
        frame(rows, columns),
        key=key,
        hide_index=True,
        placeholder="–",
        row_height=_ROW_PX,
        lazy=lazy or None,
        height="content" if len(rows) <= most_rows else _ROW_PX * most_rows + _HEAD_PX,
        column_config=configured(columns, widths or {}),
    )


def configured(columns: Columns, widths: Mapping[str, int] = MappingProxyType({})) -> dict[str, Any]:
    """The headings, formats, help and widths of a table that a page draws itself."""
    return {name: _config(*words, widths.get(name)) for name, words in columns.items()}


def _config(heading: str, kind: str, note: str, width: int | None) -> Any:
    if kind in _WORDS:
        return st.column_config.TextColumn(heading, help=note or None, width=width)
    return st.column_config.NumberColumn(heading, format=kind, help=note or None, width=width)
