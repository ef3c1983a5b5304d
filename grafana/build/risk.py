"""Risk and Greeks: what the book is worth, what moves it, and how near it is to its limits."""

from __future__ import annotations

from grafana.build.dashboard import STRATEGY, UNDERLYING, Dashboard, Row
from grafana.build.main import BREAKER, STATES
from grafana.build.panels import (
    AMBER,
    GREEN,
    ORANGE,
    RED,
    Look,
    Panel,
    Query,
    bars,
    lines,
    quantile,
    stat,
    states,
    table,
)

_ON = '{underlying=~"$underlying"}'
_SYMBOL = '{symbol=~"$underlying"}'
_ONE = '{strategy=~"$strategy"}'
_MONEY = Look("currencyINR", 0)


def _greek(name: str, unit: str, description: str, width: int) -> Panel:
    metric = f"trading_portfolio_{name}{_ON}"
    return lines(f"Portfolio {name}", description, (Query(metric, "{{underlying}}"),), Look(unit), page="exposure",
                 width=width)  # fmt: skip


_CONDITION = (
    'sum(trading_market_condition{condition="elevated"})'
    ' + 2 * sum(trading_market_condition{condition="high_stress"})'
    ' + 3 * sum(trading_market_condition{condition="extreme"}) + 4 * sum(trading_market_condition{condition="halted"})'
    ' + 5 * sum(trading_market_condition{condition="unknown"})'
)
_CONDITIONS = Look(
    words={0: ("normal", GREEN), 1: ("elevated", AMBER), 2: ("high stress", ORANGE), 3: ("EXTREME", RED),
           4: ("HALTED", RED), 5: ("unknown", AMBER)}
)  # fmt: skip

