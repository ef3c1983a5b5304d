"""The limits: one table, and the values they watch."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from math import inf, isfinite, nan

import msgspec

from sidecar.domain.breaker import Trigger
from sidecar.domain.errors import ConfigurationError, InputError

#: The units of limits that count things: half a thing is a slip of the pen.
COUNTED = ("count", "lots", "per minute")


class Measures(msgspec.Struct, frozen=True):
    """What the limits watch in one scope (:class:`~sidecar.domain.scopes.Scope`). NaN means unknown, never zero.

    Fractions are of the capital of the fund, or of the desk; ``daily_loss`` is positive for a loss. The ``net_`` Greeks
    are absolute position Greeks, the largest over underlyings. ``stale`` is the age in seconds of the oldest index of
    the desk. ``trusted`` says that every mark behind these numbers is live.
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
    iv_shock: float = nan
    stale: float = nan
    trusted: bool = False


class Basis(StrEnum):
    """What a value rests on: ``marks`` need trust and confirmation, ``quotes`` confirmation, ``desk`` facts neither."""

    MARKS = "marks"
    QUOTES = "quotes"
    DESK = "desk"


class Reach(StrEnum):
    """The narrowest scopes that a limit can be measured in: a ``fund``, a ``strategy`` of it, or ``any``."""

    FUND = "fund"
    STRATEGY = "strategy"
    ANY = "any"


class Limit(msgspec.Struct, frozen=True):
    """One row. ``kind`` book is watched on every beat and trips; order is checked by the gate and refuses.

    ``reached``: the value breaches when it is at the limit (losses, ages), and not only beyond it (counts, amounts that
    may be used up). ``trigger`` is the family under which a breach is counted. ``larger_is_tighter`` holds for a pause.
    ``reach``: how far below a fund it can be measured, and so be set. ``market``: its value is the market's, the same
    in every fund, so that the desk's line speaks for all.
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
    reach: Reach = Reach.ANY
    market: bool = False

    @property
    def watches(self) -> str:
        """The field of :class:`Measures` that holds the value."""
        return self.measure or self.name

    def breached(self, value: float, limit: float) -> bool:
        """Whether a known ``value`` breaks ``limit``."""
        return value >= limit if self.reached else value > limit


#: A limit of the gate: it refuses an order and never trips the breaker.
_order = partial(Limit, kind="order", basis=Basis.DESK, trips=False)

#: A limit of the market as a whole.
_market = partial(Limit, basis=Basis.DESK, reached=True, reach=Reach.FUND, market=True)

#: The Greek defaults suit a book of about twenty NIFTY lots of 75: its delta, expiry-day gamma, and the vega and theta
#: of at-the-money options of a month. A quarter of the capital in one order leaves room for four. The value of orders
#: that work is limited because SEBI asks for it (circular CIR/MRD/DP/09/2012 on algorithmic trading, 30 March 2012).
LIMITS: tuple[Limit, ...] = (
    Limit("daily_loss", "fraction", "loss since the session's open", Trigger.DAILY_LOSS_LIMIT, 0.03, reached=True),
    Limit(
        "drawdown", "fraction", "fall from the highest equity", Trigger.DRAWDOWN_LIMIT, 0.08,
        reached=True, reach=Reach.FUND,
    ),
    Limit("positions", "count", "open positions", Trigger.POSITION_LIMIT, 20, basis=Basis.DESK),
    Limit("capital_utilization", "fraction", "margin used, of capital", Trigger.MARGIN_LIMIT, 0.80),
    Limit(
        "margin_utilization", "fraction", "margin used, of used and available", Trigger.MARGIN_LIMIT, 0.90,
        reach=Reach.FUND,
    ),
    Limit(
        "strategy_allocation", "fraction", "margin of the largest strategy", Trigger.POSITION_LIMIT, 0.40,
        reach=Reach.STRATEGY,
    ),
    Limit("position_allocation", "fraction", "margin of the largest position", Trigger.POSITION_LIMIT, 0.20),
    Limit(
        "loss_streak", "count", "a strategy's losing run", Trigger.LOSS_STREAK, 5,
        basis=Basis.DESK, reached=True, reach=Reach.STRATEGY,
    ),
    Limit("net_delta", "units", "absolute position delta, by underlying", Trigger.GREEK_LIMIT, 1_500),
    Limit("net_gamma", "units per point", "absolute position gamma, by underlying", Trigger.GREEK_LIMIT, 25),
    Limit("net_vega", "currency per vol point", "absolute position vega, by underlying", Trigger.GREEK_LIMIT, 100_000),
    Limit("net_theta", "currency per day", "absolute position theta, by underlying", Trigger.GREEK_LIMIT, 200_000),
    Limit("var_95", "fraction", "one-day loss that one day in twenty exceeds", Trigger.VAR_LIMIT, 0.05),
    Limit("stress_loss", "fraction", "largest loss over the stresses", Trigger.VAR_LIMIT, 0.50),
    _market("vix", "points", "volatility index", Trigger.VIX_SPIKE, 40, basis=Basis.QUOTES),
    Limit(
        "iv_shock", "fraction", "change of an at-the-money volatility in 5 minutes", Trigger.IV_SHOCK, 0.50,
        basis=Basis.QUOTES, reached=True, market=True,
    ),
    _market(
        "stale_warn", "s", "age of the held data that warns", Trigger.DATA_FAILURE, 5, trips=False, measure="stale",
    ),
    _market("stale", "s", "age of the held data that trips", Trigger.DATA_FAILURE, 10),
    _order("order_lots", "lots", "size of one order", Trigger.POSITION_LIMIT, 5),
    _order("price_band", "fraction", "distance of the price from the last", Trigger.ORDER_FAILURE, 0.05),
    _order("capital_per_trade", "fraction", "margin or premium that one order takes", Trigger.MARGIN_LIMIT, 0.25),
    _order("unexecuted_value", "times capital", "price times units of working orders", Trigger.ORDER_FAILURE, 1.0),
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


def tightest(first: Mapping[str, float], then: Mapping[str, float]) -> dict[str, float]:
    """The limits of ``first``, each as tight as ``then`` makes it where that has it too."""
    return {
        name: (max if BY_NAME[name].larger_is_tighter else min)(value, then.get(name, value))
        for name, value in first.items()
    }


def effective(desk: Mapping[str, float], fund: Mapping[str, float] | None) -> dict[str, float]:
    """The limits that bind one fund: of the desk's and its own, the tightest of each."""
    return tightest(desk, fund or {})
