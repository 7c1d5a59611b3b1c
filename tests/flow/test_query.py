#!/usr/bin/python3
"""aduan-query on a real PostgreSQL: every named query, what it may not read, and an outage.

The peer below speaks the protocol by itself (PROTOCOL.md); it imports nothing of ours.
ADUAN_BUILD names the folder of the build whose programs are tested.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import msgpack
import pytest
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from private_postgres import PrivatePostgres  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
HELLO, WELCOME, PING, ASK, ROWS, SHOW, SHOWN = 1, 2, 4, 50, 51, 52, 53
DONE, REFUSED = 1, 3
DEADLINE = 20


class Asker:
    """Says hello, asks, waits for rows."""

    def __init__(self, path):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{path}")
        self.ref = 0
        self.greet()

    def greet(self):
        """Opens the conversation; whoever was silent for long, as over a slow start of PostgreSQL's, has lost it."""
        deadline = time.monotonic() + DEADLINE
        while True:
            self.say(HELLO, {1: 1, 2: "test", 3: os.urandom(16)})
            if self.socket.poll(500) and self.receive()[0] == WELCOME:
                return
            assert time.monotonic() < deadline, "no welcome"

    def say(self, number, fields):
        self.socket.send(msgpack.packb([1, number, fields]))

    def receive(self):
        _, number, fields = msgpack.unpackb(self.socket.recv(), strict_map_key=False)
        return number, fields

    def send_ask(self, query, *arguments):
        self.ref += 1
        self.say(ASK, {1: self.ref, 2: query, 3: json.dumps(list(arguments))})
        return self.ref

    def rows(self, ref):
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            if not self.socket.poll(1000):
                self.say(PING, {})
                continue
            number, fields = self.receive()
            if number == ROWS and fields[1] == ref:
                return fields[2], fields[3]
        raise AssertionError("no rows")

    def ask(self, query, *arguments):
        verdict, rows = self.rows(self.send_ask(query, *arguments))
        assert verdict == DONE, rows
        return json.loads(rows)

    def refusal(self, query, *arguments):
        verdict, why = self.rows(self.send_ask(query, *arguments))
        assert verdict == REFUSED, why
        return why if isinstance(why, str) else why.decode()