RISK = Dashboard(
    "risk-greeks",
    "Deskwatch: risk and Greeks",
    "What the book is worth, what moves it, how near it is to its limits, and what the market does meanwhile.",
    (
        Row(
            (
                lines("Profit and loss", "Of the day, realised and unrealised, all funds, in the account currency.",
                      (Query("trading_daily_pnl", "of the day"), Query("trading_realized_pnl", "realised"),
                       Query("trading_unrealized_pnl", "unrealised")), _MONEY, page="", width=10),
                stat("Of the day", "Share of the capital that the day has brought.",
                     (Query("trading_daily_pnl_ratio", "P&L"),),
                     Look("percentunit", 2, steps=((None, RED), (0, GREEN))), page="performance", width=4),
                stat("Tail", "What a day loses at most 19 days of 20 (VaR), and on average on the worst day of 40.",
                     (Query("trading_var_95", "VaR 95 %"), Query("trading_expected_shortfall_975", "ES 97.5 %")),
                     _MONEY, page="exposure", width=5),
                stat("Drawdown", "Deepest fall from the peak, and each fund's now. Trading is off at 8 %.",
                     (Query("trading_max_drawdown", "deepest"), Query("trading_fund_drawdown", "{{fund_id}} now")),
                     Look("percentunit", 2, 0, None, ((None, GREEN), (0.064, AMBER), (0.08, RED))),
                     page="performance", width=5),
            ),
            title="Money",
        ),
        Row(
            (
                lines("Capital", "All funds: whole, bound in margin, free for more; in the account currency.",
                      (Query("trading_capital_total", "whole"), Query("trading_capital_used", "used"),
                       Query("trading_capital_available", "available")), _MONEY, page="performance", width=8),
                lines("Margin", "Used and available, and the share of the capital that is in use.",
                      (Query("trading_margin_used", "used"), Query("trading_margin_available", "available"),
                       Query("trading_capital_utilization", "utilisation")), _MONEY, page="exposure", width=8)
                .showing("utilisation", unit="percent"),
                lines("Funds", "Value of each fund.", (Query("trading_fund_value", "{{fund_id}}"),), _MONEY,
                      page="performance", width=8),
            )
        ),
        Row(
            (
                _greek("delta", "none", "Units of the underlying that the book is long.", 8),
                _greek("gamma", "none", "How much delta changes with a point of the underlying.", 8),
                _greek("vega", "currencyINR", "What a volatility point brings.", 8),
            ),
            title="Greeks",
        ),
        Row(
            (
                _greek("theta", "currencyINR", "What a calendar day brings.", 8),
                _greek("rho", "currencyINR", "What a percentage point of the rate brings.", 8),
                lines("Market value by strategy", "Of open positions; a short's is negative.",
                      (Query(f"trading_positions_value{_ONE}", "{{strategy}}"),), _MONEY, page="positions", width=8),
            )
        ),
        Row(
            (
                bars("Limits", "Value over limit, of the scope that is nearest. 80 % warns; at 100 % orders are "
                     "refused or trading is off.",
                     (Query("sort_desc(trading_limit_utilization_ratio)", "{{limit_type}}"),),
                     Look("percentunit", 0, 0, 1, ((None, GREEN), (0.8, AMBER), (1, RED))), page="limits", width=8),
                lines("Limits broken", "Times in a quarter of an hour, by limit.",
                      (Query("sum by (limit_type) (increase(trading_risk_limit_breaches_total[15m])) > 0",
                             "{{limit_type}}"),),
                      Look("none", 0, 0), page="limits", width=8, stacked=True),
                states("Breaker", "What it was. What holds it off now has its cause beside it.",
                       (Query(BREAKER, "breaker"),), STATES, page="emergency", width=8),
            ),
            title="Rails",
        ),
        Row(
            (
                stat("Trading", "Whether the breaker holds trading off.",
                     (Query("trading_circuit_breaker_active", "trading"),),
                     Look(words={0: ("orders pass", GREEN), 1: ("HELD OFF", RED)}), page="emergency", width=5,
                     graph=False),
                stat("Overrides and causes", "Whether named limits may pass, and what holds all trading off, and who.",
                     (Query("trading_override_active", "override"),
                      Query("sum by (reason, by) (trading_circuit_breaker_cause) + 1", "{{reason}} by {{by}}")),
                     Look(words={0: ("none", GREEN), 1: ("LIMITS MAY PASS", ORANGE), 2: ("HOLDS", RED)}),
                     page="emergency", width=7, graph=False),
                stat("Explained", "Whether the day's P&L is explained by what moved the book, and whether the book can "
                     "be valued at all.",
                     (Query("trading_pnl_residual_active", "explain"), Query("2 + trading_market_blind", "valuation")),
                     Look(words={0: ("explained", GREEN), 1: ("RESIDUAL", ORANGE), 2: ("valued", GREEN),
                                 3: ("BLIND", RED)}), page="explain", width=6, graph=False),
                stat("Drill and heartbeats", "Market time since a stop was last rehearsed, and since the last sign of "
                     "life of each armed client.",
                     (Query("trading_drill_age_seconds", "drill"),
                      Query("trading_heartbeat_age_seconds", "{{client}}")),
                     Look("s", 0, 0), page="emergency", width=6),
            ),
            height=5,
        ),
        Row(
            (
                lines("Underlyings", "Price of each.", (Query(f"trading_underlying_price{_SYMBOL}", "{{symbol}}"),),
                      Look("none", 2), page="market", width=8),
                lines("At-the-money volatility", "Of the nearest expiry, and the volatility index.",
                      (Query(f"trading_atm_iv{_SYMBOL}", "{{symbol}}"), Query("trading_market_vix / 100", "VIX")),
                      Look("percentunit", 1), page="volatility", width=8),
                lines("Puts over calls", "Open interest of puts over calls, of the nearest expiry.",
                      (Query(f"trading_put_call_ratio{_SYMBOL}", "{{symbol}}"),), Look("none", 2, 0), page="market",
                      width=8),
            ),
            title="Market",
        ),
        Row(
            (
                states("Market condition", "The gravest of any underlying.", (Query(_CONDITION, "condition"),),
                       _CONDITIONS, page="market", width=8),
                lines("Option spreads", "Bid to ask over the middle: half and 95 of 100 quotes are closer.",
                      (Query(quantile(0.5, "trading_option_spread_ratio", "symbol"), "{{symbol}} p50"),
                       Query(quantile(0.95, "trading_option_spread_ratio", "symbol"), "{{symbol}} p95")),
                      Look("percentunit", 1, 0), page="volatility", width=8),
                stat("Next expiry", "Days and time to the nearest expiry of each underlying.",
                     (Query(f"trading_days_to_expiry{_SYMBOL}", "{{symbol}}, days"),
                      Query(f"trading_time_to_expiry_seconds{_SYMBOL}", "{{symbol}}")),
                     Look("s", 1, 0), page="volatility", width=4, graph=False)
                .showing("/days/", unit="d"),
                stat("Session", "Whether the exchange trades, and when this session closes.",
                     (Query("trading_session_open", "session"),
                      Query("trading_session_close_timestamp_seconds * 1000", "closes")),
                     Look(words={0: ("closed", AMBER), 1: ("open", GREEN)}), page="market", width=4, graph=False)
                .showing("closes", unit="dateTimeAsIso", mappings=[]),
            )
        ),
        Row(
            (
                table("Strategies", "Closed round trips since the book began, after fees; today's since the open.",
                      (Query(f"sum by (strategy) (trading_strategy_avg_pnl{_ONE})"),
                       Query(f"sum by (strategy) (trading_strategy_sharpe_ratio{_ONE})"),
                       Query(f"sum by (strategy) (trading_strategy_trades_today{_ONE})"),
                       Query(f"sum by (strategy) (trading_trades_profit_total{_ONE})"),
                       Query(f"sum by (strategy) (trading_trades_loss_total{_ONE})"),
                       Query(f"sum by (strategy) (trading_stop_losses_triggered_total{_ONE})")),
                      {"strategy": "Strategy", "Value #A": "Mean P&L", "Value #B": "Sharpe of round trips",
                       "Value #C": "Today", "Value #D": "Won", "Value #E": "Lost", "Value #F": "Closed at a stop"},
                      page="performance", width=12, key="strategy"),
                lines("Round trips by what they earned", "How many earned at most so much, by strategy: half of them, "
                      "and nine of ten.",
                      (Query(f"histogram_quantile(0.5, sum by (le) (trading_trades_pnl_bucket{_ONE}))", "median"),
                       Query(f"histogram_quantile(0.9, sum by (le) (trading_trades_pnl_bucket{_ONE}))", "9 of 10")),
                      _MONEY, page="performance", width=12),
            ),
            title="Strategies and orders",
        ),
        Row(
            (
                lines("Orders", "Sent, filled and cancelled, a minute.",
                      (Query(f"60 * sum by (order_type) (rate(trading_orders_submitted_total{_ONE}[5m]))",
                             "sent {{order_type}}"),
                       Query(f"60 * sum(rate(trading_orders_filled_total{_ONE}[5m]))", "filled"),
                       Query(f"60 * sum by (reason) (rate(trading_orders_cancelled_total{_ONE}[5m]))", "{{reason}}")),
                      Look("none", 2, 0), page="positions"),
                lines("Orders refused", "Since the sidecar began, by what refused them, and those of which the venue "
                      "owes an answer.",
                      (Query(f"sum by (strategy, reason) (trading_orders_rejected_total{_ONE})",
                             "{{strategy}}: {{reason}}"),
                       Query("trading_orders_unconfirmed", "unconfirmed now")),
                      Look("none", 0, 0), page="limits"),
            )
        ),
    ),
    (STRATEGY, UNDERLYING),
)  # fmt: skip
