"""From the report to the shapes of the wire (CONTRACT sections 4 to 6). NaN leaves as ``null``; nothing is invented."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

from sidecar.domain import wire
from sidecar.domain.breaker import BreakerEvent, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import iso
from sidecar.domain.orders import WORKING, Fill, Order, OrderState
from sidecar.domain.plans import Plan
from sidecar.domain.report import Condition, DeskReport, LimitStatus, PositionLine, Refusal
from sidecar.servers import monitoring

_SHOCKS = frozenset({Trigger.VIX_SPIKE, Trigger.IV_SHOCK})
_CONDITIONS = list(Condition)


def status(report: DeskReport) -> dict[str, Any]:
    """``data`` of ``/emergency/status``. ``daily_loss`` is positive when the day loses, 0 when it does not."""
    breaker, total = report.breaker, report.total
    return {
        "timestamp": report.timestamp,
        "simulated": report.simulated,
        "source": report.source,
        "currency": report.currency,
        "notes": report.notes,
        "markets": [wire.fields(line) for line in report.markets],
        "circuit_breaker": {
            "status": breaker.status,
            "trading_allowed": breaker.active and report.session_open and not report.blind,
            "market_open": report.session_open,
            "circuit_breaker_allowed": breaker.active,
            "override_enabled": breaker.override is not None,
            "override": override(breaker.override),
            "triggers": [cause(row) for row in breaker.causes],
            "partial": [cause(row) for row in breaker.partial],
            "daily_loss": _loss(total.daily_pnl),
            "daily_loss_percent": _loss(total.daily_pnl_percent),
            "halt_seq": breaker.halt_seq,
            "since": iso(breaker.since) if breaker.since else None,
            "blind": report.blind,
        },
        "market_condition": market_condition(report),
        "positions": {
            "total_positions": total.total_positions,
            "used_margin": total.used_margin,
            "available_margin": total.available_margin,
            "capital_utilization": total.capital_utilization,
            "closing": len(report.closing),
        },
        "orders": {
            "working": sum(order.state in WORKING for order in report.orders),
            "unconfirmed": len(report.unconfirmed),
        },
        "armed_clients": len(report.heartbeats),
        "last_drill_at": report.last_drill_at,
    }


def _loss(pnl: float) -> float:
    return max(0.0, -pnl) if isfinite(pnl) else nan


def market_condition(report: DeskReport) -> dict[str, Any]:
    """The gravest condition of any underlying, and the volatility index where one was seen.

    ``recent_shocks`` is empty where there were none, and null where no volatility was seen that could have jumped.
    """
    seen = [line.condition for line in report.markets if line.condition is not Condition.UNKNOWN]
    gravest = max(seen, key=_CONDITIONS.index, default=Condition.UNKNOWN)
    shocks = [breaker_event(event) for event in report.breaker_events if event.trigger in _SHOCKS]
    sighted = any(isfinite(line.vix) or isfinite(line.atm_iv) for line in report.markets)
    halted = any(row.trigger is Trigger.MARKET_HALT for row in report.breaker.causes)
    return {
        "condition": gravest,
        "current_vix": next((line.vix for line in report.markets if isfinite(line.vix)), nan),
        "is_market_halted": halted or report.breaker.status is BreakerStatus.MARKET_HALT or gravest is Condition.HALTED,
        "recent_shocks": shocks if shocks or sighted else None,
    }


def override(row: Override | None) -> dict[str, Any] | None:
    """Which limits may pass, until when, and who said so; None when no override is on."""
    return None if row is None else {**wire.fields(row), "expires_at": iso(row.expires_at)}


def cause(row: Cause) -> dict[str, Any]:
    """One reason why trading is off."""
    return {**wire.fields(row), "at": iso(row.at)}


def breaker_event(event: BreakerEvent) -> dict[str, Any]:
    """One line of the breaker's history; ``limit`` and ``value`` are null where no limit was involved."""
    return {**wire.fields(event), "at": iso(event.at) if event.at else None}


def breaches(report: DeskReport) -> list[dict[str, Any]]:
    """The limits that are breached now."""
    return [wire.fields(line) for line in report.limits if line.status is LimitStatus.BREACH]


def strained(report: DeskReport) -> list[dict[str, Any]]:
    """The limits that are breached now, and those that are near it, the most used first."""
    near = [line for line in report.limits if line.status in (LimitStatus.BREACH, LimitStatus.WARN)]
    near.sort(key=lambda line: -line.utilization if isfinite(line.utilization) else 0)
    return [wire.fields(line) for line in near]


def limits(report: DeskReport, fund_id: str | None) -> list[dict[str, Any]]:
    """Every limit's value now, in one fund's scope or the desk's own and all funds'."""
    return [wire.fields(line) for line in report.limits if fund_id is None or line.scope.partition("/")[0] == fund_id]


