"""The analytics' doors over a real socket: shapes, roles, what is not known, and what cannot be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import fsum
from typing import Any

import httpx2
import msgspec
import pytest

from sidecar.domain.events import Beat
from sidecar.domain.report import Published
from sidecar.servers import examples_analytics
from sidecar.servers.analytics import ScenariosBody
from sidecar.servers.keys import Role
from sidecar.servers.shapes import plain
from tests.analysis.making import Behind, behind_doors, booked
from tests.desk.world import CALL, FUTURE, LISTED, LOT, PUT, SPOT, World
from tests.servers.desk import Desk

SHORT = "NIFTY24900CE"
EXAMPLES: dict[str, dict[str, Any]] = {
    "GET /chain/NIFTY": examples_analytics.CHAIN,
    "GET /surface/NIFTY": examples_analytics.SURFACE,
    "GET /greeks": examples_analytics.GREEKS,
    "POST /scenarios": examples_analytics.SCENARIOS,
    "GET /pnl/explain": examples_analytics.EXPLAIN,
}
EVERY = list(EXAMPLES)


@dataclass
class Asked:
    """The doors, and what may be asked at them."""

    behind: Behind

    @property
    def desk(self) -> Desk:
        return self.behind.desk

    @property
    def url(self) -> str:
        return self.behind.url

    def ask(self, what: str, role: Role | None = Role.VIEWER, content: str = "", **body: Any) -> Any:
        """``GET /path`` or ``POST /path``, below ``/api/v1``."""
        method, path = what.split(" ")
        headers = {"X-API-Key": self.behind.secrets[role]} if role else {}
        sent = content or (json.dumps(body) if method == "POST" else "")
        with httpx2.Client(base_url=self.url, trust_env=False) as http:
            return http.request(method, "/api/v1" + path, headers=headers, content=sent or None)

    def told(self, what: str, content: str = "", **body: Any) -> Any:
        """The answer of what must work; NaN in it is a failure."""
        answer = self.ask(what, content=content, **body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return json.loads(answer.text, parse_constant=pytest.fail)

    def refused(self, what: str, content: str = "", **body: Any) -> tuple[list[str], str]:
        """The fields that a 422 names, and what it says."""
        answer = self.ask(what, content=content, **body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        assert {"type", "title", "status", "detail", "request_id"} <= set(document)
        assert document["request_id"] == answer.headers["x-request-id"]
        return [row["field"] for row in document["errors"]], document["detail"]


Show = Callable[[World], Asked]


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    """Puts a world's newest report behind the doors."""
    with behind_doors(tmp_path_factory.mktemp("keys")) as behind:

        def put(world: World) -> Asked:
            behind.show(world)
            return Asked(behind)

        yield put


@pytest.fixture(scope="module")
def world() -> World:
    return booked()


@pytest.fixture
def desk(show: Show, world: World) -> Asked:
    return show(world)


