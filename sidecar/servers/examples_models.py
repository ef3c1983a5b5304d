"""One worked example of every body and answer about models, predictions and their scores."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe, Named

_ID, _FAMILY = "nifty-251124-3f2a9c", "NIFTY fixed_horizon 15"
_MODEL: dict[str, Any] = {
    "id": _ID,
    "family": _FAMILY,
    "symbol": "NIFTY",
    "label": "fixed_horizon",
    "horizon": 15,
    "role": "champion",
    "verdict": "no skill",
    "trained_at": AT,
    "trained_from": "2025-08-27T03:46:00+00:00",
    "trained_to": "2025-11-21T10:00:00+00:00",
    "rows": 20_835,
    "simulated": True,
    "feature_hash": "5b1e…",
    "model_hash": "9c40…",
    "manifest_hash": "e7d1…",
    "accuracy": 0.562,
    "accuracy_low": 0.531,
    "accuracy_high": 0.592,
    "majority_accuracy": 0.561,
    "auc": 0.503,
    "brier_skill": -0.0004,
    "log_loss": 0.942,
    "before": "",
    "reason": "the first model of its family",
    "actor": "training",
}
MODELS: dict[str, Any] = {
    "models": [_MODEL],
    "count": 1,
    "next_cursor": Maybe("1763965800000000~" + _ID),
    "as_of": Maybe(AT),
}
MODEL: dict[str, Any] = {
    "model": _MODEL,
    "manifest": Maybe(
        {
            "id": _ID,
            "symbol": "NIFTY",
            "label": "fixed_horizon",
            "horizon": 15,
            "bars": 23_100,
            "sessions": 60,
            "parameters": Named({"max_depth": 3, "eta": 0.05}),
            "rounds": 41,
            "trials": 12,
            "scorecard": {"verdict": "no skill", "why": "the interval of its skill holds 0", "sessions": 40},
        }
    ),
    "problem": Maybe("model nifty-251124-3f2a9c: model.json is not what was written"),
    "rule": "A model whose validation looks like a leak …",
}
PLACE_ASKED: dict[str, Any] = {"reason": "twenty quiet sessions in shadow"}
PLACED: dict[str, Any] = {
    "status": "success",
    "message": f"{_ID} is the champion of {_FAMILY}",
    "reason": "twenty quiet sessions in shadow",
    "model": _MODEL,
    "timestamp": AT,
}
_PREDICTION: dict[str, Any] = {
    "id": "P251124034500-00001",
    "timestamp": AT,
    "model_id": _ID,
    "family": _FAMILY,
    "role": "champion",
    "symbol": "NIFTY",
    "bar_at": AT,
    "known_at": "2025-11-24T06:30:00.081000+00:00",
    "due_at": "2025-11-24T06:45:00+00:00",
    "horizon": 15,
    "feature_hash": "5b1e…",
    "vector_hash": "77f0…",
    "p_sell": 0.21,
    "p_hold": 0.56,
    "p_buy": 0.23,
    "signal": "hold",
    "confidence": 0.56,
    "price": 26_120.4,
    "abstained": "validation found no evidence of skill",
    "expected_value": -0.00051,
    "explained": [["rv_60", -0.041], ["ret_15", 0.018]],
    "simulated": True,
    "replayed": False,
    "outcome": Maybe(
        {
            "id": "P251124034500-00001",
            "timestamp": "2025-11-24T06:45:00.102000+00:00",
            "label": Maybe("hold"),
            "move": 0.00021,
            "entry_price": 26_121.0,
            "exit_price": 26_126.5,
            "correct": Maybe(True),
            "note": "",
            "version": 1,
        }
    ),
}
PREDICTIONS: dict[str, Any] = {
    "predictions": [_PREDICTION],
    "count": 1,
    "next_cursor": Maybe("1763965800000000~P251124034500-00001"),
    "as_of": Maybe(AT),
}
EXPLAINED: dict[str, Any] = {
    **_PREDICTION,
    "features": Named({"ret_1": 0.00012, "rv_60": 0.0041, "iv_rank": None}),
}
_SCORES: dict[str, Any] = {
    "n": 412,
    "accuracy": 0.551,
    "balanced_accuracy": 0.338,
    "auc": 0.497,
    "brier": 0.583,
    "brier_skill": -0.001,
    "direction_brier_skill": -0.0007,
    "log_loss": 0.951,
    "ece": 0.021,
}
_BAND: dict[str, Any] = {"low": 0.471, "high": 0.629}
_LIVE: dict[str, Any] = {
    "name": "*",
    "matured": 412,
    "unknowable": 3,
    "effective_n": 151.2,
    "sessions": 6,
    "scores": _SCORES,
    "accuracy": Maybe(_BAND),
    "direction_accuracy": 0.49,
    "direction": Maybe(_BAND),
    "skill": Maybe({"low": -0.006, "high": 0.004}),
    "auc": Maybe(_BAND),
    "baselines": [{"name": "majority", "scores": _SCORES}],
    "reliability": [
        {"low": 0.5, "high": 0.6, "n": 371, "confidence": 0.56, "hits": 0.55, "hits_low": 0.46, "hits_high": 0.63}
    ],
}
ACCURACY: dict[str, Any] = {
    "families": [
        {
            "family": _FAMILY,
            "horizon": 15,
            "champion": _ID,
            "pending": 15,
            "required": 7_665,
            "flag": "green",
            "says": "No evidence of skill: the direction's Brier skill is between -0.006 and 0.004.",
            "total": _LIVE,
            "parts": [{**_LIVE, "name": "10:00"}],
            "promised": Maybe(
                {
                    "model_id": _ID,
                    "verdict": "no skill",
                    "accuracy": 0.562,
                    "accuracy_low": 0.531,
                    "accuracy_high": 0.592,
                    "direction_accuracy": 0.502,
                    "auc": 0.503,
                    "brier_skill": -0.0004,
                    "base": [0.22, 0.56, 0.22],
                    "expected_edge": 0.016,
                }
            ),
        }
    ],
    "count": 1,
    "as_of": Maybe(AT),
}
_DRIFTED: dict[str, Any] = {
    "name": "rv_60",
    "psi": 0.08,
    "threshold": 0.21,
    "alarm": False,
    "sessions": 20,
    "window": 20,
    "enough": True,
}
DRIFT: dict[str, Any] = {
    "models": [
        {
            "model_id": _ID,
            "family": _FAMILY,
            "role": "champion",
            "rows": 7_200,
            "suspended": ["its score has drifted"],
            "worst": Maybe(_DRIFTED),
            "lines": [_DRIFTED],
        }
    ],
    "count": 1,
    "rule": "A champion's signals are held back while …",
    "as_of": Maybe(AT),
}
FEATURES: dict[str, Any] = {
    "features": [
        {
            "name": "ret_1",
            "formula": "ln(C / C[t-1])",
            "unit": "1",
            "rule": "closed bars only",
            "clock": "bar",
            "warmup": 2,
            "sessions": 0,
        }
    ],
    "count": 1,
    "feature_hash": "5b1e…",
}
