"""A market that needs no exchange: seeded, alive at any hour, and labelled as simulated wherever it is shown.

It runs in its own time, from the sessions table, and never looks at the wall clock; whoever runs it sets the pace.
The same seed and first day give the same market, byte for byte, also when it is resumed in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.events import FeedState, Listed, MarketEvent, Quote, Settlement
from sidecar.domain.reference import Reference
from sidecar.venues.sim_book import REFRESH_S, Book
from sidecar.venues.sim_futures import FuturesBook, futures
from sidecar.venues.sim_path import Integers, Path, draw, opening, profile, seconds
from sidecar.venues.sim_surface import Surface

VOLATILITY_INDEX = "INDIAVIX"
MOST_LOOKS = 10  # a second: as many as the desk values its book
_INDEX_TICK = Decimal("0.01")

Options = dict[str, Contract]


class SimulatedMarket:
    """A :class:`~sidecar.venues.port.Feed` of index and option quotes.

    ``start`` is the first day of this market, ``resume_at`` (microseconds UTC) where to take it up again: events from
    that instant on, after a ``Listed``. ``strikes_each_side`` of the money at the open and ``expiries`` of each
    underlying are listed; what is listed stays so until it expires. The chain is looked at once a second and quoted
    where it moved; ``quotes_per_second`` aims at another pace: above the number of contracts there are several looks a
    second, far below it contracts take turns. None stays unquoted for more than three seconds of a session.
    """

    name = "simulated"
    simulated = True

    def __init__(
        self,
        reference: Reference,
        calendar: Calendar,
        *,
        seed: int,
        start: date,
        resume_at: int | None = None,
        underlyings: Sequence[str] = ("NIFTY",),
        strikes_each_side: int = 30,
        expiries: int = 2,
        quotes_per_second: float | None = None,
    ) -> None:
        _refuse_impossible(seed, underlyings, strikes_each_side, expiries, quotes_per_second)
        self._reference = reference
        self._calendar = calendar
        self._seed = seed
        self._resume_at = resume_at
        self._underlyings = tuple(underlyings)
        self._strikes_each_side = strikes_each_side
        self._expiries = expiries
        self._quotes_per_second = quotes_per_second
        self.first = calendar.session(start) or calendar.next_session(start)

    def events(self) -> Iterator[MarketEvent]:
        """The market from its first open, or from ``resume_at``, to the end of the sessions table."""
        states = {name: opening(name) for name in self._underlyings}
        options: Options = {}
        session: Session | None = self.first
        last = self.first.open_at
        while session is not None:
            paths = {name: draw(self._seed, name, session, state) for name, state in states.items()}
            options = self.listed(session, paths, options)
            if not options:
                break
            if self._resume_at is None or self._resume_at <= session.close_at:
                yield from self._day(session, list(paths.values()), list(options.values()))
            states = {name: path.end for name, path in paths.items()}
            last = session.close_at
            session = self._next(session)
        yield FeedState(last, self.name, False, f"the sessions table ends on {self._calendar.last}")

    def _next(self, session: Session) -> Session | None:
        try:
            return self._calendar.next_session(session.date)
        except CalendarBeyond:
            return None

    def listed(self, session: Session, paths: dict[str, Path], held: Options) -> Options:
        """What trades this day: what was listed and has not expired, and the strikes round the opening value."""
        options = {symbol: option for symbol, option in held.items() if (option.expires_at or 0) > session.open_at}
        for name, path in paths.items():
            for expiry in self._open_expiries(name, session.date):
                for option in self._strikes(name, expiry, session.date, float(path.spot[0])):
                    options.setdefault(option.id, option)
        return options

    def _open_expiries(self, underlying: str, day: date) -> tuple[date, ...]:
        """The next expiries; fewer where the sessions table ends before them."""
        for count in range(self._expiries, 0, -1):
            try:
                return self._reference.expiries(underlying, day, count)
            except CalendarBeyond:
                continue
        return ()

    def _strikes(self, underlying: str, expiry: date, day: date, spot: float) -> Iterator[Contract]:
        tables = self._reference
        step = tables.strike_step(underlying, day)
        middle = round(spot / float(step))
        lot, tick = tables.lot_size(underlying, expiry, day), tables.tick_size(underlying, day)
        freeze, closes = tables.freeze_quantity(underlying, day), tables.expiry_close(underlying, expiry)
        for number in range(max(middle - self._strikes_each_side, 1), middle + self._strikes_each_side + 1):
            for right in (Right.CALL, Right.PUT):
                strike = float(number * step)
                yield Contract(underlying, Kind.OPTION, expiry, strike, right, closes, lot, tick, freeze)

    def _day(self, session: Session, paths: Sequence[Path], options: Sequence[Contract]) -> Iterator[MarketEvent]:
        times = seconds(session)
        surface = Surface.of(options, self._underlyings, paths, times, self._calendar, session.date)
        book = Book(options, surface, seed=self._seed, day=session.date)
        wanted = self._quotes_per_second or len(options)
        rounds = min(max(round(wanted / len(options)), 1), MOST_LOOKS)
        stride = min(max(int(len(options) / wanted), 1), REFRESH_S)
        resume_at = self._resume_at or 0
        start = int(times.searchsorted(resume_at - SECOND, side="right"))
        indices = tuple(
            Contract(name, Kind.INDEX, tick_size=_INDEX_TICK) for name in (*self._underlyings, VOLATILITY_INDEX)
        )
        monthly = futures(self._reference, self._underlyings, session.date)
        future_book = FuturesBook(monthly, self._underlyings, surface, seed=self._seed, day=session.date)
        yield Listed(max(session.open_at - SECOND, resume_at), (*indices, *monthly, *options), self.name, True)
        for step, quotes in book.quotes(start, rounds=rounds, stride=stride):
            for quote in (*self._indices(surface, times, step), *future_book.quotes(step), *quotes):
                if quote.at >= resume_at:
                    yield quote
        yield from self._settlements(options, surface, times)

    def _indices(self, surface: Surface, times: Integers, step: int) -> Iterator[Quote]:
        at = int(times[step])
        for place, name in enumerate(self._underlyings):
            yield Quote(name, at, at, last=_index_value(surface, place, step))
        yield Quote(VOLATILITY_INDEX, at, at, last=round(surface.volatility_index(0, step), 2))

    def _settlements(self, options: Sequence[Contract], surface: Surface, times: Integers) -> Iterator[Settlement]:
        """The closing index value at which the day's expiries settle: the last that was seen."""
        observed_at = int(times[-1])
        due = sorted({(o.expires_at or 0, o.underlying, o.expiry) for o in options if o.expiry})
        for expires_at, name, expiry in due:
            if observed_at < expires_at <= observed_at + SECOND:
                price = _index_value(surface, self._underlyings.index(name), len(times) - 1)
                yield Settlement(expires_at, name, f"{expiry:%Y%m%d}", price, observed_at)


def _index_value(surface: Surface, place: int, step: int) -> float:
    return round(float(surface.spot[place, step]), 2)


def _refuse_impossible(
    seed: int, underlyings: Sequence[str], strikes_each_side: int, expiries: int, quotes_per_second: float | None
) -> None:
    if seed < 0:
        raise InputError("seed", f"{seed} is negative", "give a whole number from 0 up")
    if not underlyings or len(set(underlyings)) < len(underlyings):
        raise InputError("underlyings", "none, or one named twice", "name each index once")
    for name in underlyings:
        profile(name)
    for field, value in (("strikes_each_side", strikes_each_side), ("expiries", expiries)):
        if value < 1:
            raise InputError(field, f"{value} is too few", "give 1 or more")
    if quotes_per_second is not None and not quotes_per_second > 0.0:
        raise InputError("quotes_per_second", f"{quotes_per_second} is not above 0", "give 1 or more")
