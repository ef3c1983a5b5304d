"""The waterfall: what it shows sums to its total, whatever the parts are, and a gap is never a zero."""

from __future__ import annotations

from math import isclose
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pages.parts.explained import PARTS, at_level, ledger, residual, title, verdict, within
from pages.parts.waterfall import by_part, waterfall

NAMES = [name for name, _, _ in PARTS]
cents = st.integers(-10_000_000, 10_000_000).map(lambda paise: paise / 100)


def line(parts: list[float | None], total: float | None, **more: Any) -> dict[str, Any]:
    scope = {"id": "*/*/*", "fund_id": "*", "strategy": "*", "symbol": "*"}
    return {**scope, **dict(zip(NAMES, parts, strict=True)), "total": total, **more}


@given(st.lists(cents, min_size=len(NAMES), max_size=len(NAMES)))
def test_each_bar_begins_where_the_one_before_ended_and_the_last_ends_at_the_total(parts: list[float]) -> None:
    total = round(sum(parts), 2)
    found = ledger(line([*parts], total))
    figure = waterfall(found, "INR")
    *bars, last = figure.data
    level = 0.0
    for bar in bars:
        assert isclose(bar.base[0], level, abs_tol=1e-6)
        level += bar.y[0]
    assert isclose(level, total, abs_tol=0.01)
    assert (last.x[0], last.base[0], last.y[0]) == ("total", 0.0, total)
    assert found.sums
    assert verdict(found, "INR")[0]


@given(st.lists(st.none() | cents, min_size=len(NAMES), max_size=len(NAMES)), cents)
def test_unknown_parts_have_a_word_and_one_bar_for_all_of_them_so_that_the_figure_still_sums(
    parts: list[float | None], total: float
) -> None:
    found = ledger(line(parts, total))
    figure = waterfall(found, "INR")
    drawn = sum(bar.y[0] for bar in figure.data[:-1] if bar.y[0] is not None)
    words = [note.text for note in figure.layout.annotations]
    assert words.count("unknown") == parts.count(None)
    if None in parts:
        assert isclose(drawn, total, abs_tol=1e-6)
        assert not verdict(found, "INR")[0]


def test_parts_that_miss_the_total_do_not_sum_and_an_unknown_total_has_no_bar() -> None:
    off = ledger(line([1.0] * len(NAMES), 8.0))
    assert not off.sums
    assert "do NOT sum" in verdict(off, "INR")[1]
    unknown = ledger(line([1.0] * len(NAMES), None))
    assert waterfall(unknown, "INR").data[-1].y[0] is None
    assert "no sum" in verdict(unknown, "INR")[1]


def test_what_is_left_over_is_said_with_its_share() -> None:
    parts = dict.fromkeys(NAMES, 0.0) | {"delta": 90.0, "unexplained": -10.0}
    told = residual({**parts, "unpriced": -4.0}, "INR").replace("\\", "")
    assert "−₹10.00" in told
    assert "10.00 % of the parts' sizes" in told
    assert "−₹4.00 of it came while" in told
    assert "unknown" in residual({"unexplained": None}, "INR")


def scoped(name: str, total: float | None = 1.0) -> dict[str, Any]:
    fund, strategy, symbol = name.split("/")
    return line([total] * len(NAMES), total, id=name, fund_id=fund, strategy=strategy, symbol=symbol)


def test_lines_are_found_by_fund_and_level_the_unknown_first() -> None:
    lines = [scoped(name) for name in ("a/x/L1", "a/x/*", "a/*/*", "b/x/L1", "b/x/*", "b/*/*", "*/*/*")]
    lines.append(scoped("a/x/L2", -5.0))
    lines.append(scoped("a/x/L3", None))
    assert [row["id"] for row in within(lines, "b")] == ["b/*/*", "b/x/*", "b/x/L1"]
    assert within(lines, "*")[0]["id"] == "*/*/*"
    own = scoped("a/x/*")
    assert [row["id"] for row in at_level(lines, "legs", own)] == ["a/x/L3", "a/x/L2", "a/x/L1"]
    assert [row["id"] for row in at_level(lines, "funds", scoped("*/*/*"))] == ["a/*/*", "b/*/*"]
    assert [title(scoped(name)) for name in ("*/*/*", "a/*/*", "a/x/*", "a/x/L1")] == [
        "Whole desk", "Fund a", "a / x", "a / x / L1"]  # fmt: skip
    heat = by_part(at_level(lines, "legs", scoped("*/*/*")), "symbol", "INR").data[0]
    assert (heat.zmin, heat.zmax) == (-5.0, 5.0)
    assert "a/x/L1" in heat.y  # two legs of one name are told apart
    assert heat.text[-1][0] == "?"
