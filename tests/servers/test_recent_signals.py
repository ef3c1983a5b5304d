from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.domain.clock import SECOND, to_datetime
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from sidecar.servers import recent_signals
from sidecar.servers.recent_signals import Wanted, page_of, place_of
from tests.servers.desk import T0, report


def signal(number: int, *, scored: bool = False) -> Signal:
    request = SignalRequest("NIFTY", SignalType.BUY, 0.6, 60.0, strategy=f"s{number % 3}")
    made = Signal(f"S-{number:05d}", request, "ann", T0 + number // 2 * SECOND, 100.0, T0 + 60 * SECOND)
    return replace(made, status=SignalStatus.SCORED, scored_at=made.due_at) if scored else made


class Record:
    """What is on disk, and how often it was asked."""

    def __init__(self, rows: list[Signal]) -> None:
        self.rows = rows
        self.asked = 0

    def read(self, **asked: Any) -> list[Signal]:
        self.asked += 1
        wanted = Wanted(**asked)
        return sorted(filter(wanted.holds, self.rows), key=place_of, reverse=True)[: wanted.limit]


@given(
    st.lists(st.booleans(), max_size=60), st.integers(0, 10), st.integers(0, 20), st.integers(1, 9),
    st.sampled_from(["", "open", "scored"]), st.sampled_from(["", "s1"]),
)  # fmt: skip
def test_pages_through_a_record_that_is_behind_hold_each_signal_once_in_its_newest_state(
    ended: list[bool], unwritten: int, newest: int, size: int, status: str, strategy: str
) -> None:
    """The report holds at least what is not written yet; some of the record's are told newer by the report."""
    now = [signal(number, scored=scored) for number, scored in enumerate(ended)]
    in_report = now[len(now) - max(unwritten, newest) :] if max(unwritten, newest) < len(now) else now
    told = {one.id for one in in_report}
    written = now[: max(0, len(now) - unwritten)]
    on_disk = [signal(number) if now[number].id in told else now[number] for number in range(len(written))]
    made = report(timestamp=to_datetime(T0 + 30 * SECOND), signals=tuple(reversed(in_report)))
    record, seen, before = Record(on_disk), list[Signal](), None
    while True:
        page, as_of = page_of(record.read, Wanted(size + 1, before, status=status, strategy=strategy), made)
        assert as_of is not None
        seen += page[:size]
        if len(page) <= size:
            break
        before = place_of(page[size - 1])
    wanted = [one for one in now if status in ("", one.status) and strategy in ("", one.request.strategy)]
    assert seen == sorted(wanted, key=place_of, reverse=True)


def test_a_filter_that_the_record_does_not_know_is_looked_for_in_all_of_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(recent_signals, "_CHUNK", 10)
    record = Record([signal(number, scored=number == 3) for number in range(35)])
    page, _ = page_of(record.read, Wanted(5, status="scored"), None)
    assert [one.id for one in page] == ["S-00003"]
    assert record.asked == 4


def test_without_a_report_there_is_no_time_that_it_is_true_of() -> None:
    assert page_of(Record([signal(1)]).read, Wanted(5), None) == ([signal(1)], None)
