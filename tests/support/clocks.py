"""Many complaints with all their clocks, made by SQL, and what timers and a new calendar take with them.

    load = ClockLoad(stack, opened=100000, closed=2000000)     the store is stopped
    figures, problems = load.run()
"""
import os
import re
import time

from stack import ROOT

# Statements whose plans are looked at: with how many parameters.
STATEMENTS = {"select_wakes": 1, "write_looks": 15, "select_recompute": 1, "write_recomputed": 14}
CHUNK = 100000

# Complaints $1 to $2 of one kind; open ones were received in the last thirty days, a fifth each: received, assigned, answered,
# asked for something, answered by the reporter.
COMPLAINTS = """
insert into complaint (complaint_id, number, version, received, due_verify, due_first, due_resolve, holder, adapter, state, events, channel, class,
                       priority, rung, confidence, flags)
select lpad (to_hex (%(base)s + n), 32, '0')::uuid, %(base)s + n, 1, received, case when kind = 0 then due end, case when kind <> 0 then due end,
       due_at (received, 14, 7), %(holder)s, 1,
       case when %(closed)s then 7 else (array [1, 4, 5, 3, 5])[kind + 1] end, case when %(closed)s then 3 else (array [1, 1, 2, 2, 3])[kind + 1] end, 1, 2, 2, 3, 900, 16
from (select n, n %% 5 as kind, day + interval '3 hours' as received, due_at (day + interval '3 hours', case n %% 5 when 0 then 3 else 5 end, 7) as due
      from (select n, date_trunc ('day', now ()) - make_interval (days => (n %% %(days)s)::int) as day from generate_series (%(first)s, %(last)s) n) d) i
"""
CONTENTS = """
insert into content (complaint_id, digest, title, body)
select lpad (to_hex (%(base)s + n), 32, '0')::uuid, '\\x00', 'Jalan rusak', repeat ('Jalan berlubang di muka pasar. ', 4) from generate_series (%(first)s, %(last)s) n
"""
EVENTS = """
insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
select c.complaint_id, c.received + e.number * interval '1 hour', lpad (to_hex (e.number), 32, '0')::uuid, case when e.number = 1 then 0 else 2 end, c.holder,
       e.kind, e.number, case e.kind when 18 then '{"from": 4}'::jsonb when 22 then '{"reason": 1}'::jsonb end
from complaint c
cross join lateral (select 1 as number, 1 as kind
                    union all select 2, case when c.state = 3 then 18 else 17 end where c.events > 1
                    union all select 3, case when c.state = 7 then 22 else 32 end where c.events > 2) e
where c.complaint_id between lpad (to_hex (%(base)s + %(first)s), 32, '0')::uuid and lpad (to_hex (%(base)s + %(last)s), 32, '0')::uuid
"""
ASSIGNMENTS = """
insert into assignment (complaint_id, due, version, agency, state, priority, queued)
select complaint_id, coalesce (due_verify, due_first), 1, holder, case when state = 7 then 7 else 3 end, 2, false
from complaint
where complaint_id between lpad (to_hex (%(base)s + %(first)s), 32, '0')::uuid and lpad (to_hex (%(base)s + %(last)s), 32, '0')::uuid
"""


