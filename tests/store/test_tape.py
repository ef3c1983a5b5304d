"""A tape gives back exactly what it was given, and refuses to give back anything else."""

import contextlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import isnan, nan
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.domain.commands import ChangeLimits, PlaceOrder
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import FileRefused, InputError
from sidecar.domain.events import (
    AnyEvent,
    Beat,
    FeedState,
    Listed,
    OrderFilled,
    Quote,
    QuoteRefused,
    Settlement,
    VenueBook,
)
from sidecar.domain.orders import OrderRequest, Side
from sidecar.store.batches import payload_row
from sidecar.store.tape import End, TapeHeader, TapeWriter, read, read_end, read_header

CALL = Contract(
    "NIFTY", Kind.OPTION, date(2026, 8, 18), 24200.0, Right.CALL, 1_787_047_800_000_000, 65, Decimal("0.05"), 1755
)
HEADER = TapeHeader(
    source="made up",
    simulated=True,
    recorded="desk",
    exchange="NSE",
    zone="Asia/Kolkata",
    contracts=(CALL, Contract("NIFTY", Kind.INDEX)),
    sessions=(date(2026, 8, 18),),
    notes=("nothing here is real",),
)
QUOTE = Quote("NIFTY-20260818-24200-CE", 1_787_030_000_000_000, 1_787_030_000_000_200, 100.05, 100.15, 65, 130, nan)

_instants = st.integers(0, 2**62)
_numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_quotes = st.builds(Quote, _texts, _instants, _instants, *[_numbers] * 7)
_others = st.one_of(
    st.builds(Beat, _instants),
    st.builds(Listed, _instants, st.just((CALL,)), _texts, st.booleans()),
    st.builds(FeedState, _instants, _texts, st.booleans(), _texts, st.integers(0, 9)),
    st.builds(QuoteRefused, _instants, _texts, _texts),
    st.builds(Settlement, _instants, _texts, st.just("20260818"), st.floats(0, 1e6), _instants),
    st.builds(OrderFilled, _instants, _texts, _texts, st.integers(1, 9), st.just("80.35"), _texts),
    st.builds(VenueBook, _instants, st.dictionaries(_texts, st.integers(-9, 9), max_size=3), st.just(("o-1",))),
    st.builds(
        PlaceOrder,
        at=_instants,
        request_id=_texts,
        actor=_texts,
        request=st.just(OrderRequest("NIFTY24200CE", Side.SELL, 65, Decimal("80.35"))),
    ),
)


def _record(path: Path, events: Sequence[AnyEvent], batch_rows: int = 16_384) -> Path:
    with TapeWriter(path, HEADER, batch_rows) as tape:
        tape.write(events)
    return path


def _same(one: AnyEvent, two: AnyEvent) -> bool:
    """Equality by value and type, with NaN equal to itself."""
    pairs = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(two), strict=True)
    return type(one) is type(two) and all(a == b or (a != a and b != b) for a, b in pairs)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.one_of(_quotes, _others), max_size=25), batch_rows=st.integers(1, 9))
def test_whatever_happened_comes_back_exactly_and_in_order(
    tmp_path: Path, events: list[AnyEvent], batch_rows: int
) -> None:
    path = _record(tmp_path / "any.tape", events, batch_rows)
    back = list(read(path))
    assert len(back) == len(events)
    assert all(_same(one, two) for one, two in zip(back, events, strict=True))
    assert read_end(path) == End(len(events))


def test_the_header_comes_back_whole(tmp_path: Path) -> None:
    assert read_header(_record(tmp_path / "a.tape", [])) == HEADER


def test_the_end_carries_the_report_hash_and_counts(tmp_path: Path) -> None:
    tape = TapeWriter(tmp_path / "a.tape", HEADER)
    tape.write([QUOTE, Beat(7)])
    tape.close("c0ffee", 12)
    tape.close("another", 13)
    assert read_end(tmp_path / "a.tape") == End(events=2, reports=12, report_hash="c0ffee")


def test_the_same_events_make_the_same_bytes(tmp_path: Path) -> None:
    events: list[AnyEvent] = [Listed(1, (CALL,), "x"), QUOTE, Beat(3)]
    assert _record(tmp_path / "a", events).read_bytes() == _record(tmp_path / "b", events).read_bytes()


