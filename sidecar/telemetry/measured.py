"""Numbers that are told as they happen: counts and durations. Everything else is read at the scrape.

The tellers are the desk's thread, the journal's, the store's and the server's loop; each call takes about a
microsecond.
"""

from __future__ import annotations

import time
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import from_datetime
from sidecar.domain.models import RunResult, TrainingRun
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.records import TrainingRecorded
from sidecar.domain.report import DeskReport, LimitStatus, OutcomeStatus, Published
from sidecar.telemetry.beats import Beats
from sidecar.telemetry.bounded import MOST_CLIENTS, MOST_FAMILIES, MOST_STRATEGIES, MOST_SYMBOLS, Bounded
from sidecar.telemetry.buckets import BOUNDS, Buckets
from sidecar.telemetry.news import news
from sidecar.telemetry.spreads import Spreads

Labels = tuple[str, ...]

#: How the reason of an order begins with which a strategy closes a position because it has lost enough.
STOP_LOSS = "stop:"


class Telemetry:
    """The numbers of one process. ``strategy`` and ``client`` give such a name's label."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, Buckets]] = {}
        self.strategy = Bounded(MOST_STRATEGIES)
        self.client = Bounded(MOST_CLIENTS)
        self._family = Bounded(MOST_FAMILIES)
        self._symbol = Bounded(MOST_SYMBOLS)
        self._breached: set[tuple[str, str]] = set()
        self._before: DeskReport | None = None
        self._spreads = Spreads(self._observe_all)
        self._succeeded: dict[str, float] = {}
        self.beats = Beats()

    # ---- told ----------------------------------------------------------------------------------------------------

    def on_request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; ``endpoint`` is its route's template."""
        self._count("api_requests_total", endpoint, method, str(status))
        self._observe("api_request_duration_seconds", seconds, endpoint, method)

    def on_auth_failure(self, reason: str) -> None:  # noqa: ARG002 - the servers' port has it
        """Somebody was turned away; ``reason`` is for the log, the metric has no label."""
        self._count("auth_failures_total")

    def on_sync(self, seconds: float, records: int) -> None:  # noqa: ARG002 - the journal's has it
        """The journal put ``records`` on disk with one sync."""
        self._observe("journal_sync_seconds", seconds)
        self.on_job("journal_sync")

    def on_commit(self, seconds: float) -> None:
        """The store committed a batch."""
        self._observe("store_commit_seconds", seconds)
        self.on_job("store_commit")

    def on_beat(self, late_s: float) -> None:
        """A beat came so many seconds after it was due."""
        self._observe("loop_lag_seconds", late_s)
        self.beats.on_beat(late_s)

    def on_stop(self, seconds: float) -> None:
        """A stop was on disk so many seconds after it arrived."""
        self._observe("emergency_stop_seconds", seconds)

    def on_send(self, seconds: float) -> None:
        """A frame was handed to a socket's transport."""
        self._observe("websocket_send_seconds", seconds)

    def on_tick(self, seconds: float) -> None:
        """A quote is in a report so many seconds after it was received."""
        self._observe("tick_to_report_seconds", seconds)

    def on_forecast(self, seconds: float) -> None:
        """Predictions left for the desk so many seconds after the report that closed their bar."""
        self._observe("ml_forecast_seconds", seconds)

    def on_error(self, component: str, severity: str) -> None:
        """Something was logged as an error."""
        self._count("system_errors_total", component, severity)

    def on_job(self, job: str, done: bool = True) -> None:
        """Something that is done again and again was done, or failed."""
        if done:
            with self._lock:
                self._succeeded[job] = time.time()
        else:
            self._count("job_failures_total", job)

    def on_report(self, published: Published) -> None:
        """A report was published: count what it brings, and how old and how wide its data is. Never waits."""
        report, before = published.report, self._before
        self._before = report
        for name, labels in news(report, before, self.strategy, self._family):
            self._count(name, *labels)
        for record in report.records:
            if isinstance(record, TrainingRecorded):
                self._on_training(record.run)
        why = {
            outcome.orders[0].id: outcome.refusal.limit_name
            for outcome in report.outcomes
            if outcome.status is OutcomeStatus.REFUSED and outcome.refusal is not None and outcome.orders
        }
        for order in report.order_updates:
            self._on_order(order, why.get(order.id, "gate"))
        for line in report.limits:
            scope = (line.name, line.scope)
            if line.status is LimitStatus.BREACH and scope not in self._breached:
                self._breached.add(scope)
                self._count("risk_limit_breaches_total", line.name)
            elif line.status in (LimitStatus.OK, LimitStatus.WARN, LimitStatus.OFF):
                self._breached.discard(scope)
        if report.session_open:
            for market in report.markets:
                if market.age_s == market.age_s:
                    self._observe("market_data_age_seconds", market.age_s, self._symbol(market.symbol))
            self._spreads.take(published.chain, from_datetime(report.timestamp))

    def _on_training(self, run: TrainingRun) -> None:
        if run.result is not RunResult.SKIPPED:
            self._observe("ml_training_duration_seconds", run.seconds)
            self.on_job("training", run.result is RunResult.DONE)

    def _on_order(self, order: Order, refused_by: str) -> None:
        asked, strategy = order.request, self.strategy(order.request.strategy)
        match order.state:
            case OrderState.PENDING if order.created_at == order.updated_at and not order.filled:
                self._count("orders_submitted_total", strategy, asked.side, asked.order_type)
            case OrderState.FILLED:
                self._count("orders_filled_total", strategy, asked.side)
                self._observe("order_fill_time_seconds", (order.updated_at - order.created_at) / 1e6, strategy)
                if asked.reason.startswith(STOP_LOSS):
                    self._count("stop_losses_triggered_total", strategy)
            case OrderState.REFUSED:
                self._count("orders_rejected_total", strategy, refused_by)
            case OrderState.REJECTED:
                self._count("orders_rejected_total", strategy, "venue")
            case OrderState.CANCELLED | OrderState.EXPIRED:
                self._count("orders_cancelled_total", strategy, order.state)

    # ---- read ----------------------------------------------------------------------------------------------------

    def counts(self, name: str) -> dict[Labels, float]:
        """A counter by its labels; one without labels is 0 before its first."""
        with self._lock:
            return dict(self._counts.get(name, {}))

    def total(self, name: str) -> int:
        """A counter's sum over its labels."""
        return round(sum(self.counts(name).values()))

    def succeeded(self) -> dict[Labels, float]:
        """When each job was last done, Unix seconds."""
        with self._lock:
            return {(job,): at for job, at in self._succeeded.items()}

    def histograms(self, name: str) -> dict[Labels, Buckets]:
        """A histogram by its labels."""
        with self._lock:
            return {labels: buckets.copy() for labels, buckets in self._histograms.get(name, {}).items()}

    def _count(self, name: str, *labels: str) -> None:
        with self._lock:
            rows = self._counts.setdefault(name, {})
            rows[labels] = rows.get(labels, 0.0) + 1.0

    def _observe(self, name: str, value: float, *labels: str) -> None:
        with self._lock:
            rows = self._histograms.setdefault(name, {})
            buckets = rows.get(labels)
            if buckets is None:
                buckets = rows[labels] = Buckets(BOUNDS[name])
            buckets.observe(value)

    def _observe_all(self, values: NDArray[np.float64], symbol: str) -> None:
        with self._lock:
            rows = self._histograms.setdefault("option_spread_ratio", {})
            rows.setdefault((self._symbol(symbol),), Buckets(BOUNDS["option_spread_ratio"])).observe_all(values)
