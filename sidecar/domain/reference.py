"""What the exchanges fix and change: lots, ticks, strike steps, freeze quantities, expiry days, fees; all by date.

Every number is a row with the day it starts to hold and its source (``data/reference/README.md``). A question that no
row answers raises :class:`~sidecar.domain.errors.NotKnown`; one that the sessions table does not reach raises
:class:`~sidecar.domain.errors.CalendarBeyond`. There are no defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import combinations

import msgspec

from sidecar.domain.calendar import Calendar, parse_calendars
from sidecar.domain.errors import InputError, NotKnown
from sidecar.domain.expiries import CYCLES, WEEKDAYS, ExpiryRule, listed
from sidecar.domain.margins import PARTS, MarginRules
from sidecar.domain.tables import TABLES, Dated, Row, base, checked_rows, day, extended, quantity, rate, step, value_on

_LOT_DAYS = ("expiry_first", "expiry_last", "first", "last")


class FeeSchedule(msgspec.Struct, frozen=True):
    """What a trade costs on a day. Rates are fractions of turnover: premium for options, notional for futures.

    ``brokerage`` is money an order. ``stt`` is the securities transaction tax; ``stt_exercise`` is paid by the holder
    of an option that is exercised, on ``stt_exercise_base``: ``intrinsic`` value, or ``settlement`` price (index times
    quantity) before 2019-09-01. ``gst`` is on brokerage, exchange, SEBI and investor-protection charges together.
    """

    brokerage: Decimal
    stt_buy: Decimal
    stt_sell: Decimal
    stt_exercise: Decimal
    stt_exercise_base: str
    exchange: Decimal
    sebi: Decimal
    ipft: Decimal
    stamp_buy: Decimal
    stamp_sell: Decimal
    gst: Decimal


class Lot(msgspec.Struct, frozen=True):
    """A lot of ``size`` units, for expiries ``expiry_first`` to ``expiry_last`` on days ``first`` to ``last``."""

    size: int
    expiry_first: date
    expiry_last: date
    first: date
    last: date

    def holds(self, expiry: date, on: date) -> bool:
        """Whether the lot is that of the contracts expiring on ``expiry``, on the day ``on``."""
        return self.expiry_first <= expiry <= self.expiry_last and self.first <= on <= self.last

    def overlaps(self, other: Lot) -> bool:
        """Whether some expiry and day have both lots."""
        expiries = self.expiry_first <= other.expiry_last and other.expiry_first <= self.expiry_last
        return expiries and self.first <= other.last and other.first <= self.last


class Reference:
    """The tables, asked by underlying and day. Immutable; built by :func:`parse_reference`."""

    def __init__(
        self,
        calendars: Mapping[str, Calendar],
        rules: Mapping[tuple[str, str], Dated],
        lots: Mapping[str, tuple[Lot, ...]],
        expiry_rules: Mapping[str, tuple[ExpiryRule, ...]],
        fees: Mapping[tuple[str, str, str], Dated],
        margins: Mapping[tuple[str, str], Dated],
    ) -> None:
        self._calendars = dict(calendars)
        self._rules = dict(rules)
        self._lots = dict(lots)
        self._expiry_rules = dict(expiry_rules)
        self._fees = dict(fees)
        self._margins = dict(margins)

    @property
    def underlyings(self) -> tuple[str, ...]:
        """Every underlying that the tables know, in their order."""
        return tuple(underlying for underlying, rule in self._rules if rule == "exchange")

    @property
    def exchanges(self) -> tuple[str, ...]:
        """Every exchange that has a calendar, in the tables' order."""
        return tuple(self._calendars)

    def exchange(self, underlying: str) -> str:
        """The exchange that lists the underlying's futures and options."""
        held = self._rules.get((underlying, "exchange"))
        if held is None:
            raise NotKnown("contract_rules", f"exchange of {underlying}")
        return held[-1][1]

    def calendar(self, exchange: str) -> Calendar:
        """The sessions of an exchange."""
        if exchange not in self._calendars:
            raise NotKnown("exchanges", exchange)
        return self._calendars[exchange]

    def tick_size(self, underlying: str, on: date) -> Decimal:
        """The smallest step of an option's price, in index points."""
        return Decimal(self._rule(underlying, "tick_size", on))

    def strike_step(self, underlying: str, on: date) -> Decimal:
        """The distance of neighbouring strikes near the money in the nearest expiries, in index points."""
        return Decimal(self._rule(underlying, "strike_step", on))

    def freeze_quantity(self, underlying: str, on: date) -> int:
        """The largest quantity of one order, in units of the underlying; the exchange freezes an order above it."""
        return int(self._rule(underlying, "freeze_quantity", on))

    def lot_size(self, underlying: str, expiry: date, on: date) -> int:
        """Units of the underlying in one lot of the contracts that expire on ``expiry``, on the day ``on``."""
        for lot in self._lots.get(underlying, ()):
            if lot.holds(expiry, on):
                return lot.size
        raise NotKnown("lots", f"lot size of {underlying} expiring {expiry}", on)

    def expiries(self, underlying: str, on: date, count: int) -> tuple[date, ...]:
        """The first ``count`` expiry days on or after ``on``, or all that are listed if there are fewer.

        Weekly, monthly and longer cycles as the exchange lists them; a day without a full session moves to the one
        before. The days are as they came to be held: a change of weekday that was announced later is known beforehand.

        :raises CalendarBeyond: one of them lies beyond the sessions table.
        """
        calendar = self.calendar(self.exchange(underlying))
        scheduled = listed(self._expiry_rules.get(underlying, ()), on, calendar)
        return tuple(calendar.expiry_day(day) for day in scheduled[:count])

    def next_expiry(self, underlying: str, on: date) -> date:
        """The nearest expiry on or after the day ``on``. :raises NotKnown: no rule lists one."""
        days = self.expiries(underlying, on, 1)
        if not days:
            raise NotKnown("expiry_rules", f"expiries of {underlying}", on)
        return days[0]

    def expiry_close(self, underlying: str, expiry: date) -> int:
        """The instant (microseconds UTC) when trading in the contracts ends: the close of the expiry day's session.

        :raises NotKnown: the exchange is closed that day. :raises CalendarBeyond: the table does not reach it.
        """
        session = self.calendar(self.exchange(underlying)).session(expiry)
        if session is None or not session.expires_contracts:
            raise NotKnown("sessions", f"session in which {underlying} expires", expiry)
        return session.close_at

    def fees(self, exchange: str, instrument: str, on: date) -> FeeSchedule:
        """What trades in an ``instrument`` (``option`` or ``future``) cost on the day ``on``."""
        parts: dict[str, str] = {}
        for part in FeeSchedule.__struct_fields__:
            held = self._fees.get((exchange, instrument, part), ())
            parts[part] = value_on(held, "fees", f"{part} of {exchange} {instrument}", on)
        base = parts.pop("stt_exercise_base")
        return FeeSchedule(stt_exercise_base=base, **{part: Decimal(value) for part, value in parts.items()})

    def charged(self, schedule: FeeSchedule) -> Reference:
        """The same tables, but for fees: every trade of every day costs what ``schedule`` says."""
        fees = {key: ((date.min, str(getattr(schedule, key[2]))),) for key in self._fees}
        return Reference(self._calendars, self._rules, self._lots, self._expiry_rules, fees, self._margins)

    def margins(self, underlying: str, on: date) -> MarginRules:
        """What the clearing corporation asks for positions in the underlying on the day ``on``."""
        held = ((part, self._margins.get((underlying, part), ())) for part in PARTS)
        return MarginRules(
            **{part: float(value_on(dated, "margins", f"{part} of {underlying}", on)) for part, dated in held}
        )

    def _rule(self, underlying: str, rule: str, on: date) -> str:
        return value_on(self._rules.get((underlying, rule), ()), "contract_rules", f"{rule} of {underlying}", on)


