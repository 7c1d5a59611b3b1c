"""Die at each point of fault.def, restart, and account for every complaint, act and notice."""
import collections
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

from adapter import new_code
from spoolbench import wait
from stack import ROOT, Stack
from store_door import StoreDoor

with open(os.path.join(ROOT, "common", "base", "fault.def"), encoding="utf-8") as file:
    FAULTS = re.findall(r"^FAULT \((\w+),\s*(\w+),\s*(\w+)", file.read(), re.M)
START = {"start_before_rewrite", "start_rewritten", "start_closed"}
NOTIFIER = {name for name, program, _ in FAULTS if program == "notifier"} | {"born_committed", "claim_received", "claim_committed", "told_received", "told_committed"}
PLANTED = {"quarantine_before", "quarantine_after"}
HELD = {"held_committed"}
CLOCKS = {name for name, _, row in FAULTS if row == "C"}
FILES = {name for name, _, row in FAULTS if row in ("K", "E")}  # test_file_faults.py
ORDERED = {name for name, _, row in FAULTS if row == "O"}
RETURNED = {"redecide_sent", "redecide_received", "redecided_received", "moved_committed"}


def test_page_and_list_agree():
    with open(os.path.join(ROOT, "docs", "crash.md"), encoding="utf-8") as page:
        rows = [line.split("|") for line in page if line.startswith("| ") and not line.startswith("| s")]
    named = {}
    for row in rows:
        for point in row[-2].split():
            named.setdefault(point, set()).add(row[1].split()[0])
    for name, _, row in FAULTS:
        assert row in named.get(name, set()), f"{name}: docs/crash.md does not name it in row {row}"
    assert set(named) == {name for name, _, _ in FAULTS}


class Life:
    """A few complaints taken through their whole lives, whatever dies on the way."""

    def __init__(self, stack):
        self.stack = stack
        self.accepted = {}
        self.answered = {}

    def revive(self):
        for program in self.stack.programs.values():
            if not program.alive():
                program.process.wait()
                program.start()

    def died(self, program, starts, name):
        """What it committed last may be seen before its death is."""
        def revived():
            self.revive()
            return self.stack[program].starts >= starts
        wait(revived, 10, f"{program}'s death at {name}: it was never reached")

    def stored(self):
        """What was accepted is in rows: what comes next is a batch of its own."""
        def counted():
            self.revive()
            return self.stack.sql("select count (*) from complaint where category = 1")[0][0] == len(self.accepted)
        wait(counted, 40, "what was accepted, in rows")

    def submit(self, adapter, number, revive=True):
        key, created = f"crash-{number}".encode(), 1700000000000 + number
        for _ in range(6):
            verdict, answer = adapter.submit(f"Laporan nomor {number}", key=key, created=created, category=1, place="91.01",
                                             email="r@example.org", secret=1, seconds=3)
            if revive:
                self.revive()
            if verdict == "accepted":
                self.accepted[number] = answer
                return
        raise AssertionError(f"never accepted: {verdict} {answer}")

    def work(self, worker, agency, seconds=60):
        deadline = time.monotonic() + seconds
        while len(self.answered) < len(self.accepted) and time.monotonic() < deadline:
            self.revive()
            for case in worker.pull([agency], 4, 500, lease=1500, seconds=4) or []:
                key = os.urandom(16)
                for _ in range(4):
                    verdict, _ = worker.act(case, "answer", "Sudah ditangani", key=key, seconds=3)
                    self.revive()
                    if verdict != "unknown":
                        break
                if verdict == "done":
                    self.answered[case["number"]] = self.answered.get(case["number"], 0) + 1


@pytest.mark.parametrize("name, program", [(name, program) for name, program, _ in FAULTS
                                           if name not in NOTIFIER | PLANTED | RETURNED | HELD | CLOCKS | ORDERED | FILES])
