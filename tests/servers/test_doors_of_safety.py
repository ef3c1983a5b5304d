"""The safety rules about doors, each with the tests that show it; and the tests that stand nowhere else.

``SHOWN`` goes rule by rule. A rule of a room that is not built yet says so.
"""

import ast
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.auth import doors
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.stream_settings import StreamSettings
from sidecar.settings import load_settings
from sidecar.terminal import running
from tests.servers.desk import Stand, serving
from tests.servers.streaming import wired
from tests.wiring import ADMIN, TRADER, Serving, small, started, until

NOT_YET = "its room is not built yet"
STOP = "/emergency/stop"
PAGES = (
    "/metrics", "/docs", "/openapi.json", "/emergency/status", "/emergency/logs/recent?level=debug",
    "/emergency/audit?limit=1000", "/ws/stats", "/api/v1/risk/breaker/history",
)  # fmt: skip
SHOWN: dict[str, tuple[str, ...] | str] = {
    "secrets have 256 bits, are kept as SHA-256 and compared as digests": (
        "servers/test_keys.py::test_every_secret_has_256_bits_and_none_repeats",
        "servers/test_keys.py::test_only_the_digest_of_a_secret_is_on_disk_and_only_its_owner_reads_the_file",
        "servers/test_keys.py::test_any_text_has_a_digest",
    ),
    "short, sample or missing secrets refuse to start": (
        "servers/test_keys.py::test_a_bad_bootstrap_refuses_to_start_and_never_repeats_a_secret",
        "test_repository.py::test_published_sample_keys_stand_only_in_the_test_of_the_deny_list",
    ),
    "keys are rotated with overlap": (
        "servers/test_keys.py::test_two_keys_of_one_role_overlap_so_that_a_key_can_be_rotated",
    ),
    "a revoked key's sockets close within 5 s": (
        "servers/test_stream.py::test_a_revoked_key_loses_its_sockets_and_others_keep_theirs",
        "servers/test_doors_of_safety.py::test_the_limits_of_the_sockets_are_those_of_the_rules",
    ),
    "every route against no key and each role; a route without a role fails": (
        "servers/test_roles.py::test_every_route_answers_each_role_as_the_table_says",
        "servers/test_roles.py::test_no_route_is_without_a_role_or_missing_from_the_table",
        "servers/test_auth.py::test_a_route_without_a_role_keeps_the_application_from_starting",
        "terminal/test_documents.py::test_the_table_of_roles_is_the_one_that_the_routes_make",
    ),
    "who may is decided by the route, never by the path": (
        "servers/test_doors_of_safety.py::test_no_spelling_of_a_path_goes_round_a_role",
    ),
    "a missing key is 401, a wrong one 401, a low role 403, a malformed header 4xx": (
        "servers/test_auth.py::test_a_key_that_does_not_open_is_refused_and_counted",
        "servers/test_auth.py::test_a_low_role_is_told_which_it_needs",
        "servers/test_auth.py::test_raw_bytes_of_any_kind_in_the_key_get_4xx_over_a_real_socket",
    ),
    "every refusal is counted, and audited for commands": (
        "servers/test_auth.py::test_a_refused_command_is_audited_with_who_what_and_why_and_a_refused_read_is_not",
        "servers/test_auth.py::test_what_a_flood_left_out_is_told_in_the_next_line",
    ),
    "a key in a URL is 400, and stands in no log, metric, page or file": (
        "servers/test_http.py::test_a_key_in_the_url_is_refused_on_every_route",
        "servers/test_http.py::test_a_real_key_in_the_url_is_known_under_any_name_and_never_reaches_the_log",
        "servers/test_doors_of_safety.py::test_a_key_stands_in_no_file_log_metric_or_page_of_a_whole_run",
    ),
    "only listed hosts are served, over HTTP and sockets; a doubled Host is refused": (
        "servers/test_http.py::test_only_the_hosts_of_the_list_are_served",
        "servers/test_http.py::test_a_doubled_or_missing_host_is_refused_over_a_real_socket",
        "servers/test_http.py::test_a_websocket_with_a_foreign_host_is_refused_before_it_opens",
    ),
    "loopback alone, unless a proxy that speaks TLS is stated": (
        "terminal/test_running.py::test_an_open_door_is_refused",
    ),
    "bodies are at most 64 kB": (
        "servers/test_http.py::test_a_body_over_the_cap_is_413_whether_its_length_is_told_or_not",
        "servers/test_doors_of_safety.py::test_the_limits_of_the_sockets_are_those_of_the_rules",
    ),
    "socket messages are at most 16 kB, 20 a second, 100 subscriptions, 10 sockets an address, nothing deflated": (
        "servers/test_stream.py::test_an_oversized_message_ends_the_socket",
        "servers/test_stream.py::test_a_flood_is_refused_and_then_ended_and_nobody_else_feels_it",
        "servers/test_stream.py::test_the_eleventh_socket_of_an_address_is_refused",
        "servers/test_doors_of_safety.py::test_the_limits_of_the_sockets_are_those_of_the_rules",
    ),
    "bodies are strict: nothing unknown, no NaN, no infinity": (
        "servers/test_bodies.py::test_what_is_not_an_object_of_known_fields_is_refused",
        "servers/test_bodies.py::test_a_limit_is_a_finite_number",
        "servers/test_schemathesis.py::test_nothing_is_found_that_the_description_does_not_say",
    ),
    "a socket's Origin is listed, its key comes within 5 s, and each message is judged anew": (
        "servers/test_stream.py::test_who_may_not_come_in_is_refused_before_the_upgrade",
        "servers/test_stream.py::test_no_first_frame_in_time_ends_the_socket_which_may_come_again",
        "servers/test_doors_of_safety.py::test_a_message_after_the_key_was_revoked_is_not_obeyed",
    ),
    "a flood of refusals does not delay a valid stop beyond 250 ms": (
        "servers/test_doors_of_safety.py::test_a_flood_of_refusals_does_not_hold_up_a_stop_as_its_caller_sees_it",
        "servers/test_emergency.py::test_a_flood_of_wrong_keys_does_not_delay_a_valid_stop",
    ),
    "a hundred stops at once are one transition, a hundred answers, all on record": (
        "servers/test_doors_of_safety.py::test_a_hundred_stops_at_once_are_one_transition_and_all_on_record",
    ),
    "a read changes nothing, and every change needs the header": (
        "servers/test_auth.py::test_a_get_never_changes_the_desk",
        "servers/test_auth.py::test_nothing_reaches_the_desk_from_a_caller_without_the_role",
        "servers/test_doors_of_safety.py::test_what_a_foreign_page_can_send_stops_nothing",
    ),
    "SQL: one parsed SELECT, no files, no settings, bounded": (
        "store/test_statement.py::test_all_else_is_refused_with_a_sentence_and_no_effect",
        "store/test_queries.py::test_what_takes_too_long_is_ended_within_a_second_of_its_time",
        "store/test_queries.py::test_what_takes_too_much_memory_is_ended_and_the_writer_goes_on",
    ),
    "models: hashed, loaded by a child first, nothing pickled": (
        "learning/test_registry.py::test_three_hundred_mutations_are_each_refused_by_hash",
        "learning/test_registry.py::test_what_could_not_be_loaded_again_is_not_kept",
        "learning/test_registry.py::test_a_pickle_in_the_folder_is_never_opened",
        "learning/test_registry.py::test_no_line_of_the_program_can_unpickle",
    ),
    "Streamlit: its own address, listed hosts, no framing, the key on the server, hostile names inert": (
        "pages/test_server.py::test_every_answer_forbids_framing",
        "pages/test_server.py::test_a_foreign_name_is_refused",
        "pages/test_server.py::test_a_socket_from_a_foreign_name_is_refused",
        "pages/test_server.py::test_the_settings_are_the_safe_ones",
        "pages/test_server.py::test_no_page_writes_html_of_its_own",
        "pages/test_server.py::test_a_socket_that_no_page_of_this_app_opens_is_refused",
        "pages/test_matrix.py::test_every_page_stands_in_front_of_it",
        "pages/test_emergency.py::test_reset_sends_the_typed_key_once_and_keeps_it_nowhere",
    ),
    "exports: names of our own, no links, formulas neutralised": (
        "servers/test_trades.py::test_the_file_is_csv_under_a_fixed_name_and_its_money_stays_a_number",
        "servers/test_trades.py::test_a_name_that_a_spreadsheet_would_run_is_neutralised_and_a_negative_number_is_not",
        "servers/test_backtest_answers.py::test_the_file_of_trades_is_csv_that_runs_nothing_and_keeps_every_digit",
    ),
    "backtests: an id alone becomes a path, no file can be named, a report loads nothing, all is bounded": (
        "servers/test_backtests.py::test_only_an_id_is_ever_made_into_a_path",
        "servers/test_backtest_body.py::test_what_cannot_be_meant_is_refused_by_its_field",
        "servers/test_backtests.py::test_a_report_is_a_page_that_may_load_nothing_and_is_saved_under_a_name_of_ours",
        "servers/test_backtests.py::test_where_too_many_wait_one_more_is_429",
        "proving/test_child.py::test_what_cannot_be_done_is_a_failure_in_one_line_and_no_result",
    ),
    "a log line is one line of JSON, whatever a caller sends": (
        "telemetry/test_log.py::test_any_text_is_one_line_of_plain_ascii_and_comes_back_whole",
        "servers/test_witness.py::test_a_line_break_or_an_escape_in_a_message_is_inert_text",
        "servers/test_keys.py::test_a_label_that_could_forge_a_log_line_is_refused",
    ),
    "the lock stands at or above the floors": ("test_repository.py::test_the_lock_stands_at_or_above_the_floor",),
    "the monitoring stack: loopback, no default password, pinned": NOT_YET,
}  # fmt: skip


