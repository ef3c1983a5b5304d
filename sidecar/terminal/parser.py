"""The commands and their flags. A user's mistake is one line on standard error, never a traceback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, NoReturn

from sidecar import __version__
from sidecar.domain.errors import ConfigurationError, DeskError, InputError
from sidecar.terminal import flags


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line, like every other of this program."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"deskwatch: {message}; see: {self.prog} --help\n")


class Command(NamedTuple):
    """One command: its name, what it does in a line, an example, its flags, and where the function is that does it.

    The function is imported when it is asked for, so that a quick command does not wait for what a slow one needs.
    """

    name: str
    does: str
    example: str
    flags: Callable[[Parser], None]
    module: str
    function: str


def _strategy(parser: Parser, first: str) -> None:
    parser.add_argument(
        "--strategy",
        metavar="NAME|none|FILE",
        help=f"{first}, another name of the catalogue (sma_cross, technical_only, iron_condor, …), none, "
        "or a Python file of your own that defines a class Rule, as docs/example_rule.py does, or a class Strategy, "
        "made with (fund_id, underlying), as sidecar/strategies/demo.py does; for example --strategy mine.py "
        "(default: demo)",
    )


def _desk(parser: Parser) -> None:
    parser.add_argument("--data-dir", type=Path, help="where journal, database and keys live (default: data/)")
    parser.add_argument("--host", help="address to listen on; anything but loopback is refused (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port of the sidecar (default: 8000)")
    parser.add_argument("--market", choices=("sim", "replay"), help="where quotes come from (default: sim)")
    parser.add_argument("--tape", type=Path, help="the tape that --market replay plays")
    parser.add_argument("--speed", type=float, help="market seconds per second (default: 1)")
    parser.add_argument("--seed", type=int, help="seed of the simulated market (default: 1)")
    _strategy(parser, "demo, a demonstration that sells a strangle")
    parser.add_argument("--fund", help="the fund the strategy trades for (default: main)")
    parser.add_argument("--record", type=Path, metavar="TAPE", help="record every event, for replay --verify")


def _up(parser: Parser) -> None:
    _desk(parser)
    parser.add_argument("--ui-port", type=int, help="port of the app (default: 8501)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def _replay(parser: Parser) -> None:
    parser.add_argument("tape", type=Path, metavar="TAPE", help="a tape, as import writes and --record records them")
    parser.add_argument("--verify", action="store_true", help="exit 1 if the reports differ from the recording's")
    _strategy(parser, "who trades a tape of a market alone: demo")
    parser.add_argument("--seed", type=int, help="seed of the paper venue (default: 1)")
    parser.add_argument("--fund", help="the fund the strategy trades for (default: main)")
    parser.add_argument("--hash-only", action="store_true", help="print the hash and nothing else")


def _import(parser: Parser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="files as the exchanges and vendors give them"
    )
    parser.add_argument("--format", help="force a format instead of detecting it; a wrong name lists them all")
    parser.add_argument("--zone", help="the time zone of times without an offset, such as Asia/Kolkata")
    parser.add_argument("--expiry", help="YYYY-MM-DD, for files that do not name theirs")
    parser.add_argument("--date", help="YYYY-MM-DD, for files that do not name theirs")
    parser.add_argument("--data-dir", type=Path, help="where archive/ and tapes/ are written (default: data/)")


def _keys(parser: Parser) -> None:
    where = "where the keys live (default: data/)"
    parser.add_argument("--data-dir", type=Path, help=where)
    what = parser.add_subparsers(dest="what", required=True, metavar="add|list|revoke")
    add = what.add_parser("add", help="make a key; its secret is shown once")
    add.add_argument("role", choices=("viewer", "trader", "admin"))
    add.add_argument("--label", default="", help="whose it is, for the list")
    listing = what.add_parser("list", help="list the keys, without secrets")
    revoke = what.add_parser("revoke", help="end a key")
    revoke.add_argument("key_id", metavar="KEY_ID")
    for one in (add, listing, revoke):
        # Taken on either side of the word; one that is not given here must not undo the other.
        one.add_argument("--data-dir", type=Path, default=argparse.SUPPRESS, help=where)


def _audit(parser: Parser) -> None:
    where = "where journal and database lie (default: data/)"
    what = parser.add_subparsers(dest="what", required=True, metavar="verify|rebuild")
    verify = what.add_parser("verify", help="recompute every link of the journal's chain; 1 at the first broken one")
    rebuild = what.add_parser("rebuild", help="make the database anew from the journal; the sidecar must not run")
    rebuild.add_argument("--yes", action="store_true", help="do not ask; what only the old file has is left in it")
    for one in (verify, rebuild):
        one.add_argument("--data-dir", type=Path, help=where)


COMMANDS: tuple[Command, ...] = (
    Command(
        "up", "sidecar and app together, in one terminal; Ctrl-C stops both", "up --speed 10", _up, "running", "up"
    ),
    Command("serve", "the sidecar alone", "serve --port 8000 --strategy none", _desk, "running", "serve"),
    Command(
        "replay",
        "a tape through the desk, offline",
        "replay data/sample/morning.tape --verify",
        _replay,
        "replaying",
        "run",
    ),
    Command(
        "import",
        "exchange files into the archive, and a tape a day",
        "import chain.parquet",
        _import,
        "bringing",
        "run",
    ),
    Command("stop", "emergency stop, through the API or else the stop file", 'stop --reason "fat finger"', flags.stop,
            "stopping", "run"),
    Command("drill", "a stop drill against the running paper desk: time to safe, step by step", "drill", flags.drill,
            "drilling", "run"),
    Command("status", "the state of the running desk", "status", flags.asking, "asking", "status"),
    Command("greeks", "how much the book holds, by leg, strategy, fund, underlying and expiry", "greeks --by strategy",
            flags.greeks, "analysing", "greeks"),
    Command("explain", "why the day's P&L is what it is", "explain --strategy demo", flags.explain, "analysing",
            "explain"),
    Command("scenarios", "the book over moves of spot, volatility and time, and the named stresses",
            "scenarios --spots -0.05 0 0.05 --leg NIFTY24600CE -65", flags.scenarios, "analysing", "scenarios"),
    Command("what-if", "what orders would do, each judged by the gate and sent to nobody",
            "what-if 'buy 65 NIFTY25000CE 12.10' 'sell 65 NIFTY24600CE 83.40'", flags.what_if, "supposing", "run"),
    Command("audit", "verify the journal's hash chain, or make the database anew from it", "audit verify", _audit,
            "auditing", "run"),
    Command("query", "one SELECT over the desk's tables, read-only",
            "query 'SELECT * FROM orders ORDER BY created_at DESC LIMIT 5'", flags.query, "querying", "run"),
    Command("flatten", "the plan that closes what is open, order by order; with --yes it is carried out",
            "flatten --yes --reason close", flags.flatten, "flattening", "run"),
    Command("train", "one training now, by the desk or of a file of bars, and the scorecard of its model",
            "train --bars nifty.csv --horizon 15", flags.train, "training", "run"),
    Command("backtest", "a strategy on a past, with its costs and its uncertainty, by the desk or here",
            "backtest --strategy sma_cross --bars nifty.csv --zone Asia/Kolkata --start 2025-01-01 --end 2025-06-30",
            flags.backtest, "backtesting", "run"),
    Command("backup", "journal, database, models and keys into one file, read back; also while the desk runs",
            "backup --to backups --keep 14", flags.backup, "backing", "run"),
    Command("restore", "a backup into an empty directory, whole and proved, or not at all",
            "restore backups/deskwatch-20261120T103000Z.tar.zst --data-dir restored", flags.restore, "restoring",
            "run"),
    Command("doctor", "one line for each thing that a desk needs: ok, warning, or fault with its remedy", "doctor",
            flags.doctor, "doctor", "run"),
    Command("keys", "make, list and revoke API keys", "keys add trader --label anna", _keys, "keyring", "run"),
    Command("login", "a new one-time link into the app", "login", flags.login, "entering", "run"),
)  # fmt: skip


def build() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="python -m sidecar",
        description="Deskwatch, the live risk desk of a small options book.",
        epilog="Every command has its own --help. Settings: desk.toml, then DESK_... variables, then flags.",
    )
    parser.add_argument("--version", action="version", version=f"deskwatch {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        one = commands.add_parser(
            command.name,
            help=command.does,
            description=command.does[0].upper() + command.does[1:] + ".",
            epilog=f"example: python -m sidecar {command.example}",
        )
        command.flags(one)
        one.set_defaults(chosen=command)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status is 0 done, 1 failed, 2 wrong usage or configuration."""
    options = build().parse_args(arguments)
    try:
        module = import_module(f"sidecar.terminal.{options.chosen.module}")
        status: int = getattr(module, options.chosen.function)(options)
    except (ConfigurationError, InputError) as error:
        print(f"deskwatch: {error}", file=sys.stderr)
        return 2
    except DeskError as error:
        print(f"deskwatch: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # A path that cannot be made, read or written: the system's own words say which and why.
        print(f"deskwatch: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status
