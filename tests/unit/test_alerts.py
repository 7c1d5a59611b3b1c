"""Alerts and the dashboard for Prometheus: each alert fires where it should and nowhere else, has its entry in the runbook, and asks for metrics that there are.

Real promtool.  A case is the whole world of one rule: series, when all is quiet, when it fires.
"""
import json
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES, LIMITS = FOLDER / "aduan.rules.yml", FOLDER / "limits.rules.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
UP = ('up{job="aduan"}', "1x400")
JOB = 'job="aduan"'
# alert: its series, four values a minute; the minute when nothing fires; the one when it alone does, and of whom
CASES = {
    "Unseen": [([('up{job="aduan"}', "1x8 0x20")], 2, 4, ""), ([], None, 2, "")],
    "ProgramDown": [([UP, ('aduan_program_up{program="store"}', "1x8 0x20"), ('aduan_program_up{program="web"}', "1x40")], 2, 4, "store")],
    "ProgramRestarts": [([UP, ('aduan_program_start_time_seconds{program="router"}', "5x20 6x4 7x4 8x4 9x60")], 5, 9, "router")],
    "QueuesUnread": [([UP, ("aduan_queue_scrape_success", "1x8 0x20")], 2, 4, "")],
    "TimersUnheld": [([UP, ("aduan_queue_scrape_success", "1x20 stale _x40")], 4, 9, "")],
    "Undrained": [([UP, ("aduan_intake_oldest_age_seconds", "0x4 50x8 90x20")], 3, 5, "")],
    "TurnsAway": [([UP, ("aduan_intake_tempfail_total", "7x12 7+1x40")], 3, 8, "")],
    "DiskStalls": [([UP, ("aduan_intake_commit_age_seconds", "0x8 4x4 9x4")], 2, 4, "")],
    "SpoolShort": [([UP, ("aduan_intake_retired_early_total", "0x20 1x40")], 4, 7, "")],
    "SpoolDamaged": [([UP, ("aduan_intake_corrupt_total", "0x20 1x40")], 4, 7, "")],
    "ClockBehind": [([UP, ("aduan_intake_clock_behind_seconds", "0x8 60x8")], 1, 3, "")],
    "RegistryMissing": [([UP, ("aduan_router_registry_version", "4x8 0x20")], 2, 4, "")],
    "RulesFaulty": [([UP, ("aduan_router_rules_faulty", "0x8 12x8")], 1, 3, "")],
    "Undecided": [([UP, ("aduan_router_undecided_total", "0x20 1x40")], 4, 7, "")],
    "Unrouted": [([UP, ('aduan_stage_oldest_age_seconds{stage="unrouted"}', "80000x8 90000x8")], 1, 3, "unrouted")],
    "HandBackWaits": [([UP, ('aduan_stage_oldest_age_seconds{stage="returned"}', "1x8 61x8")], 1, 3, "returned")],
    "DatabaseDown": [([UP, ("aduan_store_database_up", "1x8 0x20")], 2, 4, "")],
    "Quarantined": [([UP, ('aduan_stage_items{stage="quarantine"}', "0x8 1x8")], 1, 3, "quarantine")],
    "WordsWait": [([UP, ('aduan_stage_oldest_age_seconds{stage="reply"}', "200x8 301x8")], 1, 3, "reply")],
    "TimersLate": [([UP, ('aduan_stage_oldest_age_seconds{stage="look"}', "1x8 61x8")], 1, 3, "look")],
    "CalendarEnds": [([UP, ("aduan_store_calendar_ends", "0x8 1x8")], 1, 3, "")],
    "ChainLate": [([UP, ("aduan_store_chain_tail_seconds", "1x8 3x20")], 2, 4, "")],
    "EmergencyWaits": [([UP, ('aduan_queue_oldest_ready_age_seconds{agency="33.74/LH"}', "1000x40"), ('aduan_queue_ready{agency="33.74/LH",priority="emergency"}', "0x8 1x8"),
                         ('aduan_queue_oldest_ready_age_seconds{agency="33.74/KES"}', "100x40"), ('aduan_queue_ready{agency="33.74/KES",priority="emergency"}', "1x40")], 1, 3, "33.74/LH")],
    "NobodyPulls": [([UP, ('aduan_queue_oldest_ready_age_seconds{agency="33.74/LH"}', "250000x8 260000x8")], 1, 3, "33.74/LH")],
    "Parked": [([UP, ('aduan_queue_oldest_parked_age_seconds{agency="33.74/LH"}', "80000x8 90000x8")], 1, 3, "33.74/LH")],
    "LeasesExpire": [([UP, ("aduan_store_expired_total", "3x20 3+2x40")], 5, 9, "")],
    "LeaseForgotten": [([UP, ('aduan_stage_oldest_age_seconds{stage="lease"}', "20x8 61x8")], 1, 3, "lease")],
    "DeadlinesBroken": [([UP, ('aduan_clock_longest_overdue_seconds{clock="first"}', "600000x8 700000x8")], 1, 3, "first")],
    "NoticesLate": [([UP, ('aduan_outbox_oldest_due_age_seconds{channel="sms"}', "800x8 901x8")], 1, 3, "sms")],
    "GatewayFails": [([UP, ('aduan_notifier_gateway_faults{channel="sms"}', "0x4 4x4 6x20"), ('aduan_notifier_gateway_faults{channel="email"}', "4x40")], 2, 4, "sms")],
    "NoticesParked": [([UP, ("aduan_notifier_parked_total", "0x20 1x40")], 4, 7, "")],
    "NoticesUnknown": [([UP, ("aduan_notifier_unknown_total", "0x20 1x40")], 4, 7, "")],
    "WebhookParked": [([UP, ('aduan_stage_items{stage="webhook"}', "0x8 2x8")], 1, 3, "webhook")],
    "WebSheds": [([UP, ("aduan_web_shed_total", "7x12 7+1x40")], 3, 8, "")],
    "LimitsAlone": [([UP, ("aduan_web_limits_shared", "1x8 0x40")], 6, 8, "")],
    "Flood": [([UP, ("aduan_web_flood", "99x8 150x8")], 1, 3, "")],
    "CodesGuessed": [([UP, ("aduan_web_codes_wrong_total", "0+1x20 20+9x40")], 5, 10, "")],
    "FilesLate": [([UP, ("aduan_desk_files_oldest_age_seconds", "500x8 601x8")], 1, 3, "")],
}


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def labelled(series):
    """With the job, and a store whose queues can be read where the case says nothing else."""
    return series if JOB in series else series.replace("{", f"{{{JOB},", 1) if "{" in series else f"{series}{{{JOB}}}"


