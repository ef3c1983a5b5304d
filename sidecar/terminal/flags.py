"""The flags of the commands that ask the running desk, and of those that act on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

Parser = argparse.ArgumentParser


def asking(parser: Parser) -> None:
    """Where the desk is, and the key."""
    parser.add_argument("--url", help="the sidecar's address (default: http://127.0.0.1:8000, or DESK_URL)")
    parser.add_argument(
        "--data-dir", type=Path, help="where the local key lies, if DESK_KEY is not set (default: data/)"
    )


def stop(parser: Parser) -> None:
    """Of a stop."""
    asking(parser)
    parser.add_argument("--reason", required=True, help="why; it goes on record")
    parser.add_argument("--flatten", action="store_true", help="also close what is open")


def analysis(parser: Parser) -> None:
    """Of every analysis."""
    asking(parser)
    parser.add_argument("--fund", default="", metavar="FUND", help="of one fund alone")
    parser.add_argument("--json", action="store_true", help="the answer as it came, for a program")


def greeks(parser: Parser) -> None:
    """Of the exposure tables."""
    analysis(parser)
    tables = ("leg", "strategy", "fund", "underlying", "expiry")
    parser.add_argument("--by", default="", choices=tables, help="one table alone (default: all)")


def explain(parser: Parser) -> None:
    """Of the day's P&L."""
    analysis(parser)
    parser.add_argument("--strategy", default="", metavar="NAME", help="of one strategy alone")


def scenarios(parser: Parser) -> None:
    """Of the scenario grid."""
    explain(parser)
    several: dict[str, Any] = {"type": float, "nargs": "+", "metavar": "X"}
    parser.add_argument("--spots", **several, help="moves of the spot: -0.05 is 5 %% down")
    parser.add_argument("--vols", **several, help="added to every volatility: 0.01 is a point")
    parser.add_argument("--days", **several, help="calendar days that pass (default: 0)")
    sticks = "what stays as the spot moves: each strike's volatility, or each moneyness's (default: strike)"
    parser.add_argument("--sticky", choices=("strike", "delta"), default="strike", help=sticks)
    parser.add_argument("--underlying", default="", metavar="NAME", help="of one underlying alone")
    leg = "a leg on top of the book, in signed units of the underlying; may be repeated"
    parser.add_argument("--leg", nargs=2, action="append", metavar=("SYMBOL", "UNITS"), help=leg)


def what_if(parser: Parser) -> None:
    """Of orders that are not sent."""
    asking(parser)
    order = "one order: side, units, symbol and limit price, as in 'sell 65 NIFTY24600CE 83.40'; quoted"
    parser.add_argument("orders", nargs="+", metavar="ORDER", help=order)
    parser.add_argument("--fund", default="main", metavar="FUND", help="the fund they are for (default: main)")
    parser.add_argument("--strategy", default="manual", metavar="NAME", help="the strategy (default: manual)")
    parser.add_argument("--json", action="store_true", help="the answer as it came, for a program")


def flatten(parser: Parser) -> None:
    """Of the plan that closes what is open."""
    asking(parser)
    parser.add_argument("--position", default="", metavar="ID", help="of this position alone (default: all)")
    parser.add_argument("--symbol", default="", metavar="SYMBOL", help="of every position in this symbol")
    parser.add_argument("--yes", action="store_true", help="do it: send the orders and follow them until all is flat")
    parser.add_argument("--reason", default="flatten, from a terminal", help="why; it goes on record")
    parser.add_argument("--wait-s", type=float, default=60.0, help="seconds to follow before it tells what is left")
    parser.add_argument("--json", action="store_true", help="the plan as it came, for a program")


def drill(parser: Parser) -> None:
    """Of a stop drill."""
    asking(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    parser.add_argument(
        "--wait-s", type=float, default=30.0, metavar="S", help="how long a step may take (default: 30)"
    )
    admin = "a file that holds an admin key: resets the desk at the end (or DESK_ADMIN_KEY); without, it stays stopped"
    parser.add_argument("--admin-key-file", type=Path, metavar="FILE", help=admin)


def query(parser: Parser) -> None:
    """Of a question in SQL."""
    asking(parser)
    parser.add_argument("sql", metavar="SELECT", help="one SELECT; SHOW TABLES and DESCRIBE say what there is")
    parser.add_argument("--limit", type=int, default=1_000, help="rows at most, up to 100000 (default: 1000)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, for a program")
