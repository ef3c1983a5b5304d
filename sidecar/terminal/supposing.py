"""``what-if``: the gate's answer to orders that are not sent, every limit, and the book before and after."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from sidecar.client import Json
from sidecar.domain.errors import InputError
from sidecar.terminal.asking import desk_of
from sidecar.terminal.tables import add, number, show, table_of

#: What is told of a fund: name, where it stands in the answer, decimal places.
_BOOK = (("margin used", "used_margin", 0), ("margin available", "available_margin", 0))
_TAIL = (("VaR 95, one day", "var_95", 0), ("ES 97.5, one day", "es_975", 0), ("worst stress", "worst", 0))
_GREEKS = (("delta", 1), ("gamma", 4), ("vega", 0), ("theta", 0))
#: Limits that are numbers; the others are fractions of capital.
_COUNTS = frozenset({"order_lots", "positions", "margin", "net_delta", "net_gamma", "net_vega", "net_theta"})


def run(options: argparse.Namespace) -> int:
    """The answer as tables; 0 when every order would leave, 1 when the gate would refuse one."""
    orders = [_order(text) | {"fund_id": options.fund, "strategy": options.strategy} for text in options.orders]
    with desk_of(options) as desk:
        told = desk.what_if(orders)
    parts: list[RenderableType] = []
    for order in told["orders"]:
        parts += _judged(order)
    parts += [_fund(fund) for fund in told["funds"]]
    show(options, told, [*parts, "Nothing was sent."])
    return 0 if told["accepted"] else 1


def _order(text: str) -> dict[str, Any]:
    words = text.split()
    try:
        side, units, symbol, price = words
        if int(units) <= 0 or not Decimal(price).is_finite():
            raise ValueError(text)
        return {"side": side, "quantity": int(units), "symbol": symbol, "price": str(Decimal(price))}
    except (ValueError, InvalidOperation):
        remedy = "give side, units, symbol and price in one pair of quotes, as in 'sell 65 NIFTY24600CE 83.40'"
        raise InputError("order", f"{text!r} is not an order", remedy) from None


def _judged(order: Json) -> list[RenderableType]:
    head = f"{order['side']} {order['quantity']} {order['symbol']} at {order['price']}"
    would = "would leave" if order["accepted"] else f"would be refused: {order['detail']}"
    reduces = " (it only reduces risk)" if order["reduces_only"] else ""
    table = table_of(("limit",), ("before", "after", "limit is"))
    table.add_column("")
    for line in order["limits"]:
        values = (_value(line["name"], line[which]) for which in ("before", "after", "limit"))
        add(table, line["name"], *values, "" if line["within"] else "beyond")
    most = f"largest quantity in this proportion: {order['largest_quantity']}"
    return [f"{head} {would}{reduces}", most, table]


def _fund(fund: Json) -> Table:
    before, after = fund["before"], fund["after"]
    table = table_of((f"fund {fund['fund_id']}",), ("now", "with all filled"))
    for now, then in zip(before["greeks"], after["greeks"], strict=True):
        for name, places in _GREEKS:
            add(table, f"{name} {now['underlying']}", number(now[name], places), number(then[name], places))
    for label, name, places in _BOOK:
        add(table, label, number(before[name], places), number(after[name], places))
    for label, name, places in _TAIL:
        add(table, label, number(before["tail"][name], places), number(after["tail"][name], places))
    add(table, "where", before["tail"]["worst_case"], after["tail"]["worst_case"])
    return table


def _value(name: str, value: float | None) -> str:
    if name in _COUNTS or value is None:
        return number(value, 3 if name == "net_gamma" else 0)
    return f"{100 * value:.2f} %"
