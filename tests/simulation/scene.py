"""The stage of one virtual day: the calendar, a small chain, the desk's settings. Drawn from the seed, then fixed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from sidecar.desk.config import DeskConfig
from sidecar.domain.calendar import Session
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults
from tests.simulation.options import Options

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)
WEEKS = (TUESDAY, date(2026, 9, 15))
MONTH = date(2026, 9, 29)
LOT = REFERENCE.lot_size("NIFTY", WEEKS[0], MONDAY)
TICK = Decimal("0.05")
SPOT = 24_700.0
FREEZE = 1_800

INDEX = Contract("NIFTY", Kind.INDEX)
VIX = Contract("INDIAVIX", Kind.INDEX)


@dataclass(frozen=True)
class Scene:
    """What stands before the day begins. ``options`` of the contracts that trade come in listing order."""

    seed: int
    options: Options
    session: Session
    next_session: Session
    contracts: tuple[Contract, ...]
    config: DeskConfig

    def random(self, name: str) -> Random:
        """A stream of chance of its own for each part, so that a family switched off leaves the others as they are."""
        return Random(f"{self.seed}/{name}")

    def on(self, family: str) -> bool:
        return family in self.options


def scene(seed: int, options: Options) -> Scene:
    """The stage that a seed draws."""
    random = Random(f"{seed}/scene")
    day = TUESDAY if "expiry" in options else MONDAY
    session, after = CALENDAR.session(day), CALENDAR.next_session(day)
    assert session is not None
    expiries = WEEKS[: random.choice((1, 1, 2))] if "expiry" not in options else WEEKS
    strikes = [SPOT + 100.0 * step for step in range(-random.choice((1, 2)), random.choice((2, 3)))]
    chain = [
        _contract(Kind.OPTION, expiry, strike, right) for expiry in expiries for strike in strikes for right in Right
    ]
    future = [_contract(Kind.FUTURE, MONTH)] if random.random() < 0.5 else []
    return Scene(seed, options, session, after, (INDEX, VIX, *chain, *future), _config(random, options))


def _contract(kind: Kind, expiry: date, strike: float | None = None, right: Right | None = None) -> Contract:
    return Contract(
        "NIFTY", kind, expiry, strike, right, REFERENCE.expiry_close("NIFTY", expiry), LOT, TICK, FREEZE
    )  # fmt: skip


def _config(random: Random, options: Options) -> DeskConfig:
    """Limits as they are, or so wide that only the breaker stands between an order and the venue."""
    wide = {"position_allocation": 1.0, "capital_per_trade": 1.0, "strategy_allocation": 1.0, "order_rate": 60.0}
    limits = {**defaults(), **(wide if random.random() < 0.7 else {})}
    funds = ("main", "second") if "funds" in options else ("main",)
    capital = {fund: Decimal(random.choice((3_000_000, 10_000_000))) for fund in funds}
    return DeskConfig(capital=capital, limits=limits, mark_record_s=random.choice((60, 600)))
