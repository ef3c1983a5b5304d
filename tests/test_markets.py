"""The markets that a desk can be started on."""

from itertools import islice
from pathlib import Path

import pytest

from sidecar.domain.clock import SECOND
from sidecar.domain.errors import ConfigurationError, FileRefused
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from sidecar.markets import MARKETS, Market, calendar_of
from sidecar.reference import load_reference
from sidecar.replay import _PATIENCE
from sidecar.settings import desk_config
from sidecar.store.tape import TapeHeader, TapeWriter
from sidecar.venues.faulty import FaultyBroker
from sidecar.venues.paper import PaperBroker
from tests.desk.world import CALENDAR, INDEX, LISTED, OPEN, chain, index
from tests.wiring import small

REFERENCE = load_reference()


def market(folder: Path, resume_at: int | None = None, **more: object) -> Market:
    settings = small(folder, **more)
    return MARKETS[settings.market](settings, REFERENCE, CALENDAR, resume_at)


def tape_of(path: Path, *events: AnyEvent, simulated: bool = False) -> Path:
    with TapeWriter(path, TapeHeader("test", simulated, "market", "NSE", "Asia/Kolkata", (INDEX,))) as tape:
        tape.write(events)
    return path


def test_the_simulated_market_begins_just_before_the_open_of_its_first_day(tmp_path: Path) -> None:
    made = market(tmp_path)
    assert made.at == OPEN - 2 * SECOND
    assert made.feed.simulated
    assert "simulated seed 1 from 2026-09-07 (NIFTY)" in made.label


def test_a_first_day_without_a_session_begins_on_the_next_one(tmp_path: Path) -> None:
    assert market(tmp_path, simulation={"start_date": "2026-09-05"}).at == OPEN - 2 * SECOND


def test_the_simulated_market_resumes_where_it_is_told(tmp_path: Path) -> None:
    later = OPEN + 600 * SECOND
    made = market(tmp_path, later)
    assert made.at == later
    assert all(event.at >= later for event in islice(made.feed.events(), 50))


def test_seeds_and_days_are_different_markets(tmp_path: Path) -> None:
    labels = {
        market(tmp_path, **more).label
        for more in ({}, {"seed": 2}, {"simulation": {"start_date": "2026-09-08"}}, {"speed": 3.0})
    }
    assert len(labels) == 3


def test_a_first_day_that_is_no_date_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"simulation\.start_date: is not a date"):
        market(tmp_path, simulation={"start_date": "7 September"})


@pytest.mark.parametrize("day", ["2027-02-01", "2017-12-29"])
def test_a_first_day_outside_the_sessions_table_is_refused_with_the_days_it_covers(tmp_path: Path, day: str) -> None:
    wanted = rf"simulation\.start_date: no session on or after {day}: .* covers {CALENDAR.first} to {CALENDAR.last}"
    with pytest.raises(ConfigurationError, match=wanted):
        market(tmp_path, simulation={"start_date": day})


@pytest.mark.parametrize(("day", "name"), [(f"{CALENDAR.sessions[-1].date}", "NIFTY"), ("2018-02-05", "FINNIFTY")])
def test_a_first_day_without_an_expiry_ahead_is_refused(tmp_path: Path, day: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"simulation\.start_date: no {name} contract can be listed on {day}"):
        market(tmp_path, simulation={"start_date": day, "underlyings": (name,)})


@pytest.mark.parametrize("names", [("DAX",), ("NIFTY", "DAX"), ("NIFTY", "NIFTY")])
def test_an_underlying_that_the_simulator_lacks_is_refused_by_the_settings_name(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match=r"^simulation\.underlyings: "):
        market(tmp_path, simulation={"underlyings": names})


def test_a_volatility_index_that_the_simulated_market_lacks_would_leave_the_vix_limit_blind(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"desk\.volatility_index: .* 'ZZZ' .*; use INDIAVIX"):
        market(tmp_path, desk={"volatility_index": "ZZZ"})


