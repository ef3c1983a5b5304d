"""A model's scorecard in a terminal: what it is worth beside what costs nothing, and the proofs that it could fail."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from sidecar.client import Json
from sidecar.terminal.tables import add, number, table_of

_SCORES = (
    ("accuracy", "accuracy", 3),
    ("balanced", "balanced_accuracy", 3),
    ("AUC", "auc", 3),
    ("Brier skill", "brier_skill", 4),
    ("of direction", "direction_brier_skill", 4),
    ("log-loss", "log_loss", 4),
    ("ECE", "ece", 3),
)


def show_scorecard(console: Console, card: Json) -> None:
    """Print it. ``card`` is a ``learning.scorecard.Scorecard`` as JSON has it; what is unknown is a dash."""
    console.print(f"{card['verdict'].upper()}: {card['why']}", style="bold")
    console.print(_beside(card))
    for line in _lines(card):
        console.print(line)
    console.print(_canaries(card))


def _beside(card: Json) -> Table:
    """The model and the rules that cost nothing, on the same rows."""
    table = table_of(("out of sample",), ("rows", *(heading for heading, _, _ in _SCORES)))
    rows = [("the model", card["scores"]), *((part["name"], part["scores"]) for part in card["baselines"])]
    for name, scores in rows:
        add(table, name, number(scores["n"]), *(number(scores[field], places) for _, field, places in _SCORES))
    return table


def _lines(card: Json) -> list[str]:
    money = card["money"]
    return [
        (
            f"accuracy {_interval(card['accuracy'], 3)} (95 %, of {number(card['effective_rows'])} independent rows), "
            f"direction {_interval(card['direction'], 3)}; it takes {number(card['required'])} to tell an edge of "
            f"{card['expected_edge']:.1%} from a coin"
        ),
        f"chance gives an AUC of {_interval(card['chance'], 3)}; p = {number(card['chance_p'], 3)}",
        (
            f"after costs {money['net']:+.5f} a session over {number(money['signals'])} signals, Sharpe "
            f"{number(money['sharpe'], 3)} a session, deflated {number(money['deflated_sharpe'], 3)}, probability of "
            f"overfitting {number(money['overfitting'], 2)}; {number(card['trials'])} fits saw the data"
        ),
    ]


def _canaries(card: Json) -> Table:
    table = table_of(("canary", "", "says"), ("value", "limit"))
    for canary in card["canaries"]:
        held = "as it should be" if canary["passed"] else "FAILED"
        add(table, canary["name"], held, canary["says"], number(canary["value"], 3), number(canary["limit"], 3))
    return table


def _interval(found: dict[str, Any] | None, places: int) -> str:
    return f"{number(found['low'], places)} to {number(found['high'], places)}" if found else "–"
