"""The legs of an order ticket: how they stand in the session, what they still lack, and the orders they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.parts import quotes
from pages.parts.words import known, number

Row = dict[str, Any]
#: The desk judges at most this many orders at once.
MOST = 20
LEGS, _NEXT = "ticket-legs", "ticket-next"
#: The side that an order takes, and where a price that it would trade at stands in a quote.
TOUCH = {"buy": "ask", "sell": "bid"}


@dataclass(frozen=True)
class Leg:
    """One leg as it was typed; ``contract`` is what the desk takes the text for, or ``why`` it takes it for nothing."""

    number: int
    text: str
    side: str
    lots: int | None
    price: float | None
    contract: Row | None = None
    why: str = ""
    candidates: tuple[str, ...] = ()

    def lacks(self) -> str:
        """What is missing before anything can be asked; empty where nothing is."""
        if not self.text.strip():
            return "a contract"
        if self.contract is None:
            return f"a contract that is listed ({self.why})"
        return "" if self.lots and self.price is not None else "lots" if not self.lots else "a limit price"

    def order(self, fund: str) -> Row:
        """The order in the client's words; the quantity is units of the underlying."""
        if self.contract is None:
            raise ValueError("an order of no contract; ask what it lacks first")
        units = int(self.lots or 0) * int(self.contract["lot_size"])
        return {"symbol": self.contract["symbol"], "quantity": units, "side": self.side, "price": self.price,
                "fund_id": fund}  # fmt: skip


def numbers() -> list[int]:
    """The numbers of the ticket's legs, in order; there is always one."""
    kept: list[int] = st.session_state.setdefault(LEGS, [1])
    return kept


def add() -> None:
    """One leg more."""
    now = numbers()
    following = max(st.session_state.get(_NEXT, 2), max(now) + 1)
    st.session_state[LEGS], st.session_state[_NEXT] = [*now, following], following + 1


def remove(leg: int) -> None:
    """One leg less; the last one stays."""
    st.session_state[LEGS] = [one for one in numbers() if one != leg] or [leg]


def key(field: str, leg: int) -> str:
    """The widget's key of a leg's field."""
    return f"ticket-{field}-{leg}"


def read(leg: int, underlyings: list[str]) -> Leg:
    """The leg as it stands in the session."""
    state = st.session_state
    text, side = str(state.get(key("contract", leg)) or ""), str(state.get(key("side", leg)) or "buy")
    lots, price = known(state.get(key("lots", leg))), known(state.get(key("price", leg)))
    found, why, candidates = quotes.contract(text, underlyings) if text.strip() else (None, "", [])
    return Leg(leg, text, side, int(lots) if lots else None, price, found, why, tuple(candidates))


def fill_price(leg: int, underlyings: list[str]) -> None:
    """Put the touch into the price, unless a person has typed another."""
    found, state = read(leg, underlyings), st.session_state
    filled = key("filled", leg)
    mine = (
        found.price is None or (found.price, found.text) == state.get(filled) or _other(found.text, state.get(filled))
    )
    touch = known((found.contract or {}).get(TOUCH[found.side]))
    if mine and touch is not None:
        state[key("price", leg)], state[filled] = touch, (touch, found.text)


def fill_prices(underlyings: list[str]) -> None:
    """Put the touch into every price that nobody has typed."""
    for leg in numbers():
        fill_price(leg, underlyings)


def set_lots(quantities: Sequence[int], asked: Sequence[Leg]) -> None:
    """Put sizes that the desk gave, in units, into the ticket."""
    for quantity, leg in zip(quantities, asked, strict=False):
        if leg.contract is not None and quantity:
            st.session_state[key("lots", leg.number)] = int(quantity) // int(leg.contract["lot_size"])


def said(order: Row, lot_size: Any) -> str:
    """An order in words, without marks.

    >>> said({"side": "sell", "quantity": 130, "symbol": "NIFTY-20260908-24700-CE", "price": 131.0}, 65)
    'SELL 130 (2 lots) NIFTY-20260908-24700-CE at 131.00'
    """
    size = known(lot_size)
    lots = f" ({order['quantity'] / size:g} lot{'' if order['quantity'] == size else 's'})" if size else ""
    size_said = f"{number(order['quantity'], 0)}{lots}"
    return f"{str(order['side']).upper()} {size_said} {order['symbol']} at {number(order['price'])}"


def _other(text: str, filled: Any) -> bool:
    """Whether the price that stands there was of another contract."""
    return filled is not None and filled[1] != text
