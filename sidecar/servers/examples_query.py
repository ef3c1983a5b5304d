"""The worked example of a question in SQL, for the API's document."""

from __future__ import annotations

from typing import Any

QUERY_ASKED: dict[str, Any] = {
    "sql": "SELECT id, symbol, filled, average_price FROM orders ORDER BY created_at DESC",
    "limit": 100,
}
QUERY: dict[str, Any] = {
    "columns": [
        {"name": "id", "type": "string"},
        {"name": "symbol", "type": "string"},
        {"name": "filled", "type": "int64"},
        {"name": "average_price", "type": "decimal128(18, 4)"},
    ],
    "count": 2,
    "rows": [
        ["O260907034459-00002", "NIFTY-20260908-24600-CE", 65, 83.4],
        ["O260907034459-00001", "NIFTY-20260908-24600-PE", 0, None],
    ],
    "truncated": False,
}
