"""Due times by the command, by the functions of the record and by common/domain, beside a count in SQL that knows nothing of them: every
start day 2021 to 2027, limits 1 to 60, zones, cut-off; pauses at random."""
import os
import random
import subprocess

import pytest

from workdays import BUILD, SHIPPED, ZONES, Workdays


@pytest.fixture(scope="module")
def workdays(folder):
    with Workdays(os.path.join(folder, "days")) as running:
        yield running


@pytest.fixture
def days(workdays):
    """A cursor of a connection in which `mine` has (start, n, day), and `off` the file's days."""
    return workdays.cursor


def ask(cursor, text, *values):
    cursor.execute(text, values or None)
    return cursor.fetchall()


# zone, cut-off, minute of the start: each zone, either side of a cut-off; all of them: tests/rows/t36_workdays
@pytest.mark.parametrize("zone, cut_off, minute", [(7, None, 0), (9, None, 1439), (8, 900, 899), (9, 900, 900)])
def test_every_start_day(workdays, zone, cut_off, minute):
    assert workdays.functions(zone, cut_off, minute) == []
    assert workdays.command(zone, cut_off, minute) == []


def counted_here(days, start, limit, zone, pauses):
    """The limit-th day that counts, moved by those of each pause that began before it was over."""
    local = f"interval '{zone} hours'"
    due = ask(days, "select day from mine where start = %s and n = %s", start, limit)[0][0]
    for begin, end in pauses:
        running = ask(days, f"select %s::timestamptz < ((%s::date + 1)::timestamp - {local}) at time zone 'UTC'", begin, due)[0][0]
        if running:
            due = ask(days, f"""
                select day from (select g::date as day, row_number () over (order by g) as n
                                 from generate_series (%s::date, %s::date + 800, interval '1 day') g
                                 where extract (isodow from g) < 6 and g::date not in (select day from off)) d
                where n = 1 + (select count (*) from generate_series ((%s::timestamptz at time zone 'UTC' + {local})::date + 1,
                                                                     (%s::timestamptz at time zone 'UTC' + {local})::date, interval '1 day') g
                               where extract (isodow from g) < 6 and g::date not in (select day from off))""", due, due, begin, end)[0][0]
    return ask(days, f"select ((%s::date + 1)::timestamp - {local}) at time zone 'UTC'", due)[0][0]


def test_pauses_at_random(days, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    dice, cases, lines = random.Random(seed), [], []
    base = 1640995200000  # 2022
    for _ in range(400):
        zone, limit = dice.choice(list(ZONES)), dice.choice([3, 5, 14, 60])
        begin = base + dice.randrange(1300 * 24 * 60) * 60000
        marks = sorted(begin + dice.randrange(90 * 24 * 60) * 60000 for _ in range(2 * dice.randrange(1, 4)))
        cases.append((begin, limit, zone, list(zip(marks[::2], marks[1::2]))))
        lines.append(" ".join(map(str, [begin, limit, zone, *marks])) + "\n")
    calendar = tmp_path / "calendar.tsv"
    calendar.write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    said = subprocess.run([str(BUILD / "tests" / "unit" / "count_clocks"), str(calendar)], input="".join(lines), text=True, capture_output=True,
                          check=True).stdout.split()
    stamp = "to_timestamp (%s / 1000.0)"
    for (begin, limit, zone, pauses), by_c in zip(cases, said):
        start = ask(days, f"select ({stamp} at time zone 'UTC' + interval '{zone} hours')::date", begin)[0][0]
        instants = [tuple(ask(days, f"select {stamp}, {stamp}", *pause)[0]) for pause in pauses]
        due = counted_here(days, start, limit, zone, instants)
        ranges = "{" + ",".join(f"[{one.isoformat()},{two.isoformat()})" for one, two in instants) + "}"
        by_sql = ask(days, f"select due_after (calendar_now (), due_at ({stamp}, %s, %s), %s::tstzmultirange)", begin, limit, zone, ranges)[0][0]
        assert by_sql == due and int(by_c) == int(due.timestamp() * 1000), (seed, begin, limit, zone, pauses)