def world(series):
    lines = [(labelled(name), values) for name, values in series]
    if any(values for name, values in series if name.startswith("up")) and not any("aduan_queue_scrape_success" in name for name, _ in series):
        lines.append((f"aduan_queue_scrape_success{{{JOB}}}", "1x400"))
    return [{"series": name, "values": values} for name, values in lines]


def told(alert, minute, whom):
    """All that fires then, by name and whom it is about."""
    names = 'sum by (alertname, whom) (label_join (ALERTS{alertstate="firing"}, "whom", "", "program", "agency", "stage", "channel", "clock"))'
    one = [{"labels": f'{{alertname="Aduan{alert}"' + (f', whom="{whom}"}}' if whom else "}"), "value": 1}]
    return {"expr": names, "eval_time": f"{minute}m", "exp_samples": one if alert else []}


def case(alert, series, quiet, loud, whom):
    asked = [told(alert, loud, whom)] + ([told("", quiet, "")] if quiet is not None else [])
    return {"name": alert, "interval": "15s", "input_series": world(series), "promql_expr_test": asked}


def judged(folder, rules):
    """All cases against rules, in one run of promtool: what it says, "" where all is well."""
    path = folder / "cases.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules), str(LIMITS)], "evaluation_interval": "15s",
                                    "tests": [case(alert, *each) for alert, cases in CASES.items() for each in cases]}), encoding="utf-8")
    done = promtool("test", "rules", path)
    return "" if done.returncode == 0 else done.stdout


