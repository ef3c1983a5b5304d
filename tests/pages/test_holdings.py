"""The tree of the book: groups, subtotals that are unknown where a part is, and legs on demand."""

from __future__ import annotations

from typing import Any

from pages.parts import holdings
from pages.parts.holdings import Group, grouped, line, wanted

LEG: dict[str, Any] = {"id": "a", "fund_id": "main", "strategy": "demo", "underlying": "NIFTY", "expiry": "2025-11-25",
                       "symbol": "NIFTY-1", "unrealized_pnl": 10.0, "delta": 1.0, "realized_pnl": "2.5"}  # fmt: skip
ROWS = [
    LEG,
    {**LEG, "id": "b", "unrealized_pnl": -30.0, "expiry": "2025-12-02"},
    {**LEG, "id": "c", "strategy": "other", "unrealized_pnl": None, "underlying": "BANK"},
]


def test_each_level_groups_by_its_own_name() -> None:
    def names(by: str) -> list[str]:
        return [group.name for group in grouped(ROWS, by)]

    assert names("strategy") == ["demo", "other"]
    assert names("fund") == ["main"]
    assert names("underlying") == ["BANK", "NIFTY"]
    assert names("expiry") == ["2025-11-25", "2025-12-02"]
    assert names("leg") == ["a", "b", "c"]


def test_a_subtotal_sums_its_legs_and_is_unknown_where_one_is() -> None:
    demo, other = grouped(ROWS, "strategy")
    assert (demo.total("unrealized_pnl"), demo.total("realized_pnl")) == (-20.0, 5.0)
    assert other.total("unrealized_pnl") is None
    assert demo.row["legs"] == 2
    assert other.row["unrealized_pnl"] is None


def test_a_line_of_subtotals_carries_sign_arrow_and_currency_and_a_dash_for_the_unknown() -> None:
    demo, other = grouped(ROWS, "strategy")
    assert "**demo** · 2 legs · open P&L **▼ −₹20** · delta +2.0 · vega –" in line(demo, "INR")
    assert "open P&L **–**" in line(other, "INR")
    assert "\\<b\\>" in line(Group("", "<b>", [LEG]), "INR")


def test_filters_let_pass_what_fits_all_of_them() -> None:
    assert [row["id"] for row in wanted(ROWS, "", "", "")] == ["a", "b", "c"]
    assert [row["id"] for row in wanted(ROWS, "demo", "NIFTY", "")] == ["a", "b"]
    assert [row["id"] for row in wanted(ROWS, "", "", " OTHER ")] == ["c"]
    assert wanted(ROWS, "demo", "BANK", "") == []


def test_levels_are_those_that_a_person_may_choose() -> None:
    assert list(holdings.LEVELS) == ["strategy", "fund", "underlying", "expiry", "leg"]
