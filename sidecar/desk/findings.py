"""What is wrong with the desk as it stands, one function a condition. To watch for another, add a row and its kind.

Everything is read from the state after its limits were watched; nothing here changes it. Details name what is stable
about a condition, messages may hold numbers that move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from msgspec.structs import replace

from sidecar.alerts.kinds import BY_NAME
from sidecar.desk.session import is_open, opened_at
from sidecar.desk.state import DeskState
from sidecar.desk.watch import shut_by
from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.breaker import Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.orders import OrderState
from sidecar.domain.report import LimitLine, LimitStatus
from sidecar.domain.scopes import ANY
from sidecar.risk.limits import BY_NAME as LIMIT

#: A desk that has just started says nothing of its market: so many seconds of the market's time and of its own.
WARM_UP_S = 10
#: The share of a dead man's interval after which a client is late.
_LATE = 0.75
#: A position that is not closed after so many seconds, or so many refusals, does not close.
_CLOSE_S = 60
_REFUSALS = 4
#: Names of differences, orders and causes that one message has room for.
_NAMED = 10
#: What the data itself says sooner and better than the line of its limit.
_OF_DATA = frozenset({"stale", "stale_warn"})

_Found = Iterator[Finding]


def standing(state: DeskState) -> list[Finding]:
    """Every condition that holds now, in the table's order; those of the market not before it was seen for a while,
    and no warning of it before it has lasted.
    """
    found = [finding for row in _ALWAYS for finding in row(state)]
    if min(state.now - state.live_since, state.ran) >= WARM_UP_S * SECOND:
        market = [finding for row in _WARM for finding in row(state)]
        found += state.occurrences.lasting(market, state.ran)
    return found


def _breaker(state: DeskState) -> _Found:
    breaker = state.breaker
    if not breaker.active:
        causes = {"causes": ", ".join(cause.trigger for cause in breaker.causes), "halt_seq": str(breaker.halt_seq)}
        words = [f"{cause.trigger} by {cause.actor}: {cause.detail}" for cause in breaker.causes[:_NAMED]]
        yield BY_NAME["breaker", breaker.status].found(ANY, "; ".join(words) or "cause not recorded", causes)
    for cause in breaker.partial:
        yield BY_NAME["breaker", "shut"].found(f"{cause.scope} {cause.trigger}", cause.detail, {"scope": cause.scope})


def _heartbeats(state: DeskState) -> _Found:
    lost = [cause.detail for cause in state.breaker.causes if cause.trigger is Trigger.HEARTBEAT_LOST]
    if lost:
        words = "; ".join(lost)
        yield BY_NAME["heartbeat", "lost"].found(ANY, words, {"lost": words})


def _late_clients(state: DeskState) -> _Found:
    for client, switch in state.switches.items():
        if switch.heard is not None and state.ran - switch.heard >= _LATE * switch.expires_in_s * SECOND:
            words = f"nothing heard for {_LATE:.0%} of its {switch.expires_in_s:g} s; silence for all of them halts"
            yield BY_NAME["heartbeat", "late"].found(client, words)


def _journal(state: DeskState) -> _Found:
    if state.journal_failed:
        words = "nothing that adds risk leaves: restart the sidecar on a good disk"
        yield BY_NAME["storage", "journal"].found(ANY, words)


def _exchange(state: DeskState) -> _Found:
    if state.exchange_halted:
        yield BY_NAME["venue", "halted"].found(ANY, state.exchange_halted)


def _limits(status: LimitStatus, state: DeskState) -> _Found:
    for line in state.limit_lines:
        if line.status is status and (status is LimitStatus.BREACH or line.name not in _OF_DATA):
            scope = shut_by(state, ANY if _of_market(state, line) else line.scope)
            yield _limit(line, scope)


def _of_market(state: DeskState, line: LimitLine) -> bool:
    return LIMIT[line.name].market and line.limit == state.limits[ANY][line.name]


def _limit(line: LimitLine, scope: str) -> Finding:
    row = LIMIT[line.name]
    kind = "warn" if line.status is LimitStatus.WARN else "breach" if scope == ANY else "scope_breach"
    words = f"{row.what} is {line.value:.6g} {row.unit}, the limit is {line.limit:.6g}"
    details = {"scope": scope, "limit_name": line.name, "limit": f"{line.limit:.6g}"}
    return BY_NAME["limits", kind].found(f"{scope} {line.name}", words, details)


def _feed(state: DeskState) -> _Found:
    if state.source and not state.feed_up:
        finding = BY_NAME["data", "feed_down"].found(state.source, "no quotes arrive")
        # While nothing trades nothing moves unseen.
        yield finding if is_open(state) else replace(finding, level=AlertLevel.WARNING, severity=2)


def _blind(state: DeskState) -> _Found:
    if state.blind:
        yield BY_NAME["data", "blind"].found(ANY, "the book cannot be valued, so nothing that adds risk may leave")


def _quotes(state: DeskState) -> _Found:
    """Indices that were not heard for long, or, within the session, never."""
    if not is_open(state):
        return
    patience = state.limits[ANY]["stale_warn"] * SECOND
    since = max(opened_at(state), state.live_since)
    for underlying in state.board.underlyings:
        quote = state.board.last(underlying)
        if state.now - max(since, quote.at if quote else 0) >= patience:
            kind = BY_NAME["data", "stale" if quote else "missing"]
            yield kind.found(underlying, f"no quote for {patience / SECOND:g} s or more")


def _venue(state: DeskState) -> _Found:
    asking = state.asking
    if asking.differences:
        words = "; ".join(asking.differences[:_NAMED])
        yield BY_NAME["venue", "differs"].found(ANY, words, {"differences": words})
    if asking.problem:
        yield BY_NAME["venue", "silent"].found(ANY, asking.problem)
    if not state.breaker.active and state.working:
        late = asking.cancels.values()
        overdue = any(wait.pause_s > state.config.cancel_retry_s for wait in late)
        if overdue or any(order.state is OrderState.UNKNOWN for order in state.working.values()):
            owed = asking.unconfirmed(state)
            words = f"{len(owed)} orders may live at the venue: {', '.join(owed[:_NAMED])}"
            yield BY_NAME["venue", "unconfirmed"].found(ANY, words)


def _closing(state: DeskState) -> _Found:
    for key, wish in state.closing.items():
        refused = wish.wait_s >= _REFUSALS * state.config.closing_retry_s
        if refused or (wish.since and state.now - wish.since >= _CLOSE_S * SECOND):
            words = f"asked for by {wish.actor}, tried {wish.tries} times: {wish.detail}"
            yield BY_NAME["orders", "close_fails"].found(key, words)


def _residual(state: DeskState) -> _Found:
    alarm = state.explaining.residual.alarm
    if alarm:
        yield BY_NAME["pnl", "residual"].found(ANY, alarm)


def _strategies(state: DeskState) -> _Found:
    for name in sorted(state.disabled):
        words = state.occurrences.disabled_for.get(name, "disabled before this run")
        yield BY_NAME["strategy", "disabled"].found(name, f"{words}; a reset by a named person enables it again")


def _calendar(state: DeskState) -> _Found:
    left = -1 if state.calendar_ends else state.calendar.days_left(state.now)
    if left <= 30:
        kind = BY_NAME["calendar", "ended" if left < 0 else "soon" if left <= 7 else "near"]
        yield kind.found(ANY, f"its last day is {state.calendar.last}: extend data/reference/sessions.csv")


#: What is said at once, and what only a desk that has seen its market for a while may say.
_ALWAYS: tuple[Callable[[DeskState], _Found], ...] = (
    _breaker,
    _heartbeats,
    _journal,
    _exchange,
    partial(_limits, LimitStatus.BREACH),
    _venue,
    _closing,
    _strategies,
)
_WARM: tuple[Callable[[DeskState], _Found], ...] = (
    partial(_limits, LimitStatus.WARN),
    _feed,
    _blind,
    _quotes,
    _late_clients,
    _residual,
    _calendar,
)