def test_each_fires_alone(tmp_path):
    assert judged(tmp_path, RULES) == ""


def test_one_that_cannot_fire_is_seen(tmp_path):
    """The control: of rules that never hold each case complains, and of one that always holds all do."""
    never = tmp_path / "never.yml"
    never.write_text(re.sub(r"expr: .*", "expr: vector(0) > 1", RULES.read_text(encoding="utf-8")), encoding="utf-8")
    said = judged(tmp_path, never)
    assert all(f"alertname=\"Aduan{alert}\"" in said for alert in CASES), said
    always = tmp_path / "always.yml"
    always.write_text(RULES.read_text(encoding="utf-8").replace("expr: aduan_web_flood >", "expr: vector(1000) >"), encoding="utf-8")
    assert judged(tmp_path, always).count("AduanFlood") >= len(CASES) - 1


def test_each_has_its_case_and_its_entry():
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^### (Aduan\w+)\n\n\*\*(page|ticket)\.\*\* ", runbook, re.M))
    assert entries == {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}
    assert {f"Aduan{alert}" for alert in CASES} == set(entries)
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}" and rule["annotations"]["summary"]
    for entry in re.split(r"^###? ", runbook, flags=re.M)[2:]:
        assert "```sh" in entry or not entry.startswith("Aduan"), f"an entry without a command: {entry[:40]}"


def test_they_are_whole():
    done = promtool("check", "rules", RULES, LIMITS)
    assert done.returncode == 0, done.stdout
    done = promtool("check", "config", FOLDER / "prometheus.yml")
    assert done.returncode == 0, done.stdout


def known(shape):
    """Names of metric.def, of rows of a shape."""
    text = (ROOT / "common" / "base" / "metric.def").read_text(encoding="utf-8")
    return {f"aduan_{name}" for name in re.findall(rf'^METRIC{shape} \((?:"\w+",\s*)?(\w+),', text, re.M)}


def test_there_are_such_metrics_and_limits():
    """A rule on a name that nobody says would be silent for ever."""
    limits = set(re.findall(r'record: "([\w:]+)"', LIMITS.read_text(encoding="utf-8")))
    asked = {name for rule in ALERTS for name in re.findall(r"aduan[_:][\w:]+", rule["expr"])}
    assert {name for name in asked if ":" not in name} <= known(r"(?:_BY|_SERIES)?")
    assert {name for name in asked if ":" in name} == limits


def dashboard():
    made = subprocess.run([str(FOLDER / "dashboard.py")], text=True, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(made)


def test_the_dashboard_asks_for_what_there_is(tmp_path):
    """Every query is one that Prometheus can read, of names that metric.def has: histograms by their buckets."""
    asked = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    assert len(asked) > 40
    path = tmp_path / "asked.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": [{"record": f"asked:{nth}", "expr": expr.replace("$__rate_interval", "1m")}
                                                                        for nth, expr in enumerate(asked)]}]}), encoding="utf-8")
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout
    histograms, plain = known(r"_SPREAD"), known(r"(?:_BY|_SERIES)?")
    for name in {name for expr in asked for name in re.findall(r"aduan_\w+", expr)}:
        assert name in plain or name.endswith("_bucket") and name[:-len("_bucket")] in histograms, name


def test_the_dashboard_can_be_read():
    """No two panels on one place, none beyond the edge, each with its name and what it tells."""
    panels, taken = dashboard()["panels"], set()
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        at = panel["gridPos"]
        places = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not places & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= places
        assert panel["title"] and (panel["type"] == "row" or panel["description"] and panel["targets"])
