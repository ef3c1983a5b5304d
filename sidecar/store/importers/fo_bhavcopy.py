"""NSE's F&O bhavcopy, the end of day of every contract, in its legacy layout and in UDiFF.

One quote a contract, at the last instant of the day's session. ``last`` is the close of a contract that traded; one
that did not has none (its close is then a theoretical one) and is refused as empty. Volume counts lots, open interest
units. UDiFF states the lot and the underlying's value, legacy neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sidecar.store.importers.rows import MALFORMED, Options, Rows, assembled, dates, index_rows, last_instants, stacked
from sidecar.store.importers.sources import Glance, required, text_table

_LEGACY = {
    "underlying": "SYMBOL",
    "kind": "INSTRUMENT",
    "expiry": "EXPIRY_DT",
    "strike": "STRIKE_PR",
    "right": "OPTION_TYP",
    "last": "CLOSE",
    "volume": "CONTRACTS",
    "open_interest": "OPEN_INT",
    "day": "TIMESTAMP",
}
_UDIFF = {
    "underlying": "TckrSymb",
    "kind": "FinInstrmTp",
    "expiry": "XpryDt",
    "strike": "StrkPric",
    "right": "OptnTp",
    "last": "ClsPric",
    "volume": "TtlTradgVol",
    "open_interest": "OpnIntrst",
    "day": "TradDt",
    "lot": "NewBrdLotQty",
    "spot": "UndrlygPric",
}
_FUTURES = ("FUTIDX", "FUTSTK", "FUTINT", "FUTIVX", "IDF", "STF")
_FORMS = ("%d-%b-%Y", "%Y-%m-%d")
NOTES = (
    "end of day: one quote a contract, stamped at the last instant of the session",
    "volume: lots of the source times the lot size of the day",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    held = set(glance.head.split(","))
    return set(_LEGACY.values()) <= held or set(_UDIFF.values()) <= held


def load(path: Path) -> pd.DataFrame:
    """Either layout under the names of this file's tables."""
    table = text_table(path)
    layout = _UDIFF if "TckrSymb" in table else _LEGACY
    table = required(table, tuple(layout.values()), path)
    named = pd.DataFrame({name: table[column] for name, column in layout.items()})
    whole = named.reindex(columns=list(_UDIFF), fill_value="").assign(states_spot="spot" in layout)
    return whole.assign(file=table["file"], row=table["row"], broken=table["broken"])


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One quote a contract that traded, and one index quote an underlying and day where its value is stated."""
    day, expiry = _either(table["day"]), _either(table["expiry"])
    at, reason = last_instants(day, options.reference, "NSE")
    future = table["kind"].isin(_FUTURES)
    base = {"at": at, "reason": reason.mask((reason == "") & (expiry == ""), MALFORMED)}
    quotes = assembled(
        base
        | {
            "underlying": table["underlying"],
            "expiry": expiry,
            "strike": table["strike"].mask(future, ""),
            "right": table["right"].mask(future, ""),
            "last": table["last"],
            "volume": table["volume"],
            "open_interest": table["open_interest"],
            "lot": table["lot"],
            "file": table["file"],
            "row": table["row"],
        },
        table.index,
    )
    quotes["last"] = quotes["last"].mask(quotes["volume"] == 0.0)
    told = table["states_spot"].astype("bool")
    index = index_rows(table[told], table["underlying"][told], at[told], table["spot"][told], reason[told])
    return Rows(stacked([index, quotes]), in_lots=("volume",), notes=NOTES)


def _either(texts: pd.Series[Any]) -> pd.Series[Any]:
    one, two = (dates(texts, form) for form in _FORMS)
    return one.mask(one == "", two)
