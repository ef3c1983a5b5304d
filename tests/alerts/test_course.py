from __future__ import annotations

from sidecar.alerts.course import NEVER, Course
from sidecar.alerts.policy import Policy
from sidecar.alerts.shelf import Shelf
from sidecar.domain.clock import SECOND
from tests.alerts.desk import START, Life, found, outside, stands


def test_with_no_alert_the_time_asks_for_nothing() -> None:
    course = Course(Policy(), Shelf(Policy()))
    assert course.finish(START) == ()
    assert course.due == NEVER


def test_the_time_asks_again_when_the_first_of_all_waits_ends() -> None:
    life = Life()
    life.look(passing=(found(),))
    assert life.alerts._course.due == life.now + 300 * SECOND
    life.look(stands(), after=100)
    assert life.alerts._course.due == life.now + 200 * SECOND
    (counted,) = life.look(stands(), passing=(found(),), after=10)
    assert counted.count == 2
    life.look(stands(), passing=(found(),), after=10)
    assert life.alerts._course.due == life.now + 20 * SECOND


def test_what_is_due_is_done_by_an_instant_in_which_nobody_looked() -> None:
    life = Life()
    life.look(passing=(found(),))
    life.now += 300 * SECOND
    (over,) = life.alerts.settle(life.now)
    assert over.resolved


def test_an_escalation_that_is_long_overdue_is_one_step_not_many() -> None:
    life = Life(escalate_s=100)
    life.tell(outside())
    (alert,) = life.look(after=100_000)
    assert (alert.level, alert.escalations) == ("error", 1)


def test_an_alert_hidden_for_long_has_its_whole_time_again_when_it_comes_out() -> None:
    life = Life(escalate_s=100)
    feed = stands("nse", "data", "feed_down", level="critical", severity=5)
    stale = stands("NIFTY", "data", "stale")
    life.look(feed, stale)
    life.look(stale, after=1_000)
    life.look(stale, after=30)
    assert life.shown == [stale.fingerprint]
    life.look(stale, after=99)
    assert life.one.escalations == 0
    life.look(stale, after=1)
    assert life.one.escalations == 1
