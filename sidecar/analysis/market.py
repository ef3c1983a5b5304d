"""The market as the newest report has it: the chain with its Greeks, and the fitted surface with its quotes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from sidecar.analysis.words import Json, fields, market, of
from sidecar.domain import clock
from sidecar.domain.analytics import SmileLine, VolQuality
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Kind
from sidecar.domain.errors import InputError, NotReported
from sidecar.domain.report import Chain, DeskReport, Published
from sidecar.pricing.daycount import years
from sidecar.pricing.implied import implied_volatility
from sidecar.pricing.surface import Surface
from sidecar.risk.legs import Floats

_COLUMNS = (
    "bid", "ask", "bid_size", "ask_size", "last", "mark", "volume", "open_interest", "forward", "iv", "delta", "gamma",
    "vega", "theta", "rho", "vanna", "volga", "charm",
)  # fmt: skip
#: Log-moneyness, in standard deviations to the expiry at the money, at which a surface is drawn.
_DRAWN = np.linspace(-4.0, 4.0, 41)


def chain(published: Published, underlying: str, expiry: date | None = None) -> Json:
    """Every listed contract of an underlying: market, volatility with what it rests on, all Greeks.

    :raises InputError: nothing is listed on it, or not with that expiry.
    """
    report, chain = published.report, published.chain
    listed(report, underlying)
    now = clock.from_datetime(report.timestamp)
    columns = {name: getattr(chain, name).tolist() for name in _COLUMNS}
    contracts = []
    for row, contract in enumerate(chain.contracts):
        if contract.underlying != underlying or contract.kind is Kind.INDEX:
            continue
        if (contract.expires_at or 0) <= now or (expiry is not None and contract.expiry != expiry):
            continue
        at = int(chain.at[row])
        contracts.append(
            {
                "symbol": contract.id,
                "expiry": contract.expiry,
                "strike": contract.strike,
                "option_type": contract.right,
                "lot_size": contract.lot_size,
                **{name: values[row] for name, values in columns.items()},
                "vol_quality": grade(chain, row),
                "updated_at": clock.to_datetime(at) if at else None,
                "age_s": max(0.0, (now - at) / SECOND) if at else None,
            }
        )
    if expiry is not None and not contracts:
        trading = (c for c in chain.contracts if c.underlying == underlying and (c.expires_at or 0) > now)
        known = sorted({str(contract.expiry) for contract in trading if contract.expiry})
        raise InputError("expiry", f"{expiry} is not listed", "choose from " + ", ".join(known))
    return {**of(report), "market": market(report, underlying), "contracts": contracts, "count": len(contracts)}


def surface(published: Published, underlying: str) -> Json:
    """The fitted smile of each expiry with the quotes it was fitted to, and the surface drawn on a grid.

    :raises InputError: no options are listed on the underlying.
    """
    report = published.report
    listed(report, underlying)
    lines = [line for line in report.smiles if line.underlying == underlying]
    smiles = surface_of(lines)
    k, volatility = _drawn(smiles)
    butterfly, calendar = smiles.violations()
    return {
        **of(report),
        "market": market(report, underlying),
        "expiries": [
            {
                **fields(line),
                "quotes_fitted": line.quotes,
                "term_slope": slope,
                "quotes": _quotes(published, line, smiles),
            }
            for line, slope in zip(lines, smiles.term_slope.tolist(), strict=True)
        ],
        "grid": {"log_moneyness": k, "years": smiles.years, "volatility": volatility},
        "arbitrage": {"butterfly": butterfly, "calendar": calendar},
    }


def surface_of(lines: Sequence[SmileLine]) -> Surface:
    """The surface that ``lines`` of one underlying describe, by ascending time."""

    def column(name: str) -> Floats:
        return np.array([getattr(line, name) for line in lines], dtype=np.float64)

    years, rate = column("years"), column("rate")
    parameters = np.stack([column(name) for name in ("a", "b", "rho", "m", "sigma")], axis=-1)
    return Surface(
        years=years,
        forward=column("forward"),
        forward_error=column("forward_error"),
        discount=np.exp(-rate * years),
        parameters=parameters,
        rmse=column("rmse"),
        inside=column("inside"),
        quotes=np.array([line.quotes for line in lines], dtype=np.int64),
        drawn=np.full(len(lines), np.nan),
        quality=tuple(line.quality for line in lines),
    )


def _drawn(surface: Surface) -> tuple[Floats, Floats]:
    """Log-moneyness and volatility by expiry, (n, 41) each: as many deviations out for every expiry."""
    deviation = surface.atm_volatility * np.sqrt(surface.years)
    k = deviation[:, None] * _DRAWN
    return k, surface.volatility(surface.years[:, None], k=k)


def _quotes(published: Published, line: SmileLine, surface: Surface) -> list[Json]:
    """The out-of-the-money quotes of an expiry as volatilities, and what the smile says at each strike.

    A quote is turned into a volatility at the forward and the time of the report: the smile is up to two seconds older.
    """
    chain, now = published.chain, clock.from_datetime(published.report.timestamp)
    rows = [
        row
        for row, one in enumerate(chain.contracts)
        if one.underlying == line.underlying and one.expiry == line.expiry and one.strike is not None
        and (one.right == "CE") == (one.strike >= line.forward)
    ]  # fmt: skip
    rows.sort(key=lambda row: chain.contracts[row].strike or 0.0)
    strikes = np.array([chain.contracts[row].strike for row in rows], dtype=np.float64)
    price = np.stack([chain.bid[rows], chain.mark[rows], chain.ask[rows]])
    time = years(now, np.array([chain.contracts[row].expires_at or now for row in rows], dtype=np.int64))
    calls = strikes >= line.forward
    found, _ = implied_volatility(price, chain.forward[rows], strikes, time, np.exp(-line.rate * time), call=calls)
    fitted = surface.volatility(line.years, strike=strikes)
    return [
        {"strike": strike, "bid_iv": low, "iv": mid, "ask_iv": high, "fitted_iv": fit}
        for strike, low, mid, high, fit in zip(strikes.tolist(), *found.tolist(), fitted.tolist(), strict=True)
    ]


def grade(chain: Chain, row: int) -> str | None:
    """What an option's volatility rests on, in a word; nothing else has one."""
    option = chain.contracts[row].kind is Kind.OPTION
    return VolQuality(int(chain.vol_quality[row])).name.lower() if option else None


def listed(report: DeskReport, underlying: str) -> None:
    """Refuse an underlying that nothing is listed on.

    :raises InputError: with those that are.
    :raises NotReported: there are none yet, as in a desk's first moments.
    """
    names = [line.symbol for line in report.markets]
    if not names:
        raise NotReported
    if underlying not in names:
        problem = f"no options are listed on {underlying[:40]!r}"
        raise InputError("underlying", problem, "choose from " + ", ".join(names))
