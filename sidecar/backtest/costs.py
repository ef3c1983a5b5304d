"""What trading costs in a backtest: the dated tariff, or one fraction of the price in its place; and a worse market."""

from __future__ import annotations

from decimal import Decimal

from sidecar.book.position import ZERO
from sidecar.domain.errors import InputError
from sidecar.domain.reference import FeeSchedule, Reference

#: A fraction above this is a percentage by mistake.
MOST = 0.05


def flat(commission: float) -> FeeSchedule:
    """A tariff that takes ``commission`` of every fill's value, and nothing else; 0 is free trading.

    :raises InputError: not a fraction from 0 to :data:`MOST`.
    """
    fraction("commission", commission)
    return FeeSchedule(
        brokerage=ZERO, stt_buy=ZERO, stt_sell=ZERO, stt_exercise=ZERO, stt_exercise_base="intrinsic",
        exchange=Decimal(repr(float(commission))), sebi=ZERO, ipft=ZERO, stamp_buy=ZERO, stamp_sell=ZERO, gst=ZERO,
    )  # fmt: skip


def tariffed(reference: Reference, commission: float | None) -> Reference:
    """The tables as they are, or with ``commission`` in the place of every dated charge."""
    return reference if commission is None else reference.charged(flat(commission))


def fraction(field: str, value: float) -> None:
    """Refuse what is no fraction of a price. :raises InputError: with the fraction that a percentage may have meant."""
    if not value >= 0.0:
        raise InputError(field, f"{value} is no cost", "give a fraction of the price from 0, as 0.0003")
    if value > MOST:
        problem = f"{value:g} is {value:.0%} of the price: a percentage by mistake?"
        raise InputError(field, problem, f"give a fraction of at most {MOST}: {value / 100:g} for {value:g} %")
