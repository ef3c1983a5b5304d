"""The day as the overview reads it: who made the P&L, what marks stand on its line, which limit is nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pages.parts import day
from pages.parts.picture import Picture
from sidecar.domain.breaker import BreakerEvent, BreakerStatus
from tests.servers.desk import T0, Desk, Stand

Serve = Callable[..., Stand]
FUNDS = ({"fund_id": "*", "daily_pnl": -5.0}, {"fund_id": "main", "daily_pnl": None})


def line(fund: str, strategy: str, total: float | None, symbol: str = "*") -> dict[str, Any]:
    return {"fund_id": fund, "strategy": strategy, "symbol": symbol, "total": total}


def test_the_nearest_limit_is_first_and_an_unknown_one_stands_before_those_that_are_well() -> None:
    lines: list[dict[str, Any]] = [
        {"name": "well", "status": "ok", "utilization": 0.5},
        {"name": "off", "status": "off", "utilization": 0.99},
        {"name": "unknown", "status": "unknown", "utilization": None},
        {"name": "short", "status": "breach", "utilization": -1.2},
        {"name": "warned", "status": "warn", "utilization": 0.85},
    ]
    assert [row["name"] for row in day.nearest(lines)] == ["short", "warned", "unknown", "well"]


def test_a_desk_that_is_down_is_not_asked_again(serve: Serve) -> None:
    stand = serve()
    down = Picture(funds=FUNDS, problem="gone", status={})
    asked = len(stand.desk.requests)
    found = day.seen(down)
    assert (found.alerts, found.drifts, found.unknown) == (None, None, {})
    assert day.makers(down) == ([("*", -5.0), ("main", None)], [], "the desk does not answer")
    assert len(stand.desk.requests) == asked


def test_the_day_is_made_by_strategies_named_with_their_fund_where_several_trade_and_unknown_is_no_zero(
    serve: Serve,
) -> None:
    lines = [line("main", "*", 7.0), line("main", "demo", None), line("main", "demo", 3.0, "NIFTY"),
             line("other", "demo", 2.0)]  # fmt: skip
    serve().app.add_api_route("/api/v1/pnl/explain", lambda: {"lines": lines})
    funds, strategies, why = day.makers(Picture(funds=FUNDS))
    assert funds == [("*", -5.0), ("main", None)]
    assert (strategies, why) == ([("main / demo", None), ("other / demo", 2.0)], "")
    assert day.makers(Picture(funds=FUNDS, fund="other"))[1] == [("demo", 2.0)]


def test_what_cannot_be_read_is_no_mark_and_its_reason_is_kept(serve: Serve) -> None:
    event = BreakerEvent("triggered", BreakerStatus.TRIPPED, "daily_loss_limit", "desk", T0, 1)
    serve(Desk(history=[event]))
    assert [row["event"] for row in day.events()] == ["triggered"]
    assert day.executions() == ([], "")
    _, strategies, why = day.makers(Picture(funds=FUNDS))
    assert strategies == []
    assert why  # this desk has no door that explains
