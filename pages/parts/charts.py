"""Charts that a refresh leaves as the reader made them: zoom, hidden lines and a drag that has begun all stay.

Streamlit's own chart takes new data for a new chart: it tears the old one down, and zoom and drag with it. This one
is Plotly's own way of taking new data (``Plotly.react``, with the figure's ``uirevision``); its script is ``chart.js``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st

from pages.parts import scripts
from pages.parts.relay import PREFIX

#: PNG is offered, a cloud is not.
CONFIG: Mapping[str, Any] = {"displaylogo": False, "showSendToCloud": False}

_mount = st.components.v2.component(
    "chart",
    html='<div class="chart" role="figure"></div>',
    css=scripts.text("chart.css"),
    js=scripts.module("chart"),
    isolate_styles=False,  # Plotly keeps its own styles in the document
)


def draw(figure: go.Figure, *, key: str, alt: str, config: Mapping[str, Any] = CONFIG) -> None:
    """The figure, where it is called. ``alt`` says to a screen reader what there is to see."""
    _mount(key=key, data={"spec": spec(figure), "config": {**CONFIG, **config}, "alt": alt, "path": PREFIX})


def spec(figure: go.Figure) -> str:
    """The figure as the script takes it: its data and layout, without the template, which is the page's own theme."""
    told = figure.to_plotly_json()
    told["layout"] = {name: value for name, value in told.get("layout", {}).items() if name != "template"}
    return str(pio.json.to_json_plotly(told))