def parse_reference(tables: Mapping[str, Iterable[Row]]) -> Reference:
    """The reference of the rows of :data:`~sidecar.domain.tables.TABLES`, each row a mapping of column to text.

    :raises InputError: a table is missing, a row cannot be read or has no source, or two rows answer one question.
    """
    for name in TABLES:
        if name not in tables:
            raise InputError(name, "is missing", f"restore data/reference/{name}.csv")
    rows = {name: checked_rows(name, tables[name]) for name in TABLES}
    rules: dict[tuple[str, str], Dated] = {}
    fees: dict[tuple[str, str, str], Dated] = {}
    lots: dict[str, tuple[Lot, ...]] = {}
    expiry_rules: dict[str, tuple[ExpiryRule, ...]] = {}
    for row in rows["contract_rules"]:
        rule = (row["underlying"], row["rule"])
        rules[rule] = extended(rules.get(rule, ()), "contract_rules", row, row["rule"], _RULES)
    for row in rows["fees"]:
        for exchange in row["exchanges"].split():
            for instrument in row["instruments"].split():
                fee = (exchange, instrument, row["part"])
                fees[fee] = extended(fees.get(fee, ()), "fees", row, row["part"], _PARTS)
    for row in rows["lots"]:
        lots[row["underlying"]] = (*lots.get(row["underlying"], ()), _lot(row))
    for row in rows["expiry_rules"]:
        expiry_rules[row["underlying"]] = (*expiry_rules.get(row["underlying"], ()), _expiry_rule(row))
    for underlying, held in lots.items():
        for one, two in combinations(held, 2):
            if one.overlaps(two):
                raise InputError("lots.csv", f"{underlying}: {one} and {two} answer one question", "part their days")
    margins = _margins(rows["margins"])
    return Reference(parse_calendars(rows["exchanges"], rows["sessions"]), rules, lots, expiry_rules, fees, margins)


_RULES: dict[str, Callable[[str], str]] = {
    "exchange": str,
    "tick_size": step,
    "strike_step": step,
    "freeze_quantity": quantity,
}
_PARTS = {part: base if part == "stt_exercise_base" else rate for part in FeeSchedule.__struct_fields__}


def _margins(rows: Iterable[Row]) -> dict[tuple[str, str], Dated]:
    margins: dict[tuple[str, str], Dated] = {}
    for row in rows:
        for underlying in row["underlyings"].split():
            key = (underlying, row["part"])
            margins[key] = extended(margins.get(key, ()), "margins", row, row["part"], dict.fromkeys(PARTS, rate))
    return margins


def _lot(row: Row) -> Lot:
    try:
        lot = Lot(int(row["lot"]), *(day(row[column], column) for column in _LOT_DAYS))
        if lot.size <= 0 or lot.expiry_last < lot.expiry_first or lot.last < lot.first:
            raise ValueError("a size of at least 1 and days in order are wanted")
        return lot
    except ValueError as problem:
        raise InputError("lots.csv", f"{dict(row)}: {problem}", "see data/reference/README.md") from None


def _expiry_rule(row: Row) -> ExpiryRule:
    try:
        if row["cycle"] not in CYCLES:
            raise ValueError(f"cycle is not one of {', '.join(CYCLES)}")
        first, last = day(row["first"], "first"), day(row["last"], "last")
        return ExpiryRule(row["cycle"], WEEKDAYS.index(row["weekday"]), first, last, int(row["listed"]))
    except ValueError as problem:
        raise InputError("expiry_rules.csv", f"{dict(row)}: {problem}", "see data/reference/README.md") from None
