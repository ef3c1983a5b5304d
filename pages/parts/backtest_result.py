"""One backtest on the screen: how far it is, or why there is nothing, or its verdict with all that it rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import backtest_figures as figures
from pages.parts import backtest_tables as columns
from pages.parts import backtests, charts, commands, exports, reads, tables
from pages.parts.backtest_words import figure_of, verdict
from pages.parts.visitor import visitor
from pages.parts.words import age, known, money, number, percent, plain

Row = dict[str, Any]
#: Trades that are drawn; the export has all.
_DRAWN = 500
_SAYS: dict[str, tuple[Callable[..., Any], str]] = {
    "good": (st.success, ":material/check_circle:"),
    "bad": (st.error, ":material/warning:"),
    "careful": (st.warning, ":material/help:"),
    "note": (st.info, ":material/functions:"),
}
_TABS = ("Curve", "Trades", "Parts", "Costs", "Trials", "What it rests on")


def draw(job_id: str, currency: str) -> None:
    """One backtest, whatever its state."""
    rows, _ = backtests.runs()
    job = next((row for row in backtests.standing(rows) if row.get("id") == job_id), None)
    told, why = ({"job": job}, "") if job else backtests.told(job_id)
    if told is None:
        st.error(f"This backtest is unknown: {plain(why)}", icon=":material/help:")
        return
    if backtests.standing([told["job"]]):
        st.session_state["bt-watched"] = job_id
        under_way(told["job"])
        return
    if st.session_state.pop("bt-watched", None) == job_id:
        st.toast("The backtest is over", icon=":material/flag:")
        st.rerun()  # the page refreshes slowly again
    headline(told["job"])
    if told.get("result") is None:
        nothing(told)
    else:
        result_of(job_id, told["result"], currency)


def headline(job: Row) -> None:
    """What was asked, by whom, and what data it was."""
    st.markdown(f"#### {plain(backtests.name(job))}")
    with st.container(horizontal=True, gap="small"):
        st.badge(plain(job.get("state")), icon=":material/flag:", color="gray")
        if job.get("simulated"):
            st.badge("SIMULATED data", icon=":material/science:", color="violet")
        st.badge(f"{plain(job.get('id'))} by {plain(job.get('actor'))}, took {age(job.get('seconds'))}", color="gray")


def under_way(job: Row) -> None:
    """How far it has come, and the way to break it off."""
    st.markdown(f"#### {plain(backtests.name(job))}")
    if job.get("state") == "queued":
        st.progress(0.0, text="It waits for its turn: one runs at a time.")
    else:
        share = min(1.0, max(0.0, known(job.get("fraction")) or 0.0))
        words = f"{percent(share, 0)} · {plain(job.get('step') or 'begins')} · {plain(job.get('note') or '')}"
        st.progress(share, text=words)
    may = visitor().may("trader")
    if st.button("Cancel it", key=f"bt-cancel-{job['id']}", icon=":material/cancel:", disabled=not may,
                 help=None if may else "Needs a trader's key"):  # fmt: skip
        told = commands.ask(reads.shared().desk, lambda desk: desk.cancel_backtest(str(job["id"])))
        reads.shared().forget("backtests")
        if told["ok"]:
            st.toast(f"Asked to end: {plain(told['answer'].get('state'))}", icon=":material/cancel:")
        else:
            st.error(("NOT CONFIRMED: " if told["unsure"] else "Refused: ") + plain(told["detail"]))


def nothing(told: Row) -> None:
    """Why there is no result."""
    job = told["job"]
    why = plain(told.get("why") or job.get("reason") or "no reason was given")
    if job.get("state") == "failed":
        st.error(f"**It failed:** {why}", icon=":material/error:")
    elif job.get("state") == "cancelled":
        st.warning(f"**It was cancelled:** {why}", icon=":material/cancel:")
    else:
        st.info(f"There is no result: {why}")


def result_of(job_id: str, result: Row, currency: str) -> None:
    """The verdict, the figures with their intervals, then the evidence; only the open tab is made."""
    for said in verdict(result, currency):
        say, icon = _SAYS[said.kind]
        say(said.text, icon=icon)
    cells(result, currency)
    made = dict(zip(_TABS, (curve, trades, parts, costs, trials, rests), strict=True))
    for tab, (_, show) in zip(st.tabs(list(made), key="bt-tab", on_change="rerun"), made.items(), strict=True):
        if tab.open:
            with tab:
                show(job_id, result, currency)
    report(job_id)


def cells(result: Row, currency: str) -> None:
    """The figures that are looked at first."""
    metrics = result.get("performance_metrics") or {}
    shown = (
        (
            "Net",
            money(metrics.get("net_profit"), currency, signed=True),
            f"capital {money(_capital(result), currency)}",
        ),
        ("Return", percent(result.get("total_return"), signed=True), _band(result, "total_return", share=True)),
        ("Sharpe, a year", number(result.get("sharpe_ratio")), _band(result, "sharpe_ratio", share=False)),
        ("Deepest drawdown", percent(result.get("max_drawdown")), _band(result, "max_drawdown", share=True)),
        ("Trades that won", percent(result.get("win_rate"), 1), f"of {number(result.get('total_trades'), 0)}"),
        ("Profit factor", number(result.get("profit_factor")), "gains over losses"),
    )
    for cell, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def curve(job_id: str, result: Row, currency: str) -> None:
    """The account and its drawdown."""
    figure = figures.equity(result, currency, job_id)
    charts.draw(figure, key=f"bt-equity-{job_id}",
                    alt="The account over time beside the benchmark, and the drawdown below")  # fmt: skip
    exports.draw(f"equity-{job_id}", table=lambda: _points(result), figure=figure)


def trades(job_id: str, result: Row, _: str) -> None:
    """Every round trip."""
    rows = list(result.get("trades") or ())
    if not rows:
        st.info("It made no trade.")
        return
    if len(rows) > _DRAWN:
        st.caption(f"The first {_DRAWN} of {len(rows):,}; the export has all.")
    tables.show(rows[:_DRAWN], columns.TRADE, f"bt-trades-{job_id}", 14)
    exports.draw(f"trades-{job_id}", table=lambda: _frame(rows))


def parts(job_id: str, result: Row, currency: str) -> None:
    """What came of each year, each regime of volatility and each test window."""
    for name, heading in (("years", "By year"), ("regimes", "By regime of volatility"), ("window_parts", "By window")):
        rows = list(result.get(name) or ())
        if not rows:
            continue
        st.markdown(f"**{heading}**")
        if len(rows) > 1:
            charts.draw(figures.parts(rows, currency, f"{name}-{job_id}"), key=f"bt-{name}-{job_id}",
                            alt=f"Net profit {heading.lower()}")  # fmt: skip
        tables.show([columns.part(row) for row in rows], columns.PART, f"bt-table-{name}-{job_id}", 10)
    if result.get("windows"):
        st.markdown("**What each window learnt from**")
        tables.show(list(result["windows"]), columns.WINDOW, f"bt-windows-{job_id}", 10)


def costs(job_id: str, result: Row, currency: str) -> None:
    """What it cost, and what the gate and the venue refused."""
    figure = figures.costs(result.get("performance_metrics") or {}, currency)
    charts.draw(figure, key=f"bt-costs-{job_id}", alt="From the profit before costs to the net, step by step")
    refused = list(result.get("refused") or ())
    st.markdown("**Orders that did not come to a fill**")
    if refused:
        tables.show(refused, columns.REFUSED, f"bt-refused-{job_id}", 10)
    else:
        st.caption("None.")


def trials(job_id: str, result: Row, _: str) -> None:
    """Every set of parameters that was tried."""
    rows = sorted(result.get("trials") or (), key=lambda row: -(known(row.get("sharpe_ratio")) or float("-inf")))
    st.caption(plain((result.get("selection") or {}).get("note") or ""))
    if rows:
        tables.show([columns.trial(row) for row in rows[:_DRAWN]], columns.TRIAL, f"bt-trials-{job_id}", 14)
    else:
        st.caption("One set of parameters alone was run.")


def rests(job_id: str, result: Row, _: str) -> None:
    """What a reader has to know to believe it: assumptions, data, engine, and the hash that a second run must have."""
    for line in result.get("assumptions") or ():
        st.markdown(f"- {plain(line)}")
    notes = list(result.get("data") or ())
    if notes:
        tables.show(notes, columns.NOTE, f"bt-notes-{job_id}", 10)
    else:
        st.caption("Nothing was found wrong with the data.")
    st.caption(
        f"Engine {plain(result.get('engine'))} on {plain(result.get('source'))}: {number(result.get('bars'), 0)} bars, "
        f"{number(result.get('events'), 0)} events. The same request and data give the same hash: "
        f"{plain(result.get('hash'))}"
    )
    st.json(result.get("config") or {}, expanded=False)


def report(job_id: str) -> None:
    """The whole result as one page, made when it is asked for."""
    st.download_button(
        "Full report (HTML)", lambda: reads.shared().desk.backtest_report(job_id), file_name=f"backtest-{job_id}.html",
        mime="text/html", key=f"bt-report-{job_id}", icon=":material/description:", on_click="ignore",
        help="One page that needs nothing else: open it in a browser, print it, send it on",
    )  # fmt: skip


def _points(result: Row) -> pd.DataFrame:
    return _frame(list(result.get("equity_curve") or ()))


def _frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def _capital(result: Row) -> Any:
    return (result.get("config") or {}).get("initial_capital")


def _band(result: Row, name: str, *, share: bool) -> str:
    told = figure_of(result, name, share=share, places=2)
    return told.partition(" (")[2].rstrip(")") or "no interval"
