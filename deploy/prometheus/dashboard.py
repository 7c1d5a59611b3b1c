#!/usr/bin/python3
"""Prints a dashboard for Grafana: `deploy/prometheus/dashboard.py > aduan.json`, then "Import" there.

A row of PANELS is what is seen: title, what it tells, kind, width of 24, unit, and for each line its query and its name.
"""
import json
import sys

HEIGHT = {"stat": 4, "timeseries": 8, "table": 9}


def quantile(part, name):
    return f"histogram_quantile ({part}, sum by (le) (rate ({name}_bucket[$__rate_interval])))"


def rate(name, by=""):
    return f"sum {by}(rate ({name}[$__rate_interval]))" if by else f"sum (rate ({name}[$__rate_interval]))"


def speed(title, tells, name, width=8):
    return (title, tells, "timeseries", width, "s", [(quantile(0.5, name), "half"), (quantile(0.99, name), "99 of 100")])


PANELS = [
    ("Is all well", [
        ("Programs that answer", "Of those that the desk asks. Any 0: AduanProgramDown.", "stat", 4, "short", [("sum (aduan_program_up)", ""), ("count (aduan_program_up)", "of")]),
        ("Alerts", "What fires now; the list is Prometheus' own.", "stat", 4, "short", [('count (ALERTS{alertstate="firing"}) or vector (0)', "")]),
        ("Accepted, not stored", "Age of the oldest record of the spool.", "stat", 4, "s", [("max (aduan_intake_oldest_age_seconds)", "")]),
        ("Nobody has pulled for", "The longest wait of work that is ready.", "stat", 4, "s", [("max (aduan_queue_oldest_ready_age_seconds)", "")]),
        ("Past a deadline", "Cases, by the clock that has run out most.", "stat", 4, "short", [("max (aduan_clock_overdue)", "")]),
        ("Figures are from", "Seconds since queues and clocks were read last.", "stat", 4, "s", [("time () - max (aduan_queue_last_success_timestamp_seconds)", "")]),
    ]),
    ("Flow", [
        ("Complaints and acts a second", "Accepted by intake, stored, leased to workers, acted on.", "timeseries", 12, "ops",
         [(rate("aduan_intake_accepted_total"), "accepted"), (rate("aduan_store_places_total"), "stored"), (rate("aduan_store_leases_total"), "leased"),
          (rate("aduan_store_acts_total"), "acts"), (rate("aduan_notifier_sent_total"), "notices")]),
        ("What waits between two steps", "See docs/operators.md, stages.", "timeseries", 6, "short", [("sum by (stage) (aduan_stage_items)", "{{stage}}")]),
        ("For how long", "The oldest of each.", "timeseries", 6, "s", [("max by (stage) (aduan_stage_oldest_age_seconds)", "{{stage}}")]),
        ("Open cases", "By state.", "timeseries", 8, "short", [("sum by (state) (aduan_cases_open)", "{{state}}")]),
        ("Past a deadline", "By clock.", "timeseries", 8, "short", [("sum by (clock) (aduan_clock_overdue)", "{{clock}}")]),
        ("Due soon", "Within the setting watch.soon.", "timeseries", 8, "short", [("sum by (clock) (aduan_clock_due_soon)", "{{clock}}")]),
    ]),
    ("Agencies", [
        ("Longest left alone", "Age of the oldest ready work, the ten worst.", "timeseries", 12, "s", [("topk (10, aduan_queue_oldest_ready_age_seconds)", "{{agency}}")]),
        ("Most work ready", "The ten longest queues. Length alone is no trouble.", "timeseries", 12, "short", [("topk (10, sum by (agency) (aduan_queue_ready))", "{{agency}}")]),
        ("Queues", "Ready by priority, and what is not ready.", "timeseries", 12, "short",
         [("sum by (priority) (aduan_queue_ready)", "ready, {{priority}}"), ("sum (aduan_queue_delayed)", "delayed"), ("sum (aduan_queue_leased)", "leased"),
          ("sum (aduan_queue_waiting)", "waits for others"), ("sum (aduan_queue_parked)", "parked")]),
        ("Leases that ran out", "Workers that take and never answer.", "timeseries", 12, "ops", [(rate("aduan_store_expired_total"), "expired"), (rate("aduan_store_stale_total"), "acts too late")]),
    ]),
    ("Routing", [
        ("Decisions by rung", "0 oversight, 1 target, 2 rule, 3 category and place, 4 words, 5 coordinator, 6 national desk.", "timeseries", 12, "ops",
         [(rate("aduan_router_decisions_total", "by (rung) "), "{{rung}}")]),
        ("How sure", "The middle decision, and the least sure tenth.", "timeseries", 6, "percentunit",
         [(quantile(0.5, "aduan_router_confidence_ratio"), "half"), (quantile(0.1, "aduan_router_confidence_ratio"), "a tenth is below")]),
        ("Hand-backs", "Decided, and unread for the national desk.", "timeseries", 6, "ops", [(rate("aduan_router_redecided_total"), "decided"), (rate("aduan_router_undecided_total"), "undecided")]),
    ]),
    ("Disk and database", [
        speed("Commits of the spool", "How long.", "aduan_intake_commit_seconds", 6),
        speed("Transactions that place", "How long.", "aduan_store_place_batch_seconds", 6),
        speed("Transactions that lease", "How long.", "aduan_store_lease_batch_seconds", 6),
        speed("Transactions that act", "How long.", "aduan_store_act_batch_seconds", 6),
        ("Spool", "What is not stored yet, and all segments.", "timeseries", 8, "bytes", [("sum (aduan_intake_undrained_bytes)", "not stored"), ("sum (aduan_intake_spool_bytes)", "segments")]),
        ("Timers", "How late the last look was.", "timeseries", 8, "s", [("max (aduan_store_timer_late_seconds)", "")]),
        ("Audit chain", "Age of the oldest act that is not linked.", "timeseries", 8, "s", [("max (aduan_store_chain_tail_seconds)", "")]),
    ]),
    ("Notices", [
        ("Notices a second", "What became of them.", "timeseries", 8, "ops", [(rate("aduan_notifier_sent_total"), "sent"), (rate("aduan_notifier_failed_total"), "failed"),
                                                                     (rate("aduan_notifier_unknown_total"), "unknown"), (rate("aduan_notifier_parked_total"), "parked")]),
        ("Waiting to be sent", "By channel.", "timeseries", 8, "short", [("sum by (channel) (aduan_outbox_notices)", "{{channel}}")]),
        ("Gateways that fail", "Failures in a row; from 5 on its notices wait.", "timeseries", 8, "short", [("max by (channel) (aduan_notifier_gateway_faults)", "{{channel}}")]),
    ]),
    ("Doors", [
        ("Public door", "Requests, and those turned away.", "timeseries", 12, "reqps", [(rate("aduan_web_requests_total"), "requests"), (rate("aduan_web_refused_total"), "refused"),
                                                                           (rate("aduan_web_shed_total"), "shed"), (rate("aduan_web_limited_total"), "limited")]),
        ("Doubted reports", "A person sees them first.", "timeseries", 6, "ops", [(rate("aduan_web_doubted_total", "by (reason) "), "{{reason}}")]),
        ("Desk", "Requests, and those turned away.", "timeseries", 6, "reqps", [(rate("aduan_desk_requests_total"), "requests"), (rate("aduan_desk_gated_total"), "gated")]),
    ]),
    ("Programs", [
        ("Answers", "1: it has answered.", "timeseries", 8, "short", [("aduan_program_up", "{{program}}")]),
        ("Running for", "Since it was started.", "timeseries", 8, "s", [("time () - aduan_program_start_time_seconds", "{{program}}")]),
        ("Messages refused", "Peers that break the protocol, and keys that are not let in.", "timeseries", 8, "ops",
         [(rate("aduan_link_refused_total", "by (program) "), "{{program}}"), (rate("aduan_zap_refused_total", "by (program) "), "{{program}}, keys")]),
    ]),
]