SEED = """
insert into region values ('33', 1, 'Jawa Tengah', 7), ('33.74', 2, 'Kota Semarang', 7);
insert into function (code, name, unit_name, levels) values ('PUPR', 'Jalan', 'Dinas PU', 'regency');
insert into agency (code, parent, kind, flags, name) values ('ID', null, 'root', 'desk', 'Meja nasional');
insert into agency (code, parent, kind, region, flags, name) values ('33.74', 1, 'agency', '33.74', 'desk', 'Kota Semarang');
insert into agency (code, parent, kind, function_id, region, name)
    values ('33.74/PUPR', 2, 'unit', 1, '33.74', 'Dinas PU Kota Semarang');
select agency_derive ();
insert into category values (1, null, 1, null, 2, 'Jalan rusak');
insert into step values (1, 'place', true), (16, 'progress', true), (17, 'answer', true), (19, 'hand_back', true);
insert into complaint (complaint_id, number, version, received, due_first, due_resolve, holder, adapter, state,
                       channel, class, priority, rung, confidence, flags) values
    ('01000000-0000-0000-0000-000000000001', 0, 1, now () - interval '90 s', now () + interval '5 d', now (), 3, 1, 5,
     1, 2, 3, 3, 900, 1),
    ('01000000-0000-0000-0000-000000000002', 1152921504606846975, 1, now () - interval '20 s', null, now (), 3, 1, 1,
     1, 2, 3, 6, 0, 3);
insert into content (complaint_id, digest, decision, title, body, seal, contact, target) values
    ('01000000-0000-0000-0000-000000000001', 'd', '{"rung": 3}', 'Lubang', 'Jalan berlubang', 'S', 'C', '33.74'),
    ('01000000-0000-0000-0000-000000000002', 'd', null, 'Rahasia', 'Isi rahasia', 'S', 'C', '33.74/PUPR');
insert into event (complaint_id, at, act_key, principal, agency, kind, number, text) values
    ('01000000-0000-0000-0000-000000000001', now () - interval '80 s', '01000000-0000-0000-0000-000000000001', 0, 3, 1, 1, null),
    ('01000000-0000-0000-0000-000000000001', now (), '01000000-0000-0000-0000-0000000000aa', 2, 3, 17, 2, 'Sudah ditambal'),
    ('01000000-0000-0000-0000-000000000001', now () + interval '1 s', '01000000-0000-0000-0000-0000000000ac', 2, 3, 19, 3, 'Pelapor ini sering keliru'),
    ('01000000-0000-0000-0000-000000000002', now (), '01000000-0000-0000-0000-0000000000ab', 2, 3, 16, 2, 'Kata rahasia');
insert into assignment (complaint_id, due, version, agency, state, priority, lease_until) values
    ('01000000-0000-0000-0000-000000000001', now (), 2, 3, 4, 3, null),
    ('01000000-0000-0000-0000-000000000002', now (), 1, 3, 2, 3, now () - interval '40 s');
insert into notice (complaint_id, recipient, event, template) values ('01000000-0000-0000-0000-000000000001', 0, 1, 1);
insert into notice_ended values ('01000000-0000-0000-0000-000000000001', 2, 0, 3, 4, 1, 4, 10056, now ());
insert into quarantine values ('01000000-0000-0000-0000-000000000003', 'd', '22000', 'planted', 1, 1, now (), now (), 'o', 's', 'c');
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("query")
    os.chmod(folder, 0o755)
    for parent in list(folder.parents)[:-1]:
        if parent != pathlib.Path("/tmp") and os.stat(parent).st_uid == os.geteuid():
            os.chmod(parent, 0o755)
    with PrivatePostgres(str(folder / "pg")) as postgres:
        postgres.migrate(str(ROOT / "store" / "sql" / "schema"))
        postgres.sql(SEED)
        log = open(folder / "query.log", "w", encoding="utf-8")
        daemon = subprocess.Popen(
            [str(BUILD / "store" / "query" / "aduan-query"), "-o", f"run={folder}", "-o", f"data={folder}",
             "-o", f"database={postgres.conninfo('aduan_query')}", "-o", f"desk={postgres.conninfo('aduan_desk')}", "-o", "pool=2", "-o", "wait=3s", "-o", "waiting=8"],
            stderr=log)
        try:
            yield postgres, Asker(folder / "query.sock"), folder
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE) == 0, (folder / "query.log").read_text()
            log.close()


def number_of(bits):
    """The tracking number, from RELIABILITY 5.4 and not from our source."""
    symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    digits = [bits >> 5 * at & 31 for at in range(11, -1, -1)]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        product = digit * (2 if place % 2 == 0 else 1)
        total += product // 32 + product % 32
    return "A" + "".join(symbols[digit] for digit in digits) + symbols[-total % 32]


def test_numbers_agree(world):
    postgres, _, _ = world
    for bits in (0, 1, 31, 32, 1 << 59, (1 << 60) - 1, 0x0123456789ABCDE, 987654321987654321):
        assert postgres.sql("select number_text (%s)", bits) == [(number_of(bits),)]
        assert postgres.sql("select number_bits (%s)", number_of(bits)) == [(bits,)]
    good = number_of(0x0123456789ABCDE)
    assert postgres.sql("select number_bits (%s)", good.lower()[:5] + " -" + good[5:]) == [(0x0123456789ABCDE,)]
    for bad in ("", "A", good[:-1], good + "0", "B" + good[1:], good[:-1] + ("0" if good[-1] != "0" else "1"), "A" + "U" * 13):
        assert postgres.sql("select number_bits (%s)", bad) == [(None,)]


def test_track(world):
    _, asker, _ = world
    (row,) = asker.ask("track", number_of(0))
    assert row["status"] == "in_progress" and row["holder"] == "33.74/PUPR" and not row["secret"]
    assert [(event["kind"], event["text"]) for event in row["history"]] == [("placed", None), ("answer", "Sudah ditambal"),
                                                                             ("hand_back", None)], "what agencies write to one another is no news"
    assert row["assignments"] == [{"agency": "33.74/PUPR", "lead": True, "version": 2, "state": "waiting"}]
    (row,) = asker.ask("read_track", number_of((1 << 60) - 1))
    assert row["secret"] and [event["text"] for event in row["history"]] == [None]
    assert asker.ask("track", number_of(5)) == []
    assert asker.ask("track", "nonsense") == []
    assert asker.ask("track", "'; select 1 --") == []


def test_queue(world):
    _, asker, _ = world
    (row,) = asker.ask("queue", "")
    assert {key: row[key] for key in ("agency", "ready", "leased", "taken", "waiting", "delayed", "parked")} == {
        "agency": "33.74/PUPR", "ready": 1, "leased": 0, "taken": 0, "waiting": 1, "delayed": 0, "parked": 0}
    assert 39 <= row["oldest_ready_age_seconds"] <= 110, "since its lease ran out, not since its receipt"
    (row,) = asker.ask("queue", "ID")
    assert row["ready"] == 0 and row["oldest_ready_age_seconds"] is None
    assert asker.ask("queue", "no such") == []


def test_registry(world):
    _, asker, _ = world
    assert [row["code"] for row in asker.ask("agency", "33.74")] == ["33.74", "33.74/PUPR"]
    assert asker.ask("agency", "33.74/PUPR")[0]["parent"] == "33.74"
    assert asker.ask("agency", "")[0]["code"] == "ID"
    assert asker.ask("agency", "%") == []
    (row,) = asker.ask("category")
    assert row["function"] == "PUPR" and row["class"] == "complaint_plain"


def test_calendar_in_force(world):
    postgres, asker, folder = world
    postgres.sql("insert into calendar_day values (0, '2026-03-17', 'extra', 'ID', 'Hari jadi'), (0, '2026-03-16', 'extra', 'ID', 'Gempa')")
    assert [row["day"] for row in asker.ask("days_off")] == ["2026-03-16", "2026-03-17"]
    settings = folder / "aduan.yaml"
    settings.write_text(f"run: {folder}\ndata: {folder}\n", encoding="utf-8")
    said = subprocess.run([str(BUILD / "deploy" / "aduan" / "aduan"), "deadline", "2026-03-13", "1", "--json", "-c", str(settings)],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    answer = json.loads(said.stdout)
    assert answer["due"] == "2026-03-18" and [day["name"] for day in answer["skipped"][2:]] == ["Gempa", "Hari jadi"]


def test_calendar_versions(world):
    postgres, asker, folder = world
    assert [row["version"] for row in asker.ask("calendars")] == [0]
    postgres.sql("insert into calendar values (1, now (), false, 900, false, 'percobaan')")
    postgres.sql("insert into calendar_year values (1, 2026, true), (1, 2027, false)")
    postgres.sql("insert into calendar_day values (1, '2026-03-18', 'extra', 'ID', 'Hari jadi')")
    try:
        (row, _) = asker.ask("calendars")
        assert (row["version"], row["days"], row["years"], row["unverified"], row["cut_off"], row["note"]) == (1, 1, [2026, 2027], [2027], "15:00", "percobaan")
        (row,) = asker.ask("calendar", "")
        assert row["text"] == ("day\tkind\tscope\tname\ncut_off\t15:00\ncollective_leave\tworked\nyear\t2026\tverified\nyear\t2027\tunverified\n"
                               "2026-03-18\textra\tID\tHari jadi\n")
        assert asker.ask("calendar", "0")[0]["version"] == 0 and asker.ask("calendar", "7") == [] and asker.ask("calendar", "x") == []
        assert {(row["rule"], row["clock"], row["class"], tuple(row["days"])) for row in asker.ask("limits")} >= {
            ("limit", "verify", None, (3,)), ("limit", "resolve", "complaint_oversight", (60,)), ("escalate", "first", None, (0, 3, 7, 14))}

        def said(*arguments, wanted=0):
            done = subprocess.run([str(BUILD / "deploy" / "aduan" / "aduan"), *arguments, "-c", str(folder / "aduan.yaml"), "--lang", "en"],
                                  capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == wanted, done.stderr
            return done.stdout

        assert said("calendar", "show") == row_text(asker, "") and said("calendar", "show", "0") == row_text(asker, "0")
        assert "percobaan" in said("calendar", "list") and "2026-2027" in said("calendar", "list")
        assert "+ 2026-03-18\textra\tID\tHari jadi" in said("calendar", "diff", "0", "1")
        assert said("calendar", "show", "7", wanted=1) == ""
    finally:
        for table in ("calendar_day", "calendar_year", "calendar"):
            postgres.sql(f"delete from {table} where calendar_version = 1")


def row_text(asker, version):
    return asker.ask("calendar", version)[0]["text"]


def test_complaint(world):
    _, asker, _ = world
    (row,) = asker.ask("complaint", "01000000-0000-0000-0000-000000000001")
    assert row["body"] == "Jalan berlubang" and row["decision"] == {"rung": 3} and row["number"] == number_of(0)
    assert row["target"] == "33.74"
    (row,) = asker.ask("complaint", "01000000-0000-0000-0000-000000000002")
    assert row["body"] is None and row["title"] is None and row["target"] is None
    assert "does not fit" in asker.refusal("complaint", "no uuid")


def test_counts(world):
    _, asker, _ = world
    (row,) = asker.ask("counts")
    assert row["complaints"] == 2 and row["leads"] == 2 and row["notices"] == 1 and row["notices_unknown"] == 1
    assert row["quarantine"] == 1 and row["complaints_by_state"] == {"received": 1, "in_progress": 1}
    (row,) = asker.ask("notices")
    assert row["outcome"] == "unknown" and row["template"] == "answered"
    (row,) = [row for row in asker.ask("deliveries", "", "parked")]
    assert row["state"] == "unknown" and row["template"] == "answered" and row["owner"] == "ID"
    (row,) = asker.ask("quarantine")
    assert row["reason"] == "planted" and row["owner"] == "ID"


def test_refused(world):
    _, asker, _ = world
    assert "no query" in asker.refusal("place_complaints")
    assert "number of arguments" in asker.refusal("track")
    asker.ref += 1
    asker.say(ASK, {1: asker.ref, 2: "track", 3: "not json"})
    assert asker.rows(asker.ref)[0] == REFUSED


def test_role_is_narrow(world):
    """What the program's role may not do, asked directly: sealed columns, secrets, any write."""
    postgres, _, _ = world
    for text in ("select seal from content", "select contact from content", "select raw_body from content", "select * from content",
                 "select submission from refused", "select content from waiting", "select offer from quarantine",
                 "select key from principal", "select id_key_check from installation",
                 "update complaint set state = 9", "delete from event", "insert into calendar_day values (0, '2026-01-01', 'extra', 'ID', 'x')",
                 "create table public.t ()", "create function public.f () returns int language sql as 'select 1'"):
        with pytest.raises(Exception, match="permission denied"):
            postgres.sql(text, user="aduan_query")


