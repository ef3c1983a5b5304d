"""Why one prediction came out as it did: its probabilities, what moved it most, and what came of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import charts, learnt, linked, model_figures, tables
from pages.parts.tables import Columns
from pages.parts.words import clock, known, number, percent, plain

Row = dict[str, Any]
KEY = "prediction"
SEEN: Columns = {
    "name": ("Feature", "text", ""),
    "value": ("Value", "%.5g", "as it was scored; a dash is unknown, and the model was told so"),
    "unit": ("Unit", "text", ""),
    "contribution": ("Moved by", "%+.4f", "its SHAP contribution to ln(p buy / p sell), of the greatest alone"),
    "formula": ("Is", "text", ""),
    "rule": ("Known by", "text", ""),
}


def choose(rows: list[Row]) -> None:
    """One of the newest predictions, or the one that the address names."""
    names = {
        str(row["id"]): f"{clock(row.get('bar_at'), day=True)} {row.get('signal')} {row.get('role')}" for row in rows
    }
    linked.choose("Prediction", KEY, names, first=True, note="The newest; an older one by ?prediction=ID")


def draw(prediction_id: str, promised: Row) -> None:
    """The prediction in a sentence, the signed bars, and every feature with its meaning."""
    row, why = learnt.prediction(prediction_id)
    if row is None:
        st.error(f"This prediction is unknown: {plain(why)}", icon=":material/help:")
        return
    meanings = learnt.features()
    said(row)
    pairs = explained(row)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**What moved it most**")
        if pairs:
            figure = model_figures.contributions(pairs, row.get("features") or {}, meanings)
            charts.draw(figure, key="why",
                            alt="Signed contributions of features to buy less sell")  # fmt: skip
        else:
            st.caption("unknown: its contributions were not kept.")
    with right:
        st.markdown("**How to read it**")
        st.markdown(
            f"To the right speaks for buy, to the left for sell. Together these {len(pairs)} moved "
            f"ln(p buy / p sell) by **{number(sum(value for _, value in pairs), 3, signed=True)}**; the features that "
            "moved it less, and the calibration, do the rest."
        )
        st.markdown(f"It starts from the shares of its training: {base(promised)}.")
        st.caption(f"{plain(row.get('id'))} of model {plain(row.get('model_id'))} ({plain(row.get('role'))})")
    st.markdown("**All that it looked at**")
    tables.show(seen(row, pairs, meanings), SEEN, "features", 12)


def said(row: Row) -> None:
    """What it gave to each class, what it therefore said, and what came of it."""
    st.markdown(
        f"At **{clock(row.get('bar_at'), day=True)}** it gave sell {percent(row.get('p_sell'), 1)}, hold "
        f"{percent(row.get('p_hold'), 1)}, buy {percent(row.get('p_buy'), 1)}, and said **{plain(row.get('signal'))}** "
        f"at {number(row.get('price'))}, over {number(row.get('horizon'), 0)} bars."
    )
    if row.get("abstained"):
        st.caption(f"It held back: {plain(row['abstained'])}.")
    outcome = row.get("outcome")
    if not outcome:
        st.info(f"What comes of it is known at {clock(row.get('due_at'))}.", icon=":material/hourglass_empty:")
    elif outcome.get("label") is None:
        st.warning(f"What came of it can never be known: {plain(outcome.get('note'))}", icon=":material/help:")
    else:
        right = outcome.get("correct")
        say, icon, word = ((st.success, ":material/check:", "likeliest class came true") if right else
                           (st.error, ":material/close:", "likeliest class did not come true"))  # fmt: skip
        say(f"It came to **{plain(outcome['label'])}**, a move of {percent(outcome.get('move'), 3, signed=True)}: "
            f"the {word}.", icon=icon)  # fmt: skip


def explained(row: Row) -> list[tuple[str, float]]:
    """The contributions that are numbers, greatest first."""
    pairs = [(str(one[0]), known(one[1])) for one in row.get("explained") or () if len(one) == 2]
    return [(name, value) for name, value in pairs if value is not None]


def base(promised: Row) -> str:
    """The training's shares of the classes in words."""
    shares = promised.get("base") or ()
    if len(shares) != 3:
        return "unknown"
    return ", ".join(f"{word} {percent(share, 1)}" for word, share in zip(("sell", "hold", "buy"), shares, strict=True))


def seen(row: Row, pairs: list[tuple[str, float]], meanings: dict[str, Row]) -> list[Row]:
    """Every feature with its value, its unit and its meaning; those that moved it most first."""
    moved = dict(pairs)
    order = {name: place for place, (name, _) in enumerate(pairs)}
    names = sorted(row.get("features") or {}, key=lambda name: order.get(name, len(order)))
    return [
        {"name": name, "value": row["features"][name], "contribution": moved.get(name), **_meaning(meanings.get(name))}
        for name in names
    ]


def _meaning(found: Row | None) -> Row:
    return {key: (found or {}).get(key) for key in ("unit", "formula", "rule")}
