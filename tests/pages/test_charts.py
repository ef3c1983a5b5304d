"""Charts: what the script is given, and in a browser that a refresh leaves the reader's zoom alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import charts
from pages.parts.relay import PLOTLY
from tests.chromium import MARKS, chromium
from tests.pages.drawn import charts as drawn

MOUNT = """async ({ js, specs }) => {
  document.body.innerHTML = '<div id="host" style="width:600px"><div class="chart"></div></div>';
  const source = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  const show = (await import(source)).default;
  const host = document.querySelector("#host");
  globalThis.give = (n) => (globalThis.leave = show({ data: { spec: specs[n], config: {}, alt: "a line", path: "" },
                                                      parentElement: host }));
  give(0);
}"""


def line(points: int, revision: str = "same") -> go.Figure:
    figure = go.Figure(go.Scatter(x=list(range(points)), y=[n**2 for n in range(points)]))
    return figure.update_layout(uirevision=revision, height=300)


def test_the_script_is_given_data_and_layout_without_a_template() -> None:
    told = json.loads(charts.spec(line(3)))
    assert set(told) == {"data", "layout"}
    assert told["layout"] == {"uirevision": "same", "height": 300}


def test_an_unknown_value_is_a_gap_and_no_broken_json() -> None:
    assert "NaN" not in charts.spec(go.Figure(go.Scatter(x=[1, 2], y=[float("nan"), 2.0])))


def test_a_chart_says_to_a_screen_reader_what_it_shows() -> None:
    def page() -> None:
        import plotly.graph_objects as go

        from pages.parts import charts

        charts.draw(go.Figure(go.Bar(y=[1, 2])), key="one", alt="two bars")

    (chart,) = drawn(AppTest.from_function(page).run())
    assert chart["alt"] == "two bars"
    assert chart["data"][0]["type"] == "bar"


def test_no_chart_offers_to_send_itself_to_anybody() -> None:
    assert charts.CONFIG["showSendToCloud"] is False


@pytest.mark.browser
@pytest.mark.skipif(MARKS[1].args[0], reason=MARKS[1].kwargs["reason"])
def test_new_data_leaves_zoom_and_chart_and_another_content_begins_anew(repository: Path) -> None:
    specs = [charts.spec(line(50)), charts.spec(line(60)), charts.spec(line(60, "other"))]
    with chromium() as browser:
        page: Any = browser.new_page()
        page.add_script_tag(content=PLOTLY.read_text())
        page.evaluate("globalThis.deskwatchPlotly = Promise.resolve(globalThis.Plotly)")
        page.evaluate(MOUNT, {"js": (repository / "pages" / "parts" / "chart.js").read_text(), "specs": specs})
        page.wait_for_function("document.querySelector('.chart').data?.length === 1")
        page.evaluate("globalThis.mine = document.querySelector('.chart')")
        page.evaluate("Plotly.relayout(mine, { 'xaxis.range': [10, 20] })")
        page.evaluate("void give(1)")
        page.wait_for_function("mine.data[0].x.length === 60")
        assert page.evaluate("[mine.isConnected, mine.layout.xaxis.range]") == [True, [10, 20]]
        page.evaluate("void give(2)")
        page.wait_for_function("mine.layout.xaxis.range[1] > 50")
        page.evaluate("leave()")
        assert page.evaluate("mine.data === undefined")
