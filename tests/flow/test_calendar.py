"""Calendars and limits as versions: what is loaded, what it does to open clocks, and that what was done is done once."""
import datetime
import os

import pytest

from conftest import ROOT as TOP
from spoolbench import wait
from stack import Stack
from store_door import StoreDoor
from test_hand_back import agency, events, registry  # noqa: F401
from test_timers import (ANNULLED, BREACH, LATE, RECOMPUTED, UNIT, Case, answer, case)  # noqa: F401

SHIPPED = os.path.join(TOP, "deploy", "calendar", "days_off.tsv")


@pytest.fixture(scope="module")
def stack(folder, registry):
    with Stack(folder, registry=registry, programs=("store",)) as running:
        yield running


@pytest.fixture
def door(stack):
    running = StoreDoor(stack)
    yield running
    counted(stack, running)
    stack.checks()
    stack.peers.remove(running)
    running.close()
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def counted(stack, door):
    """By the calendar in force, also what comes next."""
    wait(lambda: stack.metric("store", "store_calendar_version") == in_force(stack), 20, "the store counts by the calendar in force")
    door.until("select 1 where not exists (select from recompute) and not exists (select from wake where at <= now ())")


def in_force(stack):
    return stack.sql("select calendar_now ()")[0][0]


@pytest.fixture
def load(stack, door, tmp_path):
    """Loads the calendar in force with these lines more; it is done when all clocks are counted by it."""
    before = in_force(stack)

    def loaded(*lines, without=(), arguments=()):
        text = stack.sql("select calendar_text (calendar_now ())")[0][0]
        text = "".join(line + "\n" for line in text.splitlines() if not any(line.startswith(start) for start in without))
        (tmp_path / "days.tsv").write_text(text + "".join(line + "\n" for line in lines), encoding="utf-8")
        said = stack.migrate("calendar", str(tmp_path / "days.tsv"), *arguments)
        counted(stack, door)
        return said

    yield loaded
    if in_force(stack) != before:
        stack.migrate("calendar", "--version", str(before))
        counted(stack, door)


def working_day(stack, ahead):
    """The ahead-th working day from today, or so many that are over."""
    nth = f"working_days_to (calendar_now (), (now () at time zone 'Asia/Jakarta')::date - 1) + {ahead}"
    return stack.sql(f"select day from working_day where calendar_version = calendar_now () and nth = {nth}")[0][0]


def refused(stack, *arguments):
    with pytest.raises(RuntimeError) as caught:
        stack.migrate(*arguments)
    return str(caught.value)


def test_the_shipped_one_never_replaces_an_operators(stack, door, load):
    assert "as it was: version 1" in stack.migrate("calendar", SHIPPED, "--shipped")
    load(f"{working_day(stack, 8)}\textra\tKeputusan kota")
    mine = in_force(stack)
    assert f"version {mine} was loaded by hand and stays" in stack.migrate("calendar", SHIPPED, "--shipped")
    assert in_force(stack) == mine


def test_an_extra_day_moves_what_is_open(stack, door, agency, case, load):
    one, ended = case(), case()
    assert door.say(ended.id, "Sudah tidak perlu", 5)[0] == 1
    first, resolve, received = one.sql("select due_first, due_resolve, received from complaint where complaint_id = %s")[0]
    old = ended.sql("select due_first, due_resolve from complaint where complaint_id = %s")
    queue = one.sql("select due from assignment where complaint_id = %s")
    assert queue == [(first,)]
    day = working_day(stack, 3)
    said = load(f"{day}\textra\tHari libur baru")
    version = in_force(stack)
    assert f"version {version} is in force" in said and "counted anew" in said
    moved = [(data["clock"], data["calendar"]) for kind, _, _, data in events(stack, one.id) if kind == RECOMPUTED]
    assert moved == [("first", version), ("resolve", version)]
    (data,) = [data for kind, _, _, data in events(stack, one.id) if kind == RECOMPUTED and data["clock"] == "first"]
    assert [datetime.datetime.fromisoformat(data[name].replace("Z", "+00:00")) for name in ("old", "new")] == [
        first, one.sql("select due_first from complaint where complaint_id = %s")[0][0]]
    assert one.sql("select due_first, due_resolve from complaint where complaint_id = %s") == [
        (stack.sql("select due_shifted (%s, %s, 1)", version, first)[0][0], stack.sql("select due_shifted (%s, %s, 1)", version, resolve)[0][0])]
    assert one.sql("select due from assignment where complaint_id = %s") == one.sql("select due_first from complaint where complaint_id = %s")
    assert ended.sql("select due_first, due_resolve from complaint where complaint_id = %s") == old
    assert not ended.steps() and received