def test_an_exchange_without_sessions_is_refused_with_those_that_have_some(tmp_path: Path) -> None:
    assert calendar_of(small(tmp_path), REFERENCE).exchange == "NSE"
    with pytest.raises(ConfigurationError, match=r"desk\.exchange: 'LSE' is not known; use one of NSE, BSE"):
        calendar_of(small(tmp_path, desk={"exchange": "LSE"}), REFERENCE)


def test_a_tape_on_the_simulated_market_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--market replay"):
        market(tmp_path, tape=tmp_path / "a.tape")


def test_the_replay_market_wants_a_tape_that_exists_and_holds_events(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tape: is not given"):
        market(tmp_path, market="replay")
    with pytest.raises(FileRefused, match="cannot be opened"):
        market(tmp_path, market="replay", tape=tmp_path / "none.tape")
    empty = tape_of(tmp_path / "empty.tape")
    with pytest.raises(FileRefused, match="holds no events"):
        market(tmp_path, market="replay", tape=empty)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_tape_stays_labelled_as_what_it_is(tmp_path: Path, *, simulated: bool) -> None:
    path = tape_of(tmp_path / "a.tape", LISTED, index(OPEN), simulated=simulated)
    made = market(tmp_path, market="replay", tape=path)
    assert made.feed.simulated is simulated
    assert made.label == "tape a.tape"
    assert made.at == LISTED.at - SECOND


def test_a_tape_gives_the_markets_events_and_nothing_of_a_desk(tmp_path: Path) -> None:
    path = tape_of(tmp_path / "a.tape", LISTED, Beat(OPEN), index(OPEN), Beat(OPEN + SECOND))
    found = list(market(tmp_path, market="replay", tape=path).feed.events())
    assert [(type(event), event.at) for event in found] == [(Listed, LISTED.at), (Quote, OPEN)]


def test_a_resumed_tape_lists_its_contracts_settles_what_it_settled_and_goes_on(tmp_path: Path) -> None:
    settlement = Settlement(OPEN + SECOND, "NIFTY", "20260908", 24_700.0, OPEN)
    events: list[AnyEvent] = [LISTED, *chain(OPEN), settlement, index(OPEN + 5 * SECOND), index(OPEN + 9 * SECOND)]
    path = tape_of(tmp_path / "a.tape", *events)
    at = OPEN + 4 * SECOND
    made = market(tmp_path, at, market="replay", tape=path)
    found = list(made.feed.events())
    assert made.at == at
    assert [type(event) for event in found] == [Listed, Settlement, Quote, Quote]
    assert [event.at for event in found] == [at, at, OPEN + 5 * SECOND, OPEN + 9 * SECOND]


def test_a_slow_tape_says_how_stale_its_index_may_be(tmp_path: Path) -> None:
    path = tape_of(tmp_path / "a.tape", LISTED, *(index(OPEN + 150 * n * SECOND) for n in range(5)))
    assert market(tmp_path, market="replay", tape=path).stale_s == 150.0 * _PATIENCE
    quick = tape_of(tmp_path / "b.tape", LISTED, *(index(OPEN + n * SECOND) for n in range(5)))
    assert market(tmp_path, market="replay", tape=quick).stale_s == 10.0


def test_faults_of_the_settings_are_played_by_the_paper_venue_and_said_in_every_report(tmp_path: Path) -> None:
    assert isinstance(market(tmp_path).broker, PaperBroker)
    settings = small(tmp_path, simulation={"paper_faults": "reject=0.5 disconnect=60s@300s"})
    made = MARKETS["sim"](settings, REFERENCE, CALENDAR, None)
    assert isinstance(made.broker, FaultyBroker)
    assert made.label == market(tmp_path).label, "the book is the same one"
    assert desk_config(settings).rehearsed == "reject=0.5 disconnect=60s@300s"


def test_faults_that_cannot_be_read_are_refused_by_the_settings_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"simulation\.paper_faults: 'rejekt' is no fault"):
        market(tmp_path, simulation={"paper_faults": "rejekt=0.5"})
