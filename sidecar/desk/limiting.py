"""Limits that somebody changes: at the desk, a fund, a strategy of it, an underlying of either; with a reason."""

from __future__ import annotations

from sidecar.desk.state import DeskState
from sidecar.domain.commands import ChangeLimits
from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.domain.records import LimitsRecorded
from sidecar.domain.report import OutcomeStatus
from sidecar.domain.scopes import ANY, DESK, Scope
from sidecar.risk.limits import tightest
from sidecar.risk.nodes import changed


def change(state: DeskState, command: ChangeLimits) -> None:
    """Set some limits of one scope, or take some away; what changed goes on record.

    :raises InputError: the scope is none of this desk's, or a limit cannot be what is asked there.
    """
    if not command.reason.strip():
        raise InputError("reason", "is empty", "say why the limits change")
    if not command.limits:
        raise InputError("limits", "names none", "name one or more, each with its value")
    scope = _scope(state, command)
    before = state.limits.get(scope)
    try:
        state.limits[scope] = changed(before, command.limits, scope)
    except InputError as error:
        field = error.field if error.field == "limits" else f"limits.{error.field}"
        raise InputError(field, error.problem, error.remedy) from None
    after = state.limits.get(scope)
    told = {name: after.get(name) for name in command.limits}
    configured = {name: state.config.limits[name] for name in told}
    where = (command.strategy, command.underlying)
    record = LimitsRecorded(state.now, told, command.actor, command.reason, command.fund_id, configured, *where)
    state.pending.records.append(record)
    changes = ", ".join(
        f"{name} {before.get(name, 'unset')} to {'unset' if value is None else format(value, 'g')}"
        for name, value in told.items()
    )
    state.answer(command, OutcomeStatus.DONE, f"limits changed{_where(scope)}: {changes}{_unheard(state, scope)}")


def fold(state: DeskState, record: LimitsRecorded) -> None:
    """A changed limit stands, unless the settings of it have changed since: then the tighter of the two does."""
    mine, values = state.config.limits, dict(record.limits)
    scope = Scope(record.fund_id or ANY, record.strategy or ANY, record.underlying or ANY)
    for name in sorted(values.keys() & record.configured.keys() & mine.keys()):
        value = values[name]
        if scope == DESK and value is not None and record.configured[name] != mine[name]:
            values[name] = tightest({name: mine[name]}, {name: value})[name]
            state.say(
                f"limit {name}: changed in the settings since it was set by {record.actor}: {values[name]:g} applies"
            )
    try:
        before = state.limits.get(scope)
        known = {name: value for name, value in values.items() if value is not None or name in before}
        state.limits[scope] = changed(before, known, scope)
    except (InputError, ConfigurationError) as error:
        # A limit that this program no longer knows: the settings' limits stand, which the operator can see.
        state.say(f"a limit on record is not this program's ({error}): the settings' limits apply")


def _scope(state: DeskState, command: ChangeLimits) -> Scope:
    fund, strategy, underlying = command.fund_id, command.strategy, command.underlying
    if fund is None and (strategy, underlying) != (None, None):
        raise InputError("fund_id", "is missing", "a strategy and an underlying are a fund's")
    if fund is not None and fund not in state.config.capital:
        raise InputError("fund_id", f"{fund[:40]!r} is not a fund of this desk")
    if strategy is not None and ("/" in strategy or strategy in ("", ANY)):
        raise InputError("strategy", f"{strategy[:40]!r} cannot name one", "give its name, or leave it out for all")
    listed = state.board.underlyings
    if underlying is not None and underlying not in listed:
        raise InputError("underlying", f"{underlying[:40]!r} is not listed", "use one of " + ", ".join(listed))
    return Scope(fund or ANY, strategy or ANY, underlying or ANY)


def _where(scope: Scope) -> str:
    return "" if scope == DESK else f" in {scope}"


def _unheard(state: DeskState, scope: Scope) -> str:
    """A slip of the pen in a strategy's name would leave a limit that watches nothing."""
    heard = scope.strategy == ANY or any(one.request.strategy == scope.strategy for one in state.orders.values())
    return "" if heard else f"; no order of a strategy named {scope.strategy} is known yet"
