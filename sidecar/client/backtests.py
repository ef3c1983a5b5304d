"""What the client asks about backtests: which strategies there are, one now, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx2

from sidecar.client.following import Json, answered
from sidecar.client.querying import Querying
from sidecar.client.questions import Questions, segment
from sidecar.domain.errors import DeskRefused

_AT = "/api/v1/backtest"
_HELD = (
    "SELECT symbol, min(timestamp) AS first, max(timestamp) AS last, count(*) AS bars, bool_or(simulated) AS simulated "
    "FROM bars GROUP BY symbol ORDER BY symbol"
)
#: A report is some megabytes.
_WAIT = httpx2.Timeout(30.0, connect=2.0)


class Backtests(Questions, Querying):
    """Backtests of :class:`sidecar.client.Desk`."""

    def strategies(self) -> list[Json]:
        """What can be tested: ``name``, ``title``, ``description``, ``engines``, ``parameters`` with their defaults."""
        found: list[Json] = self._read(f"{_AT}/strategies")["strategies"]
        return found

    def bars_held(self) -> list[Json]:
        """The bars on record that a backtest can run on, a row a symbol: ``first``, ``last``, ``bars``, ``simulated``.

        Imported quotes are not among them. Of these the desk says what it has when it refuses a day.
        """
        found: list[Json] = self.sql(_HELD).to_pylist()
        return found

    def backtest(
        self, strategy: str, symbols: Sequence[str], start_date: date | str, end_date: date | str, **more: Any
    ) -> Json:
        """Run one: ``job_id``, and the ``job`` as it stands. Days are the exchange's, both ends in.

        ``more`` are the other fields of a request, which have defaults: ``initial_capital``, ``model_id``,
        ``commission``, ``slippage``, ``mode``, ``train_window_days``, ``test_window_days``, ``retrain_frequency_days``,
        ``seed``, ``engine``, ``instrument``, ``source``, ``parameters``, ``sweep``, ``resets``. ``DeskRefused`` 422
        names a field that cannot be, 429 says that too many wait.
        """
        asked = {"strategy": strategy, "symbols": list(symbols), "start_date": str(start_date)}
        return self._command("POST", f"{_AT}/run", {**asked, "end_date": str(end_date), **more})

    def backtests(self, *, limit: int = 100, cursor: str = "") -> Json:
        """``backtests``, newest first, in front of them those that wait or run; ``next_cursor`` for the page after."""
        return self._read(_AT, limit=limit, cursor=cursor)

    def backtest_job(self, job_id: str) -> Json:
        """One backtest: the ``job``, its ``result`` when it is done, and ``why`` there is none, None where there is."""
        return self._read(f"{_AT}/{segment(job_id)}")

    def backtest_report(self, job_id: str) -> bytes:
        """The result as one HTML page that needs nothing else; :class:`DeskRefused` 404 where there is none."""
        answer = self._sent("GET", f"{_AT}/{segment(job_id)}/report", _WAIT)
        if answer.status_code >= 400 or not answer.headers.get("content-type", "").startswith("text/html"):
            answered(answer.status_code, answer.content)
            raise DeskRefused(answer.status_code, "no page", "the answer is no report: is this address a sidecar's?")
        return answer.content

    def cancel_backtest(self, job_id: str) -> Json:
        """Cancel one that waits or runs: the job as it then is; :class:`DeskRefused` 409 where it is over."""
        return self._command("POST", f"{_AT}/{segment(job_id)}/cancel")
