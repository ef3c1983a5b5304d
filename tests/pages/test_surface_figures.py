"""The surface as a map and as a body: what is unknown is a hole in it."""

from __future__ import annotations

from typing import Any

import pytest

from pages.parts import surface_figures

Row = dict[str, Any]
NEAR: Row = {"expiry": "2026-09-08", "years": 0.01, "atm_iv": 0.2}
FAR: Row = {"expiry": "<b>x</b>", "years": 0.04, "atm_iv": None}
GRID: Row = {"log_moneyness": [[-0.02, 0.0, 0.02], [None, None, None]], "years": [0.01, 0.04],
             "volatility": [[0.22, 0.2, 0.21], [None, None, None]]}  # fmt: skip


def test_the_map_is_by_standard_deviations_and_unknown_cells_are_gaps() -> None:
    figure = surface_figures.heat([NEAR, FAR], GRID, "a")
    (trace,) = figure.data
    assert list(trace.x) == pytest.approx([-1.0, 0.0, 1.0])
    assert list(trace.z[0]) == pytest.approx([22.0, 20.0, 21.0])
    assert list(trace.z[1]) == [None, None, None]
    assert trace.hoverongaps is False
    assert trace.y[1] == "&lt;b&gt;x&lt;/b&gt;"
    assert trace.colorbar.title.text == "% a year"
    assert figure.layout.yaxis.autorange == "reversed"  # the nearest expiry on top


def test_the_body_has_a_unit_on_every_axis() -> None:
    figure = surface_figures.body([NEAR, {**FAR, "years": None}], GRID, "a")
    scene = figure.layout.scene
    assert [axis.title.text for axis in (scene.xaxis, scene.yaxis, scene.zaxis)] == [
        "ln(strike / forward) (%)", "days to expiry", "volatility (% a year)"]  # fmt: skip
    (trace,) = figure.data
    assert list(trace.x[0]) == pytest.approx([-2.0, 0.0, 2.0])
    assert list(trace.y[0]) == pytest.approx([3.65] * 3)
    assert list(trace.y[1]) == [None] * 3


def test_the_columns_are_measured_by_the_first_expiry_that_knows_its_volatility() -> None:
    grid = {"log_moneyness": [[-0.02, 0.02], [-0.06, 0.06]]}
    knows = {"expiry": "b", "years": 0.04, "atm_iv": 0.1}
    assert surface_figures.deviations([{**NEAR, "atm_iv": None}, knows], grid) == pytest.approx([-3.0, 3.0])
    assert surface_figures.deviations([FAR], GRID) == []


def test_a_grid_of_nothing_is_known_to_be_nothing() -> None:
    assert surface_figures.known_cells(GRID)
    assert not surface_figures.known_cells({"volatility": [[None, None]]})
    assert not surface_figures.known_cells({})
