"""Volatility: what is volatility priced at?"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts import charts, choice, exports, live, quoted, reads, surface_figures, tables, volatility_figures
from pages.parts.picture import Picture
from pages.parts.tables import Columns
from pages.parts.words import UNKNOWN, age, clock, number, percent, phrase, plain

Row = dict[str, Any]
EVERY_S = 4.0
FIT: Columns = {
    **{name: words for name, words in tables.SMILE.items() if name != "underlying"},
    "days": ("Days", "%,.2f", "calendar days to the expiry"),
    "outside": ("Outside", "%,d", "quotes whose bid and ask the fitted volatility does not lie between now"),
    "term_slope": ("Term slope", "%+,.2f", "how the ATM volatility changes to the next expiry, a year"),
}
_WORDS = {
    "good": "fitted, free of butterfly arbitrage",
    "coarse": "fitted to fewer or worse quotes than a full fit wants: read its wings with care",
    "flat": "one volatility for every strike: too few quotes for a shape",
    "missing": "nothing to fit",
}
SHAPES = ("Map", "Body")
AXES = ("Strike", "Moneyness")


def draw(picture: Picture) -> None:
    """The level in cells, then the view that is open, and how good each fit is."""
    if not (underlying := choice.underlying(picture)):
        return
    found, why = quoted.surface(underlying)
    if found is None:
        st.info(f"The surface is unknown: {plain(why)}")
        return
    if why:
        st.warning(f"The surface is as it was last read: {plain(why)}", icon=":material/history:")
    expiries = list(found.get("expiries") or ())
    cells(found["market"], expiries)
    doubts(expiries)
    _DRAWN.get(choice.chosen("view"), smile)(found, expiries)
    fits(found, expiries)


def cells(market: Row, expiries: list[Row]) -> None:
    """The level: at the money near and next, skew, and the index."""
    near, following = [*expiries, {}, {}][:2]
    shown = (
        ("ATM, nearest", percent(near.get("atm_iv")), plain(near.get("expiry") or "no expiry")),
        ("ATM, next", percent(following.get("atm_iv")), plain(following.get("expiry") or "no second expiry")),
        ("25-delta skew", _points(near.get("skew_25")), "points, put less call"),
        ("VIX", number(market.get("vix")), phrase(market.get("condition") or "unknown")),
        ("Spot", number(market.get("spot_price")), f"{age(market.get('age_s'))} old"),
    )
    for cell, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def doubts(expiries: list[Row]) -> None:
    """Every smile that is less than a full fit, said in words."""
    if not expiries:
        st.info("No volatility is fitted yet.")
    for row in expiries:
        word = str(row.get("quality") or "missing")
        if word != "good":
            st.warning(f"**{plain(row.get('expiry'))} is {plain(word)}**: {_WORDS.get(word, 'unknown')}.",
                       icon=":material/help:")  # fmt: skip


def smile(_: Row, expiries: list[Row]) -> None:
    """Quotes and curves of one expiry, or of all."""
    wanted = choice.chosen("expiry")
    shown = [row for row in expiries if wanted in ("", "all", str(row.get("expiry")))]
    figure = volatility_figures.smiles(
        shown, choice.chosen("axis").lower() or "strike", f"{choice.chosen('underlying')}-{wanted}"
    )
    charts.draw(figure, key="smiles", alt="Quoted volatilities with bid and ask, and fitted smiles")
    st.caption(
        "A bar runs from the bid's volatility to the ask's. ● the fit lies between them, ✕ it does not, ◇ a side is "
        "not known. Out-of-the-money options alone. The fit is up to two seconds older than the quotes."
    )


def surface(found: Row, expiries: list[Row]) -> None:
    """The grid as a map or a body."""
    if not surface_figures.known_cells(found["grid"]):
        st.caption("unknown: there is no fitted surface now.")
        return
    make = surface_figures.body if choice.chosen("shape") == "Body" else surface_figures.heat
    figure = make(expiries, found["grid"], choice.chosen("underlying"))
    charts.draw(figure, key=f"surface-{make.__name__}", alt="Volatility by moneyness and expiry")
    if len(expiries) < 2:
        st.caption("One expiry alone: a surface needs two.")


def term(_: Row, expiries: list[Row]) -> None:
    """Level and skew by expiry."""
    charts.draw(volatility_figures.term(expiries, choice.chosen("underlying")), key="term",
                    alt="At-the-money volatility and skew by days to expiry")  # fmt: skip
    if len(expiries) < 2:
        st.caption("One expiry alone has no term structure.")


def history(*_: object) -> None:
    """What the desk has on record of the session; what this app saw, where it has nothing."""
    underlying = choice.chosen("underlying")
    rows, why = quoted.bars(underlying)
    source = "On record, minute by minute"
    if not rows:
        rows = quoted.seen(underlying)
        began = clock(rows[0]["timestamp"]) if rows else UNKNOWN
        told = f"the record is unknown ({plain(why)})" if why else "the desk keeps no bars while learning is off"
        source = f"As seen by this app since {began}, at most an hour; {told}"
    charts.draw(volatility_figures.session(rows, underlying), key="session",
                    alt="Volatility at the money and skew over the session")  # fmt: skip
    st.caption(f"{source}. {len(rows)} points.")


def fits(found: Row, expiries: list[Row]) -> None:
    """How good each fit is, and whether the surface is free of arbitrage."""
    st.markdown("**How good is the fit?**")
    if expiries:
        tables.show(fit_rows(expiries), FIT, "fits", 8)
    notes = found.get("arbitrage") or {}
    butterfly, calendar = number(notes.get("butterfly"), 0), number(notes.get("calendar"), 0)
    st.caption(f"Arbitrage on a dense grid: butterfly at {butterfly} points, calendar at {calendar}.")


def fit_rows(expiries: list[Row]) -> list[Row]:
    """The rows of the table."""
    made = []
    for row in expiries:
        years = row.get("years")
        quotes = row.get("quotes") or ()
        out = sum(volatility_figures.stance(quote) == "outside" for quote in quotes)
        made.append({**row, "days": None if years is None else years * 365, "outside": out if quotes else None})
    return made


_DRAWN: dict[str, Callable[[Row, list[Row]], None]] = {
    "Smile": smile,
    "Surface": surface,
    "Term structure": term,
    "Session": history,
}


def _points(value: object) -> str:
    return percent(value, 2, signed=True).removesuffix(" %")


def above() -> None:
    """What is looked at; an address with these choices shows the same to a colleague."""
    underlyings = [str(line.get("symbol")) for line in reads.shared().picture().markets]
    if not underlyings:
        return
    cells = st.columns([4, 8, 8, 3], vertical_alignment="bottom")
    with cells[0]:
        st.selectbox("Underlying", underlyings, key="underlying", bind="query-params")
    with cells[1]:
        views = list(_DRAWN)
        st.segmented_control("View", views, default=views[0], key="view", required=True, bind="query-params")
    with cells[2]:
        _choices()
    with cells[3]:
        exports.draw("smiles", table=_exported)


def _choices() -> None:
    """What belongs to the open view alone."""
    if choice.chosen("view") == "Surface":
        st.segmented_control("Drawn as", list(SHAPES), default="Map", key="shape", required=True,
                             bind="query-params")  # fmt: skip
    elif choice.chosen("view") in ("", "Smile"):
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        with left:
            st.selectbox(
                "Expiry", ["all", *quoted.expiries(choice.chosen("underlying"))], key="expiry", bind="query-params"
            )
        with right:
            st.segmented_control("Axis", list(AXES), default="Strike", key="axis", required=True,
                                 bind="query-params")  # fmt: skip


def _exported() -> Any:
    found, _ = quoted.surface(choice.chosen("underlying"))
    return tables.frame(fit_rows(list((found or {}).get("expiries") or ())), FIT)


live.screen(draw, above=above, every=EVERY_S)
