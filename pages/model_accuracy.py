"""Model accuracy: can what the model says be believed?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import (
    charts,
    exports,
    learnt,
    live,
    model_figures,
    model_parts,
    model_record,
    model_tables,
    prediction_why,
    tables,
)
from pages.parts.picture import Picture
from pages.parts.words import plain

Row = dict[str, Any]
VIEWS = ("Record", "When", "What it said", "Why")


def above() -> None:
    """Which view, and what is chosen in it: a refresh moves none of it."""
    st.segmented_control("View", VIEWS, default="Record", required=True, key="ma_view", bind="query-params",
                         label_visibility="collapsed")  # fmt: skip
    if _view() == "When":
        model_parts.choose()
    elif _view() == "Why":
        rows, _ = learnt.predictions()
        prediction_why.choose(rows or [])


def draw(picture: Picture) -> None:
    """For each family the verdict in a sentence; then what the view asks."""
    if picture.simulated:
        st.caption("Simulated market: nothing here says anything about a real one.")
    rows, why = learnt.families()
    if rows is None:
        st.info(f"The record is unknown: {plain(why)}")
        return
    if not rows:
        nothing_yet()
    for row in rows:
        model_record.verdict(row)
        if _view() == "Record":
            model_record.draw(row)
    if _view() == "When":
        model_parts.draw(rows, picture)
    elif _view() == "What it said":
        said()
    elif _view() == "Why":
        explained(rows)


def nothing_yet() -> None:
    """No champion: what is being done about it."""
    jobs, _ = learnt.trainings()
    job = learnt.running(jobs)
    if job is not None:
        st.progress(float(job.get("fraction") or 0.0), text=f"The first training runs: {plain(job.get('step') or '')}")
    else:
        st.info("There is no model yet. Trainings, and why they made none, stand on Training.")


def explained(rows: list[Row]) -> None:
    """The prediction that is chosen, with the shares that its family started from."""
    chosen = st.session_state.get(prediction_why.KEY)
    if not chosen:
        st.caption("Nothing yet: a prediction is made at the end of each minute of the session.")
        return
    told, _ = learnt.prediction(str(chosen))
    mine = next((row for row in rows if told and row.get("family") == told.get("family")), {})
    prediction_why.draw(str(chosen), mine.get("promised") or {})


def said() -> None:
    """The newest predictions, and what came of them."""
    rows, why = learnt.predictions()
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif not rows:
        st.caption("Nothing yet: a prediction is made at the end of each minute of the session.")
    else:
        figure = model_figures.probabilities([row for row in rows if row.get("role") == "champion"])
        charts.draw(
            figure, key="probabilities",
            alt="Probabilities of sell, hold and buy by bar, and whether the likeliest came true",
        )  # fmt: skip
        tables.show(rows, model_tables.PREDICTION, "predictions", 12)
        st.caption("Each was on disk before its outcome could be known, and none is ever rewritten. "
                   "Why one came out as it did stands under Why.")  # fmt: skip
        exports.draw("predictions", table=lambda: tables.frame(rows, model_tables.PREDICTION), figure=figure)


def _view() -> str:
    return str(st.session_state.get("ma_view") or VIEWS[0])


live.screen(draw, above=above, every=3.0)