def test_die_at(folder, name, program):
    settings = ""
    with Stack(folder, settings=settings) as stack:
        life, adapter, worker = Life(stack), stack.adapter(), stack.worker()
        agency = stack.agency("91.01/PUPR")
        for number in range(3):
            life.submit(adapter, number)
        if name in START:  # dies in the start itself, with records that are not stored yet
            stack["store"].kill()
            adapter.submit("menunggu di spool", key=b"waiting", created=1700000000500, category=2, place="92.01", seconds=5)
            stack["intake"].kill()
            stack["intake"].start(wait=False, FAULT=f"{name}:kill:1")
            stack["intake"].process.wait(30)
            os.close(stack["intake"].ready_fd)
            stack["intake"].start()
            stack["store"].start()
        else:
            stack[program].stop()
            stack[program].start(FAULT=f"{name}:kill:2")
        size = 40000 if name.startswith("segment") else 0
        for number in range(6, 46 if size else 12):
            life.submit(adapter, number)
            if not size and name not in START:
                life.stored()
            if size:  # fill a segment of 1 MiB
                adapter.submit("x" * 9000, title="besar", seconds=5, category=2, place="92.01", key=f"fill-{number}".encode(), created=1700000001000)
                life.revive()
        life.work(worker, agency)
        stack.wait("select 1 from complaint where category = 1 having count(*) = %s", len(life.accepted), seconds=40)
        life.revive()
        if not name.startswith("segment"):
            if name not in START:
                life.died(program, 3, name)
        numbers = {row[0] for row in stack.sql("select number from complaint where category = 1")}
        assert len(numbers) == len(life.accepted)
        events = stack.sql("select complaint_id, count(*) from event where kind = 17 group by 1 having count(*) > 1")
        assert not events, "answered twice"
        assert stack.sql("select count(*) from event where kind = 17")[0][0] == len(life.accepted)
        assert stack.sql("select count(*) from quarantine")[0][0] == 0
        stack.checks()


@pytest.mark.parametrize("name", sorted(RETURNED))
def test_handing_back_dies_at(folder, name):
    """Every hand-back is decided, once, by whoever is alive: each complaint has its owner, its clocks, and one notice a move."""
    program = next(program for fault, program, _ in FAULTS if fault == name)
    with Stack(folder) as stack:
        life, adapter, worker = Life(stack), stack.adapter(), stack.worker()
        asker, coordinator = stack.agency("91.01/PUPR"), stack.agency("91.01")
        for number in range(6):
            life.submit(adapter, number)
        stack.wait("select 1 from complaint having count(*) = 6")
        clocks = "select complaint_id, number, received, due_first, due_verify, due_resolve from complaint order by 1"
        before = stack.sql(clocks)
        stack[program].stop()
        stack[program].start(FAULT=f"{name}:kill:2")
        given, deadline = {}, time.monotonic() + 90
        while len(given) < 6 and time.monotonic() < deadline:
            life.revive()
            for case in worker.pull([asker], 2, 500, lease=1500, seconds=4) or []:
                key = os.urandom(16)
                for _ in range(4):
                    verdict, _ = worker.act(case, "hand_back", "Bukan kami", key=key, seconds=3, t9=1)
                    life.revive()
                    if verdict != "unknown":
                        break
                if verdict == "done":
                    given[case["number"]] = given.get(case["number"], 0) + 1

        def decided():
            life.revive()
            return not stack.sql("select from returned") and stack.sql("select count(*) from event where kind = 2")[0][0] == 6

        wait(decided, deadline - time.monotonic(), "the last hand-back's decision")
        life.died(program, 3, name)
        assert stack.sql("select complaint_id, count(*) from event where kind in (2, 19) group by 1 having count(*) <> 2") == []
        assert stack.sql("select state, holder, count(*) from complaint group by 1, 2") == [(1, coordinator, 6)]
        assert stack.sql("select count(*) from notice where template = 2")[0][0] == 6
        assert stack.sql(clocks) == before
        stack.checks()


