"""Timers: warnings, breaches, escalations, silence, completion, offers; the lock; what is late.

Time is moved by the rows: a complaint is made as old as it is to be, its due times with it, and its row in `wake` is due."""
import json
import os

import pytest

from store_door import StoreDoor
from test_hand_back import agency, events, record, registry, stack, templates  # noqa: F401

UNIT, PARENT, PROVINCE, ROOT = "33.02/PUPR", "33.02", "33", "ID"
WARNED, BREACH, ESCALATE, AUTO_CLOSE, EXPIRE, RECOMPUTED, ANNULLED, OFFERED, REMINDED = range(40, 49)
LATE, OFFER, SILENCE, REMINDER, TIMED_OUT, EXPIRED = range(20, 26)
PLAIN, OVERSIGHT = 2, 3


@pytest.fixture
def door(stack):
    running = StoreDoor(stack)
    yield running
    stack.checks()
    stack.peers.remove(running)
    running.close()
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


class Case:
    """A complaint whose clocks are moved."""

    def __init__(self, door, agency, holder=UNIT, **place):
        self.door, self.stack = door, door.stack
        place.setdefault("class_", PLAIN)
        self.id = door.place(agency[holder] if holder else 0, **{"region": "33.02", "rung": 3, **place})

    def sql(self, text, *values):
        return self.stack.sql(text, *values, self.id.hex())

    def rewrite(self, text, *values):
        return self.stack.rewrite(text, *values, self.id.hex())

    def age(self, days, kind=None, wake=True):
        """As if it had been received, or the last event of a kind had come, when so many working days less were over than now are."""
        day = self.stack.sql("select day from working_day where calendar_version = calendar_now () and nth ="
                             " working_days_to (calendar_now (), (now () at time zone 'Asia/Jakarta')::date - 1) - %s", days)[0][0]
        at = f"{day} 12:00+07:00"
        if kind:
            self.rewrite(f"update event set at = '{at}' where number = (select max (number) from event f where f.complaint_id = event.complaint_id"
                     " and f.kind = %s) and complaint_id = %s", kind)
        else:
            self.rewrite(f"update event set at = '{at}'::timestamptz + number * interval '1 second' where complaint_id = %s")
            self.sql(f"update complaint set received = '{at}', due_verify = case when due_verify is not null then due_at ('{at}',"
                     f" clock_limit ('verify', class, holder), due_zone (due_resolve)) end, due_first = case when due_first is not null then due_at"
                     f" ('{at}', clock_limit ('first', class, holder), due_zone (due_resolve)) end, due_resolve = due_at ('{at}',"
                     " clock_limit ('resolve', class, holder), due_zone (due_resolve)) where complaint_id = %s")
        if wake:
            self.wake()

    def wake(self):
        """Looked at by now, and that has been done."""
        self.sql("delete from wake where complaint_id = %s")
        self.stack.sql("select wake (%s, now () - interval '1 minute')", self.id.hex())
        self.looked()

    def looked(self):
        self.door.until("select 1 where not exists (select from wake where complaint_id = %s and at <= now ())", self.id.hex())

    def next(self):
        """Days until the next look."""
        return self.sql("select extract (epoch from min (at) - now ()) / 86400 from wake where complaint_id = %s")[0][0]

    def steps(self, *kinds):
        return [(kind, data["clock"], *(data[name] for name in ("late", "day") if name in data)) for kind, _, _, data in events(self.stack, self.id)
                if 40 <= kind <= 48 and (not kinds or kind in kinds)]

    def told(self):
        return [template for _, template, _ in templates(self.stack, self.id) if template >= LATE]

    def state(self):
        return record(self.stack, self.id)["state"]

    def delivered(self):
        """Nothing of it waits in the outbox."""
        self.sql("delete from notice where complaint_id = %s")


@pytest.fixture
def case(door, agency):
    return lambda *arguments, **place: Case(door, agency, *arguments, **place)


def answer(door, agency, case, act="answer", text="Sudah kami periksa"):
    work = door.take(agency[UNIT])
    assert work["id"] == case.id
    assert door.act(work, act, text) == "done"
    return work


