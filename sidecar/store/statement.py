"""What a question in SQL may be: one SELECT over the desk's tables, by what DuckDB's own parser makes of it.

DuckDB calls more a SELECT than reads: ``WITH x AS (INSERT …) SELECT``, ``FROM 'file'``, ``read_text(…)``,
``nextval(…)``. So the parsed tree is looked at, node by node, and only what is named here passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb
import msgspec

from sidecar.domain.errors import InputError
from sidecar.store.functions import FUNCTIONS, TABLE_FUNCTIONS
from sidecar.store.schema import Connection, first_line, migrations

LONGEST = 10_000
_DEEPEST = 50
_MOST_PARTS = 50_000
#: What a plan is made of: to make one takes long where it has much to look at, and nothing can interrupt that.
_MOST = {"tables": 16, "stars": 16, "expressions": 2_000}
_LONGEST_NAME = 4
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_EXPRESSIONS = frozenset(
    {
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "DEFAULT",
        "FUNCTION", "LAMBDA", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
    }
)  # fmt: skip
#: No list, no structure: their memory is not counted.
_TYPES = frozenset(
    {
        "bigint", "blob", "bool", "boolean", "bytea", "char", "date", "dec", "decimal", "double", "float", "float4",
        "float8", "hugeint", "int", "int1", "int2", "int4", "int8", "integer", "interval", "json", "long", "numeric",
        "real", "short", "smallint", "string", "text", "time", "timestamp", "timestamp with time zone",
        "timestamp_ms", "timestamp_ns", "timestamp_s", "timestamptz", "tinyint", "ubigint", "uhugeint", "uint16",
        "uint32", "uint64", "uint8", "uinteger", "usmallint", "utinyint", "uuid", "varchar",
    }
)  # fmt: skip
_SHAPES = frozenset(
    {
        "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE",
        "BASE_TABLE", "TABLE_FUNCTION", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "PIVOT", "SHOW_REF",
        "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "DISTINCT_MODIFIER",
        "ORDER_DEFAULT", "ASCENDING", "DESCENDING",
    }
)  # fmt: skip
_TABLES = ("BASE_TABLE", "TABLE_FUNCTION", "EXPRESSION_LIST")
_SCHEMA = ("information_schema",)
_OF_SCHEMA = frozenset({"tables", "columns"})
_ONE = "is not one SELECT"
_REMEDY = "ask one SELECT, such as SELECT * FROM orders LIMIT 10"

Node = dict[str, Any]


@cache
def tables() -> frozenset[str]:
    """The desk's tables."""
    return frozenset(name for sql in migrations() for name in re.findall(r"^CREATE TABLE (\w+)", sql, re.MULTILINE))


def check(sql: str, parser: Connection) -> None:
    """Lets pass one SELECT over the desk's tables; ``parser`` is any connection, nothing is carried out on it.

    :raises InputError: anything else, with what it is.
    """
    _text(sql)
    try:
        statements = parser.extract_statements(sql)
    except (duckdb.Error, RuntimeError) as problem:
        raise refused(f"cannot be read ({first_line(problem)})") from None
    kinds = [_kind(statement) for statement in statements]
    if kinds != ["SELECT"]:
        raise refused(f"{_ONE} but {', '.join(kinds) or 'nothing'}")
    if statements[0].named_parameters:
        raise refused("has parameters", "write the values themselves")
    _look(_tree(sql, parser))


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # DuckDB knows kinds that its Python package has no name for
        return "something else"


def bare(sql: str) -> str:
    """A statement that has passed, without what ends it: so it can stand within another one."""
    raw = sql.encode()
    ends = (at for at, kind in duckdb.tokenize(sql) if kind == duckdb.token_type.operator and raw[at : at + 1] == b";")
    return raw[: next(ends, None)].decode()


def refused(problem: str, remedy: str = _REMEDY) -> InputError:
    """The refusal of a question."""
    return InputError("sql", problem, remedy)


def _text(sql: str) -> None:
    """Refuses what would trouble a parser before it is asked."""
    if len(sql) > LONGEST:
        raise refused(f"is longer than {LONGEST:,} characters")
    if "\0" in sql or any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise refused("holds what is no text")
    depth = deepest = 0
    for letter in sql:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise refused(f"has more than {_DEEPEST} brackets in one another")


