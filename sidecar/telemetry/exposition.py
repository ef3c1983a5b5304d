"""From the catalogue to Prometheus' text format, as the client library writes it, to the byte.

The library makes an object of every sample and every label set at every scrape: four fifths of a scrape's time. The
loop that answers a scrape answers a stop too, so what does not change from one scrape to the next is kept here: the
text of each series up to its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from math import isfinite

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.utils import floatToGoString

from sidecar.telemetry.buckets import Buckets
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.measured import Labels, Telemetry
from sidecar.telemetry.readers import Metric
from sidecar.telemetry.scene import Facts, Scene, scene

PREFIX = "trading_"
#: Series whose text is kept: ten times what a large desk has.
_KEPT = 20_000
#: From here on Go writes an exponent.
_LARGE = 1e6


def scraper(facts: Facts, told: Telemetry) -> Callable[[], tuple[bytes, str]]:
    """What gives the exposition and its media type: the catalogue, then memory, processor time and open files of this
    process by the client library's own collector.
    """
    process = CollectorRegistry()
    ProcessCollector(registry=process)
    return lambda: (exposition(scene(facts, told)).encode() + generate_latest(process), CONTENT_TYPE_LATEST)


def exposition(seen: Scene) -> str:
    """Every family, in the catalogue's order; one with nothing to say has no samples."""
    return "".join(line for metric in CATALOGUE for line in _family(metric, seen))


def _family(metric: Metric, seen: Scene) -> Iterator[str]:
    name = PREFIX + metric.name
    yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
    for labels, value in metric.read(seen):
        if isinstance(value, Buckets):
            yield from _histogram(_ends(name, metric.labels, labels, value.bounds), value)
        elif isfinite(value):
            yield f"{_series(name, metric.labels, labels)} {_number(value)}\n"


def _histogram(series: tuple[str, ...], value: Buckets) -> Iterator[str]:
    counts = list(accumulate(value.counts))
    for start, count in zip(series, counts, strict=False):
        yield f"{start} {_number(float(count))}\n"
    # The format knows no sum where a value may be negative: it would fall, and so look like a restart.
    if value.bounds[0] >= 0.0:
        yield f"{series[-2]} {_number(float(counts[-1]))}\n{series[-1]} {_number(value.total)}\n"


@lru_cache(_KEPT)
def _ends(name: str, names: Labels, labels: Labels, bounds: tuple[float, ...]) -> tuple[str, ...]:
    """A histogram's series: a bucket a bound, one for what lies beyond all, count and sum."""
    ends = [*(str(bound) for bound in bounds), "+Inf"]
    buckets = [_series(f"{name}_bucket", (*names, "le"), (*labels, end)) for end in ends]
    return (*buckets, _series(f"{name}_count", names, labels), _series(f"{name}_sum", names, labels))


@lru_cache(_KEPT)
def _series(name: str, names: Labels, labels: Labels) -> str:
    if not names:
        return name
    told = (f'{key}="{_escaped(label)}"' for key, label in sorted(zip(names, labels, strict=True)))
    return f"{name}{{{','.join(told)}}}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return repr(float(value)) if value < _LARGE else str(floatToGoString(value))  # type: ignore[no-untyped-call]
