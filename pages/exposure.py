"""Greeks and exposure: what are we exposed to?"""

from typing import Any

import streamlit as st

from pages.parts import charts, choice, exports, exposure_figures, figures, live, quotes, reads, tables
from pages.parts import exposure_tables as exposure
from pages.parts.picture import ALL, Picture
from pages.parts.words import known, money, number, percent, plain

Row = dict[str, Any]
EVERY_S = 3.0


def above() -> None:
    """What a refresh leaves alone: the fund, and what the table is cut by. Both can be sent as an address."""
    choice.draw()
    st.segmented_control(
        "Cut by", exposure.CUTS, default="underlying", key="by",
        required=True, bind="query-params", label_visibility="collapsed",
    )  # fmt: skip


def draw(picture: Picture) -> None:
    """What a move costs, in words; the table; where it sits; how near the limits are."""
    picture = choice.narrowed(picture)
    fund = "" if picture.fund == ALL else picture.fund
    told, why = reads.shared().told(f"greeks {fund}", EVERY_S, lambda desk: desk.greeks(fund_id=fund))
    lines = [row for row in (told or {}).get("lines") or () if isinstance(row, dict)]
    cells(picture, _of(lines, "underlying") if told else None)
    if told is None:
        st.info(f"Exposure is unknown: {plain(why)}")
        return
    if why and not picture.problem:
        st.warning(f"What follows is the last that the desk told: {plain(why)}", icon=":material/history:")
    if not lines:
        st.info("The book is flat: no open position, no exposure.")
        return
    sentences(_of(lines, "underlying"), picture.currency)
    doubts(_of(lines, "leg"))
    table(picture, lines)
    where(picture, lines)


def cells(picture: Picture, lines: list[Row] | None) -> None:
    """The book's Greeks in money."""
    currency = picture.currency

    def cash(field: str) -> str:
        return money(
            exposure.total(row.get(field) for row in lines) if lines is not None else None, currency, signed=True
        )

    shown = (
        ("Delta cash", cash("delta_cash"), "delta times the spot, account currency"),
        ("Gamma of 1 %", cash("gamma_pnl"), "what gamma adds to the P&L of a 1 % move either way"),
        ("Vega", cash("vega"), "account currency per volatility point (0.01)"),
        ("Theta", cash("theta"), "account currency per calendar day"),
        ("Rho", cash("rho"), "account currency per percentage point of the rate"),
    )
    for cell, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, border=True, help=note)


def sentences(lines: list[Row], currency: str) -> None:
    """What a small move of each underlying makes or costs, from the Greeks: larger ones are on Scenarios."""
    for line in lines:
        name = plain(line.get("underlying"))
        st.markdown(
            f"**{name}**: a 1 % rise {exposure.costs(exposure.move(line, 1), currency)}, "
            f"a 1 % fall {exposure.costs(exposure.move(line, -1), currency)}; "
            f"a volatility point up {exposure.costs(line.get('vega'), currency)}; "
            f"a night {exposure.costs(line.get('theta'), currency)}."
        )
    st.caption("By the Greeks, so for small moves; Scenarios revalues the book in full for large ones.")


def doubts(legs: list[Row]) -> None:
    """Which of these numbers rest on marks that are not live."""
    for quality in ("stale", "missing"):
        own = [plain(row.get("key")) for row in legs if row.get("quality") == quality]
        if own:
            more = f" and {len(own) - 3} more" if len(own) > 3 else ""
            noun = "leg rests on a mark that is" if len(own) == 1 else "legs rest on marks that are"
            st.warning(f"{len(own)} {noun} {quality}: {', '.join(own[:3])}{more}", icon=":material/history:")


def table(picture: Picture, lines: list[Row]) -> None:
    """The table that is chosen, with second-order Greeks where legs can be added up."""
    by = str(st.session_state.get("by") or "underlying")
    rows, columns = _of(lines, by), exposure.EXPOSURE
    if by == "expiry":
        columns = {name: told for name, told in columns.items() if name not in exposure.SECOND}
    else:
        rows = exposure.with_second_order(rows, second_order(picture))
    tables.show(rows, columns, f"exposure-{by}", 14)
    exports.draw(f"exposure-by-{by}", table=lambda: tables.frame(rows, columns))


