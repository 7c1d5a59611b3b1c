"""Who reads what: with the role of people's queries, its policies and nothing else; each way in which such a net leaked elsewhere."""
import hashlib
import os
import pathlib
import random
import re

import psycopg2
import pytest

from conftest import ROOT, Stack
from people import ROLES, token_of

CASES = ("complaint", "content", "event", "assignment")
GUARDED_ROLES = ("aduan_store", "aduan_query", "aduan_desk")


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query")) as running:
        yield running


class Eyes:
    """What a person sees, as the program's own role sees it with his session; all share one connection, as in the program."""

    connections = {}

    def __init__(self, stack, who):
        self.connection = self.connections.setdefault(stack.folder, None) or stack.postgres.connect("aduan_desk")
        self.connections[stack.folder] = self.connection
        self.stack, self.who = stack, who
        self.token = token_of(who).hex() if who is not None else None
        self.look()

    def look(self):
        """He has looked at every case there is (docs/audit.md): what he sees is what his scope lets him."""
        if hasattr(self.who, "number"):
            self.stack.sql("insert into look (complaint_id, principal, what, order_key) select complaint_id, %s, 2, gen_random_uuid () from complaint", self.who.number)

    def sql(self, text, *values):
        with self.connection.cursor() as cursor:
            cursor.execute("begin")
            try:
                if self.token is not None:
                    cursor.execute("select set_config ('aduan.session', %s, true)", (self.token,))
                cursor.execute(text, values or None)
                return cursor.fetchall()
            finally:
                cursor.execute("rollback")

    def cases(self):
        return {row[0] for row in self.sql("select complaint_id from complaint")}


@pytest.fixture(scope="module")
def cases(stack):
    """One open case at each unit, by its code; an oversight one at each inspectorate."""
    web = stack.adapter()
    found = {}
    for code, place, category in (("91.01/PUPR", "91.01.01", 1), ("91.01/KES", "91.01.01", 2), ("91.71/PUPR", "91.71", 1),
                                  ("92.01/PUPR", "92.01.01", 1), ("91.01/PENGAWASAN", "91.01.01", 6), ("92/PENGAWASAN", "92.01.01", 6)):
        assert web.submit(text=f"Laporan tentang {code}", category=category, place=place)[0] == "accepted"
        found[code] = stack.wait("select complaint_id from complaint where holder = %s", stack.agency(code))[0][0]
    return found


def test_nobody_without_a_session(stack, cases):
    for who in (None, os.urandom(32)):
        eyes = Eyes(stack, who)
        for table in CASES + ("person", "appointment", "permit", "informed", "change", "principal", "invitation"):
            column = "principal_id" if table in ("person", "principal", "invitation") else "count (*)"
            rows = eyes.sql(f"select {column} from {table}")
            assert rows in ([], [(0,)]), (who, table, rows)


def test_a_session_that_is_over(stack, cases):
    who = stack.person("91.01", "coordinator")
    eyes = Eyes(stack, who)
    assert eyes.cases()
    stack.sql("update session set ends_at = now () where principal_id = %s", who.number)
    assert not eyes.cases()
    stack.people.session(who)
    eyes = Eyes(stack, who)
    assert eyes.cases()
    stack.sql("update principal set revoked_at = now () where principal_id = %s", who.number)
    assert not eyes.cases()


# Whose cases each role at 91.01 and at 91.01/PUPR reads: typed from DOMAIN.md 1.2 and 1.4, rules 6 and 7.
READS = [
    ("91.01", "coordinator", {"91.01/PUPR", "91.01/KES"}),
    ("91.01", "agency_admin", set()),
    ("91.01", "liaison", set()),
    ("91.01", "overseer", set()),
    ("91.01", "operator", set()),
    ("91.01/PUPR", "coordinator", {"91.01/PUPR"}),
    ("91.01/PUPR", "agency_admin", {"91.01/PUPR"}),
    ("91.01/PUPR", "liaison", {"91.01/PUPR"}),
    ("91.01/PUPR", "overseer", set()),
    ("91.01/PUPR", "operator", set()),
    ("91", "coordinator", set()),
    ("91.71", "coordinator", {"91.71/PUPR"}),
    ("ID", "coordinator", {"91.01/PUPR", "91.01/KES", "91.71/PUPR", "92.01/PUPR"}),
    ("ID", "agency_admin", set()),
    ("ID", "overseer", set()),
    ("91.01/PENGAWASAN", "coordinator", set()),
    ("91.01/PENGAWASAN", "agency_admin", set()),
    ("91.01/PENGAWASAN", "liaison", set()),
]


