"""What is listed and quoted, as the desk tells it: contracts of an underlying, and which contract a text means."""

from __future__ import annotations

from typing import Any

from pages.parts import reads
from sidecar.client import Desk
from sidecar.domain.contracts import parse_id
from sidecar.domain.errors import DeskRefused, InputError

Row = dict[str, Any]
EVERY_S = 3.0
_NAMED_S = 60.0
_INVALID = 422


def contracts(underlying: str) -> tuple[list[Row] | None, str]:
    """Every listed contract of an underlying with its quote and Greeks per unit, or None and why not."""
    name = f"quotes {underlying}"
    return reads.shared().told(name, EVERY_S, lambda desk: list(desk.chain(underlying)["contracts"]))


def contract(text: str, underlyings: list[str]) -> tuple[Row | None, str, list[str]]:
    """The listed contract that ``text`` (an id, or the short form) means; else why there is none, and candidates."""
    wanted = text.strip().upper()
    found = _listed(wanted, underlyings)
    if found is not None:
        return found, "", []
    named, why = reads.shared().told(f"contract {wanted}", _NAMED_S, lambda desk: _named(desk, wanted))
    if named is None:
        return None, why, []
    found = _listed(str(named["symbol"]), underlyings)
    return found, str(named["why"]) if found is None else "", list(named["candidates"])


def _listed(symbol: str, underlyings: list[str]) -> Row | None:
    try:
        underlying = parse_id(symbol).underlying
    except InputError:
        return None
    if underlying not in underlyings:
        return None
    rows, _ = contracts(underlying)
    return next((row for row in rows or () if row.get("symbol") == symbol), None)


def _named(desk: Desk, text: str) -> Row:
    """What the desk takes ``text`` for: it names the contract of an order that it only judges."""
    order = {"symbol": text, "quantity": 1, "side": "buy", "price": 1.0}
    try:
        symbol = str(desk.what_if([order])["orders"][0]["symbol"])
    except DeskRefused as error:
        if error.status != _INVALID:
            raise
        candidates = error.document.get("candidates")
        listed = [str(one) for one in candidates] if isinstance(candidates, list) else []
        return {"symbol": "", "why": error.detail, "candidates": listed}
    return {"symbol": symbol, "why": f"{symbol} is not in the chain", "candidates": []}