def test_seqscan_free(world):
    """With sequential scans off none remains in the hot queries: otherwise an index is missing."""
    postgres, _, _ = world
    connection = postgres.connect("aduan_query")
    with connection.cursor() as cursor:
        cursor.execute("set enable_seqscan = off")
        for name, value in (("track", number_of(0)), ("complaint", "01000000-0000-0000-0000-000000000001")):
            text = (ROOT / "store" / "sql" / "query" / f"read_{name}.sql").read_text()
            cursor.execute(f"prepare {name} as " + text)
            cursor.execute(f"explain execute {name} ('{value}')")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on complaint" not in plan and "Seq Scan on event" not in plan, plan
            assert "Seq Scan on assignment" not in plan and "Seq Scan on content" not in plan, plan
    connection.close()


def test_many_at_once(world):
    """More questions than connections: each is answered, in whatever order."""
    _, asker, _ = world
    refs = [asker.send_ask("track", number_of(0)) for _ in range(8)]
    found = set()
    deadline = time.monotonic() + DEADLINE
    while len(found) < len(refs) and time.monotonic() < deadline:
        if asker.socket.poll(1000):
            number, fields = asker.receive()
            if number == ROWS:
                assert fields[2] == DONE
                found.add(fields[1])
    assert found == set(refs)


