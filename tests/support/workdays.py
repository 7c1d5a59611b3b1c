"""Due times counted by themselves: in SQL from the shipped calendar's file, knowing nothing of the record's functions or the command's code.

    with Workdays(folder) as days:
        days.functions(zone, cut_off, minute)     # what due_at says otherwise, at most five rows
        days.command(zone, cut_off, minute)       # the same of `aduan deadline`
"""
import os
import pathlib
import subprocess

import made_cluster
from private_postgres import PrivatePostgres
from stack import REGISTRY

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
SHIPPED = ROOT / "deploy" / "calendar" / "days_off.tsv"
ZONES = {7: "WIB", 8: "WITA", 9: "WIT"}
STARTS, LIMITS = 2556, 60  # every day of 2021 to 2027

# Every start day with the 60 days that count behind it.
COUNT = """
create temp table off (day date);
insert into off select unnest (%s::date[]);
create temp table mine as
select s.start, row_number () over (partition by s.start order by d.day) as n, d.day
from (select generate_series (date '2021-01-01', date '2027-12-31', interval '1 day')::date as start) s
cross join lateral (select g::date as day from generate_series (s.start + 1, s.start + 120, interval '1 day') g
                    where extract (isodow from g) < 6 and g::date not in (select day from off)) d;
delete from mine where n > 60;
analyze mine
"""


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def later(cut_off, minute):
    """By how many days the first one moves: 1 from the cut-off on."""
    return int(cut_off is not None and minute >= cut_off)


class Workdays:
    def __init__(self, folder):
        self.postgres = PrivatePostgres(folder)

    def __enter__(self):
        made_cluster.lay(BUILD, REGISTRY, self.postgres)
        self.postgres.__enter__()
        off = {line.split("\t")[0] for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line[:2] == "20"}
        self.connection = self.postgres.connect()
        self.cursor = self.connection.cursor()
        self.cursor.execute(COUNT, (sorted(off),))
        self.rows = self.ask("select to_char (start, 'YYYY-MM-DD'), to_char (start - 1, 'YYYY-MM-DD'), n, to_char (day, 'YYYY-MM-DD') from mine order by start, n")
        assert len(self.rows) == STARTS * LIMITS
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.postgres.remove()

    def ask(self, text, *values):
        self.cursor.execute(text, values or None)
        return self.cursor.fetchall()

    def functions(self, zone, cut_off, minute):
        """Where the record's function differs: start, limit, said, right."""
        self.cursor.execute("update calendar set cut_off = %s where calendar_version = calendar_now ()", (cut_off,))
        wrong = self.ask(f"""
            select m.start, m.n, due_at (a.at, m.n::int, {zone}), m.day
            from mine m
            cross join lateral (select ((m.start - {later(cut_off, minute)})::timestamp + interval '{minute} minutes' - interval '{zone} hours') at time zone 'UTC' as at) a
            where due_at (a.at, m.n::int, {zone}) is distinct from ((m.day + 1)::timestamp - interval '{zone} hours') at time zone 'UTC'
            limit 5""")
        self.cursor.execute("update calendar set cut_off = null")
        return wrong

    def command(self, zone, cut_off, minute):
        """Where `aduan deadline` differs: line asked, said, right."""
        lines = [f"{(today, before)[later(cut_off, minute)]}T{clock(minute)} {n}" for today, before, n, _ in self.rows]
        arguments = ["deadline", "-", "--calendar", "shipped", "--zone", ZONES[zone]] + (["--cut-off", clock(cut_off)] if cut_off is not None else [])
        said = subprocess.run([str(BUILD / "deploy" / "aduan" / "aduan"), *arguments], input="\n".join(lines) + "\n", text=True, capture_output=True,
                              check=True, env={**os.environ, "ADUAN_CONFIG": ""}).stdout.split()
        assert len(said) == len(lines)
        return [(line, answer, row[3]) for line, answer, row in zip(lines, said, self.rows) if answer != row[3]][:5]
