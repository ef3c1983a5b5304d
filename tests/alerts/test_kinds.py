from __future__ import annotations

import pytest

from sidecar.alerts.kinds import BY_NAME, FLOOD, KINDS, OVERFLOW, Ends, Kind, ends, owned
from sidecar.domain.alerts import SOURCES, AlertLevel

#: What a level may be worth.
_SEVERITIES = {"info": (1,), "warning": (2, 3), "error": (4,), "critical": (5,)}


@pytest.mark.parametrize("row", KINDS, ids=lambda row: f"{row.source}:{row.name}")
def test_every_kind_is_of_a_known_source_and_as_severe_as_its_level(row: Kind) -> None:
    assert row.source in SOURCES
    assert row.severity in _SEVERITIES[row.level]
    assert ":" not in row.source + row.name
    assert BY_NAME[row.source, row.name] is row
    assert row.ends is not Ends.CLEARED


def test_what_the_desk_does_not_know_waits_to_be_cleared() -> None:
    assert ends("outside", "Probe", AlertLevel.CRITICAL) is Ends.CLEARED
    assert not owned("outside", "Probe")


def test_what_stands_for_critical_ones_waits_for_a_person() -> None:
    assert ends("limits", OVERFLOW, AlertLevel.CRITICAL) is Ends.CLEARED
    assert ends("limits", OVERFLOW, AlertLevel.ERROR) is Ends.QUIET
    assert owned("outside", OVERFLOW)
    assert owned(*FLOOD.split(":")[:2])


def test_a_finding_carries_its_subject_in_its_title() -> None:
    finding = BY_NAME["data", "stale"].found("NIFTY", "no quote for 5 s")
    assert (finding.fingerprint, finding.title, finding.details) == ("data:stale:NIFTY", "Stale data: NIFTY", {})