@pytest.mark.parametrize("agency, role, wanted", READS)
def test_by_role(stack, cases, agency, role, wanted):
    eyes = Eyes(stack, stack.person(agency, role))
    ids = {cases[code] for code in wanted}
    for table in CASES:
        assert {row[0] for row in eyes.sql(f"select complaint_id from {table}")} & set(cases.values()) == ids, table


def test_oversight_by_its_named_staff_alone(stack, cases):
    ours, theirs = cases["91.01/PENGAWASAN"], cases["92/PENGAWASAN"]
    named = Eyes(stack, stack.person("91.01/PENGAWASAN", "liaison", named=True))
    assert named.cases() == {ours}
    assert named.sql("select body from content") and named.sql("select kind from event")
    # from above: how many and how late, and nothing else
    for agency, role, sees in (("91.01", "coordinator", {ours}), ("ID", "coordinator", {ours, theirs}), ("ID", "overseer", {ours, theirs}),
                               ("91.01", "overseer", {ours}), ("91.01", "agency_admin", set()), ("91.71", "coordinator", set())):
        eyes = Eyes(stack, stack.person(agency, role))
        assert not {ours, theirs} & eyes.cases()
        for table in CASES:
            assert not eyes.sql(f"select 1 from {table} where complaint_id in (%s, %s)", ours, theirs), table
        holders = {row[0] for row in eyes.sql("select agency from watch_counts (0, 1000) where oversight > 0")}
        assert holders == {stack.sql("select holder from complaint where complaint_id = %s", one)[0][0] for one in sees}, (agency, role)
    assert Eyes(stack, stack.person("91.01/PENGAWASAN", "liaison", named=True)).sql("select * from watch_counts (0, 1000)") == []


def test_grants(stack, cases):
    """A past holder, a supporter, a copy, a permit: each sees what its row says, and no more."""
    case, holder = cases["92.01/PUPR"], stack.agency("92.01/PUPR")
    kes = stack.agency("92.01/KES")
    eyes = Eyes(stack, stack.person("92.01/KES", "liaison"))
    assert case not in eyes.cases()

    def event(kind, seconds, text):
        stack.sql("insert into event (complaint_id, at, act_key, principal, agency, kind, number, text) "
                  "values (%s, now () + %s * interval '1 second', gen_random_uuid (), 0, %s, %s, 9, %s)", case, seconds, holder, kind, text)

    def texts():
        return {row[0] for row in eyes.sql("select text from event where complaint_id = %s and text is not null", case)}

    event(16, -60, "before")
    event(16, 60, "behind")
    event(22, 90, "outcome")
    # it helps
    stack.sql("insert into assignment (complaint_id, due, version, agency, state, priority, lead) values (%s, now (), 1, %s, 1, 2, false)", case, kes)
    assert case in eyes.cases() and texts() == {"before", "behind", "outcome"} and eyes.sql("select body from content where complaint_id = %s", case)
    # it had it, and handed it back now
    stack.sql("update assignment set state = 7, queued = false, left_at = now () where complaint_id = %s and agency = %s", case, kes)
    assert case in eyes.cases() and texts() == {"before", "outcome"}
    stack.sql("delete from assignment where complaint_id = %s and agency = %s", case, kes)
    assert case not in eyes.cases() and texts() == set()
    # it is informed
    stack.sql("insert into informed (complaint_id, agency) values (%s, %s)", case, kes)
    assert case in eyes.cases() and texts() == {"before", "behind", "outcome"}
    # the holder's superiors see it all the same; of an oversight case none of these rows shows anything
    stack.sql("update complaint set flags = flags | 4 where complaint_id = %s", case)
    assert case not in eyes.cases() and texts() == set() and not eyes.sql("select 1 from informed where complaint_id = %s", case)
    stack.sql("update complaint set flags = flags & ~4 where complaint_id = %s", case)
    stack.sql("delete from informed where complaint_id = %s", case)
    # it is permitted: state and clocks, then content, until a day
    for level, sees in ((1, set()), (2, {"before", "behind", "outcome"})):
        stack.sql("insert into permit (complaint_id, agency_id, level, until, granted_by, reason) values (%s, %s, %s, now () + interval '1 hour', 0, 'x')", case, kes, level)
        assert case in eyes.cases() and texts() == sees and bool(eyes.sql("select 1 from content where complaint_id = %s", case)) == bool(sees)
    for over in ("until = now ()", "ended_at = now (), until = now () + interval '1 hour'"):
        stack.sql(f"update permit set {over} where complaint_id = %s", case)
        assert case not in eyes.cases() and texts() == set()
    stack.sql("delete from permit where complaint_id = %s", case)