def said(path, text):
    """How often the log says it of a connection of aduan_query's."""
    return sum(text in line for line in path.read_text().splitlines() if " database query " in line)


def wait_for(path, text, count=1):
    deadline = time.monotonic() + DEADLINE
    while said(path, text) < count:
        assert time.monotonic() < deadline, f"'{text}' is not in:\n{path.read_text()}"
        time.sleep(0.02)


def test_outage(world):
    """PostgreSQL goes away: questions wait, are refused when their time is over, the rest are refused
    at the bound; it comes back: answered, without a restart; one line at each end."""
    postgres, asker, folder = world
    log = folder / "query.log"
    lines = said(log, "trying again for ever")
    ups = said(log, "connected, after")
    postgres.kill()
    wait_for(log, "trying again for ever", lines + 2)
    asker.greet()
    refs = [asker.send_ask("counts") for _ in range(9)]
    verdict, why = asker.rows(refs[-1])
    assert verdict == REFUSED and "too many" in str(why)
    for ref in refs[:-1]:
        verdict, why = asker.rows(ref)
        assert verdict == REFUSED and "in time" in str(why)
    waits = asker.send_ask("counts")
    postgres.start(wait=False)  # who waits for it says nothing, and a silent conversation ends
    verdict, rows = asker.rows(waits)
    if verdict == REFUSED:  # the start took longer than a question waits
        wait_for(log, "connected, after", ups + 1)
        asker.greet()
        rows = json.dumps(asker.ask("counts"))
    assert json.loads(rows)[0]["complaints"] == 2
    wait_for(log, "connected, after", ups + 2)
    assert said(log, "trying again for ever") == lines + 2


def test_restart_in_mid_query(world):
    """A connection that is cut under a question costs a repeat, not an answer."""
    postgres, asker, _ = world
    asker.greet()
    for _ in range(5):
        ref = asker.send_ask("counts")
        postgres.sql("select pg_terminate_backend (pid) from pg_stat_activity where usename = 'aduan_query'")
        assert asker.rows(ref)[0] == DONE


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
