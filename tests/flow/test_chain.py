"""The chain goes on whatever happens to the store: docs/audit.md, the failure table."""
import json
import os
import subprocess
import time

import pytest

from collect import metrics
from conftest import Stack
from stack import Program
from test_audit import AUDIT, audit, found, linked, lives


@pytest.fixture
def stack(folder, request):
    """One for each: they are stopped and restored."""
    with Stack(os.path.join(folder, request.node.name[:40])) as running:
        yield running


def submit(stack, count, at=0):
    web = stack.adapter()
    ids = [web.submit(f"Lampu jalan padam nomor {at + number}")[1][2].hex() for number in range(count)]
    stack.wait("select 1 from complaint where complaint_id = any (%s::uuid[]) having count (*) = %s", ids, count)


def newest(stack):
    return stack.sql("select link_id, total from audit_link order by link_id desc limit 1")[0]


@pytest.mark.parametrize("point", ["chain_before_link", "chain_linked"])
def test_the_store_dies(stack, point):
    """Between the commit of what was done and its link, and between the link and its signature."""
    submit(stack, 3)
    linked(stack)
    stack["store"].kill()
    stack["store"].start(FAULT=f"{point}:kill:1")
    stack["store"].process.wait(30)
    before = newest(stack)
    stack["store"].start()
    submit(stack, 2, 3)
    linked(stack)
    assert newest(stack)[1] > before[1]
    stack["store"].stop()
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["unlinked"] == 0 and summary["signed_link"] == summary["last_link"]


def test_a_tail_of_the_dead(stack):
    """Killed for good, with digests that nobody has linked: whoever comes next does."""
    submit(stack, 2)
    linked(stack)
    stack["store"].process.send_signal(19)
    worker, process = stack.worker(), stack["store"].process
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind) select complaint_id, now (), gen_random_uuid (), 0, 16 from complaint")
    process.kill()
    process.wait()
    del worker
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["unlinked"] == 1 and summary["findings"] == 0
    stack["store"].start()
    linked(stack)
    assert json.loads(audit(stack, "--json", "verify").splitlines()[-1])["unlinked"] == 0


def test_two_stores(stack):
    """Each digest is in one link, whoever links; nobody is in the other's way."""
    second = Program(stack, "store")
    second.log += "-second"
    folder = os.path.join(stack.folder, "second")
    os.makedirs(os.path.join(folder, "run"))
    os.symlink(os.path.join(stack.folder, "keys"), os.path.join(folder, "keys"))
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    settings, stack.settings = stack.settings, os.path.join(folder, "aduan.yaml")
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(text.replace(f"run: {stack.folder}/run\ndata: {stack.folder}\n", f"run: {folder}/run\ndata: {folder}\n"))
    try:
        second.start()
    finally:
        stack.settings = settings
    for turn in range(8):
        submit(stack, 4, turn * 4)
    linked(stack)
    first = stack["store"].stop(), second.stop()
    assert first == (0, 0)
    assert stack.sql("select digest_id from audit_digest d, audit_link l where d.digest_id <@ l.covers group by 1 having count (*) > 1") == []
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["unlinked"] == 0 and summary["findings"] == 0 and summary["signed_link"] == summary["last_link"]


def said(stack, words):
    """Waits until the store's log says so."""
    deadline = time.monotonic() + 30
    while words not in stack["store"].tail():
        assert time.monotonic() < deadline, f"{words}: not within 30 s"
        time.sleep(0.05)


def test_who_writes_for_long(stack):
    """A transaction that does not end holds back what came after it, is seen to, and comes in order in the end."""
    submit(stack, 1)
    linked(stack)
    before = newest(stack)
    one, = stack.sql("select complaint_id from complaint")[0]
    slow = stack.postgres.connect()
    slow.autocommit = False
    with slow.cursor() as cursor:
        cursor.execute("insert into event (complaint_id, at, act_key, principal, kind) values (%s, now (), gen_random_uuid (), 0, 16)", (one,))
        submit(stack, 2, 1)
        said(stack, "digests wait unlinked")  # after the second late look
        assert metrics(stack, "store")["store_chain_tail_seconds"] >= 3
        assert newest(stack) == before
    slow.commit()
    slow.close()
    linked(stack)
    said(stack, "digests are linked again")
    assert metrics(stack, "store")["store_chain_tail_seconds"] <= 2
    assert "the chain holds" in audit(stack, "verify")


