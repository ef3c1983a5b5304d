"""The main dashboard: sixteen panels, in the order in which an operator reads them."""

from __future__ import annotations

from grafana.build.dashboard import STRATEGY, Dashboard, Row
from grafana.build.panels import (
    AMBER,
    GREEN,
    ORANGE,
    RED,
    Look,
    Query,
    bars,
    gauge,
    lines,
    pie,
    quantile,
    stat,
)

_ONE = '{strategy=~"$strategy"}'
#: The breaker's states as numbers: a sum of what is 1 for one of them, so that each has its word, colour and history.
BREAKER = (
    'sum(trading_circuit_breaker_state{state="tripped"})'
    ' + 2 * sum(trading_circuit_breaker_state{state="manual_disable"})'
    ' + 3 * sum(trading_circuit_breaker_state{state="market_halt"})'
    ' + 4 * sum(trading_circuit_breaker_state{state="emergency_stop"})'
)
STATES = Look(
    words={
        0: ("active: orders pass", GREEN),
        1: ("TRIPPED by a limit", RED),
        2: ("DISABLED by hand", ORANGE),
        3: ("MARKET HALT", ORANGE),
        4: ("EMERGENCY STOP", RED),
    }
)
VIX = ((None, GREEN), (25, AMBER), (40, ORANGE), (60, RED))

