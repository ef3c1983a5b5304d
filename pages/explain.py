"""P&L explain: why is the P&L what it is?"""

from __future__ import annotations

import streamlit as st

from pages.parts import charts, choice, explained, exports, live, reads, tables, waterfall
from pages.parts.picture import Picture
from pages.parts.words import arrow, clock, money, plain

LABELS = {"legs": "symbol", "strategies": "strategy", "funds": "fund_id"}


def draw(picture: Picture) -> None:
    """The waterfall of what is chosen, what is left over, then who made which part."""
    totals = choice.narrowed(picture).totals or {}
    pnl = totals.get("daily_pnl")
    st.metric("P&L today, by the books", arrow(pnl) + money(pnl, picture.currency, signed=True))
    told, why = explained.told()
    if told is None:
        st.info(f"The explain is unknown: {plain(why)}")
        return
    if why:
        st.warning(f"The explain is of {clock(told.get('timestamp'))} and may be old: {plain(why)}")
    lines, currency = list(told["lines"]), str(told.get("currency") or picture.currency)
    if not lines:
        st.info("Nothing was held today: there is no P&L to explain.")
        return
    line = chosen(lines, choice.narrowed(picture).fund)
    if line is None:
        st.info("This fund held nothing today: there is no P&L to explain.")
        return
    alarm()
    found = explained.ledger(line)
    name = "explain-" + "-".join(part.replace("*", "all") for part in str(line.get("id")).split("/"))
    figure = waterfall.waterfall(found, currency, name, bool(told.get("simulated")))
    charts.draw(figure, key="waterfall", alt="Waterfall of the P&L by its parts, summing to the total")
    sums, said = explained.verdict(found, currency)
    st.markdown(f"{'✓' if sums else '⚠'} {plain(said)} {explained.residual(line, currency)}")
    st.caption(f"{plain(told.get('day'))}, as of {clock(told.get('timestamp'))}, before what the next report moves.")
    split(lines, line, currency)


def chosen(lines: list[explained.Row], fund: str) -> explained.Row | None:
    """The line that is chosen, else the total of the fund; a leg that has gone is no choice any more."""
    found = explained.within(lines, fund)
    return next((line for line in found if line.get("id") == st.session_state.get("of")), next(iter(found), None))


def alarm() -> None:
    """The desk's own alarm on what is left over."""
    rows, why = explained.alarms()
    if rows is None:
        st.caption(f"Whether the desk's alarm speaks is unknown: {plain(why)}")
        return
    for row in rows[:3]:
        st.error(f"**{plain(row.get('title'))}** {plain(row.get('message'))}", icon=":material/error:")
    if not rows:
        st.caption(":material/check: The desk's alarm on the unexplained is silent.", help=explained.RULE)


def split(lines: list[explained.Row], line: explained.Row, currency: str) -> None:
    """Legs, strategies or funds inside the line: each with its parts."""
    level = str(st.session_state.get("split") or "legs")
    rows = explained.at_level(lines, level, line)
    if not rows:
        st.caption("No line of this kind.")
        return
    figure = waterfall.by_part(rows, LABELS[level], currency)
    charts.draw(figure, key="by-part", alt="Each line's P&L by part")
    tables.show(rows, explained.LINE, "explain-lines", 14)


def export() -> None:
    """Every line of every level, as it stands when it is asked for."""
    desk = reads.shared().desk
    exports.draw("pnl-explain", table=lambda: tables.frame(desk.explain()["lines"], explained.LINE))


def above() -> None:
    """The choices, which a refresh leaves alone; each is part of the address."""
    told, _ = explained.told()
    lines = list((told or {}).get("lines") or ())
    choice.draw()
    left, middle, right = st.columns([4, 3, 1], vertical_alignment="bottom")
    titles = {str(line["id"]): explained.title(line) for line in explained.within(lines, fund())}
    left.selectbox("Of", list(titles), format_func=lambda name: titles.get(name, name), key="of", bind="query-params")
    middle.segmented_control("Below, by", list(LABELS), default="legs", key="split", bind="query-params",
                             format_func=str.capitalize)  # fmt: skip
    with right:
        export()


def fund() -> str:
    """The fund that the session looks at."""
    return choice.narrowed(reads.shared().picture()).fund


live.screen(draw, above=above, every=2.0)
