"""What operators watch: every metric is there, is right, and is left out where it is not known (docs/operators.md)."""
import os
import re
import time

import pytest

from exposition import read
from million import fill
from spoolbench import wait
from stack import ROOT, Stack

PROGRAMS = ("intake", "router", "store", "query", "desk", "web", "notifier")
EVERYBODYS = ("link", "zap", "door", "program")


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=PROGRAMS, smtp="smtp://127.0.0.1:9", store="  watch:\n    every: 1s\n") as running:
        yield running


def table():
    """(owner or None: everybody, name, kind, labels) of each row of the table."""
    with open(os.path.join(ROOT, "common", "base", "metric.def"), encoding="utf-8") as file:
        text = file.read()
    kinds = {"counter": "counter", "gauge": "gauge", "seconds": "gauge", "times": "histogram", "sizes": "histogram", "shares": "histogram"}
    rows = []
    for shape, inside in re.findall(r"^(METRIC\w*) \((.*)", text, re.M):
        words = [word.strip().strip('"') for word in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', inside)]
        owner = words.pop(0) if shape == "METRIC_SERIES" else words[0].split("_")[0]
        labels = {"METRIC_BY": words[2:3], "METRIC_SERIES": words[2].split(",") if words[2] else []}.get(shape, [])
        rows.append((None if owner in EVERYBODYS else owner, f"aduan_{words[0]}", kinds[words[1]], labels))
    return rows


def test_each_program_says_its_own(stack):
    rows = table()
    assert len(rows) > 100 and {owner for owner, *_ in rows} == {None, *PROGRAMS}
    for program in PROGRAMS:
        families = read(stack.show(program))
        assert {(name, family.kind) for name, family in families.items()} == {
            (name, kind) for owner, name, kind, _ in rows if owner in (None, program)}, program
        for _, name, kind, labels in rows:
            for _, has, _ in families[name].samples if name in families else ():
                assert has.keys() - {"le"} == set(labels) and ("le" in has) <= (kind == "histogram"), name


def test_what_is_done_is_counted(stack):
    web = stack.adapter()
    before = {name: read(stack.show(name)) for name in ("intake", "router", "store")}
    for nth in range(20):
        web.submit(f"Jalan berlubang nomor {nth} di depan pasar.")
    wait(lambda: stack.metric("intake", "intake_drained_total") - before["intake"]["aduan_intake_drained_total"].value() == 20, 30, "all are stored")
    after = {name: read(stack.show(name)) for name in before}

    def grown(program, family, sample="", **labels):
        def total(page):
            return sum(value for name, has, value in page[f"aduan_{family}"].samples
                       if name.endswith(sample or family) and labels.items() <= has.items())
        return total(after[program]) - total(before[program])

    assert grown("intake", "intake_accepted_total") == 20
    assert grown("router", "router_decisions_total") == grown("router", "router_offers_total") == 20
    assert grown("router", "router_confidence_ratio", "_count") == 20
    assert 0 <= grown("router", "router_confidence_ratio", "_sum") <= 20
    assert grown("store", "store_place_batch_rows", "_sum") == 20
    for program, batches, spread in (("intake", "intake_commits_total", "intake_commit_seconds"),
                                     ("store", "store_place_batches_total", "store_place_batch_seconds")):
        assert grown(program, batches) == grown(program, spread, "_count") > 0
        assert 0 < grown(program, spread, "_sum") < 60
    started = after["intake"]["aduan_program_start_time_seconds"].value()
    assert abs(started - os.stat(os.path.join(stack.folder, "run", "intake.ctl")).st_mtime) < 60


# ---- queues, stages, clocks: as SQL says

PUPR, KES = "91.01/PUPR", "91.01/KES"
CATEGORY = {PUPR: 1, KES: 2}
SERIES = ("cases_", "clock_", "stage_", "outbox_", "queue_")


def watched(stack):
    """The store's families, once it has read everything anew."""
    def last():
        return read(stack.show("store"))["aduan_queue_last_success_timestamp_seconds"].value() or 0
    began = stack.sql("select extract (epoch from clock_timestamp ())::float8")[0][0]
    wait(lambda: last() > began, 30, "queues are read again")
    return read(stack.show("store"))


def series(families, name, label):
    return {word: value for word, value in families[f"aduan_{name}"].values(label).items() if value}


def submit(stack, code, count):
    web, before = stack.adapter(), stack.sql("select count (*) from complaint")[0][0]
    for nth in range(count):
        assert web.submit(f"Laporan {nth} untuk {code}.", category=CATEGORY[code], place="91.01")[0] == "accepted"
    stack.wait("select 1 from complaint having count (*) = %s", before + count)


STATES = {"delayed": 5, "taken": 3, "waiting": 4, "parked": 6}


def test_queues_are_right(stack):
    worker, agency = stack.worker(), stack.agency(PUPR)
    submit(stack, PUPR, 9)
    submit(stack, KES, 3)
    cases = worker.pull([agency], 6, lease=600000)
    for act, case in zip(("ack", "ask", "park", "nack", "release"), cases):
        more = {"t8": 3600000} if act == "nack" else {}
        assert worker.act(case, act, "Di mana?" if act == "ask" else None, **more)[0] == "done"
    families = watched(stack)
    rows = stack.sql("select a.code, w.state, w.priority, count (*) from assignment w join agency a on a.agency_id = w.agency"
                     " where w.state < 7 group by 1, 2, 3")
    assert {code for code, *_ in rows} >= {PUPR, KES}
    for word, state in {**STATES, "leased": 2}.items():
        assert series(families, f"queue_{word}", "agency") == {code: n for code, has, _, n in rows if has == state}, word
    ready = {(has["agency"], has["priority"]): n for _, has, n in families["aduan_queue_ready"].samples if n}
    words = {1: "emergency", 2: "high", 3: "normal", 4: "bulk"}
    assert ready == {(code, words[priority]): n for code, state, priority, n in rows if state == 1}
    assert families["aduan_queue_ready"].value(agency=PUPR, priority="normal") >= 4
    assert families["aduan_queue_leased"].value(agency=PUPR) == 1 and families["aduan_queue_delayed"].value(agency=PUPR) == 1
    states = ("received", "verified", "postponed", "assigned", "in_progress", "returned")
    assert series(families, "cases_open", "state") == {
        states[state - 1]: n for state, n in stack.sql("select state, count (*) from complaint where state < 7 group by 1")}


def test_ages_begin_when_work_is_ready(stack):
    """What comes back after a long time is young; what nobody has pulled is as old as it has waited; a delay does not count until it is over."""
    worker, agency = stack.worker(), stack.agency(KES)
    submit(stack, KES, 3)
    stack.rewrite("update complaint set received = received - interval '9 days'")
    stack.sql("update assignment set since = since - interval '2 hours' where agency = %s and state = 1", agency)

    def ages(families):
        return [families[f"aduan_queue_oldest_{what}_age_seconds"].value(agency=KES) for what in ("ready", "parked")]

    assert ages(watched(stack)) == [pytest.approx(7200, abs=60), 0]
    for case in worker.pull([agency], 50, lease=600000):
        assert worker.act(case, "release")[0] == "done"
    families = watched(stack)
    assert ages(families)[0] < 60 and families["aduan_queue_ready"].value(agency=KES, priority="normal") >= 3
    assert max(series(families, "cases_oldest_age_seconds", "state").values()) == pytest.approx(9 * 86400, abs=600)
    first, second, *rest = worker.pull([agency], 50, lease=600000)
    assert worker.act(first, "park")[0] == "done" and worker.act(second, "nack", t8=3600000)[0] == "done"
    for case in rest:
        assert worker.act(case, "ack")[0] == "done"
    stack.sql("update assignment set since = since - interval '3 hours' where agency = %s and state = 6", agency)
    assert ages(watched(stack)) == [0, pytest.approx(10800, abs=60)]
    stack.sql("update assignment set lease_until = now () - interval '5 minutes' where agency = %s and state = 5", agency)
    families = watched(stack)
    assert ages(families)[0] == pytest.approx(300, abs=60) and families["aduan_queue_delayed"].value(agency=KES) == 0


def test_clocks_stages_and_outbox_are_right(stack):
    stack["notifier"].stop()  # what is put into the outbox here stays there
    submit(stack, PUPR, 6)
    ids = [row[0] for row in stack.sql("select complaint_id from complaint where state = 4 order by complaint_id desc limit 6")]
    for nth, (column, off) in enumerate((("due_first", "-2 hours"), ("due_first", "-1 hour"), ("due_first", "3 hours"), ("due_resolve", "-1 day"),
                                         ("due_resolve", "5 hours"), ("due_resolve", "-9 days"))):
        stack.rewrite(f"update complaint set {column} = now () + interval '{off}' where complaint_id = %s", ids[nth])
    stack.rewrite("update complaint set state = 3 where complaint_id = %s", ids[5])  # its clocks stand still
    stack.sql("insert into notice_aside select complaint_id, now () + make_interval (secs => n * 100 - 250), 0, null, 0, 1, 1, 1, 5"
              " from unnest (%s::uuid[]) with ordinality u (complaint_id, n)", ids)  # three are due, three will be
    stack.sql("insert into notice (complaint_id, recipient, event, template, made) values (%s, 0, 9, 1, now () - interval '400 seconds')", ids[0])
    stack.sql("insert into waiting select gen_random_uuid (), 1, 1, 2, '', '', '', now (), now () - interval '70 seconds'")
    stack.sql("insert into quarantine select gen_random_uuid (), '', '22000', '', 1, 1, now (), now () - interval '80 seconds', '', '', ''")
    families = watched(stack)
    untried = stack.sql("select count (*) from notice")[0][0]
    stack["notifier"].start()

    def counts(condition):
        return stack.sql(f"select count (*) from complaint where {condition}")[0][0]

    for clock, runs in (("verify", "state in (1, 2)"), ("first", "state = 4"), ("resolve", "state < 7 and state <> 3")):
        assert families["aduan_clock_overdue"].value(clock=clock) == counts(f"{runs} and due_{clock} <= now ()"), clock
        assert families["aduan_clock_due_soon"].value(clock=clock) == counts(
            f"{runs} and due_{clock} > now () and due_{clock} <= now () + interval '1 day'"), clock
    assert families["aduan_clock_overdue"].value(clock="first") == 2 and families["aduan_clock_overdue"].value(clock="resolve") == 1
    assert families["aduan_clock_longest_overdue_seconds"].value(clock="first") == pytest.approx(7200, abs=60)
    assert families["aduan_clock_longest_overdue_seconds"].value(clock="resolve") == pytest.approx(86400, abs=60)
    assert families["aduan_outbox_notices"].value(channel="sms") == 6
    assert families["aduan_outbox_oldest_due_age_seconds"].value(channel="sms") == pytest.approx(150, abs=60)
    assert families["aduan_outbox_notices"].value(channel="untried") == untried > 0
    assert families["aduan_outbox_oldest_due_age_seconds"].value(channel="untried") == pytest.approx(400, abs=60)
    for stage, table, age in (("reply", "waiting", 70), ("quarantine", "quarantine", 80)):
        assert families["aduan_stage_items"].value(stage=stage) == stack.sql(f"select count (*) from {table}")[0][0] == 1
        assert families["aduan_stage_oldest_age_seconds"].value(stage=stage) == pytest.approx(age, abs=60)
    assert families["aduan_stage_items"].value(stage="unrouted") == counts("state in (1, 2)")
    stack.sql("delete from waiting")
    stack.sql("delete from quarantine")
    stack.sql("delete from notice_aside")


def test_what_cannot_be_read_is_left_out(stack):
    def families():
        return read(stack.show("store"))

    submit(stack, KES, 1)
    assert watched(stack)["aduan_queue_ready"].samples
    stack.postgres.stop()
    try:
        wait(lambda: families()["aduan_queue_scrape_success"].value() == 0, 60, "it is said")
        page = families()
        assert page["aduan_queue_last_success_timestamp_seconds"].value() > 0
        left = {name for name, family in page.items() if family.samples and name.removeprefix("aduan_").startswith(SERIES)}
        assert left == {f"aduan_queue_{name}" for name in ("scrape_success", "last_success_timestamp_seconds", "scrape_duration_seconds")}
    finally:
        stack.postgres.start()
    wait(lambda: families()["aduan_queue_scrape_success"].value() == 1, 60, "and that it is over")
    assert families()["aduan_queue_ready"].samples


def test_what_is_broken_off_is_asked_again_ever_later(stack):
    """A statement that takes longer than PostgreSQL lets it costs as much as one that comes to its end: it is not begun anew each second."""
    reader = "from pg_stat_activity where query like '%with work as materialized%' and pid <> pg_backend_pid ()"
    assert watched(stack)["aduan_queue_scrape_success"].value() == 1
    stack.sql("alter role aduan_store set statement_timeout = '300ms'")
    blocker, begun = stack.postgres.connect("super"), set()
    try:
        stack.sql(f"select pg_terminate_backend (pid) {reader}")
        watched(stack)  # by a new connection
        blocker.cursor().execute("begin; lock table quarantine in access exclusive mode")
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            begun |= {row[0] for row in stack.sql(f"select query_start {reader} and state = 'active'")}
            time.sleep(0.02)
        assert read(stack.show("store"))["aduan_queue_scrape_success"].value() == 0
    finally:
        blocker.close()
        stack.sql("alter role aduan_store set statement_timeout = '30s'")
        stack.sql(f"select pg_terminate_backend (pid) {reader}")
    assert 3 <= len(begun) <= 6, begun
    wait(lambda: read(stack.show("store"))["aduan_queue_scrape_success"].value() == 1, 60, "it is read again")


def test_only_what_is_open_is_read(stack):
    """Twenty thousand cases that have ended cost nothing: no table is read from its beginning, and no more pages than what is open has."""
    open_before = stack.sql("select count (*) from assignment where open")[0][0]
    fill(stack, 20000, search=False)
    connection = stack.postgres.connect("aduan_store")
    cursor = connection.cursor()
    with open(os.path.join(ROOT, "store", "sql", "query", "watch_queues.sql"), encoding="utf-8") as file:
        cursor.execute("prepare watch as " + file.read())
    cursor.execute("explain (analyze, buffers, format json) execute watch (800, 86400000)")
    plan = cursor.fetchone()[0][0]
    connection.close()
    opened = stack.sql("select count (*) from assignment where open")[0][0]
    seen = []

    def look(node):
        table = node.get("Relation Name")
        if table in ("complaint", "content", "event", "assignment", "notice_ended", "delivery"):
            seen.append((table, node["Node Type"], node.get("Index Name"), "Index Cond" in node))
        for child in node.get("Plans", ()):
            look(child)

    look(plan["Plan"])
    assert set(seen) == {("assignment", "Index Scan", "assignment_open", False), ("complaint", "Index Scan", "complaint_pkey", True)}, seen
    pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    print(f"{opened} open of {stack.sql('select count (*) from complaint')[0][0]}: {pages} pages, {plan['Execution Time']:.0f} ms")
    assert open_before < opened < 10000 and pages < 12 * opened + 2000, pages
    families = watched(stack)
    agencies = families["aduan_queue_ready"].values("agency").keys()
    assert len(agencies) == 800 + 1 and "others" in agencies, len(agencies)
    assert sum(value for _, _, value in families["aduan_queue_parked"].samples) == stack.sql("select count (*) from assignment where state = 6")[0][0]
    assert len(stack.show("store")) < 1000000
