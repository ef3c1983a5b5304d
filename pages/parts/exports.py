"""Taking things away: a table as CSV or Parquet, a figure as a page of its own. PNG is in each figure's own bar."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

#: What a spreadsheet would take for a formula at the start of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 CSV; text that a spreadsheet would run as a formula begins with an apostrophe instead."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
                          for cell in safe[name]]  # fmt: skip
    return safe.to_csv(index=False).encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """The same table as Parquet, with its types."""
    made = BytesIO()
    frame.to_parquet(made, index=False)
    return made.getvalue()


def html(figure: go.Figure) -> bytes:
    """The figure as one page that needs nothing else."""
    return str(figure.to_html(include_plotlyjs=True, full_html=True)).encode()


def draw(name: str, *, table: Callable[[], pd.DataFrame] | None = None, figure: go.Figure | None = None) -> None:
    """A small menu below a table or a figure. The files are made when they are asked for, not before.

    ``name`` is the file's, without an ending; it is also the widgets' key, so it is unique on a page.
    """
    rows: list[tuple[str, str, str, Callable[[], bytes]]] = []
    if table is not None:
        rows.append(("CSV", "csv", "text/csv", lambda: csv(table())))
        rows.append(("Parquet", "parquet", "application/vnd.apache.parquet", lambda: parquet(table())))
    if figure is not None:
        rows.append(("HTML", "html", "text/html", lambda: html(figure)))
    with st.popover("Export", icon=":material/download:", key=f"export-{name}"):
        for label, ending, mime, make in rows:
            st.download_button(
                label, make, file_name=f"{name}.{ending}", mime=mime, key=f"export-{name}-{ending}", on_click="ignore"
            )
