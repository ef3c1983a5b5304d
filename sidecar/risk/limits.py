"""The limits: one table, the values they watch, and where each value stands against its limit."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from math import inf, isfinite, nan

import msgspec

from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.domain.report import LimitLine, LimitStatus

#: The units of limits that count things: half a thing is a slip of the pen.
COUNTED = ("count", "lots", "per minute")
#: The share of a limit from which its line warns.
WARN_AT = 0.8


class Measures(msgspec.Struct, frozen=True):
    """What the limits watch, for one scope (a fund, or ``*`` for the desk). NaN means unknown, never zero.

    Fractions are of capital; ``daily_loss`` is positive for a loss. The ``net_`` Greeks are absolute position Greeks,
    the largest over underlyings. ``stale`` is the age in seconds of the oldest underlying that the book holds, 0 when
    it holds nothing. ``trusted`` says that every mark behind these numbers is live.
    """

    daily_loss: float = nan
    drawdown: float = nan
    positions: float = nan
    capital_utilization: float = nan
    margin_utilization: float = nan
    strategy_allocation: float = nan
    position_allocation: float = nan
    order_rate: float = nan
    loss_streak: float = nan
    net_delta: float = nan
    net_gamma: float = nan
    net_vega: float = nan
    net_theta: float = nan
    var_95: float = nan
    stress_loss: float = nan
    vix: float = nan
    stale: float = nan
    trusted: bool = False


class Basis(StrEnum):
    """What a value rests on: ``marks`` need trust and confirmation, ``quotes`` confirmation, ``desk`` facts neither."""

    MARKS = "marks"
    QUOTES = "quotes"
    DESK = "desk"


class Limit(msgspec.Struct, frozen=True):
    """One row. ``kind`` book is watched on every beat and trips; order is checked by the gate and refuses.

    ``reached``: the value breaches when it is at the limit (losses, ages), and not only beyond it (counts, amounts that
    may be used up). ``trigger`` is the family under which a breach is counted. ``larger_is_tighter`` holds for a pause.
    """

    name: str
    unit: str
    what: str
    trigger: Trigger
    default: float
    kind: str = "book"
    basis: Basis = Basis.MARKS
    reached: bool = False
    trips: bool = True
    measure: str = ""
    larger_is_tighter: bool = False

    @property
    def watches(self) -> str:
        """The field of :class:`Measures` that holds the value."""
        return self.measure or self.name

    def breached(self, value: float, limit: float) -> bool:
        """Whether a known ``value`` breaks ``limit``."""
        return value >= limit if self.reached else value > limit


#: A limit of the gate: it refuses an order and never trips the breaker.
_order = partial(Limit, kind="order", basis=Basis.DESK, trips=False)

#: The Greek defaults suit a book of about twenty NIFTY lots of 75: its delta, expiry-day gamma, and the vega and theta
#: of at-the-money options of a month. A quarter of the capital in one order leaves room for four.
LIMITS: tuple[Limit, ...] = (
    Limit("daily_loss", "fraction", "loss since the session's open", Trigger.DAILY_LOSS_LIMIT, 0.03, reached=True),
    Limit("drawdown", "fraction", "fall from the highest equity", Trigger.DRAWDOWN_LIMIT, 0.08, reached=True),
    Limit("positions", "count", "open positions", Trigger.POSITION_LIMIT, 20, basis=Basis.DESK),
    Limit("capital_utilization", "fraction", "margin used, of capital", Trigger.MARGIN_LIMIT, 0.80),
    Limit("margin_utilization", "fraction", "margin used, of used and available", Trigger.MARGIN_LIMIT, 0.90),
    Limit("strategy_allocation", "fraction", "margin of the largest strategy", Trigger.POSITION_LIMIT, 0.40),
    Limit("position_allocation", "fraction", "margin of the largest position", Trigger.POSITION_LIMIT, 0.20),
    Limit("loss_streak", "count", "a strategy's losing run", Trigger.LOSS_STREAK, 5, basis=Basis.DESK, reached=True),
    Limit("net_delta", "units", "absolute position delta, by underlying", Trigger.GREEK_LIMIT, 1_500),
    Limit("net_gamma", "units per point", "absolute position gamma, by underlying", Trigger.GREEK_LIMIT, 25),
    Limit("net_vega", "currency per vol point", "absolute position vega, by underlying", Trigger.GREEK_LIMIT, 100_000),
    Limit("net_theta", "currency per day", "absolute position theta, by underlying", Trigger.GREEK_LIMIT, 200_000),
    Limit("var_95", "fraction", "one-day loss that one day in twenty exceeds", Trigger.VAR_LIMIT, 0.05),
    Limit("stress_loss", "fraction", "largest loss over the stresses", Trigger.VAR_LIMIT, 0.50),
    Limit("vix", "points", "volatility index", Trigger.VIX_SPIKE, 40, basis=Basis.QUOTES, reached=True),
    Limit(
        "stale_warn", "s", "age of the held data that warns", Trigger.DATA_FAILURE, 5,
        basis=Basis.DESK, reached=True, trips=False, measure="stale",
    ),
    Limit("stale", "s", "age of the held data that trips", Trigger.DATA_FAILURE, 10, basis=Basis.DESK, reached=True),
    _order("order_lots", "lots", "size of one order", Trigger.POSITION_LIMIT, 5),
    _order("price_band", "fraction", "distance of the price from the last", Trigger.ORDER_FAILURE, 0.05),
    _order("capital_per_trade", "fraction", "margin or premium that one order takes", Trigger.MARGIN_LIMIT, 0.25),
    _order("duplicate_order", "s", "pause between equal orders", Trigger.ORDER_RATE, 5, larger_is_tighter=True),
    _order("order_rate", "per minute", "orders of the last minute", Trigger.ORDER_RATE, 12),
)  # fmt: skip

BY_NAME: dict[str, Limit] = {row.name: row for row in LIMITS}
WATCHED: tuple[Limit, ...] = tuple(row for row in LIMITS if row.watches in Measures.__struct_fields__)


def defaults() -> dict[str, float]:
    """Every limit at its default."""
    return {row.name: row.default for row in LIMITS}


def validate(limits: Mapping[str, float], *, whole: bool = True) -> dict[str, float]:
    """The limits as floats in the table's order, each known, finite and not negative; counts are whole.

    :param whole: every limit must be there (the desk's own); False for a fund's, which tighten some of them.
    :raises ConfigurationError: one is missing, or all are: with no limits loaded nothing trades.
    :raises InputError: a name is unknown, a value cannot be a limit, or data would trip before it warns.
    """
    for name, value in limits.items():
        _validate_one(name, value)
    missing = [row.name for row in LIMITS if row.name not in limits]
    if not limits:
        raise ConfigurationError("limits", "none are loaded, so nothing may trade", "set " + ", ".join(missing))
    if whole and missing:
        raise ConfigurationError(missing[0], "has no limit", "set it, loosely if you must, but knowingly")
    warn, trip = limits.get("stale_warn", 0.0), limits.get("stale", inf)
    if warn > trip:
        raise InputError("stale_warn", f"{warn:g} is above stale, {trip:g}", "warn no later than it trips")
    return {row.name: float(limits[row.name]) for row in LIMITS if row.name in limits}


def _validate_one(name: str, value: object) -> None:
    row = BY_NAME.get(name)
    if row is None:
        raise InputError(name[:40], "is not a limit", "use one of " + ", ".join(BY_NAME))
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InputError(name, f"{value!r} is not a finite number", f"give {row.unit}, such as {row.default:g}")
    if value < 0:
        raise InputError(name, f"{value:g} is negative", f"give {row.unit}, such as {row.default:g}")
    if row.unit == "fraction" and value > 1:
        raise InputError(name, f"{value:g} is more than the whole", "limits are fractions: write 0.03 for 3 %")
    if row.unit in COUNTED and value != int(value):
        raise InputError(name, f"{value:g} is not a whole number", f"give {row.unit}, such as {row.default:g}")


def effective(desk: Mapping[str, float], fund: Mapping[str, float] | None) -> dict[str, float]:
    """The limits that bind one fund: of the desk's and its own, the tightest of each."""
    own = fund or {}
    return {
        name: (max if BY_NAME[name].larger_is_tighter else min)(value, own.get(name, value))
        for name, value in desk.items()
    }


def evaluate(
    scope: str, measures: Measures, limits: Mapping[str, float], confirmations: Mapping[str, int], needed: int
) -> tuple[LimitLine, ...]:
    """Where each watched limit of a scope stands, in the table's order.

    A breach on marks counts only from trusted marks, and like one on quotes only after ``needed`` evaluations in a
    row; until then its line warns. ``confirmations`` are the counts of the lines of the last evaluation, by name.
    Unknown values and untrusted marks leave the count as it is: bad data neither trips nor clears.

    :raises ConfigurationError: ``needed`` is less than 1.
    """
    if needed < 1:
        raise ConfigurationError("confirmations", f"{needed} would trip on nothing", "give 1 or more")
    return tuple(
        _line(row, scope, measures, limits[row.name], min(confirmations.get(row.name, 0), needed), needed)
        for row in WATCHED
    )


def _line(row: Limit, scope: str, measures: Measures, limit: float, held: int, needed: int) -> LimitLine:
    value = float(getattr(measures, row.watches))
    if not isfinite(value):
        return LimitLine(row.name, scope, nan, limit, nan, LimitStatus.UNKNOWN, held)
    trusted = measures.trusted or row.basis is not Basis.MARKS
    count = _confirmed(row, row.breached(value, limit), held, needed) if trusted else held
    status = _status(row, value, limit, trusted=trusted, confirmed=count >= needed)
    return LimitLine(row.name, scope, value, limit, _utilization(value, limit), status, count)


def _confirmed(row: Limit, breached: bool, held: int, needed: int) -> int:
    if not breached or not row.trips:
        return 0
    return needed if row.basis is Basis.DESK else min(held + 1, needed)


def _status(row: Limit, value: float, limit: float, *, trusted: bool, confirmed: bool) -> LimitStatus:
    if confirmed:
        return LimitStatus.BREACH
    if not trusted:
        return LimitStatus.UNKNOWN
    near = value > 0 and value >= WARN_AT * limit and row.name != "stale_warn"
    return LimitStatus.WARN if near or row.breached(value, limit) else LimitStatus.OK


def _utilization(value: float, limit: float) -> float:
    if limit > 0:
        return max(value, 0.0) / limit
    return 0.0 if value <= 0 else nan


def standing(lines: tuple[LimitLine, ...], needed: int) -> tuple[str, ...]:
    """The names of the limits whose confirmed breach has not been seen to end: what a reset is refused for."""
    return tuple(line.name for line in lines if line.confirmations >= needed)


def cause(line: LimitLine, at: int) -> Cause:
    """The breaker's cause for a breached line."""
    row = BY_NAME[line.name]
    where = "the desk" if line.scope == "*" else f"fund {line.scope}"
    detail = f"{row.what} of {where} is {line.value:.6g} {row.unit}, the limit is {line.limit:.6g}"
    return Cause(row.trigger, at, "desk", detail, line.name, line.limit, line.value)
