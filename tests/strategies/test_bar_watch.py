from __future__ import annotations

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import MINUTE, SECOND, to_datetime
from sidecar.domain.errors import InputError
from sidecar.domain.report import DeskReport
from sidecar.strategies.bar_watch import BarWatch, SeenBar
from tests.desk.world import CALENDAR, CLOSE, NEXT_DAY, OPEN, SPOT, World

EMPTY = World().begin().report
LATER = CALENDAR.session(NEXT_DAY)
assert LATER is not None
NEXT_OPEN, NEXT_CLOSE = LATER.open_at, LATER.close_at


def told(at: int, level: float, seen_at: int, session: tuple[int, int] | None = (OPEN, CLOSE)) -> DeskReport:
    """A report of the instant ``at`` that knows a level of ``seen_at``."""
    (line,) = EMPTY.markets
    opens, closes = (to_datetime(each) for each in session) if session else (None, None)
    line = replace(line, spot_price=level, timestamp=to_datetime(seen_at))
    return replace(
        EMPTY, timestamp=to_datetime(at), markets=(line,), session_open_at=opens, session_close_at=closes,
        session_open=session is not None,
    )  # fmt: skip


def closes(bars: tuple[SeenBar, ...]) -> list[tuple[int, float]]:
    return [((bar.closes_at - OPEN) // MINUTE, bar.close) for bar in bars]


def test_a_bar_closes_at_the_first_report_at_or_after_its_end_with_the_newest_level_inside() -> None:
    watch = BarWatch("NIFTY")
    for second, level in ((1, 100.0), (30, 101.0), (59, 102.0)):
        assert watch.take(told(OPEN + second * SECOND, level, OPEN + second * SECOND)) == ()
    late = OPEN + MINUTE + SECOND
    (bar,) = watch.take(told(late, 103.0, OPEN + MINUTE + SECOND))
    assert (bar.at, bar.closes_at, bar.close, bar.first, bar.last) == (OPEN, OPEN + MINUTE, 102.0, True, False)
    (bar,) = watch.take(told(OPEN + 2 * MINUTE, 103.0, OPEN + MINUTE + SECOND))
    assert (bar.closes_at, bar.close, bar.first) == (OPEN + 2 * MINUTE, 103.0, False)


def test_a_level_of_the_bars_very_end_belongs_to_the_next_one() -> None:
    watch = BarWatch("NIFTY")
    watch.take(told(OPEN + 1, 100.0, OPEN + 1))
    assert closes(watch.take(told(OPEN + MINUTE, 101.0, OPEN + MINUTE))) == [(1, 100.0)]
    assert closes(watch.take(told(OPEN + 2 * MINUTE, 101.0, OPEN + MINUTE))) == [(2, 101.0)]


def test_a_level_that_is_told_late_still_closes_its_own_bar() -> None:
    watch = BarWatch("NIFTY")
    watch.take(told(OPEN + 1, 100.0, OPEN + 1))
    assert closes(watch.take(told(OPEN + MINUTE, 101.0, OPEN + MINUTE - 1))) == [(1, 101.0)]


def test_a_span_without_news_has_no_bar_and_an_old_level_makes_none() -> None:
    watch = BarWatch("NIFTY")
    watch.take(told(OPEN + 1, 100.0, OPEN + 1))
    found = [watch.take(told(OPEN + minute * MINUTE, 100.0, OPEN + 1)) for minute in range(1, 6)]
    assert [closes(bars) for bars in found] == [[(1, 100.0)], [], [], [], []]
    late = watch.take(told(OPEN + 7 * MINUTE, 105.0, OPEN + 5 * MINUTE + SECOND))
    assert closes(late) == [(6, 105.0)]


def test_a_report_after_a_silence_may_close_two_bars() -> None:
    watch = BarWatch("NIFTY")
    watch.take(told(OPEN + 1, 100.0, OPEN + 1))
    assert closes(watch.take(told(OPEN + 9 * MINUTE, 104.0, OPEN + 4 * MINUTE))) == [(1, 100.0), (5, 104.0)]


def test_the_last_bar_closes_after_the_session_and_the_next_sessions_first_is_flagged() -> None:
    watch = BarWatch("NIFTY")
    watch.take(told(CLOSE - 2 * SECOND, 100.0, CLOSE - 2 * SECOND))
    (bar,) = watch.take(told(CLOSE, 101.0, CLOSE - SECOND, None))
    assert (bar.closes_at, bar.close, bar.last, bar.session_closes_at) == (CLOSE, 101.0, True, CLOSE)
    later = (NEXT_OPEN, NEXT_CLOSE)
    assert watch.take(told(NEXT_OPEN, 101.0, CLOSE - SECOND, later)) == ()
    assert watch.take(told(NEXT_OPEN + SECOND, 99.0, NEXT_OPEN + SECOND, later)) == ()
    (bar,) = watch.take(told(NEXT_OPEN + MINUTE, 99.0, NEXT_OPEN + SECOND, later))
    assert (bar.at, bar.first, bar.last) == (NEXT_OPEN, True, False)


def test_levels_outside_the_session_and_levels_that_are_none_are_of_no_bar() -> None:
    watch = BarWatch("NIFTY")
    assert watch.take(told(OPEN, 100.0, OPEN - SECOND)) == ()
    assert watch.take(told(OPEN + MINUTE, float("nan"), OPEN + SECOND)) == ()
    assert watch.take(replace(told(OPEN + MINUTE, 100.0, OPEN + SECOND), markets=())) == ()
    assert BarWatch("BANKNIFTY").take(told(OPEN + MINUTE, 100.0, OPEN + SECOND)) == ()
    assert watch.take(told(CLOSE + MINUTE, SPOT, CLOSE + SECOND)) == ()


def test_longer_bars_are_counted_from_the_open_and_the_last_one_ends_with_the_session() -> None:
    watch, hour = BarWatch("NIFTY", 60 * MINUTE), 60 * MINUTE
    ends = [
        bar.closes_at
        for at in range(OPEN + MINUTE, CLOSE + 2 * MINUTE, MINUTE)
        for bar in watch.take(told(at, 100.0, at - SECOND))
    ]
    assert ends == [*range(OPEN + hour, CLOSE, hour), CLOSE]


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"^period: 0 is not above zero"):
        BarWatch("NIFTY", 0)
