"""The audit's chain: whatever is changed behind the store's back is found, and named (docs/audit.md)."""
import json
import os
import subprocess

import pytest

from stack import BUILD

AUDIT = os.path.join(BUILD, "store", "audit", "aduan-audit")
OFF = "set session_replication_role = replica; "  # what a superuser can do: no trigger fires


def audit(stack, *arguments, status=0):
    done = subprocess.run([AUDIT, "-c", stack.settings, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def found(stack, *arguments):
    """What verify finds: pairs of kind and text."""
    lines = [json.loads(line) for line in audit(stack, "--json", "verify", *arguments, status=65).splitlines()]
    assert lines[-1]["findings"] == len(lines) - 1 > 0
    return [(line["finding"], line["text"]) for line in lines[:-1]]


def linked(stack):
    """Every digest is in a link."""
    stack.wait("select 1 from (select coalesce (sum (count), 0) as sum from audit_link) l where sum = (select count (*) from audit_digest where tx > 0)"
               " and sum > 0")


@pytest.fixture(scope="module")
def record(stack):
    """A few lives, linked and signed."""
    web, worker = stack.adapter(), stack.worker()
    for number in range(6):
        web.submit(f"Lampu jalan padam di persimpangan nomor {number}")
    linked(stack)
    for case in lives(stack, worker, 6):
        assert worker.act(case, "ack")[0] == "done"
    linked(stack)
    web.submit("Sampah menumpuk di tepi jalan")
    stack.wait("select 1 from complaint having count (*) = 7")  # accepted is not yet stored
    linked(stack)
    stack["store"].stop()  # it signs, and is out of the way of what is done to its rows
    assert "the chain holds" in audit(stack, "verify")
    return stack


def lives(stack, worker, count):
    agencies, cases = [row[0] for row in stack.sql("select agency_id from agency")], []
    while len(cases) < count:
        cases += worker.pull(agencies, count - len(cases), wait=5000)
    return cases


class Undo:
    """A change of a table as superuser, and back again."""

    def __init__(self, stack, table, alone=True):
        self.stack, self.table, self.alone = stack, table, alone

    def __enter__(self):
        self.stack.sql(f"create table keep_{self.table} as table {self.table}")
        return self

    def do(self, text):
        self.stack.sql(OFF + text)

    def __exit__(self, *_):
        self.stack.sql(f"{OFF} delete from {self.table}; insert into {self.table} overriding system value select * from keep_{self.table}; drop table keep_{self.table}")
        assert not self.alone or "the chain holds" in audit(self.stack, "verify")


def test_rows_that_stay_as_they_are(record):
    summary = json.loads(audit(record, "--json", "verify").splitlines()[-1])
    assert summary["findings"] == 0 and summary["rows"] == record.sql("select count (*) from event")[0][0] > 12
    assert summary["signed_link"] == summary["last_link"] == record.sql("select max (link_id) from audit_link")[0][0]


@pytest.mark.parametrize("change", ["at = at - interval '1 day'", "principal = 99", "kind = 17", "text = coalesce (text, '') || '.'", "data = '{\"a\": 1}'",
                                    "agency = agency + 1", "version = coalesce (version, 0) + 1", "number = 77", "tx = tx + 1", "act_key = gen_random_uuid ()"])
def test_an_event_that_was_changed(record, change):
    one, = record.sql("select complaint_id from event where kind = 11 limit 1")[0]
    with Undo(record, "event") as undo:
        undo.do(f"update event set {change} where complaint_id = '{one}' and kind = 11")
        texts = [text for what, text in found(record) if what == "row"]
    assert any(one in text for text in texts), texts


def test_an_event_that_was_removed(record):
    one, number = record.sql("select complaint_id, number from event where kind = 1 limit 1")[0]
    with Undo(record, "event") as undo:
        undo.do(f"delete from event where complaint_id = '{one}' and number = {number}")
        findings = found(record)
    assert any(what == "digest" and "of them are changed or gone" in text for what, text in findings), findings
    assert any(what == "row" and one in text and f"number {number} is gone" in text for what, text in findings), findings


def test_an_event_that_was_added(record):
    one, = record.sql("select complaint_id from event limit 1")[0]
    with Undo(record, "event") as undo:
        undo.do(f"insert into event (complaint_id, at, act_key, principal, kind) values ('{one}', now (), gen_random_uuid (), 7, 17)")
        findings = found(record)
        assert [what for what, text in findings] == ["row"] and one in findings[0][1] and "added" in findings[0][1], findings
    with Undo(record, "event") as undo:  # and one that pretends to be older than the audit
        undo.do(f"insert into event (complaint_id, at, act_key, principal, kind, tx) values ('{one}', now (), gen_random_uuid (), 7, 17, 0)")
        assert "before the audit began" in found(record)[0][1]


@pytest.mark.parametrize("change, what", [
    ("update audit_digest set digest = sha256 (digest) where digest_id = {one}", "link"),
    ("update audit_digest set count = count + 1 where digest_id = {one}", "link"),
    ("update audit_digest set at = at - interval '1 day' where digest_id = {one}", "link"),
    ("update audit_digest set marks = sha256 (marks) where digest_id = {one}", "link"),
    ("update audit_digest set kind = 3 where digest_id = {one}", "link"),
    ("delete from audit_digest where digest_id = {one}", "digest"),
    ("insert into audit_digest (digest_id, at, kind, count, digest, tx) overriding system value select -1, at, 3, count, digest, tx from audit_digest where digest_id = {one}", "digest"),
    # two change their places
    ("update audit_digest a set at = b.at, digest = b.digest, tx = b.tx, marks = b.marks, count = b.count from audit_digest b"
     " where least (a.digest_id, b.digest_id) = {one} and greatest (a.digest_id, b.digest_id) = {other}", "link"),
])
def test_a_digest_that_was_changed(record, change, what):
    (one,), (other,) = record.sql("select digest_id from audit_digest where kind = 11 order by digest_id limit 2")
    with Undo(record, "audit_digest") as undo:
        undo.do(change.format(one=one, other=other))
        findings = found(record)
    assert what in [kind for kind, text in findings] and any(str(one) in text or "-1" in text for kind, text in findings), findings


@pytest.mark.parametrize("change, words", [
    ("update audit_link set head = sha256 (head) where link_id = {one}", "does not follow"),
    ("update audit_link set at = at + interval '1 hour' where link_id = {one}", "does not follow"),
    ("update audit_link set total = total + 1 where link_id = {one}", "counts"),
    ("delete from audit_link where link_id = {one}", "gone"),
    ("update audit_link set covers = '{{}}' where link_id = {one}", "covers 0"),
])
def test_a_link_that_was_changed(record, change, words):
    one, = record.sql("select max (link_id) - 1 from audit_link")[0]
    assert one > 0
    with Undo(record, "audit_link") as undo:
        undo.do(change.format(one=one))
        findings = found(record)
    assert findings[0][0] == "link" and str(one) in findings[0][1] and any(words in text for what, text in findings), findings


def test_signatures(record):
    with Undo(record, "audit_signature") as undo:
        undo.do("update audit_signature set signature = sha512 (signature)")
        assert "does not hold" in found(record)[0][1]
    with Undo(record, "audit_signature") as undo:
        undo.do("update audit_signature set total = total + 1")
        assert "does not hold" in found(record)[0][1]
    with Undo(record, "audit_signature") as undo:
        undo.do("update audit_signature set key = decode (repeat ('ab', 32), 'hex')")
        assert found(record)
    with Undo(record, "audit_signature") as undo:
        undo.do("delete from audit_signature; update audit_link set at = at")
        audit(record, "verify", status=65)


def test_a_tail_that_was_cut(record, tmp_path):
    """All that was written last goes, consistently: rows, digests, links, signatures.  Only who kept a head sees it."""
    kept = tmp_path / "heads"
    kept.write_text(audit(record, "head"))
    assert [line.split()[0] for line in kept.read_text().splitlines()] == ["head", "signed"]
    assert "the chain holds" in audit(record, "verify", "--head", str(kept))
    last, = record.sql("select max (link_id) from audit_link where count > 0")[0]
    with Undo(record, "event") as rows, Undo(record, "audit_digest", False), Undo(record, "audit_link", False), \
            Undo(record, "audit_signature", False):
        rows.do(f"delete from event where tx in (select tx from audit_digest d, audit_link l where link_id >= {last} and digest_id <@ covers)")
        rows.do(f"delete from audit_digest d using audit_link l where link_id >= {last} and digest_id <@ covers")
        rows.do(f"delete from audit_link where link_id >= {last}; delete from audit_signature where link_id >= {last}")
        assert "the chain holds" in audit(record, "verify")  # that is why heads are kept elsewhere
        findings = found(record, "--head", str(kept))
        assert any(what == "head" and "tail is cut" in text for what, text in findings), findings


def test_guards(record):
    """Nobody changes what was written, the owner neither; a guard that is off is told."""
    for role in ("aduan_store", "aduan_migrate", "super"):
        for table in ("event", "audit_digest", "audit_link", "audit_signature", "look", "identity_ask", "identity_approval", "identity_opening"):
            for change in (f"delete from {table}", f"truncate {table} cascade", f"update {table} set at = now ()"):
                with pytest.raises(Exception, match="append-only|permission denied|must be owner"):
                    record.postgres.sql(change, user=role)
    record.sql("alter table event disable trigger event_kept")
    assert ("guard", "event_kept is off: rows of event can be changed") in found(record)
    record.sql("alter table event enable trigger event_kept; alter table look disable trigger look_audited")
    assert ("guard", "look_audited is off: rows of look make no digest") in found(record)
    record.sql("alter table look enable trigger look_audited; grant update on event to aduan_store")
    assert ("guard", "aduan_store may change or remove rows of event") in found(record)
    record.sql("revoke update on event from aduan_store")
    assert "the chain holds" in audit(record, "verify")


def told(stack, *arguments, status=0):
    """What `show` says: dicts; and what it complained of."""
    done = subprocess.run([AUDIT, "-c", stack.settings, "--json", "show", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def administered(record):
    """What people administered, written as their orders write it."""
    numbers = {}
    for login in ("ibu.bupati", "pak.camat"):
        numbers[login] = record.sql("insert into principal (name, role) values (%s, 4) returning principal_id", f"person {login}")[0][0]
        record.sql("insert into person (principal_id, login, name) values (%s, %s, %s)", numbers[login], login, login)
    boss, unit = numbers["ibu.bupati"], record.agency("91.01/PUPR")
    for minute, (name, agency, subject, old, new) in enumerate((
            ("rename_agency", unit, "91.01/PUPR", '{"name": "Lama"}', '{"name": "Baru"}'), ("invite", unit, "pak.camat", None, '{"role": "liaison"}'),
            ("renew_invitation", unit, "pak.camat", None, None), ("make_key", unit, "kunci-1", None, '{"role": "worker"}'),
            ("save_template", unit, "7", '{"name": "T", "text": "RAHASIA"}', '{"name": "T", "text": "RAHASIA LAIN"}'),
            ("lock", record.agency("91.01/LH"), "kunci-1", None, None))):
        record.sql("insert into change (at, principal_id, name, agency_id, subject, old, new) values (now () + make_interval (mins => %s), %s, %s, %s, %s, %s, %s)",
                   minute, boss, name, agency, subject, old, new)
    record.sql("insert into principal (name, role, key) values ('kunci-1', 2, %s)", "k" * 40)
    return record


def test_show_tells_what_was_administered(administered):
    """By a person, to a person, a key and an agency; and no words of templates."""
    def what(name):
        return [row["what"] for row in told(administered, name)[0]]
    assert what("ibu.bupati") == ["rename_agency", "invite", "renew_invitation", "make_key", "save_template", "lock"]
    assert what("pak.camat") == ["invite", "renew_invitation"] and what("PAK.CAMAT") == what("pak.camat")
    assert what("kunci-1") == ["make_key"], "a person's lock is no key's, whatever he is called"
    assert what("91.01/PUPR") == ["rename_agency", "invite", "renew_invitation", "make_key", "save_template"]
    rows, _ = told(administered, "91.01/PUPR")
    assert rows[0]["who"] == "person ibu.bupati" and '{"name": "Lama"} -> {"name": "Baru"}' in rows[0]["about"]
    assert "RAHASIA" not in json.dumps(rows)
    assert "rename_agency" in audit(administered, "show", "ibu.bupati")


def test_show_of_nobody_says_so(administered):
    for name in ("tidak.ada", "91.01/TIDAK", "A0000000000000", "' or 1=1 --", "\udcff"):
        rows, said = told(administered, name, status=66)
        assert rows == [] and "nobody of this name, no such key, agency or case" in said, name
    # somebody is there, and nothing happened then: another thing
    rows, said = told(administered, "ibu.bupati", "--to", "2020-01-01", status=66)
    assert rows == [] and said == ""


def test_times_are_read_or_named(administered):
    """A malformed one is named with its option and what would be right; one without a zone is the installation's."""
    for option, value in (("--from", "kemarin"), ("--to", "2026-13-01"), ("--to", "2026-02-30"), ("--from", "2026-11-25T10:00+25:00"), ("--to", "infinity")):
        done = subprocess.run([AUDIT, "-c", administered.settings, "show", "ibu.bupati", option, value], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        assert done.returncode == 64 and f'{option}: "{value}" is not a time, as 2026-11-25' in done.stderr and "ERROR" not in done.stderr
    at = administered.sql("select to_char (min (at) at time zone 'UTC' + interval '7 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS') from change where name = 'lock'")[0][0]
    assert [row["what"] for row in told(administered, "ibu.bupati", "--from", at)[0]] == ["lock"]
    assert told(administered, "ibu.bupati", "--to", at)[0][-1]["what"] == "save_template"
    assert told(administered, "ibu.bupati", "--from", at + "Z", status=66)[0] == []
