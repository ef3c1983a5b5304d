"""What is kept of a run's reports: reasons that can be counted, and why trading stopped."""

from __future__ import annotations

import pytest

from sidecar.backtest.witness import in_words, stopped
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("price 24,700.05 is 4.10% from 23720", "price … is …% from …"),
        ("quantity -65 is below 0", "quantity … is below …"),
        ("NIFTY-20260929-FUT has expired", "NIFTY-…-FUT has expired"),
        ("no fresh quote", "no fresh quote"),
    ],
)
def test_a_reason_has_no_numbers(told: str, words: str) -> None:
    assert in_words(told) == words


def cause(trigger: Trigger, at: int, scope: str = "*") -> Cause:
    return Cause(trigger, at, "desk", "so it was", scope=scope)


def test_trading_stopped_by_the_first_cause_that_no_new_day_clears() -> None:
    causes = (cause(Trigger.DAILY_LOSS_LIMIT, 1), cause(Trigger.VIX_SPIKE, 3_000_000), cause(Trigger.VAR_LIMIT, 9))
    assert stopped(BreakerState(BreakerStatus.TRIPPED, causes)) == (
        "trading stopped at 1970-01-01T00:00:00.000009+00:00 by var_limit: so it was"
    )
    assert stopped(BreakerState(BreakerStatus.TRIPPED, causes[:1])) == ""
    assert stopped(BreakerState()) == ""


def test_a_strategy_that_lost_too_often_is_stopped_too() -> None:
    lost = BreakerState(partial=(cause(Trigger.LOSS_STREAK, 0, "main/sma"),))
    assert "by loss_streak" in stopped(lost)
