"""What holds of alerts whatever happens to them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.alerts.course import DESK
from sidecar.alerts.kinds import FLOOD
from sidecar.domain.alerts import Alert, AlertLevel, AlertType, Finding
from sidecar.domain.clock import SECOND
from tests.alerts.desk import Life, found, outside, stands

STANDING = (
    stands("NIFTY", "data", "feed_down", level="critical", severity=5),
    stands("*", "data", "blind", level="error", severity=4),
    stands("NIFTY", "data", "stale"),
    stands("BANKNIFTY", "data", "stale"),
    stands("* stale", "limits", "breach", level="critical", severity=5),
    stands("* stale", "limits", "warn"),
    stands("* daily_loss", "limits", "breach", level="critical", severity=5),
    stands("* daily_loss", "limits", "warn"),
    stands("*", "breaker", "tripped", level="critical", severity=5),
    stands("*", "breaker", "market_halt", level="critical", severity=5),
    stands("*", "venue", "halted", level="critical", severity=5),
    stands("*", "storage", "journal", level="critical", severity=5),
    stands("demo", "strategy", "disabled", level="error", severity=4),
)
PASSING = (
    found("demo breaker", kind="refused", severity=2),
    found("demo disabled_strategy", kind="refused", severity=2),
    found("demo no"),
    found("gap", "data", "gap"),
    *(found(f"noise {n}") for n in range(8)),
)
TOLD = (
    outside("a", level="info", severity=1),
    outside("b"),
    outside("c", level="critical", severity=5),
    Finding("storage", "slow", "db", AlertLevel.CRITICAL, 5, "slow", "words"),
)
some_standing = st.lists(st.sampled_from(STANDING), unique_by=lambda one: one.fingerprint, max_size=8)
some_passing = st.lists(st.sampled_from(PASSING), max_size=8)
some_told = st.lists(st.sampled_from(TOLD), max_size=3)
pauses = st.sampled_from([0.0, 0.1, 1.0, 10.0, 30.0, 100.0, 400.0])
POLICY: dict[str, Any] = {"escalate_s": 120.0, "shown": 4, "window_s": 300.0, "standing": 12}


@given(some_standing, some_passing, st.randoms(use_true_random=False))
def test_the_order_within_one_instant_does_not_matter(
    standing: list[Finding], passing: list[Finding], chance: Any
) -> None:
    records = []
    for _ in range(2):
        life = Life(**POLICY)
        life.look(*standing, passing=tuple(passing))
        life.look(*standing, passing=tuple(passing), after=40)
        records.append(life.records)
        chance.shuffle(standing)
        chance.shuffle(passing)
    assert records[0] == records[1]


@given(st.lists(st.tuples(some_standing, some_passing, some_told, pauses), max_size=12))
def test_the_counts_of_all_alerts_are_the_number_of_findings(steps: list[Any]) -> None:
    life = Life(**POLICY)
    findings, there = 0, set[str]()
    for standing, passing, told, pause in steps:
        life.look(*standing, passing=tuple(passing), after=pause)
        life.tell(*told)
        now = {one.fingerprint for one in standing}
        findings += len(passing) + len(told) + len(now - there)
        there = now
    for fingerprint in [one.fingerprint for one in TOLD]:
        life.tell(cleared=(fingerprint,))
    life.look()
    life.look(after=10_000)
    over = [alert for alert in life.records if alert.resolved and alert.fingerprint != FLOOD]
    standing_still = [alert for alert in life.standing if alert.fingerprint != FLOOD]
    assert sum(alert.count for alert in (*over, *standing_still)) == findings


class Anything(RuleBasedStateMachine):
    """Whatever is found, told, answered and waited for, and any number of restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(**POLICY)

    @rule(standing=some_standing, passing=some_passing, after=pauses)
    def look(self, standing: list[Finding], passing: list[Finding], after: float) -> None:
        self.life.look(*standing, passing=tuple(passing), after=after)

    @rule(told=some_told, over=some_told, lasting=st.booleans())
    def tell(self, told: list[Finding], over: list[Finding], lasting: bool) -> None:
        self.life.tell(*told, cleared=tuple(one.fingerprint for one in over), lasting=lasting)

    @rule(chance=st.integers(0, 100))
    def acknowledge(self, chance: int) -> None:
        if standing := self.life.standing:
            self.life.acknowledge(standing[chance % len(standing)])

    @rule(chance=st.integers(0, 100))
    def resolve(self, chance: int) -> None:
        if standing := self.life.standing:
            self.life.resolve(standing[chance % len(standing)])

    @rule()
    def restart(self) -> None:
        before = self.life
        self.life = before.restart()
        assert _known(self.life, self.life.now) == _known(before, self.life.now)

    @invariant()
    def what_stands_is_what_is_on_record(self) -> None:
        newest = {alert.id: alert for alert in self.life.records}
        assert {alert.id: alert for alert in self.life.standing} == {
            key: alert for key, alert in newest.items() if not alert.resolved
        }

    @invariant()
    def a_fingerprint_stands_once_and_there_are_never_too_many(self) -> None:
        standing = [alert.fingerprint for alert in self.life.standing]
        assert len(set(standing)) == len(standing) <= 2 * POLICY["standing"] + 16

    @invariant()
    def every_critical_one_is_shown_or_behind_one_that_is(self) -> None:
        standing = {alert.fingerprint: alert for alert in self.life.standing}
        for alert in standing.values():
            if alert.level is AlertLevel.CRITICAL and not alert.shown:
                by = standing[alert.inhibited_by]
                assert by.shown
                assert by.level is AlertLevel.CRITICAL

    def teardown(self) -> None:
        lives: dict[str, list[Alert]] = {}
        for alert in self.life.records:
            lives.setdefault(alert.id, []).append(alert)
        for life in lives.values():
            _lived(life)
        _flood(list(lives.values()))


def _known(life: Life, now: int) -> dict[str, Any]:
    """All that a restart at ``now`` must know, in a form that compares."""
    course = life.alerts._course
    return {
        "standing": life.standing,
        "ended": life.alerts.shelf.ended,
        "shown": course.budget.times,
        "should have acted since": {key: entry.since for key, entry in life.alerts.shelf.entries.items()},
        "stays away": {key: at for key, at in course.put_off.items() if at > now},
    }


def _lived(life: list[Alert]) -> None:
    """One alert from its first state to its last."""
    assert [alert.revision for alert in life] == list(range(1, len(life) + 1))
    assert len({(alert.fingerprint, alert.at) for alert in life}) == 1
    assert not any(alert.resolved for alert in life[:-1])
    for before, after in pairwise(life):
        assert before.updated_at <= after.updated_at
        assert before.count <= after.count
        assert before.severity <= after.severity
        if before.acknowledged_by or after.resolved or not before.shown:
            assert after.escalations == before.escalations
    if life[-1].resolved:
        assert life[-1].type is AlertType.SUCCESS
        assert life[-1].resolved_by in (DESK, "ann")


def _flood(lives: list[list[Alert]]) -> None:
    """In no window are there more that are not critical than were agreed."""
    shown = []
    for life in lives:
        was = False
        for alert in life:
            if alert.shown and not was and alert.level is not AlertLevel.CRITICAL:
                shown.append(alert.updated_at)
            was = alert.shown
    window = POLICY["window_s"] * SECOND
    for start in shown:
        assert sum(start <= at < start + window for at in shown) <= POLICY["shown"]


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
