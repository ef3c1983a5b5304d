"""What may be asked in SQL: reads of the desk's tables pass, everything else is refused before it is carried out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.domain.errors import InputError
from sidecar.store import schema
from sidecar.store.columns import SCHEMAS
from sidecar.store.schema import Connection
from sidecar.store.statement import LONGEST, bare, check, tables
from tests.store.build import NOW

READS = (
    "SELECT 1",
    "select * from orders;",
    "FROM orders",
    "TABLE orders",
    "VALUES (1, 'a'), (2, NULL)",
    "-- a comment; DROP TABLE orders\nSELECT 1 /* ; COPY orders TO 'x' */ -- the end",
    "SELECT ';', 'SELECT 1; DROP TABLE orders', $$it's ' fine$$",
    "SHOW TABLES",
    "DESCRIBE orders",
    "DESCRIBE SELECT 1 AS one",
    "SUMMARIZE fills",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'",
    "SELECT * FROM main.orders AS o JOIN fills AS f ON f.order_id = o.id",
    "WITH mine AS (SELECT * FROM orders), other AS MATERIALIZED (FROM mine) SELECT * FROM other",
    "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 9) SELECT sum(x) FROM t",
    "SELECT state, count(*) FILTER (WHERE filled > 0), avg(price) FROM orders GROUP BY ALL HAVING count(*) > 1",
    "SELECT id, row_number() OVER (PARTITION BY fund_id ORDER BY created_at) AS n FROM orders QUALIFY n < 3",
    "SELECT date_trunc('minute', timestamp), last(mark ORDER BY timestamp) FROM quotes GROUP BY 1 ORDER BY 1 DESC",
    "SELECT payload->'record'->>'kind', json_extract_string(payload, '$.wall_at') FROM audit LIMIT 5 OFFSET 2",
    "SELECT * EXCLUDE (payload) FROM audit WHERE detail ILIKE '%stop%' AND NOT (seq IN (1, 2)) OR seq BETWEEN 3 AND 9",
    "SELECT CASE WHEN side = 'buy' THEN quantity ELSE -quantity END::DOUBLE FROM orders UNION ALL SELECT 1.5",
    "SELECT * FROM orders ASOF JOIN quotes ON orders.symbol = quotes.symbol AND created_at >= quotes.timestamp",
    "SELECT x FROM range(10) AS t(x), generate_series(1, 3)",
    "PIVOT orders ON side IN ('buy', 'sell') USING sum(quantity) GROUP BY fund_id",
    "SELECT timestamp + INTERVAL 3 DAY, now() - timestamp, DATE '2026-08-18' FROM fills USING SAMPLE 5",
    "SELECT quantile_cont(price, 0.5), arg_max(id, price), count(DISTINCT symbol), corr(price, fees) FROM fills",
    "SELECT * FROM orders WHERE id = (SELECT max(id) FROM fills) AND EXISTS (SELECT 1 FROM alerts)",
)  # fmt: skip

HOSTILE = {
    "not a SELECT": (
        "INSERT INTO orders VALUES (1)", "UPDATE meta SET value = '0'", "DELETE FROM audit", "DROP TABLE orders",
        "CREATE TABLE mine (x INT)", "CREATE TEMP TABLE mine AS SELECT 1", "CREATE MACRO f(x) AS x",
        "ALTER TABLE orders RENAME TO mine", "TRUNCATE audit", "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
        "CREATE OR REPLACE VIEW orders AS SELECT 1",
        "MERGE INTO meta USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
    ),
    "files, extensions, databases": (
        "COPY orders TO '{file}'", "COPY (SELECT 1) TO '{file}' (FORMAT csv)", "COPY orders FROM '{file}'",
        "EXPORT DATABASE '{file}'", "IMPORT DATABASE '{file}'", "ATTACH '{file}' AS other",
        "ATTACH ':memory:' AS other", "DETACH desk", "USE memory", "INSTALL httpfs", "LOAD json", "FORCE INSTALL 'x'",
        "UPDATE EXTENSIONS",
    ),
    "settings, transactions, calls": (
        "SET threads = 1", "SET GLOBAL memory_limit = '99GB'", "RESET threads", "PRAGMA threads = 1", "PRAGMA version",
        "SET VARIABLE x = 1", "BEGIN", "COMMIT", "ROLLBACK", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "ANALYZE",
        "CALL pragma_version()", "CALL checkpoint()", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE DELETE FROM orders",
        "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "SET lock_configuration = false", "KILL 1",
    ),
    "several, or none": (
        "", " ", ";", ";;", "-- nothing", "/* nothing */", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE orders",
        "SELECT 1;;; COPY orders TO '{file}'", "DROP TABLE orders; SELECT 1", "SELECT 1 /* unterminated", "SELECT 'un",
        "PIVOT orders ON side USING sum(quantity)", "SELEKT 1", "SELECT", "SELECT * FROM",
    ),
    "a SELECT that writes": (
        "WITH x AS (INSERT INTO meta VALUES ('a', 'b') RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM audit RETURNING *) SELECT * FROM x",
        "WITH x AS (UPDATE meta SET value = '0' RETURNING *) FROM x",
        "SELECT * FROM (INSERT INTO meta VALUES ('a', 'b') RETURNING *)", "SELECT nextval('numbers')",
        "SELECT setval('numbers', 9)", "SELECT currval('numbers')", "SELECT setseed(0.5)", "SELECT write_log('x')",
        "SELECT * INTO mine FROM orders", "SELECT * FROM checkpoint()", "SELECT * FROM force_checkpoint()",
        "SELECT * FROM enable_logging()", "SELECT * FROM truncate_duckdb_logs()",
        "SELECT * FROM orders FOR UPDATE OF orders; DROP TABLE orders",
    ),
    "a SELECT that reads files": (
        "SELECT * FROM '{file}'", 'SELECT * FROM "{file}"', "FROM '{file}.csv'", "FROM '/etc/passwd'",
        "SELECT * FROM read_csv('{file}')", "SELECT * FROM read_csv_auto('{file}')",
        "SELECT * FROM read_text('{file}')", "SELECT * FROM read_blob('{database}')",
        "SELECT * FROM read_blob('{database}.wal')", "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM parquet_metadata('{file}')", "SELECT * FROM read_json('{file}')",
        "SELECT * FROM read_ndjson_objects('{file}')", "SELECT * FROM read_duckdb('{database}')",
        "SELECT * FROM glob('{folder}/*')", "SELECT * FROM sniff_csv('{file}')", "SELECT READ_TEXT('{file}')",
        "SELECT * FROM \"read_text\"('{file}')", "SELECT * FROM main.read_text('{file}')",
        "SELECT * FROM system.main.read_text('{file}')", "SELECT (SELECT content FROM read_text('{file}'))",
        "SELECT * FROM orders WHERE id IN (SELECT content FROM read_text('{file}'))",
        "SELECT * FROM orders, LATERAL (SELECT * FROM read_text(orders.id))",
        "SELECT * FROM orders ORDER BY (SELECT max(content) FROM read_text('{file}'))",
        "WITH t AS (SELECT * FROM glob('*')) SELECT * FROM t",
        "WITH \"{file}\" AS (SELECT 1) SELECT * FROM \"{file}\"",
        "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')", "SELECT * FROM query_table('{file}')",
        "SELECT * FROM json_execute_serialized_sql('x')", "DESCRIBE SELECT * FROM read_text('{file}')",
        "SUMMARIZE '{file}'", "DESCRIBE '{file}'", "SELECT * FROM range(1, (SELECT count(*) FROM glob('*')))",
        "SELECT * FROM test_all_types()", "SELECT * FROM arrow_scan(1, 2, 3)", "SELECT * FROM seq_scan('orders')",
    ),
    "a SELECT that looks round": (
        "SELECT getenv('HOME')", "SELECT current_setting('memory_limit')", "SELECT getvariable('x')",
        "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_settings", "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM duckdb_secrets", "SELECT * FROM which_secret('x', 's3')", "SELECT * FROM pragma_version()",
        "SELECT * FROM pragma_database_size()", "SELECT * FROM duckdb_logs", "SELECT * FROM duckdb_memory()",
        "SELECT * FROM duckdb_databases()", "SELECT * FROM duckdb_temporary_files()", "SELECT * FROM sqlite_master",
        "SELECT * FROM pg_catalog.pg_settings", "SELECT * FROM pg_tables", "SHOW DATABASES", "SHOW ALL TABLES",
        "SELECT pg_sleep(9)", "SELECT sleep_ms(9000)", "SELECT version()", "SELECT current_query()",
        "SELECT txid_current()", "SELECT pg_catalog.pg_typeof(1)", "SELECT * FROM information_schema.schemata",
        "SELECT * FROM temp.main.orders", "SELECT inet_server_addr()", "SELECT json_serialize_sql('SELECT 1')",
        "SELECT * FROM other.orders",
    ),
    "a SELECT that takes all there is": (
        "SELECT repeat('x', 4000000000)", "SELECT lpad('x', 2000000000, 'y')", "SELECT range(1000000000)",
        "SELECT list_sum(generate_series(1, 1000000000))", "SELECT list_resize([1], 1000000000)", "SELECT [1, 2]",
        "SELECT printf('%1000000000d', 1)", "SELECT format('{{:>1000000000}}', 1)",
        "SELECT bitstring('1', 2000000000)", "SELECT list_reduce([1, 2], lambda a, b: a + b)",
        "SELECT array_agg(id) FROM orders", "SELECT {{'a': id}} FROM orders",
        "SELECT replace(payload, 'a', payload) FROM audit", "SELECT list(o) FROM orders AS o", "SELECT '[1]'::INT[]",
        "SELECT '{{}}'::STRUCT(a INT)", "SELECT 'x'.repeat(1000000000)", "SELECT string_split(payload, '') FROM audit",
        "SELECT * FROM repeat('x', 1000000000)", "SELECT error('x')", "SELECT histogram(seq) FROM audit",
    ),
    "parameters and letters": (
        "SELECT ?", "SELECT $1", "SELECT $name", "SELECT 1 WHERE id = :id", "SELECT '\0'", "SELECT '\ud800'",
        "SELECT\u00a0read_text('{file}')", "SELECT ｒｅａｄ_ｔｅｘｔ('{file}')",
        "ＤＲＯＰ TABLE orders", "SELECT 1\u037e DROP TABLE orders",
        "SELECT 1" + " " * LONGEST, "SELECT " + "(" * 60 + "1" + ")" * 60,
        "SELECT " + "NOT " * 2400 + "true", "SELECT " + "- " * 4000 + "1", "SELECT 1 FROM orders" + ", orders" * 16,
        "SELECT o" + ".o" * 4900 + " FROM orders AS o",
        "SELECT " + "*, " * 17 + "1 FROM orders", "SELECT " + "1, " * 2500 + "1",
        "SELECT 1" + "::INT" * 1900, "SELECT " + "'a' || " * 1400 + "'a'",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    connection, _ = schema.open_database(tmp_path_factory.mktemp("sql") / "desk.duckdb", NOW)
    connection.execute("CREATE SEQUENCE numbers")
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", READS)
def test_a_read_of_the_desks_tables_passes_and_runs(parser: Connection, sql: str) -> None:
    check(sql, parser)
    with parser.cursor() as cursor:
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        cursor.execute(sql).fetchall()


@pytest.mark.parametrize("kind", HOSTILE)
def test_all_else_is_refused_with_a_sentence_and_no_effect(parser: Connection, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret")
    ((database,),) = parser.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall()
    before = parser.execute("SELECT * FROM duckdb_tables()").fetchall()
    for sql in HOSTILE[kind]:
        asked = sql.format(file=file, folder=tmp_path, database=database) if "{" in sql else sql
        with pytest.raises(InputError, match=r"^sql: [^\n]+$") as refused:
            check(asked, parser)
        assert "a secret" not in str(refused.value)
    assert parser.execute("SELECT * FROM duckdb_tables()").fetchall() == before
    assert parser.execute("SELECT count(*) FROM meta").fetchall() == [(3,)]
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
    assert parser.execute("SELECT nextval('numbers')").fetchone() is not None


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 'é;' AS \"ü;\" ; /* ; */ ;; -- ;", "SELECT 'é;' AS \"ü;\" "),
        ("SELECT $$;$$ -- ;", "SELECT $$;$$ -- ;"),
    ],
)
def test_what_ends_a_statement_is_cut_off_and_nothing_else(sql: str, left: str) -> None:
    assert bare(sql) == left


def test_there_are_many_hostile_ones() -> None:
    assert sum(map(len, HOSTILE.values())) > 180


def test_every_table_of_the_desk_may_be_read() -> None:
    assert tables() == {*SCHEMAS, "meta"}
