"""The features once more, as an analyst would write them: pandas over whole columns, nothing carried.

Also what the measurements compare the kernel with. ``LEAKS`` are six mistakes that analysts make.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS

Frame: TypeAlias = pd.DataFrame
Series: TypeAlias = "pd.Series[Any]"


def frame(rows: NDArray[np.float64]) -> Frame:
    return pd.DataFrame(rows, columns=list(INPUTS))


def features(rows: NDArray[np.float64]) -> Frame:
    """Every feature of bars without holes, sessions from their first minute."""
    f = frame(rows)
    return pd.DataFrame(price(f) | volume(f) | clock(f) | chain(f) | daily(f))


def ln(x: Series) -> Series:
    return x.transform(np.log)


def root(x: Series) -> Series:
    return x.transform(np.sqrt)


def ewm(x: Series, share: float) -> Series:
    return x.ewm(alpha=share, adjust=False, ignore_na=True).mean()


def price(f: Frame) -> dict[str, Series]:
    c, h, low = f.close, f.high, f.low
    r = ln(c / c.shift())
    made = {f"ret_{k}": ln(c / c.shift(k)) for k in (1, 5, 15, 60)}
    first, last = f.groupby("session").open.first(), f.groupby("session").close.last()
    made["gap"] = f.session.map(ln(first / last.shift()))
    made["ret_open"] = ln(c / f.session.map(first))
    made |= {f"rv_{k}": root((r * r).rolling(k).sum()) for k in (15, 60, 375)}
    made["vol_ratio"] = 2 * made["rv_15"] / made["rv_60"]
    made["park_30"] = root((ln(h / low) ** 2).rolling(30).mean() / (4 * np.log(2)))
    tr = pd.concat([h - low, (h - c.shift()).abs(), (low - c.shift()).abs()], axis=1).max(axis=1, skipna=False)
    made["natr_14"] = ewm(tr, 1 / 14) / c
    made |= {f"d_sma{k}": c / c.rolling(k).mean() - 1 for k in (20, 50)}
    made |= {f"d_ema{k}": c / ewm(c, 2 / (k + 1)) - 1 for k in (20, 50)}
    line = ewm(c, 2 / 13) - ewm(c, 2 / 27)
    made["macd_hist"] = (line - ewm(line, 0.2)) / c
    gain, loss = ewm(c.diff().clip(lower=0), 1 / 14), ewm(-c.diff().clip(upper=0), 1 / 14)
    made["rsi_14"] = 100 * gain / (gain + loss)
    m, s = c.rolling(20).mean(), c.rolling(20).std(ddof=0)
    made["bb_pctb"], made["bb_width"] = (c - (m - 2 * s)) / (4 * s), 4 * s / m
    top, bottom = h.rolling(20).max(), low.rolling(20).min()
    made["donch_20"] = (c - bottom) / (top - bottom)
    made["slope_20"] = sum((19 - k - 9.5) * c.shift(k) for k in range(20)) / 665 / c
    moments = [(r**k).rolling(60).mean() for k in (1, 2, 3)]
    m2 = moments[1] - moments[0] ** 2
    made["skew_60"] = (moments[2] - 3 * moments[0] * moments[1] + 2 * moments[0] ** 3) / m2**1.5
    made["ac1_60"] = r.rolling(60).corr(r.shift())
    return made


def volume(f: Frame) -> dict[str, Series]:
    c, v = f.close, f.volume
    r, log_v = ln(c / c.shift()), ln(v)
    session = (((f.high + f.low + c) / 3 * v).groupby(f.session), v.groupby(f.session))
    return {
        "v_ratio20": v / v.rolling(20).mean(),
        "v_z60": (log_v - log_v.rolling(60).mean()) / log_v.rolling(60).std(ddof=0),
        "sv_20": (np.sign(r) * v).rolling(20).sum() / v.rolling(20).sum(),
        "d_vwap": c / (session[0].cumsum() / session[1].cumsum()) - 1,
        "amihud_60": (r.abs() / (c * v)).rolling(60).mean() * 1e9,
    }


def clock(f: Frame) -> dict[str, Series]:
    angle: Series = 2 * np.pi * f.minute / f.minutes
    return {
        "tod_sin": angle.transform(np.sin), "tod_cos": angle.transform(np.cos),
        "to_close": (f.minutes - 1 - f.minute) / f.minutes, "dte": f.dte, "is_expiry": f.is_expiry,
    }  # fmt: skip


def chain(f: Frame) -> dict[str, Series]:
    same_expiry, day = f.expiry == f.expiry.shift(15), f.groupby("session")
    w1, w2, month = f.atm_iv**2 * f.t1, f.atm_iv2**2 * f.t2, 30 / 365
    w = w1 + (w2 - w1) * (month - f.t1) / (f.t2 - f.t1)
    traded = [f[name] - day[name].shift(15).fillna(0.0) for name in ("volume_put", "volume_call")]
    interest = f.oi_put + f.oi_call
    return {
        "atm_iv": f.atm_iv, "d_atm_iv_15": (f.atm_iv - f.atm_iv.shift(15)).where(same_expiry),
        "iv_term": ln(f.atm_iv2 / f.atm_iv), "iv30": root(w.where(w > 0) / month), "rr25": f.rr25,
        "bf25": f.bf25, "pcr_oi": f.oi_put / f.oi_call, "pcr_vol": traded[0] / traded[1],
        "oi_chg_15": ln(interest / interest.groupby(f.session).shift(15)),
        "max_pain_dist": ln(f.close / f.max_pain), "vix": f.vix, "basis": (f.future / f.close - 1) / f.future_t,
    }  # fmt: skip


def daily(f: Frame) -> dict[str, Series]:
    """Statistics of completed sessions: shifted by one, then joined."""
    day = f.groupby("session")
    closes = day.close.last()
    realised = (ln(closes / closes.shift()) ** 2).rolling(20).mean().shift() * 252
    adv = day.volume.sum().rolling(20).mean().shift()
    ivs = day.atm_iv.last()
    past = pd.concat([ivs.shift(k) for k in range(1, 21)], axis=1).loc[f.session].reset_index(drop=True)
    rank = past.lt(f.atm_iv, axis=0).mean(axis=1).where(past.notna().all(axis=1))
    return {
        "iv_rank": rank, "gex_n": f.gamma_oi / (f.session.map(adv) * f.close),
        "vix_chg": ln(f.vix / f.session.map(day.vix.last().shift())),
        "vrp": (f.vix / 100) ** 2 - f.session.map(realised),
    }  # fmt: skip


#: Mistakes that look ahead: what is right with them is only that they run.
LEAKS: dict[str, Callable[[Frame], Series]] = {
    "a centred mean": lambda f: f.close.rolling(21, center=True).mean(),
    "a z-score over the whole sample": lambda f: (f.close - f.close.mean()) / f.close.std(),
    "the day's close joined intraday": lambda f: f.session.map(f.groupby("session").close.last()),
    "the next bar's return": lambda f: f.close.shift(-1) / f.close,
    "a hole filled from behind": lambda f: f.close.where(np.arange(len(f)) % 7 == 0).bfill(),
    "the last value of a bucket of time": lambda f: f.close.groupby(np.arange(len(f)) // 15).transform("last"),
}
