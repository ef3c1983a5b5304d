"""The columns of tables about models: predictions, models, trainings, proofs."""

from __future__ import annotations

from pages.parts.tables import Columns

PREDICTION: Columns = {
    "bar_at": ("Bar", "time", "when the minute ended that it looks back from"),
    "signal": ("Signal", "text", "buy, sell or hold"),
    "confidence": ("Sure", "%,.1f %%", "calibrated probability of the signal's class"),
    "p_sell": ("Sell", "%,.1f %%", "probability that it falls by more than a round trip costs"),
    "p_hold": ("Hold", "%,.1f %%", "probability that it moves less than a round trip costs"),
    "p_buy": ("Buy", "%,.1f %%", "probability that it rises by more than a round trip costs"),
    "came": ("Came", "text", "what it came to, once its horizon has ended"),
    "right": ("Right", "text", "whether the likeliest class came true"),
    "abstained": ("Held because", "text", "why it says hold although a side may look likelier"),
    "why": ("Looked at", "text", "the features that moved it most, + towards buy"),
    "role": ("Role", "text", "only a champion's signals count"),
    "id": ("Prediction", "text", ""),
}
MODEL: Columns = {
    "id": ("Model", "text", ""),
    "family": ("Family", "text", "symbol, label, horizon in bars"),
    "strategy": ("Learns of", "text", "the market, or a strategy whose trades it learnt to tell; empty where unknown"),
    "role": ("Role", "text", "a champion gives signals, a challenger predicts beside it"),
    "verdict": ("Verdict", "text", "skill only where the whole interval of its Brier skill lies above 0"),
    "accuracy": ("Accuracy", "%,.1f %%", "out of sample, in validation"),
    "majority_accuracy": ("Majority", "%,.1f %%", "accuracy of always naming the commonest class"),
    "auc": ("AUC", "%.3f", "of the direction; one half is chance"),
    "brier_skill": ("Brier skill", "%+.4f", "of the direction, against the training's shares; 0 is none"),
    "rows": ("Rows", "%,d", "bars that it learnt from"),
    "trained_at": ("Trained", "time", "exchange time"),
    "trained_to": ("Data to", "time", "the last bar that it learnt from"),
    "before": ("Followed", "text", "the champion that it followed"),
    "reason": ("Because", "text", "why it has its role"),
    "actor": ("By", "text", "who gave it its role"),
}
RUN: Columns = {
    "id": ("Training", "text", ""),
    "kind": ("Kind", "text", "first, daily, or asked for"),
    "state": ("Result", "text", "done made a model, failed did not, skipped found nothing to learn from"),
    "strategy": ("Strategy", "text", "whose trades it learnt from; empty for the market"),
    "session": ("Session", "text", "the trading day that a daily one is of"),
    "ended_at": ("Ended", "time", "exchange time"),
    "seconds": ("Seconds", "%,.1f", "of wall time"),
    "trials": ("Fits", "%,d", "how many fits saw the data: each counts against the result"),
    "reason": ("Reason", "text", ""),
    "model_id": ("Model", "text", ""),
}
CANARY: Columns = {
    "name": ("Proof", "text", ""),
    "held": ("Held", "text", ""),
    "value": ("Value", "%.3f", ""),
    "limit": ("Bound", "%.3f", ""),
    "says": ("Means", "text", ""),
}
DRIFT: Columns = {
    "name": ("Feature", "text", ""),
    "psi": ("PSI", "%.3f", "population stability index against the training"),
    "threshold": ("Bound", "%.3f", "what 99 of 100 windows of the training stayed below"),
    "said": ("Now", "text", ""),
    "sessions": ("Sessions", "%,d", "seen live"),
    "window": ("Needed", "%,d", "sessions before it can be told"),
}
