"""Market: what is quoted, and who holds what?"""

from typing import Any

import streamlit as st

from pages.parts import chain_ladder, chain_tables, charts, choice, exports, live, market_figures, quoted, reads
from pages.parts.chain_tables import Line
from pages.parts.picture import Picture
from pages.parts.words import UNKNOWN, age, known, number, percent, phrase, plain

Row = dict[str, Any]
EVERY_S = 2.0


def draw(picture: Picture) -> None:
    """The header, the ladder, then where the interest lies, how volatility runs, and the day."""
    if not (underlying := choice.underlying(picture)):
        return
    expiry = choice.chosen("expiry")
    found, why = quoted.chain(underlying, expiry)
    if found is None:
        st.info(f"The chain is unknown: {plain(why)}")
        return
    if why:
        st.warning(f"The chain is as it was last read: {plain(why)}", icon=":material/history:")
    # Without a choice it is the nearest: expiries do not mix in one ladder.
    expiry = expiry or str(found["market"].get("expiry") or "")
    lines = chain_tables.pivot([row for row in found["contracts"] if str(row.get("expiry")) == expiry])
    forward = _forward(lines, found["market"], expiry)
    header(found["market"], found["contracts"], lines, forward, expiry)
    refused(picture, underlying)
    if not lines:
        st.info("No option is listed on it now: the chain is empty.")
        return
    ladder(picture, lines, found["market"], forward)
    left, right = st.columns(2, gap="medium")
    with left:
        interest(lines, found["market"], expiry)
    with right:
        st.markdown("**Volatility by strike**")
        charts.draw(market_figures.volatilities(_near(lines, forward), forward, f"{underlying}-{expiry}"),
                        key="chain-volatilities", alt="Implied volatility by strike")  # fmt: skip
    day(underlying)


def header(market: Row, contracts: list[Row], lines: list[Line], forward: float | None, expiry: str) -> None:
    """Where the market is: each number with its unit, and how old it is."""
    spot, mine = known(market.get("spot_price")), str(market.get("expiry")) == expiry
    basis = None if spot is None or forward is None else forward - spot
    atm = chain_tables.at_the_money(lines, forward)
    pair = [] if atm is None else [side for side in (lines[atm].call, lines[atm].put) if side]
    source = "of the nearest expiry alone"
    volatility = market.get("atm_iv") if mine else next((row.get("iv") for row in pair), None)
    shown = (
        ("Spot", number(spot), f"{age(market.get('age_s'))} old, {phrase(market.get('quality') or 'unknown')}"),
        ("Forward", number(forward), f"basis {number(basis, 2, signed=True)} points"),
        ("ATM volatility", percent(volatility), "a year"),
        ("VIX", number(market.get("vix")), phrase(market.get("condition") or "unknown")),
        ("Put/call OI", number(market.get("pcr")) if mine else UNKNOWN, "ratio" if mine else source),
        ("Max pain", number(market.get("max_pain"), 0) if mine else UNKNOWN, "strike" if mine else source),
        ("Expires in", number(market.get("days_to_expiry")) if mine else UNKNOWN, f"days · {plain(expiry)}"),
    )  # fmt: skip
    for cell, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)
    futures = [row for row in contracts if not row.get("option_type")]
    if futures:
        told = (f"{plain(row.get('symbol'))} {number(row.get('bid'))} / {number(row.get('ask'))}" for row in futures)
        st.caption("Futures, bid / ask: " + " · ".join(told))


def refused(picture: Picture, underlying: str) -> None:
    """The quotes that the desk did not believe."""
    line = ((picture.quality or {}).get("symbols") or {}).get(underlying) or {}
    reasons = {name: count for name, count in (line.get("refused_by_reason") or {}).items() if count}
    if reasons:
        told = ", ".join(f"{plain(phrase(name))} {number(count, 0)}" for name, count in reasons.items())
        st.caption(f"Quotes refused since the desk began, and so not below: {told}. More on Data quality.")