def shape(value: Any) -> Any:
    """The keys of an answer, of the first row of each list, and whether a row is a list; no values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__ == "list"


# ---- shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", EVERY)
def test_every_answer_has_the_shape_that_the_document_shows(desk: Asked, what: str) -> None:
    assert shape(desk.told(what)) == shape(EXAMPLES[what])


@pytest.mark.parametrize("what", EVERY)
def test_every_answer_names_the_report_it_was_made_from_and_that_it_is_simulated(
    desk: Asked, world: World, what: str
) -> None:
    told = desk.told(what)
    assert told["seq"] == world.report.seq
    assert told["timestamp"] == msgspec.to_builtins(world.report.timestamp)
    assert (told["simulated"], told["source"], told["currency"]) == (True, "test", "INR")
    assert (told["feed_up"], told["blind"]) == (True, False)


@pytest.mark.parametrize("what", EVERY)
def test_a_live_market_is_not_called_simulated_and_a_dead_one_not_alive(desk: Asked, world: World, what: str) -> None:
    live = msgspec.structs.replace(world.report, simulated=False, source="exchange", feed_up=False, blind=True)
    assert world.published is not None
    desk.desk.published = Published(live, world.published.chain)
    told = desk.told(what)
    assert (told["simulated"], told["source"]) == (False, "exchange")
    assert (told["feed_up"], told["blind"]) == (False, True)


def test_the_documents_own_question_is_taken_and_fits_its_schema(desk: Asked) -> None:
    document = httpx2.get(desk.url + "/openapi.json", trust_env=False).json()
    row = document["paths"]["/api/v1/scenarios"]["post"]["requestBody"]
    content = row["content"]["application/json"]
    assert content["example"] == examples_analytics.SCENARIOS_ASKED
    pytest.importorskip("jsonschema").validate(content["example"], content["schema"])
    asked = ScenariosBody.model_validate_json(json.dumps(content["example"]))
    assert [leg.symbol for leg in asked.extra] == [leg["symbol"] for leg in content["example"]["extra"]]
    told = desk.told("POST /scenarios", **{**content["example"], "extra": [{"symbol": SHORT, "quantity": -LOT}]})
    assert [len(told["total"]), len(told["total"][0]), len(told["total"][0][0])] == [2, 3, 3]


@pytest.mark.parametrize("what", EVERY)
def test_the_document_shows_the_role_an_example_and_the_errors(desk: Asked, what: str) -> None:
    method, path = what.replace("NIFTY", "{underlying}").split(" ")
    document = httpx2.get(desk.url + "/openapi.json", trust_env=False).json()
    row = document["paths"]["/api/v1" + path][method.lower()]
    assert row["x-role"] == "viewer"
    assert row["responses"]["200"]["content"]["application/json"]["example"] == plain(EXAMPLES[what])
    assert {"401", "403", "422", "503"} <= set(row["responses"])


# ---- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", EVERY)
@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.VIEWER, 200), (Role.TRADER, 200), (Role.ADMIN, 200)])
def test_everyone_with_a_key_may_ask_and_nobody_without(desk: Asked, what: str, role: Role | None, status: int) -> None:
    answer = desk.ask(what, role)
    assert answer.status_code == status
    if role is None:
        assert answer.headers["content-type"] == "application/problem+json"


def test_asking_changes_nothing_and_is_not_kept(desk: Asked) -> None:
    refused = len(desk.desk.audited)
    for what in EVERY:
        assert desk.ask(what).headers["cache-control"] == "no-store"
    assert desk.desk.commands == []
    assert len(desk.desk.audited) == refused


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_one_expiry_of_the_chain_is_put_call_parity_at_its_own_forward(desk: Asked) -> None:
    rows = desk.told("GET /chain/NIFTY?expiry=2026-09-08")["contracts"]
    assert {row["expiry"] for row in rows} == {"2026-09-08"}
    by_strike: dict[float, dict[str, Any]] = {}
    for row in rows:
        by_strike.setdefault(row["strike"], {})[row["option_type"]] = row
    for strike, pair in by_strike.items():
        gap = pair["CE"]["mark"] - pair["PE"]["mark"]
        assert gap == pytest.approx(pair["CE"]["forward"] - strike, abs=0.3)
        assert pair["CE"]["iv"] == pair["PE"]["iv"]
        assert pair["CE"]["delta"] - pair["PE"]["delta"] == pytest.approx(1.0, abs=0.01)
        assert pair["CE"]["vol_quality"] == "quoted"


def test_a_future_has_no_volatility_and_so_nothing_that_it_rests_on(desk: Asked) -> None:
    rows = desk.told("GET /chain/NIFTY")["contracts"]
    future = next(row for row in rows if row["symbol"] == FUTURE.id)
    assert (future["strike"], future["option_type"], future["iv"], future["vol_quality"]) == (None, None, None, None)
    assert future["mark"] == pytest.approx(SPOT + 40.0, abs=0.2)


def test_the_surfaces_quotes_are_the_chains_volatilities(desk: Asked) -> None:
    chain = {(row["expiry"], row["strike"]): row for row in desk.told("GET /chain/NIFTY")["contracts"]}
    told = desk.told("GET /surface/NIFTY")
    assert told["arbitrage"] == {"butterfly": 0, "calendar": 0}
    for expiry in told["expiries"]:
        assert expiry["forward_error"] > 0
        for quote in expiry["quotes"]:
            assert quote["iv"] == pytest.approx(chain[expiry["expiry"], quote["strike"]]["iv"], abs=1e-9)
            assert quote["bid_iv"] < quote["iv"] < quote["ask_iv"]


@pytest.mark.parametrize("table", ["leg", "strategy", "fund", "underlying", "expiry"])
def test_each_table_of_the_greeks_adds_up_to_the_same_book(desk: Asked, table: str) -> None:
    told = desk.told(f"GET /greeks?by={table}&fund_id=main")
    assert {line["by"] for line in told["lines"]} == {table}
    assert told["count"] == len(told["lines"])
    rows = desk.told("GET /greeks?by=leg")["lines"]
    for name in ("delta", "gamma", "vega", "theta", "delta_cash", "gamma_cash", "gamma_pnl"):
        assert fsum(line[name] for line in told["lines"]) == pytest.approx(fsum(row[name] for row in rows)), name
    assert sum(line["legs"] for line in told["lines"]) == 3


def test_the_parts_of_each_explain_line_are_its_total_and_the_desks_is_the_days_pnl(desk: Asked, world: World) -> None:
    lines = desk.told("GET /pnl/explain")["lines"]
    parts = ("theta", "delta", "gamma", "vega", "vanna", "volga", "trades", "fees", "unexplained")
    for line in lines:
        assert sum(round(100 * line[name]) for name in parts) == round(100 * line["total"]), line["id"]
    whole = next(line for line in lines if line["fund_id"] == "*")
    assert whole["total"] == pytest.approx(world.report.total.daily_pnl, abs=0.005)
    assert {line["fund_id"] for line in desk.told("GET /pnl/explain?fund_id=main")["lines"]} == {"main"}
    assert {line["strategy"] for line in desk.told("GET /pnl/explain?strategy=manual")["lines"]} == {"manual"}


def test_without_a_body_the_scenarios_are_the_usual_grid_and_nothing_moves_in_its_middle(desk: Asked) -> None:
    told = desk.told("POST /scenarios")
    assert (len(told["spots"]), len(told["vols"]), told["days"], told["sticky"]) == (21, 11, [0.0], "strike")
    assert told["total"][0][10][5] == 0.0
    assert told["worst"]["loss"] == -min(min(row) for row in told["total"][0])


def test_scenarios_by_leg_add_up_and_say_what_each_rests_on(desk: Asked) -> None:
    told = desk.told("POST /scenarios", spots=[-0.05, 0.05], vols=[0.0, 0.02], days=[0, 1], per_leg=True)
    assert [leg["symbol"] for leg in told["legs"]] == sorted([CALL.id, PUT.id, FUTURE.id])
    for day in range(2):
        for spot in range(2):
            for vol in range(2):
                own = fsum(leg["pnl"][day][spot][vol] for leg in told["legs"])
                assert own == pytest.approx(told["total"][day][spot][vol])
    assert [leg["vol_quality"] for leg in told["legs"]] == [
        "quoted" if leg["iv"] is not None else None for leg in told["legs"]
    ]
    assert all(leg["age_s"] is not None and leg["mark"] > 0 for leg in told["legs"])


def test_legs_on_top_take_the_short_name_and_can_flatten_the_book(desk: Asked) -> None:
    flat = [{"symbol": SHORT, "quantity": LOT}, {"symbol": PUT.id, "quantity": LOT}]
    told = desk.told("POST /scenarios", extra=[*flat, {"symbol": FUTURE.id, "quantity": -LOT}])
    assert told["legs"] == []
    assert not any(any(row) for row in told["total"][0])
    assert {stress["pnl"] for stress in told["stresses"]} == {0.0}


# ---- unknown is null -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def silent() -> World:
    """Listed, and nothing was ever quoted."""
    made = World()
    made.take(LISTED, Beat(made.at))
    return made


def test_what_was_never_quoted_is_null_and_never_zero(show: Show, silent: World) -> None:
    desk = show(silent)
    for row in desk.told("GET /chain/NIFTY")["contracts"]:
        for name in ("bid", "ask", "mark", "forward", "iv", "delta", "gamma", "vega", "theta", "rho", "charm"):
            assert row[name] is None, name
        assert (row["vol_quality"], row["updated_at"], row["age_s"]) == ("missing", None, None)
    told = desk.told("GET /surface/NIFTY")
    assert told["market"]["spot_price"] is None
    assert {line["quality"] for line in told["expiries"]} <= {"missing"}


def test_a_leg_without_a_price_makes_every_sum_with_it_null(show: Show, silent: World) -> None:
    told = show(silent).told(
        "POST /scenarios", spots=[-0.05, 0.0], vols=[0.0], extra=[{"symbol": SHORT, "quantity": 1}]
    )
    assert told["total"] == [[[None], [None]]]
    assert told["worst"] == {"loss": None, "case": ""}
    assert told["payoff"]["now"] == [None] * len(told["payoff"]["spots"])
    assert told["payoff"]["breakevens"] == []
    assert {stress["pnl"] for stress in told["stresses"]} == {None}
    assert (told["legs"][0]["iv"], told["legs"][0]["mark"], told["legs"][0]["vol_quality"]) == (None, None, "missing")


def test_an_empty_book_is_empty_lists_and_known_zeros(show: Show) -> None:
    desk = show(World().begin())
    assert desk.told("GET /greeks")["lines"] == []
    told = desk.told("POST /scenarios", spots=[-0.05, 0.0], vols=[0.0])
    assert (told["legs"], told["total"]) == ([], [[[0.0], [0.0]]])


@pytest.mark.parametrize("what", EVERY)
def test_a_silent_desk_is_503_with_the_time_of_its_last_word(desk: Asked, world: World, what: str) -> None:
    desk.desk.age_s = 61.0
    answer = desk.ask(what)
    assert answer.status_code == 503
    assert "the newest report is 61.0 s old" in answer.json()["detail"]
    assert answer.json()["as_of"].startswith(str(world.report.timestamp.date()))


@pytest.mark.parametrize("what", EVERY)
def test_before_the_first_report_there_is_a_503_and_no_empty_answer(desk: Asked, what: str) -> None:
    desk.desk.published = None
    answer = desk.ask(what)
    assert answer.status_code == 503
    assert "no report yet" in answer.json()["detail"]


# ---- what cannot be asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "field", "told"),
    [
        ("GET /chain/DAX", "underlying", "choose from NIFTY"),
        ("GET /chain/nifty", "underlying", "choose from NIFTY"),
        ("GET /chain/INDIAVIX", "underlying", "choose from NIFTY"),
        ("GET /chain/%00%1b", "underlying", r"'\\x00\\x1b'"),
        ("GET /surface/" + "X" * 33, "underlying", "at most 32"),
        ("GET /surface/DAX", "underlying", "choose from NIFTY"),
        ("GET /chain/NIFTY?expiry=2030-01-01", "expiry", "choose from 2026-09-08"),
        ("GET /chain/NIFTY?expiry=soon", "expiry", "write it as 2026-09-08"),
        ("GET /chain/NIFTY?expiry=1788825600", "expiry", "write it as 2026-09-08"),
        ("GET /chain/NIFTY?expirey=2026-09-08", "expirey", "it takes expiry"),
        ("GET /surface/NIFTY?expiry=2026-09-08", "expiry", "it takes none"),
        ("GET /greeks?by=colour", "by", "'strategy'"),
        ("GET /greeks?fund_id=nobody", "fund_id", "choose from main"),
        ("GET /greeks?fund=main", "fund", "it takes by, fund_id"),
        ("GET /pnl/explain?fund_id=nobody", "fund_id", "choose from main"),
        ("GET /pnl/explain?strategy=demmo", "strategy", "held nothing today; choose from manual"),
        ("GET /pnl/explain?day=2026-09-07", "day", "it takes fund_id, strategy"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_field_and_the_remedy(
    desk: Asked, what: str, field: str, told: str
) -> None:
    fields, detail = desk.refused(what)
    assert fields == [field]
    assert told.replace("\\\\", "\\") in detail


LEG = {"symbol": CALL.id, "quantity": LOT}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({"spots": [-1.0]}, "spots", "greater than -1"),
        ({"spots": [-1.5, 0.0]}, "spots", "greater than -1"),
        ({"spots": [11.0]}, "spots", "less than or equal to 10"),
        ({"spots": []}, "spots", "at least 1"),
        ({"spots": [0.0] * 202}, "spots", "at most 201"),
        ({"spots": 0.05}, "spots", "valid tuple"),
        ({"spots": ["0.05"]}, "spots", "finite number"),
        ({"spots": [True]}, "spots", "finite number"),
        ({"spots": [[0.05]]}, "spots", "finite number"),
        ({"spots": [None]}, "spots", "finite number"),
        ({"spots": {"NIFTY": [0.05]}}, "spots", "valid tuple"),
        ({"vols": [6.0]}, "vols", "less than or equal to 5"),
        ({"vols": [0.0] * 102}, "vols", "at most 101"),
        ({"days": [-1.0]}, "days", "greater than or equal to 0"),
        ({"days": [0.0] * 32}, "days", "at most 31"),
        ({"sticky": "moneyness"}, "sticky", "'strike' or 'delta'"),
        ({"fund_id": "nobody"}, "fund_id", "choose from main"),
        ({"strategy": "demmo"}, "strategy", "held nothing today; choose from manual"),
        ({"underlying": "DAX"}, "underlying", "choose from NIFTY"),
        ({"extra": [{"symbol": "NIFTY99999CE", "quantity": 1}]}, "symbol", "NIFTY99999CE"),
        ({"extra": [{"symbol": CALL.id, "quantity": 1.5}]}, "extra", "integer"),
        ({"extra": [{"symbol": CALL.id}]}, "extra", "missing"),
        ({"extra": [LEG] * 101}, "extra", "at most 100"),
        ({"extra": [{**LEG, "side": "buy"}]}, "extra", "is not a field"),
        ({"per_leg": 1}, "per_leg", "boolean"),
        ({"spot": [0.05]}, "spot", "is not a field"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_by_the_fields_name(
    desk: Asked, body: dict[str, Any], field: str, told: str
) -> None:
    fields, detail = desk.refused("POST /scenarios", **body)
    assert {name.split(".")[0].split("[")[0] for name in fields} == {field}
    assert told in detail


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1e16"])
@pytest.mark.parametrize("name", ["spots", "vols", "days"])
def test_a_number_that_is_none_is_refused(desk: Asked, name: str, number: str) -> None:
    fields, _ = desk.refused("POST /scenarios", f'{{"{name}": [0.0, {number}]}}')
    assert fields


@pytest.mark.parametrize("content", ["[]", "7", '"x"', "{", "null", '{"spots":[0],"spots":[1]}'])
def test_what_is_no_object_is_refused(desk: Asked, content: str) -> None:
    assert desk.refused("POST /scenarios", content)[0]


def test_a_cube_that_nobody_could_read_is_refused_with_its_size_and_the_most(desk: Asked) -> None:
    spots, vols = [n / 1_000 for n in range(200)], [n / 1_000 for n in range(100)]
    fields, detail = desk.refused("POST /scenarios", spots=spots, vols=vols, days=list(range(31)))
    assert fields == ["spots"]
    assert "200 spots x 100 vols x 31 days" in detail
    assert "ask for at most" in detail
    fields, detail = desk.refused("POST /scenarios", spots=spots, vols=vols, days=[0, 1, 2], per_leg=True)
    assert "an answer of 240,000 numbers; ask for at most 200,000, or without per_leg" in detail
    assert len(desk.told("POST /scenarios", spots=spots, vols=vols, days=[0, 1, 2])["total"]) == 3
