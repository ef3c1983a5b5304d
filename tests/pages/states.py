"""How a desk may stand: its reports, by name. Every page is shown each of ``STANDS`` (``test_matrix.py``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any, NamedTuple

import msgspec

from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.report import LimitLine, LimitStatus, Quality
from sidecar.servers.keys import Role
from tests.pages.lived import Lived
from tests.servers.desk import T0, Desk, fund, position

HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) **bold** $\\LaTeX$ :red[red]"
LONG = "a-name-without-an-end-" * 9 + "of"


def halted(status: BreakerStatus, trigger: Trigger = Trigger.EMERGENCY_STOP, detail: str = "a person") -> BreakerState:
    return BreakerState(status, (Cause(trigger, T0, "trader/1", detail),), T0, 3)


def changed(**changes: object) -> Desk:
    desk = Desk()
    desk._publish(**changes)
    return desk


STATES: dict[str, Callable[[], Desk]] = {
    "one position": Desk,
    "empty": lambda: changed(positions=(), greeks=(), funds=(fund(total_positions=0, unrealized_pnl=0.0),)),
    "emergency stop": lambda: changed(breaker=halted(BreakerStatus.EMERGENCY_STOP)),
    "tripped": lambda: changed(breaker=halted(BreakerStatus.TRIPPED, Trigger.DAILY_LOSS_LIMIT, "3.1 % lost")),
    "market halt": lambda: changed(breaker=halted(BreakerStatus.MARKET_HALT, Trigger.MARKET_HALT)),
    "disabled": lambda: changed(breaker=halted(BreakerStatus.MANUAL_DISABLE, Trigger.MANUAL_TRIGGER)),
    "feed down, blind, closed": lambda: changed(feed_up=False, blind=True, session_open=False),
    "hostile": lambda: changed(
        positions=(position(strategy=HOSTILE, id=HOSTILE),),
        breaker=halted(BreakerStatus.TRIPPED, Trigger.MANUAL_TRIGGER, HOSTILE),
        awaiting_settlement=(HOSTILE,),
    ),
    "nothing known": lambda: changed(
        funds=(fund(daily_pnl=nan, daily_pnl_percent=nan, unrealized_pnl=nan, portfolio_value=nan, drawdown=nan,
                    capital_utilization=nan, available_margin=nan, used_margin=nan, quality=Quality.MISSING),),
        positions=(position(current_price=nan, unrealized_pnl=nan, pnl_percent=nan, delta=nan, gamma=nan, theta=nan,
                            vega=nan, iv=nan, quality=Quality.MISSING),),
        limits=(LimitLine("daily_loss", "*", nan, 0.03, nan, LimitStatus.UNKNOWN),),
        markets=(),
    ),
    "shut in part": lambda: changed(
        breaker=BreakerState(partial=(Cause(Trigger.LOSS_STREAK, T0, "desk", "5 in a row", scope="main/demo"),)),
        unconfirmed=("O1", "O2"),
    ),
    "no limits": lambda: changed(limits=()),
}  # fmt: skip


def named(past: Lived, name: str, **changes: object) -> Desk:
    """The lived desk, whose strategies, funds and underlyings are all called ``name``."""

    def row(line: Any) -> Any:
        fields = {"strategy", "underlying", "fund_id", "symbol"} & set(line.__struct_fields__)
        keep = {field for field in fields if getattr(line, field) in ("", "*", None)}
        return msgspec.structs.replace(line, **dict.fromkeys(fields - keep - {"symbol"}, name))

    told = past.published.report
    return past.desk(
        positions=tuple(map(row, told.positions)), greeks=tuple(map(row, told.greeks)), notes=(name,),
        funds=tuple(map(row, told.funds)), smiles=tuple(map(row, told.smiles)),
        limits=tuple(msgspec.structs.replace(one, scope=name) for one in told.limits),
        **changes,
    )  # fmt: skip


def crowded(past: Lived, **changes: object) -> Desk:
    """Five thousand positions of the lived desk's contracts."""
    held = past.published.report.positions
    return past.desk(
        positions=tuple(msgspec.structs.replace(held[n % len(held)], id=f"main/demo/{n}") for n in range(5_000)),
        **changes,
    )


def skewed(hours: float) -> Desk:
    """A desk whose clock is not the app's."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    return changed(timestamp=at, positions=(position(updated_at=at, entry_time=at),))


class Stands(NamedTuple):
    """One way to stand: the desk, from one that has lived; what every page says of it, and what at least one says."""

    desk: Callable[[Lived], Desk]
    says: tuple[str, ...] = ()
    somewhere: tuple[str, ...] = ()
    role: Role = Role.TRADER
    learnt: bool = True


def long(past: Lived) -> Desk:
    until = T0 + 600 * SECOND
    return named(past, LONG, breaker=BreakerState(override=Override(("position_limit",), until, "admin/1", LONG)))


def hostile(past: Lived) -> Desk:
    shut = halted(BreakerStatus.TRIPPED, Trigger.MANUAL_TRIGGER, HOSTILE)
    return named(past, HOSTILE, breaker=shut, awaiting_settlement=(HOSTILE,))


def shut_in_part(past: Lived) -> Desk:
    told = STATES["shut in part"]().report
    return crowded(past, breaker=told.breaker, unconfirmed=told.unconfirmed, session_open=False)


def halted_and_blind(past: Lived) -> Desk:
    shut = halted(BreakerStatus.MARKET_HALT, Trigger.MARKET_HALT)
    return past.desk(breaker=shut, feed_up=False, blind=True, session_open=False)


STANDS: dict[str, Stands] = {
    "a real desk": Stands(lambda past: past.desk(breaker=BreakerState())),
    "stopped": Stands(lambda _: STATES["emergency stop"](), ("EMERGENCY STOP",), ("a person",)),
    "tripped": Stands(lambda _: STATES["tripped"](), ("TRIPPED by a limit", "daily loss limit")),
    "halted by the market, feed down, blind, closed": Stands(
        halted_and_blind, ("MARKET HALT",), ("The desk is blind", "The feed says that it is down")
    ),
    "disabled": Stands(lambda _: STATES["disabled"](), ("DISABLED by hand",)),
    "nothing known": Stands(lambda _: STATES["nothing known"](), somewhere=("Unknown 1", "P&L today –"), learnt=False),
    "an empty book without limits": Stands(
        lambda past: past.desk(positions=(), greeks=(), smiles=(), orders=(), limits=(), breaker=BreakerState()),
        somewhere=("The book is flat", "nothing may trade"), learnt=False,
    ),
    "5,000 positions, shut in part, closed": Stands(
        shut_in_part, somewhere=("5 in a row", "2 orders** of which the venue owes")
    ),
    "names of 200 letters, an override": Stands(long, somewhere=("Override on for another",)),
    "hostile names everywhere, tripped by one": Stands(hostile, ("TRIPPED by a limit",)),
    "a clock an hour ahead, to a viewer": Stands(lambda _: skewed(1.0), role=Role.VIEWER),
    "a clock an hour behind": Stands(lambda _: skewed(-1.0)),
}  # fmt: skip
