"""The markets a desk can be started on: a feed, the broker that goes with it, and when its clock begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

import msgspec

from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import CalendarBeyond, ConfigurationError, FileRefused, InputError, NotKnown
from sidecar.domain.events import AnyEvent, Listed, Settlement
from sidecar.domain.reference import Reference
from sidecar.replay import staleness
from sidecar.settings import Settings
from sidecar.store import tape
from sidecar.venues.faults import parse
from sidecar.venues.faulty import FaultyBroker
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from sidecar.venues.port import Broker, Feed
from sidecar.venues.replay import Recorded
from sidecar.venues.simulated import VOLATILITY_INDEX, SimulatedMarket


class Market(NamedTuple):
    """``label`` names this very market in the journal: a book of one market is never marked against another.

    ``at`` is where its clock begins (microseconds UTC), ``stale_s`` the least staleness limit that makes sense on it,
    ``live`` whether orders reach a real venue: a fresh desk then starts disabled.
    """

    label: str
    feed: Feed
    broker: Broker
    at: int
    stale_s: float = 0.0
    live: bool = False


def calendar_of(settings: Settings, reference: Reference) -> Calendar:
    """The sessions of the desk's exchange. :raises ConfigurationError: the tables have none of that name."""
    exchange = settings.desk.exchange
    if exchange not in reference.exchanges:
        raise ConfigurationError("desk.exchange", f"{exchange[:40]!r} is not known", _one_of(reference.exchanges))
    return reference.calendar(exchange)


def simulated(settings: Settings, reference: Reference, calendar: Calendar, resume_at: int | None) -> Market:
    """The seeded simulated market; it resumes where the journal says it stopped."""
    simulation = settings.simulation
    if settings.tape is not None:
        raise ConfigurationError("tape", "the simulated market plays none", "add --market replay")
    if settings.desk.volatility_index != VOLATILITY_INDEX:
        index = f"the simulated market has no {settings.desk.volatility_index[:40]!r} for the vix limit to watch"
        raise ConfigurationError("desk.volatility_index", index, f"use {VOLATILITY_INDEX}")
    first = _first_session(settings, calendar)
    try:
        feed = SimulatedMarket(
            reference,
            calendar,
            seed=settings.seed,
            start=first.date,
            resume_at=resume_at,
            underlyings=simulation.underlyings,
            strikes_each_side=simulation.strikes_each_side,
            expiries=simulation.expiries,
            quotes_per_second=simulation.quotes_per_second,
        )
    except InputError as error:
        raise ConfigurationError(f"simulation.{error.field}", error.problem, error.remedy) from None
    for name in simulation.underlyings:
        _refuse_unlisted(name, first.date, reference)
    start = date.fromisoformat(simulation.start_date)
    label = f"simulated seed {settings.seed} from {start} ({', '.join(simulation.underlyings)})"
    stale_s = settings.limits["stale"]
    return Market(label, feed, paper(settings, calendar, stale_s), resume_at or first.open_at - 2 * SECOND)


def _first_session(settings: Settings, calendar: Calendar) -> Session:
    """The session of the simulated market's first day, or the next one."""
    field, text = "simulation.start_date", settings.simulation.start_date
    try:
        start = date.fromisoformat(text)
        return calendar.session(start) or calendar.next_session(start)
    except ValueError:
        raise ConfigurationError(field, "is not a date", "write 2026-09-07") from None
    except CalendarBeyond as beyond:
        span = f"the sessions table covers {beyond.first} to {beyond.last}"
        raise ConfigurationError(field, f"no session on or after {text}: {span}", "choose a day inside") from None


def _refuse_unlisted(underlying: str, on: date, reference: Reference) -> None:
    """Without an expiry ahead, or a rule of its contracts, the simulated market would be empty."""
    try:
        expiry = reference.next_expiry(underlying, on)
        reference.lot_size(underlying, expiry, on)
        for rule in (reference.strike_step, reference.tick_size, reference.freeze_quantity, reference.margins):
            rule(underlying, on)
    except (CalendarBeyond, NotKnown) as error:
        problem = f"no {underlying} contract can be listed on {on} ({error})"
        raise ConfigurationError("simulation.start_date", problem, "choose a day with an expiry ahead") from None


def _one_of(names: Iterable[str]) -> str:
    return "use one of " + ", ".join(names)


def recorded(settings: Settings, _: Reference, calendar: Calendar, resume_at: int | None) -> Market:
    """The market of a tape, played at the speed asked for, traded on paper; it resumes where it stopped."""
    path = settings.tape
    if path is None:
        raise ConfigurationError("tape", "is not given", "name one with --tape FILE")
    header = tape.read_header(path)
    first = next(iter(tape.read(path)), None)
    if first is None:
        raise FileRefused(path.name, "holds no events", "import it again")
    feed = Recorded(path.name, lambda: _from(tape.read(path), resume_at or 0), simulated=header.simulated)
    stale = staleness(path, settings.limits["stale"])
    return Market(
        f"tape {path.name}", feed, paper(settings, calendar, stale), max(first.at - SECOND, resume_at or 0), stale
    )


def _from(events: Iterable[AnyEvent], resume_at: int) -> Iterator[AnyEvent]:
    """What happens from ``resume_at`` on; before it only what lasts: the contracts listed, the values settled at."""
    for event in events:
        if event.at >= resume_at:
            yield event
        elif isinstance(event, Listed | Settlement):
            yield msgspec.structs.replace(event, at=resume_at)


def paper(settings: Settings, calendar: Calendar, stale_s: float = 10.0) -> Broker:
    """The paper account's venue, as the settings describe it; it fills on no quote older than ``stale_s``.

    With faults in the settings it plays them, for a rehearsal; every report says so.
    """
    venue = PaperBroker(seed=settings.seed, settings=paper_settings(settings, stale_s), calendar=calendar)
    faults = settings.simulation.paper_faults
    return FaultyBroker(venue, parse(faults), seed=settings.seed) if faults.strip() else venue


def paper_settings(settings: Settings, stale_s: float = 10.0) -> PaperSettings:
    """How the paper account's venue behaves; it fills on no quote older than ``stale_s``."""
    simulation = settings.simulation
    return PaperSettings(
        latency_us=simulation.paper_latency_ms * 1_000,
        stale_after_us=round(stale_s * SECOND),
        assumed_spread=simulation.paper_assumed_spread,
        reject_probability=simulation.paper_reject_rate,
    )


#: Add a market here: its name on the command line, and what opens it.
MARKETS: dict[str, Callable[[Settings, Reference, Calendar, int | None], Market]] = {
    "sim": simulated,
    "replay": recorded,
}
