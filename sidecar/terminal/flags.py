"""The flags of the commands that ask the running desk, and of those that act on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sidecar.domain.backtests import Engine, Instrument, Mode

Parser = argparse.ArgumentParser


def asking(parser: Parser) -> None:
    """Where the desk is, and the key."""
    parser.add_argument("--url", help="the sidecar's address (default: http://127.0.0.1:8000, or DESK_URL)")
    parser.add_argument(
        "--data-dir", type=Path, help="where the local key lies, if DESK_KEY is not set (default: data/)"
    )


def login(parser: Parser) -> None:
    """Of a link into the app."""
    parser.add_argument("--data-dir", type=Path, help="where the local key lies (default: data/)")
    parser.add_argument("--host", help="where the app listens (default: 127.0.0.1)")
    parser.add_argument("--ui-port", type=int, help="port of the app (default: 8501)")


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


def train(parser: Parser) -> None:
    """Of a training."""
    asking(parser)
    parser.add_argument("--search", type=int, metavar="N", help="parameter sets to try; each counts against the result")
    parser.add_argument("--seed", type=int, metavar="N", help="of the fits and the draws (default: 7)")
    parser.add_argument("--strategy", metavar="NAME", help="learn whether this strategy's trades win; by a desk alone")
    parser.add_argument(
        "--bars", type=Path, metavar="FILE", help="train on a file of bars, CSV or Parquet, here and without a desk"
    )
    parser.add_argument("--symbol", metavar="NAME", help="whose bars the file holds (default: that of the settings)")
    parser.add_argument("--label", choices=("fixed_horizon", "triple_barrier"), help="what is learnt of the file")
    parser.add_argument("--horizon", type=int, metavar="BARS", help="how far ahead")
    parser.add_argument("--dask", metavar="SCHEDULER", help="run the fits on this Dask cluster: tcp://host:8786")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the file's model there; else nothing is kept")


def backup(parser: Parser) -> None:
    """Of a backup."""
    asking(parser)
    where = "the file (….tar.zst), or the folder for one named for the time (default: this one)"
    parser.add_argument("--to", type=Path, metavar="FILE|DIR", help=where)
    parser.add_argument("--keep", type=int, metavar="N", help="of the folder's backups keep the newest N")
    admin = "a file that holds an admin key, which a running desk asks for (or DESK_ADMIN_KEY)"
    parser.add_argument("--admin-key-file", type=Path, metavar="FILE", help=admin)
    parser.add_argument("--without-archive", action="store_true", help="leave archive, history and tapes out")
    parser.add_argument("--without-database", action="store_true", help="leave it out: bars and samples are lost then")


def restore(parser: Parser) -> None:
    """Of what a backup is brought back to."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a backup")
    parser.add_argument("--data-dir", type=Path, help="the new directory; it must be empty, or not there")
    parser.add_argument("--check", action="store_true", help="only say whether it could be restored")


def doctor(parser: Parser) -> None:
    """Of a look at everything that a desk needs."""
    parser.add_argument("--data-dir", type=Path, help="where journal, database and keys live (default: data/)")
    parser.add_argument("--port", type=int, help="port of the sidecar (default: 8000)")
    parser.add_argument("--ui-port", type=int, help="port of the app (default: 8501)")
    parser.add_argument("--json", action="store_true", help="one JSON document, for a program")


_WINDOWS = (
    ("train", "that a model learns from"), ("test", "that it is then tested on"), ("retrain", "from model to model"),
)  # fmt: skip
_BACKTESTS = """

It is asked at the close of each bar, or at each quote; its orders meet the next quote, never a better one, and pay the
tariff of their day. The running desk does it beside its work; with --bars, --archive or --tape it is done here.

  which there are     python -m sidecar backtest --list
  by the desk         python -m sidecar backtest --strategy technical_only --start 2026-08-03 --end 2026-08-31
  imported chains     python -m sidecar backtest --strategy short_strangle --archive data/archive \\
                        --symbols NIFTY --start 2026-08-18 --end 2026-08-18 --report strangle.html
  one of your own     python -m sidecar backtest --strategy mine.py --tape morning.tape \\
                        --start 2026-08-18 --end 2026-08-18
  without any cost    add --commission 0 --slippage 0
  several sets        add --sweep fast=10,20,30 --sweep slow=50,100 (on a cluster: --dask tcp://host:8786)
"""


def backtest(parser: Parser) -> None:
    """Of a backtest: what is asked for, of which past, and what is shown of it."""
    asking(parser)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = f"{parser.description or ''}{_BACKTESTS}"
    _what(parser)
    _how(parser)
    _past(parser)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--report", type=Path, metavar="FILE.html", help="write the report, one page with its charts")
    shown.add_argument("--json", action="store_true", help="the result as JSON, for a program")
    shown.add_argument("--list", action="store_true", help="the strategies and their parameters, and nothing else")


def _what(parser: Parser) -> None:
    of = parser.add_argument_group("what is tested")
    name = "a strategy of --list; or a Python file of your own with a class Rule or Strategy, and a past given here"
    of.add_argument("--strategy", metavar="NAME|FILE.py", help=name)
    of.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="underlyings (default: that of the settings)")
    of.add_argument("--start", metavar="YYYY-MM-DD", help="the first trading day")
    of.add_argument("--end", metavar="YYYY-MM-DD", help="the last trading day")
    of.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter of the strategy; repeatable")
    sweep = "several values of a parameter; repeatable: every combination is tried, and all of them count"
    of.add_argument("--sweep", action="append", metavar="NAME=V1,V2,…", help=sweep)
    of.add_argument(
        "--model", metavar="ID", help="the model to ask, trained before the first day (default: learn anew)"
    )
    of.add_argument("--mode", choices=[mode.value for mode in Mode], help="how training and testing share the past")
    for flag, what in _WINDOWS:
        of.add_argument(f"--{flag}-days", type=int, metavar="N", help=f"trading days {what}")


def _how(parser: Parser) -> None:
    how = parser.add_argument_group("how it trades")
    how.add_argument("--capital", metavar="AMOUNT", help="what it begins with (default: 2000000)")
    cost = "a fraction of the price a side, as 0.0003, in place of the dated tariff of exchange and broker"
    how.add_argument("--commission", type=float, metavar="X", help=cost)
    how.add_argument("--slippage", type=float, metavar="X", help="a fraction by which every quote is worse, both sides")
    how.add_argument("--instrument", choices=[one.value for one in Instrument], help="what a rule on bars trades")
    how.add_argument("--engine", choices=[one.value for one in Engine], help="which one runs it (default: auto)")
    looks = "somebody resets the breaker every morning; without, what a limit stops stays stopped"
    how.add_argument("--resets", action="store_const", const=True, help=looks)
    how.add_argument("--seed", type=int, metavar="N", help="of every draw (default: 7)")


def _past(parser: Parser) -> None:
    past = parser.add_argument_group("which past: that of the running desk, or one of these, here and without a desk")
    past.add_argument("--bars", type=Path, metavar="FILE", help="bars as CSV or Parquet: time, open, high, low, close")
    past.add_argument("--zone", metavar="ZONE", help="the zone of times without an offset, such as Asia/Kolkata")
    past.add_argument("--archive", type=Path, metavar="FOLDER", help="imported quotes: the archive of a data directory")
    past.add_argument("--tape", type=Path, metavar="FILE", help="a recorded market")
    past.add_argument("--dask", metavar="SCHEDULER", help="run a sweep on this Dask cluster: tcp://host:8786")
