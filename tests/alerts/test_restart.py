from __future__ import annotations

from tests.alerts.desk import START, Life, found, stands


def test_after_a_restart_the_alerts_stand_as_they_were_and_are_not_raised_again() -> None:
    life = Life(escalate_s=100)
    life.look(stands(), passing=(found(),))
    life.look(stands(), after=50)
    life.acknowledge(life.standing[0])
    again = life.restart()
    assert again.standing == life.standing
    assert again.look(stands()) == ()
    assert {alert.count for alert in again.standing} == {1}
    (graver,) = again.look(stands(), after=48)
    assert graver.escalations == 1  # a hundred seconds after it was raised, fifty-one of them in the run before
    assert again.now - START == 100_000_000 + 1_000_000


def test_after_a_restart_a_cause_that_is_gone_has_a_while_to_be_seen_again() -> None:
    life = Life()
    life.look(stands())
    again = life.restart()
    again.look()
    again.look(after=60)
    assert not again.one.resolved
    assert again.look(stands()) == ()
    assert again.one.count == 1
    later = life.restart()
    later.look()
    (over,) = later.look(after=90)
    assert over.resolved


def test_after_a_restart_no_id_is_given_twice_and_what_a_hand_ended_still_waits() -> None:
    life = Life()
    life.look(stands())
    life.resolve(life.one)
    again = life.restart()
    assert again.look(stands()) == ()
    (new,) = again.look(stands(), after=30)
    assert new.id not in {alert.id for alert in life.records}