def test_looked_at_when_the_warning_is_due(stack, case):
    """The first row is placed with the complaint: a working day before the first answer is due."""
    one = case()
    assert one.sql("select w.at = due_shifted (calendar_now (), c.due_first, -1) from wake w join complaint c using (complaint_id)"
                   " where complaint_id = %s") == [(True,)]
    other = case(None, rung=6)
    assert other.sql("select w.at = due_shifted (calendar_now (), c.due_verify, -1) from wake w join complaint c using (complaint_id)"
                     " where complaint_id = %s") == [(True,)]
    short = case(class_=5)  # information: five working days in all, two thirds of which are over before four are
    assert short.sql("select w.at = due_shifted (calendar_now (), c.due_resolve, -2) from wake w join complaint c using (complaint_id)"
                     " where complaint_id = %s") == [(True,)]


def test_too_early_is_harmless(case):
    one = case()
    version = one.sql("select version from complaint where complaint_id = %s")
    one.wake()
    assert one.steps() == [] and one.sql("select version from complaint where complaint_id = %s") == version
    assert one.sql("select count(*) from wake where complaint_id = %s") == [(1,)]


def test_warned_once(case):
    one = case()
    one.age(3)
    assert one.steps() == [] and one.next() > 0  # the fourth working day is not over yet
    one.age(4)
    assert one.steps() == [(WARNED, "first")]
    one.wake()
    assert one.steps() == [(WARNED, "first")] and one.told() == []


def test_late_goes_up_step_by_step(case):
    """A first answer that is 0, 3, 7, 14 working days late: parent, grandparent, root; each once, and what comes late is not left out."""
    one = case()
    one.age(5)
    first = [(WARNED, "first"), (BREACH, "first"), (ESCALATE, "first", 0)]
    assert one.steps() == first[1:]  # it was late before anybody could warn
    one.age(7)
    assert one.steps() == first[1:]
    one.age(8)
    assert one.steps(ESCALATE) == [(ESCALATE, "first", 0), (ESCALATE, "first", 3)]
    other = case()
    other.age(13)
    assert [step for step in other.steps() if step[1] == "first"] == [(BREACH, "first"), (ESCALATE, "first", 0), (ESCALATE, "first", 3),
                                                                     (ESCALATE, "first", 7)]
    assert [code for kind, code, _, data in events(other.stack, other.id) if kind == ESCALATE and data["clock"] == "first"] == [PARENT, PROVINCE, ROOT]
    other.wake()
    assert len(other.steps(ESCALATE)) == len(set(other.steps(ESCALATE)))


def test_nobody_above_the_root(case):
    """Unowned, at the national desk: verification is late, the root is told once."""
    one = case(None, rung=6)
    one.age(29)
    assert [step for step in one.steps() if step[1] == "verify"] == [(BREACH, "verify"), (ESCALATE, "verify", 0)]
    assert {code for kind, code, _, _ in events(one.stack, one.id) if kind == ESCALATE} == {ROOT}


def test_oversight_goes_up_the_inspectorates(case):
    one = case("33.01/PENGAWASAN", rung=0, oversight=2, class_=OVERSIGHT, region="33.01")
    one.age(29)
    told = [code for kind, code, _, data in events(one.stack, one.id) if kind == ESCALATE]
    assert told and all("PENGAWASAN" in code or code == ROOT for code in told) and told[0] == "33/PENGAWASAN"


def test_blank_class_is_an_alarm(case):
    """Five working days without a class: no breach of R, and once."""
    one = case(class_=None)
    one.age(6)
    one.wake()
    assert [step for step in one.steps() if step[1] == "resolve"] == [(WARNED, "resolve")]
    assert [data["provisional"] for kind, _, _, data in events(one.stack, one.id) if kind == WARNED and data["clock"] == "resolve"] == [True]
    assert one.told() == []


def test_resolution_late_tells_of_the_ombudsman(door, agency, case):
    one = case()
    answer(door, agency, one)
    one.rewrite("update event set at = now () where kind = 17 and complaint_id = %s")
    one.age(14)
    assert [step for step in one.steps() if step[1] == "resolve"] == [(BREACH, "resolve"), (ESCALATE, "resolve", 0)]
    assert one.told().count(LATE) == 1 and OFFER not in one.told()
    one.wake()
    assert one.told().count(LATE) == 1


def test_offered_once_after_sixty_working_days(door, agency, case):
    one = case()
    work = answer(door, agency, one, "progress")
    one.age(60)
    one.age(0, kind=16)
    assert one.steps(OFFERED) == [(OFFERED, "offer")] and one.told().count(OFFER) == 1
    assert one.state() == 5, "the case stays open"
    one.wake()
    assert one.told().count(OFFER) == 1 and work


