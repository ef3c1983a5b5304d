from __future__ import annotations

import pytest

from sidecar.alerts.entry import Entry, gravity, made
from sidecar.domain.alerts import AlertLevel, AlertType
from tests.alerts.desk import START, found


def entry(level: str = "warning", severity: int = 3) -> Entry:
    one = found(level=level, severity=severity)
    return Entry(made("A1", START, one), None, holds=False)


@pytest.mark.parametrize(
    ("level", "shown_as"), [("info", "info"), ("warning", "warning"), ("error", "error"), ("critical", "error")]
)
def test_a_level_has_its_type(level: str, shown_as: str) -> None:
    assert entry(level).alert.type == AlertType(shown_as)


def test_levels_are_ordered_by_gravity() -> None:
    assert sorted(AlertLevel, key=gravity) == ["info", "warning", "error", "critical"]


def test_what_is_found_again_is_never_less_grave_and_says_the_newest() -> None:
    one = entry("error", 4)
    one.count(START + 1, found(level="warning", severity=2))
    assert (one.alert.count, one.alert.level, one.alert.severity) == (2, AlertLevel.ERROR, 4)
    one.count(START + 2, found(level="critical", severity=5))
    assert (one.alert.count, one.alert.level, one.alert.type) == (3, AlertLevel.CRITICAL, AlertType.ERROR)


def test_the_note_of_who_acknowledged_it_outlives_new_words() -> None:
    one = entry()
    one.acknowledge(START, "ann", "mine")
    one.count(START + 1, found())
    assert one.alert.details == {"note": "mine"}


def test_only_a_shown_one_that_nobody_acknowledged_awaits_somebody() -> None:
    one = entry()
    assert not one.awaits
    one.show(START)
    assert one.awaits
    one.acknowledge(START, "ann", "")
    assert not one.awaits


def test_a_count_alone_is_no_move_and_any_other_state_is() -> None:
    one = entry()
    assert one.moved
    one.kept = one.alert
    one.count(START + 1, found())
    assert not one.moved
    one.show(START + 1)
    assert one.moved


def test_it_ends_as_good_news_with_its_reason() -> None:
    one = entry()
    one.end(START + 5, "ann", "mended")
    alert = one.alert
    assert (alert.type, alert.level, alert.resolved_at) == (AlertType.SUCCESS, AlertLevel.WARNING, START + 5)
    assert alert.details == {"resolution": "mended"}