def test_the_same_again_is_no_version(stack, door, load):
    before = in_force(stack)
    assert f"as it was: version {before}" in load() and in_force(stack) == before
    assert stack.sql("select count(*) from recompute") == [(0,)]


def test_an_old_version_comes_back(stack, door, case, load):
    one, before = case(), in_force(stack)
    clocks = "select due_first, due_resolve from complaint where complaint_id = %s"
    had = one.sql(clocks)
    load(f"{working_day(stack, 2)}\textra\tSalah")
    assert one.sql(clocks) != had
    assert "is in force" in stack.migrate("calendar", "--version", str(before))
    counted(stack, door)
    assert one.sql(clocks) == had and in_force(stack) == before + 2
    assert stack.sql("select note from calendar where calendar_version = %s", before + 2) == [(f"version {before} again",)]
    assert "no version 99" in refused(stack, "calendar", "--version", "99")


@pytest.mark.parametrize("lines, line, why", [
    (["2026-02-30\textra\tx"], 2, "no day"), (["2026-03-16\telection\tx"], 2, "the kind is holiday"), (["2026-03-16\textra"], 2, "day, kind, name"),
    (["2026-03-16\textra\ta", "2026-03-16\textra\tb"], 3, "already"), (["cut_off\t25:00"], 2, "cut-off"), (["collective_leave\tperhaps"], 2, "worked"),
    (["year\t2026"], 2, "unverified"), (["year\t2026\tverified", "year\t2026\tverified"], 3, "already"), (["2026-03-16\textra\tID\tx\ty"], 2, "four fields")])
def test_a_bad_file_changes_nothing(stack, tmp_path, lines, line, why):
    before = in_force(stack)
    path = tmp_path / "bad.tsv"
    path.write_text("day\tkind\tname\n" + "\n".join(lines) + "\n", encoding="utf-8")
    said = refused(stack, "calendar", str(path))
    assert f"bad.tsv:{line}: " in said and why in said and "nothing has changed" in said
    assert in_force(stack) == before
    assert "cannot be read" in refused(stack, "calendar", str(tmp_path / "none.tsv"))
    for text in ("", "year\t2026\tverified\n"):
        path.write_text(text, encoding="utf-8")
        assert "no day off at all: nothing has changed" in refused(stack, "calendar", str(path))


def test_pemilu_is_a_day_off_and_another_region_is_not(stack, door, case, load):
    day = working_day(stack, 2)
    due = "select due_first from complaint where complaint_id = %s"
    one = case()
    before = one.sql(due)
    load(f"{day}\textra\t33.02\tHari jadi kabupaten")
    assert one.sql(due) == before
    load(f"{day}\tpemilu\tPemilu")
    assert one.sql(due) == stack.sql("select due_shifted (calendar_now (), %s, 1)", before[0][0])


def test_collective_leave_and_cut_off_are_settings(stack, door, case, load):
    day = working_day(stack, 2)
    due = "select due_first from complaint where complaint_id = %s"
    one = case()
    before = one.sql(due)
    load(f"{day}\tcollective_leave\tCuti")
    assert one.sql(due) != before
    load("collective_leave\tworked", without=["collective_leave"])
    assert stack.sql("select count(*) from day_off where kind = 'collective_leave'") == [(0,)]
    later = one.sql(due)
    day_zero = f"{working_day(stack, 0)} 16:00+07:00"
    one.sql(f"update complaint set received = '{day_zero}' where complaint_id = %s")
    load("cut_off\t15:00")
    assert one.sql(due) == stack.sql("select due_by (calendar_now (), %s::timestamptz + interval '8 hours', 5, 7)", day_zero)
    assert later and stack.sql("select cut_off from calendar where calendar_version = calendar_now ()") == [(900,)]


def test_a_breach_that_vanishes_is_annulled(stack, door, agency, case, load):
    """Its record stays; when it is one again that is a new record, and no second letter."""
    one = case(class_=5)  # information: R ends with F
    one.age(5)
    assert one.steps(BREACH) == [(BREACH, "first"), (BREACH, "resolve")] and one.told().count(LATE) == 1
    load(f"{working_day(stack, 0)}\textra\tKeputusan semalam")
    assert one.steps(ANNULLED) == [(ANNULLED, "first"), (ANNULLED, "resolve")]
    assert one.steps(BREACH) == [(BREACH, "first"), (BREACH, "resolve")]
    stack.migrate("calendar", "--version", str(in_force(stack) - 1))
    counted(stack, door)
    assert len(one.steps(BREACH)) == 4 and one.told().count(LATE) == 1
    one.wake()
    assert len(one.steps(BREACH)) == 4


