"""``POST /api/v1/data/indicators``: the indicators of the bars on record, or of a series that is sent along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, nan
from typing import Annotated, Any, NamedTuple, Protocol, Self

import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, JsonValue, WithJsonSchema, model_validator
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.clock import DAY, from_datetime, iso, parse
from sidecar.domain.contracts import Kind
from sidecar.domain.errors import InputError
from sidecar.domain.report import Quality
from sidecar.servers import bodies
from sidecar.servers import examples_indicators as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.rest import reading, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.words import Number, Symbol

Array = NDArray[np.float64]
Json = dict[str, Any]
Bars = Callable[[str, int | None, int | None], Mapping[str, NDArray[Any]]]

MOST_SENT = 1_200  # as many fit into a body
MOST_BARS = 5_000
MOST_SPAN = 45 * DAY
RECENT_BARS = 500  # told where no time is asked for
RECENT = 10 * DAY
#: Bars before the first one told are read too: the recursive indicators forget where they began within 1,000 of them.
LEAD = 12 * DAY

_TIME: dict[str, JsonValue] = {"type": "string", "format": "date-time"}
Time = Annotated[str, Field(max_length=40), WithJsonSchema(_TIME)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=MOST_SENT)]
_EITHER: tuple[JsonValue, ...] = (
    {"required": ["symbol"], "properties": {"symbol": {"type": "string"}, "series": {"type": "null"}}},
    {"required": ["series"], "properties": {"series": {"type": "object"}, "symbol": {"type": "null"}}},
)


class Charts(Protocol):
    """What works the indicators out: plain functions of arrays (n,), NaN where they do not know."""

    @property
    def WARMUP(self) -> dict[str, int]: ...  # noqa: N802 (a module's constant)
    def values(self, close: Array, volume: Array) -> Mapping[str, Any]: ...
    def forming(self, close: Array, volume: Array, price: float) -> Mapping[str, Any]: ...


class SeriesBody(bodies.Body):
    """Bars that are sent along, oldest first, at most 1,200; ``volume`` and ``timestamps`` as many, or not at all."""

    close: Numbers
    volume: Numbers | None = None
    timestamps: Annotated[list[Time], Field(min_length=1, max_length=MOST_SENT)] | None = None

    @model_validator(mode="after")
    def _level(self) -> Self:
        for name in ("volume", "timestamps"):
            found = getattr(self, name)
            if found is not None and len(found) != len(self.close):
                raise ValueError(f"{name} has {len(found)} values and close has {len(self.close)}")
        return self


class IndicatorsBody(bodies.Body):
    """Either the ``symbol`` of an underlying, whose bars are on record, or a ``series``.

    ``from`` (included) and ``to`` (not) bound the bars that are told, by when they began.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [*_EITHER]})

    symbol: Symbol | None = None
    series: SeriesBody | None = None
    since: Annotated[Time | None, Field(alias="from")] = None
    until: Annotated[Time | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.symbol is None) == (self.series is None):
            raise ValueError("give either a symbol or a series")
        return self


