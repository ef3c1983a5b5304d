"""Models: what they promise on record, how right they were, how far their world has moved, and their trainings."""

from __future__ import annotations

from grafana.build.dashboard import Dashboard, Row, Variable
from grafana.build.panels import AMBER, GREEN, ORANGE, RED, Look, Query, bars, lines, spread, stat

_ONE = '{model=~"$model"}'
FAMILY = Variable("model", "Family", "model", "trading_ml_predictions_total", "Families that have predicted")

MODELS = Dashboard(
    "models",
    "Deskwatch: models",
    "Live records of predictions that were on record before their outcome, drift, and trainings.",
    (
        Row(
            (
                lines("Accuracy", "Share of predictions that were right, live, by family. A third is a coin of three "
                      "sides.", (Query(f"trading_ml_model_accuracy{_ONE}", "{{model}}"),),
                      Look("percentunit", 1, 0, 1, ((None, RED), (0.33, AMBER), (0.5, GREEN))),
                      page="model_accuracy", width=8, marks=True),
                lines("AUC", "How well predictions rank what comes: a half is chance.",
                      (Query(f"trading_ml_auc{_ONE}", "{{model}}"),),
                      Look("none", 3, 0, 1, ((None, ORANGE), (0.5, GREEN))), page="model_accuracy", width=8,
                      marks=True),
                lines("Brier score", "Mean squared error of the probabilities, 0 to 2: less is better, 0.667 knows "
                      "nothing.", (Query(f"trading_ml_brier_score{_ONE}", "{{model}}"),),
                      Look("none", 3, 0, None, ((None, GREEN), (0.667, ORANGE))), page="model_accuracy", width=8,
                      marks=True),
            )
        ),
        Row(
            (
                bars("Drift (PSI)", "Of the champion's feature that has moved furthest: below 0.1 nothing, from 0.25 "
                     "the model sees another world than it learnt from.",
                     (Query(f"trading_ml_psi{_ONE}", "{{model}}"),),
                     Look("none", 3, 0, 0.5, ((None, GREEN), (0.1, AMBER), (0.25, RED))), page="model_accuracy",
                     width=8),
                lines("Predictions", "In five minutes, by family and signal.",
                      (Query(f"sum by (model, prediction) (increase(trading_ml_predictions_total{_ONE}[5m]))",
                             "{{model}}: {{prediction}}"),),
                      Look("none", 0, 0), page="signals", width=8, stacked=True),
                lines("From bar to prediction", "Time from the report that closed a bar to its predictions.",
                      spread("trading_ml_forecast_seconds", "5m"), Look("s", None, 0), page="model_accuracy", width=8),
            )
        ),
        Row(
            (
                stat("Last training", "When a training last made a model, in the market's time; the convention's twin "
                     "of the name shows the same.",
                     (Query("trading_ml_last_training_timestamp * 1000", "market's clock"),
                      Query("trading_ml_last_training_timestamp_seconds * 1000", "twin"),
                      Query('time() - trading_job_last_success_timestamp_seconds{exported_job="training"}', "ago")),
                     Look("dateTimeAsIso"), page="training", width=8, graph=False)
                .showing("ago", unit="s", decimals=0),
                lines("Training time", "Of trainings that made a model or failed: the mean of all so far.",
                      (Query("trading_ml_training_duration_seconds_sum / trading_ml_training_duration_seconds_count",
                             "mean"),
                       Query("histogram_quantile(0.95, sum by (le) (trading_ml_training_duration_seconds_bucket))",
                             "p95")),
                      Look("s", 1, 0), page="training", width=8),
                stat("Trainings that failed", "Since the sidecar began.",
                     (Query('sum(trading_job_failures_total{exported_job="training"})'
                            " or 0 * sum(trading_system_uptime_seconds)", "failed"),),
                     Look("none", 0, 0, None, ((None, GREEN), (1, RED))), page="training", width=8, graph=False),
            )
        ),
    ),
    (FAMILY,),
)  # fmt: skip
