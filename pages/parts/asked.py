"""What a scenario run is asked, chosen on the page and in its address, and the desk's answer to it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import streamlit as st

from pages.parts import reads
from pages.parts.picture import ALL, Picture
from pages.parts.words import known, moment, one_line

Row = dict[str, Any]
#: Seconds: the same question is not asked again sooner, whoever asks it.
EVERY_S = 5.0
_SPOTS = (0.02, 0.05, 0.10, 0.15, 0.20)
_VOLS = (0.05, 0.10, 0.20)
_STICKY = {"strike": "strike keeps its volatility", "delta": "moneyness keeps its volatility"}
#: Cells of the map, odd so that "nothing moves" is one of them; points of a payoff line.
_ACROSS, _DOWN, _LINE = 21, 11, 81


def controls(picture: Picture) -> None:
    """Whose book, how far the market moves, how much time passes. Every one of them can be sent as an address."""
    underlyings = ["", *(str(row.get("symbol")) for row in picture.markets)]
    strategies = ["", *sorted({str(row.get("strategy")) for row in picture.positions or ()})]
    first, second, third, fourth, fifth = st.columns([2, 2, 2, 2, 3])
    first.selectbox("Underlying", underlyings, format_func=lambda name: _shown(name, "every underlying"),
                    key="underlying", bind="query-params")  # fmt: skip
    second.selectbox("Strategy", strategies, format_func=lambda name: _shown(name, "every strategy"),
                     key="strategy", bind="query-params")  # fmt: skip
    third.selectbox("Spot moves", _SPOTS, index=2, format_func=lambda most: f"± {100 * most:.0f} %", key="spot",
                    bind="query-params")  # fmt: skip
    fourth.selectbox("Volatility moves", _VOLS, index=1, format_func=lambda most: f"± {100 * most:.0f} points",
                     key="vol", bind="query-params")  # fmt: skip
    fifth.selectbox("As the spot moves, each", list(_STICKY), format_func=_STICKY.__getitem__, key="sticky",
                    bind="query-params")  # fmt: skip
    most = furthest(picture)
    if (known(st.session_state.get("days")) or 0) > most:
        st.session_state["days"] = most
    st.slider("Days forward", 0, most, 0, 1, key="days", bind="query-params",
              help="Calendar days that pass before the market moves, up to the last expiry of the book.")  # fmt: skip


def furthest(picture: Picture) -> int:
    """Calendar days to the last expiry of the book, at least 1; 30 where the book is unknown or holds no option."""
    now = moment((picture.status or {}).get("timestamp"))
    ends = [str(row["expiry"]) for row in picture.positions or () if row.get("expiry")]
    if now is None or not ends:
        return 30
    return max((date.fromisoformat(max(ends)) - now.date()).days, 1)


def question(fund: str, **more: Any) -> Row:
    """The question that the controls ask, of the spot x volatility map at the chosen day."""
    state = st.session_state
    spot, vol = float(state.get("spot") or _SPOTS[2]), float(state.get("vol") or _VOLS[1])
    asked: Row = {
        "spots": axis(spot, _ACROSS),
        "vols": axis(vol, _DOWN),
        "days": [float(known(state.get("days")) or 0)],
        "sticky": str(state.get("sticky") or "strike"),
        "fund_id": "" if fund == ALL else fund,
        "strategy": str(state.get("strategy") or ""),
        "underlying": str(state.get("underlying") or ""),
    }
    return {**asked, **more}


def line(asked: Row) -> Row:
    """The same question along the spot alone, with more points."""
    return {**asked, "spots": axis(max(asked["spots"]), _LINE), "vols": [0.0]}


def axis(most: float, count: int) -> list[float]:
    """``count`` (odd) evenly spaced moves from ``-most`` to ``most``; the middle one is 0 exactly."""
    half = count // 2
    return [round(most * step / half, 12) + 0.0 for step in range(-half, half + 1)]


def answer(asked: Row) -> tuple[Row | None, str]:
    """The desk's answer, at most ``EVERY_S`` old, or the last one to this very question and why there is none newer."""
    # The spinner's place is there on every run, so that what stands below it keeps its own.
    with st.spinner("The desk revalues the book …"):
        name = f"scenarios {json.dumps(asked)}"
        return reads.shared().told(name, EVERY_S, lambda desk: desk.scenarios(**asked))


def _shown(name: str, every: str) -> str:
    return one_line(name, 60) or every