def _tree(sql: str, parser: Connection) -> Node:
    try:
        ((raw,),) = parser.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchall()
        told: Node = msgspec.json.decode(raw)
    except (duckdb.Error, msgspec.DecodeError, RecursionError) as problem:
        raise refused(f"cannot be read ({first_line(problem)})") from None
    if told["error"] or len(told["statements"]) != 1:
        raise refused(f"{_ONE} ({told.get('error_message', 'but several')})")
    return told


def _look(tree: Node) -> None:
    """Refuses the first node that is not one of those named here."""
    nodes = list(_walk(tree))
    named = {str(row["key"]).lower() for node in nodes for row in node.get("cte_map", {}).get("map", ())}
    for name in named:
        if not _IDENTIFIER.fullmatch(name):
            raise refused(f"calls a part of itself {name[:40]!r}", "use letters, digits and _")
    found = {
        "tables": sum(node.get("type") in _TABLES for node in nodes),
        "stars": sum(node.get("class") == "STAR" for node in nodes),
        "expressions": sum("class" in node for node in nodes),
    }
    for what, most in _MOST.items():
        if found[what] > most:
            raise refused(f"has more than {most:,} {what}", "ask it in parts")
    for node in nodes:
        if "class" in node:
            _expression(node)
        elif isinstance(node.get("type"), str):
            _source(node, named)
        elif "type_info" in node:
            known = node.get("id") != "UNBOUND"  # DuckDB 1.5 knows a type by its id, or by a name that is to be found
            _type((), str(node["id"] if known else (node["type_info"] or {}).get("name")).lower())


def _walk(tree: Node) -> Iterator[Node]:
    """Every node but the values of constants; of what a table function is made of, its arguments alone."""
    waiting: list[Any] = [tree]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        found = waiting.pop()
        if isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, dict):
            yield found
            if found.get("type") == "TABLE_FUNCTION":
                waiting.extend(found["function"].get(name) for name in ("arguments", "children"))
            elif found.get("class") != "CONSTANT" and "type_info" not in found:
                waiting.extend(found.values())
    raise refused("is made of too many parts", "ask less at once")


def _expression(node: Node) -> None:
    kind = node["class"]
    if kind not in _EXPRESSIONS:
        raise refused(f"has a part that is not taken here ({str(kind).lower()})")
    if kind in ("FUNCTION", "WINDOW"):
        where, name = _path(node, "function_name")
        if name not in FUNCTIONS or where not in ((), ("main",)):
            raise refused(
                f"calls {_shown(where, name)}, which is not taken here",
                "what builds lists, reads files or has an effect is not",
            )
    elif kind == "COLUMN_REF" and len(node["column_names"]) > _LONGEST_NAME:
        raise refused(f"has a name of more than {_LONGEST_NAME} parts")
    elif kind == "TYPE":
        _type(*_path(node, "type_name"))


def _type(where: tuple[str, ...], name: str) -> None:
    if name not in _TYPES or where:
        raise refused(f"casts to {_shown(where, name)}, which is not taken here", "cast to numbers, texts and times")


def _source(node: Node, named: set[str]) -> None:
    kind = node["type"]
    if kind not in _SHAPES:
        raise refused(f"{_ONE} (it has {kind.lower()[:40]!r} in it)")
    if kind == "TABLE_FUNCTION":
        where, name = _path(node["function"], "function_name")
        if name not in TABLE_FUNCTIONS or where:
            raise refused(f"reads from {_shown(where, name)}, which is not taken here")
    elif kind == "SHOW_REF":
        if node["query"] is None and node["table_name"].strip('"') != "tables":
            raise refused("shows what is not shown here", "SHOW TABLES, or DESCRIBE one of them")
    elif kind == "BASE_TABLE":
        where, name = _path(node, "table_name")
        mine = name in tables() and where in ((), ("main",))
        theirs = (name in named and not where) or (name in _OF_SCHEMA and where == _SCHEMA)
        if not (mine or theirs) or node.get("at_clause"):
            raise refused(f"reads {_shown(where, name)}, which is no table of the desk", "SHOW TABLES lists them")


def _shown(where: tuple[str, ...], name: str) -> str:
    return repr(".".join((*where, name))[:60])


def _path(node: Node, name: str) -> tuple[tuple[str, ...], str]:
    """Where a name stands, and the name; both in small letters, as DuckDB compares them."""
    kind = name.removesuffix("_name")
    given = node.get("qualified_name", {}).get("path") or [
        node.get("catalog_name" if kind == "table" else "catalog"),
        node.get("schema_name" if kind == "table" else "schema"),
        node[name],
    ]
    parts = [str(part).lower() for part in given if part]
    return tuple(parts[:-1]), parts[-1]
