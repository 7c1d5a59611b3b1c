#!/usr/bin/python3
"""Notices to officers and supporters, with real store, notifier, PostgreSQL and mail server: digests, reminders, alerts, news of a case
that others have, too.

The clock is moved by the rows: the agency stands in the zone where it is noon now, and today is a working day.
ADUAN_BUILD names the folder of the build whose programs are tested.
"""
import datetime
import email
import email.policy
import json
import pathlib
import re
import sys
import uuid

import msgpack
import nacl.public
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "flow"))
from test_outbox import World, wait_for  # noqa: E402

NONE, DAILY, AT_ONCE = 1, 2, 3
COORDINATOR, ADMIN, LIAISON, OPERATOR = 5, 6, 7, 9
DIGEST, UNREAD, ASSIGNED, BREACHED, SUPPORTED_ANSWERED, SUPPORTED_CLOSED = range(26, 32)
SECRET, OVERSIGHT = 3, 4


class Office:
    """An agency with people who are written to, and cases."""

    def __init__(self, world):
        self.world, self.sql, self.count = world, world.postgres.sql, 0
        self.zone = (12 - datetime.datetime.now(datetime.timezone.utc).hour) % 24
        self.sql("insert into agency (code, parent, kind, name, zone) values ('33', 1, 'agency', 'Dinas Uji', %s), ('44', 1, 'agency', 'Dinas Lain', %s)",
                 self.zone, self.zone)
        self.sql("update agency set zone = %s", self.zone)
        self.sql("select agency_derive ()")
        self.agency, self.other = (self.sql("select agency_id from agency where code = %s", code)[0][0] for code in ("33", "44"))
        # days around today are working days, whatever the week and the calendar say
        self.sql("delete from working_day where day between current_date - 3 and current_date + 3")
        self.sql("insert into working_day select calendar_now (), -10 + n, current_date + n from generate_series (-3, 3) n")

    def sealed(self, address, kind="email"):
        clear = msgpack.packb({1: 1, 2: "desk", 3: "k", 4: kind, 5: address}) + b"\x80"
        clear += b"\0" * (-len(clear) % 256)
        return nacl.public.SealedBox(self.world.public).encrypt(clear)

    def person(self, notices, role=LIAISON, agency=None, hours=(1, 23), seen="10 days", language=1, named=False):
        """Somebody who has not been here for so long; his address."""
        self.count += 1
        login, address = f"orang-{self.count}", f"orang-{self.count}@dinas.example.org"
        number = self.sql("insert into principal (name, role) values (%s, 4) returning principal_id", f"person {login}")[0][0]
        self.sql("insert into person (principal_id, login, name, language, seen_at) values (%s, %s, %s, %s, now () - %s::interval)",
                 number, login, login, language, seen)
        self.sql("insert into appointment (principal_id, agency_id, role, named, appointed_by) values (%s, %s, %s, %s, 0)",
                 number, agency or self.agency, role, named)
        self.sql("insert into person_contact (principal_id, contact, contact_key, notices, hour_from, hour_to) values (%s, %s, 1, %s, %s, %s)",
                 number, self.sealed(address), notices, *hours)
        return address

    def case(self, *, state=1, due="3 days", priority=3, flags=0, agency=None, bond=0, case_state=4, lead=True, answered=False, placed="1 day", urgent=None):
        """A case at the agency: its id."""
        identity, self.count = str(uuid.uuid4()), self.count + 1
        agency = agency or self.agency
        self.sql("insert into complaint (complaint_id, number, version, received, due_first, due_resolve, holder, adapter, state, events, channel,"
                 " priority, rung, confidence, flags) values (%s, %s, 1, now () - interval '1 day', case when %s then now () - interval '1 hour'"
                 " else now () + %s::interval end, now () + interval '9 days', %s, 1, %s, 1, 1, %s, 3, 900, %s)",
                 identity, self.count, answered, due, agency, case_state, priority, flags)
        self.sql("insert into content (complaint_id, digest, title, body) values (%s, 'd', 'Kata judul', 'Kata laporan Siti')", identity)
        self.sql("insert into event (complaint_id, at, act_key, principal, agency, kind, number) values (%s, now () - %s::interval, gen_random_uuid (), 0, %s, 1, 1)",
                 identity, placed, agency)
        self.sql("insert into assignment (complaint_id, due, version, agency, state, priority, bond, lead, queued) select %s, case when %s then due_resolve"
                 " else due_first end, 1, %s, %s, %s, %s, %s, %s = 1 from complaint where complaint_id = %s",
                 identity, answered, agency, state, priority, bond, lead, state, identity)
        return identity

    def number(self, identity):
        return self.sql("select number_text (number) from complaint where complaint_id = %s", identity)[0][0]

    def event(self, identity, kind, agency=None, data=None):
        self.sql("insert into event (complaint_id, at, act_key, principal, agency, kind, number, data, text) values (%s, now (), gen_random_uuid (), 0, %s, %s, 2,"
                 " %s, 'Kata dinas')", identity, agency, kind, data)

    def midnight(self, days):
        """The moment at which the day `days` after today is over, in the agency's zone."""
        return self.sql("select ((((now () at time zone 'UTC') + make_interval (hours => %s))::date + 1 + %s) - make_interval (hours => %s)) at time zone 'UTC'",
                        self.zone, days, self.zone)[0][0]

    def mails(self, address):
        """What he got, in order."""
        found = []
        for path in sorted((self.world.folder / "sink" / "mail").glob("*.eml")):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if mail["To"].strip("<>") == address:
                found.append(mail)
        return found

    def wait(self, address, count=1):
        return wait_for(f"{count} mails to {address}", lambda: len(self.mails(address)) >= count and self.mails(address))

    def again(self):
        """All are looked at once more, and that has been done."""
        self.sql("update person_contact set look_at = now ()")
        wait_for("the looks", lambda: not self.sql("select 1 from person_contact where look_at <= now ()"))

    def told(self):
        return sorted(self.sql("select p.login, n.template from bulletin b join person p using (principal_id) join notice_pending n on n.complaint_id = b.bulletin_id"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    shared = World(tmp_path_factory.mktemp("digest"))
    try:
        yield shared
    finally:
        shared.end()


@pytest.fixture
def office(world):
    yield Office(world)
    for name in ("notifier", "store"):
        if name in world.programs:
            world.programs[name].terminate()
            assert world.programs.pop(name).wait(60) == 0, name
    (world.folder / "sink" / "rules").unlink(missing_ok=True)
    for path in (world.folder / "sink" / "mail").glob("*"):
        path.unlink()
    world.postgres.sql("set session_replication_role = replica; truncate notice, notice_aside, notice_ended, dispatch, delivery, bulletin, person_contact, appointment,"
                       " session, supporter, supported, supported_told, complaint, content, event, assignment; delete from person; delete from principal where role = 4;"
                       " delete from agency where agency_id > 1; reset session_replication_role")


def start(office, *notifier):
    office.world.start("store")
    office.world.start("notifier", "desk=https://meja.example.org/", *notifier)


def test_digest(office):
    """Once a day, to whom asked for it and has work; counts and no word, name or number; not a second time; a bounce is parked and listed."""
    daily, english = office.person(DAILY), office.person(DAILY, language=2)
    nothing, idle = office.person(NONE), office.person(DAILY, agency=office.other)
    decider, operator = office.person(AT_ONCE, role=COORDINATOR), office.person(DAILY, role=OPERATOR)
    office.case()
    office.case(flags=SECRET)
    office.case(state=3, answered=True)
    for days in (0, 1):
        identity = office.case(state=3)
        office.sql("update complaint set due_first = %s where complaint_id = %s", office.midnight(days), identity)
        office.sql("update assignment set due = %s where complaint_id = %s", office.midnight(days), identity)
    office.case(state=3, due="-1 hour")
    office.case(state=3, bond=1, case_state=6, answered=True)
    doubted = office.case(state=3, case_state=1, priority=4, flags=4096)
    office.sql("update complaint set due_verify = due_first, due_first = null where complaint_id = %s", doubted)
    office.case(agency=1)  # nobody's of these
    start(office)
    (mail,) = office.wait(daily)
    assert mail["Subject"] == "Ringkasan pekerjaan Aduan hari ini"
    text = mail.get_body(("plain",)).get_content()
    lines = dict(line.rsplit(": ", 1) for line in text.splitlines() if ": " in line)
    assert lines == {"Baru, belum dibuka siapa pun": "2", "Belum mendapat jawaban pertama": "5", "Jatuh tempo hari ini": "1",
                     "Jatuh tempo pada hari kerja berikutnya": "1", "Lewat batas waktu": "1", "Dikembalikan, menunggu keputusan": "1",
                     "Diragukan di pintu umum, perlu diperiksa": "1", "Buka meja kerja": "https://meja.example.org/"}
    assert "Kata" not in text and "Siti" not in text and "Reply-To" not in mail
    assert "New, not looked at by anybody: 2" in office.wait(english)[0].get_body(("plain",)).get_content()
    office.wait(decider)
    office.again()
    wait_for("an empty outbox", lambda: office.world.left() == (0, 0))
    assert [len(office.mails(who)) for who in (daily, english, nothing, idle, decider, operator)] == [1, 1, 0, 0, 1, 0]
    assert office.sql("select digest_on = ((now () at time zone 'UTC') + make_interval (hours => %s))::date, look_at > now () from person_contact", office.zone) == [(True, True)] * 6


def test_hours(office):
    """Before the time of digests nothing is counted; a digest waits for his hours; on a day off nothing is written."""
    later = office.person(DAILY, hours=(20, 22))
    office.case()
    office.world.start("store", "digest.at=18:00")
    wait_for("the look", lambda: office.sql("select 1 from person_contact where look_at > now ()"))
    assert office.told() == []
    assert office.sql("select look_at = %s from person_contact", office.midnight(0) - datetime.timedelta(hours=6)) == [(True,)]
    office.world.kill("store")
    office.world.start("store", "digest.at=07:30")
    office.again()
    assert office.sql("select template, not_before = %s from notice", office.midnight(0) - datetime.timedelta(hours=4)) == [(DIGEST, True)]
    assert office.mails(later) == []
    office.sql("delete from notice")
    office.sql("update person_contact set digest_on = '-infinity'")
    office.sql("delete from working_day where day between current_date - 1 and current_date + 1")
    office.again()
    assert office.told() == [] and office.sql("select look_at > now () + interval '12 hours' from person_contact") == [(True,)]


def test_reminder(office):
    """Work that lies unread is said to whom was not here since it came, at most twice a day, three hours apart."""
    away, here = office.person(DAILY), office.person(DAILY, seen="0")
    office.sql("update person_contact set digest_on = current_date + 2")
    office.case(placed="30 minutes")
    office.world.start("store", "digest.unread=4")
    office.again()
    assert office.told() == []
    office.case(placed="1 day")
    office.again()
    assert office.told() == [("orang-1", UNREAD)]
    office.again()
    assert len(office.told()) == 1, "not within three hours"
    for made in (2, 2):  # the second today; a third is too many
        office.sql("update person_contact set reminded_at = now () - interval '4 hours' where reminded_at > '-infinity'")
        office.again()
        assert len(office.told()) == made
    office.world.start("notifier")
    mails = office.wait(away, 2)
    assert mails[0]["Subject"] == "Laporan baru belum dibuka" and "Baru: 2" in mails[0].get_body(("plain",)).get_content()
    assert office.mails(here) == []


def test_at_once(office):
    """An emergency or high case is told to its agency's staff, a clock that runs out to them and to the coordinator above; of a secret case no
    number; an emergency at whatever hour; nobody gets more than twenty a day."""
    staff, daily = office.person(AT_ONCE), office.person(DAILY)
    asleep = office.person(AT_ONCE, hours=(22, 23))
    above, elsewhere = office.person(AT_ONCE, role=COORDINATOR, agency=1), office.person(AT_ONCE, agency=office.other)
    office.sql("update person_contact set digest_on = current_date + 2, look_at = 'infinity'")
    start(office)
    plain, high, hidden = office.case(), office.case(priority=2), office.case(priority=2, flags=SECRET)
    mails = office.wait(staff, 2)
    texts = sorted(mail.get_body(("plain",)).get_content() for mail in mails)
    number = office.number(high)
    assert [number in text for text in texts].count(True) == 1 and f"https://meja.example.org/cases/{number}" in "".join(texts)
    assert not any(office.number(hidden) in text or "Kata" in text for text in texts) and "Dinas Uji" in texts[0] and office.number(plain) not in "".join(texts)
    assert office.mails(asleep) == [] and office.sql("select count (*) from notice where not_before > now ()") == [(2,)]
    office.case(priority=1)
    office.wait(asleep)
    office.event(plain, 41)
    office.event(plain, 42, agency=1)
    (breach,) = office.wait(above)
    assert breach["Subject"] == "Laporan lewat batas waktu" and office.number(plain) in breach.get_body(("plain",)).get_content() and "Dinas Uji" in breach.get_body(("plain",)).get_content()
    office.wait(staff, 4)
    for _ in range(25):
        office.case(priority=2)
    wait_for("twenty", lambda: len(office.mails(staff)) == 20)
    wait_for("the events", lambda: office.sql("select tx >= (select max (tx) from event) from bulletin_seen") == [(True,)])
    wait_for("an outbox of those who sleep alone", lambda: not office.sql("select 1 from notice where not_before is null or not_before <= now ()"))
    assert len(office.mails(staff)) == 20 and office.mails(daily) == [] and office.mails(elsewhere) == []


def test_supporters(office):
    """Those who have the same problem hear once that it was answered and once that it was closed, in batches; never a word; their contact goes."""
    case = office.case(state=3, case_state=4)
    secret = office.case(flags=SECRET, state=3)
    people = [f"warga-{n}@example.org" for n in range(7)]
    for identity, addresses in ((case, people), (secret, ["rahasia@example.org"])):
        for address in addresses:
            office.sql("insert into supporter (complaint_id, submission, adapter, contact, contact_key) values (%s, gen_random_uuid (), 1, %s, 1)", identity, office.sealed(address))
        office.sql("insert into supporter (complaint_id, submission, adapter) values (%s, gen_random_uuid (), 1)", identity)
        office.sql("insert into supported values (%s, %s)", identity, len(addresses) + 1)
    office.world.start("store")
    office.world.start("notifier", "tracking=https://aduan.example.org/t/")
    for kind in (17, 17):
        office.event(case, kind, agency=office.agency)
        office.event(secret, kind, agency=office.agency)
        for address in people:
            (mail,) = office.wait(address)
            assert mail["Subject"] == 'Masalah yang juga Anda alami dijawab' and "Kata" not in mail.get_body(("plain",)).get_content()
            assert f"https://aduan.example.org/t/{office.number(case)}" in mail.get_body(("plain",)).get_content()
    office.sql("update complaint set state = 7 where complaint_id = %s", case)
    office.event(case, 22, agency=office.agency)
    for address in people:
        assert office.wait(address, 2)[1]["Subject"] == "Masalah yang juga Anda alami selesai ditangani"
    wait_for("an empty outbox", lambda: office.world.left() == (0, 0))
    assert office.mails("rahasia@example.org") == []
    office.sql("set session_replication_role = replica; update event set at = at - interval '40 days'; reset session_replication_role")
    office.world.kill("store")
    office.world.start("store")
    wait_for("the contacts' end", lambda: office.sql("select count (*) from supporter where complaint_id = %s and contact is not null", case) == [(0,)])
    assert office.sql("select count (*) from supporter where complaint_id = %s and contact is not null", secret) == [(1,)]


def rows_of(office, name, *values):
    """What a query of aduan-query says, in its role."""
    text = (ROOT / "store" / "sql" / "query" / f"{name}.sql").read_text(encoding="utf-8")
    connection = office.world.postgres.connect("aduan_query")
    cursor = connection.cursor()
    cursor.execute(f"prepare asked ({', '.join(['text'] * len(values))}) as {text}")
    cursor.execute(f"execute asked ({', '.join(['%s'] * len(values))})", values)
    (found,) = cursor.fetchone()
    connection.close()
    return json.loads(found)


def test_parked(office):
    """A mail that bounces is parked and listed with whom it was for; nothing of a plan walks what grows."""
    office.person(DAILY)
    office.case()
    (office.world.folder / "sink" / "rules").write_text("rcpt * 550\n")
    start(office)
    wait_for("the refusal", lambda: office.sql("select 1 from notice_ended where outcome = 3"))
    (row,) = rows_of(office, "read_deliveries", "", "parked")
    assert (row["state"], row["role"], row["login"], row["template"], row["number"], row["code"]) == ("parked", "officer", "orang-1", "digest", None, 550)
    assert rows_of(office, "read_deliveries", row["id"], "")[0]["role"] == "officer"

    office.sql("insert into bulletin (principal_id, complaint_id, submission) select 1 + n % 50, gen_random_uuid (), gen_random_uuid () from generate_series (1, 20000) n")
    office.sql("insert into supporter (complaint_id, submission, adapter) select complaint_id, submission, 1 from bulletin where complaint_id is not null")
    office.sql("insert into complaint select gen_random_uuid (), n, 1, now (), null, now (), now (), 1, 1, null, 0, 0, 5, 1, 1, null, 3, 3, 900, null, 1"
               " from generate_series (1000, 20000) n")
    office.sql("analyze")
    connection = office.world.postgres.connect("aduan_store")
    cursor = connection.cursor()
    cursor.execute("set plan_cache_mode = force_generic_plan; prepare claim as " + (ROOT / "store" / "sql" / "query" / "claim_notices.sql").read_text(encoding="utf-8"))
    cursor.execute("explain execute claim (gen_random_uuid (), 16, 1)")
    plan = "\n".join(line for (line,) in cursor.fetchall())
    connection.close()
    assert not re.search(r"Seq Scan on (complaint|bulletin|supporter)\b", plan), plan


def test_dismissed(office):
    """Who has no appointment in force any more is forgotten with what was to be written; what a notifier has in hand finds no address."""
    office.person(DAILY)
    office.case()
    office.world.start("store")
    wait_for("the digest", lambda: office.told() == [("orang-1", DIGEST)])
    office.sql("update appointment set until = now ()")
    office.again()
    assert office.sql("select count (*) from person_contact") == [(0,)] and office.told() == []


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))