@pytest.mark.parametrize("rule", SHOWN)
def test_every_rule_is_shown_by_tests_that_exist(rule: str, repository: Path) -> None:
    shown = SHOWN[rule]
    for name in () if shown == NOT_YET else shown:
        file, _, test = name.partition("::")
        tree = ast.parse((repository / "tests" / file).read_text())
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def test_what_has_no_room_yet_has_no_route_either(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        paths = {path for _, path, _ in doors(app_of(sidecar).routes)}
    assert not any(re.search(r"export", path) for path in paths)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.mark.parametrize(
    "path",
    [f"/{STOP}", f"{STOP}/", "/emergency//stop", "/emergency/./stop", "/emergency/x/../stop", "/EMERGENCY/STOP",
     "/emergency/stop%2f", "/emergency%2fstop", "/emergency/%73top", "/emergency/stop;a=b", "/emergency/stop%00",
     "/emergency/status/../stop", "/%2e/emergency/stop", "/emergency/stop?x=/health/live", "/health/live/../..%2f"],
)  # fmt: skip
def test_no_spelling_of_a_path_goes_round_a_role(stand: Stand, path: str) -> None:
    for role in (None, Role.VIEWER):
        headers = stand.headers(role, **{"x-forwarded-prefix": "/health", "x-original-url": "/health/live"})
        for method in ("POST", "GET", "HEAD", "PUT", "DELETE"):
            assert stand.client.request(method, path, headers=headers).status_code in (401, 403, 404, 405, 422)
    assert stand.desk.commands == []


def test_what_a_foreign_page_can_send_stops_nothing(stand: Stand) -> None:
    key = stand.secrets[Role.TRADER]
    forged: tuple[dict[str, Any], ...] = (
        {"data": {"reason": "x", "key": key}},
        {"content": b"", "headers": {"origin": "https://evil.example", "cookie": f"X-API-Key={key}"}},
        {"content": b'{"reason":"x"}', "headers": {"content-type": "text/plain", "referer": "https://evil.example"}},
    )
    for sent in forged:
        answer = stand.client.post(STOP, **sent)
        assert answer.status_code == 401
        assert "access-control-allow-origin" not in answer.headers
    assert stand.client.options(STOP, headers={"origin": "https://evil.example"}).status_code == 405
    assert stand.desk.commands == []


def test_the_limits_of_the_sockets_are_those_of_the_rules(tmp_path: Path, stand: Stand) -> None:
    limits = StreamSettings()
    assert limits.recheck_s <= 5.0
    assert limits.auth_wait_s <= 5.0
    assert (limits.max_message_bytes, limits.messages_per_s, limits.sockets_per_address) == (16 * 1024, 20.0, 10)
    with Sidecar(small(tmp_path)) as sidecar:
        server = running._configuration(load_settings(data_dir=tmp_path), sidecar)
        assert sidecar.hub.settings.recheck_s == limits.recheck_s
    assert (server.ws_per_message_deflate, server.ws_max_size, server.access_log) == (False, 16 * 1024, False)
    assert stand.client.post(STOP, content=b"x" * 65_537, headers=stand.headers(Role.TRADER)).status_code == 413


def test_a_message_after_the_key_was_revoked_is_not_obeyed(tmp_path: Path) -> None:
    slow = StreamSettings(recheck_s=60.0, close_wait_s=1.0)
    with wired(tmp_path, slow) as wire:
        wire.offer(wire.desk.report)
        headers = {"x-api-key": wire.secrets[Role.TRADER]}
        with connect("ws" + wire.url.removeprefix("http") + "/ws", additional_headers=headers, proxy=None) as socket:
            assert '"connection"' in str(socket.recv(5))
            KeyStore(tmp_path).revoke(next(key.id for key in wire.keys.list() if key.role is Role.TRADER))
            socket.send('{"type":"subscribe","subscriptions":["positions"]}')
            with pytest.raises(ConnectionClosed) as ended:
                socket.recv(5)
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1008, "this key was revoked")


