"""From the catalogue to Prometheus' text format. The registry is passed in; nothing is registered by an import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import isfinite
from typing import Any, cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.measured import Buckets, Telemetry
from sidecar.telemetry.readers import Metric
from sidecar.telemetry.scene import Facts, Scene, scene

PREFIX = "trading_"


class DeskCollector(Collector):
    """Reads every metric of the catalogue when it is asked, from the newest report and from what was told."""

    def __init__(self, facts: Facts, told: Telemetry) -> None:
        self._facts = facts
        self._told = told

    def collect(self) -> Iterator[Family]:
        """Every family, in the catalogue's order; one with nothing to say has no samples."""
        seen = scene(self._facts, self._told)
        for metric in CATALOGUE:
            yield _family(metric, seen)

    def describe(self) -> list[Family]:
        """Nothing: the registry need not call ``collect`` to know the names."""
        return []


def scraper(facts: Facts, told: Telemetry, registry: CollectorRegistry) -> Callable[[], tuple[bytes, str]]:
    """Register the desk's collector; returns what gives the exposition and its media type."""
    registry.register(DeskCollector(facts, told))
    return lambda: (generate_latest(registry), CONTENT_TYPE_LATEST)


def _family(metric: Metric, seen: Scene) -> Family:
    made: Any = _KINDS[metric.kind](PREFIX + metric.name, metric.help, labels=metric.labels)
    for labels, value in metric.read(seen):
        if isinstance(value, Buckets):
            bounds = [*(str(bound) for bound in value.bounds), "+Inf"]
            made.add_metric(labels, list(zip(bounds, accumulate(value.counts), strict=True)), value.total)
        elif isfinite(value):
            made.add_metric(labels, value)
    return cast("Family", made)


_KINDS = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily, "histogram": HistogramMetricFamily}
