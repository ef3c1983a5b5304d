from __future__ import annotations

from msgspec.structs import replace

from sidecar.domain.alerts import AlertLevel, AlertType
from tests.alerts.desk import Life, found, outside, stands


def test_what_is_found_is_an_alert_at_once_and_on_record() -> None:
    life = Life()
    (alert,) = life.look(passing=(found(),))
    assert (alert.id, alert.fingerprint, alert.count, alert.revision) == (
        "A260907093000-00001",
        "orders:rejected:x",
        1,
        1,
    )
    assert (alert.type, alert.level, alert.shown, alert.resolved) == (
        AlertType.WARNING,
        AlertLevel.WARNING,
        True,
        False,
    )
    assert life.standing == (alert,)


def test_findings_of_one_fingerprint_are_one_alert_whose_count_goes_on_record_now_and_then() -> None:
    life = Life()
    life.look(passing=(found(),))
    assert life.look(passing=(found(), found())) == ()
    assert life.look(passing=(found(),)) == ()
    (alert,) = life.look(after=30)
    assert (alert.count, alert.revision) == (4, 2)
    life.look(passing=(found(),))
    (over,) = life.look(after=301)
    assert (over.count, over.resolved, over.resolved_by, over.type) == (5, True, "desk", AlertType.SUCCESS)
    assert life.standing == ()


def test_what_stands_is_found_once_however_often_it_is_looked_at() -> None:
    life = Life()
    for _ in range(100):
        life.look(stands())
    assert len(life.records) == 1
    assert life.one.count == 1


def test_the_standing_alerts_are_the_same_object_while_nothing_changes() -> None:
    life = Life()
    life.look(stands())
    before = life.standing
    life.look(stands())
    assert life.standing is before
    life.look(stands(), stands("other"))
    assert life.standing is not before
    assert [alert.fingerprint for alert in life.standing] == ["limits:warn:other", "limits:warn:main net_vega"]


def test_what_flickers_is_one_alert_with_a_count_and_ends_when_it_has_been_gone_for_a_while() -> None:
    life = Life()
    for _ in range(5):
        life.look(stands())
        life.look(after=20)
    assert not any(alert.resolved for alert in life.records)
    (over,) = life.look(after=30)
    assert (over.count, over.resolved, over.resolved_by) == (5, True, "desk")
    (new,) = life.look(stands())
    assert new.id != over.id
    assert new.count == 1


def test_what_is_graver_than_before_is_told_at_once_and_nothing_becomes_less_grave() -> None:
    life = Life()
    life.look(stands())
    (alert,) = life.look(stands(level="error", severity=4))
    assert (alert.level, alert.severity, alert.count) == (AlertLevel.ERROR, 4, 1)
    life.look(stands(), after=60)
    assert life.one.level is AlertLevel.ERROR


def test_new_words_of_what_stands_go_on_record_in_their_time() -> None:
    life = Life()
    life.look(stands())
    more = replace(stands(), message="and vega", details={"causes": "two"})
    assert life.look(more) == ()
    (alert,) = life.look(more, after=30)
    assert (alert.message, alert.details, alert.count) == ("and vega", {"causes": "two"}, 1)


def test_nobody_acts_so_it_grows_graver_step_by_step_and_stays_at_the_worst() -> None:
    life = Life(escalate_s=100)
    life.look(stands())
    told = [life.look(stands(), after=100)[0] for _ in range(4)]
    assert [(alert.level.value, alert.severity, alert.escalations) for alert in told] == [
        ("error", 4, 1),
        ("critical", 5, 2),
        ("critical", 5, 3),
        ("critical", 5, 4),
    ]


def test_what_is_only_to_know_never_escalates() -> None:
    life = Life(escalate_s=100)
    life.look(stands(level="info", severity=1))
    life.look(stands(level="info", severity=1), after=1_000)
    assert life.one.escalations == 0


def test_who_acknowledges_ends_the_escalation() -> None:
    life = Life(escalate_s=100)
    life.look(stands())
    (alert,) = life.acknowledge(life.one)
    assert (alert.acknowledged_by, alert.acknowledged_at, alert.details["note"]) == ("ann", life.now, "mine")
    life.look(stands(), after=1_000)
    assert life.one == alert


