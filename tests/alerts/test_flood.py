from __future__ import annotations

from sidecar.alerts.flood import Budget, summary
from sidecar.alerts.policy import Policy
from sidecar.domain.alerts import AlertLevel
from sidecar.domain.clock import SECOND
from tests.alerts.desk import Life, found, stands


def test_in_a_flood_ten_are_shown_the_summary_of_the_rest_among_them() -> None:
    life = Life()
    life.look(passing=tuple(found(f"s{n:02d}") for n in range(60)))
    assert len(life.shown) == 10
    summed = life.alerts.about("system:flood:*")
    assert summed is not None
    assert (summed.title, summed.message, summed.count) == ("51 more alerts are held back", "orders 51", 51)
    assert len(life.standing) == 61


def test_a_critical_one_is_shown_whatever_the_flood_and_the_gravest_first() -> None:
    life = Life()
    life.look(passing=tuple(found(f"s{n:02d}") for n in range(60)))
    life.look(passing=(found("worst", level="critical", severity=5),))
    assert "orders:rejected:worst" in life.shown
    fresh = Life()
    errors = tuple(found(f"e{n}", level="error", severity=4) for n in range(9))
    fresh.look(passing=(*(found(f"s{n:02d}") for n in range(20)), *errors))
    assert {one.rsplit(":", 1)[1] for one in fresh.shown} == {"*", *(f"e{n}" for n in range(9))}


def test_what_stands_and_was_held_back_comes_out_when_there_is_room() -> None:
    life = Life()
    standing = [stands(f"s{n:02d}") for n in range(15)]
    life.look(*standing)
    assert len(life.shown) == 10
    life.look(*standing, after=599)
    assert len(life.shown) == 10
    life.look(*standing, after=1)
    assert len([one for one in life.shown if one.startswith("limits")]) == 15
    life.look(*standing, after=1)
    assert life.alerts.about("system:flood:*") is None


def test_what_is_held_back_does_not_escalate_and_its_summary_does() -> None:
    life = Life(escalate_s=100, window_s=10_000)
    standing = [stands(f"s{n:02d}") for n in range(15)]
    life.look(*standing)
    life.look(*standing, after=100)
    assert {alert.escalations for alert in life.standing if not alert.shown} == {0}
    summed = life.alerts.about("system:flood:*")
    assert summed is not None
    assert (summed.escalations, summed.level) == (1, AlertLevel.ERROR)


def test_a_summary_that_a_hand_ends_comes_back_with_the_next_window_and_not_before() -> None:
    life = Life()
    standing = [stands(f"s{n:02d}") for n in range(40)]
    life.look(*standing)
    summed = life.alerts.about("system:flood:*")
    assert summed is not None
    life.resolve(summed)
    life.look(*standing, after=300)
    assert life.alerts.about("system:flood:*") is None
    life.look(*standing, after=300)
    assert life.alerts.about("system:flood:*") is not None


def test_the_budget_has_room_again_when_the_oldest_is_a_window_old() -> None:
    budget = Budget(Policy(shown=3, window_s=10))
    assert budget.has_room(0)
    budget.spend(5)
    budget.spend(7)
    assert not budget.has_room(5 + 10 * SECOND - 1)
    assert budget.has_room(5 + 10 * SECOND)
    assert (budget.times, budget.free_at()) == ((5, 7), 5 + 10 * SECOND)


def test_the_summary_counts_by_source_in_order() -> None:
    life = Life(shown=2)
    life.look(passing=(found("a"), found("b"), found("c", "pnl"), found("d", "data"), found("e", "data")))
    words = summary([alert for alert in life.standing if not alert.shown])
    assert words.title == "4 more alerts are held back"
    assert words.message in ("data 2, orders 2", "data 1, orders 2, pnl 1", "data 2, orders 1, pnl 1")
    assert summary([life.standing[0]]).title == "1 more alert is held back"
