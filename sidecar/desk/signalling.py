"""Trading signals: recorded before their outcome, scored when their horizon has passed.

A price counts where it is trusted: the session is open and the contract's quote is younger than the ``stale`` limit.
The outcome is the first such mark at or after the horizon, and for a contract that has expired by then what it settled
at. A horizon ends with its contract, and one that ends while the exchange is closed has its outcome at the next open.
What has no such price within ten minutes of trading is unscored: a later price would answer another question.
"""

from __future__ import annotations

from math import isfinite

from msgspec.structs import replace

from sidecar.book.expiry import settlement_price
from sidecar.desk.board import level
from sidecar.desk.session import expired, is_open
from sidecar.desk.state import DeskState
from sidecar.domain.clock import MINUTE, SECOND, to_datetime
from sidecar.domain.commands import SendSignal
from sidecar.domain.contracts import Contract, Kind, parse_id
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.records import SignalRecorded
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.domain.scopes import ANY
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType

#: Seconds that a horizon may have: thirty days at most.
SHORTEST_S, LONGEST_S = 1.0, 30 * 86_400.0
#: Signals a minute, of one strategy and of all: what is beyond is refused, and said once a minute.
MOST_A_MINUTE, MOST_OF_ALL = 60, 300
#: Signals that may wait for their horizon at once.
MOST_OPEN = 5_000
#: How long, in time of trading, a trusted price is waited for once the horizon has passed.
PATIENCE = 10 * MINUTE
_MOST_UNITS = 2**53
#: The longest text of each word that a signal carries.
_LONGEST = {"strategy": 64, "model_id": 100, "reason": 500}


def take(state: DeskState, command: SendSignal) -> None:
    """Put a signal on record with the mark of this instant; without a trusted one it can never be scored.

    :raises InputError: a field that cannot be used, by its name.
    """
    request = command.request
    contract = _judged(state, request)
    if problem := _too_many(state, request.strategy):
        state.counters["signals_refused"] += 1
        _refuse(state, command, problem)
        return
    price = _mark(state, contract)
    due_at = state.now + round(request.horizon_s * SECOND)
    signal = Signal(
        id=f"S{to_datetime(state.live_since):%y%m%d%H%M%S}-{state.signals.count + 1:05d}",
        request=replace(request, symbol=contract.id, signal_type=SignalType(request.signal_type)),
        actor=command.actor,
        at=state.now,
        price=price,
        due_at=min(due_at, contract.expires_at) if contract.expires_at is not None else due_at,
    )
    if price is None:
        signal = _unscored(state, signal, "no trusted price when it was given")
    state.signals.note(state.now, request.strategy)
    state.counters["signals"] += 1
    _keep(state, signal)
    message = f"signal {signal.id} is on record" + (f"; never scored: {signal.note}" if signal.note else "")
    state.answer(command, OutcomeStatus.DONE, message, signal=signal)


def score(state: DeskState) -> None:
    """Score what is due, on a beat: each signal once, against the first trusted price."""
    late, found = state.signals.late, dict[str, tuple[float | None, str]]()
    for signal in state.signals.due(state.now):
        late[signal.id] = signal.due_at + PATIENCE
    for signal_id in tuple(late):
        signal = state.signals.open[signal_id]
        if state.now > late[signal_id]:  # closed hours do not count, and seldom need to be looked up
            late[signal_id] = _traded_until(state, signal.due_at)
        symbol = signal.request.symbol
        if symbol not in found:
            found[symbol] = _outcome(state, symbol)
        price, note = found[symbol]
        if state.now > late[signal_id]:
            _keep(state, _unscored(state, signal, "no trusted price within ten minutes of trading after its horizon"))
        elif price is not None and signal.price is not None:
            _keep(state, _scored(state, signal, price / signal.price - 1.0, price, note))


def lines(state: DeskState) -> tuple[Signal, ...]:
    """The newest signals, newest first; the same tuple as long as none has changed."""
    return state.signals.lines


def fold(state: DeskState, record: SignalRecorded) -> None:
    """Take up a signal from the record, after a restart: what is still open is scored when its time comes."""
    state.signals.keep(record.signal)


def _keep(state: DeskState, signal: Signal) -> None:
    state.signals.keep(signal)
    state.pending.records.append(SignalRecorded(state.now, signal))


