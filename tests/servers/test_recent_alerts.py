"""The report's alerts over the record's: whatever is asked, page by page, every alert once in its newest state."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.alerts import Alert, AlertLevel
from sidecar.servers.recent_alerts import Wanted, newer, page_of, place_of
from tests.servers.alerting import alert
from tests.servers.desk import report

LEVELS = list(AlertLevel)
ALERTS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(LEVELS), st.sampled_from(["limits", "data"]), st.booleans()), max_size=12
)


def reader(kept: list[Alert]) -> Any:
    def read(**asked: Any) -> list[Alert]:
        wanted = Wanted(**asked)
        rows = [one for one in kept if wanted.holds(one) and asked["level"] in ("", one.level)]
        return sorted(rows, key=place_of, reverse=True)[: wanted.limit]

    return read


@settings(max_examples=150, deadline=None)
@given(
    ALERTS,
    st.integers(1, 4),
    st.sampled_from([None, True, False]),
    st.sampled_from(["", *LEVELS]),
    st.sampled_from(["", "limits", "data"]),
)
def test_pages_are_the_truth_once_where_only_what_stands_is_late(
    rows: list[tuple[bool, AlertLevel, str, bool]], size: int, standing: bool | None, level: str, source: str
) -> None:
    truth, kept = list[Alert](), list[Alert]()
    for number, (resolved, grave, where, late) in enumerate(rows, 1):
        one = alert(number, resolved=resolved, level=grave, source=where, revision=2)
        truth.append(one)
        if resolved or not late:
            kept.append(one)
        elif number % 2:
            kept.append(alert(number, level=grave, source=where))
    shown = report(alerts=tuple(one for one in truth if not one.resolved))
    seen, before = list[Alert](), None
    while True:
        wanted = Wanted(size + 1, before, None, None, standing, level, source)
        found, as_of = page_of(reader(kept), wanted, shown)
        assert as_of == shown.timestamp.isoformat()
        seen += found[:size]
        if len(found) <= size:
            break
        before = place_of(seen[-1])
    expected = [one for one in truth if Wanted(1, None, None, None, standing, level, source).holds(one)]
    assert seen == sorted(expected, key=place_of, reverse=True)


def test_a_state_is_newer_by_its_revision() -> None:
    assert newer(alert(1, revision=2), alert(1))
    assert newer(alert(1), alert(1))
    assert not newer(alert(1), alert(1, revision=2))
    assert not newer(None, alert(1))
