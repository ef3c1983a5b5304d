"""One worked example of each frame's data about what is learnt."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.examples_backtests import JOB as BACKTEST
from sidecar.servers.examples_training import JOB
from sidecar.servers.shapes import Maybe

Row = dict[str, Any]

#: The row that each type of frame carries.
ROWS: dict[str, Row] = {
    "prediction": {
        "id": "P251124034501-00127",
        "timestamp": AT,
        "symbol": "NIFTY",
        "model_id": "gap-2025-11-21",
        "family": "NIFTY fixed_horizon 15",
        "role": "champion",
        "bar_at": AT,
        "known_at": AT,
        "due_at": AT,
        "horizon": 15,
        "feature_hash": "5b1e…",
        "vector_hash": "77d0…",
        "p_sell": 0.19,
        "p_hold": 0.23,
        "p_buy": 0.58,
        "signal": "buy",
        "confidence": 0.58,
        "price": 26_120.0,
        "abstained": "",
        "expected_value": 0.0002,
        "explained": [["ret_5", 0.21], ["atm_iv", -0.08]],
        "simulated": True,
        "replayed": False,
        "removed": False,
    },
    "training_progress": JOB | {"asked_at": Maybe(AT), "ended_at": Maybe(None), "seconds": Maybe(None)},
    "backtest_progress": BACKTEST | {"asked_at": Maybe(AT), "ended_at": Maybe(None), "seconds": Maybe(None)},
}

#: The row that ends one, where it has fields of its own.
ENDED: dict[str, Row] = {
    "prediction": {
        "id": "P251124034501-00127",
        "timestamp": AT,
        "label": "hold",
        "move": 0.0001,
        "entry_price": 26_121.5,
        "exit_price": 26_124.1,
        "correct": False,
        "note": "",
        "version": 1,
        "removed": True,
    },
}
