"""Getting out: what is to be closed, the plan of it first, then a reason, then what truly came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.parts import charts, commands, plan_figures, reads, tables
from pages.parts.picture import Picture
from pages.parts.words import age, money, number, plain
from sidecar.client import Desk
from sidecar.domain.errors import ClientError

Row = dict[str, Any]
ONE, STRATEGY, FUND, ALL = "One position", "A strategy", "A fund", "All"
WHAT = (ONE, STRATEGY, FUND, ALL)
#: Positions that are planned one by one, where not all are closed.
MOST_PLANNED = 40
STEP: tables.Columns = {
    "symbol": ("Contract", "text", ""),
    "side": ("Order", "text", "what is sent to close it"),
    "quantity": ("Quantity", "%,d", "units of the underlying"),
    "limit": ("Limit", "%,.2f", "worst price that the order takes, per unit"),
    "expected": ("Expected", "%,.2f", "price that it is expected at, per unit"),
    "cost": ("Cost", "%,.0f", "half the spread as far as it is crossed, and fees; account currency"),
    "margin": ("Margin after", "%,.0f", "the fund's margin after this step, account currency"),
    "worst_loss": ("Worst loss after", "%,.0f", "the fund's worst loss in the stress grid after it, account currency"),
    "starts_s": ("Starts", "%,.1f s", "seconds from the plan's begin"),
    "fund_id": ("Fund", "text", ""),
    "strategy": ("Strategy", "text", ""),
}
CLOSING: tables.Columns = {
    "position_id": ("Position", "text", ""),
    "quantity": ("Left", "%+,d", "signed units still open"),
    "tries": ("Tries", "%,d", "orders that were sent for it"),
    "detail": ("Last try", "text", "what came of it"),
    "reason": ("Reason", "text", ""),
    "actor": ("By", "text", ""),
    "since": ("Since", "time", "exchange time"),
}


@st.dialog("Close positions", icon=":material/logout:", width="large")
def close_dialog(what: str) -> None:
    """Close one position, a strategy's, a fund's, or all."""
    close_form(what)


def close_form(what: str) -> None:
    """What, the plan, the reason, the last button; then what came of it."""
    commands.once("close-told", lambda: _close(what))


def under_way(picture: Picture) -> None:
    """What is being closed now, and how far each has come; nothing where nothing is."""
    if picture.closing:
        st.warning(f"**Still closing: {len(picture.closing)}.** The desk keeps trying until each is flat.")
        tables.show(picture.closing, CLOSING, "closing", 8)


def _close(what: str) -> Row | None:
    rows = reads.shared().picture().positions or []
    chosen = _chosen(rows, what)
    if not chosen:
        st.caption("Choose what to close." if rows else "No position is open.")
        return None
    whole = what == ALL
    _plans(chosen, whole=whole)
    count = f"{len(chosen)} position{'' if len(chosen) == 1 else 's'}"
    st.markdown(
        f"Closing orders go out for **{count}**. They pass the gate because they only reduce risk. "
        "The desk keeps trying until flat; this page counts what is left."
    )
    reason = st.text_input("Reason (required)", key="close-reason", max_chars=300)
    denied = commands.denied("trader")
    confirmed = st.button(
        f"Close {'all ' if whole else ''}{count}",
        key="close-confirm",
        type="primary",
        help=denied,
        disabled=denied is not None or len(reason.strip()) < commands.SHORTEST_REASON,
    )
    if not confirmed:
        return None
    st.session_state.pop("close-plan", None)
    with st.spinner("Closing …"):
        return several([str(row["id"]) for row in chosen], reason.strip(), whole=whole)


def _chosen(rows: Sequence[Row], what: str) -> list[Row]:
    """The positions that are meant. The widgets know them by id, so that a refresh cannot shift what is chosen."""
    if what == ALL:
        return list(rows)
    field = {ONE: "id", STRATEGY: "strategy", FUND: "fund_id"}[what]
    names = {_name(row, field): row for row in rows}
    if what == ONE:
        names = {str(row["id"]): row for row in rows}
    label = {ONE: "Position", STRATEGY: "Strategy", FUND: "Fund"}[what]
    chosen = st.selectbox(
        label, list(names), format_func=lambda key: _shown(names[key], what, rows)[:160], index=None, key="close-which"
    )
    return [row for row in rows if chosen is not None and chosen in (_name(row, field), str(row["id"]))]


def _name(row: Row, field: str) -> str:
    return f"{row.get('fund_id')}/{row.get('strategy')}" if field == "strategy" else str(row.get(field))


def _shown(row: Row, what: str, rows: Sequence[Row]) -> str:
    if what == ONE:
        held = f"{row.get('quantity'):+,d}"
        return f"{row.get('symbol')}  {held}  ({row.get('fund_id')}/{row.get('strategy')})"
    field = "strategy" if what == STRATEGY else "fund_id"
    count = sum(_name(one, field) == _name(row, field) for one in rows)
    return f"{_name(row, field)}  ({count})"


def _plans(chosen: Sequence[Row], *, whole: bool) -> None:
    """The plan, made once for this choice and kept until another is asked for: it must not change under the hand."""
    ids = [str(row["id"]) for row in chosen]
    if not whole and len(ids) > MOST_PLANNED:
        st.warning(f"{len(ids)} are too many to plan one by one. Close all, or fewer, to see the plan first.")
        return
    kept = st.session_state.get("close-plan")
    again = st.button("Plan again", key="close-replan", icon=":material/refresh:", type="tertiary")
    if kept is None or kept["ids"] != ids or again:
        kept = {"ids": ids, **planned(reads.shared().desk, ids, whole=whole)}
        st.session_state["close-plan"] = kept
    show(kept, whole=whole)


def planned(desk: Desk, ids: Sequence[str], *, whole: bool) -> Row:
    """``plans``, one for all or one a position, and ``problems``: what the desk said where it made none."""
    plans, problems = list[Row](), list[str]()
    for name in [""] if whole else ids:
        try:
            plans.append(desk.plan(close_all=True)["plan"] if whole else desk.plan(position_id=name)["plan"])
        except ClientError as error:
            problems.append(f"{name or 'all'}: {error}")
    return {"plans": plans, "problems": problems}


def show(kept: Row, *, whole: bool) -> None:
    """The plan as a table, a small figure, its totals, and what is impossible."""
    plans = kept["plans"]
    steps = [step for plan in plans for step in plan.get("steps") or ()]
    for problem in kept["problems"]:
        st.error(f"**No plan.** {plain(problem)}", icon=":material/block:")
    for row in [row for plan in plans for row in plan.get("left_out") or ()]:
        st.warning(f"**Cannot be closed now**: {plain(row.get('position_id'))}: {plain(row.get('reason'))}")
    for rises in {plan.get("rises") for plan in plans if plan.get("rises")}:
        st.warning(f"No order of the steps avoids a rise: {plain(rises)}")
    if not steps:
        return
    currency = reads.shared().picture().currency
    st.markdown(_totals(plans, steps, currency))
    if whole or len(plans) == 1:
        figure = plan_figures.margin_steps(plans[0], currency)
        charts.draw(figure, key="close-margin", alt="Margin after each step")
    else:
        st.caption("Each position is planned by itself: margin and worst loss are as if it alone were closed.")
    tables.show(steps, STEP, "close-steps", 6)


def _totals(plans: Sequence[Row], steps: Sequence[Row], currency: str) -> str:
    def total(name: str) -> float | None:
        values = [plan.get(name) for plan in plans]
        return None if None in values else sum(value for value in values if value is not None)

    longest = max((plan.get("seconds") or 0.0 for plan in plans), default=None)
    return (
        f"**{number(len(steps), 0)} order{'' if len(steps) == 1 else 's'}** · cost "
        f"**{money(total('cost'), currency)}** (of it fees {money(total('fees'), currency, 2)}) · most cash needed "
        f"{money(total('peak_cash'), currency)} · takes {age(longest)}"
    )


def several(ids: Sequence[str], reason: str, *, whole: bool) -> Row:
    """Ask to close them and say what came of it, as one answer; where one was refused, which and why."""
    desk = reads.shared().desk
    if whole:
        return commands.ask(desk, lambda one: one.close(close_all=True, reason=reason))

    def ask(name: str) -> Row:
        return commands.ask(desk, lambda one: one.close(position_id=name, reason=reason))

    told = [(name, ask(name)) for name in ids]
    answers = [row["answer"] for _, row in told if row["ok"]]
    failed = [(name, row) for name, row in told if not row["ok"]]
    if not answers:
        return told[0][1]
    lines = [line for answer in answers for line in answer.get("positions") or ()]
    lines += [{"position_id": name, "closed": False, "detail": f"{_word(row)}: {row['detail']}"}
              for name, row in failed]  # fmt: skip
    done = sum(bool(line.get("closed")) for line in lines)
    message = f"closing {len(ids)} positions" + (f"; {len(failed)} not taken" if failed else "")
    return {"ok": True, "answer": {**answers[-1], "message": message, "positions": lines,
                                   "positions_closed": {"done": done, "asked": len(ids)}}}  # fmt: skip


def _word(row: Row) -> str:
    return "NOT CONFIRMED" if row["unsure"] else "REFUSED"
