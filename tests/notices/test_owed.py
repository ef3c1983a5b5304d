"""What a channel is owed, folded from the journal."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.alerts import Alert, AlertLevel
from sidecar.domain.records import Entry, NoticeRecorded
from sidecar.notices.owed import Event, Notice, Owed
from tests.notices.making import T0, alert, entry

OWN = "notices:channel:c"


def owed(*entries: Entry, least: AlertLevel = AlertLevel.WARNING, begun: bool = True) -> Owed:
    made = Owed("c", least, OWN)
    if begun:
        made.begin(T0, T0)
    for one in entries:
        made.take(one)
    return made


def told(found: Owed) -> list[tuple[str, Event]]:
    return [(notice.id, notice.event) for notice in found.batch(100)]


def test_an_alert_owes_a_notice_when_it_is_raised_and_when_it_is_over() -> None:
    found = owed(entry(alert()))
    assert told(found) == [("A1.1", Event.RAISED)]
    (record,) = found.settle(found.batch(1), T0 + 1, delivered=True)
    assert record == NoticeRecorded(T0 + 1, "A1", 1, "c", delivered=True)
    assert told(found) == []
    found.take(entry(alert(revision=2, resolved=True)))
    assert told(found) == [("A1.2", Event.RESOLVED)]
    found.settle(found.batch(1), T0, delivered=True)
    assert len(found) == 0


def test_a_count_and_an_acknowledgement_owe_nothing() -> None:
    found = owed(entry(alert()))
    found.settle(found.batch(1), T0, delivered=True)
    found.take(entry(alert(revision=2, count=40)))
    found.take(entry(alert(revision=3, acknowledged_by="ann")))
    found.take(entry(alert(revision=3, resolved=True)))  # no newer revision: it is not news
    assert told(found) == []


@pytest.mark.parametrize(
    ("change", "event"),
    [({"escalations": 1}, Event.ESCALATED), ({"escalations": 1, "level": AlertLevel.ERROR}, Event.ESCALATED),
     ({"level": AlertLevel.ERROR}, Event.GRAVER), ({"level": AlertLevel.INFO}, None), ({"shown": False}, None)],
)  # fmt: skip
def test_what_grows_graver_is_told_again(change: dict[str, Any], event: Event | None) -> None:
    found = owed(entry(alert()))
    found.settle(found.batch(1), T0, delivered=True)
    found.take(entry(alert(revision=2, **change)))
    assert told(found) == ([("A1.2", event)] if event else [])


def test_what_changes_before_it_leaves_is_told_once_in_its_newest_state() -> None:
    found = owed(entry(alert(), T0), entry(alert(revision=2, escalations=1, level=AlertLevel.ERROR), T0 + 5))
    assert told(found) == [("A1.2", Event.RAISED)]
    assert found.batch(1)[0].since == T0
    found.take(entry(alert(revision=3, resolved=True), T0 + 9))
    assert told(found) == [("A1.3", Event.OVER)]


def test_what_comes_while_a_notice_is_on_its_way_is_owed_after_it() -> None:
    found = owed(entry(alert()))
    sent = found.batch(1)
    found.take(entry(alert(revision=2, resolved=True), T0 + 9))
    found.settle(sent, T0, delivered=True)
    assert [(n.id, n.event, n.since) for n in found.batch(9)] == [("A1.2", Event.RESOLVED, T0 + 9)]


def test_below_the_least_level_and_while_hidden_nothing_is_owed() -> None:
    found = owed(
        entry(alert("A1", level=AlertLevel.INFO)),
        entry(alert("A2", shown=False)),
        entry(alert("A3", shown=False, resolved=True)),
        entry(alert("A4", fingerprint=OWN)),
    )
    assert told(found) == []
    found.take(entry(alert("A2", 2)))
    assert told(found) == [("A2.2", Event.RAISED)]
    found.take(entry(alert("A2", 3, shown=False)))
    assert told(found) == []
    everything = owed(entry(alert("A1", level=AlertLevel.INFO)), least=AlertLevel.INFO)
    assert told(everything) == [("A1.1", Event.RAISED)]


def test_the_end_of_what_was_told_is_told_though_it_was_hidden_meanwhile() -> None:
    found = owed(entry(alert()))
    found.settle(found.batch(1), T0, delivered=True)
    found.take(entry(alert(revision=2, shown=False)))
    found.take(entry(alert(revision=3, shown=False, resolved=True)))
    assert told(found) == [("A1.3", Event.RESOLVED)]


def test_the_gravest_leave_first_then_the_oldest() -> None:
    found = owed(
        entry(alert("A1"), T0 + 2),
        entry(alert("A2"), T0 + 1),
        entry(alert("A3", level=AlertLevel.CRITICAL), T0 + 3),
    )
    assert [notice.alert.id for notice in found.batch(2)] == ["A3", "A2"]


def test_a_new_channel_begins_with_what_stands_and_says_so_once() -> None:
    before = [entry(alert("A1")), entry(alert("A2")), entry(alert("A2", 2, resolved=True))]
    found = owed(*before, begun=False)
    assert (len(found), told(found)) == (0, [])
    begun = found.begin(T0 + 5, T0 + 7)
    assert begun == NoticeRecorded(T0 + 5, "", 0, "c", delivered=True, detail="begun")
    assert [(n.id, n.since) for n in found.batch(9)] == [("A1.1", T0 + 7)]
    assert begun is not None
    again = owed(*before, entry(begun, T0 + 7), begun=False)
    assert again.begin(T0, T0) is None
    assert [(n.id, n.since) for n in again.batch(9)] == [("A1.1", T0 + 7)]


def test_another_channels_record_settles_nothing_here() -> None:
    found = owed(entry(alert()), entry(NoticeRecorded(T0, "A1", 1, "other", delivered=True)))
    assert told(found) == [("A1.1", Event.RAISED)]


def test_a_record_of_an_alert_that_is_not_there_is_let_be() -> None:
    found = owed(entry(NoticeRecorded(T0, "A9", 1, "c", delivered=True)), entry(alert()))
    assert told(found) == [("A1.1", Event.RAISED)]


def test_what_is_old_can_be_given_up_and_its_end_is_still_told() -> None:
    found = owed(entry(alert("A1"), T0), entry(alert("A2"), T0 + 10))
    late = found.older(T0 + 10)
    assert [notice.alert.id for notice in late] == ["A1"]
    (record,) = found.settle(late, T0, delivered=False, detail="late")
    assert (record.delivered, record.detail) == (False, "late")
    assert told(found) == [("A2.1", Event.RAISED)]
    found.take(entry(alert("A1", 2, resolved=True)))
    assert ("A1.2", Event.RESOLVED) in told(found)


def test_what_is_over_and_told_is_forgotten() -> None:
    found = owed()
    for number in range(200):
        name = f"A{number}"
        found.take(entry(alert(name)))
        found.take(entry(alert(name, 2, resolved=True)))
        found.settle(found.batch(10), T0, delivered=True)
        found.take(entry(NoticeRecorded(T0, name, 2, "c", delivered=True)))
    assert not found._newest
    assert not found._states
    assert not found._told


CHANGES: list[dict[str, Any]] = [
    {"escalations": 1}, {"level": AlertLevel.CRITICAL}, {"level": AlertLevel.INFO}, {"shown": False}, {"shown": True},
    {"resolved": True}, {"count": 9}, {"acknowledged_by": "ann"},
]  # fmt: skip
OPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.sampled_from(CHANGES)),
        st.sampled_from(["send", "send and crash", "restart"]),
    ),
    max_size=40,
)


class Story:
    """A journal, a desk that changes alerts, and a channel that sends, crashes and begins again."""

    def __init__(self) -> None:
        self.journal: list[Entry] = []
        self.states: dict[str, Alert] = {}
        self.sent: list[tuple[str, Event]] = []
        self.recorded: list[str] = []
        self.live = Owed("c", AlertLevel.WARNING, OWN)
        begun = self.live.begin(T0, T0)
        assert begun is not None
        self.keep(Entry(T0, begun))

    def keep(self, made: Entry) -> None:
        self.journal.append(made)
        self.live.take(made)

    def change(self, name: str, **fields: Any) -> None:
        known = self.states.get(name, alert(name, 0))
        if not known.resolved:
            self.states[name] = msgspec.structs.replace(known, revision=known.revision + 1, **fields)
            self.keep(entry(self.states[name], T0 + len(self.journal)))

    def send(self, *, crash: bool) -> None:
        batch: list[Notice] = list(self.live.batch(2))
        self.sent.extend((notice.id, notice.event) for notice in batch)
        for record in () if crash else self.live.settle(batch, T0, delivered=True):
            self.recorded.append(f"{record.alert_id}.{record.revision}")
            self.keep(Entry(T0 + len(self.journal), record))

    def folded(self) -> Owed:
        return owed(*self.journal, begun=False)


@settings(max_examples=300, deadline=None)
@given(OPS)
def test_over_crashes_every_event_is_told_and_none_twice_that_is_on_record(ops: list[Any]) -> None:
    story = Story()
    for op in ops:
        if isinstance(op, tuple):
            story.change(op[0], **op[1])
        elif op == "send":
            story.send(crash=False)
        else:
            story.send(crash=True) if op == "send and crash" else None
            story.live = story.folded()
        assert story.folded().batch(9) == story.live.batch(9)
    while len(story.live):
        story.send(crash=False)
    assert len(set(story.recorded)) == len(story.recorded)
    for name, state in story.states.items():
        events = [event for told_id, event in story.sent if told_id.startswith(f"{name}.")]
        assert not events or events[0] in (Event.RAISED, Event.OVER)
        if state.shown and state.level is not AlertLevel.INFO:
            assert bool(events)
            assert (events[-1] in (Event.RESOLVED, Event.OVER)) == state.resolved
