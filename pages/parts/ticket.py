"""The order ticket: legs as they are typed, then "What if", then "Send order …". It sends nothing by itself."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import choice, legs, quotes, reads, sending, verdict
from pages.parts.picture import ALL
from pages.parts.visitor import visitor
from pages.parts.words import UNKNOWN, age, clock, number, one_line, plain

Row = dict[str, Any]
_SIDES = {"buy": "Buy", "sell": "Sell"}
_RIGHTS = {"CE": "Call (CE)", "PE": "Put (PE)", "": "Future"}


@st.fragment
def draw() -> None:
    """The whole ticket; what is done on it runs it alone, and no timer does."""
    picture = reads.shared().picture()
    names = [str(row.get("symbol")) for row in picture.markets]
    if not names:
        st.info("No underlying is listed, so there is nothing to order.")
    fund = _fund([str(row.get("fund_id")) for row in picture.funds], choice.narrowed(picture).fund)
    typed = [_leg(number, names, first=at == 0) for at, number in enumerate(legs.numbers())]
    lacking = [f"leg {at} lacks {leg.lacks()}" for at, leg in enumerate(typed, 1) if leg.lacks()]
    with st.container(horizontal=True):
        asked = st.button("What if", key="ticket-what-if", type="primary", icon=":material/help_center:",
                          help="The desk judges these orders and sends nothing.")  # fmt: skip
        may = visitor().may("trader")
        why = "You confirm below." if may else "Only a trader's or an admin's key may send orders."
        sent = st.button("Send order …", key="ticket-send", icon=":material/send:", disabled=not may, help=why)
        st.button("Add leg", key="ticket-add", icon=":material/add:", on_click=legs.add,
                  disabled=len(typed) >= legs.MOST)  # fmt: skip
        st.button(
            "Refresh quotes", key="ticket-refresh", icon=":material/refresh:", on_click=legs.fill_prices, args=(names,)
        )
    if (asked or sent) and lacking:
        st.warning(f"Nothing was asked: {plain('; '.join(lacking), 400)}.", icon=":material/edit:")
    elif asked or sent:
        orders = [leg.order(fund) for leg in typed]
        with st.spinner("The desk judges the ticket …"):
            verdict.ask(orders, typed)
        if sent:
            sending.prepare(orders, typed)
    sending.draw()
    verdict.draw(picture, [] if lacking else [leg.order(fund) for leg in typed])


def _fund(funds: list[str], chosen: str) -> str:
    if len(funds) < 2:
        return funds[0] if funds else "main"
    start = funds.index(chosen) if chosen != ALL and chosen in funds else 0
    return str(st.selectbox("Order for fund", funds, index=start, key="ticket-fund", persist_state="session",
                            format_func=lambda name: one_line(name, 60)))  # fmt: skip


def _leg(leg: int, names: list[str], *, first: bool) -> legs.Leg:
    """One row: contract, side, lots, limit price, and below it what is quoted."""
    suffix = "" if first else f" {leg}"
    pick, contract, side, lots, price, gone = st.columns([1.1, 3, 1.6, 1.2, 1.5, 0.7], vertical_alignment="bottom")
    fill: Row = {"on_change": legs.fill_price, "args": (leg, names), "persist_state": "session"}
    with pick:
        _picker(leg, names, suffix)
    contract.text_input(f"Contract{suffix}", key=legs.key("contract", leg), max_chars=64, **fill,
                        placeholder="NIFTY24600CE")  # fmt: skip
    side.segmented_control(f"Side{suffix}", list(_SIDES), format_func=_SIDES.__getitem__, default="buy", required=True,
                           key=legs.key("side", leg), **fill)  # fmt: skip
    lots.number_input(f"Lots{suffix}", min_value=1, value=1, step=1, key=legs.key("lots", leg), persist_state="session")
    price.number_input(f"Limit price{suffix}", min_value=0.0, value=None, step=0.05, format="%.2f",
                       key=legs.key("price", leg), persist_state="session",
                       placeholder="from the quote")  # fmt: skip
    gone.button("Remove", key=legs.key("remove", leg), on_click=legs.remove, args=(leg,),
                disabled=len(legs.numbers()) == 1, type="tertiary")  # fmt: skip
    found = legs.read(leg, names)
    _quoted(found)
    return found


def _quoted(leg: legs.Leg) -> None:
    """What is quoted of the leg's contract and how old that is, or why there is no such contract."""
    if not leg.text.strip():
        st.caption("Type a contract (an id of the chain, or the short form), or pick one. Prices are per unit.")
    elif leg.contract is None:
        st.error(f"No such contract: {plain(leg.why, 400)}", icon=":material/search_off:")
        if leg.candidates:
            st.markdown("Candidates: " + " · ".join(plain(one) for one in leg.candidates[:12]))
    else:
        row = leg.contract
        at = clock(row.get("updated_at"))
        st.caption(
            f"{plain(row['symbol'])} · bid **{number(row.get('bid'))}** × {number(row.get('bid_size'), 0)} · "
            f"ask **{number(row.get('ask'))}** × {number(row.get('ask_size'), 0)} · last {number(row.get('last'))} · "
            f"quoted at {at if at != UNKNOWN else 'no time'}, {age(row.get('age_s'))} old when read · "
            f"lot {number(row.get('lot_size'), 0)}"
        )


def _picker(leg: int, names: list[str], suffix: str) -> None:
    """Underlying, expiry, right, strike: the contract's id goes into its field."""
    with st.popover("Pick", icon=":material/list:", key=legs.key("pick", leg), on_change="rerun") as opened:
        if not opened.open:
            return
        name = st.selectbox(f"Pick underlying{suffix}", names, key=legs.key("underlying", leg))
        rows, why = quotes.contracts(str(name)) if name else (None, "nothing is listed")
        if rows is None:
            st.caption(f"unknown: {plain(why)}")
            return
        expiry = st.selectbox("Expiry", sorted({str(row["expiry"]) for row in rows}), key=legs.key("expiry", leg))
        own = [row for row in rows if str(row["expiry"]) == expiry]
        rights = sorted({str(row.get("option_type") or "") for row in own}, key=list(_RIGHTS).index)
        right = st.selectbox("Right", rights, format_func=_RIGHTS.__getitem__, key=legs.key("right", leg))
        own = [row for row in own if str(row.get("option_type") or "") == right]
        own.sort(key=lambda row: row.get("strike") or 0.0)
        middle = min(range(len(own)), key=lambda at: _off_the_money(own[at]), default=0)
        symbols = {str(row["symbol"]): row for row in own}
        symbol = st.selectbox("Strike", list(symbols), index=middle if own else None, key=legs.key("strike", leg),
                              format_func=lambda one: _strike(symbols.get(one, {})))  # fmt: skip
        st.button("Use this contract", key=legs.key("use", leg), on_click=_use, args=(leg, symbol, names),
                  disabled=symbol is None)  # fmt: skip


def _use(leg: int, symbol: str, names: list[str]) -> None:
    st.session_state[legs.key("contract", leg)] = symbol
    legs.fill_price(leg, names)


def _off_the_money(row: Row) -> float:
    return abs(float(row.get("strike") or 0.0) - float(row.get("forward") or 0.0))


def _strike(row: Row) -> str:
    strike = number(row.get("strike"), 0) if row.get("strike") else "future"
    return f"{strike}   {number(row.get('bid'))} / {number(row.get('ask'))}"