def test_identity_never(stack):
    for role in ("aduan_query", "aduan_desk"):
        for column in ("seal", "contact", "code_hash", "raw_body"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                stack.postgres.sql(f"select {column} from content", user=role)
    for table, column in (("person", "password"), ("person", "factor"), ("invitation", "token_hash"), ("ordered", "result")):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            stack.postgres.sql(f"select {column} from {table}", user="aduan_desk")


def test_sessions_are_ones_own(stack):
    """One's own sessions may be listed; of nobody else's there is any sign."""
    one, other = stack.person("ID", "coordinator"), stack.person("91.01", "coordinator")
    for who in (one, other):
        try:
            assert {row[0] for row in Eyes(stack, who).sql("select principal_id from session")} <= {who.number}
        except psycopg2.errors.InsufficientPrivilege:
            pass  # nothing of them at all
    assert Eyes(stack, os.urandom(32)).cases() == set()


def leaky_views(stack):
    """Views that read a guarded table as their owner; what the daemons alone may read is none of people's business."""
    return [row[0] for row in stack.sql(
        "select distinct v.relname from pg_class v join pg_rewrite r on r.ev_class = v.oid join pg_depend d on d.objid = r.oid and d.refclassid = 'pg_class'::regclass "
        "join pg_class t on t.oid = d.refobjid and t.relrowsecurity where v.relkind = 'v' and not coalesce (v.reloptions, '{}') && array['security_invoker=true'] "
        "and (has_table_privilege ('aduan_desk', v.oid, 'select') or v.relname = 'leaks')")]


def test_every_table_of_cases_and_people_is_guarded(stack):
    """ENABLE and FORCE, or the owner and views see everything; a policy for each role that has a grant."""
    rows = stack.sql("select distinct c.relname, c.relrowsecurity, c.relforcerowsecurity from pg_class c join pg_attribute a on a.attrelid = c.oid "
                     "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not a.attisdropped "
                     "and (a.attname in ('complaint_id', 'principal_id', 'complaint', 'person') or c.relname = 'dispatch')")
    assert len(rows) >= 20
    assert [row for row in rows if not (row[1] and row[2])] == [], "guard_rows (store/sql/schema/0048) for these"
    assert leaky_views(stack) == []
    stack.sql("create view leaks as select complaint_id from complaint")
    try:
        assert leaky_views(stack) == ["leaks"]
        stack.sql("alter view leaks set (security_invoker = true)")
        assert leaky_views(stack) == []
    finally:
        stack.sql("drop view leaks")
    assert not stack.sql("select rolname from pg_roles where (rolsuper or rolbypassrls) and rolname like 'aduan%%'")


def test_people_read_only(stack):
    eyes = Eyes(stack, stack.person("ID", "coordinator"))
    for text in ("delete from complaint", "update person set name = ''", "insert into permit default values", "select agency_derive ()",
                 "select order_done (0, '', '{}', gen_random_uuid (), 0, '', null, null, null)", "select nextval ('change_change_id_seq')"):
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)):
            eyes.sql(text)
    # a client that names scope itself is believed nothing: the setting is the unguessable token, and no other setting counts
    eyes = Eyes(stack, None)
    eyes.connection = stack.postgres.connect("aduan_desk")
    with eyes.connection.cursor() as cursor:
        for name in ("aduan.agency", "aduan.person", "aduan.scope"):
            cursor.execute(f"set {name} = '1'")
    assert not eyes.cases()
    eyes.connection.close()


def test_setting_ends_with_the_transaction(stack, cases):
    eyes = Eyes(stack, stack.person("ID", "coordinator"))
    assert eyes.cases()
    eyes.token = None
    assert not eyes.cases()


def test_staff_by_scope(stack):
    below, sibling = stack.person("91.01/LH", "liaison"), stack.person("91.71/LH", "liaison")
    for agency, role, sees in (("91.01", "coordinator", {below.number}), ("91.01/LH", "liaison", {below.number}), ("91.01", "agency_admin", set()),
                               ("ID", "coordinator", {below.number, sibling.number}), ("91.01/LH", "overseer", set())):
        who = stack.person(agency, role)
        eyes = Eyes(stack, who)
        for table in ("person", "appointment"):
            seen = {row[0] for row in eyes.sql(f"select principal_id from {table}")}
            assert seen & {below.number, sibling.number} == sees and who.number in seen, (agency, role, table)


