"""What a report brings that is counted by label: fills, alerts, signals, lines of performance, a feed that is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sidecar.domain.orders import OrderState
from sidecar.domain.records import AlertRecorded, FillRecorded, PredictionRecorded, SignalRecorded
from sidecar.domain.report import DeskReport
from sidecar.domain.signals import SignalStatus

#: A counter's name and its labels: one more of it.
Told = tuple[str, tuple[str, ...]]
Label = Callable[[str], str]
#: Counters that are no metric of their own: ``/api/v1/monitoring/status`` shows them.
PERFORMANCE, SIGNALS = "performance_updates", "signals"


def news(report: DeskReport, before: DeskReport | None, strategy: Label, family: Label) -> Iterator[Told]:
    """What to count of ``report``, which follows on ``before``; the labels of strategies and of models' families are
    what ``strategy`` and ``family`` give.
    """
    states = {order.id: order.state for order in report.order_updates}
    for record in report.records:
        match record:
            case FillRecorded(fill=fill):
                # A settlement belongs to no order: it is booked under an id of its own.
                status = states.get(fill.order_id, OrderState.FILLED) if fill.note != "settlement" else "settled"
                yield "trades_total", (strategy(fill.strategy), "buy" if fill.quantity > 0 else "sell", status)
            case AlertRecorded(alert=alert) if alert.revision == 1:
                yield "alerts_total", (alert.level,)
            case SignalRecorded(signal=signal) if signal.status is SignalStatus.OPEN:
                yield SIGNALS, ()
            case PredictionRecorded(prediction=made):
                yield "ml_predictions_total", (family(made.family), made.signal)
    if report.performance and (before is None or report.performance is not before.performance):
        yield PERFORMANCE, ()
    if before is not None and before.source and report.feed_up and not before.feed_up:
        yield "feed_reconnects_total", (report.source,)
