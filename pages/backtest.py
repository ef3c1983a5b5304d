"""Backtest: what would a strategy have done?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import (
    backtest_compare,
    backtest_form,
    backtest_result,
    backtest_tables,
    backtests,
    linked,
    live,
    tables,
)
from pages.parts.backtest_form import RUN, VIEW
from pages.parts.picture import Picture
from pages.parts.words import percent, plain

Row = dict[str, Any]
VIEWS = ("New", "Result", "Compare", "Runs")
#: Seconds: while something runs, and while nothing does.
_OFTEN_S, _SELDOM_S = 1.0, 5.0


def above() -> None:
    """Which view, and what is typed or chosen in it: a refresh moves none of it."""
    backtest_form.follow()
    st.segmented_control("View", VIEWS, default="New", required=True, key=VIEW, bind="query-params",
                         label_visibility="collapsed")  # fmt: skip
    rows, _ = backtests.runs()
    if _view() == "New":
        backtest_form.draw()
    elif _view() == "Result":
        linked.choose("Run", RUN, {str(row["id"]): backtests.name(row) for row in rows or ()}, first=True)
    elif _view() == "Compare":
        backtest_compare.choose(rows or [])


def draw(picture: Picture) -> None:
    """What runs now, then the view."""
    if picture.simulated:
        st.caption("Simulated market: what is tested on its bars says nothing about a real one.")
    rows, why = backtests.runs()
    if rows is None:
        st.warning(f"Backtests are unknown: {plain(why)}", icon=":material/help:")
        return
    view = _view()
    if view == "Result":
        result(picture.currency)
    elif view == "Compare":
        backtest_compare.draw(list(st.session_state.get(backtest_compare.KEY) or ()))
    else:
        now(rows)
        if view == "Runs":
            listed(rows)


def result(currency: str) -> None:
    """The run that is chosen."""
    chosen = st.session_state.get(RUN)
    if chosen:
        backtest_result.draw(str(chosen), currency)
    else:
        st.info("No backtest was run yet: ask for one under New.")


def now(rows: list[Row]) -> None:
    """What waits and runs, in a line each."""
    for row in backtests.standing(rows):
        share = min(1.0, max(0.0, float(row.get("fraction") or 0.0)))
        st.progress(share, text=f"{plain(row.get('state'))} {percent(share, 0)} · {plain(backtests.name(row))}")


def listed(rows: list[Row]) -> None:
    """Every run, newest first, with what came of it or why nothing did."""
    if not rows:
        st.info("No backtest was run yet: ask for one under New.")
        return
    tables.show([backtest_tables.run(row) for row in rows], backtest_tables.RUN, "bt-runs", 18)
    st.caption(
        "A result is opened under Result and held beside others under Compare. Files of the newest alone are kept."
    )


def _view() -> str:
    return str(st.session_state.get(VIEW) or VIEWS[0])


def _pace() -> float:
    rows, _ = backtests.runs()
    return _OFTEN_S if backtests.standing(rows) else _SELDOM_S


live.screen(draw, above=above, every=_pace())