@pytest.mark.parametrize("name", sorted(RETURNED | HELD))
def test_later_words_die_at(folder, name):
    """Words that tell of misconduct reach the inspectorate, once, and not their holder, whoever dies with them."""
    program = next(program for fault, program, _ in FAULTS if fault == name)
    with Stack(folder) as stack:
        life, adapter, worker = Life(stack), stack.adapter(), stack.worker()
        holder, inspectorate = stack.agency("91.01/PUPR"), stack.agency("91.01/PENGAWASAN")
        codes = {}
        for number in range(6):
            codes[number] = new_code()
            verdict, answer = adapter.submit(f"Laporan nomor {number}", code=codes[number], category=1, place="91.01", secret=1, email="r@example.org")
            assert verdict == "accepted"
            life.accepted[number] = answer
        stack.wait("select 1 from complaint having count(*) = 6")
        for case in worker.pull([holder], 6, 2000):
            assert worker.act(case, "answer", "Akan kami periksa")[0] == "done"
        clocks = "select complaint_id, number, received, due_first, due_verify from complaint order by 1"
        before = stack.sql(clocks)
        stack[program].stop()
        stack[program].start(FAULT=f"{name}:kill:2")
        deadline = time.monotonic() + 90
        for number, answer in life.accepted.items():
            for _ in range(6):
                verdict, _ = adapter.submit("Ada pungli di sana", kind=2, parent=answer[3], code=codes[number], key=f"words-{number}".encode(),
                                            created=1700000002000, seconds=3)
                life.revive()
                if verdict == "accepted":
                    break
            assert verdict == "accepted"

        def decided():
            life.revive()
            assert worker.pull([holder], 6, 0, seconds=2) in (None, []), "the holder has got it back with the words"
            return not stack.sql("select from returned") and stack.sql("select count(*) from event where kind = 2")[0][0] == 6

        wait(decided, deadline - time.monotonic(), "the last words' decision")
        life.died(program, 3, name)
        assert stack.sql("select complaint_id, count(*) from event where kind in (2, 32) group by 1 having count(*) <> 2") == []
        assert stack.sql("select state, holder, flags & 6, count(*) from complaint group by 1, 2, 3") == [(4, inspectorate, 6, 6)]
        assert stack.sql("select count(*) from notice where template = 2")[0][0] == 6
        assert stack.sql(clocks) == before
        stack.checks()


LATE = """with late as (
    select due_at (d.day + interval '5 hours', 5, 7) as first, due_at (d.day + interval '5 hours', 14, 7) as resolve, d.day + interval '5 hours' as received
    from (select day::timestamptz from working_day where calendar_version = calendar_now () and nth = working_days_to (calendar_now (), current_date) - 10) d
), aged as (
    update complaint set received = late.received, due_first = late.first, due_resolve = late.resolve from late where state < 7
), past as (
    update event set at = late.received from late
)
update wake set at = now () - interval '1 hour'"""


@pytest.mark.parametrize("name", sorted(CLOCKS))
def test_timers_die_at(folder, name):
    """What is due is done once, whoever dies with it: breach, escalations, a changed calendar's due times."""
    with Stack(folder, programs=("store",)) as stack:
        life, agency = Life(stack), stack.agency("91.01/PUPR")
        stack.sql("update agency set zone = 7")
        stack.restart("store")
        door = StoreDoor(stack)
        for _ in range(600):  # more than two batches of looks
            door.place(agency, region="91.01", class_=2, wait=False)
        door.until("select 1 from complaint having count (*) = 600")
        stack["store"].stop()
        stack.rewrite(LATE)
        deadline, moved = time.monotonic() + 90, name.startswith("recompute")
        if moved:
            path = os.path.join(stack.folder, "days.tsv")
            with open(path, "w", encoding="utf-8") as file:
                file.write(stack.sql("select calendar_text (calendar_now ())")[0][0])
                file.write(stack.sql("select max (day) || E'\\textra\\tID\\tx\\n' from working_day where calendar_version = calendar_now () and day < current_date")[0][0])
            stack.migrate("calendar", path)
        stack["store"].start(wait=False, FAULT=f"{name}:kill:1" if moved else f"{name}:kill:2")
        stack["store"].process.wait(60)
        os.close(stack["store"].ready_fd)
        assert stack["store"].process.returncode == -9, f"{name} was never reached"
        stack["store"].start()

        def worked_off():
            life.revive()
            return not stack.sql("select 1 from wake where at <= now () union all select 1 from recompute")

        wait(worked_off, deadline - time.monotonic(), "the last look")
        kinds = dict(stack.sql("select kind, count (*) from event where kind between 40 and 48 group by 1"))
        assert kinds[41] == 600 and kinds[42] == 1200, kinds
        assert stack.sql("select complaint_id from event where kind between 40 and 48 and kind <> 45 group by complaint_id, kind, data ->> 'clock', data ->> 'level'"
                         " having count (*) > 1") == []
        if moved:
            assert kinds[45] == 600 and stack.sql("select complaint_id from event where kind = 45 group by complaint_id, data ->> 'clock' having count (*) > 1") == []
        stack.checks()


