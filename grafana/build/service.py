"""The service: whether the sidecar lives, keeps up, keeps its records, and has room."""

from __future__ import annotations

from grafana.build.dashboard import Dashboard, Row
from grafana.build.panels import AMBER, GREEN, ORANGE, RED, Look, Query, lines, pie, spread, stat, table

SERVICE = Dashboard(
    "service",
    "Deskwatch: service",
    "Whether the sidecar lives, keeps up with its market, keeps its records, answers its clients, and has room.",
    (
        Row(
            (
                stat("Scraped", "Whether Prometheus reaches the desk.", (Query('up{job="deskwatch"}', "desk"),),
                     Look(words={0: ("DOWN", RED), 1: ("up", GREEN)}), page="system", width=3, graph=False),
                stat("Ready", "Whether the desk says that it is ready.", (Query("trading_system_ready", "desk"),),
                     Look(words={0: ("NOT READY", RED), 1: ("ready", GREEN)}), page="system", width=3, graph=False),
                stat("Feed", "Whether the market's feed is up.", (Query("trading_feed_up", "{{venue}}"),),
                     Look(words={0: ("DOWN", RED), 1: ("up", GREEN)}), page="data_quality", width=3, graph=False),
                stat("Newest report", "Its age. From five seconds on the desk counts as silent, and has no numbers.",
                     (Query("trading_report_age_seconds", "age"),),
                     Look("s", 1, 0, None, ((None, GREEN), (1, AMBER), (5, RED))), page="system", width=3),
                stat("Uptime", "Since the sidecar began.", (Query("trading_system_uptime_seconds", "uptime"),),
                     Look("s", 0), page="system", width=3, graph=False),
                stat("Alerts that stand", "By level.", (Query("trading_alerts_active", "{{level}}"),),
                     Look("none", 0, 0, None, ((None, GREEN), (1, AMBER))), page="alerts", width=9, graph=False),
            ),
            height=4,
        ),
        Row(
            (
                lines("Reports", "A second; the desk's beat is a tenth of one.",
                      (Query("deriv(trading_report_seq[1m])", "reports/s"),), Look("none", 1, 0), page="system",
                      width=6),
                lines("Tick to report", "From a quote's receipt to the report that holds it.",
                      spread("trading_tick_to_report_seconds"), Look("s", None, 0), page="system", width=6),
                lines("Loop lag", "How late the desk's beats were.", spread("trading_loop_lag_seconds"),
                      Look("s", None, 0), page="system", width=6),
                lines("Stops", "From a stop's arrival to its halt on disk, of all so far.",
                      (Query("histogram_quantile(0.95, sum by (le) (trading_emergency_stop_seconds_bucket))", "p95"),
                       Query("trading_emergency_stop_seconds_sum / trading_emergency_stop_seconds_count", "mean")),
                      Look("s", None, 0), page="emergency", width=6),
            ),
            title="Loop",
        ),
        Row(
            (
                lines("Journal sync", "Time of its group syncs.", spread("trading_journal_sync_seconds"),
                      Look("s", None, 0), page="system", width=6),
                lines("Store commits", "Time of the database's commits.", spread("trading_store_commit_seconds"),
                      Look("s", None, 0), page="system", width=6),
                lines("Store queue", "Batches that wait for the database.",
                      (Query("trading_store_queue_depth", "waiting"),), Look("none", 0, 0), page="system", width=6),
                lines("Rows written", "By this process, a second, by table.",
                      (Query("sum by (table) (rate(trading_store_rows[1m])) > 0", "{{table}}"),), Look("none", 1, 0),
                      page="system", width=6),
            ),
            title="Records",
        ),
        Row(
            (
                lines("Disk", "What is left for journal and database, and the database's size. Below 64 MiB somebody "
                      "is called.",
                      (Query("trading_store_free_bytes", "free"), Query("trading_store_size_bytes", "database")),
                      Look("bytes", 1, 0), page="system", width=6),
                stat("Record of the journal", "Number of its last record.", (Query("trading_audit_head_seq", "head"),),
                     Look("none", 0), page="audit", width=4),
                stat("Newest report, market's time", "The desk's clock, and its number.",
                     (Query("trading_report_timestamp_seconds * 1000", "time"), Query("trading_report_seq", "number")),
                     Look("dateTimeAsIso"), page="system", width=6, graph=False)
                .showing("number", unit="none", decimals=0),
                table("Recurring work", "Seconds since each job was last done, and how often it failed.",
                      (Query("sum by (exported_job) (time() - trading_job_last_success_timestamp_seconds)"),
                       Query("sum by (exported_job) (trading_job_failures_total) or "
                             "0 * sum by (exported_job) (trading_job_last_success_timestamp_seconds)")),
                      {"exported_job": "Job", "Value #A": "Done, seconds ago", "Value #B": "Failures"},
                      page="system", width=8, key="exported_job"),
            ),
            height=7,
        ),
        Row(
            (
                lines("Memory and files", "Of the sidecar; its limit of open files is the dashed line's.",
                      (Query('process_resident_memory_bytes{job="deskwatch"}', "resident"),
                       Query('process_open_fds{job="deskwatch"}', "open files"),
                       Query('process_max_fds{job="deskwatch"}', "files, at most")),
                      Look("bytes", 0, 0), page="system", width=8)
                .showing("open files", unit="none", custom__axisPlacement="right")
                .showing("files, at most", unit="none", custom__axisPlacement="right"),
                lines("Processor", "Share of one core that the sidecar takes.",
                      (Query('rate(process_cpu_seconds_total{job="deskwatch"}[$__rate_interval])', "of a core"),),
                      Look("percentunit", 0, 0), page="system", width=8),
                lines("Threads and tasks", "Of the sidecar, and of the loop that answers its clients.",
                      (Query("trading_system_threads", "threads"), Query("trading_system_tasks", "tasks")),
                      Look("none", 0, 0), page="system", width=8),
            ),
            title="Process",
        ),
        Row(
            (
                lines("Requests", "A second, by what was answered.",
                      (Query("sum by (status) (rate(trading_api_requests_total[$__rate_interval]))", "{{status}}"),),
                      Look("reqps", 1, 0), page="system", width=8, stacked=True),
                lines("Callers turned away", "In five minutes.",
                      (Query("increase(trading_auth_failures_total[5m])", "turned away"),), Look("none", 0, 0),
                      page="audit", width=8),
                lines("Sockets", "Open sockets, and frames sent a second by type.",
                      (Query("trading_websocket_connections", "open"),
                       Query("sum by (type) (rate(trading_websocket_messages_sent_total[$__rate_interval])) > 0",
                             "{{type}}/s")),
                      Look("none", 1, 0), page="system", width=8),
            ),
            title="Doors",
        ),
        Row(
            (
                lines("Handing over a frame", "Time to hand a frame to its transport.",
                      spread("trading_websocket_send_seconds"), Look("s", None, 0), page="system", width=8),
                lines("Slow readers", "Frames folded into one for a slow reader, a second, and sockets closed because "
                      "their queue was full.",
                      (Query("sum by (topic) (rate(trading_websocket_messages_conflated_total[$__rate_interval]))",
                             "{{topic}}/s"),
                       Query("increase(trading_websocket_slow_consumers_total[5m])", "closed in 5 min")),
                      Look("none", 1, 0), page="system", width=8),
                lines("Notices and alerts", "Alerts raised in five minutes, notices that some channel has not taken "
                      "yet, and what became of others.",
                      (Query("sum by (level) (increase(trading_alerts_total[5m]))", "{{level}}"),
                       Query("trading_notices_owed", "notices owed"),
                       Query("sum by (outcome) (increase(trading_notices_total[5m]))", "notices {{outcome}}")),
                      Look("none", 0, 0), page="alerts", width=8),
            )
        ),
        Row(
            (
                lines("Updates taken", "Of contracts, a second, by underlying.",
                      (Query("sum by (symbol) (rate(trading_market_data_updates_total[$__rate_interval]))",
                             "{{symbol}}"),),
                      Look("none", 0, 0), page="data_quality", width=8),
                lines("Feed", "Messages refused by reason, silences and gaps in five minutes; reconnections so far.",
                      (Query("sum by (reason) (increase(trading_ticks_rejected_total[5m])) > 0", "{{reason}}"),
                       Query("sum by (symbol) (increase(trading_feed_gaps_total[5m]))", "gaps {{symbol}}"),
                       Query("sum by (venue) (trading_feed_reconnects_total)", "{{venue}} was back")),
                      Look("none", 0, 0), page="data_quality", width=8),
                pie("Errors", "Logged since the sidecar began, by the part of the desk.",
                    (Query("sum by (component) (trading_system_errors_total)", "{{component}}"),), Look("none", 0),
                    page="system", width=4),
                stat("Calendar", "How far the table of sessions still reaches: beyond it nothing trades.",
                     (Query("trading_calendar_left_seconds", "left"),),
                     Look("s", 0, 0, None, ((None, RED), (1_209_600, ORANGE), (2_592_000, GREEN))), page="system",
                     width=4, graph=False),
            ),
            title="Feed",
        ),
        Row(
            (
                table("What runs", "Program, digest of its settings, Python, market and currency.",
                      (Query("trading_system_info * on(instance) group_left(config) trading_build_info"),),
                      {"version": "Version", "config": "Settings", "python": "Python", "source": "Market",
                       "currency": "Currency", "instance": "Address"}, page="system", width=16),
                lines("Scrapes", "Time of a scrape as Prometheus measures it, and the series it brings.",
                      (Query('scrape_duration_seconds{job="deskwatch"}', "time"),
                       Query('scrape_samples_scraped{job="deskwatch"}', "series")),
                      Look("s", None, 0), page="system", width=8)
                .showing("series", unit="none", custom__axisPlacement="right"),
            ),
            height=6,
        ),
    ),
)  # fmt: skip