def memory(pid):
    """What a process holds by itself, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^RssAnon:\s+(\d+)", file.read(), re.M)[1])


def seconds_of(pid):
    """CPU that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ClockLoad:
    def __init__(self, stack, opened, closed, sanitized=False):
        """`sanitized`: the store keeps what it has freed; its memory says nothing."""
        self.stack, self.opened, self.closed, self.sanitized = stack, opened, closed, sanitized
        self.figures, self.problems = {}, []

    def expect(self, holds, text):
        if not holds:
            self.problems.append(text)

    def make(self):
        connection = self.stack.postgres.connect()
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("set synchronous_commit = off")
        holder = self.stack.agency("91.01/PUPR")
        for closed, count, base, days in ((True, self.closed, 1 << 40, 700), (False, self.opened, 1 << 44, 30)):
            for first in range(1, count + 1, CHUNK):
                values = {"closed": closed, "base": base, "first": first, "last": min(count, first + CHUNK - 1), "holder": holder, "days": days}
                for text in (COMPLAINTS, CONTENTS, EVENTS, ASSIGNMENTS):
                    cursor.execute(text, values)
        # nothing is due before it is looked at; the zone of the agency is another one than the due times': that is theirs for life
        cursor.execute("insert into wake select now () + make_interval (days => 1 + (random () * 5)::int), complaint_id from complaint where state < 7")
        cursor.execute("vacuum (analyze)")  # as a record that has grown slowly, and nobody who is measured does it
        cursor.execute("checkpoint")
        connection.close()

    def cpu(self):
        """Seconds of CPU of the store and of its connection that works the timers."""
        backend = self.stack.sql("select pid from pg_locks where locktype = 'advisory' and granted limit 1")[0][0]
        return seconds_of(self.stack["store"].process.pid) + seconds_of(backend)

    def until(self, question, seconds):
        began = time.monotonic()
        while not self.stack.sql(question):
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not within {seconds} s: {question}\n{self.stack['store'].tail()}")
            time.sleep(0.01)
        return time.monotonic() - began

    def found_at_once(self):
        """A few complaints among all of them fall due, again and again; the first ones are read from the disk."""
        took = []
        for _ in range(6):
            self.stack.sql("update wake set at = clock_timestamp () where complaint_id in (select complaint_id from wake order by at desc limit 100)")
            took.append(self.until("select 1 where not exists (select from wake where at <= now ())", 60))
        self.figures["a hundred that fall due are looked at, the first time, s"] = took[0]
        self.figures["later, at most s"] = max(took[1:])
        self.expect(max(took[1:]) <= 1.0, f"due work was found after {max(took[1:]):.2f} s")
        connection = self.stack.postgres.connect("aduan_store")
        cursor = connection.cursor()
        cursor.execute("update wake set at = now () - interval '1 s' where complaint_id in (select complaint_id from wake limit 256)")
        cursor.execute("prepare look (int) as " + self.text("select_wakes"))
        cursor.execute("explain (analyze, format json) execute look (256)")
        self.figures["the statement that finds 256, ms"] = cursor.fetchone()[0][0]["Execution Time"]
        connection.close()
        # whoever writes to wake now waits for the store's look at these, and the store for him
        self.until("select 1 where not exists (select from wake where at <= now ())", 60)

    def text(self, name):
        with open(os.path.join(ROOT, "store", "sql", "query", f"{name}.sql"), encoding="utf-8") as file:
            return file.read()

    def plans(self):
        connection = self.stack.postgres.connect("aduan_store")
        cursor = connection.cursor()
        for name, count in STATEMENTS.items():
            cursor.execute(f"prepare {name} as " + self.text(name))
            cursor.execute(f"explain execute {name} ({', '.join(['null'] * count)})")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            for table in ("complaint", "event", "content", "assignment", "notice"):
                self.expect(not re.search(rf"Seq Scan on {table}\b", plan), f"{name} reads all of {table}:\n{plan}")
            if name == "select_wakes":  # twice a second: it must not walk all that will be due some day
                self.expect(re.search(r"Index Cond: \(at <=", plan), f"{name} reads all of wake:\n{plan}")
        connection.close()

    def away(self):
        """The store was away; all that are open are to be looked at, and most have something due."""
        pid = self.stack["store"].process.pid
        before, cpu = memory(pid), self.cpu()
        events = self.stack.sql("select count(*) from event")[0][0]
        self.stack.sql("update wake set at = now () - interval '1 day' - random () * interval '1 day'")
        took = self.until("select 1 where not exists (select from wake where at <= now ())", 900)
        after = memory(pid)
        written = self.stack.sql("select count(*) from event")[0][0] - events
        self.figures.update({"complaints looked at after a time away": self.opened, "they took, s": took, "CPU s": self.cpu() - cpu, "steps written": written,
                             "memory before and after, KiB": f"{before} {after}"})
        self.expect(self.sanitized or after - before < 8192, f"memory grew from {before} to {after} KiB")
        self.expect(written > 0, "nothing was due")
        self.expect(not self.stack.sql("select 1 from event where kind between 40 and 48 group by complaint_id, act_key having count (*) > 1"), "a step came twice")
        self.expect(not self.stack.sql("select complaint_id from complaint where state < 7 except select complaint_id from wake"),
                    "nobody looks at an open complaint")

    def recompute(self):
        """An extra day off within everybody's clocks."""
        day = self.stack.sql("select day from working_day where calendar_version = calendar_now () and nth = working_days_to (calendar_now (), current_date - 2)")[0][0]
        path = os.path.join(self.stack.folder, "days.tsv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.stack.sql("select calendar_text (calendar_now ())")[0][0] + f"{day}\textra\tID\tKeputusan\n")
        moved = self.stack.sql("select count(*) from event where kind = 45")[0][0]
        cpu = self.cpu()
        self.stack.migrate("calendar", path)
        took = self.until("select 1 where not exists (select from recompute)", 300)
        moved = self.stack.sql("select count(*) from event where kind = 45")[0][0] - moved
        self.figures.update({"open complaints counted anew": self.opened, "by a new calendar, s": took, "by a new calendar, CPU s": self.cpu() - cpu, "due times changed": moved,
                             "breaches annulled": self.stack.sql("select count(*) from event where kind = 46")[0][0]})
        self.expect(took <= 10.0 * self.opened / 100000 + 2, f"{self.opened} complaints took {took:.1f} s to be counted anew")
        self.expect(moved > 0, "no due time has changed")

    def run(self):
        began = time.monotonic()
        self.make()
        self.figures["made, s"] = time.monotonic() - began
        self.stack["store"].start()
        self.until("select 1 where not exists (select from wake where at <= now ())", 60)
        self.plans()
        self.found_at_once()
        self.away()
        self.recompute()
        self.until("select 1 where not exists (select from wake where at <= now ())", 900)
        return self.figures, self.problems
