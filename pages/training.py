"""Training: what was learnt, from what, and which model has whose place?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import learnt, linked, live, model_proofs, model_tables, placing_models, tables, training_form
from pages.parts.picture import Picture
from pages.parts.words import plain

Row = dict[str, Any]
VIEWS = ("Models", "Trainings", "Give a place")


def above() -> None:
    """Which view, and what is chosen or typed in it: a refresh moves none of it."""
    st.segmented_control("View", VIEWS, default="Models", required=True, key="tr_view", bind="query-params",
                         label_visibility="collapsed")  # fmt: skip
    rows, _ = learnt.models()
    if _view() == "Trainings":
        training_form.draw()
    elif _view() == "Give a place":
        placing_models.form(rows or [])
    elif rows:
        ordered = sorted(rows, key=lambda row: row.get("role") != "champion")
        linked.choose("Model to look behind", "model", {str(row["id"]): str(row["id"]) for row in ordered}, first=True)


def draw(picture: Picture) -> None:
    """The training that runs; then the models with what stands behind one, or the trainings."""
    if picture.simulated:
        st.caption("Simulated market: nothing that is learnt here says anything about a real one.")
    jobs, why = learnt.trainings()
    if jobs is None:
        st.info(f"Trainings are unknown: {plain(why)}")
    else:
        now(jobs)
    if _view() == "Trainings":
        trainings(jobs)
    else:
        models(jobs)


def now(jobs: list[Row]) -> None:
    """The training that runs, with how far it has come; or what came of the last one."""
    job = learnt.running(jobs)
    if job is not None:
        words = f"{plain(job.get('kind'))} training: {plain(job.get('step') or 'waits')} {plain(job.get('note') or '')}"
        st.progress(min(1.0, float(job.get("fraction") or 0.0)), text=words)
        return
    last = next(iter(jobs), None)
    if last is None:
        return
    say = {"done": st.success, "failed": st.error, "skipped": st.warning}.get(str(last.get("state")), st.info)
    say(f"The last training is {plain(last.get('state'))}: {plain(last.get('reason') or last.get('model_id'))}")


def models(jobs: list[Row] | None) -> None:
    """Every model and its place; below, what stands behind the one that is chosen."""
    rows, why = learnt.models()
    if rows is None:
        st.caption(f"Models are unknown: {plain(why)}")
        return
    st.subheader("Models and their places")
    if not rows:
        st.caption("None yet.")
        return
    tables.show(learnt.of_strategies(rows, jobs), model_tables.MODEL, "models", 10)
    chosen = st.session_state.get("model")
    if chosen and _view() == "Models":
        model_proofs.draw(str(chosen))


def trainings(jobs: list[Row] | None) -> None:
    """Each training that is over, and why it made no model, if it made none."""
    st.subheader("Trainings")
    if jobs:
        tables.show([job for job in jobs if job.get("ended_at")], model_tables.RUN, "runs", 16)
    elif jobs is not None:
        st.caption("None yet: the first begins when the desk does, then one after each session.")


def _view() -> str:
    return str(st.session_state.get("tr_view") or VIEWS[0])


live.screen(draw, above=above, every=2.0)