def test_resolved_by_hand_it_comes_back_as_another_alert_if_its_cause_stands() -> None:
    life = Life()
    life.look(stands())
    first = life.one
    entry = life.alerts.shelf.find(first.id)
    assert entry is not None
    assert life.alerts.returns(entry)
    (over,) = life.resolve(first)
    assert (over.resolved_by, over.details["resolution"], over.count) == ("ann", "mended", 1)
    assert life.look(stands(), after=29) == ()
    (again,) = life.look(stands(), after=1)
    assert again.id != first.id
    assert again.count == 1


def test_resolved_by_hand_and_its_cause_gone_it_stays_away() -> None:
    life = Life()
    life.look(stands())
    life.look()
    life.resolve(life.one)
    for _ in range(60):
        assert life.look() == ()


def test_what_the_machine_tells_stands_until_cleared_and_flickers_as_one() -> None:
    life = Life()
    told = outside()
    life.tell(told, lasting=True)
    life.look(after=5_000)
    assert not life.one.resolved
    life.tell(cleared=(told.fingerprint,), lasting=True)
    life.look(after=10)
    life.tell(told, lasting=True)
    life.look(after=100)
    assert life.one.count == 2
    life.tell(cleared=(told.fingerprint,), lasting=True)
    (over,) = life.look(after=30)
    assert (over.count, over.resolved) == (2, True)


def test_what_the_machine_tells_comes_back_after_a_hand_and_what_a_person_told_does_not() -> None:
    life = Life()
    life.tell(outside("machine"), lasting=True)
    life.tell(outside("person"))
    for alert in life.standing:
        life.resolve(alert)
    life.look(after=30)
    assert [alert.fingerprint for alert in life.standing] == ["outside:Probe:machine"]


def test_nobody_beside_the_desk_ends_what_is_its_own_to_find() -> None:
    life = Life()
    life.look(stands())
    life.tell(outside("a"), outside("b"))
    over = life.tell(cleared=("outside:Probe:a", "outside:Probe:a", "limits:warn:main net_vega", "nobody:knows:it"))
    assert [alert.fingerprint for alert in over] == ["outside:Probe:a"]
    assert [alert.fingerprint for alert in life.standing] == ["outside:Probe:b", "limits:warn:main net_vega"]


def test_cleared_by_the_machine_while_a_hand_has_ended_it_it_stays_away() -> None:
    life = Life()
    life.tell(outside(), lasting=True)
    life.resolve(life.one)
    life.tell(cleared=(outside().fingerprint,), lasting=True)
    life.look(after=60)
    assert life.standing == ()


def test_beyond_the_room_there_is_one_for_each_source_and_a_critical_one_is_told_apart() -> None:
    life = Life(standing=10)
    many = tuple(found(f"s{n:02d}") for n in range(15))
    life.look(passing=many)
    group = life.alerts.about("orders:overflow:*")
    assert group is not None
    assert group.count == 5
    assert len(life.standing) <= 12
    life.look(passing=(found("worst", level="critical", severity=5),))
    assert "orders:rejected:worst" in life.shown


def test_beyond_all_room_the_one_for_a_source_is_critical_itself_and_waits_for_a_person() -> None:
    life = Life(standing=10)
    many = [stands(f"s{n:02d}", kind="breach", level="critical", severity=5) for n in range(30)]
    for _ in range(3):
        life.look(*many)
    group = life.alerts.about("limits:overflow:*")
    assert group is not None
    assert (group.count, group.level, group.shown) == (10, AlertLevel.CRITICAL, True)
    life.look()
    life.look(after=10_000)
    assert [alert.fingerprint for alert in life.standing] == ["limits:overflow:*"]


def test_the_newest_that_have_ended_are_still_known() -> None:
    life = Life()
    life.look(passing=(found(),))
    over = life.resolve(life.one)[0]
    assert life.alerts.shelf.ended[over.id] == over
    assert life.restart().alerts.shelf.ended == life.alerts.shelf.ended