def test_another_class_erases_no_breach(stack, door, agency, case):
    """R is counted anew from its old start; what was late by the class of then stays late."""
    one = case(class_=5)
    one.age(6)
    assert (BREACH, "resolve") in one.steps()
    one.sql("update complaint set class = 3 where complaint_id = %s")
    counted(stack, door)
    assert one.sql("select due_resolve = due_at (received, 60, 7) from complaint where complaint_id = %s") == [(True,)]
    assert one.steps(RECOMPUTED) == [(RECOMPUTED, "resolve")] and one.steps(ANNULLED) == []
    one.wake()
    assert one.steps(BREACH) == [(BREACH, "first"), (BREACH, "resolve")]


def test_a_clock_keeps_its_zone(stack, door, agency, case, load):
    """The agency's zone is another one since: what runs already ends where it began to run."""
    one = case()
    due = one.sql("select due_first from complaint where complaint_id = %s")[0][0]
    stack.sql("update agency set zone = 9 where code = %s", UNIT)
    try:
        load(f"{working_day(stack, 3)}\textra\tHari libur baru")
        assert one.sql("select due_first from complaint where complaint_id = %s") == stack.sql("select due_shifted (calendar_now (), %s, 1)", due)
        assert one.sql("select due_zone (due_first), due_zone (due_resolve) from complaint where complaint_id = %s") == [(7, 7)]
    finally:
        stack.sql("update agency set zone = 7 where code = %s", UNIT)


def test_a_late_answer_that_was_not_late(stack, door, agency, case, load):
    """The clock has stopped; its breach is judged by when."""
    one = case()
    one.age(5)
    assert one.steps(BREACH) == [(BREACH, "first")]
    answer(door, agency, one)
    load(f"{working_day(stack, 0)}\textra\tKeputusan semalam")
    assert one.steps(ANNULLED) == [(ANNULLED, "first")]
    assert one.sql("select due_first > (select min (at) from event where kind = 17 and complaint_id = c.complaint_id) from complaint c"
                   " where complaint_id = %s") == [(True,)]


def test_pauses_are_counted_again(stack, door, agency, case, load):
    """Postponed and completed: the days between do not count, by the new calendar either."""
    one = case()
    answer(door, agency, one, "ask", "Di mana?")
    assert door.say(one.id, "Di muka pasar", 3)[0] == 1
    asked, said = working_day(stack, 2), working_day(stack, 4)
    one.rewrite(f"update event set at = '{asked} 10:00+07' where kind = 18 and complaint_id = %s")
    one.rewrite(f"update event set at = '{said} 10:00+07' where kind = 33 and complaint_id = %s")
    one.sql(f"update complaint set due_first = due_moved (due_first, '{asked} 10:00+07', '{said} 10:00+07'),"
            f" due_resolve = due_moved (due_resolve, '{asked} 10:00+07', '{said} 10:00+07') where complaint_id = %s")
    due = one.sql("select due_first from complaint where complaint_id = %s")[0][0]
    load(f"{working_day(stack, 3)}\textra\tDi tengah jeda")  # one that was taken out anyhow
    assert one.steps(RECOMPUTED) == []
    load(f"{working_day(stack, 5)}\textra\tSesudah jeda")
    assert one.sql("select due_first from complaint where complaint_id = %s") == stack.sql("select due_shifted (calendar_now (), %s, 1)", due)
    assert [(row[0], row[1] is None) for row in one.sql("select clock, ended from clock_segment where clock = 'first' and complaint_id = %s order by began")] == [
        ("first", False), ("first", True)]


def test_a_second_round_finds_who_came_meanwhile(stack, door, case, load):
    one = case()
    load(f"{working_day(stack, 3)}\textra\tHari libur baru")
    due = one.sql("select due_first from complaint where complaint_id = %s")
    one.sql("update complaint set due_first = due_shifted (calendar_now (), due_first, -1) where complaint_id = %s")  # by the calendar of before
    stack.sql("update recompute_round set last = now () - interval '1 second'")
    door.until("select 1 from recompute_round where last is null", seconds=40)
    counted(stack, door)
    assert one.sql("select due_first from complaint where complaint_id = %s") == due


# ---- limits