def test_the_clock_jumps(stack):
    """Times are said, not relied on: digests that are older, or of tomorrow, are linked in the order of their transactions."""
    submit(stack, 1)
    linked(stack)
    for jump in ("2 days", "-3 days", "0"):
        stack.sql("insert into event (complaint_id, at, act_key, principal, kind) select complaint_id, now () + %s::interval, gen_random_uuid (), 0, 16"
                  " from complaint limit 1", jump)
        # of no rows, and of another clock
        stack.sql("insert into audit_digest (at, kind, count, digest) values (now () + %s::interval, 3, 1, sha256 ('x'))", jump)
        linked(stack)
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["findings"] == 0 and summary["unlinked"] == 0 and summary["rows"] == 4 and summary["witnesses"] == 3
    assert metrics(stack, "store")["store_chain_tail_seconds"] == 0


def test_each_hour_is_signed(stack):
    """The newest signature is of an hour before: the next link is signed at once; within the hour none is."""
    submit(stack, 1)
    linked(stack)
    stack.wait("select 1 from audit_signature")
    submit(stack, 1, 1)
    linked(stack)
    assert stack.sql("select count (*) from audit_signature") == [(1,)]
    stack["store"].stop()
    assert stack.sql("select count (*) from audit_signature") == [(2,)], "at the stop"
    stack.sql("set session_replication_role = replica; update audit_signature set at = at - interval '1 hour'")
    stack["store"].start()
    submit(stack, 1, 2)
    stack.wait("select 1 from audit_signature having count (*) = 3")


@pytest.mark.parametrize("kind", ["copy", "dump"])
def test_restore(stack, kind, tmp_path):
    """An older state comes back, as files or as a dump in another cluster: the chain goes on from there, and who kept a
    head sees what is lost."""
    stack.sql("do $$ begin for i in 1..3000 loop perform txid_current (); commit; end loop; end $$")
    submit(stack, 3)
    linked(stack)
    stack["store"].kill()
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind) select complaint_id, now (), gen_random_uuid (), 0, 16 from complaint")
    backup = os.path.join(stack.folder, "backup")
    if kind == "copy":
        stack.postgres.stop("fast")
        subprocess.run(["cp", "-a", stack.postgres.data, backup], check=True)
        stack.postgres.start()
    else:
        with open(backup, "wb") as file:
            subprocess.run(["/usr/lib/postgresql/15/bin/pg_dump", "-h", stack.postgres.folder, "-U", "super", "aduan"], stdout=file, check=True)
    stack["store"].start()
    submit(stack, 3, 3)
    linked(stack)
    stack["store"].stop()
    kept = tmp_path / "heads"
    kept.write_text(audit(stack, "head"))
    assert "the chain holds" in audit(stack, "verify", "--head", str(kept))
    stack.postgres.stop("fast")
    if kind == "copy":
        subprocess.run(["rm", "-rf", stack.postgres.data], check=True)
        subprocess.run(["cp", "-a", backup, stack.postgres.data], check=True)
        stack.postgres.start()
    else:
        subprocess.run(["rm", "-rf", stack.postgres.data], check=True)
        stack.postgres.__enter__()
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "roles.sql"), encoding="utf-8") as file:
            stack.sql(file.read())
        subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", stack.postgres.folder, "-U", "super", "-f", backup, "aduan"],
                       check=True, stdout=subprocess.DEVNULL)
        assert stack.sql("select txid_current () < (select max (tx) from event)") == [(True,)], "another cluster counts anew"
    assert any("tail is cut" in text for what, text in found(stack, "--head", str(kept)))
    stack["store"].start()
    linked(stack)
    submit(stack, 2, 6)
    linked(stack)
    stack["store"].stop()
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["findings"] == 0 and summary["unlinked"] == 0 and summary["signed_link"] == summary["last_link"]
    assert found(stack, "--head", str(kept))