def ladder(picture: Picture, lines: list[Line], market: Row, forward: float | None) -> None:
    """The chain itself."""
    shown = _near(lines, forward)
    table = chain_tables.frame(
        shown,
        choice.chosen("columns"),
        quoted.opening(choice.chosen("underlying")),
        chain_ladder.held(picture.positions),
        _stale_s(picture),
        chain_ladder.marks(shown, market, forward),
    )
    chain_ladder.show(table, forward, "chain", "Option chain: calls left of the strike, puts right")
    note = "The book is unknown, so nothing held is marked. " if picture.positions is None else ""
    if all(cell != cell for cell in table.get("call_open_interest", [0.0])):
        note += "Open interest is unknown: this feed does not tell it. "
    st.caption(
        f"{len(shown)} of {len(lines)} strikes. {note}Blue: in the money. Amber: at the money. Green: held. "
        "Red: crossed, locked, stale or without a quote."
    )


def interest(lines: list[Line], market: Row, expiry: str) -> None:
    """Where contracts are open."""
    st.markdown("**Open interest by strike**")
    sides = [row for line in lines for row in (line.call, line.put) if row]
    if all(known(row.get("open_interest")) is None for row in sides):
        st.caption("unknown: this feed does not tell open interest.")
        return
    pain = known(market.get("max_pain")) if str(market.get("expiry")) == expiry else None
    figure = market_figures.interest(lines, known(market.get("spot_price")), pain, f"{market.get('symbol')}-{expiry}")
    charts.draw(figure, key="interest", alt="Open interest of calls and puts by strike")


def day(underlying: str) -> None:
    """Spot and index over the day."""
    st.markdown("**Spot and volatility index over the session**")
    rows, why = quoted.bars(underlying)
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif rows:
        charts.draw(market_figures.day(rows, underlying), key="day",
                        alt="Spot and volatility index over the session")  # fmt: skip
    else:
        st.caption("No minute is on record yet: the desk keeps bars while learning is on.")


def _near(lines: list[Line], forward: float | None) -> list[Line]:
    return chain_tables.near(lines, forward, chain_tables.WIDTHS.get(choice.chosen("width"), 10))


def _forward(lines: list[Line], market: Row, expiry: str) -> float | None:
    sides = (row for line in lines for row in (line.call, line.put) if row)
    told = next((at for row in sides if (at := known(row.get("forward"))) is not None), None)
    return known(market.get("forward")) if told is None and str(market.get("expiry")) == expiry else told


def _stale_s(picture: Picture) -> float | None:
    return next((known(line.get("limit")) for line in picture.limits or () if line.get("name") == "stale"), None)


def above() -> None:
    """What is looked at; an address with these choices shows the same to a colleague."""
    underlyings = [str(line.get("symbol")) for line in reads.shared().picture().markets]
    if not underlyings:
        return
    cells = st.columns([4, 4, 5, 6, 3], vertical_alignment="bottom")
    with cells[0]:
        st.selectbox("Underlying", underlyings, key="underlying", bind="query-params")
    expiries = quoted.expiries(choice.chosen("underlying"))
    with cells[1]:
        st.selectbox("Expiry", expiries, key="expiry", bind="query-params", placeholder="none listed")
    with cells[2]:
        st.segmented_control("Strikes each side", list(chain_tables.WIDTHS), default="10", key="width", required=True,
                             bind="query-params")  # fmt: skip
    with cells[3]:
        st.segmented_control("Columns", list(chain_tables.VIEWS), default="Quotes", key="columns", required=True,
                             bind="query-params")  # fmt: skip
    with cells[4]:
        exports.draw("chain", table=_exported)


def _exported() -> Any:
    found, _ = quoted.chain(choice.chosen("underlying"), choice.chosen("expiry"))
    lines = chain_tables.pivot((found or {}).get("contracts") or ())
    return chain_tables.frame(lines, "All", quoted.opening(choice.chosen("underlying")), {})


live.screen(draw, above=above, every=EVERY_S)
