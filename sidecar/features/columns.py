"""The columns of the feature matrix, in their order: one row here, one function, one number of the vector."""

from __future__ import annotations

from sidecar.features import columns_chain as chain
from sidecar.features import columns_clock as clock
from sidecar.features import columns_index as index
from sidecar.features import columns_price as price
from sidecar.features import columns_volume as volume
from sidecar.features.feature import Feature as Feature

#: A change of this table, or of the code behind it, makes another set of features: models of the old one are refused.
FEATURES: tuple[Feature, ...] = (
    price.ret_1, price.ret_5, price.ret_15, price.ret_60, price.gap, price.ret_open,
    price.rv_15, price.rv_60, price.rv_375, price.vol_ratio, price.park_30, price.natr_14,
    price.d_sma20, price.d_sma50, price.d_ema20, price.d_ema50, price.macd_hist, price.rsi_14,
    price.bb_pctb, price.bb_width, price.donch_20, price.slope_20, price.skew_60, price.ac1_60,
    volume.v_ratio20, volume.v_z60, volume.sv_20, volume.d_vwap, volume.amihud_60,
    clock.tod_sin, clock.tod_cos, clock.to_close, clock.dte, clock.is_expiry,
    chain.atm_iv, chain.d_atm_iv_15, chain.iv_term, chain.iv30, chain.rr25, chain.bf25, chain.iv_rank,
    chain.pcr_oi, chain.pcr_vol, chain.oi_chg_15, chain.max_pain_dist, chain.gex_n,
    index.vix, index.vix_chg, index.vrp, index.basis,
)  # fmt: skip
