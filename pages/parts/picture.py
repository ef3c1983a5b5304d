"""One picture of the desk as last seen, and how it is taken. What could not be read is missing, never zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.client import Desk
from sidecar.domain.errors import ClientError, DeskRefused, DeskUnreachable

Row = dict[str, Any]
ALL = "*"  # the whole desk, where a fund is named
#: A picture older than this is not called live any more.
FRESH_S = 3.0


@dataclass(frozen=True)
class Picture:
    """The desk, or one ``fund`` of it, as last seen. What could not be read is None, with the reason in ``missing``.

    ``problem`` says why the newest look failed; the rest is then the last good picture, ``age_s`` seconds old.
    """

    status: Row | None = None
    positions: list[Row] | None = None
    totals: Row | None = None
    funds: tuple[Row, ...] = ()
    fund: str = ALL
    risk: Row | None = None
    quality: Row | None = None
    orders: list[Row] | None = None
    awaiting: tuple[str, ...] = ()
    closing: list[Row] | None = None
    missing: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    down: bool = False
    seen_at: float | None = None
    looked_at: float = 0.0

    @property
    def age_s(self) -> float | None:
        """Seconds between this look and the last one that worked; None if none ever did."""
        return None if self.seen_at is None else max(0.0, self.looked_at - self.seen_at)

    @property
    def live(self) -> bool:
        """Whether what is shown is what the desk says now."""
        return not self.problem and self.age_s is not None and self.age_s <= FRESH_S

    def of(self, fund: str) -> Picture:
        """The same picture of one fund alone; as it is for the whole desk, or a fund that it does not know."""
        totals = [row for row in self.funds if row.get("fund_id") == fund]
        if not totals:
            return self
        own = {"positions": _own(self.positions, fund), "orders": _own(self.orders, fund)}
        return replace(self, fund=fund, totals=totals[0], **own)

    @property
    def breaker(self) -> Row:
        """The breaker's part of the status; empty if unknown."""
        return dict((self.status or {}).get("circuit_breaker") or {})

    @property
    def state(self) -> str:
        """The breaker's state, or ``unknown``."""
        return str(self.breaker.get("status") or "unknown")

    @property
    def currency(self) -> str:
        return str((self.status or {}).get("currency") or "INR")

    @property
    def simulated(self) -> bool:
        return bool((self.status or {}).get("simulated"))

    @property
    def limits(self) -> list[Row] | None:
        """Every limit of the desk and its funds; None if unknown."""
        return None if self.risk is None else list(self.risk.get("limits") or ())

    @property
    def greeks(self) -> list[Row] | None:
        """The fund's Greeks by underlying; None if unknown."""
        if self.risk is None:
            return None
        return [row for row in self.risk.get("greeks") or () if row.get("fund_id") == self.fund]

    @property
    def heartbeats(self) -> list[Row] | None:
        """Each client whose dead man's switch is armed; None if unknown."""
        return None if self.risk is None or "heartbeats" not in self.risk else list(self.risk["heartbeats"])

    @property
    def markets(self) -> list[Row]:
        """One line an underlying."""
        return list((self.status or {}).get("markets") or ())


def _own(rows: list[Row] | None, fund: str) -> Any:
    return None if rows is None else [row for row in rows if row.get("fund_id") == fund]


def _status(desk: Desk) -> Row:
    found: Row = desk.status()
    return {"status": found.get("data", found)}


def _positions(desk: Desk) -> Row:
    found: Row = desk.positions()
    awaiting = tuple(found.get("awaiting_settlement") or ())
    told = {"positions": list(found["positions"]), "totals": found.get("totals"), "awaiting": awaiting}
    told["closing"] = list(found.get("closing") or ())
    return {**told, "funds": tuple(found.get("funds") or ())}


def _risk(desk: Desk) -> Row:
    found: Row = desk.risk()
    return {"risk": found.get("data", found)}


def _quality(desk: Desk) -> Row:
    found: Row = desk.data_quality()
    return {"quality": found.get("report", found)}


def _orders(desk: Desk) -> Row:
    found: Row = desk.orders(limit=200)
    working = {"pending", "open", "partially_filled", "unknown"}
    return {"orders": [row for row in found["orders"] if row.get("state") in working]}


#: What a picture is made of, after the status: its name, and the call that reads it.
PARTS: dict[str, Callable[[Desk], Row]] = {
    "positions": _positions,
    "risk": _risk,
    "quality": _quality,
    "orders": _orders,
}


def look(desk: Desk, before: Picture, now: float) -> Picture:
    """One look at the desk. A part that is refused is missing; if the status itself fails, the last picture stays."""
    try:
        made = Picture(**_status(desk), seen_at=now, looked_at=now)
    except ClientError as error:
        return replace(before, problem=str(error), down=isinstance(error, DeskUnreachable), looked_at=now)
    for name, read in PARTS.items():
        try:
            made = replace(made, **read(desk))
        except DeskRefused as error:
            made = replace(made, missing={**made.missing, name: str(error)})
        except DeskUnreachable as error:
            return replace(before, problem=str(error), down=True, looked_at=now)
    return made