def test_a_flood_of_refusals_does_not_hold_up_a_stop_as_its_caller_sees_it(stand: Stand) -> None:
    over: list[bool] = []
    with serving(stand.app) as url, ThreadPoolExecutor(8) as pool:

        def flood() -> int:
            count = 0
            with httpx2.Client(headers={"X-API-Key": "wrong"}, trust_env=False) as client:
                while not over:
                    assert client.post(url + STOP).status_code == 401
                    count += 1
            return count

        def stopped(client: httpx2.Client) -> float:
            began = time.perf_counter()
            assert client.post(url + STOP).status_code == 200
            return time.perf_counter() - began

        with httpx2.Client(headers=stand.headers(Role.TRADER), trust_env=False) as client:
            quiet = sorted(stopped(client) for _ in range(11))[5]
            floods = [pool.submit(flood) for _ in range(6)]
            time.sleep(0.3)
            taken = sorted(stopped(client) for _ in range(21))
        over.append(True)
        assert sum(call.result() for call in floods) > 20
    assert taken[10] - quiet < 0.25, (quiet, taken)


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[tuple[str, str]]:
    # A machine that runs much else at once still has a second for each answer: this is about what is on record.
    with Sidecar(small(tmp_path, server={"stop_wait_s": 10.0})) as running_one:
        key = running_one.keys.add(Role.ADMIN, "crowd")
        with serving(app_of(started(running_one))) as url:
            yield url, key