def test_silence_is_told_before_it_closes(door, agency, case):
    one = case()
    answer(door, agency, one)
    one.age(6, kind=17)
    assert one.steps(REMINDED, AUTO_CLOSE) == []
    one.age(8, kind=17)
    assert one.steps(REMINDED, AUTO_CLOSE) == [(REMINDED, "silence")] and one.told() == [SILENCE] and one.state() == 5
    due = one.sql("select (data ->> 'due')::timestamptz = due_at (now (), 2, 7) from event"
                  " where kind = 48 and complaint_id = %s")
    assert due == [(True,)]
    one.delivered()
    one.age(11, kind=17)
    assert one.state() == 5, "told today: it is not closed before two working days are over"
    one.age(2, kind=48)
    assert one.steps(REMINDED, AUTO_CLOSE) == [(REMINDED, "silence"), (AUTO_CLOSE, "silence")] and one.state() == 7
    assert one.sql("select data ->> 'why' from event where kind = 43 and complaint_id = %s") == [("no_reply",)]
    assert one.told() == [TIMED_OUT] and one.sql("select count(*) from assignment where state < 7 and complaint_id = %s") == [(0,)]
    assert one.sql("select count(*) from wake where complaint_id = %s") == [(0,)]


def test_nobody_is_closed_unheard(door, agency, case):
    """The warning waits in the outbox: looked at again; it could not be delivered: another reason; there is no contact: the same."""
    one = case()
    answer(door, agency, one)
    one.age(11, kind=17)
    one.age(2, kind=48)
    assert one.state() == 5 and one.next() < 0.05
    one.sql("insert into notice_ended select complaint_id, event, recipient, agency, template, 10, 2, 550, now () from notice"
            " where template = 22 and complaint_id = %s")
    one.delivered()
    one.wake()
    assert one.state() == 7
    assert one.sql("select data ->> 'why' from event where kind = 43 and complaint_id = %s") == [("no_reply_unreachable",)]
    other = case(contact=None)
    answer(door, agency, other)
    other.age(11, kind=17)
    other.age(2, kind=48)
    assert other.sql("select data ->> 'why' from event where kind = 43 and complaint_id = %s") == [("no_reply_unreachable",)]
    assert other.told() == []


def test_reporters_of_aliases_are_told_too(stack, door, agency, case):
    """Two complaints of one matter: what silence does to the main one, both reporters are told; the alias has no clocks."""
    main, alias = case(), case()
    works = {work["id"]: work for work in (door.take(agency[UNIT]), door.take(agency[UNIT]))}
    assert door.act(works[alias.id], "merge", other=main.id) == "done"
    assert door.act(works[main.id], "answer", "Sudah kami periksa") == "done"
    alias.age(30)
    assert alias.steps() == [] and alias.sql("select count(*) from wake where complaint_id = %s") == [(0,)]
    main.age(8, kind=17)
    assert (main.told(), alias.told()) == ([SILENCE], [SILENCE])
    main.delivered()
    alias.delivered()
    main.age(11, kind=17)
    main.age(2, kind=48)
    assert (main.state(), main.told(), alias.told()) == (7, [TIMED_OUT], [TIMED_OUT])


def test_a_reply_cancels_silence(door, agency, case):
    one = case()
    work = answer(door, agency, one)
    assert door.say(one.id, "Belum selesai")[0] == 1
    one.age(29, kind=17)
    one.age(19, kind=32)
    assert one.steps(REMINDED, AUTO_CLOSE) == [] and one.state() == 5
    again = door.take(agency[UNIT])
    assert door.act(again, "answer", "Sekarang selesai") == "done"
    one.age(8, kind=17)
    assert one.steps(REMINDED) == [(REMINDED, "silence")]
    assert work["id"] == again["id"]