@pytest.fixture
def sink(tmp_path):
    """A real SMTP server; its folder and port."""
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "support", "smtp_sink.py"), str(tmp_path)])
    wait(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text(), 30, "the SMTP server")
    yield tmp_path, int((tmp_path / "port").read_text())
    process.terminate()
    process.wait()


def mails(folder):
    """How many each address got."""
    found = collections.Counter()
    for path in pathlib.Path(folder, "mail").glob("*.eml"):
        found.update(re.findall(r"^To: <(.*)>", path.read_text(encoding="utf-8", errors="replace"), re.M))
    return found


@pytest.mark.parametrize("name", sorted(NOTIFIER))
def test_telling_dies_at(folder, sink, name):
    """Each notice is sent once, or is unknown and counted, which it is only where the notifier itself died."""
    program = next(program for fault, program, _ in FAULTS if fault == name)
    mail, port = sink
    with Stack(folder, programs=("store", "router", "intake", "notifier"), smtp=f"smtp://127.0.0.1:{port}") as stack:
        life, adapter, worker = Life(stack), stack.adapter(), stack.worker()
        agency, deadline = stack.agency("91.01/PUPR"), time.monotonic() + 150
        for each in ("notifier", "store"):
            stack[each].stop()
        stack["store"].start(**({"FAULT": f"{name}:kill:1"} if program == "store" else {}))
        for number in range(3):  # these wait in the outbox
            life.submit(adapter, number, revive=False)
        stack["notifier"].start(**({"FAULT": f"{name}:kill:1"} if program == "notifier" else {}))
        while stack[program].starts < 3:
            assert time.monotonic() < deadline, f"{name} was never reached"
            life.submit(adapter, len(life.accepted))  # meets a claim that stands
            life.work(worker, agency)
        assert len(life.answered) == len(life.accepted)

        def told():
            life.revive()
            stack.sql("update notice set not_before = null")  # what was given back is due in half a minute
            stack.sql("update dispatch set claimed_at = claimed_at - interval '1 h' where claimed_at < now () - interval '20 s'")
            return stack.sql("select (select count (*) from notice) + (select count (*) from dispatch)")[0][0] == 0

        wait(told, deadline - time.monotonic(), "the last notice's end")
        unknown = stack.sql("select count (*) from notice_ended where outcome = 4")[0][0]
        sent, made = mails(mail)["r@example.org"], 2 * len(life.accepted)
        assert made - unknown <= sent <= made, f"{made} made, {sent} sent, {unknown} unknown"
        assert unknown <= (16 if program == "notifier" else 0), "a living notifier had them, or nobody"
        stack.checks()


@pytest.mark.parametrize("name", sorted(ORDERED))
def test_die_in_an_order(folder, name):
    """An invitation, accepted, and a session by it, while the store dies at the point each time: each order takes effect once, and
    is told the same by its repeat."""
    from people import code_of
    with Stack(folder) as stack:
        front, boss = stack.front(), stack.person("91.01", "coordinator")

        def order(order_name, who=None, /, **arguments):
            key, deadline = os.urandom(16), time.monotonic() + 90
            stack["store"].stop()
            stack["store"].start(FAULT=f"{name}:kill:1")
            first = None
            while not first or first.word == "unknown":
                assert time.monotonic() < deadline, f"{order_name} is never answered"
                first = front.order(order_name, who, repeat=key, seconds=2.5, each=2.0, **arguments)
                if not stack["store"].alive():
                    stack["store"].process.wait()
                    stack["store"].start()
            again = front.order(order_name, who, repeat=key, **arguments)
            assert first.word == "done" and first.result == again.result, (order_name, first, again)
            return again.result

        token = order("invite", boss, login="baru", name="Baru", agency="91.01/LH", role="liaison")["token"]
        factor = order("accept_invitation", token=token, new_password="kambing hitam di ladang")["factor"]
        session = order("login", login="baru", password="kambing hitam di ladang", code=code_of(factor))["token"]
        assert front.order("renew_session", session).word == "done"
        # an invitation has no password to hash
        assert stack["store"].starts == 4 + (2 if name == "order_hashed" else 3), f"{name} was never reached"
        assert stack.sql("select name, count (*) from change group by name order by name") == [("accept_invitation", 1), ("invite", 1), ("login", 1)]