def _judged(state: DeskState, request: SignalRequest) -> Contract:
    """The contract of a request whose every field can be used; a strategy's code may have put anything there."""
    if request.signal_type not in tuple(SignalType):
        raise InputError("signal_type", f"{str(request.signal_type)[:40]!r} is none", "give buy, sell or hold")
    if not (_number(request.confidence) and 0.0 <= request.confidence <= 1.0):
        raise InputError("confidence", "is not a number from 0 to 1", "give how sure it is, as 0.6")
    if not (_number(request.horizon_s) and SHORTEST_S <= request.horizon_s <= LONGEST_S):
        raise InputError("horizon_s", "is out of range", f"give {SHORTEST_S:g} to {LONGEST_S:.0f} seconds")
    if type(request.quantity) is not int or not 0 <= request.quantity <= _MOST_UNITS:
        raise InputError("quantity", "is no number of units", "give a whole number, 0 where it names no size")
    for field, longest in _LONGEST.items():
        text = getattr(request, field)
        if not isinstance(text, str) or len(text) > longest:
            raise InputError(field, "cannot be used", f"give at most {longest} characters")
    if "/" in request.strategy or request.strategy in ("", ANY):
        raise InputError("strategy", f"{request.strategy!r} cannot name one", "leave out / and do not call it *")
    if request.fund_id not in state.config.capital:
        raise InputError("fund_id", f"{str(request.fund_id)[:40]!r} is not a fund of this desk")
    contract = state.board.universe.resolve(str(request.symbol), state.now)
    if expired(contract, state.now):
        raise InputError("symbol", f"{contract.id} has expired", "name a contract that trades")
    return contract


def _number(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]


def _too_many(state: DeskState, strategy: str) -> str:
    """Why no further signal is taken now; empty when one is."""
    counts, total = state.signals.recent(state.now)
    if counts.get(strategy, 0) >= MOST_A_MINUTE:
        return f"{strategy} has given {MOST_A_MINUTE} signals within a minute; further ones are refused"
    if total >= MOST_OF_ALL:
        return f"{MOST_OF_ALL} signals were given within a minute; further ones are refused"
    if len(state.signals.open) >= MOST_OPEN:
        return f"{MOST_OPEN} signals wait for their horizon; further ones are refused"
    return ""


def _refuse(state: DeskState, command: SendSignal, problem: str) -> None:
    """Answer no; on record and to the operator once a minute, or the refusals would flood what the limit keeps dry."""
    if state.signals.tell(state.now, problem):
        state.say(problem)
        state.answer(command, OutcomeStatus.REFUSED, problem)
    else:
        refused = Outcome(command.request_id, OutcomeStatus.REFUSED, problem, state.breaker)
        state.pending.outcomes.append(refused)


def _mark(state: DeskState, contract: Contract) -> float | None:
    """The mark of a contract where it can be trusted now."""
    quote = state.board.last(contract.id)
    if quote is None or not is_open(state) or expired(contract, state.now):
        return None
    return level(quote) if state.now - quote.at < state.limits[None]["stale"] * SECOND else None


def _unscored(state: DeskState, signal: Signal, why: str) -> Signal:
    return replace(signal, status=SignalStatus.UNSCORED, scored_at=state.now, note=why)


def _scored(state: DeskState, signal: Signal, change: float, price: float, note: str) -> Signal:
    direction = SignalType(signal.request.signal_type).sign
    return replace(
        signal,
        status=SignalStatus.SCORED,
        scored_at=state.now,
        outcome_price=price,
        outcome_return=(direction or 1) * change + 0.0,  # and not -0.0
        correct=direction * change > 0.0 if direction else None,
        note=note,
    )


def _outcome(state: DeskState, symbol: str) -> tuple[float | None, str]:
    """The price that a signal on ``symbol`` is judged by now, and what is to be said of it."""
    contract = state.board.universe[symbol] if symbol in state.board.universe else _unlisted(state, symbol)
    if contract is None:
        return None, ""
    if not expired(contract, state.now):
        return _mark(state, contract), ""
    settled = state.settlements.get((contract.underlying, f"{contract.expiry:%Y%m%d}"))
    if settled is None:
        return None, ""
    return float(settlement_price(contract, settled.price)), "settled at expiry"


def _unlisted(state: DeskState, symbol: str) -> Contract | None:
    """A contract that is not listed any more, after a restart; None where its expiry says that it still may be."""
    parts = parse_id(symbol)
    if parts.expiry is None or parts.expiry >= state.calendar.local_date(state.now):
        return None
    kind = Kind.FUTURE if parts.right is None else Kind.OPTION
    return Contract(parts.underlying, kind, parts.expiry, parts.strike, parts.right, 0)


def _traded_until(state: DeskState, at: int) -> int:
    """When the exchange has traded for :data:`PATIENCE` since ``at``."""
    left, day = PATIENCE, state.calendar.local_date(at)
    try:
        session = state.calendar.session(day) or state.calendar.next_session(day)
        while True:
            for opens, closes in session.intervals:
                begins = max(opens, at)
                if closes - begins >= left:
                    return begins + left
                left -= max(0, closes - begins)
            session = state.calendar.next_session(session.date)
    except CalendarBeyond:
        return at + PATIENCE  # nothing trades beyond the table