def test_completion_is_reminded_then_expires(door, agency, case):
    one = case()
    answer(door, agency, one, "ask", "Di kilometer berapa?")
    assert one.state() == 3

    def asked(days):
        one.rewrite("update event set at = now () - interval '%s days' where kind = 18 and complaint_id = %%s" % days)
        one.wake()

    asked(8)
    assert one.steps() == []
    asked(10)
    assert one.steps() == [(REMINDED, "complete", 10)] and one.told() == [REMINDER]
    asked(27)  # the store was away on day 20: that one is no letter of its own
    assert one.steps() == [(REMINDED, "complete", 10), (REMINDED, "complete", 20), (REMINDED, "complete", 27)]
    assert one.told() == [REMINDER, REMINDER]
    asked(40)
    assert one.state() == 3, "the last reminder went out today"
    one.age(0, kind=48, wake=False)
    one.rewrite("update event set at = now () - interval '5 days' where kind = 48 and complaint_id = %s")
    one.wake()
    assert one.state() == 8 and one.steps(EXPIRE) == [(EXPIRE, "complete")]
    assert one.sql("select (data ->> 'was')::int, data ->> 'why' from event where kind = 44 and complaint_id = %s") == [(4, "expired")]
    assert one.told()[-1] == EXPIRED


def test_clocks_stand_while_postponed(door, agency, case):
    one = case()
    answer(door, agency, one, "ask", "Di kilometer berapa?")
    one.sql("update complaint set due_first = due_first - interval '60 days', due_resolve = due_resolve - interval '60 days' where complaint_id = %s")
    one.wake()
    assert one.steps(WARNED, BREACH, ESCALATE) == []
    one.sql("update complaint set due_first = due_first + interval '60 days', due_resolve = due_resolve + interval '60 days' where complaint_id = %s")


def test_no_look_is_further_away_than_the_soonest_step(door, agency, case):
    """Acts need not know of timers: a clock that starts behind a look has no step before the next one."""
    one = case(class_=OVERSIGHT)
    answer(door, agency, one)
    one.wake()
    assert one.sql("select min (at) <= due_at (now (), 4, 9) from wake where complaint_id = %s") == [(True,)]
    assert one.sql("select min (at) < now () + interval '9 days 1 minute' from wake where complaint_id = %s") == [(True,)]


def test_ended_ones_just_lose_their_row(door, agency, case):
    one = case()
    assert door.say(one.id, "Sudah tidak perlu", 5)[0] == 1
    one.age(39)
    assert one.steps() == [] and one.sql("select count(*) from wake where complaint_id = %s") == [(0,)]
    one.sql("update complaint set state = 4 where complaint_id = %s")  # as a reopening does
    assert one.sql("select count(*) from wake where complaint_id = %s") == [(1,)]
    one.sql("update complaint set state = 8 where complaint_id = %s")


def test_an_act_that_holds_the_complaint_is_not_waited_for(stack, case):
    one, other = case(), case()
    one.age(5, wake=False)
    one.sql("delete from wake where complaint_id = %s")
    hold = stack.postgres.connect()
    with hold.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select from complaint where complaint_id = %s for update", (one.id.hex(),))
        stack.sql("select wake (%s, now () - interval '1 minute')", one.id.hex())
        other.age(5)
        assert other.steps(BREACH) == [(BREACH, "first")] and one.steps() == []
    hold.close()
    one.looked()
    assert one.steps(BREACH) == [(BREACH, "first")]


