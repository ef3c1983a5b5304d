"""The live record of one family of models: its verdict, its numbers beside what was promised, calibration, drift."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import charts, learnt, model_figures
from pages.parts.model_figures import Measured
from pages.parts.words import known, number, percent, plain

Row = dict[str, Any]
#: Icon and colour of each flag; its word stands beside it.
_FLAGS = {
    "green": (st.success, ":material/check:"),
    "amber": (st.warning, ":material/help:"),
    "red": (st.error, ":material/warning:"),
    "unknown": (st.info, ":material/hourglass_empty:"),
}
_MEANS = {
    "green": "What validation promised lies inside the live interval.",
    "amber": "It does not do what validation promised.",
    "red": "It is better than an honest model can be: look for a leak before you believe it.",
    "unknown": "Too little has matured to hold it against what validation promised.",
}


def verdict(row: Row) -> None:
    """One family's verdict in a sentence, before any number."""
    promised = _of(row, "promised")
    st.subheader(plain(row.get("family")))
    flag = str(row.get("flag"))
    show, icon = _FLAGS.get(flag, _FLAGS["unknown"])
    told = f"Validation's verdict: {plain(promised.get('verdict') or 'unknown')}."
    show(f"**{plain(row.get('says'))}** {_MEANS.get(flag, '')} {told}", icon=icon)


def draw(row: Row) -> None:
    """One family: its champion's record."""
    total, promised = _of(row, "total"), _of(row, "promised")
    cells(row, total, promised)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**How often it was right, beside what was promised and what is trivial**")
        found = measured(total, promised)
        if any(one.value is not None for one in found):
            charts.draw(model_figures.accuracies(found), key=f"accuracy-{row.get('family')}",
                            alt="Accuracy live and promised, with intervals")  # fmt: skip
    with right:
        st.markdown("**When it was so sure, how often was it right?**")
        bins = [one for one in _rows(total.get("reliability")) if one.get("n")]
        if bins:
            charts.draw(model_figures.reliability(bins, str(row.get("family"))),
                            key=f"reliability-{row.get('family')}", alt="Calibration of its confidence")  # fmt: skip
        else:
            st.caption("Nothing has matured yet: a prediction is counted when its horizon has ended.")
    drift(str(row.get("champion")))


def cells(row: Row, total: Row, promised: Row) -> None:
    """What has matured and what it is worth."""
    skill, auc = _of(total, "skill"), _of(total, "scores").get("auc")
    shown = (
        ("Matured", number(total.get("matured"), 0), f"{number(row.get('pending'), 0)} wait"),
        ("Worth", number(total.get("effective_n"), 0), f"of {number(row.get('required'), 0)} needed"),
        ("Accuracy live", percent(_of(total, "scores").get("accuracy"), 1), _band(_of(total, "accuracy"))),
        ("Accuracy promised", percent(promised.get("accuracy"), 1), _band(promised, "accuracy_")),
        ("AUC live", number(auc, 3), f"promised {number(promised.get('auc'), 3)}"),
        ("Brier skill", number(_of(total, "scores").get("direction_brier_skill"), 4, signed=True),
         f"{number(skill.get('low'), 3)} to {number(skill.get('high'), 3)}" if skill else "no interval yet"),
    )  # fmt: skip
    for cell, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)
    st.caption(
        "Labels overlap, so matured predictions are worth fewer independent ones. "
        "“Needed” is how many it takes to tell the best edge that is honest to hope for from a coin."
    )


def measured(total: Row, promised: Row) -> list[Measured]:
    """The accuracies that are compared: the model's live and promised, and of its baselines live."""
    live_band, scores = _of(total, "accuracy"), _of(total, "scores")
    trivial = [
        Measured(str(one.get("name")), known(_of(one, "scores").get("accuracy")), None, None, "baseline")
        for one in _rows(total.get("baselines"))
    ]
    return [
        Measured("live", known(scores.get("accuracy")), known(live_band.get("low")), known(live_band.get("high")),
                 f"{number(total.get('matured'), 0)} matured"),
        Measured("promised", known(promised.get("accuracy")), known(promised.get("accuracy_low")),
                 known(promised.get("accuracy_high")), "validation, out of sample"),
        *trivial,
    ]  # fmt: skip


def drift(model_id: str) -> None:
    """Whether the champion sees what it learnt from."""
    rows, _ = learnt.drifts()
    mine = next((row for row in rows or () if row.get("model_id") == model_id), None)
    st.markdown("**Does it see what it learnt from?**")
    if mine is None:
        st.caption("unknown: drift is measured once a minute.")
        return
    for why in mine.get("suspended") or ():
        st.warning(f"Its signals are held back: {plain(why)}", icon=":material/pause:")
    lines = [learnt.drifted(line) for line in mine.get("lines") or ()]
    told = [line for line in lines if line.get("enough")]
    if told:
        charts.draw(model_figures.drifts(told), key=f"drift-{model_id}",
                        alt="Drift of each feature against its own bound")  # fmt: skip
    else:
        least = min((int(line["window"]) for line in lines if known(line.get("window"))), default=0)
        seen = max((int(line["sessions"]) for line in lines if known(line.get("sessions"))), default=0)
        st.caption(f"It takes {least} sessions or more to tell; {seen} have been seen live.")


def _of(row: Row, name: str) -> Row:
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _rows(value: object) -> list[Row]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _band(row: Row, prefix: str = "") -> str:
    low, high = row.get(f"{prefix}low"), row.get(f"{prefix}high")
    if known(low) is None or known(high) is None:
        return "no interval yet"
    return f"{percent(low, 1)} to {percent(high, 1)}"
