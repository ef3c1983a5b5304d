"""Train now: how many sets are tried, with which seed, and what is learnt."""

from __future__ import annotations

import streamlit as st

from pages.parts import commands, reads
from pages.parts.visitor import visitor
from pages.parts.words import plain

TOLD = "train-told"


def draw() -> None:
    """Three fields that may stay empty, and the button. Outside the timed part, so that no refresh moves it."""
    may = visitor().may("trader")
    left, *cells = st.columns([1, 1, 1, 2], vertical_alignment="bottom")
    cells[0].number_input("Sets to try", 1, 200, None, key="train-search", placeholder="as set",
                          help="Parameter sets: each that is tried counts against the result")  # fmt: skip
    cells[1].number_input("Seed", 0, 2**31 - 1, None, key="train-seed", placeholder="as set")
    cells[2].text_input("Strategy", key="train-strategy", max_chars=64, placeholder="the market's direction",
                        help="Whether this one's trades win; such a model predicts nothing live")  # fmt: skip
    left.button("Train now", key="train", icon=":material/model_training:", on_click=_train, disabled=not may,
                help="Beside the desk, at low priority" if may else "Needs a trader's key")  # fmt: skip
    told = st.session_state.pop(TOLD, None)
    if told is None:
        return
    if told["ok"]:
        st.toast(f"{plain(told['answer'].get('job_id'))} is queued", icon=":material/check:")
    else:
        st.error(("NOT CONFIRMED: " if told["unsure"] else "Refused: ") + plain(told["detail"]))


def _train() -> None:
    state = st.session_state
    search, seed = state.get("train-search"), state.get("train-seed")
    strategy = str(state.get("train-strategy") or "").strip()
    state[TOLD] = commands.ask(
        reads.shared().desk, lambda desk: desk.train(search=search, seed=seed, strategy=strategy)
    )
    reads.shared().forget("trainings")
