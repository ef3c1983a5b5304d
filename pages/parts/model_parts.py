"""When a model was right: by hour, by regime of volatility, by model, by horizon, and over ever longer spans."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from pages.parts import charts, learnt, model_figures
from pages.parts.model_figures import Measured
from pages.parts.picture import Picture
from pages.parts.words import known, moment, number, plain

Row = dict[str, Any]
KEY = "ma_by"
#: What the record can be parted by, and how that is said.
BY = {
    "hour": "hour of the day",
    "regime": "regime of volatility",
    "model": "model",
    "horizon": "horizon",
    "time": "time",
}


def choose() -> None:
    """What the record is parted by; it stands in the address."""
    st.segmented_control("Part the record by", list(BY), default="hour", required=True, key=KEY, bind="query-params",
                         format_func=lambda one: BY[one])  # fmt: skip


def draw(families: list[Row], picture: Picture) -> None:
    """Accuracy of each part with its interval: parts whose intervals overlap have shown no difference."""
    by = str(st.session_state.get(KEY) or "hour")
    if by == "horizon":
        _figure("horizons", [_measured(f"{number(row.get('horizon'), 0)} bars ({row.get('family')})", row.get("total"))
                             for row in families])  # fmt: skip
    elif by == "time":
        _spans(picture)
    else:
        _parts(by)
    st.caption("Dots are shares that came true with their 95 % intervals, of the predictions that have matured. "
               "Where intervals overlap, no difference was shown.")  # fmt: skip


def _parts(by: str) -> None:
    rows, why = learnt.parted(by)
    if rows is None:
        st.info(f"The record by {BY[by]} is unknown: {plain(why)}")
        return
    for row in rows:
        if len(rows) > 1:
            st.markdown(f"**{plain(row.get('family'))}**")
        parts = [_measured(str(part.get("name")), part) for part in row.get("parts") or ()]
        _figure(f"{by}-{row.get('family')}", parts)


def _spans(picture: Picture) -> None:
    now = moment((picture.status or {}).get("timestamp")) or datetime.now(UTC)
    found: dict[str, list[Measured]] = {}
    for word, rows, why in learnt.over_time(now):
        if rows is None:
            st.caption(f"{word}: unknown, {plain(why)}")
        for row in rows or ():
            found.setdefault(str(row.get("family")), []).append(_measured(word, row.get("total")))
    for family, measured in found.items():
        st.markdown(f"**{plain(family)}**")
        _figure(f"time-{family}", measured)


def _figure(name: str, rows: list[Measured]) -> None:
    if not any(row.value is not None for row in rows):
        st.caption("Nothing has matured yet: a prediction is counted when its horizon has ended.")
        return
    charts.draw(model_figures.accuracies(rows), key=f"parts-{name}",
                    alt="Accuracy of each part with its interval")  # fmt: skip


def _measured(name: str, part: Row | None) -> Measured:
    told = part or {}
    band = told.get("accuracy") or {}
    note = f"{number(told.get('matured'), 0)} matured, worth {number(told.get('effective_n'), 0)}"
    value = known((told.get("scores") or {}).get("accuracy"))
    return Measured(name, value, known(band.get("low")), known(band.get("high")), note)
