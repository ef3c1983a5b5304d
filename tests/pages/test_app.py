"""The app as a whole: every page in every state renders, carries the state and STOP, and says the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from math import nan
from pathlib import Path

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import reads
from sidecar.domain.analytics import FitQuality, SmileLine
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.report import Condition, LimitLine, LimitStatus, Quality
from tests.pages.conftest import PAGES, Shown, words
from tests.servers.desk import CALL, EXPIRY, T0, Desk, fund, position

Show = Callable[..., Shown]
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) **bold** $\\LaTeX$ :red[red]"


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
    "200 positions": lambda: changed(positions=tuple(position(id=f"p{n}") for n in range(200))),
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


@pytest.mark.parametrize("state", STATES)
def test_every_page_renders_in_every_state_with_the_state_and_stop_on_it(shown: Show, state: str) -> None:
    app = shown(STATES[state]())
    for page in PAGES:
        at = app.open(page)
        assert not at.exception, page
        assert at.button(key="stop-open").label == "STOP", page
        assert "SIMULATED MARKET" in words(at), page
        assert "live" in words(at), page


def test_the_app_opens_on_the_overview(shown: Show, repository: Path) -> None:
    shown()
    at = AppTest.from_file(str(repository / "app.py"), default_timeout=30).run()
    assert not at.exception
    assert at.metric[0].label == "P&L today"
    assert at.button(key="stop-open").label == "STOP"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("one position", "TRADING ALLOWED"),
        ("emergency stop", "EMERGENCY STOP"),
        ("tripped", "TRIPPED by a limit"),
        ("market halt", "MARKET HALT"),
        ("disabled", "DISABLED by hand"),
    ],
)
def test_the_breaker_is_said_in_words(shown: Show, state: str, word: str) -> None:
    at = shown(STATES[state]()).open()
    assert word in words(at)


def test_a_halt_says_why(shown: Show) -> None:
    assert "daily loss limit" in words(shown(STATES["tripped"]()).open())
    assert "only reduce it still pass" in words(shown(STATES["tripped"]()).open())


def test_a_strategy_that_is_shut_and_answers_that_the_venue_owes_are_said(shown: Show) -> None:
    told = words(shown(STATES["shut in part"]()).open())
    assert "TRADING ALLOWED" in told
    assert "SHUT: main/demo" in told
    assert "venue unconfirmed: 2" in told
    assert "positions closing" not in told


def test_a_dead_feed_a_blind_desk_and_a_closed_session_are_each_said(shown: Show) -> None:
    told = words(shown(STATES["feed down, blind, closed"]()).open())
    assert "FEED DOWN" in told
    assert "BLIND" in told
    assert "session closed" in told


def test_a_market_that_is_not_simulated_is_not_called_simulated(shown: Show) -> None:
    assert "SIMULATED" not in words(shown(changed(simulated=False)).open())


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_do_nothing(shown: Show, page: str) -> None:
    at = shown(STATES["hostile"]()).open(page)
    assert not at.exception
    for element in (*at.markdown, *at.caption, *at.warning):
        bare = re.sub(r"\\.", "", str(element.value))
        assert "<" not in bare
        assert "](" not in bare
        assert ":red" not in bare


def test_hostile_names_still_stand_in_the_table_as_they_were_written(shown: Show) -> None:
    at = shown(STATES["hostile"]()).open("positions")
    assert at.dataframe[0].value["strategy"].iloc[0] == HOSTILE


def test_unknown_numbers_are_dashes_and_never_zero(shown: Show) -> None:
    at = shown(STATES["nothing known"]()).open()
    cells = {cell.label: cell.value for cell in at.metric}
    assert cells["P&L today"] == cells["Open P&L"] == cells["Portfolio value"] == cells["Capital used"] == "–"
    assert at.dataframe[0].value[["current_price", "unrealized_pnl", "delta"]].isna().all(axis=None)


def test_a_flat_book_is_said_to_be_flat(shown: Show) -> None:
    for page in ("overview", "positions"):
        assert "The book is flat" in words(shown(STATES["empty"]()).open(page))


def test_a_desk_without_limits_says_that_nothing_may_trade(shown: Show) -> None:
    assert "nothing may trade" in words(shown(STATES["no limits"]()).open())


@pytest.mark.parametrize("page", PAGES)
def test_a_desk_that_was_never_seen_is_said_so_and_stop_stays(
    shown: Show, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown()
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:9")
    at = app.open(page)
    assert not at.exception
    assert "The sidecar does not answer" in words(at)
    assert "STATE UNKNOWN" in words(at)
    assert "TRADING ALLOWED" not in words(at)
    assert at.button(key="stop-open").label == "STOP"


@pytest.mark.parametrize("page", PAGES)
def test_a_silent_desk_leaves_its_last_picture_and_says_how_old_it_is(
    shown: Show, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PICTURE_EVERY_S", 0.0)
    app = shown()
    at = app.open(page)
    app.desk.age_s = 60.0
    at.run()
    assert not at.exception
    told = words(at)
    assert "was: TRADING ALLOWED" in told
    assert "OLD" in told
    assert "the desk is silent" in told
    assert len(at.metric) or page == "emergency"


@pytest.mark.parametrize("page", PAGES)
def test_without_a_key_only_what_is_public_is_shown_and_the_reason_is_said(shown: Show, page: str) -> None:
    at = shown(role=None).open(page)
    assert not at.exception
    told = words(at)
    assert "TRADING ALLOWED" in told
    assert "Positions unknown" in told
    assert "401" in told


def test_the_pnl_carries_its_sign_an_arrow_and_its_currency(shown: Show) -> None:
    desk = changed(funds=(fund(daily_pnl=-610.4, daily_pnl_percent=-0.0061, realized_pnl=Decimal(-3)),))
    cells = {cell.label: cell for cell in shown(desk).open().metric}
    assert cells["P&L today"].value == "▼ −₹610"
    assert cells["P&L today"].delta == "-0.61 %"


def test_the_markets_volatility_is_shown(shown: Show) -> None:
    line = msgspec.structs.replace(Desk().report.markets[0], vix=27.5, condition=Condition.ELEVATED)
    told = words(shown(changed(markets=(line,))).open())
    assert "27.5" in told
    assert "elevated" in told


def test_what_forwards_and_volatilities_rest_on_is_shown_or_said_to_be_unknown(shown: Show) -> None:
    smile = SmileLine("NIFTY", EXPIRY, 0.0033, 26_131.0, 0.4, 0.065, 1e-05, 0.0009, -0.3, 0.002, 0.01, 0.11, 0.012,
                      0.0007, 0.94, 60, FitQuality.COARSE)  # fmt: skip
    app = shown(changed(smiles=(smile,)))
    line = app.open().dataframe[-1].value.iloc[0]
    assert (line["forward"], line["forward_error"], line["quality"]) == (26_131.0, 0.4, "coarse")
    assert (line["atm_iv"], line["quotes_fitted"]) == (pytest.approx(11.0), 60)
    assert "No volatility is fitted yet" in words(shown(Desk()).open())
    assert "unknown: " in words(shown(role=None).open())


def test_the_contracts_of_the_book_stand_on_both_pages(shown: Show) -> None:
    for page in ("overview", "positions"):
        table = shown().open(page).dataframe[0].value
        assert table["symbol"].to_list() == [CALL.id]