class Span(NamedTuple):
    """From when (included) to when (not), microseconds UTC; None is unbounded."""

    since: int | None
    until: int | None

    def holds(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which instants lie in it."""
        inside = np.ones(at.shape, np.bool_)
        if self.since is not None:
            inside &= at >= self.since
        if self.until is not None:
            inside &= at < self.until
        return inside


class Indicators:
    """The endpoint. ``bars`` is asked in a thread."""

    def __init__(self, ports: Ports, bars: Bars, charts: Charts) -> None:
        self._ports = ports
        self._bars = bars
        self._charts = charts

    async def indicators(self, request: Request) -> Response:
        """Eight indicators, bar by bar, aligned with `timestamps`, which are when each bar began; unknown is null.

        Of a `symbol`: its bars of one minute on record, the newest 500 where no `from` is given, at most 5,000 and 45
        days; worked out with the bars before them. `as_of` is the close of the newest. `forming` is what the
        indicators would be if the next bar closed at the newest price, null where that is not live or `to` is given.
        Of a `series`: exactly of what was sent; then `as_of` is the last of its timestamps.

        An EMA is seeded with the mean of its first n closes, the RSI with the plain mean of its first 14 changes and
        smoothed as Wilder does, 0 where nothing moved; the bands are 2 deviations of the population. `warmup` is how
        many values at the beginning of a series have none. A value that is unknown begins it anew.
        """
        asked = await bodies.read(request, IndicatorsBody)
        span = _span(asked)
        if asked.series is not None:
            series = asked.series
            return await reading(lambda: answer(self._of_series(series, span)))
        symbol = (asked.symbol or "").upper()
        return await recorded(self._ports, lambda: answer(self._of_symbol(symbol, span)))

    def _of_series(self, series: SeriesBody, span: Span) -> Json:
        close = np.array(series.close, np.float64)
        volume = np.full(close.shape, nan) if series.volume is None else np.array(series.volume, np.float64)
        if series.timestamps is None:
            if span != Span(None, None):
                raise InputError("series.timestamps", "are missing", "from and to need them")
            told = self._told(close, volume, np.ones(close.shape, np.bool_))
            return {**_NOTHING, **told, "timestamps": None, "as_of": None}
        at = _instants(series.timestamps)
        shown = span.holds(at)
        last = iso(int(at[shown][-1])) if shown.any() else None
        return {**_NOTHING, **self._told(close, volume, shown), "timestamps": _texts(at[shown]), "as_of": last}

    def _of_symbol(self, symbol: str, span: Span) -> Json:
        end = self._ports.market_now() if span.until is None else span.until
        begin = end - RECENT if span.since is None else span.since
        if end - begin > MOST_SPAN:
            raise InputError("from", "is more than 45 days before the end", "ask for less at once")
        found = self._bars(symbol, max(0, begin - LEAD), span.until)
        at, close, volume = found["at"], found["close"], found["volume"]
        if at.size == 0 and self._ports.resolve(symbol).kind is not Kind.INDEX:
            raise InputError("symbol", f"{symbol} has no bars", "give an underlying, as NIFTY")
        shown = span.holds(at)
        if span.since is None:
            shown[:-RECENT_BARS] = False
        if np.count_nonzero(shown) > MOST_BARS:
            raise InputError("from", f"the answer would have more than {MOST_BARS:,} bars", "ask for less at once")
        closes = int(found["closes_at"][shown][-1]) if shown.any() else None
        return {
            **self._told(close, volume, shown),
            "symbol": symbol,
            "sources": sorted(set(found["source"][shown].tolist())),
            "simulated": bool(found["simulated"][shown].any()),
            "timestamps": _texts(at[shown]),
            "as_of": None if closes is None else iso(closes),
            "forming": None if closes is None or span.until is not None else self._forming(symbol, found, closes),
        }

    def _told(self, close: Array, volume: Array, shown: NDArray[np.bool_]) -> Json:
        found = self._charts.values(close, volume)
        told = {
            name: {part: column[shown] for part, column in value.items()} if isinstance(value, dict) else value[shown]
            for name, value in found.items()
        }
        more = {"indicators_count": len(found), "warmup": self._charts.WARMUP}
        return {**told, **more, "count": int(np.count_nonzero(shown)), "close": close[shown]}

    def _forming(self, symbol: str, found: Mapping[str, NDArray[Any]], closes: int) -> Json | None:
        published = self._ports.latest()
        for line in published.report.markets if published else ():
            if line.symbol != symbol or line.timestamp is None or line.quality is not Quality.LIVE:
                continue
            if isfinite(line.spot_price) and from_datetime(line.timestamp) >= closes:
                told = self._charts.forming(found["close"], found["volume"], line.spot_price)
                return {"timestamp": line.timestamp, "price": line.spot_price, **told}
        return None


_NOTHING: Json = {"symbol": None, "sources": None, "simulated": None, "forming": None}


def _span(asked: IndicatorsBody) -> Span:
    since, until = (
        None if text is None else parse(text, name) for name, text in (("from", asked.since), ("to", asked.until))
    )
    if since is not None and until is not None and since >= until:
        raise InputError("from", "is not before to", "give the earlier time first")
    return Span(since, until)


def _instants(texts: list[str]) -> NDArray[np.int64]:
    at = np.array([parse(text, f"series.timestamps[{row}]") for row, text in enumerate(texts)], np.int64)
    if (wrong := np.flatnonzero(np.diff(at) <= 0)).size:
        raise InputError("series.timestamps", f"row {int(wrong[0]) + 1} is not after the one before", "oldest first")
    return at


def _texts(at: NDArray[np.int64]) -> list[str]:
    return [iso(each) for each in at.tolist()]


def router(ports: Ports, keys: KeyStore, bars: Bars, charts: Charts) -> APIRouter:
    """The route, for ``create_app(…, routers=[…])``."""
    at = Indicators(ports, bars, charts)
    row = Row("POST", "/data/indicators", Role.VIEWER, at.indicators, "Indicators", IndicatorsBody,
        e.INDICATORS_ASKED, e.INDICATORS, fails=(503,))  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["data"]), (row,), Auth(keys, ports))
