"""Giving a model its place: what it will do, said before it is asked for; the one who asks; what came of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from pages.parts import commands, learnt, reads
from pages.parts.visitor import visitor
from pages.parts.words import UNKNOWN, clock, number, percent, plain
from sidecar.client import Desk

Row = dict[str, Any]
TOLD = "place-told"


class Way(NamedTuple):
    """One thing that can be done with a model: its label, and the roles that it is offered in."""

    label: str
    icon: str
    roles: tuple[str, ...]


WAYS = {
    "promote": Way("Promote", ":material/upgrade:", ("candidate", "challenger", "retired")),
    "challenge": Way("Let it challenge", ":material/swords:", ("candidate", "retired")),
    "roll-back": Way("Roll back", ":material/undo:", ("champion",)),
    "retire": Way("Retire", ":material/archive:", ("champion", "challenger")),
}


def offered(model: Row, models: list[Row]) -> list[str]:
    """What can be done with a model in its role; a roll-back only where there is one to go back to."""
    found = [name for name, way in WAYS.items() if model.get("role") in way.roles]
    return [name for name in found if name != "roll-back" or _before(model, models)]


def consequences(model: Row, action: str, models: list[Row]) -> list[str]:
    """What it will do, in lines that are Markdown: whose the place is now, both verdicts, whether the rule gave it."""
    name, family = plain(model.get("id")), plain(model.get("family"))
    holder = next((row for row in models if row.get("family") == model.get("family") and row.get("role") == "champion"),
                  None)  # fmt: skip
    if action == "retire":
        lines = [f"**{name}** loses its place as {plain(model.get('role'))} of {family} and predicts no more."]
        if model.get("role") == "champion":
            lines.append("**The family then has no champion: no model gives its signals.**")
        return [*lines, "Its files and its record stay; it can come back."]
    if action == "challenge":
        return [f"**{name}** predicts beside the champion of {family}; it gives no signal and trades nothing."]
    comes = model if action == "promote" else _before(model, models) or {}
    goes = holder if action == "promote" else model
    lines = [f"**{plain(comes.get('id'))}** becomes the champion of {family}: its signals count from its next bar on."]
    lines.append(
        f"**{plain(goes.get('id'))}** has the place now; it is retired, and a roll-back brings it back."
        if goes
        else "Nobody has the place now."
    )
    lines += [f"{word}: {_worth(row)}" for word, row in (("It has now", goes), ("It would have", comes)) if row]
    lines.append(_rule(comes))
    if goes and comes.get("simulated") and not goes.get("simulated"):
        lines.append("**It learnt from a SIMULATED market, the champion from a recorded one.**")
    return lines


def _before(model: Row, models: list[Row]) -> Row | None:
    before = model.get("before")
    if not before:
        return None
    return next((row for row in models if row.get("id") == before), {"id": before})


def _worth(row: Row) -> str:
    made = "a simulated market" if row.get("simulated") else "recorded bars"
    return (
        f"{plain(row.get('verdict') or 'unknown verdict')}; accuracy {percent(row.get('accuracy'), 1)} "
        f"({percent(row.get('accuracy_low'), 1)} to {percent(row.get('accuracy_high'), 1)}), always naming the "
        f"commonest {percent(row.get('majority_accuracy'), 1)}; Brier skill "
        f"{number(row.get('brier_skill'), 4, signed=True)}; "
        f"of {made} to {clock(row.get('trained_to'), day=True)}"
    )


def _rule(comes: Row) -> str:
    """Whether the stated rule gave the model that place, in the rule's own words."""
    reason = plain(comes.get("reason") or UNKNOWN)
    if comes.get("role") in ("champion", "retired") and comes.get("actor") == "training":
        return f"The stated rule was met when it was trained: {reason}."
    if comes.get("actor") == "training":
        left = f"It left this model a {plain(comes.get('role'))}: {reason}."
        return f"**The stated rule was NOT met; you overrule it.** {left}"
    return f"A person gave it its last place: {reason}."