def statements():
    """The store's own, as it prepares them."""
    import sys
    sys.path.insert(0, os.path.join(ROOT, "store", "sql"))
    from embed_sql import statement
    for path in sorted(pathlib.Path(ROOT, "store", "sql", "query").glob("*.sql")):
        if not path.name.startswith(("desk_", "web_", "audit_", "identity_")):
            yield path.stem, *statement(path)


def of_plan(line):
    """A plan's line; the parts of a filter may stand in any order."""
    line = re.sub(r"\$\d+", "$", line)
    return " ".join(sorted(re.findall(r"[^\s()]+", line))) if "Filter: " in line else line


def plans(stack, user):
    found = {}
    connection = stack.postgres.connect(user)
    with connection.cursor() as cursor:
        cursor.execute("set plan_cache_mode = force_generic_plan")
        for name, count, text in statements():
            if name.startswith("read_") != (user == "aduan_query"):
                continue
            cursor.execute(f"prepare one as {text}")
            nothing = f" ({', '.join(['null'] * count)})" if count else ""
            try:
                cursor.execute(f"explain (costs off) execute one{nothing}")
            except psycopg2.errors.InsufficientPrivilege as refused:
                raise AssertionError(f"{name}: {refused}") from refused
            found[name] = [of_plan(row[0]) for row in cursor.fetchall()]
            cursor.execute("deallocate one")
    connection.close()
    return found


@pytest.mark.parametrize("user", ["aduan_store", "aduan_query"])
def test_plans_of_the_daemons_are_as_without(stack, user):
    """A policy that is a constant adds no filter and costs no plan of the hot statements."""
    guarded = plans(stack, user)
    tables = [row[0] for row in stack.sql("select relname from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace")]
    try:
        for table in tables:
            stack.sql(f"alter table {table} disable row level security")
        bare = plans(stack, user)
    finally:
        for table in tables:
            stack.sql(f"alter table {table} enable row level security")
    import difflib
    assert len(guarded) > 10
    for name, plan in guarded.items():
        assert plan == bare[name], name + "\n" + "\n".join(difflib.unified_diff(bare[name], plan, lineterm=""))


def oracle(stack):
    """What each person may see, worked out in Python from rows: agencies by parent, appointments, cases."""
    parents = dict(stack.sql("select agency_id, parent from agency"))

    def above(agency):
        while agency:
            yield agency
            agency = parents[agency]

    held = {}
    for person, agency, role, named in stack.sql("select principal_id, agency_id, role, named from appointment where ended_at is null"):
        held.setdefault(person, []).append((agency, role, named))

    def reads(person, holder, oversight):
        for agency, role, named in held.get(person, []):
            if oversight and named and agency == holder:
                return True
            if not oversight and (role in (5, 6, 7) and agency == holder or role == 5 and agency in above(holder)):
                return True
        return False
    return reads


PROBES = int(os.environ.get("ADUAN_PROBES", "1500"))


def test_random_probes(stack, cases):
    """Random people, random questions: what is seen is what an independent computation allows, and all of that."""
    dice = random.Random(int(os.environ.get("ADUAN_SEED", "7")))
    codes = [row[0] for row in stack.sql("select code from agency where retired_at is null")]
    people = [stack.person(dice.choice(codes), dice.choice(list(ROLES)), named=False) for _ in range(60)]
    for who in people[:30]:
        code, role = dice.choice(codes), dice.choice(list(ROLES))
        if not stack.sql("select 1 from appointment where principal_id = %s and agency_id = %s and role = %s", who.number, stack.agency(code), ROLES[role]):
            stack.people.appoint(who, code, role, named=dice.random() < 0.3)
    reads = oracle(stack)
    rows = stack.sql("select complaint_id, holder, flags & 4 <> 0, number_text (number) from complaint")
    eyes = {who: Eyes(stack, who) for who in people}
    questions = ["select 1 from complaint where complaint_id = %s", "select 1 from content where complaint_id = %s", "select 1 from event where complaint_id = %s limit 1",
                 "select 1 from assignment where complaint_id = %s limit 1",
                 "select 1 from complaint c join content using (complaint_id) join event using (complaint_id) where complaint_id = %s limit 1",
                 "select 1 from complaint where complaint_id = %s and holder = any (select agency_id from agency)"]
    seen = 0
    for _ in range(PROBES):
        who, (case, holder, oversight, _number) = dice.choice(people), dice.choice(rows)
        found = bool(eyes[who].sql(dice.choice(questions), case))
        assert found == reads(who.number, holder, oversight), (who.login, case, holder, oversight)
        seen += found
    assert 0 < seen < PROBES
