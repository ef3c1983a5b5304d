"""What waits for a commit: samples as far as there is room, entries always."""

from sidecar.store.frames import Head
from sidecar.store.owed import Group, Owed
from sidecar.store.waiting import Waiting
from tests.store.build import NOW, entries, head_of, measured, stopped

JOURNAL = entries(stopped())


def test_a_sample_without_room_is_dropped_and_what_is_gathered_makes_room_again() -> None:
    waiting, owed = Waiting(2), Owed(Head(0, b""))
    for seconds in range(3):
        waiting.offer(measured(NOW + seconds))
    assert (len(waiting), waiting.dropped) == (2, 1)
    samples, going = waiting.gather(owed, 0.0, at_once=False)
    assert (len(samples), going) == (1, True)
    waiting.offer(measured())
    assert (len(waiting), waiting.dropped) == (2, 1)
    waiting.lose(3)
    assert waiting.dropped == 4


def test_entries_are_taken_without_room_and_the_end_ends_what_gathers() -> None:
    waiting, owed = Waiting(0), Owed(head_of([]))
    waiting.owe(Group(1, JOURNAL, head_of(JOURNAL).digest))
    assert waiting.gather(owed, 0.0, at_once=False) == ([], True)
    assert [line.seq for line in owed.past(0)] == [1]
    waiting.close()
    waiting.offer(measured())
    assert waiting.dropped == 1
    assert waiting.gather(owed, 60.0, at_once=True) == ([], False)
