"""Risk limits: how near is each limit?"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts import charts, choice, exports, limit_figures, limit_forms, limits_read, live, tables
from pages.parts.limit_words import at_orders, distinct, level, meaning, nearest, stated, where
from pages.parts.picture import Picture
from pages.parts.tables import Columns
from pages.parts.visitor import visitor
from pages.parts.words import known, money, number, phrase, plain

Row = dict[str, Any]
EVERY_S = 2.0
#: What is let through: every line that says something of its own, every line, or those of one kind of scope.
LEVELS = ("Distinct", "All scopes", "Desk", "Fund", "Strategy", "Underlying")
#: What is let through: its statuses, all of them where there are none.
NEAR: dict[str, tuple[str, ...]] = {"All": (), "Warning or worse": ("warn", "breach"), "Unknown": ("unknown",)}
CUTS = ("Position", "Strategy", "Underlying")
LINE: Columns = {
    "name": ("Limit", "phrase", ""),
    "where": ("Scope", "text", "whose limit it is"),
    "value": ("Now", "measured", "in the limit's own unit"),
    "limit": ("Limit at", "measured", "in the same unit"),
    "unit": ("Unit", "text", ""),
    "utilization": ("Used", "%,.0f %%", "value as a share of the limit; warns from 80 %"),
    "status": ("Status", "text", "ok, warn, breach, unknown or off"),
    "confirmations": ("Seen", "%d", "how many looks in a row have found it broken; some limits need several"),
    "what": ("What it measures", "text", ""),
    "does": ("At the limit", "text", "what the desk does"),
}
GATE = tables.pick(LINE, ("name", "limit", "unit", "what", "does"))
SET: Columns = {"where": LINE["where"], **tables.pick(LINE, ("name", "limit", "unit"))}
TAIL: Columns = {
    "where": LINE["where"],
    "var_95": ("VaR 95 %", "%,.0f", "one-day loss that one day in twenty exceeds, account currency"),
    "var_95_error": ("±", "%,.0f", "standard error of it, account currency"),
    "var_99": ("VaR 99 %", "%,.0f", "one-day loss that one day in a hundred exceeds, account currency"),
    "es_975": ("ES 97.5 %", "%,.0f", "mean loss of the worst day in forty, one day, account currency"),
    "worst": ("Worst scenario", "%,.0f", "largest loss over the scenario grid, account currency"),
    "worst_case": ("Which", "text", "the scenario that loses most"),
    "method": ("Method", "text", "historical, filtered (rescaled to today's volatility) or implied (no history)"),
    "days": ("Moves", "%,d", "how many one-day moves it rests on"),
}
FUND: Columns = {
    "where": LINE["where"],
    "capital": ("Capital", "%,.0f", "account currency"),
    "used_margin": ("Margin used", "%,.0f", "account currency"),
    "available_margin": ("Available", "%,.0f", "account currency"),
    "utilization": ("Used", "%,.1f %%", "margin used as a share of capital"),
    "quality": ("Data", "text", "live, stale or missing"),
}


def draw(picture: Picture) -> None:
    """The view that is open, as the desk stands now."""
    if picture.status is None:
        st.info("Nothing to show yet: the desk was never seen.")
        return
    _DRAWN.get(choice.chosen("view"), limits)(picture)


def limits(_: Picture) -> None:
    """Every limit, the nearest first; then what binds orders, and what was set where."""
    found, why = limits_read.limits()
    if found is None:
        st.info(f"The limits are unknown: {plain(why)}")
        return
    if why:
        st.warning(f"The limits are as they were last read: {plain(why)}", icon=":material/history:")
    if not found["limits"]:
        st.error("No limits are loaded: nothing may trade.")
        return
    lines = scoped(found["lines"])
    counted(lines)
    shown = chosen(lines)
    if left := choice.chosen("level") in ("", "Distinct") and len(found["lines"]) - len(lines):
        st.caption(f"{number(left, 0)} lines of funds say what the desk's do and are left out; All scopes has them.")
    if shown:
        charts.draw(limit_figures.bars(shown, f"{choice.chosen('level')}-{choice.chosen('near')}-{len(shown)}"),
                        key="limit-bars", alt="How much of each limit is used")  # fmt: skip
        tables.show(rows_of(shown), LINE, "limit-lines", 14)
    else:
        st.caption("No limit answers to these choices.")
    gate = at_orders(found["limits"], found["lines"])
    if gate:
        st.markdown("**Held against each order** (these have no value between orders)")
        tables.show(rows_of(gate), GATE, "gate", 10)
    narrower = [
        {"name": name, "limit": value, "scope": scope}
        for scope, row in found["set"].items() for name, value in row.items() if scope != "*"
    ]  # fmt: skip
    st.markdown("**Set below the desk**")
    if narrower:
        tables.show(rows_of(narrower), SET, "set-below", 8)
    else:
        st.caption("Nothing: the desk's own limits bind every fund.")


def counted(lines: list[Row]) -> None:
    """How many are in which state, and the nearest in words."""
    counts = {word: sum(line.get("status") == word for line in lines) for word in ("breach", "warn", "ok", "unknown")}
    first = next((line for line in nearest(lines) if known(line.get("utilization")) is not None), None)
    cells = st.columns([1, 1, 1, 1, 3])
    for cell, (word, count) in zip(cells, counts.items(), strict=False):
        cell.metric({"breach": "In breach", "warn": "Warning"}.get(word, word.capitalize()), number(count, 0),
                    border=True)  # fmt: skip
    if first is not None:
        near = f"{plain(stated(first.get('name'), first.get('value')))} · {plain(where(first.get('scope')))}"
        share = number(100 * float(first["utilization"]), 0)
        cells[-1].metric(f"Nearest: {phrase(first.get('name'))}", f"{share} %", near, delta_color="off",
                         delta_arrow="off", border=True)  # fmt: skip


def chosen(lines: list[Row]) -> list[Row]:
    """The lines of the states that are looked at, the nearest first."""
    states = NEAR.get(choice.chosen("near"), ())
    return [line for line in nearest(lines) if not states or line.get("status") in states]


def scoped(lines: list[Row]) -> list[Row]:
    """The lines of the scopes that are looked at."""
    at = choice.chosen("level").lower() or "distinct"
    if at == "distinct":
        return distinct(lines)
    return [line for line in lines if at in ("all scopes", level(line.get("scope")))]


def rows_of(lines: list[Row]) -> list[Row]:
    """The lines with their words."""
    return [{**line, "where": where(line.get("scope", "*")), **meaning(line.get("name"))._asdict()} for line in lines]


def history(_: Picture) -> None:
    """What was broken and when, and all that the breaker went through."""
    rows, why = limits_read.events()
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
        return
    if not rows:
        st.info("No event is on record: the breaker was never triggered.")
        return
    charts.draw(limit_figures.timeline(rows), key="timeline", alt="The breaker's events over time")
    found, why = limits_read.breaches()
    st.markdown("**Breaches of limits on record**")
    if found is None:
        st.caption(f"unknown: {plain(why)}")
    elif found["history"]:
        tables.show(found["history"], tables.HISTORY, "breaches", 8)
    else:
        st.caption("None: what the breaker went through was done by hand.")
    st.markdown("**All that the breaker went through**, newest first")
    tables.show(rows, tables.HISTORY, "breaker-history", 12)


def margin(picture: Picture) -> None:
    """What is bound and free, who binds it, and what a bad day could cost."""
    found, why = limits_read.capital()
    currency = picture.currency
    if found is None:
        st.caption(f"Margin unknown: {plain(why)}")
    else:
        funds = [*found["funds"], found["total"]]
        charts.draw(limit_figures.funds(funds, currency), key="fund-margins",
                        alt="Margin used and available by fund")  # fmt: skip
        tables.show([{**row, "where": where(row["fund_id"]), "utilization": row.get("capital_utilization")}
                     for row in funds], FUND, "funds", 8)  # fmt: skip
    tail(picture)
    contributions(picture)


def tail(picture: Picture) -> None:
    """VaR and expected shortfall over one day, and the worst of the scenarios."""
    st.markdown("**What a bad day could cost**")
    if picture.risk is None:
        st.caption(f"unknown: {plain(picture.missing.get('risk', 'the risk was never read'))}")
        return
    rows = list(picture.risk.get("tail") or ())
    if not rows:
        st.caption("unknown: the tail has not been worked out yet.")
        return
    tables.show([{**row, "where": where(row.get("fund_id"))} for row in rows], TAIL, "tail", 8)
    worst = max((found for row in rows if (found := known(row.get("worst"))) is not None), default=None)
    st.caption(f"One day ahead, by full revaluation; losses are positive. Worst of the scenarios: "
               f"{money(worst, picture.currency)}.")  # fmt: skip


def contributions(picture: Picture) -> None:
    """Margin of each position by itself."""
    st.markdown("**Who binds margin**")
    if picture.positions is None:
        st.caption(f"unknown: {plain(picture.missing.get('positions', 'the book was never read'))}")
    elif not picture.positions:
        st.caption("The book is flat: nothing is bound.")
    else:
        by = choice.chosen("by").lower() or "position"
        figure = limit_figures.margins(limits_read.cut(picture.positions, by)[:30], picture.currency, by)
        charts.draw(figure, key=f"margins-{by}", alt=f"Margin by {by}")
        st.caption("Each position as if it stood alone, so the sum is more than the fund binds: legs hedge each other.")


_DRAWN = {"Limits": limits, "Breaches": history, "Margin and tail": margin}


def above() -> None:
    """The view and its filters; an address with them shows the same to a colleague. Then the change of a limit."""
    cells = st.columns([5, 3, 5, 2, 2], vertical_alignment="bottom")
    with cells[0]:
        _control("View", "view", list(_DRAWN))
    if choice.chosen("view") == "Limits":
        cells[1].selectbox("Scope", LEVELS, key="level", bind="query-params", label_visibility="collapsed")
    filters = {"Limits": ("near", list(NEAR)), "Margin and tail": ("by", CUTS)}
    if (found := filters.get(choice.chosen("view"))) is not None:
        with cells[2]:
            _control(found[0], *found)
    with cells[3]:
        note = None if visitor().may("admin") else "Needs an admin's key, which is asked for and used once."
        if st.button("Change …", key="limit-open", icon=":material/tune:", help=note):
            limit_forms.change_dialog()
    if (made := _EXPORTS.get(choice.chosen("view"))) is not None:
        with cells[4]:
            exports.draw(choice.chosen("view").lower(), table=made)


def _control(label: str, key: str, options: Sequence[str]) -> None:
    # The words themselves stand in the address, so they are the options.
    st.segmented_control(label, options, default=options[0], key=key, required=True, bind="query-params",
                         label_visibility="collapsed")  # fmt: skip


def _lines() -> Any:
    found, _ = limits_read.limits()
    return tables.frame(rows_of(nearest((found or {}).get("lines") or ())), LINE)


def _events() -> Any:
    return tables.frame(limits_read.events()[0] or [], tables.HISTORY)


_EXPORTS = {"Limits": _lines, "Breaches": _events}

live.screen(draw, above=above, every=EVERY_S)
