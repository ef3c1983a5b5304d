"""Contracts and their names.

``NIFTY-20251125-24600-CE`` (underlying, expiry, strike, CE|PE), ``NIFTY-20251125-FUT``, ``NIFTY`` (index).
The short form ``NIFTY24600CE`` is accepted where exactly one listed expiry is the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import msgspec

from sidecar.domain.errors import InputError, UnknownContract

_ID = re.compile(r"^(?P<underlying>[A-Z0-9&_]+?)-(?P<expiry>\d{8})-(?:(?P<strike>\d+(?:\.\d+)?)-(?P<right>CE|PE)|FUT)$")
_SHORT = re.compile(r"^(?P<underlying>[A-Z][A-Z&_]*?)(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE)$")


#: Ids that are not written or read anew each time: more than any chain has contracts.
_KEPT = 16_384


class Kind(StrEnum):
    INDEX = "index"
    FUTURE = "future"
    OPTION = "option"


class Right(StrEnum):
    """The exchange's words for European call and put."""

    CALL = "CE"
    PUT = "PE"


class Contract(msgspec.Struct, frozen=True):
    """One listed thing. ``expires_at`` is the instant trading ends on expiry day; sizes are units of the underlying."""

    underlying: str
    kind: Kind
    expiry: date | None = None
    strike: float | None = None
    right: Right | None = None
    expires_at: int | None = None
    lot_size: int = 1
    tick_size: Decimal = Decimal("0.05")
    freeze_quantity: int = 0

    @property
    def id(self) -> str:
        """The instrument id of the contract.

        >>> Contract("NIFTY", Kind.OPTION, date(2025, 11, 25), 24600.0, Right.CALL).id
        'NIFTY-20251125-24600-CE'
        """
        return contract_id(self.underlying, self.expiry, self.strike, self.right)


@lru_cache(_KEPT)
def contract_id(
    underlying: str, expiry: date | None = None, strike: float | None = None, right: str | None = None
) -> str:
    """The instrument id of its parts; a strike loses trailing zeros (``290.50`` is ``290.5``)."""
    if expiry is None:
        return underlying
    if strike is None or right is None:
        return f"{underlying}-{expiry:%Y%m%d}-FUT"
    return f"{underlying}-{expiry:%Y%m%d}-{strike:.10g}-{right}"


class Parts(msgspec.Struct, frozen=True):
    """What an instrument id says by itself."""

    underlying: str
    expiry: date | None = None
    strike: float | None = None
    right: Right | None = None


@lru_cache(_KEPT)
def parse_id(text: str) -> Parts:
    """The parts of an instrument id; :class:`InputError` names what is wrong with it."""
    if re.fullmatch(r"[A-Z][A-Z0-9&_]*", text):
        return Parts(text)
    match = _ID.match(text)
    if match is None:
        raise InputError("symbol", f"{text[:80]!r} is not an instrument id", "write NIFTY-20251125-24600-CE")
    try:
        expiry = date(int(match["expiry"][:4]), int(match["expiry"][4:6]), int(match["expiry"][6:]))
    except ValueError:
        raise InputError("symbol", f"{text[:80]!r} has no valid expiry date", "write YYYYMMDD") from None
    if match["right"] is None:
        return Parts(match["underlying"], expiry)
    return Parts(match["underlying"], expiry, float(match["strike"]), Right(match["right"]))


class Universe:
    """The listed contracts in the order they were listed; a contract keeps its row for ever. Immutable."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        self.contracts: tuple[Contract, ...] = tuple(contracts)
        self.rows: dict[str, int] = {contract.id: row for row, contract in enumerate(self.contracts)}

    def __len__(self) -> int:
        return len(self.contracts)

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.contracts)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.rows

    def __getitem__(self, symbol: str) -> Contract:
        return self.contracts[self.rows[symbol]]

    def extended(self, contracts: Iterable[Contract]) -> Universe:
        """A universe with ``contracts`` added at the end; those already listed are left as they are."""
        added = {contract.id: contract for contract in contracts if contract.id not in self.rows}
        return Universe((*self.contracts, *added.values())) if added else self

    def resolve(self, symbol: str, at: int) -> Contract:
        """The contract that ``symbol`` (an id or the short form) means at ``at``.

        :raises UnknownContract: nothing listed answers to it, with the candidates where there are some.
        """
        if symbol in self.rows:
            return self[symbol]
        match = _SHORT.match(symbol)
        if match is None:
            raise UnknownContract(symbol)
        expiries = [c.expiry for c in self.contracts if _alive(c, match["underlying"], at) and c.expiry is not None]
        live = [
            contract
            for contract in self.contracts
            if _alive(contract, match["underlying"], at)
            and contract.right == match["right"]
            and contract.strike == float(match["strike"])
        ]
        nearest = min(expiries, default=None)
        exact = [contract for contract in live if contract.expiry == nearest]
        if len(exact) == 1:
            return exact[0]
        raise UnknownContract(symbol, tuple(sorted(contract.id for contract in live)))


def _alive(contract: Contract, underlying: str, at: int) -> bool:
    return (
        contract.underlying == underlying
        and contract.kind is Kind.OPTION
        and contract.expires_at is not None
        and contract.expires_at > at
    )
