"""Overview: how are we doing, and what needs me now?"""

import streamlit as st

from pages.parts import choice, figures, live, panel, reads, tables
from pages.parts.words import UNKNOWN, age, arrow, known, money, number, percent, phrase, plain


def draw(picture: reads.Picture) -> None:
    """The day's money, the market, then the line and the book beside limits and Greeks; of the fund that is chosen."""
    picture = choice.narrowed(picture)
    panel.keep()
    if picture.status is None:
        st.info("Nothing to show yet: the desk was never seen. Start it with `python -m sidecar up`.")
        return
    figures_of_the_day(picture)
    market(picture)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("P&L over the day")
        equity(picture)
        st.subheader("Positions")
        positions(picture)
        st.subheader("Greeks by underlying")
        greeks(picture)
        st.subheader("Forwards and volatility")
        smiles(picture)
    with right:
        st.subheader("Limits used")
        limits(picture)


def figures_of_the_day(picture: reads.Picture) -> None:
    """The day's money in five cells; the first is the one to look at."""
    totals, currency = picture.totals or {}, picture.currency
    working = UNKNOWN if picture.orders is None else len(picture.orders)
    pnl, opened = totals.get("daily_pnl"), totals.get("unrealized_pnl")
    realised = money(totals.get("realized_pnl"), currency, signed=True)
    fallen, free = percent(totals.get("drawdown")), money(totals.get("available_margin"), currency)
    first, *others = st.columns(5)
    first.metric(
        "P&L today",
        arrow(pnl) + money(pnl, currency, signed=True),
        _share(totals.get("daily_pnl_percent")),
        delta_color="orange" if (known(pnl) or 0) < 0 else "green",
        delta_arrow="off",
        delta_description="of capital",
        border=True,
        help="Realised and unrealised since the session's open, after fees.",
    )
    rest = (
        ("Open P&L", arrow(opened) + money(opened, currency, signed=True), f"realised {realised}"),
        ("Portfolio value", money(totals.get("portfolio_value"), currency), f"drawdown {fallen}"),
        ("Capital used", percent(totals.get("capital_utilization"), 1), f"{free} free"),
        ("Open positions", number(totals.get("total_positions"), 0), f"{working} working orders"),
    )
    for cell, (label, value, note) in zip(others, rest, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def _share(share: object) -> str | None:
    text = percent(share, 2, signed=True)
    return None if text == UNKNOWN else text.replace("−", "-")


def equity(picture: reads.Picture) -> None:
    """Today's line, or why there is none."""
    rows, why = reads.shared().equity(picture.fund)
    if why and not picture.problem:
        st.warning(f"The day's line may be old or missing: {plain(why)}", icon=":material/help:")
    if rows:
        st.plotly_chart(
            figures.equity_line(rows, picture.currency),
            key="equity",
            config={"displaylogo": False, "displayModeBar": False},
            alt="Profit and loss over the day",
        )
    elif rows is not None:
        st.info("No point of today's line yet: the desk records one a second once it is running.")


def positions(picture: reads.Picture) -> None:
    """The book in short; the whole of it is on Positions."""
    if picture.positions is None:
        st.caption("unknown")
    elif not picture.positions:
        st.info("The book is flat: no open position.")
    else:
        tables.show(picture.positions, tables.pick(tables.POSITION, tables.SHORT), "overview-positions", 10)
    if picture.awaiting:
        st.caption(f"Expired, awaiting settlement: {plain(', '.join(picture.awaiting))}")


def limits(picture: reads.Picture) -> None:
    """How near each rail is."""
    if picture.limits is None:
        st.caption("unknown")
        return
    desk = [line for line in picture.limits if line.get("scope") == picture.fund] or picture.limits
    if not desk:
        st.error("No limits are loaded: nothing may trade.")
        return
    st.plotly_chart(figures.limit_bars(desk), key="limits", config={"displaylogo": False, "displayModeBar": False},
                    alt="How much of each limit is used")  # fmt: skip


def greeks(picture: reads.Picture) -> None:
    """The fund's Greeks, a row an underlying."""
    if picture.greeks is None:
        st.caption("unknown")
    elif not picture.greeks:
        st.caption("No position, no Greeks.")
    else:
        tables.show(picture.greeks, tables.GREEK, "overview-greeks", 6)


def smiles(picture: reads.Picture) -> None:
    """What forwards and volatilities rest on, a row an expiry."""
    rows, why = reads.shared().smiles([str(line.get("symbol")) for line in picture.markets])
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif not rows:
        st.caption("No volatility is fitted yet.")
    else:
        tables.show(rows, tables.SMILE, "overview-smiles", 8)


def market(picture: reads.Picture) -> None:
    """A line an underlying: where the market is and how fresh that is."""
    condition = (picture.status or {}).get("market_condition") or {}
    for line in picture.markets:
        expiry = f"{plain(line.get('expiry') or UNKNOWN)} ({number(line.get('days_to_expiry'), 1)} days)"
        words = (
            f"**{plain(line.get('symbol'))}** spot **{number(line.get('spot_price'))}**",
            f"forward {number(line.get('forward'))}",
            f"ATM volatility {percent(line.get('atm_iv'), 1)}",
            f"volatility index {number(line.get('vix'))} ({phrase(line.get('condition') or 'unknown')})",
            f"expiry {expiry}",
            f"data {plain(line.get('quality') or 'unknown')}, {age(line.get('age_s'))} old",
        )
        st.markdown(" · ".join(words))
    if not picture.markets:
        index = number(condition.get("current_vix"))
        st.markdown(f"Volatility index **{index}** · market {phrase(condition.get('condition') or 'unknown')}")


def above() -> None:
    """What a refresh leaves alone: the choice of a fund, and the live panel of it."""
    choice.draw()
    panel.draw(choice.narrowed(reads.shared().picture()).fund)


live.screen(draw, above=above)