LIMITS = """rule	clock	class	agency	days
limit	verify	-	-	3
limit	first	-	-	5
limit	resolve	-	-	5
limit	resolve	complaint	-	14
limit	resolve	complaint_plain	-	14
limit	resolve	complaint_oversight	-	60
limit	silence	-	-	10
limit	complete	-	-	30
limit	offer	-	-	60
warn	first	-	-	1
warn	resolve	-	-	2/3
escalate	first	-	-	0,3,7,14
remind	silence	-	-	2
remind	complete	-	-	10,20,27
"""


@pytest.fixture
def limits(stack, door, tmp_path):
    def loaded(*lines, text=LIMITS, arguments=()):
        path = tmp_path / "limits.tsv"
        path.write_text(text + "".join(line + "\n" for line in lines), encoding="utf-8")
        said = stack.migrate("limits", str(path), *arguments)
        counted(stack, door)
        return said

    yield loaded
    stack.sql("delete from limit_row where limit_version > 1")
    stack.sql("delete from limit_set where limit_version > 1")
    stack.sql("insert into recompute select distinct complaint_id from wake on conflict do nothing")
    door.turn(1)
    counted(stack, door)


def test_limits_hold_from_their_start_on(stack, door, case, limits):
    old = case()
    due = "select due_first, due_resolve from complaint where complaint_id = %s"
    before = old.sql(due)
    assert "version 2" in limits("limit\tfirst\t-\t33\t3", "limit\tresolve\tcomplaint_plain\t33.02\t10")
    door.turn(1.5)
    assert old.sql(due) == before and old.steps(RECOMPUTED) == []
    below, other = case(), case("34.01/PUPR", region="34.01")
    assert below.sql("select due_first = due_at (received, 3, 7), due_resolve = due_at (received, 10, 7) from complaint where complaint_id = %s") == [(True, True)]
    assert other.sql("select due_first = due_at (received, 5, 7), due_resolve = due_at (received, 14, 7) from complaint where complaint_id = %s") == [(True, True)]
    assert stack.sql("select clock_limit ('first', 2::smallint, agency_id) from agency where code in ('33.02/PUPR', '34.01/PUPR') order by code") == [(3,), (5,)]


def test_a_start_in_the_past_reaches_open_cases(stack, door, case, limits):
    one = case()
    first = one.sql("select due_first from complaint where complaint_id = %s")
    said = limits("limit\tfirst\t-\t33.02/PUPR\t2", arguments=("--starts", "2026-01-01"))
    assert "2025-12-31 17:00 UTC" in said and "counted anew" in said
    assert one.sql("select due_first from complaint where complaint_id = %s") == stack.sql("select due_shifted (calendar_now (), %s, -3)", first[0][0])
    assert one.steps(RECOMPUTED) == [(RECOMPUTED, "first")]


def test_shown_limits_can_be_loaded(stack, door, limits):
    shown = stack.migrate("limits", "--show", "1")
    text = "".join(line + "\n" for line in shown.splitlines() if "\t" in line)
    assert "limit\tresolve\tcomplaint_oversight\t-\t60\n" in text and "warn\tresolve\t-\t-\t667/1000\n" in text
    assert "as they were: version 1" in limits(text=text)


@pytest.mark.parametrize("line, why", [
    ("limit\tfirst\t-\t77.77\t3", "no such code"), ("limit\tsecond\t-\t-\t3", "a clock is"), ("limit\tfirst\tbig\t-\t3", "a class is"),
    ("limit\tfirst\tcomplaint\t-\t0", "days are"), ("limit\tfirst\tcomplaint\t-\t3,4", "days are"), ("warn\tverify\t-\t-\t3/2", "days are"),
    ("escalate\tverify\t-\t-\t3,3", "days are"), ("remind\tfirst\t-\t-\t3", "not for this clock"), ("warn\tverify\tcomplaint\t-\t1", "same for all classes"),
    ("limit\tfirst\t-\t-\t6", "already"), ("cap\tfirst\t-\t-\t6", "a rule is"), ("limit\tfirst\t-\t6", "with tabs between")])
def test_bad_limits_change_nothing(stack, limits, line, why):
    with pytest.raises(RuntimeError) as caught:
        limits(line)
    assert why in str(caught.value) and "limits.tsv" in str(caught.value)
    assert stack.sql("select max (limit_version) from limit_set") == [(1,)]


def test_a_limit_for_all_must_be_there(stack, limits):
    with pytest.raises(RuntimeError, match="every clock needs a limit"):
        limits(text=LIMITS.replace("limit\tsilence\t-\t-\t10\n", ""))
