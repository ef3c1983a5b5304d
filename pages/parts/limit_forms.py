"""Changing a limit: what it is and would be, what would be in breach at once, a reason, and what came of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import commands, limits_read, reads, resetting
from pages.parts.limit_words import crossed, meaning, on_screen, on_wire, stated, tells, where
from pages.parts.words import FRACTIONS, known, one_line, phrase, plain
from sidecar.client import Desk

Row = dict[str, Any]
WHOLE = "*"


@st.dialog("Change a limit", icon=":material/tune:", width="large")
def change_dialog() -> None:
    """The form on top of the page."""
    change_form()


def change_form() -> None:
    """Scope, limit, new value; then the consequences, the reason and the last button."""
    told()
    found, why = limits_read.limits()
    if found is None:
        st.info(f"The limits are unknown, so none can be changed: {plain(why)}")
        return
    scope = _scope()
    names = sorted(found["limits"])
    name = st.selectbox("Limit", names, key="limit-name", format_func=phrase)
    if name is None:
        return
    before, own = _in_force(found, scope, name), found["set"].get(scope, {})
    value = _value(scope, name, before, removable=scope != WHOLE and name in own)
    st.markdown(consequences(found, scope, name, before, value))
    st.session_state["limit-asked"] = (scope, name, value)
    with st.form("limit", border=False):
        resetting.key_field("limit-key")
        st.text_input("Reason (required)", max_chars=300, key="limit-reason")
        st.form_submit_button("Change this limit", icon=":material/tune:", type="primary", on_click=_change)


def told() -> None:
    """What came of the change, once."""
    found = st.session_state.pop("limit-told", None)
    if found is None:
        return
    if found["ok"]:
        st.success(f"**CHANGED.** {plain(found['answer'].get('message', ''))}", icon=":material/task_alt:")
    else:
        commands.outcome(found)


def consequences(found: Row, scope: str, name: str, before: float | None, value: float | None) -> str:
    """Before and after, and what would be over the new limit at once."""
    said = meaning(name)
    after = "taken away; the wider limit binds" if value is None else stated(name, value)
    lines = [
        f"**{phrase(name)}** of **{plain(where(scope))}**: {plain(said.what)}; over it the desk {said.does}.",
        "",
        f"- {plain(stated(name, before))} → **{plain(after)}**",
    ]
    if value is not None and before is not None and value != before:
        looser = value > before if name != "duplicate_order" else value < before
        lines.append(f"- this is **{'LOOSER' if looser else 'tighter'}** than what is in force there")
    if value is not None:
        over, unknown = crossed(found["lines"], name, scope, value)
        lines += [f"- **in breach at once**: {plain(tells(line))}" for line in over]
        lines += [f"- cannot be told: the value of {plain(where(line.get('scope')))} is unknown" for line in unknown]
        if not over and not unknown:
            lines.append("- nothing would be in breach at once, as the desk stands now")
    return "\n".join(lines)


def _scope() -> str:
    picture = reads.shared().picture()
    funds = [WHOLE, *(str(row.get("fund_id")) for row in picture.funds)]
    book = picture.positions or []
    left, middle, right = st.columns(3)
    with left:
        fund = st.selectbox("Fund", funds, key="limit-fund", format_func=where)
    narrow = fund == WHOLE
    with middle:
        strategies = sorted({str(row.get("strategy")) for row in book if row.get("fund_id") == fund})
        strategy = _narrower("Strategy", strategies, "limit-strategy", disabled=narrow)
    with right:
        underlyings = [str(line.get("symbol")) for line in picture.markets]
        underlying = _narrower("Underlying", underlyings, "limit-underlying", disabled=narrow)
    if narrow:
        return WHOLE
    parts = [str(fund), strategy, underlying]
    while parts[-1] == WHOLE:
        parts.pop()
    return "/".join(parts)


def _narrower(label: str, names: list[str], key: str, *, disabled: bool) -> str:
    found = st.selectbox(label, [WHOLE, *names], key=key, disabled=disabled, accept_new_options=True,
                         format_func=lambda one: "all" if one == WHOLE else one_line(one, 80))  # fmt: skip
    return WHOLE if disabled else str(found or WHOLE)


def _in_force(found: Row, scope: str, name: str) -> float | None:
    """What binds in a scope: the tightest of what is set there and above it."""
    parts = scope.split("/")
    above = [WHOLE, *("/".join(parts[: place + 1]) for place in range(len(parts)))]
    if len(parts) == 3:
        above.append(f"{parts[0]}/{WHOLE}/{parts[2]}")
    rows = [known(found["set"].get(one, {}).get(name)) for one in dict.fromkeys(above)]
    values = [value for value in rows if value is not None]
    return (max if name == "duplicate_order" else min)(values, default=None)


def _value(scope: str, name: str, before: float | None, *, removable: bool) -> float | None:
    unit = "%" + meaning(name).unit.removeprefix("%") if name in FRACTIONS else meaning(name).unit
    if removable and st.toggle(
        "Take it away here", key=f"limit-away-{scope}-{name}", help="What is set wider then binds."
    ):
        return None
    start = 0.0 if before is None else on_screen(name, before)
    shown = st.number_input(
        f"New value ({unit})", min_value=0.0, value=start, key=f"limit-value-{scope}-{name}", format="%g"
    )
    return on_wire(name, float(shown))


def _change() -> None:
    """Runs before the page is drawn again: a key that was typed is out of the session when this returns."""
    scope, name, value = st.session_state["limit-asked"]
    fund, strategy, underlying = ([None if part == WHOLE else part for part in scope.split("/")] + [None, None])[:3]

    def act(desk: Desk, reason: str) -> Any:
        return desk.set_limits({name: value}, reason, fund, strategy, underlying)

    resetting.as_admin("limit", act)
    reads.shared().forget("limits")
