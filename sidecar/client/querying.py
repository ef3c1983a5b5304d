"""Questions in SQL, from Python: the desk's tables as Arrow tables; and how any request leaves."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec

from sidecar.client.following import answered
from sidecar.domain.errors import DeskRefused, DeskUnreachable

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
#: Seconds: the desk gives a question five of its own.
_WAIT = httpx2.Timeout(30.0, connect=2.0)


class Querying:
    """The questions in SQL of :class:`sidecar.client.Desk`."""

    url: str
    _http: httpx2.Client

    def sql(self, query: str, limit: int = 10_000) -> pa.Table:
        """The rows of one SELECT over the desk's tables (``SHOW TABLES`` lists them), at most 100,000 of them.

        Money is exact (``decimal128``), times are UTC, unknown numbers null. Where there are more than ``limit`` rows a
        warning says so, and so does ``table.schema.metadata[b"truncated"]``.

        :raises DeskRefused: 422 says what is wrong with the question; 503 when too many are asked at once.
        """
        import pyarrow as pa

        body = msgspec.json.encode({"sql": query, "limit": limit, "format": "arrow"})
        headers = {"content-type": "application/json", "accept": ARROW}
        answer = self._sent("POST", "/api/v1/query", _WAIT, content=body, headers=headers)
        if answer.status_code >= 400 or answer.headers.get("content-type") != ARROW:
            answered(answer.status_code, answer.content)
            raise DeskRefused(answer.status_code, "no Arrow", "the answer is not a table: is this address a sidecar's?")
        table = pa.ipc.open_stream(answer.content).read_all()
        if (table.schema.metadata or {}).get(b"truncated") == b"true":
            warnings.warn(f"there are more than these {table.num_rows:,} rows: give a larger limit", stacklevel=2)
        return table

    def _sent(self, method: str, path: str, wait: httpx2.Timeout, **more: Any) -> httpx2.Response:
        """One request and its answer, whatever its status. :raises DeskUnreachable: there is none."""
        try:
            return self._http.request(method, path, timeout=wait, **more)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise DeskUnreachable(self.url, str(error) or type(error).__name__) from error
        except httpx2.RequestError as error:
            told = str(error) or type(error).__name__
            if method != "GET":
                told += "; what was asked may still be carried out, so look before asking again"
            raise DeskUnreachable(self.url, told) from error