MAIN = Dashboard(
    "trading-main",
    "Deskwatch: trading",
    "The desk at a glance: money, positions, rails, market, orders, models, doors.",
    (
        Row(
            (
                stat("Daily P&L", "Profit and loss since the session's open, after fees, in the account currency, and "
                     "in per cent of capital. Trading is off at -3 %.",
                     (Query("trading_daily_pnl", "P&L"), Query("trading_daily_pnl_percent", "of capital")),
                     Look("currencyINR", 0, steps=((None, RED), (0, GREEN))), page="", width=5)
                .showing("of capital", unit="percent", decimals=2),
                stat("Open Positions", "Positions that are not flat, all strategies. The limit is 20.",
                     (Query("sum(trading_positions_open) or 0 * sum(trading_report_seq)", "open"),),
                     Look("none", 0, steps=((None, GREEN), (16, AMBER), (20, RED))), page="positions", width=4),
                stat("Circuit Breaker Status", "Whether orders that add risk pass. Any state but active refuses them.",
                     (Query(BREAKER, "breaker"),), STATES, page="emergency", width=5, graph=False),
                gauge("Capital Utilization", "Share of the capital that is bound in margin. The limit is 80 %, and at "
                      "80 % of it somebody is warned.", (Query("trading_capital_utilization_ratio", "in use"),),
                      Look("percentunit", 1, 0, 1, ((None, GREEN), (0.64, AMBER), (0.8, RED))), page="limits", width=5),
                gauge("VIX Level", "Volatility index: below 25 normal, below 40 elevated, below 60 high stress, then "
                      "extreme. Trading trips at 40.", (Query("trading_market_vix", "VIX"),),
                      Look("none", 2, 0, 80, VIX), page="market", width=5),
            ),
            height=6,
        ),
        Row(
            (
                lines("Trades by Strategy", "Fills since the sidecar began, by strategy and side.",
                      (Query(f"sum by (strategy, side) (trading_trades_total{_ONE})", "{{strategy}} {{side}}"),),
                      Look("none", 0, 0), page="positions"),
                bars("Win Rate by Strategy", "Winning over closed round trips, after fees, since the book began.",
                     (Query(f"trading_strategy_win_rate{_ONE}", "{{strategy}}"),),
                     Look("percentunit", 0, 0, 1, ((None, ORANGE), (0.5, GREEN))), page="performance"),
                pie("Positions by Strategy", "Open positions, by strategy.",
                    (Query(f"sum by (strategy) (trading_positions_open{_ONE}) > 0", "{{strategy}}"),),
                    Look("none", 0), page="positions"),
            )
        ),
        Row(
            (
                lines("Order Fill Rate", "Orders filled whole over orders sent, since the sidecar began, and the share "
                      "of all that was refused: by a limit of the desk, or by the venue.",
                      (Query(f"sum by (strategy) (trading_orders_filled_total{_ONE}) / "
                             f"sum by (strategy) (trading_orders_submitted_total{_ONE})", "{{strategy}}"),
                       Query("(sum(trading_orders_rejected_total) or vector(0)) / (sum(trading_orders_submitted_total)"
                             " + (sum(trading_orders_rejected_total) or vector(0)))", "refused, all")),
                      Look("percentunit", 0, 0, 1), page="positions"),
                lines("Order Fill Time", "Market time from an order to its last fill: half and 95 of 100 were faster.",
                      (Query(quantile(0.5, "trading_order_fill_time_seconds", window="5m"), "p50"),
                       Query(quantile(0.95, "trading_order_fill_time_seconds", window="5m"), "p95")),
                      Look("s", None, 0), page="positions"),
            )
        ),
        Row(
            (
                lines("Market Data Quality", "Age of the underlyings' data (95 of 100 reports), how many underlyings "
                      "are stale, and the quality of the worst. Data of 5 s warns, of 10 s trips.",
                      (Query(quantile(0.95, "trading_market_data_age_seconds", "symbol"), "{{symbol}} age p95"),
                       Query("trading_market_data_stale", "stale underlyings"),
                       Query("trading_market_data_quality_ratio", "worst quality")),
                      Look("s", None, 0, steps=((None, GREEN), (5, AMBER), (10, RED))), page="data_quality", marks=True)
                .showing("stale underlyings", unit="none")
                .showing("worst quality", unit="percentunit"),
                lines("Circuit Breaker Triggers", "What shut the breaker, repeats too, in five minutes.",
                      (Query("sum by (reason) (increase(trading_circuit_breaker_triggers_total[5m])) > 0",
                             "{{reason}}"),),
                      Look("none", 0, 0), page="emergency", stacked=True),
            )
        ),
        Row(
            (
                gauge("ML Model Accuracy", "Of predictions that were on record before their outcome: the share that "
                      "was right, by family. A coin of three sides is right a third of the time.",
                      (Query("trading_ml_model_accuracy", "{{model}}"),),
                      Look("percentunit", 1, 0, 1, ((None, RED), (0.33, AMBER), (0.5, GREEN))),
                      page="model_accuracy", width=6),
                pie("ML Predictions Distribution", "Predictions on record, by what they signal.",
                    (Query("sum by (prediction) (trading_ml_predictions_total)", "{{prediction}}"),),
                    Look("none", 0), page="signals"),
                lines("System Errors", "Errors logged since the sidecar began, by the part of the desk.",
                      (Query("sum by (component, severity) (trading_system_errors_total)",
                             "{{component}} {{severity}}"),
                       Query("sum(trading_system_errors_total) or 0 * sum(trading_system_uptime_seconds)", "all")),
                      Look("none", 0, 0), page="system"),
            )
        ),
        Row(
            (
                lines("API Response Time", "Time to answer a request: half, 95 and 99 of 100, and the slowest routes.",
                      (Query(quantile(0.5, "trading_api_request_duration_seconds", window="1m"), "p50"),
                       Query(quantile(0.95, "trading_api_request_duration_seconds", window="1m"), "p95"),
                       Query(quantile(0.99, "trading_api_request_duration_seconds", window="1m"), "p99"),
                       Query("topk(3, sum by (endpoint) (rate(trading_api_request_duration_seconds_sum[1m])) / "
                             "(sum by (endpoint) (rate(trading_api_request_duration_seconds_count[1m])) > 0))",
                             "mean {{endpoint}}")),
                      Look("s", None, 0), page="system", width=24),
            )
        ),
    ),
    (STRATEGY,),
)  # fmt: skip
