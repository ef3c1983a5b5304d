"""What the screens can ask of the desk: each says first what it will do, and afterwards what truly came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts import reads
from pages.parts.words import age, phrase, plain
from sidecar.client import Desk
from sidecar.domain.errors import ClientError, DeskRefused

Row = dict[str, Any]
STOP_KEYS = "F9"
CONFIRM_KEYS = "Ctrl+Enter"
REMEDY = 'If in doubt, stop from a terminal on the desk\'s machine: `python -m sidecar stop --reason "…"`'
SHORTEST_REASON = 3


def stop_button() -> None:
    """STOP, and the dialog behind it. It asks nothing of the desk before it is pressed."""
    if st.button(
        "STOP",
        key="stop-open",
        type="primary",
        icon=":material/front_hand:",
        shortcut=STOP_KEYS,
        help="Stops all trading. You confirm on the next screen.",
    ):
        st.session_state.pop("stop-told", None)
        _stop_dialog()


@st.dialog("Stop all trading", icon=":material/front_hand:", width="medium")
def _stop_dialog() -> None:
    stop_form()


def stop_form() -> None:
    """What a stop will do, its reason, the last button; then what came of it."""
    _once("stop-told", _stop)


def _once(key: str, form: Callable[[], Row | None]) -> None:
    """Draw ``form`` until it returns what came of its command; from then on only that."""
    if (told := st.session_state.get(key)) is None:
        place = st.empty()
        with place.container():
            told = form()
        if told is None:
            return
        st.session_state[key] = told
        place.empty()
    outcome(told)
    if st.button("Done", key=f"{key}-done"):
        st.session_state.pop(key, None)
        st.rerun()


def _stop() -> Row | None:
    st.markdown(consequences(reads.shared().picture()))
    reason = st.text_input("Reason", key="stop-reason", placeholder="what happened, for the record", max_chars=300)
    flatten = st.toggle(
        "Also close all positions (flatten)",
        key="stop-flatten",
        help="Sends closing orders for every open position. They cost the spread, and may take a while.",
    )
    confirmed = st.button(
        "Stop and flatten" if flatten else "Stop trading now",
        key="stop-confirm",
        type="primary",
        icon=":material/front_hand:",
        shortcut=CONFIRM_KEYS,
    )
    if not confirmed:
        return None
    why = reason.strip() or "STOP pressed in the app"
    with st.spinner("Stopping …"):
        return ask(reads.shared().desk, lambda desk: desk.stop(why, flatten=flatten))


def consequences(picture: reads.Picture) -> str:
    """What a stop will do now, in numbers where they are known."""
    orders = _count(picture.orders, "working order")
    positions = _count(picture.positions, "open position")
    lines = [
        f"- **{orders}** will be cancelled",
        f"- **{positions}** stay open, unless you flatten",
        "- orders that add risk are refused, by everyone, until an admin resets",
    ]
    if not picture.live:
        seen = f"{age(picture.age_s)} old" if picture.seen_at is not None else "missing"
        lines.append(f"- the picture is {seen}: these counts may be wrong, and the stop is sent all the same")
    return "\n".join(lines)


def _count(rows: list[Row] | None, noun: str) -> str:
    if rows is None:
        return f"an unknown number of {noun}s"
    return f"{len(rows)} {noun}{'' if len(rows) == 1 else 's'}"


def ask(desk: Desk, call: Callable[[Desk], Any]) -> Row:
    """The answer to a command, or how it failed, as a row that :func:`outcome` can show."""
    try:
        return {"ok": True, "answer": dict(call(desk))}
    except DeskRefused as error:
        return {"ok": False, "detail": str(error), "unsure": error.status in (503, 504), "document": error.document}
    except ClientError as error:
        return {"ok": False, "detail": str(error), "unsure": True, "document": {}}


def outcome(told: Row) -> None:
    """Say what came of a command: done, still under way, refused, or not known."""
    if not told["ok"]:
        _failed(told)
        return
    answer = told["answer"]
    state = phrase(answer.get("state", "unknown")).upper()
    orders, positions = answer.get("orders_cancelled"), answer.get("positions_closed")
    pending = list((orders or {}).get("outstanding") or ())
    unclosed = bool(positions) and positions["done"] < positions["asked"]
    say = st.warning if pending or unclosed else st.success
    icon = ":material/pending:" if pending or unclosed else ":material/task_alt:"
    say(f"**{state}** · halt no. {plain(answer.get('halt_seq', '–'))} · {plain(answer.get('message', ''))}", icon=icon)
    lines = ["- on disk before this answer came" + _took(answer)]
    if orders:
        lines.append(f"- cancels: {orders['done']} of {orders['asked']} confirmed by the venue")
        if pending:
            lines.append(f"- **venue unconfirmed: {len(pending)}** ({plain(', '.join(map(str, pending)))})")
        if ended := orders.get("ended_otherwise"):
            lines.append(f"- ended otherwise (filled, rejected or expired): {plain(', '.join(map(str, ended)))}")
    if positions and positions["asked"]:
        lines.append(f"- positions: {positions['done']} of {positions['asked']} flat")
        if unclosed:
            lines.append("- the desk keeps trying to close the rest; watch Positions")
    lines += [f"- {plain(row['position_id'])}: {_closing(row)}" for row in answer.get("positions") or ()]
    st.markdown("\n".join(lines))


def _took(answer: Row) -> str:
    took = answer.get("latency_ms")
    if not isinstance(took, int | float):
        return ""
    return f", {took:,.0f} ms after it was asked" if took >= 1 else ", less than 1 ms after it was asked"


def _closing(row: Row) -> str:
    return "flat" if row.get("closed") else f"not flat yet ({plain(row.get('detail') or 'waiting')})"


def _failed(told: Row) -> None:
    if told["unsure"]:
        st.error(f"**NOT CONFIRMED.** It may or may not have been carried out. {plain(told['detail'])}")
        st.markdown(REMEDY)
        return
    st.error(f"**REFUSED.** {plain(told['detail'])}", icon=":material/block:")
    for cause in told["document"].get("causes") or ():
        st.markdown(f"- still stands: {phrase(cause.get('trigger'))} {plain(cause.get('detail') or '')}")
    for breach in told["document"].get("breaches") or ():
        st.markdown(f"- breached now: {phrase(breach.get('name'))} ({plain(breach.get('scope', ''))})")


@st.dialog("Close positions", icon=":material/close:", width="medium")
def close_dialog(rows: list[Row], *, every: bool) -> None:
    """Close one position, or all: choose, give a reason, confirm, see the outcome."""
    close_form(rows, every=every)


def close_form(rows: list[Row], *, every: bool) -> None:
    """What closing will do, its reason, the last button; then what came of it."""
    _once("close-told", lambda: _close(rows, every=every))


def _close(rows: list[Row], *, every: bool) -> Row | None:
    chosen = None if every else _choose(rows)
    count = len(rows) if every else 1
    st.markdown(
        f"Closing orders go out for **{count} position{'' if count == 1 else 's'}**. They pass the gate because they "
        "only reduce risk; they cost the spread. The desk keeps trying until flat."
    )
    reason = st.text_input("Reason (required)", key="close-reason", max_chars=300)
    confirmed = st.button(
        f"Close all {count}" if every else "Close this position",
        key="close-confirm",
        type="primary",
        disabled=len(reason.strip()) < SHORTEST_REASON or (not every and chosen is None),
    )
    if not confirmed:
        return None
    with st.spinner("Closing …"):
        return ask(
            reads.shared().desk,
            lambda desk: desk.close(reason=reason.strip(), position_id=chosen, close_all=every),
        )


def _choose(rows: list[Row]) -> str | None:
    names = {
        str(row["id"]): f"{row.get('symbol')}  {row.get('quantity'):+,d}  ({row.get('fund_id')}/{row.get('strategy')})"
        for row in rows
    }
    chosen: str | None = st.selectbox(
        "Position", list(names), format_func=lambda key: names[key][:160], index=None, key="close-which"
    )
    return chosen


def reset_form() -> None:
    """Back to active: an admin key that is used once and not kept, and a typed reason."""
    with st.form("reset"):
        st.markdown("Lifts the halt and lets orders that add risk pass again. **Refused while a cause still stands.**")
        st.text_input("Admin key", type="password", autocomplete="off", key="reset-key")
        st.text_input("Reason (required)", max_chars=300, key="reset-reason")
        st.form_submit_button("Reset to active", icon=":material/restart_alt:", on_click=_reset)
    if (told := st.session_state.pop("reset-told", None)) is not None:
        outcome(told)


def _reset() -> None:
    """Runs before the page is drawn again: the key is out of the session when this returns."""
    secret, reason = st.session_state["reset-key"].strip(), st.session_state["reset-reason"].strip()
    st.session_state["reset-key"] = ""
    if len(reason) < SHORTEST_REASON or not secret:
        st.session_state["reset-told"] = _unsent("Nothing was sent: type the admin key and a reason.")
        return
    st.session_state["reset-reason"] = ""
    try:
        with Desk(reads.address(), secret) as desk:
            st.session_state["reset-told"] = ask(desk, lambda admin: admin.reset(reason))
    except ValueError:
        # A header cannot carry every character.
        st.session_state["reset-told"] = _unsent("Nothing was sent: that is not a key.")


def _unsent(detail: str) -> Row:
    return {"ok": False, "detail": detail, "unsure": False, "document": {}}