def test_a_whole_number_of_a_feed_is_kept_as_the_number_it_is(tmp_path: Path) -> None:
    (back,) = read(_record(tmp_path / "a.tape", [QUOTE]))
    assert isinstance(back, Quote)
    assert back.bid_size == 65
    assert isnan(back.last)


@pytest.mark.parametrize(
    "event",
    [
        Settlement(1, "NIFTY", "20260818", nan, 1),
        ChangeLimits(at=1, request_id="r", actor="a", reason="", limits={"daily_loss": nan}),
    ],
)
def test_an_event_that_json_would_change_is_refused_when_it_is_written(tmp_path: Path, event: AnyEvent) -> None:
    tape = TapeWriter(tmp_path / "a.tape", HEADER)
    tape.write([event])
    with pytest.raises(InputError, match="no NaN or infinity outside a quote"):
        tape.flush()
    tape.abandon()


def test_a_recording_that_crashed_is_refused_with_the_remedy_before_its_first_event(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    with contextlib.suppress(KeyboardInterrupt), TapeWriter(path, HEADER, 10) as tape:
        tape.write([QUOTE] * 25)
        raise KeyboardInterrupt
    assert read_end(path) is None
    with pytest.raises(FileRefused, match=r"no end.* at row 20; .*import it again") as refused:
        read(path)
    assert refused.value.row == 20
    assert list(read(path, allow_open=True)) != []
    assert len(list(read(path, allow_open=True))) == 20


def test_what_was_flushed_can_be_read_while_the_tape_is_still_being_written(tmp_path: Path) -> None:
    tape = TapeWriter(tmp_path / "a.tape", HEADER)
    tape.write([QUOTE] * 3)
    tape.flush()
    tape.write([QUOTE])
    assert len(list(read(tmp_path / "a.tape", allow_open=True))) == 3
    tape.close()


def test_a_truncated_file_is_refused_with_the_row_where_it_breaks_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = _record(tmp_path / "whole.tape", [QUOTE] * 30 + [Beat(1)], 10).read_bytes()
    cut = tmp_path / "cut.tape"
    rows = set()
    for length in range(0, len(whole) - 1, 37):
        cut.write_bytes(whole[:length])
        with pytest.raises(FileRefused) as refused:
            list(read(cut))
        rows.add(refused.value.row)
    assert {0, 10, 20, 30, 31} <= rows
    assert rows <= {None, 0, 10, 20, 30, 31}


def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    events: list[AnyEvent] = [msgspec.structs.replace(QUOTE, at=at, bid=at + 0.5) for at in range(40)]
    whole = _record(tmp_path / "whole.tape", [*events, Beat(1)], 10).read_bytes()
    bad = tmp_path / "bad.tape"
    refused = 0
    for offset in range(0, len(whole), 41):
        bad.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x10]) + whole[offset + 1 :])
        try:
            header, back = read_header(bad), list(read(bad))
        except FileRefused:
            refused += 1
            continue
        assert header.version == HEADER.version
        assert all(_same(one, two) for one, two in zip(back, [*events, Beat(1)], strict=True))
    assert refused > 50


@pytest.mark.parametrize("content", [b"", b"PAR1 and so on", b"\x00" * 200, b"date,open\n1,2\n" * 40])
def test_a_file_that_is_no_tape_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.tape"
    path.write_bytes(content)
    for ask in (read_header, read_end, read):
        with pytest.raises(FileRefused, match="tape") as refused:
            ask(path)
        assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"missing\.tape: cannot be opened"):
        read_header(tmp_path / "missing.tape")


def test_an_arrow_stream_that_is_no_tape_is_refused(tmp_path: Path) -> None:
    table = pa.table({"a": [1]})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    with pytest.raises(FileRefused, match="no tape header"):
        read_header(tmp_path / "a.arrow")


def test_an_event_of_a_kind_that_is_not_known_is_refused_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    tape = TapeWriter(path, HEADER)
    tape.write([QUOTE])
    tape.flush()
    tape._put([payload_row("dream", 1, b'{"kind":"dream","at":1}')])
    tape._events += 1
    tape.close()
    with pytest.raises(FileRefused, match=r"does not know .*dream.* at row 1"):
        list(read(path))


def test_a_newer_tape_is_refused_by_its_version(tmp_path: Path) -> None:
    with TapeWriter(tmp_path / "a.tape", msgspec.structs.replace(HEADER, version=2)):
        pass
    with pytest.raises(FileRefused, match="version 2; this program reads 1"):
        read(tmp_path / "a.tape")