def second_order(picture: Picture) -> list[Row]:
    """Every leg with vanna, volga and charm; unknown where the chain is."""
    positions = picture.positions or []
    contracts: list[Row] = []
    for name in sorted({str(row.get("underlying")) for row in positions}):
        told, _ = quotes.contracts(name)
        contracts += told or []
    return exposure.second_order(positions, contracts)


def where(picture: Picture, lines: list[Row]) -> None:
    """By expiry, strike and strategy; how concentrated it is; how near the limits."""
    positions, currency = picture.positions or [], picture.currency
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Vega and theta by expiry")
        expiries = exposure.summed(positions, "expiry", ("vega", "theta"))
        charts.draw(exposure_figures.by_expiry(expiries, currency), key="by-expiry",
                        alt="Vega and theta of each expiry")  # fmt: skip
        missing(expiries, "vega")
        st.subheader("Delta cash by strategy")
        strategies = _of(lines, "strategy")
        charts.draw(exposure_figures.delta_cash(strategies, currency), key="delta-cash",
                        alt="Delta cash of each strategy")  # fmt: skip
        missing(strategies, "delta_cash")
    with right:
        st.subheader("Gamma by strike")
        for market in picture.markets:
            gamma(positions, market)
        st.subheader("Net Greeks and their limits")
        limits(picture)
    concentrations(picture, lines, expiries)


def gamma(positions: list[Row], market: Row) -> None:
    """One underlying's gamma along its strikes."""
    name = str(market.get("symbol"))
    rows = exposure.summed([row for row in positions if row.get("underlying") == name], "strike", ("gamma",))
    if not rows:
        return
    drawn = exposure_figures.gamma_by_strike(rows, name, market.get("spot_price"), market.get("forward"))
    charts.draw(drawn, key=f"gamma-{name}", alt=f"Gamma at each strike of {name}")
    missing(rows, "gamma")


def limits(picture: Picture) -> None:
    """How much of each limit on net Greeks is used."""
    if picture.limits is None:
        st.caption("unknown")
        return
    own = [
        row for row in picture.limits if row.get("scope") == picture.fund and str(row.get("name")).startswith("net_")
    ]
    if not own:
        st.caption("No limit on net Greeks is loaded in this scope.")
        return
    charts.draw(figures.limit_bars(own), key="greek-limits",
                    alt="How much of each limit on net Greeks is used")  # fmt: skip
    st.caption("Each limit is on the absolute position Greek of the underlying that has most of it.")


def concentrations(picture: Picture, lines: list[Row], expiries: list[Row]) -> None:
    """Where most of it sits."""
    st.subheader("Concentration")
    cuts = (
        ("delta cash", "leg", _of(lines, "leg"), "delta_cash", "key"),
        ("vega", "leg", _of(lines, "leg"), "vega", "key"),
        ("vega", "expiry", expiries, "vega", "expiry"),
        ("delta cash", "strategy", _of(lines, "strategy"), "delta_cash", "key"),
    )
    said = []
    for what, cut, rows, field, key in cuts:
        row, share = exposure.concentration(rows, field)
        if row is not None:
            said.append(f"- largest {cut} by {what}: **{plain(row.get(key))}**, {percent(share, 0)} of the gross")
        else:
            said.append(f"- largest {cut} by {what}: unknown, or there is none")
    largest = (picture.risk or {}).get("largest_position_percent")
    if known(largest) is not None:
        said.append(f"- largest position by margin, of the whole desk: {percent(largest, 1)} of capital")
    st.markdown("\n".join(said))


def missing(rows: list[Row], field: str) -> None:
    """Say what a figure had to leave out."""
    if count := exposure_figures.unknown(rows, field):
        st.caption(f"{number(count, 0)} not drawn: the {field.replace('_', ' ')} is unknown.")


def _of(lines: list[Row], by: str) -> list[Row]:
    return [row for row in lines if row.get("by") == by]


live.screen(draw, above=above, every=EVERY_S)
