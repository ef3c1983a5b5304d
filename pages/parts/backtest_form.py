"""The form that asks for a backtest. Every field stands in the address, so that a whole request can be sent on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from pages.parts import backtests, learnt, linked, reads
from pages.parts.backtest_request import Asked, asked, refused, trials
from pages.parts.visitor import visitor
from pages.parts.words import ZONE, moment, number, plain
from sidecar.domain.errors import ClientError, DeskRefused

Row = dict[str, Any]
ERRORS = "backtest-errors"
VIEW, RUN = "bt_view", "run"
_SENT = "backtest-sent"
#: Days that a test begins with: twenty sessions, where the bars reach so far.
_SPAN = timedelta(days=28)
_LINKED: dict[str, Any] = {"bind": "query-params"}
_MODES = ("walk_forward", "expanding_window", "fixed_window")
_MODE = (
    "walk_forward learns from the newest days before each test, expanding_window from all before it, fixed_window once"
)


def draw() -> None:
    """What to test, on what and when, for how much; then the button."""
    lines, why = backtests.strategies()
    if not lines:
        st.info(f"What can be tested is unknown: {plain(why)}" if why else "There is no strategy to test.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        line = _strategy(lines)
        fields = {"strategy": line["name"], **_when()}
    with right:
        parameters = _parameters(line)
    needs = bool(line.get("needs_model"))
    with st.expander("Money and costs", icon=":material/payments:", key="bt-money"):
        fields |= _money()
    if needs:
        with st.expander("Model and windows", icon=":material/model_training:", key="bt-windows", expanded=True):
            fields |= _windows()
    with st.expander("How it is run", icon=":material/tune:", key="bt-how"):
        fields |= _how(line)
    _run(asked(fields, parameters, needs_model=needs))


def _strategy(lines: list[Row]) -> Row:
    by_name = {str(line["name"]): line for line in lines}
    name = st.selectbox("Strategy", list(by_name), _first(lines), key="bt_strategy", **_LINKED)
    line = by_name.get(str(name), lines[0])
    _wrong("strategy")
    model = " It looks at a model." if line.get("needs_model") else ""
    quotes = (
        "" if "vectorised" in line.get("engines", ()) else " It needs imported quotes of options: bars are not enough."
    )
    st.caption(f"**{plain(line.get('title'))}.** {plain(line.get('description'))}{model}{quotes}")
    return line


def _first(lines: list[Row]) -> int:
    """The place of the first that bars alone are enough for."""
    alone = ("vectorised" in line.get("engines", ()) and not line.get("needs_model") for line in lines)
    return next((place for place, enough in enumerate(alone) if enough), 0)


def _when() -> Row:
    rows, why = backtests.held()
    known = {str(row["symbol"]): row for row in rows or ()}
    others = [str(row.get("symbol")) for row in reads.shared().picture().markets]
    options = sorted(set(known) | set(others))
    symbols = st.multiselect("Underlyings", options, default=options[:1], key="bt_symbols", accept_new_options=True,
                             **_LINKED)  # fmt: skip
    _wrong("symbols")
    mine = [known[name] for name in symbols if name in known] or list(known.values())
    ends = [at.astimezone(ZONE).date() for row in mine if (at := moment(row.get("last")))]
    begins = [at.astimezone(ZONE).date() for row in mine if (at := moment(row.get("first")))]
    first, last = (max(begins), min(ends)) if begins and ends else (None, None)
    cells = st.columns(2)
    start = cells[0].date_input(
        "From", max(first, last - _SPAN) if first and last else None, key="bt_from", format="YYYY-MM-DD", **_LINKED
    )
    end = cells[1].date_input("To (that day too)", last, key="bt_to", format="YYYY-MM-DD", **_LINKED)
    for name in ("start_date", "end_date"):
        _wrong(name)
    st.caption(_has(known, why))
    return {"symbols": list(symbols), "start_date": start, "end_date": end}


def _has(known: dict[str, Row], why: str) -> str:
    """What bars there are, in words."""
    if why and not known:
        return f"Which bars there are is unknown: {plain(why)}"
    if not known:
        return "No bars are on record yet; imported quotes can be tested all the same."
    told = [
        f"{plain(name)} {_day(row.get('first'))} to {_day(row.get('last'))} ({number(row.get('bars'), 0)} bars"
        f"{', of a SIMULATED market' if row.get('simulated') else ''})"
        for name, row in known.items()
    ]
    return (
        f"On record: {'; '.join(told)}. Imported quotes come on top; the desk says what it has when a day is refused."
    )


def _day(value: Any) -> str:
    at = moment(value)
    return "–" if at is None else f"{at.astimezone(ZONE):%d %b %Y}"


def _parameters(line: Row) -> dict[str, str]:
    st.markdown("**Its parameters**")
    told = {}
    shown = line.get("parameters") or {}
    cells = st.columns(2)
    for place, (name, default) in enumerate(shown.items()):
        with cells[place % 2]:
            told[str(name)] = st.text_input(
                plain(name), key=f"bt_p_{name}", placeholder=f"{default:g}", max_chars=300,
                help=f"{default:g} if left empty; several with commas between are all tried", **_LINKED,
            )  # fmt: skip
            _wrong(f"parameters.{name}")
    _wrong("sweep")
    st.caption("Empty is the default. Several values with commas between are tried in every combination: each is a "
               "trial, and counts against the result." if shown else "It has none.")  # fmt: skip
    return told


def _money() -> Row:
    cells = st.columns(3)
    capital = cells[0].number_input("Capital (account)", 1.0, value=2_000_000.0, step=100_000.0, key="bt_capital",
                                    format="%.0f", **_LINKED)  # fmt: skip
    commission = cells[1].number_input(
        "Commission (% of price, a side)", 0.0, value=None, step=0.01, key="bt_commission", format="%.4f",
        placeholder="dated tariff", help="Empty: the exchange's and the broker's dated tariff, item by item", **_LINKED,
    )  # fmt: skip
    slippage = cells[2].number_input(
        "Slippage (% of price, a side)", 0.0, value=None, step=0.01, key="bt_slippage", format="%.4f",
        placeholder="as quoted", help="Empty: quotes as they were, and one tick where there are only bars", **_LINKED,
    )  # fmt: skip
    for name in ("initial_capital", "commission", "slippage"):
        _wrong(name)
    return {"initial_capital": capital, "commission": commission, "slippage": slippage}


def _windows() -> Row:
    rows, _ = learnt.models()
    ids = ["", *(str(row.get("id")) for row in rows or ())]
    cells = st.columns([2, 2, 1, 1, 1])
    model = cells[0].selectbox("Model", ids, key="bt_model", format_func=lambda one: one or "train one a window",
                               help="One on record saw its own past: those days prove nothing", **_LINKED)  # fmt: skip
    mode = cells[1].selectbox("Mode", _MODES, key="bt_mode", help=_MODE, **_LINKED)
    days = [
        cell.number_input(label, 1, 2_000, value, key=key, help="trading days", **_LINKED)
        for cell, label, value, key in zip(
            cells[2:], ("Train", "Test", "Retrain"), (60, 20, 20), ("bt_train", "bt_test", "bt_retrain"), strict=True
        )
    ]
    names = ("train_window_days", "test_window_days", "retrain_frequency_days")
    for name in ("model_id", "mode", *names):
        _wrong(name)
    return {"model_id": model, "mode": mode, **dict(zip(names, days, strict=True))}


def _how(line: Row) -> Row:
    cells = st.columns(4)
    engines = ["auto", *(str(one) for one in line.get("engines") or ())]
    engine = cells[0].selectbox("Engine", engines, key="bt_engine", help="auto is the first that can", **_LINKED)
    instrument = cells[1].selectbox("Trades", ("future", "atm_options"), key="bt_instrument", **_LINKED)
    source = cells[2].selectbox("Data", ("auto", "bars", "archive"), key="bt_source", **_LINKED)
    seed = cells[3].number_input("Seed", 0, 2**31 - 1, 7, key="bt_seed", **_LINKED)
    resets = st.toggle("Somebody resets the breaker every morning", key="bt_resets", **_LINKED,
                       help="Without, what trips stays tripped, as on a desk that nobody looks at")  # fmt: skip
    for name in ("engine", "instrument", "source", "seed", "resets"):
        _wrong(name)
    return {"engine": engine, "instrument": instrument, "source": source, "seed": seed, "resets": resets or None}


def _run(found: Asked) -> None:
    may = visitor().may("trader")
    many = trials(found.request)
    pressed = st.button(
        f"Run {many:,} trials" if many > 1 else "Run", key="bt-run", type="primary", icon=":material/play_arrow:",
        disabled=not may, help="Beside the desk, in a process of its own" if may else "Needs a trader's key",
    )  # fmt: skip
    _wrong("")
    if pressed:  # not by a callback, which would send what stood there before the last field was typed
        _send(found)
        st.rerun()


def _send(found: Asked) -> None:
    st.session_state[ERRORS] = dict(found.errors)
    if found.errors:
        return
    more = dict(found.request)
    first = [more.pop(name) for name in ("strategy", "symbols", "start_date", "end_date")]
    try:
        job = reads.shared().desk.backtest(*first, **more)
    except DeskRefused as error:
        st.session_state[ERRORS] = refused(error.document, str(error))
    except ClientError as error:
        st.session_state[ERRORS] = {"": f"NOT CONFIRMED: {error}; see the list of runs before you ask again"}
    else:
        reads.shared().forget("backtests")
        st.session_state[_SENT] = str(job["job_id"])


def follow() -> None:
    """Look at the run that was just asked for. Before the widgets of the view and the run are drawn."""
    if (sent := st.session_state.pop(_SENT, None)) is not None:
        linked.take(RUN, sent)
        st.session_state[VIEW] = "Result"


def _wrong(field: str) -> None:
    """What the desk, or this form, says is wrong with a field, where it stands."""
    if problem := (st.session_state.get(ERRORS) or {}).get(field):
        st.error(plain(problem), icon=":material/error:")
