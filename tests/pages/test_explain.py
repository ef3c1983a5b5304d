"""P&L explain: a waterfall that sums, gaps that are said, the line that is asked for."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from pages.parts.explained import PARTS
from pages.parts.words import known
from sidecar.domain.analytics import ExplainLine
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def line(**changes: object) -> ExplainLine:
    """The desk's total: parts of 1 to 9 that sum to 45."""
    parts = {name: float(n) for n, (name, _, _) in enumerate(PARTS, 1)}
    made = ExplainLine("*/*/*", "*", "*", "*", "*", total=45.0, **parts)
    return msgspec.structs.replace(made, **changes)


def test_a_lived_desks_waterfall_sums_and_its_legs_stand_below(shown: Show, past: Lived) -> None:
    at = shown(past.desk()).open("explain")
    assert not at.exception
    told = words(at)
    assert "The parts sum to the total" in told.replace("\\", "")
    assert "Unexplained" in told
    assert "alarm on the unexplained is silent" in told
    lines = past.published.report.explain
    assert len(at.selectbox(key="of").options) == len(lines)
    legs = at.dataframe[0].value
    assert set(legs["symbol"]) == {row.symbol for row in lines if row.symbol != "*"}
    assert legs["total"].sum() == pytest.approx(known(lines[-1].total), abs=0.02)
    at.selectbox(key="of").set_value("main/demo/*").run()
    at.button_group(key="split").set_value("strategies").run()
    assert not at.exception
    assert at.dataframe[0].value["strategy"].to_list() == ["demo"]


def test_an_unknown_part_is_said_and_no_sum_is_claimed(shown: Show, past: Lived) -> None:
    told = words(shown(past.desk(explain=(line(vega=float("nan")),))).open("explain")).replace("\\", "")
    assert "Unknown: vega. Together they are +₹4.00" in told
    assert "sum to the total" not in told


def test_parts_that_do_not_sum_are_called_so(shown: Show, past: Lived) -> None:
    told = words(shown(past.desk(explain=(line(total=99.0),))).open("explain")).replace("\\", "")
    assert "do NOT sum to the total: they make +₹45.00, the books say +₹99.00" in told


def test_a_day_without_a_position_has_nothing_to_explain(shown: Show, past: Lived) -> None:
    assert "no P&L to explain" in words(shown(past.desk(explain=())).open("explain")).replace("\\", "")


def test_hostile_names_do_nothing(shown: Show, past: Lived) -> None:
    bad = line(id="<b>x</b>/[x](http://x.y)/*", fund_id="<b>x</b>", strategy="[x](http://x.y)")
    at = shown(past.desk(explain=(bad,))).open("explain")
    assert not at.exception
    assert "<b>" not in "".join(str(element.value) for element in at.markdown).replace("\\<b", "")