def position(line: PositionLine) -> dict[str, Any]:
    """One open position; ``side`` is long or short."""
    return {**wire.fields(line), "side": "long" if line.quantity > 0 else "short"}


def positions(report: DeskReport) -> dict[str, Any]:
    """The answer of ``/emergency/positions``."""
    return {
        "status": "success",
        "positions": [position(line) for line in report.positions],
        "total_positions": len(report.positions),
        "total_unrealized_pnl": report.total.unrealized_pnl,
        "totals": wire.fields(report.total),
        "funds": [wire.fields(line) for line in report.funds[:-1]],
        "awaiting_settlement": report.awaiting_settlement,
        "closing": [{**wire.fields(line), "since": iso(line.since)} for line in report.closing],
        "simulated": report.simulated,
        "timestamp": report.timestamp,
    }


def order(row: Order) -> dict[str, Any]:
    """One order, flat; ``quantity``, ``filled`` and ``remaining`` are positive units."""
    asked = wire.fields(row.request)
    mine = {name: value for name, value in wire.fields(row).items() if name != "request"}
    times = {"created_at": iso(row.created_at), "updated_at": iso(row.updated_at)}
    return {**mine, **asked, "remaining": row.remaining, **times}


def cancels(known: list[Order]) -> dict[str, Any]:
    """How many cancels were asked and are done; those that filled first, and those not answered, by id."""
    return {
        "done": sum(one.state is OrderState.CANCELLED for one in known),
        "asked": len(known),
        "outstanding": [one.id for one in known if one.state in WORKING],
        "ended_otherwise": [o.id for o in known if o.state not in WORKING and o.state is not OrderState.CANCELLED],
    }


def closed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """How many positions were to be closed, and are."""
    return {"done": sum(line["closed"] for line in lines), "asked": len(lines)}


def plan(row: Plan) -> dict[str, Any]:
    """How positions would be closed, step by step; ``left_out`` are those that cannot be now, each with the reason."""
    out = [{"position_id": name, "reason": why} for name, why in row.left_out]
    return {**wire.fields(row), "steps": [wire.fields(step) for step in row.steps], "left_out": out}


def fill(row: Fill) -> dict[str, Any]:
    """One execution; ``quantity`` is signed."""
    return {**wire.fields(row), "at": iso(row.at)}


def refusal(row: Refusal) -> dict[str, Any]:
    """Why the gate refused: the limit, its value before and after, and the largest size that would pass."""
    return {
        "limit": row.limit_name,
        "limit_value": row.limit,
        "value_before": row.before,
        "value_after": row.after,
        "scope": row.scope,
        "largest_quantity": row.largest_quantity,
    }


def risk_metrics(report: DeskReport) -> dict[str, Any]:
    """``data`` of ``/emergency/risk-metrics``; what the report does not hold is null.

    ``sharpe_ratio`` is that of ``performance``, which says what returns it is of, and of how many. ``var_95`` and
    ``es_975`` are the desk's, one day, in account currency; ``tail`` has every fund's, how sure they are and what they
    rest on.
    """
    total, book = report.total, report.positions
    measured = {line.name: line.value for line in report.limits if line.scope == "*"}
    strategies = sorted({line.strategy for line in book})
    value = {line.id: abs(line.quantity * line.current_price) for line in book}
    tail = {line.fund_id: line for line in report.tail}.get("*")
    done = {line.fund_id: line for line in report.performance}.get("*")
    return {
        "timestamp": report.timestamp,
        "daily_pnl": total.daily_pnl,
        "daily_pnl_percent": total.daily_pnl_percent,
        "drawdown": total.drawdown,
        "max_drawdown": total.max_drawdown,
        "sharpe_ratio": done.sharpe_ratio if done else None,
        "win_rate": total.winning_trades / total.trades if total.trades else None,
        "total_trades": total.trades,
        "performance": monitoring.performance(done) if done else None,
        "capital_utilization": total.capital_utilization,
        "largest_position_percent": measured.get("position_allocation"),
        "var_95": tail.var_95 if tail else None,
        "es_975": tail.es_975 if tail else None,
        "tail": [wire.fields(line) for line in report.tail],
        "exposure_by_strategy": {
            name: sum(value[line.id] for line in book if line.strategy == name) for name in strategies
        },
        "total_unrealized_pnl": total.unrealized_pnl,
        "used_margin": total.used_margin,
        "available_margin": total.available_margin,
        "greeks": [wire.fields(line) for line in report.greeks],
        "limits": limits(report, None),
        "heartbeats": [wire.fields(line) for line in report.heartbeats],
        "quality": total.quality,
        "simulated": report.simulated,
    }