def form(models: list[Row]) -> None:
    """Choose a model and what to do with it, read what that does, give a reason (and an admin's key), ask."""
    by_name = {str(row["id"]): row for row in models if offered(row, models)}
    if not by_name:
        st.caption("There is no model whose place could be changed.")
        return
    left, right = st.columns(2)
    chosen = left.selectbox("Model", list(by_name), key="place-model", format_func=lambda one: _named(by_name[one]))
    model = by_name.get(str(chosen), next(iter(by_name.values())))
    ways = offered(model, models)
    action = str(right.selectbox("What to do", ways, key="place-action", format_func=lambda one: WAYS[one].label))
    _sound(str(model["id"]), action)
    for line in consequences(model, action, models):
        st.markdown(f"- {line}")
    with st.form("place", clear_on_submit=False):
        if not visitor().may("admin"):
            st.text_input("Admin key", type="password", autocomplete="off", key="place-key",
                          help="Used once for this, and not kept")  # fmt: skip
        st.text_input("Reason (required)", max_chars=300, key="place-reason")
        st.form_submit_button(WAYS[action].label, icon=WAYS[action].icon, on_click=_send,
                              args=(str(model["id"]), action))  # fmt: skip
    if (told := st.session_state.pop(TOLD, None)) is not None:
        outcome(told)


def _named(row: Row) -> str:
    return f"{row.get('id')} ({row.get('role')})"


def _sound(model_id: str, action: str) -> None:
    """Say what is wrong with the files and the proofs of a model before it is given a place."""
    if action not in ("promote", "challenge"):
        return
    told, why = learnt.manifest(model_id)
    if told is None:
        st.warning(f"What stands behind it is unknown: {plain(why)}", icon=":material/help:")
        return
    if told.get("problem"):
        st.error(f"The desk will refuse: {plain(told['problem'])}", icon=":material/error:")
    card = (told.get("manifest") or {}).get("scorecard") or {}
    for canary in card.get("canaries") or ():
        if not canary.get("passed"):
            st.error(
                f"A proof fails: {plain(canary.get('name'))}, {plain(canary.get('says'))}", icon=":material/warning:"
            )


def _send(model_id: str, action: str) -> None:
    """Runs before the page is drawn again: the key is out of the session when this returns."""
    secret = str(st.session_state.get("place-key") or "").strip()
    if "place-key" in st.session_state:
        st.session_state["place-key"] = ""
    reason = str(st.session_state.get("place-reason") or "").strip()
    own = visitor().may("admin")
    if len(reason) < commands.SHORTEST_REASON or not (own or secret):
        st.session_state[TOLD] = _unsent("a reason" if own else "the admin key and a reason")
        return
    try:
        with Desk(reads.address(), visitor().key if own else secret) as desk:
            told = commands.ask(desk, lambda admin: admin.place(model_id, action, reason))
    except ValueError:
        # A header cannot carry every character.
        told = _unsent("a key: that is none")
    if told["ok"]:
        st.session_state["place-reason"] = ""
        reads.shared().forget("models")
        reads.shared().forget(f"model {model_id}")
    st.session_state[TOLD] = told


def _unsent(what: str) -> Row:
    return {"ok": False, "detail": f"Nothing was sent: type {what}.", "unsure": False, "document": {}}


def outcome(told: Row) -> None:
    """What came of it: done, refused, or not known."""
    if told["ok"]:
        answer = told["answer"]
        model = answer.get("model") or {}
        st.success(f"{plain(answer.get('message'))}: {plain(model.get('id'))} is now {plain(model.get('role'))}",
                   icon=":material/task_alt:")  # fmt: skip
    elif told["unsure"]:
        st.warning(f"**NOT CONFIRMED:** {plain(told['detail'])}. Look at the list before you ask again.",
                   icon=":material/help:")  # fmt: skip
    else:
        st.error(f"**Refused, nothing was changed:** {plain(told['detail'])}", icon=":material/block:")
