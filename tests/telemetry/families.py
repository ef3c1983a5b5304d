"""The catalogue by the client library's own classes: the second road to the same text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from math import isfinite
from typing import Any, cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from sidecar.telemetry.buckets import Buckets
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.exposition import PREFIX
from sidecar.telemetry.readers import Metric
from sidecar.telemetry.scene import Scene

KINDS = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily, "histogram": HistogramMetricFamily}


class Families(Collector):
    """Tells the library every metric of one scene."""

    def __init__(self, seen: Scene) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Family]:
        for metric in CATALOGUE:
            yield _family(metric, self._seen)


def by_the_library(seen: Scene) -> str:
    """The exposition as ``prometheus_client`` writes it."""
    registry = CollectorRegistry()
    registry.register(Families(seen))
    return generate_latest(registry).decode()


def _family(metric: Metric, seen: Scene) -> Family:
    made: Any = KINDS[metric.kind](PREFIX + metric.name, metric.help, labels=metric.labels)
    for labels, value in metric.read(seen):
        if isinstance(value, Buckets):
            bounds = [*(str(bound) for bound in value.bounds), "+Inf"]
            made.add_metric(labels, list(zip(bounds, accumulate(value.counts), strict=True)), value.total)
        elif isfinite(value):
            made.add_metric(labels, value)
    return cast("Family", made)
