"""How the chain's ladder is drawn: number formats, the money's shade, and the words beside a strike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from pages.parts.chain_tables import COLUMNS, SIDES, Line, at_the_money
from pages.parts.words import UNKNOWN, known, number

Row = dict[str, Any]
_SIGNED = ("oi_change",)
_TEXT = ("quality", "held")
#: Pixels of a column, so that both sides of the ladder are seen at once.
_WIDTHS = {"quality": 62, "held": 46, "open_interest": 76, "oi_change": 72, "volume": 76, "gamma": 66}
_USUAL_PX = 57
_MONEY = "background-color: rgba(224, 161, 0, 0.20); font-weight: 600"
_INSIDE = "background-color: rgba(59, 130, 196, 0.10)"
_HELD = "background-color: rgba(42, 157, 143, 0.30); font-weight: 700"
_WRONG = "background-color: rgba(194, 51, 77, 0.28); font-weight: 600"
_ROW_PX, _HEAD_PX, _MOST_ROWS = 30, 36, 24


def marks(lines: Sequence[Line], market: Row, forward: float | None) -> dict[float, str]:
    """The words beside strikes: at the money, and where the least would be paid to holders."""
    found: dict[float, list[str]] = {}
    place = at_the_money(lines, forward)
    if place is not None:
        found.setdefault(lines[place].strike, []).append("ATM")
    pain = known(market.get("max_pain"))
    if pain is not None and any(line.strike == pain for line in lines):
        found.setdefault(pain, []).append("max pain")
    return {strike: " · ".join(words) for strike, words in found.items()}


def show(table: pd.DataFrame, forward: float | None, key: str, alt: str) -> None:
    """Draw a ladder; the scroll stays where it is while it is drawn again."""
    st.dataframe(
        dressed(table, forward),
        key=key,
        hide_index=True,
        placeholder=UNKNOWN,
        row_height=_ROW_PX,
        height=_ROW_PX * min(len(table), _MOST_ROWS) + _HEAD_PX,
        column_config={name: _config(name) for name in table.columns},
        alt=alt,
    )


def dressed(table: pd.DataFrame, forward: float | None) -> Styler:
    """The same table with its number formats and shades; what is in the money is shaded on its side."""
    formats = {name: _written(name) for name in table.columns if name != "mark"}
    return table.style.format(formats, na_rep=UNKNOWN).apply(lambda _: _shades(table, forward), axis=None)


def _written(name: str) -> Any:
    part = name.partition("_")[2]
    if name == "strike":
        return lambda value: number(value, 0 if value == round(value) else 2)
    if part in _TEXT:
        return lambda value: value if isinstance(value, str) else UNKNOWN
    return lambda value: number(value, COLUMNS[part][1], signed=part in _SIGNED)


def _shades(table: pd.DataFrame, forward: float | None) -> pd.DataFrame:
    made = pd.DataFrame("", index=table.index, columns=table.columns)
    atm = table["mark"].astype(str).str.contains("ATM")
    if forward is not None:
        for side, inside in (("call", table["strike"] < forward), ("put", table["strike"] > forward)):
            names = [name for name in table.columns if name.startswith(side)]
            made.loc[inside, names] = _INSIDE
    made.loc[atm, :] = _MONEY
    for side in SIDES:
        made.loc[table[f"{side}_held"].astype(str).str.match(r"[+−]"), [f"{side}_held"]] = _HELD
        wrong = table[f"{side}_quality"].astype(str).str.match(r"[A-Z]")
        names = [name for name in (f"{side}_quality", f"{side}_bid", f"{side}_ask") if name in table.columns]
        made.loc[wrong, names] = _WRONG
    return made


def _config(name: str) -> Any:
    if name == "strike":
        note = "points of the underlying; calls left, puts right"
        return st.column_config.NumberColumn("Strike", help=note, width=62)
    if name == "mark":
        return st.column_config.TextColumn("", help="at the money, and the strike that pays holders least", width=104)
    side, _, part = name.partition("_")
    heading, _, note = COLUMNS[part]
    column = st.column_config.TextColumn if part in _TEXT else st.column_config.NumberColumn
    return column(f"{SIDES[side]} {heading}", help=f"{side}: {note}", width=_WIDTHS.get(part, _USUAL_PX))


def held(positions: Sequence[Row] | None) -> Mapping[str, float]:
    """The book's units by contract; of all funds and strategies together."""
    found: dict[str, float] = {}
    for row in positions or ():
        units = known(row.get("quantity"))
        if units:
            symbol = str(row.get("symbol"))
            found[symbol] = found.get(symbol, 0.0) + units
    return {symbol: units for symbol, units in found.items() if units}
