"""Acting on alerts: acknowledge or resolve several, raise one; what was refused is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.parts import commands, reads
from pages.parts.words import plain
from sidecar.client import Desk

Row = dict[str, Any]
LEVELS = ("info", "warning", "error", "critical")
#: What may be done to alerts: word, what it does, whether it needs words, the call.
ACTS: dict[str, tuple[str, bool, Callable[[Desk, str, str], Any]]] = {
    "Acknowledge": (
        "You have it: it escalates no more, and stays until it is over.",
        False,
        lambda desk, name, why: desk.acknowledge(name, why),
    ),
    "Resolve": (
        "It is over. While its cause stands it comes back as another alert.",
        True,
        lambda desk, name, why: desk.resolve(name, why),
    ),
}
#: Titles that are shown before one says yes.
_SHOWN = 6


@st.dialog("Alerts", icon=":material/notifications:", width="medium")
def act_dialog(word: str, rows: Sequence[Row]) -> None:
    """Acknowledge or resolve these alerts."""
    act_form(word, rows)


def act_form(word: str, rows: Sequence[Row]) -> None:
    """Which, what it does, a note or a reason, the last button; then what came of each."""
    if (told := st.session_state.get("alerts-told")) is None:
        place = st.empty()
        with place.container():
            told = _act(word, rows)
        if told is None:
            return
        st.session_state["alerts-told"] = told
        place.empty()
    outcome(told)
    if st.button("Done", key="alerts-done"):
        st.session_state.pop("alerts-told", None)
        st.rerun()


def _act(word: str, rows: Sequence[Row]) -> Row | None:
    does, needed, _ = ACTS[word]
    if not rows:
        st.caption("No alert is chosen, and none that the filters show is open.")
        return None
    count = f"{len(rows)} alert{'' if len(rows) == 1 else 's'}"
    st.markdown(f"**{word} {count}.** {does}")
    st.markdown("\n".join(f"- {plain(row.get('level'))}: {plain(row.get('title'), 120)}" for row in rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        st.caption(f"… and {len(rows) - _SHOWN} more")
    label = "Reason (required)" if needed else "Note"
    why = str(st.text_input(label, key="alerts-why", max_chars=300) or "").strip()
    denied = commands.denied("trader")
    off = denied is not None or (needed and len(why) < commands.SHORTEST_REASON)
    if not st.button(f"{word} {count}", key="alerts-confirm", type="primary", help=denied, disabled=off):
        return None
    with st.spinner(f"{word} …"):
        return each(reads.shared().desk, word, [str(row["id"]) for row in rows], why)


def each(desk: Desk, word: str, names: Sequence[str], why: str) -> Row:
    """Ask for each, and say of which it was done, refused, or not confirmed."""
    call = ACTS[word][2]

    def ask(name: str) -> Row:
        return commands.ask(desk, lambda one: call(one, name, why))

    told = {name: ask(name) for name in names}
    failed = {name: row for name, row in told.items() if not row["ok"]}
    return {"word": word, "asked": len(names), "done": len(names) - len(failed), "failed": failed}


def outcome(told: Row) -> None:
    """What came of it."""
    say = st.success if told["done"] == told["asked"] else st.warning if told["done"] else st.error
    say(f"**{plain(told['word'])}: {told['done']} of {told['asked']} done.**")
    for name, row in list(told["failed"].items())[:20]:
        word = "NOT CONFIRMED" if row["unsure"] else "REFUSED"
        st.markdown(f"- **{word}** {plain(name)}: {plain(row['detail'])}")


def raise_form() -> None:
    """Raise one: it goes on record, to every subscriber and, if grave enough, to the channels of notices."""
    denied = commands.denied("trader")
    with st.form("raise", clear_on_submit=True):
        st.text_input("Title (required)", max_chars=200, key="raise-title")
        st.text_area("Message", max_chars=2_000, key="raise-message", height=90)
        st.segmented_control("Level", LEVELS, default="warning", required=True, key="raise-level")
        st.text_input("Subject", max_chars=200, key="raise-subject", help="Alerts of one subject are one with a count.")
        sent = st.form_submit_button("Raise it", icon=":material/add_alert:", disabled=bool(denied), help=denied)
    if not sent:
        return
    title, message, level, subject = (
        str(st.session_state.get(f"raise-{name}") or "").strip() for name in ("title", "message", "level", "subject")
    )
    if not title:
        commands.outcome(commands.unsent("Nothing was sent: an alert needs a title."))
        return

    def act(desk: Desk) -> Row:
        made = desk.raise_alert(title, " ".join(message.split()), level, subject=subject)
        return {"status": "success", "message": f"{made['id']} stands, found {made['count']} ×"}

    commands.outcome(commands.ask(reads.shared().desk, act))