def statement(stack, name, *values):
    """Runs one of the store's statements as the store; how many rows it gives."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "store", "sql", "query", f"{name}.sql"), encoding="utf-8") as file:
        text = file.read()
    connection = stack.postgres.connect("aduan_store")
    with connection.cursor() as cursor:
        cursor.execute(f"prepare said as {text}")
        cursor.execute(f"execute said ({', '.join(values)})")
        rows = cursor.fetchall()
    connection.close()
    return len(rows)


def test_what_was_read_and_has_changed_is_not_written(stack, case):
    """An act came between the look and its writing: nothing of it takes effect, and it is looked at again."""
    one = case()
    version, at = one.sql("select c.version, w.at from complaint c join wake w using (complaint_id) where complaint_id = %s")[0]
    key = f"'{os.urandom(16).hex()}'"

    def look(has):
        step = [f"array ['{one.id.hex()}'::uuid]", "array [41]", f"array [{key}::uuid]", "array [null::int]", "array [1]",
                """array ['{"clock": "first"}']""", "array [0]"]
        return statement(stack, "write_looks", f"array ['{one.id.hex()}'::uuid]", f"array [{has}::bigint]", "array [1]", "array [7]", "array [now ()]", *step,
                         f"array ['{at}'::timestamptz]", f"array ['{one.id.hex()}'::uuid]", "0::bigint")

    assert look(version - 1) == 0
    assert one.steps() == [] and one.state() == 4 and one.sql("select at from wake where complaint_id = %s") == [(at,)]
    assert look(version) == 1
    assert one.steps() == [(BREACH, "first")] and one.state() == 7
    one.rewrite("delete from event where kind = 41 and complaint_id = %s")
    one.sql("update complaint set state = 4, events = 1 where complaint_id = %s")
    one.sql("update assignment set state = 1, queued = true where complaint_id = %s")


def test_due_times_counted_by_another_calendar_are_not_written(stack, case):
    one = case()
    due = one.sql("select due_first, due_resolve from complaint where complaint_id = %s")
    version = one.sql("select version from complaint where complaint_id = %s")[0][0]
    counting = stack.sql("select calendar_now () * 1000000::bigint + max (limit_version) from limit_set")[0][0]

    def write(by, has):
        empty = ["'{}'::uuid[]", "'{}'::int[]", "'{}'::uuid[]", "'{}'::int[]", "'{}'::text[]"]
        return statement(stack, "write_recomputed", f"array ['{one.id.hex()}'::uuid]", f"array [{has}::bigint]", "array [1]", "array [null::timestamptz]",
                         "array [now ()]", "array [now ()]", "array [false]", *empty, "0::bigint", f"{by}::bigint")

    assert write(counting + 1, version) == 0 and write(counting, version - 1) == 0
    assert one.sql("select due_first, due_resolve from complaint where complaint_id = %s") == due
    assert write(counting, version) == 1
    one.sql("update complaint set due_first = due_at (received, 5, 7), due_resolve = due_at (received, 14, 7), events = 1 where complaint_id = %s")


def test_one_that_cannot_be_written_holds_up_nobody(stack, case):
    """Its history is as long as a number goes: the others go on, it is named, and looked at again in an hour."""
    bad, others = case(), [case() for _ in range(5)]
    bad.sql("update complaint set events = 32767 where complaint_id = %s")
    for one in [bad, *others]:
        one.age(5, wake=False)
        one.sql("delete from wake where complaint_id = %s")
    stack.sql("insert into wake select now () - interval '1 minute', complaint_id from complaint where complaint_id = any (%s::uuid[])",
              [one.id.hex() for one in [bad, *others]])
    for one in [bad, *others]:
        one.looked()
    assert [one.steps(BREACH) for one in others] == [[(BREACH, "first")]] * 5
    assert bad.steps() == [] and 0 < bad.next() < 0.05 and "left aside" in stack["store"].tail()
    bad.sql("update complaint set events = 1 where complaint_id = %s")
    bad.wake()
    assert bad.steps(BREACH) == [(BREACH, "first")]


def test_one_store_works_the_timers(stack, case):
    """Another one has the lock: nothing is done; it is gone: this one takes over."""
    one = case()
    stack["store"].stop()
    hold = stack.postgres.connect()
    with hold.cursor() as cursor:
        cursor.execute("select pg_advisory_lock (4157440312)")
    stack["store"].start()
    door = StoreDoor(stack, "second")
    one.door = door
    stack.sql("select wake (%s, now () - interval '1 day')", one.id.hex())
    case_in_time = Case(door, dict(stack.sql("select code, agency_id from agency")))  # everything else goes on
    assert case_in_time.state() == 4
    door.turn(2.5)
    assert one.sql("select count(*) from wake where complaint_id = %s and at < now ()".replace("complaint_id = %s and at < now ()", "at < now () and complaint_id = %s")) == [(1,)]
    hold.close()
    one.looked()


def test_track_tells_of_it(stack, case):
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "store", "sql", "query", "read_track.sql"), encoding="utf-8") as file:
        text = file.read().replace("$1::text", "%s").replace("%'", "%%'")
    one = case()
    one.age(8)
    number = stack.sql("select number_text (number) from complaint where complaint_id = %s", one.id.hex())[0][0]
    history = json.loads(stack.sql(text, number)[0][0])[0]["history"]
    assert [(row["kind"], row.get("clock"), row.get("late"), row["receiver"]) for row in history[1:]] == [
        ("breach", "first", None, None), ("escalate", "first", 0, PARENT), ("escalate", "first", 3, PROVINCE)]
    assert history[1]["due"]
    one.sql("update complaint set due_resolve = '2031-01-02 17:00Z' where complaint_id = %s")
    assert json.loads(stack.sql(text, number)[0][0])[0]["provisional"] is True
    one.sql("update complaint set due_resolve = due_at (received, 14, 7) where complaint_id = %s")
    assert json.loads(stack.sql(text, number)[0][0])[0]["provisional"] is False
