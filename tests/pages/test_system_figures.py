"""The machine's figures: a silence is a gap, an unknown depth has a word."""

from __future__ import annotations

from pages.parts.system_figures import over_time, queues


def test_unknown_values_and_silence_break_the_line() -> None:
    times = (("04:00:00", 0.5), ("04:00:05", None), ("04:01:00", 0.25))
    rows = [{"timestamp": f"2026-09-07T{at}+00:00", "cpu_usage": value} for at, value in times]
    line = over_time(rows[::-1], [("cpu_usage", "CPU", 100.0)], "%").data[0]
    assert list(line.y) == [50.0, None, None, 25.0]
    assert line.x[0].hour == 9


def test_a_queue_of_unknown_depth_has_a_word_and_no_bar() -> None:
    bars = queues({"store": 3, "inbox": None}).data[0]
    assert dict(zip(bars.y, bars.text, strict=True)) == {"store": "3", "inbox": "unknown"}
    assert None in bars.x
