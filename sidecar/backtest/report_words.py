"""What the report says in sentences: what was asked, and what to think of what came."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sidecar.backtest.wording import count, moment, number, percent, plain, plural
from sidecar.domain.backtest_result import BacktestResult, Lookahead, Selection
from sidecar.domain.backtests import BacktestRequest, Instrument, Mode

_TRADED = {
    Instrument.FUTURE: "the nearest monthly future",
    Instrument.ATM_OPTIONS: "options at the money of the nearest expiry, bought",
}
_MODES = {
    Mode.WALK_FORWARD: "Walk forward: before each window of {test} days it learns from the newest {train}",
    Mode.EXPANDING_WINDOW: "Expanding window: before each window of {test} days it learns from all that came before",
    Mode.FIXED_WINDOW: "Fixed window: it learns once, from {train} days, and is tested {test} days at a time",
}


def asked(result: BacktestResult) -> str:
    """The request in words, as HTML."""
    request = result.config
    given = ", ".join(f"{plain(name)} {value:g}" for name, value in request.parameters.items())
    swept = "; ".join(f"{plain(name)}: {', '.join(f'{one:g}' for one in some)}" for name, some in request.sweep.items())
    strategy = f"<b>{plain(request.strategy)}</b>{f' ({given})' if given else ''}"
    days = f"from <b>{request.start_date}</b> to <b>{request.end_date}</b>"
    lines = (
        f"{strategy} on <b>{plain(', '.join(request.symbols))}</b>, {days},",
        f"with a capital of <b>{number(request.initial_capital)}</b>.",
        f"On bars it trades {_TRADED[request.instrument]}." if result.bars else "",
        _learning(result),
        f"Costs: {_commission(request)}; {_slippage(request)}. Seed {request.seed}.",
        f"Tried: {swept}." if swept else "",
    )
    return " ".join(line for line in lines if line)


def _learning(result: BacktestResult) -> str:
    request = result.config
    if not request.model_id and not any(window.train_from for window in result.windows):
        return "It learns nothing."
    mode = _MODES[request.mode].format(train=request.train_window_days, test=request.test_window_days)
    model = f" The model is {plain(request.model_id)}." if request.model_id else ""
    return f"{mode}, anew every {plural(request.retrain_frequency_days, 'day')}.{model}"


def _commission(request: BacktestRequest) -> str:
    if request.commission is None:
        return "the exchange's and the broker's tariff of each day, item by item"
    return f"{request.commission * 100:g} % of each fill's value in the place of every charge"


def _slippage(request: BacktestRequest) -> str:
    if request.slippage is None:
        return "quotes as they were, and a tick where there are only bars"
    return f"every quote {request.slippage * 100:g} % worse on both sides"


def selected(selection: Selection) -> str:
    """What is left of the Sharpe ratio, as HTML."""
    note = f" {plain(selection.note[0].upper() + selection.note[1:])}." if selection.note else ""
    many = plural(selection.trials, "set of parameters was tried", "sets of parameters were tried")
    if selection.deflated_sharpe is None:
        return f"{many}. How much of the Sharpe ratio is luck cannot be told.{note}"
    against = "0" if selection.trials == 1 else f"what the best of {count(selection.trials)} worthless ones would have"
    sure = selection.deflated_sharpe
    verdict = "which is evidence of skill" if sure >= 0.95 else "which is <b>no evidence of skill</b>"
    text = f"{many}. The true Sharpe ratio is above {against} with a chance of <b>{percent(sure)}</b>, {verdict}."
    if selection.overfitting_probability is not None:
        share = percent(selection.overfitting_probability)
        text += (
            f" The set that is best on one half of the time is below the median on the other in <b>{share}</b> of the"
            " ways to halve it: half or more means that choosing among them told nothing."
        )
    return text if selection.trials == 1 else text + note


def looked_ahead(found: Lookahead) -> str:
    """What the scrambled futures showed, as HTML."""
    if found.cuts == 0:
        return f"<b>Not examined.</b> {plain(found.note) or 'No reason is given.'}"
    after = f"everything after each of {plural(found.cuts, 'instant')} was scrambled, and the strategy asked again"
    if found.changed:
        first = f" First: {plain(found.first)}." if found.first else ""
        return (
            f"<b>This strategy knows the future.</b> Where {after}, what it had decided before changed at "
            f"<b>{count(found.changed)}</b> of them. Its figures mean nothing.{first}"
        )
    return f"No sign of it: {after}, and no earlier decision changed." + (f" {plain(found.note)}" if found.note else "")


def summary(result: BacktestResult, zone: ZoneInfo) -> str:
    """What the equity picture shows, for who cannot see it."""
    points = result.equity_curve
    if not points:
        return "No equity: there was not one mark."
    return (
        f"Equity from {number(points[0].equity, 0)} at {moment(points[0].at, zone)} to "
        f"{number(points[-1].equity, 0)} at {moment(points[-1].at, zone)}; the deepest drawdown is "
        f"{percent(result.max_drawdown)}; {plural(result.total_trades, 'trade')}."
    )
