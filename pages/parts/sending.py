"""Sending a ticket: the consequences, the last button, and what truly came of each order. A double click sends once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from pages.parts import commands, legs, reads, verdict
from pages.parts.words import UNKNOWN, measured, number, phrase, plain
from sidecar.client import Desk

Row = dict[str, Any]
#: What waits for "Send now": the orders, each with an id that the desk takes once, and what came of them.
WAITING = "ticket-waiting"
_REPEATED = "It was sent under an id that the desk takes once, so asking again cannot send it twice."


def prepare(orders: list[Row], typed: Sequence[legs.Leg]) -> None:
    """Hold these orders, as they are now, until a person confirms or takes them back."""
    sizes = [(leg.contract or {}).get("lot_size") for leg in typed]
    named = [{**order, "client_order_id": f"app-{secrets.token_hex(8)}"} for order in orders]
    st.session_state[WAITING] = {"orders": named, "sizes": sizes, "told": []}


def draw() -> None:
    """What is about to be sent, until it was; then what came of it."""
    if (held := st.session_state.get(WAITING)) is None:
        return
    with st.container(border=True, key="ticket-confirm"):
        place = st.empty()
        if not held["told"]:
            with place.container():
                if not _confirmed(held):
                    return
            place.empty()
        _outcomes(held)


def _confirmed(held: Row) -> bool:
    """The consequences and the last button; True once everything was sent or refused."""
    count = len(held["orders"])
    st.markdown(f"**Send {'this order' if count == 1 else f'these {count} orders, one after another'}?**")
    st.markdown("\n".join(f"- {plain(legs.said(one, size))}, limit, for today, fund {plain(one['fund_id'])}"
                          for one, size in zip(held["orders"], held["sizes"], strict=True)))  # fmt: skip
    told = st.session_state.get(verdict.TOLD) or {}
    passes = told.get("ok") and told["answer"].get("accepted")
    if passes:
        st.caption("The desk has just judged it: it would pass. The gate judges again when it is sent.")
    else:
        st.warning("The desk has just said that it would refuse this, or could not judge it: see below.",
                   icon=":material/block:")  # fmt: skip
    with st.container(horizontal=True):
        pressed = st.button("Send now", key="ticket-send-now", type="primary", icon=":material/send:")
        st.button("Do not send", key="ticket-send-back", on_click=_drop)
    if pressed:
        with st.spinner("Sending …"):
            _send(held)
    return bool(held["told"])


def _send(held: Row) -> None:
    """Send what is not sent yet, in order, and stop at the first that is not taken."""
    held["told"] = [one for one in held["told"] if one["ok"]]
    for order in held["orders"][len(held["told"]) :]:
        told = commands.ask(reads.shared().desk, partial(_placed, order=order))
        held["told"].append(told)
        if not told["ok"]:
            return


def _placed(desk: Desk, order: Row) -> Row:
    answer: Row = desk.order(**order)
    return answer


def _outcomes(held: Row) -> None:
    for order, size, told in zip(held["orders"], held["sizes"], held["told"], strict=False):
        _outcome(plain(legs.said(order, size)), told)
    left = len(held["orders"]) - len(held["told"])
    if left:
        st.markdown(f"**Not sent: {left}** more, since the one before was not taken.")
    with st.container(horizontal=True):
        if any(told.get("unsure") for told in held["told"]):
            st.button("Ask again", key="ticket-again", on_click=_send, args=(held,), help=_REPEATED)
        st.button("Done", key="ticket-done", on_click=_drop)


def _outcome(words: str, told: Row) -> None:
    if told["ok"]:
        answer = told["answer"]
        filled = f", {number(answer.get('filled'), 0)} filled so far" if answer.get("filled") is not None else ""
        state = plain(phrase(answer.get("state")))
        st.success(
            f"**ACCEPTED.** {words}: order {plain(answer.get('id'))} is {state}{filled}.", icon=":material/task_alt:"
        )
    elif told["unsure"]:
        st.error(f"**NOT CONFIRMED.** {words}: it may or may not have been placed. {plain(told['detail'], 500)}")
        st.markdown(_REPEATED)
    else:
        document = told["document"]
        st.error(
            f"**REFUSED.** {words}. {plain(document.get('detail') or told['detail'], 500)}", icon=":material/block:"
        )
        if document.get("limit"):
            name = document["limit"]
            stated = [measured(name, document.get(field)) for field in ("value_before", "value_after", "limit_value")]
            most = number(document.get("largest_quantity"), 0)
            if any(text != UNKNOWN for text in stated):  # a shut breaker is no number
                st.markdown(f"- {plain(phrase(name))}: {stated[0]} before, {stated[1]} with it, the limit {stated[2]}")
            st.markdown(f"- the largest quantity that passes: {most}")


def _drop() -> None:
    st.session_state.pop(WAITING, None)
