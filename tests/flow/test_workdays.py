"""Due times by the command, by the functions of the record and by common/domain, beside a count in SQL that knows nothing of them: every
start day 2021 to 2027, limits 1 to 60, zones, cut-off; pauses at random."""
import os
import pathlib
import random
import subprocess

import pytest

from private_postgres import PrivatePostgres

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
SHIPPED = ROOT / "deploy" / "calendar" / "days_off.tsv"
ZONES = {7: "WIB", 8: "WITA", 9: "WIT"}

# The calendar's file, read here; every start day with the days that count behind it, by the day.
COUNT = """
create temp table mine as
select s.start, row_number () over (partition by s.start order by d.day) as n, d.day
from (select generate_series (date '2021-01-01', date '2027-12-31', interval '1 day')::date as start) s
cross join lateral (select g::date as day from generate_series (s.start + 1, s.start + 120, interval '1 day') g
                    where extract (isodow from g) < 6 and g::date not in (select day from off)) d;
delete from mine where n > 60
"""


@pytest.fixture(scope="module")
def postgres(folder):
    with PrivatePostgres(os.path.join(folder, "days")) as running:
        running.sql((ROOT / "deploy" / "roles.sql").read_text())
        for command in (["schema"], ["calendar", str(SHIPPED), "--shipped"]):
            subprocess.run([str(BUILD / "store" / "aduan-migrate"), "-d", running.conninfo("aduan_migrate"), *command], check=True, capture_output=True)
        yield running


@pytest.fixture(scope="module")
def days(postgres):
    """A connection in which `mine` has (start, n, day), and `off` the file's days."""
    off = {line.split("\t")[0] for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line[:2] == "20"}
    connection = postgres.connect()
    cursor = connection.cursor()
    cursor.execute("create temp table off (day date)")
    cursor.execute("insert into off select unnest (%s::date[])", (sorted(off),))
    cursor.execute(COUNT)
    cursor.execute("select count(*) from mine")
    assert cursor.fetchone()[0] == 60 * 2556
    yield cursor
    connection.close()


def ask(cursor, text, *values):
    cursor.execute(text, values or None)
    return cursor.fetchall()


# zone, local hour of the start, cut-off, by how much day 0 is later than its day
STARTS = [(7, 0, None, 0), (8, 23, None, 0), (9, 12, None, 0), (7, 14, 900, 0), (7, 15, 900, 1), (8, 15, 900, 1), (9, 14, 900, 0), (9, 23, 900, 1)]


@pytest.mark.parametrize("zone, hour, cut_off, later", STARTS)
def test_every_start_day_by_the_functions(postgres, days, zone, hour, cut_off, later):
    del postgres
    days.execute("update calendar set cut_off = %s where calendar_version = calendar_now ()", (cut_off,))
    wrong = ask(days, f"""
        select m.start, m.n, due_at (a.at, m.n::int, {zone}), m.day
        from mine m
        cross join lateral (select ((m.start - {later})::timestamp + interval '{hour} hours 30 minutes' - interval '{zone} hours') at time zone 'UTC' as at) a
        where due_at (a.at, m.n::int, {zone}) is distinct from ((m.day + 1)::timestamp - interval '{zone} hours') at time zone 'UTC'
        limit 5""")
    days.execute("update calendar set cut_off = null")
    assert wrong == []


@pytest.mark.parametrize("zone, hour, cut_off, later", STARTS)
def test_every_start_day_by_the_command(days, zone, hour, cut_off, later):
    rows = ask(days, f"select to_char (start - {later}, 'YYYY-MM-DD'), n, to_char (day, 'YYYY-MM-DD') from mine order by start, n")
    lines = "".join(f"{start}T{hour:02}:30 {n}\n" for start, n, _ in rows)
    arguments = ["deadline", "-", "--calendar", "shipped", "--zone", ZONES[zone]] + (["--cut-off", "15:00"] if cut_off else [])
    said = subprocess.run([str(BUILD / "deploy" / "aduan" / "aduan"), *arguments], input=lines, text=True, capture_output=True, check=True,
                          env={**os.environ, "ADUAN_CONFIG": ""})
    assert said.stdout.split() == [day for _, _, day in rows]


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
