"""Overview: how are we doing, and what needs me now?"""

import streamlit as st

from pages.parts import charts, choice, day, exports, figures, live, panel, reads, tables, ways
from pages.parts.needs import GRADES, needs, unread
from pages.parts.picture import Picture
from pages.parts.words import UNKNOWN, age, arrow, known, money, number, percent, phrase, plain

#: The tops of the page, in the order in which they stand there; filled at every refresh.
PLACES: dict[str, st.delta_generator.DeltaGenerator] = {}
#: Needs that are told one by one, and limits that are drawn.
MOST_NEEDS, MOST_LIMITS = 8, 12


def draw(picture: Picture) -> None:
    """What needs a person, the day's money, the market, the line; then limits, Greeks, and who made the P&L."""
    picture = choice.narrowed(picture)
    with PLACES["needs"], st.container():
        needed(picture)
    if picture.status is None:
        st.info("Nothing to show yet: the desk was never seen. Start it with `python -m sidecar up`.")
        return
    figures_of_the_day(picture)
    market(picture)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("P&L over the day")
        line(picture)
        st.subheader("P&L by fund and strategy")
        made(picture)
    with right:
        st.subheader("Limits used")
        limits(picture)
        st.subheader("Greeks by underlying")
        greeks(picture)


def needed(picture: Picture) -> None:
    """What needs a person now, each with the way to where one acts."""
    seen = day.seen(picture)
    found, missing = needs(seen), unread(seen)
    for need in found[:MOST_NEEDS]:
        icon, word = GRADES[need.grade]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{icon} {word} · {need.says}", width="stretch")
            ways.to(need.page, **dict(need.query))
    if len(found) > MOST_NEEDS:
        st.caption(f"And {len(found) - MOST_NEEDS} more; the bars and pages below say which.")
    if missing:
        names = ", ".join(plain(phrase(name)) for name in missing)
        why = plain(next(iter(missing.values())), 160)
        st.markdown(f":material/help: **Unknown whether {'more' if found else 'anything'} needs you**: {names} ({why})")
    elif not found:
        st.markdown(":material/task_alt: **Nothing needs you.**")


def figures_of_the_day(picture: Picture) -> None:
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


def market(picture: Picture) -> None:
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


def line(picture: Picture) -> None:
    """Today's line with its drawdown, halts and fills, or why there is none."""
    rows, why = reads.shared().equity(picture.fund)
    if why and not picture.problem:
        st.warning(f"The day's line may be old or missing: {plain(why)}", icon=":material/help:")
    if rows:
        figure = figures.equity_line(
            rows,
            picture.currency,
            events=day.events(),
            fills=day.fills(picture.fund),
            simulated=picture.simulated,
        )
        charts.draw(figure, key="equity", alt=_told(picture))
        note, last = st.columns([5, 1], vertical_alignment="center")
        note.caption("Shaded: below the day's best. Triangles: bought ▲, sold ▼. Lines across: halts and resets.")
        with last:
            exports.draw("pnl-today", table=lambda: day.table(picture.fund))
    elif rows is not None:
        st.info("No point of today's line yet: the desk records one a second once it is running.")


def _told(picture: Picture) -> str:
    pnl = money((picture.totals or {}).get("daily_pnl"), picture.currency, signed=True)
    return f"Line of the profit and loss over the day, now {pnl}, with the drawdown shaded and halts and fills marked"


def made(picture: Picture) -> None:
    """Who made the day's P&L: each fund of the desk, each strategy of the fund that is looked at."""
    funds, strategies, why = day.makers(picture)
    if why:
        st.caption(f"By strategy: unknown: {plain(why)}")
    if not picture.positions and picture.positions is not None:
        st.info("The book is flat: no open position.")
    for name, rows in (("funds", funds if len(funds) > 1 else []), ("strategies", strategies)):
        if rows:
            figure = figures.pnl_bars(rows, picture.currency, f"made-{name}-{picture.fund}")
            charts.draw(figure, key=f"made-{name}", alt=f"Today's P&L by {name}, the best first")
    if picture.awaiting:
        st.caption(f"Expired, awaiting settlement: {plain(', '.join(picture.awaiting))}")


def limits(picture: Picture) -> None:
    """How near each rail is, the nearest first."""
    if picture.limits is None:
        st.caption("unknown")
        return
    desk = [line for line in picture.limits if line.get("scope") == picture.fund] or picture.limits
    if not desk:
        st.error("No limits are loaded: nothing may trade.")
        return
    top = day.nearest(desk)[:MOST_LIMITS]
    charts.draw(figures.limit_bars(top), key="limits",
                    alt="How much of each limit is used, the most used first")  # fmt: skip
    if left := len(desk) - len(top):
        st.caption(f"{left} more are used less, or off.")


def greeks(picture: Picture) -> None:
    """The fund's Greeks, a row an underlying."""
    if picture.greeks is None:
        st.caption("unknown")
    elif not picture.greeks:
        st.caption("No position, no Greeks.")
    else:
        tables.show(picture.greeks, tables.GREEK, "overview-greeks", 6)


def above() -> None:
    """What a refresh leaves alone: the choice of a fund, the live panel of it."""
    choice.draw()
    PLACES["needs"] = st.container(key="needs", border=True)
    picture = choice.narrowed(reads.shared().picture())
    panel.draw(picture.fund)


live.screen(draw, above=above, every=2.0)