def test_a_hundred_stops_at_once_are_one_transition_and_all_on_record(sidecar: tuple[str, str]) -> None:
    url, key = sidecar
    with httpx2.Client(base_url=url, headers={"x-api-key": key}, trust_env=False, timeout=30) as client:

        def stop(number: int) -> dict[str, Any]:
            answer = client.post(STOP, json={"reason": f"stop {number}"})
            assert answer.status_code == 200, answer.text
            told: dict[str, Any] = answer.json()
            return told

        with ThreadPoolExecutor(25) as pool:
            told = list(pool.map(stop, range(100)))
        assert {(row["state"], row["halt_seq"]) for row in told} == {("emergency_stop", 1)}

        def recorded() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = client.get("/emergency/audit?action=stop&limit=1000").json()["records"]
            return rows

        rows = until(lambda: found if len(found := recorded()) >= 100 else None, what="the record of a hundred stops")
        assert len({row["request_id"] for row in rows}) == len(rows) == 100
        assert {row["actor"].partition("/")[0] for row in rows} == {"crowd"}
        events = client.get("/api/v1/risk/breaker/history?limit=1000").json()["events"]
        assert [row["event"] for row in events].count("triggered") == 1
        assert [row["event"] for row in events].count("repeated") == 99


@pytest.mark.slow
def test_a_key_stands_in_no_file_log_metric_or_page_of_a_whole_run(tmp_path: Path) -> None:
    with Serving(tmp_path / "data") as desk:
        made, url = [ADMIN, TRADER], desk.url
        with httpx2.Client(base_url=url, trust_env=False, timeout=10) as client:
            for key in made:
                client.get(f"/emergency/positions?key={key}")
                client.get("/api/v1/orders", params={"cursor": key}, headers={"x-api-key": key})
                client.get(f"/api/v1/orders/{key}", headers={"x-api-key": key})
                client.post(STOP, headers={"authorization": f"Bearer {key}"})
                client.post(STOP, headers={"authorization": f"Basic {key}"})
                client.post("/emergency/circuit-breaker/reset", content=key, headers={"x-api-key": key})
                client.post(STOP, headers={"x-api-key": key + "x", "x-request-id": "canary"})
            texts = {path: client.get(path, headers={"x-api-key": ADMIN}).text for path in PAGES}
        ui_key = (desk.folder / "ui.key").read_text()
        made.append(ui_key)
        assert desk.terminate() == 0
    files = [path for path in desk.folder.rglob("*") if path.is_file() and path.name != "ui.key"]
    assert {path.name for path in files} >= {"keys.json", "journal.log", "desk.duckdb"}
    found = [
        (path.name, n) for path in (*files, desk.log) for n, key in enumerate(made) if key.encode() in path.read_bytes()
    ]
    found += [(name, n) for name, text in texts.items() for n, key in enumerate(made) if key in text]
    assert found == []
