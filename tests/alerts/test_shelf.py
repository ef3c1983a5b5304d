from __future__ import annotations

from sidecar.alerts.inhibition import Candidate
from sidecar.alerts.policy import Policy
from sidecar.alerts.shelf import ENDED, Shelf
from sidecar.domain.clock import SECOND
from tests.alerts.desk import START, found


def shelf() -> Shelf:
    one = Shelf(Policy(count_every_s=10))
    one.begun = START
    return one


def test_ids_are_the_run_and_a_number_and_another_run_has_others() -> None:
    first = shelf()
    assert [first.add(START, found(name), holds=False).alert.id for name in "ab"] == [
        "A260907093000-00001",
        "A260907093000-00002",
    ]
    second = shelf()
    for alert in first.publish(START, everything=True):
        second.fold(alert)
    second.begun = START + 86_400 * SECOND
    assert second.add(START, found("c"), holds=False).alert.id == "A260908093000-00003"


def test_a_count_waits_and_a_change_of_state_does_not() -> None:
    one = shelf()
    entry = one.add(START, found(), holds=False)
    one.publish(START, everything=False)
    entry.count(START + 1, found())
    one.touch(entry)
    assert one.publish(START + 9 * SECOND, everything=True) == ()
    assert [alert.count for alert in one.publish(START + 10 * SECOND, everything=True)] == [2]
    entry.show(START + 11 * SECOND)
    one.touch(entry)
    assert [alert.revision for alert in one.publish(START + 11 * SECOND, everything=False)] == [3]


def test_those_of_a_kind_are_found_in_a_settled_order_or_one_by_name() -> None:
    one = shelf()
    for name in "bca":
        one.add(START, found(name), holds=False)
    assert [entry.alert.fingerprint[-1] for entry in one.like(Candidate("orders", "rejected"))] == ["a", "b", "c"]
    named = Candidate("orders", "rejected", "orders:rejected:b")
    assert [entry.alert.fingerprint[-1] for entry in one.like(named)] == ["b"]
    assert list(one.like(Candidate("orders", "unknown"))) == []


def test_as_many_that_have_ended_are_known_as_agreed() -> None:
    one = shelf()
    for number in range(ENDED + 5):
        entry = one.add(START, found(str(number)), holds=False)
        entry.end(START, "ann")
        one.remove(entry)
        one.publish(START, everything=False)
    assert len(one.ended) == ENDED
    assert one.find("A260907093000-00001") is None
    assert "A260907093000-00005" not in one.ended
    assert one.entries == {}
    assert one.standing == ()
