"""The record over time: no record is lost in a bar, and names that matter have one of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pages.parts.record_figures import counted, timeline, width_of

BEGAN = datetime(2026, 8, 18, 18, 29, 30, tzinfo=UTC)  # 23:59:30 in Kolkata


def records(many: int, step_s: float) -> list[dict[str, str]]:
    return [{"timestamp": (BEGAN + timedelta(seconds=n * step_s)).isoformat(), "action": f"act_{n % 9}"}
            for n in range(many)]  # fmt: skip


def test_every_record_is_in_one_bar_and_the_rest_is_called_other() -> None:
    width, actions = counted([*records(900, 7.0), {"timestamp": "broken", "action": "x"}])
    assert sum(sum(bars.values()) for bars in actions.values()) == 900
    assert len(actions) == 7
    assert list(actions)[-1] == "other"
    assert width == 300


def test_bars_stand_in_the_exchanges_zone_over_midnight() -> None:
    figure = timeline(records(2, 60.0))
    days = {at.day for trace in figure.data for at in trace.x}
    assert days == {18, 19}
    assert "IST" in figure.layout.xaxis.title.text
    assert [width_of(timedelta(seconds=s)) for s in (0, 91, 86_400, 10**9)] == [1, 5, 3_600, 604_800]


def test_hostile_actions_are_inert_and_an_empty_record_is_an_empty_figure() -> None:
    figure = timeline([{"timestamp": BEGAN.isoformat(), "action": "<b>x</b>"}])
    assert figure.data[0].name == "&lt;b&gt;x&lt;/b&gt;"
    assert len(timeline([]).data) == 0
