"""Scenarios: what would it cost if the market moved?"""

from typing import Any

import streamlit as st

from pages.parts import (
    asked,
    charts,
    choice,
    exports,
    live,
    payoff,
    reads,
    scenario_figures,
    stress_figures,
    tables,
    ticket,
)
from pages.parts.picture import Picture
from pages.parts.words import age, known, money, percent, plain

Row = dict[str, Any]
_VIEWS = ("Map", "Payoff", "Stresses", "Ticket")  # the words that stand in the address
LEG: tables.Columns = {
    "symbol": tables.POSITION["symbol"],
    "quantity": tables.POSITION["quantity"],
    "mark": tables.POSITION["current_price"],
    "iv": tables.POSITION["iv"],
    "vol_quality": ("Volatility", "text", "what it rests on: quoted, fitted, …"),
    "age_s": ("Age", "%,.1f s", "seconds since the quote"),
    "worst": ("In the worst cell", "%+,.0f", "the leg's P&L where the book loses most, account currency"),
}


def above() -> None:
    """What a refresh leaves alone: the question, and the ticket. Both keep what was typed."""
    choice.draw()
    view = st.segmented_control(
        "View", _VIEWS, default="Map", key="view", required=True, bind="query-params", label_visibility="collapsed"
    )
    if view == "Ticket":
        ticket.draw()
    else:
        asked.controls(reads.shared().picture())
    if view == "Map":
        st.toggle("Show each leg", key="legs", bind="query-params")


def draw(picture: Picture) -> None:
    """What is chosen, of the fund that is chosen."""
    picture = choice.narrowed(picture)
    view = str(st.session_state.get("view") or "Map")
    if view == "Ticket":
        return
    per_leg = bool(st.session_state.get("legs")) and view == "Map"
    question = asked.question(picture.fund, per_leg=per_leg)
    told, why = asked.answer(asked.line(question) if view == "Payoff" else question)
    cells(picture, told, view)
    if told is None:
        st.info(f"The answer is unknown: {plain(why)}")
        return
    if why and not picture.problem:
        st.warning(f"What follows is the last answer: {plain(why)}", icon=":material/history:")
    if not told["legs"]:
        st.info("Nothing is held here, so nothing moves: the book is flat.")
        return
    rests_on(told)
    {"Map": heat, "Payoff": drawn_payoff, "Stresses": stresses}[view](picture, told)


def cells(picture: Picture, told: Row | None, view: str) -> None:
    """The worst in four numbers."""
    found, currency = told or {}, picture.currency
    loss = known((found.get("worst") or {}).get("loss"))
    values = [known(row.get("pnl")) for row in found.get("stresses") or ()]
    worst = min((value for value in values if value is not None), default=None) if None not in values else None
    limit = next(
        (row for row in picture.limits or () if (row.get("name"), row.get("scope")) == ("stress_loss", picture.fund)),
        {},
    )
    shown = (
        (
            "Worst on the line" if view == "Payoff" else "Worst on the map",
            money(None if loss is None else -loss, currency, signed=True),
        ),
        ("Nothing moves but time", money(still(told), currency, signed=True)),
        ("Worst named stress", money(worst, currency, signed=True)),
        ("Stress loss, of its limit", f"{percent(limit.get('value'), 1)} of {percent(limit.get('limit'), 0)}"),
    )
    for cell, (label, value) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, border=True)


def still(told: Row | None) -> float | None:
    """What the book makes at the chosen day where neither spot nor volatility moves."""
    if told is None:
        return None
    return known(told["total"][0][told["spots"].index(0.0)][told["vols"].index(0.0)])


def rests_on(told: Row) -> None:
    """Which legs have no good price or volatility to start from, and of when the answer is."""
    bad = [
        plain(leg["symbol"])
        for leg in told["legs"]
        if known(leg.get("mark")) is None or leg.get("vol_quality") == "missing"
    ]
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        st.warning(f"No price or volatility to start from: {', '.join(bad[:3])}{more}. What rests on it is unknown.",
                   icon=":material/help:")  # fmt: skip
    oldest = max((value for leg in told["legs"] if (value := known(leg.get("age_s"))) is not None), default=None)
    simulated = " · simulated market" if told.get("simulated") else ""
    st.caption(
        f"{len(told['legs'])} legs revalued in full by the desk; the oldest quote was {age(oldest)} old{simulated}."
    )


