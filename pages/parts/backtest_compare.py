"""Runs beside one another: their accounts from a common 100, their figures, and what was asked differently."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import backtest_figures, backtests, charts, exports
from pages.parts.backtest_request import differences
from pages.parts.backtest_words import side_by_side
from pages.parts.words import one_line, plain

Row = dict[str, Any]
MOST = 5
KEY = "runs"


def choose(rows: list[Row]) -> list[str]:
    """Two to five runs; their ids stand in the address."""
    names = {str(row["id"]): backtests.name(row) for row in rows if row.get("state") == "done"}
    if KEY not in st.session_state:
        linked = [one for told in st.query_params.get_all(KEY) for one in told.split(",") if one]
        st.session_state[KEY] = linked[:MOST]
    options = [*names, *(one for one in st.session_state[KEY] if one not in names)]
    found: list[str] = st.multiselect("Runs to compare (two to five)", options, key=KEY, max_selections=MOST,
                                      format_func=lambda one: names.get(one, one), on_change=follow)  # fmt: skip
    return found


def follow() -> None:
    """Put what is chosen into the address."""
    chosen = st.session_state.get(KEY) or []
    if chosen:
        st.query_params[KEY] = ",".join(chosen)
    else:
        st.query_params.pop(KEY, None)


def draw(chosen: list[str]) -> None:
    """Nothing is compared that could not be read: what is missing is said."""
    if len(chosen) < 2:
        st.info("Choose two to five runs that are done.")
        return
    runs: dict[str, Row] = {}
    for job_id in chosen:
        told, why = backtests.told(job_id)
        if told is None or told.get("result") is None:
            st.warning(f"{plain(job_id)} cannot be compared: {plain(why or (told or {}).get('why') or 'no result')}")
            continue
        runs[_heading(job_id, told["job"])] = told["result"]
    if len(runs) < 2:
        return
    if any(result.get("simulated") for result in runs.values()):
        st.caption("Some of these are of SIMULATED data: they say nothing about a real market.")
    figure = backtest_figures.overlay(runs)
    charts.draw(figure, key="bt-overlay",
                    alt="The account of each run, 100 where it began")  # fmt: skip
    beside = pd.DataFrame(side_by_side(runs))
    _show(beside, {"figure": "Figure, with its 95 % interval"}, "bt-beside")
    st.markdown("**What was asked differently**")
    asked = differences({name: result.get("config") or {} for name, result in runs.items()})
    if asked:
        _show(pd.DataFrame(asked), {"field": "Field"}, "bt-differs")
    else:
        st.caption("Nothing: the same request.")
    exports.draw("backtests-compared", table=lambda: beside, figure=figure)


def _heading(job_id: str, job: Row) -> str:
    return one_line(f"{(job.get('request') or {}).get('strategy')} {job_id[-6:]}", 60)


def _show(frame: pd.DataFrame, headings: dict[str, str], key: str) -> None:
    # A heading is drawn on a canvas: text as it is, in which an escape would be seen.
    config = {name: st.column_config.TextColumn(headings.get(name, name)) for name in frame.columns}
    st.dataframe(frame, key=key, hide_index=True, column_config=config, height="content")
