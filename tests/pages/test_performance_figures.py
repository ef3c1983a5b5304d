"""A fund's figures: each day in its cell, nights and unknown values as gaps, and never above the peak."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pages.parts.fortunes import Day
from pages.parts.performance_figures import calendar, cells, distribution, monday, underwater


def day(at: date, daily: float | None = 0.01) -> Day:
    return Day(at, datetime(at.year, at.month, at.day, 10, tzinfo=UTC), 1e6, daily, 0.0)


def test_every_day_lies_in_its_week_and_weekday_over_the_ends_of_months_and_years() -> None:
    days = [day(date(2025, 11, 20) + timedelta(days=n), n / 1_000) for n in range(70)]
    weeks, names, grid = cells(days)
    assert names[-1] == "Sun"
    assert weeks[0] == date(2025, 11, 17)
    for at in days:
        assert grid[at.date.weekday()][weeks.index(monday(at.date))] is at
    assert sum(cell is not None for row in grid for cell in row) == 70


def test_a_week_without_a_session_keeps_its_place_and_weekends_stand_only_where_one_traded() -> None:
    weeks, names, grid = cells([day(date(2025, 12, 31)), day(date(2026, 1, 15))])
    assert (len(weeks), names) == (3, ["Mon", "Tue", "Wed", "Thu", "Fri"])
    assert all(row[1] is None for row in grid)
    assert cells([])[0] == []


def test_the_scale_is_symmetric_and_an_unknown_return_is_no_zero() -> None:
    heat = calendar([day(date(2026, 1, 5), -0.02), day(date(2026, 1, 6), None), day(date(2026, 1, 7), 0.01)]).data[0]
    assert (heat.zmin, heat.zmax) == (-2.0, 2.0)
    assert [row[0] for row in heat.z][:4] == [-2.0, None, 1.0, None]
    assert [row[0] for row in heat.text][:4] == ["−2.00", "?", "+1.00", ""]
    assert heat.customdata[3][0] == "Thu 08 Jan 2026: nothing on record"


def test_losses_and_gains_share_no_bar() -> None:
    lost, won = distribution([day(date(2026, 1, n), r) for n, r in ((5, -0.01), (6, -0.0), (7, 0.02), (8, None))]).data
    assert list(lost.x) == [-1.0]
    assert list(won.x) == [0.0, 2.0]
    assert abs(lost.xbins.start / lost.xbins.size - round(lost.xbins.start / lost.xbins.size)) < 1e-9


def test_the_line_breaks_over_a_night_and_drawdown_lies_below_zero() -> None:
    rows = [{"timestamp": f"2026-01-0{n}T09:59:00+00:00", "portfolio_value": 1e6, "drawdown": n / 100} for n in (5, 6)]
    value, drawdown = underwater(rows, "INR").data
    assert list(value.y) == [1e6, None, 1e6]
    assert list(drawdown.y) == [-5.0, None, -6.0]
    assert list(underwater(rows, "INR", broken=False).data[0].y) == [1e6, 1e6]
    assert value.x[0].hour == 15