def test_a_key_that_is_lost(stack):
    """Without it links go on unsigned, and the verifier says since when; with a new one the old public half stays known."""
    submit(stack, 1)
    linked(stack)
    stack["store"].stop()
    key, public = (os.path.join(stack.folder, "keys", f"audit.{suffix}") for suffix in ("key", "pub"))
    os.chmod(key, 0o644)
    with pytest.raises(RuntimeError, match="mode must be 0600"):
        stack["store"].start()
    os.rename(key, key + ".lost")
    stack["store"].start()
    assert "no head is signed" in stack["store"].tail()
    submit(stack, 1, 1)
    linked(stack)
    stack["store"].stop()
    summary = json.loads(audit(stack, "--json", "verify").splitlines()[-1])
    assert summary["signed_link"] < summary["last_link"]
    from nacl.signing import SigningKey
    with open(key, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("ab" * 32 + "\n")
    stack["store"].start()
    submit(stack, 1, 2)
    linked(stack)
    stack["store"].stop()
    assert any(what == "signature" and "does not name" in text for what, text in found(stack))
    with open(public, "a", encoding="ascii") as file:
        file.write(bytes(SigningKey(b"\xab" * 32).verify_key).hex() + "\n")
    assert "the chain holds" in audit(stack, "verify")


def test_events_of_before(stack):
    """What was there when the audit began has one digest; a change of it is found."""
    submit(stack, 2)
    linked(stack)
    stack["store"].stop()
    stack.sql("set session_replication_role = replica; update event set tx = 0; delete from audit_link; delete from audit_signature; delete from audit_digest")
    migration = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "store", "sql", "schema", "0056_past.sql")
    with open(migration, encoding="utf-8") as file:
        stack.sql(file.read())
    stack["store"].start()
    linked(stack)
    assert json.loads(audit(stack, "--json", "verify").splitlines()[-1])["rows"] == 2
    stack.sql("set session_replication_role = replica; update event set kind = 2 where complaint_id = (select min (complaint_id::text)::uuid from event)")
    assert [text for what, text in found(stack)] == ["one of the 2 events of before the audit began was changed"]


@pytest.mark.parametrize("acts", [100_000])
def test_many_acts(stack, acts, capsys):
    """10^5 acts in 2,000 transactions beside 2,000 single ones: verified in memory that does not grow with them."""
    submit(stack, 10)
    linked(stack)

    def act(count, transactions):
        stack.sql("do $$ begin for i in 1..%d loop insert into event (complaint_id, at, act_key, principal, agency, kind, text) "
                  "select c.complaint_id, clock_timestamp (), gen_random_uuid (), 3, c.holder, 16, repeat ('Petugas menuju lokasi. ', 5) "
                  "from complaint c, generate_series (1, %d); commit; end loop; end $$" % (transactions, count // transactions // 10))

    def verify():
        began = time.monotonic()
        with subprocess.Popen([AUDIT, "-c", stack.settings, "--json", "verify"], stdout=subprocess.PIPE,
                              env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=0"}) as process:
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, out
        return time.monotonic() - began, usage.ru_maxrss / 1024, json.loads(out.splitlines()[-1])

    act(1000, 100)
    linked(stack)
    _, small, _ = verify()
    act(acts, 2000)
    linked(stack)
    seconds, large, summary = verify()
    with capsys.disabled():
        print(f"\n{summary['rows']} rows in {summary['digests']} digests verified in {seconds:.2f} s; {large:.1f} MB, of 1,000 rows {small:.1f} MB")
    assert summary["rows"] > acts and large < small + 16
