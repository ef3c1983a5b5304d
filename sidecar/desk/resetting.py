"""The way back: a named person ends what shuts the desk, or a part of it, once nothing of it is wrong any more."""

from __future__ import annotations

from sidecar.desk.halting import enable_strategies
from sidecar.desk.state import DeskState
from sidecar.desk.watch import shut_by
from sidecar.domain.breaker import BreakerState, Trigger
from sidecar.domain.commands import Reset
from sidecar.domain.report import LimitLine, OutcomeStatus
from sidecar.domain.scopes import ANY, DESK, Scope
from sidecar.risk import breaker, lines


def reset(state: DeskState, command: Reset) -> None:
    """End what shuts a scope and all in it, but for what still stands there, which is named in the answer.

    What stands: a confirmed breach, and for the whole desk no trusted data, a journal that failed, a halted exchange.
    A reset also enables the disabled strategies of its scope again (a losing run, an exception), each named in the
    answer and on record with the reason; so a losing run never stands in its way. An override that covers a limit lets
    a reset pass it too. A difference with the venue is for people to judge. A drawdown stands until equity recovers or
    a person with the right raises the limit.

    :raises InputError: no actor, no reason, or a scope that is none.
    """
    scope, before = Scope.parse(command.scope), state.breaker
    wrong = _breached(state)
    standing = [(line.name, shut_by(state, line.scope)) for line in wrong]
    standing += [(what, ANY) for what in _other(state)]
    decision = breaker.reset(before, state.now, command.actor, command.reason, standing, scope)
    if decision.event is not None:
        _forget(state, wrong, scope)
        state.note_breaker(decision.state, decision.event)
    elif decision.standing:
        state.answer(command, OutcomeStatus.CONFLICT, decision.problem)
        return
    enabled = enable_strategies(state, command.actor, command.reason, _freed(state, before, scope))
    told = []
    if decision.event is not None:
        told.append(f"breaker is {decision.state.status}" if scope == DESK else f"{scope} is reset")
    told += [f"still standing: {', '.join(decision.standing)}"] if decision.standing else []
    told += [f"enabled again: {', '.join(enabled)}"] if enabled else []
    if told:
        state.answer(command, OutcomeStatus.DONE, "; ".join(told))
    else:
        state.answer(command, OutcomeStatus.CONFLICT, decision.problem)


def _breached(state: DeskState) -> tuple[LimitLine, ...]:
    """The lines whose breach stands; a losing run is forgiven by whoever resets."""
    confirmed = lines.standing(state.limit_lines, state.config.confirmations)
    return tuple(
        line
        for line in confirmed
        if line.name != "loss_streak" and not breaker.covers(state.breaker, line.name, state.now)
    )


def _other(state: DeskState) -> list[str]:
    """What keeps the whole desk shut beside limits."""
    found = ["data_failure (no trusted market data)"] if state.blind else []
    found += ["journal (restart the sidecar on a good disk)"] if state.journal_failed else []
    found += [f"market_halt ({state.exchange_halted})"] if state.exchange_halted else []
    return found


def _forget(state: DeskState, wrong: tuple[LimitLine, ...], scope: Scope) -> None:
    """Confirmations begin anew, so that what was reset must be seen again before it trips again."""
    stand = {(line.scope, line.name) for line in wrong}
    for where, counts in state.confirmations.items():
        if Scope.parse(where).within(scope):
            state.confirmations[where] = {name: n for name, n in counts.items() if (where, name) in stand}


def _freed(state: DeskState, before: BreakerState, scope: Scope) -> frozenset[str]:
    """The strategies that a reset of ``scope`` enables: all for the desk, else those that it names, or whose losing run
    it ended; but none that a losing run still shuts somewhere.
    """
    losing = [Scope.parse(cause.scope) for cause in before.partial if cause.trigger is Trigger.LOSS_STREAK]
    asked = {one.strategy for one in losing if one.within(scope)} | {scope.strategy}
    after = {
        Scope.parse(cause.scope).strategy for cause in state.breaker.partial if cause.trigger is Trigger.LOSS_STREAK
    }
    named = scope == DESK or scope.underlying == ANY
    return frozenset(
        name for name in state.disabled if named and (scope == DESK or name in asked) and name not in after
    )