def panel(number, at, row):
    title, tells, kind, width, unit, lines = row
    source = {"type": "prometheus", "uid": "${source}"}
    targets = [{"refId": chr(ord("A") + nth), "datasource": source, "expr": expr, "legendFormat": name or title} for nth, (expr, name) in enumerate(lines)]
    return {"id": number, "type": kind, "title": title, "description": tells, "datasource": source, "gridPos": {"x": at[0], "y": at[1], "w": width, "h": HEIGHT[kind]},
            "targets": targets, "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []}, "options": {}}


def panels():
    """In rows from the top; a panel that has no room stands in the next line."""
    made, y = [], 0
    for head, rows in PANELS:
        made.append({"id": len(made) + 1, "type": "row", "title": head, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
        x, y, below = 0, y + 1, y + 1
        for row in rows:
            if x + row[3] > 24:
                x, y = 0, below
            made.append(panel(len(made) + 1, (x, y), row))
            x, below = x + row[3], max(below, y + HEIGHT[row[2]])
        y = below
    return made


def dashboard():
    return {"uid": "aduan", "title": "Aduan", "tags": ["aduan"], "timezone": "browser", "schemaVersion": 38, "version": 1, "editable": True, "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"}, "panels": panels(), "links": [], "annotations": {"list": []},
            "templating": {"list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]}}


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=1)
    print()
