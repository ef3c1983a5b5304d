"""Which alerts a person means: what the filters show, and what is ticked, which must not slip to another."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import watched

Row = dict[str, Any]


def filtered(rows: list[Row]) -> list[Row]:
    """Those of the least level and of the source that are asked for."""
    least = watched.GRAVITY[str(st.session_state.get("level") or "info")]
    source = str(st.session_state.get("source") or "")
    return [
        row
        for row in rows
        if watched.GRAVITY.get(str(row.get("level")), 0) >= least and source in ("", row.get("source"))
    ]


def steady(rows: list[Row]) -> list[Row]:
    """The same order as before while rows are ticked, or a tick would slip to another alert; news stand at the end."""
    known = {str(row["id"]): row for row in rows}
    before: list[Row] = st.session_state.get("alerts-drawn") or []
    if ticked():
        gone = {"resolved": True, "shown": True}
        kept = [known.pop(str(row["id"]), {**row, **gone}) for row in before]
        rows = [*kept, *known.values()]
    st.session_state["alerts-drawn"] = rows
    return rows


def ticked() -> list[str]:
    """The ids of the ticked rows, as they were drawn."""
    drawn: list[Row] = st.session_state.get("alerts-drawn") or []
    places = ((st.session_state.get("standing") or {}).get("selection") or {}).get("rows") or []
    return [str(drawn[place]["id"]) for place in places if place < len(drawn)]


def meant(word: str) -> list[Row]:
    """The alerts that an act is for: what is ticked, else what is shown and open."""
    rows, names = watched.standing()[0] or [], set(ticked())
    if names:
        return [row for row in rows if row["id"] in names]
    return [row for row in filtered(rows) if word != "Acknowledge" or not row.get("acknowledged_by")]
