"""What the desk says to a ticket before it is sent: the gate's answer, the limits, the book before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts import asked, charts, commands, legs, reads, scenario_figures, tables, verdict_figures
from pages.parts.picture import Picture
from pages.parts.words import clock, money, number, phrase, plain

Row = dict[str, Any]
TOLD = "ticket-told"


def ask(orders: list[Row], typed: Sequence[legs.Leg]) -> None:
    """Ask the desk what these orders would do, and keep its answer beside them."""
    told = commands.ask(reads.shared().desk, lambda desk: desk.what_if(orders))
    st.session_state[TOLD] = {**told, "orders": orders, "legs": list(typed)}


def draw(picture: Picture, orders: list[Row]) -> None:
    """The answer to the last question; ``orders`` are what the ticket says now."""
    told = st.session_state.get(TOLD)
    if told is None:
        st.caption(
            "“What if” asks the desk: every limit before and after, Greeks, margin, the worst case. Nothing is sent."
        )
        return
    st.subheader("What it would do")
    if not told["ok"]:
        st.error(f"**The desk did not judge it.** {plain(told['detail'], 500)}", icon=":material/block:")
        return
    answer = told["answer"]
    st.caption(f"Judged at {clock(answer.get('timestamp'))}; the market has moved since.")
    if orders != told["orders"]:
        st.warning(
            "The ticket was changed since: this is the answer to what stood there before.", icon=":material/edit:"
        )
    for order, leg in zip(answer["orders"], told["legs"], strict=True):
        _headline(order, (leg.contract or {}).get("lot_size"))
    _largest(answer["orders"], told["legs"])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**Limits before and with it**")
        _limits(answer["orders"])
    with right:
        st.markdown("**The book before and with it**")
        for fund in answer["funds"]:
            _book(fund, picture.currency)
    _map(picture, told["orders"])


def _headline(order: Row, lot_size: Any) -> None:
    words = plain(legs.said(order, lot_size))
    if order["accepted"]:
        only = " It only reduces risk, so most limits are not asked." if order.get("reduces_only") else ""
        st.success(f"**Would pass.** {words}.{only}", icon=":material/check:")
    else:
        why = f"{phrase(order.get('limit_name'))}: " if order.get("limit_name") else ""
        st.error(
            f"**Would be refused.** {words}. {plain(why)}{plain(order.get('detail'), 500)}", icon=":material/block:"
        )


def _largest(orders: list[Row], typed: list[legs.Leg]) -> None:
    """The largest size with which all of them pass, as the desk gives it."""
    sizes = [int(order.get("largest_quantity") or 0) for order in orders]
    if not all(sizes):
        st.markdown(
            "**No size passes** as it stands: what refuses it does not ask about the size, or one lot is too many."
        )
        return
    told = [
        f"{number(size, 0)} ({size / int((leg.contract or {}).get('lot_size') or 1):g} lots) {plain(order['symbol'])}"
        for size, leg, order in zip(sizes, typed, orders, strict=True)
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**The largest size that passes:** {' with '.join(told)}; one lot more does not.")
        st.button("Use it", key="ticket-largest", on_click=legs.set_lots, args=(sizes, typed))


def _limits(orders: list[Row]) -> None:
    chosen = 0
    if len(orders) > 1:
        picked = st.segmented_control("Order", range(len(orders)), default=len(orders) - 1, required=True,
                                      format_func=lambda at: f"Order {at + 1}", key="ticket-order")  # fmt: skip
        chosen = min(int(picked or 0), len(orders) - 1)
    rows = orders[chosen]["limits"]
    if not rows:
        st.caption("No limit was measured: the contract or its price is unknown.")
        return
    charts.draw(verdict_figures.limits(rows), key="ticket-limits",
                    alt="Each limit before and with the order")  # fmt: skip
    st.markdown(verdict_figures.breached(rows))


def _book(fund: Row, currency: str) -> None:
    rows = verdict_figures.book(fund, currency)
    tables.show(rows, verdict_figures.BOOK, f"ticket-book-{fund['fund_id']}", 14)
    before, after = (fund[when]["tail"] for when in ("before", "after"))
    st.caption(
        f"Fund {plain(fund['fund_id'])}. Worst of the stresses: {money(before.get('worst'), currency)} "
        f"({plain(before.get('worst_case') or 'nothing held')}) before, {money(after.get('worst'), currency)} "
        f"({plain(after.get('worst_case') or 'nothing held')}) with it."
    )


def _map(picture: Picture, orders: list[Row]) -> None:
    """The map of the fund's book with the order on top, or without."""
    st.markdown("**P&L of the book if the market moved**")
    shown = st.segmented_control("Map", ["with the order", "as it is"], default="with the order", required=True,
                                 key="ticket-map", label_visibility="collapsed")  # fmt: skip
    signed = {"buy": 1, "sell": -1}
    extra = [{"symbol": row["symbol"], "quantity": signed[row["side"]] * row["quantity"]} for row in orders]
    fund = str(orders[0]["fund_id"])
    laid = {"extra": extra} if shown == "with the order" else {}
    question = {**asked.question(fund), "strategy": "", "underlying": "", **laid}
    answer, why = asked.answer(question)
    if answer is None:
        st.caption(f"unknown: {plain(why)}")
        return
    worst = answer["worst"]
    case = f" at {plain(worst['case'])}" if worst.get("case") else ""
    st.markdown(f"The worst of these, {shown}: **{money(_negative(worst.get('loss')), picture.currency)}**{case}.")
    charts.draw(scenario_figures.heat(answer, picture.currency), key="ticket-heat",
                    alt="P&L over spot and volatility, with the order on top")  # fmt: skip


def _negative(loss: Any) -> Any:
    return None if loss is None else -loss
