"""What a strategy gave back, looked at before the desk takes it: a user's code may give anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import NoneType

from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.domain.report import Intent
from sidecar.domain.signals import SignalRequest

_PARTS: Mapping[str, tuple[type, ...]] = {
    "place": (OrderRequest, NoneType),
    "cancel": (str, NoneType),
    "signal": (SignalRequest, NoneType),
}
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "symbol": (str,),
    "side": (Side,),
    "quantity": (int,),
    "price": (Decimal, NoneType),
    "order_type": (OrderType,),
    "time_in_force": (TimeInForce,),
    "fund_id": (str,),
    "strategy": (str,),
    "client_order_id": (str,),
    "reason": (str,),
}


def whole(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """The intents, every part of the kind that the desk takes; what the parts say is the gate's to judge.

    A price of NaN is a Decimal, which the desk refuses with a reason; a float is no price at all.

    :raises TypeError: something else was given, in words for who wrote it.
    """
    if not isinstance(intents, Iterable):
        raise TypeError(f"on_report gave {_kind(intents)}, not intents; give () where nothing is wanted")
    found = tuple(intents)
    for intent in found:
        if not isinstance(intent, Intent):
            raise TypeError(f"on_report gave {_kind(intent)} among its intents; wrap an order in Intent(place=…)")
        _checked("Intent", intent, _PARTS)
        if intent.place is not None:
            _checked("OrderRequest", intent.place, _FIELDS)
    return found


def _checked(what: str, given: object, kinds: Mapping[str, tuple[type, ...]]) -> None:
    for name, wanted in kinds.items():
        value = getattr(given, name)
        if not isinstance(value, wanted):
            names = " or ".join("None" if kind is NoneType else kind.__name__ for kind in wanted)
            raise TypeError(f"{what}.{name} is {_kind(value)} ({str(value)[:40]}), not {names}")


def _kind(value: object) -> str:
    return f"a {type(value).__name__}" if value is not None else "None"
