"""What the screens can ask of the desk: each says first what it will do, and afterwards what truly came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.visitor import visitor
from pages.parts.words import phrase, plain
from sidecar.client import Desk
from sidecar.domain.errors import ClientError, DeskRefused

Row = dict[str, Any]
STOP_KEYS = "F9"
CONFIRM_KEYS = "Ctrl+Enter"
REMEDY = 'If in doubt, stop from a terminal on the desk\'s machine: `python -m sidecar stop --reason "…"`'
SHORTEST_REASON = 3


def once(key: str, form: Callable[[], Row | None]) -> None:
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
    orders, positions = answer.get("orders_cancelled"), answer.get("positions_closed")
    pending = list((orders or {}).get("outstanding") or ())
    unclosed = bool(positions) and positions["done"] < positions["asked"]
    say = st.warning if pending or unclosed else st.success
    icon = ":material/pending:" if pending or unclosed else ":material/task_alt:"
    state = phrase(answer.get("state") or answer.get("status") or "unknown").upper()
    halts = f" · halt no. {plain(answer['halt_seq'])}" if answer.get("halt_seq") is not None else ""
    say(f"**{state}**{halts} · {plain(answer.get('message', ''))}", icon=icon)
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


def unsent(detail: str) -> Row:
    """What :func:`outcome` shows of a command that was never sent."""
    return {"ok": False, "detail": detail, "unsure": False, "document": {}}


def denied(role: str) -> str | None:
    """Why this visitor's controls of that role are off; None where they are on."""
    mine = visitor()
    if mine.may(role):
        return None
    whose = "an admin" if role == "admin" else f"a {role}"
    return f"Needs the key of {whose}; you are signed in as {mine.role or 'nobody'}."