def heat(picture: Picture, told: Row) -> None:
    """The map, its worst cell in a sentence, and each leg on demand."""
    worst, days = told["worst"], known(told["days"][0]) or 0.0
    if known(worst.get("loss")) is None:
        st.markdown("**The worst is unknown**: a part of the book cannot be valued.")
    else:
        capital = known((picture.totals or {}).get("capital"))
        share = f", {percent(worst['loss'] / capital, 1)} of capital" if capital else ""
        word = "costs" if worst["loss"] > 0 else "still makes"
        st.markdown(f"The worst of these {word} **{money(abs(worst['loss']), picture.currency)}**{share}: "
                    f"{plain(worst['case'])}.")  # fmt: skip
    figure = scenario_figures.heat(told, picture.currency, spot_of(picture, told))
    charts.draw(figure, key="map-heat", alt=f"P&L over spot and volatility, {days:.0f} days on")
    exports.draw("scenario-map", figure=figure)
    if told["legs"] and "pnl" in told["legs"][0]:
        by_leg(told)


def by_leg(told: Row) -> None:
    """Each leg's part of the worst cell."""
    at = scenario_figures.worst(scenario_figures.cells(told))
    rows = [{**leg, "worst": None if at is None else leg["pnl"][0][at[1]][at[0]]} for leg in told["legs"]]
    tables.show(rows, LEG, "map-legs", 12)
    exports.draw("scenario-legs", table=lambda: tables.frame(rows, LEG))


def drawn_payoff(picture: Picture, told: Row) -> None:
    """The lines now, at the chosen day and at the first expiry, and what they say."""
    markets = {str(row.get("symbol")): row for row in picture.markets}
    spots = {name: row.get("spot_price") for name, row in markets.items()}
    for sentence in payoff.words(told, picture.currency, spots):
        st.markdown(sentence)
    spot, market = spot_of(picture, told), market_of(picture, told)
    sigma = payoff.deviation(market, told["payoff"]["days"])
    figure = payoff.lines(told, picture.currency, spot, sigma)
    charts.draw(figure, key="payoff", alt="P&L over the spot, now, later and at expiry")
    shaded = (
        f"Shaded: one standard deviation to that expiry, ± {percent(sigma, 1)}, by the at-the-money volatility. "
        if sigma
        else ""
    )
    st.caption(f"{shaded}Legs that live on after the first expiry keep their own volatility.")
    exports.draw("payoff", figure=figure)


def stresses(picture: Picture, told: Row) -> None:
    """Each named stress, the worst on top, and the limit on what the worst may cost."""
    rows = told["stresses"]
    if not rows:
        st.info("No stress is named in data/reference/stresses.csv.")
        return
    whole = not (st.session_state.get("strategy") or st.session_state.get("underlying"))
    limit = stress_limit(picture) if whole else None
    figure = stress_figures.bars(rows, picture.currency, limit)
    charts.draw(figure, key="stresses", alt="P&L of each named stress, the worst on top")
    if limit is None:
        st.caption(
            "The limit on stress loss is of a whole fund's book; it is not drawn for a part, or where it is unknown."
        )
    shown = stress_figures.ordered(rows)
    tables.show(shown, stress_figures.STRESS, "stress-table", 12)
    exports.draw("stresses", table=lambda: tables.frame(shown, stress_figures.STRESS), figure=figure)


def stress_limit(picture: Picture) -> float | None:
    """The most that a stress may cost, in account currency: the limit is a fraction of the capital."""
    found = [
        row for row in picture.limits or () if (row.get("name"), row.get("scope")) == ("stress_loss", picture.fund)
    ]
    share, capital = known(found[0].get("limit")) if found else None, known((picture.totals or {}).get("capital"))
    return None if share is None or capital is None else share * capital


def market_of(picture: Picture, told: Row) -> Row | None:
    """The market line of the one underlying that the legs are of; None where there are several."""
    held = {str(leg["symbol"]).split("-")[0] for leg in told["legs"]}
    lines = [row for row in picture.markets if row.get("symbol") in held]
    return lines[0] if len(lines) == len(held) == 1 else None


def spot_of(picture: Picture, told: Row) -> float | None:
    """The level of that one underlying."""
    return known((market_of(picture, told) or {}).get("spot_price"))


live.screen(draw, above=above, every=asked.EVERY_S)
