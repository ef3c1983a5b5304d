"""What each limit means and what the desk does when it is broken; units, scopes, and which limit is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pages.parts.words import FRACTIONS, UNKNOWN, known, measured, phrase

Row = dict[str, Any]
TRIPS, REFUSES, WARNS = "trips the breaker", "refuses the order", "warns"


class Meaning(NamedTuple):
    """One limit: its unit, what is measured, and what its breach does."""

    unit: str
    what: str
    does: str


LIMITS: dict[str, Meaning] = {
    "daily_loss": Meaning("% of capital", "loss since the session's open, realised and unrealised, after fees", TRIPS),
    "drawdown": Meaning("% of the peak", "fall of the equity from its highest", TRIPS),
    "positions": Meaning("positions", "open positions", TRIPS),
    "capital_utilization": Meaning("% of capital", "margin used", TRIPS),
    "margin_utilization": Meaning("% of used and available", "margin used", TRIPS),
    "strategy_allocation": Meaning("% of capital", "margin of the largest strategy", TRIPS),
    "position_allocation": Meaning("% of capital", "margin of the largest position, by itself", TRIPS),
    "loss_streak": Meaning("round trips", "a strategy's losing round trips in a row", TRIPS),
    "net_delta": Meaning("units", "absolute delta of the worst underlying", TRIPS),
    "net_gamma": Meaning("units per point", "absolute gamma of the worst underlying", TRIPS),
    "net_vega": Meaning("money per volatility point", "absolute vega of the worst underlying", TRIPS),
    "net_theta": Meaning("money per calendar day", "absolute theta of the worst underlying", TRIPS),
    "var_95": Meaning("% of capital", "one-day loss that one day in twenty exceeds", TRIPS),
    "stress_loss": Meaning("% of capital", "largest loss over the stresses", TRIPS),
    "vix": Meaning("points", "volatility index", TRIPS),
    "iv_shock": Meaning("% of itself", "change of an at-the-money volatility in 5 minutes", TRIPS),
    "stale_warn": Meaning("s", "age of the held data", WARNS),
    "stale": Meaning("s", "age of the held data", TRIPS),
    "order_lots": Meaning("lots", "size of one order", REFUSES),
    "price_band": Meaning("% of the last price", "distance of an order's price from the last", REFUSES),
    "capital_per_trade": Meaning("% of capital", "margin or premium that one order takes", REFUSES),
    "unexecuted_value": Meaning("times capital", "price times units of all orders that work", REFUSES),
    "duplicate_order": Meaning("s", "pause that equal orders must keep: a longer one is tighter", REFUSES),
    "order_rate": Meaning("orders a minute", "orders of the last minute", REFUSES),
}
_UNKNOWN = Meaning("in its own unit", "not described here", "is judged by the desk")
_RANK = {"breach": 0, "warn": 1, "ok": 1, "unknown": 2, "off": 3}


def meaning(name: Any) -> Meaning:
    """The words of a limit; a limit that this app does not know yet has words for that."""
    return LIMITS.get(str(name), _UNKNOWN)


def stated(name: Any, value: Any) -> str:
    """A limit's value with its unit."""
    text = measured(name, value)
    unit = meaning(name).unit
    return text if text == UNKNOWN else f"{text} {unit.removeprefix('% ')}"


def where(scope: Any) -> str:
    """A scope in words.

    >>> where("*"), where("main"), where("main/demo"), where("main/*/NIFTY")
    ('whole desk', 'main', 'main · demo', 'main · NIFTY')
    """
    parts = [part for part in str(scope).split("/") if part != "*"]
    return " · ".join(parts) or "whole desk"


def level(scope: Any) -> str:
    """Which kind of scope it is: desk, fund, strategy or underlying."""
    parts = [*str(scope).split("/"), "*", "*"]
    return "underlying" if parts[2] != "*" else "strategy" if parts[1] != "*" else "desk" if scope == "*" else "fund"


def nearest(lines: Sequence[Row]) -> list[Row]:
    """The lines, breaches first, then by how much is used; after them what is unknown, and what is off."""

    def key(line: Row) -> tuple[int, float, str]:
        used = known(line.get("utilization"))
        rank = _RANK.get(str(line.get("status")), 2)
        return (2 if used is None and rank == 1 else rank, -(used or 0.0), str(line.get("name")))

    return sorted(lines, key=key)


def distinct(lines: Sequence[Row]) -> list[Row]:
    """The lines without those of a fund that only say again what the desk's own says: with one fund, all of them."""

    def said(line: Row) -> tuple[Any, ...]:
        return tuple(line.get(name) for name in ("name", "value", "limit", "status"))

    desk = {said(line) for line in lines if level(line.get("scope")) == "desk"}
    return [line for line in lines if level(line.get("scope")) != "fund" or said(line) not in desk]


def on_wire(name: str, shown: float) -> float:
    """What a person typed, in the unit of the wire: per cent are fractions there."""
    return round(shown / 100, 12) if name in FRACTIONS else shown


def on_screen(name: str, value: float) -> float:
    """The other way round."""
    return round(value * 100, 10) if name in FRACTIONS else value


def tells(line: Row) -> str:
    """One line in a sentence."""
    said = meaning(line.get("name"))
    now, limit = measured(line.get("name"), line.get("value")), stated(line.get("name"), line.get("limit"))
    return f"{phrase(line.get('name'))} of {where(line.get('scope'))}: {now} of {limit}; {said.does}"


def crossed(lines: Sequence[Row], name: str, scope: str, value: float) -> tuple[list[Row], list[Row]]:
    """The lines that a new limit would break at once, and those of it whose value is unknown.

    A limit set for a scope binds all that lies in it.
    """
    mine = [line for line in lines if line.get("name") == name and _inside(str(line.get("scope")), scope)]
    over = [line for line in mine if (now := known(line.get("value"))) is not None and now > 0 and now >= value]
    return over, [line for line in mine if known(line.get("value")) is None]


def _inside(scope: str, other: str) -> bool:
    mine, wider = ([*text.split("/"), "*", "*"][:3] for text in (scope, other))
    return all(part in ("*", own) for own, part in zip(mine, wider, strict=True))


def at_orders(limits: Mapping[str, Any], lines: Sequence[Row]) -> list[Row]:
    """The limits that only an order is held against: they have no value between orders."""
    watched = {str(line.get("name")) for line in lines}
    return [{"name": name, "limit": value} for name, value in limits.items() if name not in watched]
