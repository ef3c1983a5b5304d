"""The Overview as most Streamlit dashboards are written: one script, run again from top to bottom every second."""

from __future__ import annotations

import os
import time

import streamlit as st

from pages.parts import figures, tables
from sidecar.client import Desk

st.set_page_config(layout="wide")


@st.cache_resource
def desk() -> Desk:
    """One client for all sessions."""
    return Desk(os.environ["DESK_URL"], os.environ["DESK_KEY"])


status, positions, risk = desk().status()["data"], desk().positions(), desk().risk()["data"]
st.header(f"Breaker: {status['circuit_breaker']['status']}")
for cell, name in zip(st.columns(4), ("daily_pnl", "unrealized_pnl", "portfolio_value", "drawdown"), strict=True):
    cell.metric(name, positions["totals"][name])
st.plotly_chart(figures.equity_line(desk().equity("*", limit=400), "INR"))
st.plotly_chart(figures.limit_bars([line for line in risk["limits"] if line["scope"] == "*"]))
tables.show(positions["positions"], tables.POSITION, "positions")
tables.show(risk["greeks"], tables.GREEK, "greeks")
time.sleep(1.0)
st.rerun()
