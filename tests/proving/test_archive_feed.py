"""Imported days as a market: all that was seen, once and in order, and no time where nothing was."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import digest
from sidecar.backtest.pace import paced, patient
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from sidecar.proving.archive_feed import HOLE, archived_events, usual_gap
from sidecar.store.importing import run_import
from sidecar.strategies.demo import Demo
from sidecar.venues.matching import PaperSettings
from tests.archive_world import DAYS, SEEN, archive, closes_at, minutes_of, opens_at, put
from tests.desk.world import CALENDAR, CONTRACTS, DAY, EXPIRY, INDEX, REFERENCE, chain, config, index


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("archive"))


def read(
    folder: Path, *symbols: str, first: date = DAY, last: date = EXPIRY, notes: list[str] | None = None
) -> list[AnyEvent]:
    noted = (lambda _: None) if notes is None else notes.append
    return list(archived_events(folder, symbols or ("NIFTY",), first, last, REFERENCE, CALENDAR, noted=noted))


def test_every_quote_comes_once_in_order_and_every_contract_is_listed_once(folder: Path) -> None:
    events = read(folder)
    quotes = [event for event in events if isinstance(event, Quote)]
    seen = {(quote.symbol, quote.at) for quote in quotes}
    assert len(quotes) == len(seen) == 2 * 2 * SEEN * len(CONTRACTS)
    assert all(one.at <= two.at for one, two in pairwise(events))
    listed = [event for event in events if isinstance(event, Listed)]
    assert [len(event.contracts) for event in listed] == [len(CONTRACTS)]
    assert events[0] is listed[0]
    assert (listed[0].source, listed[0].simulated) == ("archive test", False)
    assert {quote.symbol for quote in quotes if quote.symbol.startswith("INDIA")} == {"INDIAVIX"}


def test_a_beat_follows_each_snapshot_and_none_comes_in_the_night_or_in_a_hole(folder: Path) -> None:
    beats = [event.at for event in read(folder) if isinstance(event, Beat)]
    assert beats == [at for day in DAYS for at in (*minutes_of(day), closes_at(day))]


def test_a_pause_that_is_no_hole_is_filled_with_beats(tmp_path: Path) -> None:
    at = opens_at(DAY)
    times = [at, at + MINUTE, at + 2 * MINUTE, at + 5 * MINUTE, at + 6 * MINUTE, at + (7 + HOLE) * MINUTE]
    put(tmp_path, DAY, [index(time) for time in times], contracts=(INDEX,))
    notes: list[str] = []
    beats = [event.at for event in read(tmp_path, last=DAY, notes=notes) if isinstance(event, Beat)]
    assert [(beat - at) // MINUTE for beat in beats[:-1]] == [0, 1, 2, 3, 4, 5, 6, 7 + HOLE]
    assert beats[-1] == closes_at(DAY)
    assert "NIFTY on 2026-09-07: nothing was seen for" in notes[0]
    assert "the first time from 09:21:00 to 09:27:00" in notes[0]


def test_quotes_of_one_capture_are_one_snapshot(tmp_path: Path) -> None:
    at = opens_at(DAY)
    put(tmp_path, DAY, [index(at), index(at + 900_000, 24_701.0), index(at + MINUTE, 24_702.0)], contracts=(INDEX,))
    beats = [event.at - at for event in read(tmp_path, last=DAY) if isinstance(event, Beat)]
    assert beats[:2] == [900_000, MINUTE]


def test_an_expiry_settles_at_the_last_value_that_was_seen_near_the_close(folder: Path) -> None:
    events = read(folder)
    (settled,) = [event for event in events if isinstance(event, Settlement)]
    last = [event for event in events if isinstance(event, Quote) and event.symbol == "NIFTY"][-1]
    assert (settled.at, settled.underlying, settled.expiry) == (closes_at(EXPIRY), "NIFTY", f"{EXPIRY:%Y%m%d}")
    assert (settled.price, settled.observed_at) == (last.last, last.at)


def test_what_does_not_settle_is_said(tmp_path: Path) -> None:
    put(tmp_path, DAY, chain(opens_at(DAY)))
    after = CALENDAR.next_session(EXPIRY).date
    put(tmp_path, after, [index(opens_at(after))], contracts=(INDEX,))
    notes: list[str] = []
    events = read(tmp_path, last=after, notes=notes)
    assert not [event for event in events if isinstance(event, Settlement)]
    assert f"NIFTY expiring {EXPIRY}: no settlement, that day was not imported" in notes
    put(tmp_path, EXPIRY, chain(opens_at(EXPIRY)))
    notes.clear()
    read(tmp_path, last=after, notes=notes)
    assert [note for note in notes if "its index was last seen at 09:15:00" in note]


def test_each_contract_is_read_from_the_format_that_has_most_of_it(tmp_path: Path) -> None:
    archive(tmp_path, seen=3)
    put(tmp_path, DAY, [index(opens_at(DAY) + n * MINUTE, 25_000.0 + n) for n in range(8)], "fuller", (INDEX,))
    levels = [e.last for e in read(tmp_path, last=DAY) if isinstance(e, Quote) and e.symbol == "NIFTY"]
    assert levels == [25_000.0 + n for n in range(8)]


def test_the_usual_gap_is_within_a_day(folder: Path) -> None:
    assert usual_gap(folder, ["NIFTY"], DAY, EXPIRY) == 60.0


@pytest.mark.parametrize(
    ("symbols", "first", "last", "told"),
    [
        (("BANKNIFTY",), DAY, EXPIRY, "nothing of 'BANKNIFTY' was imported; there is INDIAVIX, NIFTY"),
        (("NIFTY",), date(2025, 1, 1), date(2025, 2, 1), "there are 2 days, 2026-09-07 to 2026-09-08"),
        (("NIFTY", "SENSEX"), DAY, EXPIRY, "nothing of 'SENSEX' was imported"),
    ],
)
def test_what_was_not_imported_is_refused_and_what_there_is_is_said(
    folder: Path, symbols: tuple[str, ...], first: date, last: date, told: str
) -> None:
    with pytest.raises(InputError) as refused:
        archived_events(folder, symbols, first, last, REFERENCE, CALENDAR)
    assert told in str(refused.value)


def test_progress_is_told_by_the_day(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    events = archived_events(
        folder, ["NIFTY"], DAY, EXPIRY, REFERENCE, CALENDAR, lambda done, of: told.append((done, of))
    )
    assert len(list(events)) > 100
    assert told == [(1, 2), (2, 2)]


def test_a_strategy_trades_it_and_what_it_holds_settles(folder: Path) -> None:
    how, said = paced(config(), usual_gap(folder, ["NIFTY"], DAY, EXPIRY))
    assert len(said) == 2
    plan = EventPlan(how, patient(PaperSettings(), 60.0))
    runs = [run_events(read(folder), plan, REFERENCE, CALENDAR, [Demo()]) for _ in range(2)]
    assert digest(runs[0]) == digest(runs[1])
    fills = runs[0].fills
    assert len([fill for fill in fills if fill.note != "settlement"]) >= 2
    assert [fill for fill in fills if fill.note == "settlement"]
    assert not runs[0].closes
    assert not runs[0].ended


def test_a_real_day_is_read_as_it_was_imported(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "chain_intraday" / "nse_api_chain_NIFTY_BANKNIFTY_2022-12-23.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    taken = run_import([path], data_dir=tmp_path, reference=REFERENCE)
    assert not taken.failed
    days = [date.fromisoformat(place.name[5:]) for place in (tmp_path / "archive").glob("*/NIFTY/date=*")]
    events = read(tmp_path / "archive", first=min(days), last=max(days))
    quotes = [event for event in events if isinstance(event, Quote)]
    assert quotes
    assert {quote.symbol.partition("-")[0] for quote in quotes} <= {"NIFTY", "INDIAVIX"}
