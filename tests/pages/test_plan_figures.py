"""The plan of a close as a picture: margin and worst loss before it and after each step."""

from __future__ import annotations

from typing import Any

from pages.parts.plan_figures import margin_steps

PLAN: dict[str, Any] = {
    "margin": 1_000.0, "worst_loss": None,
    "steps": [
        {"side": "buy", "quantity": 75, "symbol": "<b>A</b>", "margin": 600.0, "worst_loss": 90.0},
        {"side": "sell", "quantity": 75, "symbol": "B", "margin": None, "worst_loss": 0.0},
    ],
}  # fmt: skip


def test_step_0_is_before_the_plan_and_an_unknown_margin_is_a_gap_while_a_loss_of_0_is_0() -> None:
    margin, loss = margin_steps(PLAN, "INR").data
    assert list(margin.x) == [0, 1, 2]
    assert list(margin.y) == [1_000.0, 600.0, None]
    assert list(loss.y) == [None, 90.0, 0.0]


def test_margin_and_worst_loss_are_told_apart_by_name_and_dash_and_the_amount_has_its_currency() -> None:
    figure = margin_steps(PLAN, "EUR")
    assert [(line.name, line.line.dash) for line in figure.data] == [("margin", "solid"), ("worst loss", "dot")]
    assert figure.layout.showlegend
    assert figure.layout.yaxis.title.text == "after the step (EUR)"
    assert all("EUR" in line.hovertemplate for line in figure.data)


def test_a_step_is_named_by_its_order_and_a_hostile_contract_is_inert() -> None:
    margin, _ = margin_steps(PLAN, "INR").data
    assert list(margin.customdata) == ["now", "buy 75 &lt;b&gt;A&lt;/b&gt;", "sell 75 B"]


def test_a_plan_without_steps_is_what_stands_now() -> None:
    margin, loss = margin_steps({}, "INR").data
    assert (list(margin.y), list(loss.y)) == ([None], [None])
