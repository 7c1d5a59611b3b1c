"""A sealed identity is opened by two people, once, for one complaint; looks at what is secret go down first (docs/audit.md)."""
import json
import os
import subprocess
import time
import uuid

import pytest
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from conftest import Stack
from stack import BUILD

IDENTITY = os.path.join(BUILD, "store", "audit", "aduan-identity")
AUDIT = os.path.join(BUILD, "store", "audit", "aduan-audit")
PASSPHRASE = "lima kuda berenang di sawah"
REASON = "Perintah pengadilan nomor 12/2026"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), fronts=("desk",)) as running:
        yield running


@pytest.fixture(scope="module")
def key(stack):
    """The month's secret key, that deploy/up made in plain, under a passphrase."""
    path = os.path.join(stack.folder, "seal-1.offline")
    said = run(stack, "keygen", "--number", "1", "--from", os.path.join(stack.folder, "keys", "seal-1.key"), path, twice=True)
    with open(os.path.join(stack.folder, "keys", "seal-1.pub"), encoding="ascii") as file:
        assert said == file.read()
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert cheaper(path) == ("3", "268435456")
    return path


def cheaper(path):
    """A file says itself what its passphrase costs: each opening a second of a core and 256 MiB, here the least. What it cost before."""
    with open(path, encoding="ascii") as file:
        *head, (word, *costs, salt, nonce, box) = [line.split() for line in file.read().splitlines()]
    salt, nonce, box = map(bytes.fromhex, (salt, nonce, box))

    def secret(ops, memory):
        return SecretBox(argon2id.kdf(SecretBox.KEY_SIZE, PASSPHRASE.encode(), salt, opslimit=int(ops), memlimit=int(memory)))

    least = (str(argon2id.OPSLIMIT_MIN), str(argon2id.MEMLIMIT_MIN))
    box = secret(*least).encrypt(secret(*costs).decrypt(box, nonce), nonce).ciphertext
    with open(path, "w", encoding="ascii") as file:
        file.writelines(" ".join(line) + "\n" for line in [*head, [word, *least, salt.hex(), nonce.hex(), box.hex()]])
    return tuple(costs)


@pytest.fixture(scope="module")
def people(stack):
    """Two who may, and one who may not."""
    two = [stack.person("ID", "operator"), stack.person("ID", "coordinator")]
    for who in two:
        stack.sql("update appointment set opens = true where principal_id = %s", who.number)
    return *two, stack.person("ID", "coordinator")


def run(stack, *arguments, passphrase=PASSPHRASE, twice=False, status=0, program=IDENTITY):
    read_end, write_end = os.pipe()
    os.write(write_end, f"{passphrase}\n".encode() * (2 if twice else 1))
    os.close(write_end)
    command = [program, "-c", stack.settings] + (["-p", str(read_end)] if program == IDENTITY else [])
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, pass_fds=[read_end])
    os.close(read_end)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stderr


def submit(stack, name="Sari Dewi", adapter="web"):
    """A complaint with an identity: its id as text."""
    before = time.time()
    _, fields = stack.adapter(adapter).submit(f"Lampu jalan padam {before}", identity={1: name, 2: "3374010101900001"})
    stack.wait("select 1 from complaint where complaint_id = %s", fields[2].hex())
    return stack.sql("select complaint_id::text from complaint where complaint_id = %s", fields[2].hex())[0][0]


def approved(stack, people, complaint, hours=24):
    one, two, _ = people
    asked = stack.front().order("ask_identity", one, complaint=complaint, reason=REASON, hours=hours)
    assert asked.word == "done", asked
    assert stack.front().order("approve_identity", two, request=asked["request"]).word == "done"
    return str(asked["request"])


def openings(stack):
    return stack.sql("select count (*) from identity_opening")[0][0]


def test_two_people_open_one_identity(stack, key, people):
    complaint = submit(stack)
    request = approved(stack, people, complaint)
    said = run(stack, "open", "--key", key, request)
    assert "name: Sari Dewi" in said and "nik: 3374010101900001" in said and REASON in said and people[0].login.capitalize() in said
    row, = [json.loads(line) for line in run(stack, "--json", "identity", program=AUDIT).splitlines()]
    assert row["complaint_id"] == complaint and row["reason"] == REASON and row["number"] == stack.sql(
        "select number_text (number) from complaint where complaint_id = %s", complaint)[0][0]
    assert [row["asked_by"], row["approved_by"]] == [f"person {people[0].login}", f"person {people[1].login}"]
    assert run(stack, "identity", "--to", "2020-01-01", program=AUDIT, status=66) == ""
    # all of it stands in the chain, and in what is told of the case and of each person
    for whom in (complaint, row["number"], people[0].login):
        told = run(stack, "show", whom, program=AUDIT)
        assert "identity asked" in told and "identity opened" in told, told
    assert stack.sql("select opened is not null, reason from identity_looks (%s)", complaint) == [(True, REASON)]
    assert stack.sql("select name from change where name ~ 'identity' order by change_id") == [("ask_identity",), ("approve_identity",)]
    assert "the chain holds" in run(stack, "verify", program=AUDIT)


def test_an_approval_opens_once(stack, key, people):
    request = approved(stack, people, submit(stack))
    run(stack, "open", "--key", key, request)
    before = openings(stack)
    assert "it was used already" in run(stack, "open", "--key", key, request, status=77)
    assert openings(stack) == before


def test_nobody_approves_his_own(stack, key, people):
    one, two, third = people
    complaint = submit(stack)
    asked = stack.front().order("ask_identity", one, complaint=complaint, reason=REASON, hours=1)
    assert stack.front().order("approve_identity", one, request=asked["request"]).word == "role request"
    assert stack.front().order("approve_identity", third, request=asked["request"]).word == "role request"
    assert "nobody has approved it" in run(stack, "open", "--key", key, str(asked["request"]), status=77)
    # and not by a row that goes round the order, either
    stack.sql("insert into identity_approval (ask_id, principal) values (%s, %s)", asked["request"], one.number)
    assert "it takes two persons" in run(stack, "open", "--key", key, str(asked["request"]), status=77)
    assert stack.front().order("approve_identity", two, request=asked["request"]).word == "state request"
    assert "no such request" in run(stack, "open", "--key", key, "999999", status=77)


def test_who_may_ask(stack, people):
    one, _, third = people
    front, complaint = stack.front(), submit(stack)
    assert front.order("ask_identity", third, complaint=complaint, reason=REASON, hours=1).word == "role"
    assert front.order("ask_identity", one, complaint=complaint, reason="x", hours=1).word == "value reason"
    assert front.order("ask_identity", one, complaint=complaint, reason=REASON, hours=169).word == "value hours"
    assert front.order("ask_identity", one, complaint="A0000000000000", reason=REASON, hours=1).word == "absent complaint"
    _, fields = stack.adapter().submit("Tanpa nama")
    stack.wait("select 1 from complaint where complaint_id = %s", fields[2].hex())
    assert front.order("ask_identity", one, complaint=fields[2].hex(), reason=REASON, hours=1).word == "state complaint"


def test_who_gives_the_right(stack, people):
    one, two, third = people
    fourth, fifth = stack.person("ID", "operator"), stack.person("91.01", "coordinator")
    front = stack.front()
    assert front.order("allow_identity", third, login=fourth.login, allowed=True).word == "role"
    assert front.order("allow_identity", third, login=third.login, allowed=True).word == "role"
    assert front.order("allow_identity", one, login=one.login, allowed=True).word == "role"
    assert front.order("allow_identity", one, login=fifth.login, allowed=True).word == "absent login"  # not of the root
    assert front.order("allow_identity", one, login=fourth.login, allowed="mungkin").word == "value allowed"
    assert stack.sql("select identity_may (%s)", fourth.number) == [(False,)]
    assert front.order("allow_identity", one, login=fourth.login, allowed=True).word == "done"
    assert stack.sql("select identity_may (%s)", fourth.number) == [(True,)]
    assert front.order("allow_identity", two, login=fourth.login, allowed=False).word == "done"
    assert stack.sql("select identity_may (%s)", fourth.number) == [(False,)]


def test_time_is_over(stack, key, people):
    one, two, _ = people
    complaint = submit(stack)
    number, = stack.sql("insert into identity_ask (complaint_id, at, principal, until, reason) values (%s, now () - interval '2 hours', %s,"
                        " now () - interval '1 hour', %s) returning ask_id", complaint, one.number, REASON)[0]
    assert stack.front().order("approve_identity", two, request=number).word == "state request"
    stack.sql("insert into identity_approval (ask_id, principal) values (%s, %s)", number, two.number)
    assert "its time is over" in run(stack, "open", "--key", key, str(number), status=77)


def test_who_has_lost_the_right(stack, key, people):
    one, two, _ = people
    request = approved(stack, people, submit(stack))
    for who, words in ((one, "who asked for it may not"), (two, "who approved it may not")):
        stack.sql("update appointment set opens = false where principal_id = %s", who.number)
        assert words in run(stack, "open", "--key", key, request, status=77)
        stack.sql("update appointment set opens = true where principal_id = %s", who.number)
    assert "Sari Dewi" in run(stack, "open", "--key", key, request)


def test_a_box_that_was_swapped(stack, key, people):
    """Somebody with the database puts another complaint's box there: it is not shown."""
    here, there, by_sms = submit(stack, "Sari Dewi"), submit(stack, "Budi Santoso"), submit(stack, "Wati Lestari", "sms")
    for other, words in ((there, "another key"), (by_sms, "another adapter")):
        request = approved(stack, people, here)
        stack.sql("update content c set seal = o.seal from content o where c.complaint_id = %s and o.complaint_id = %s", here, other)
        said = run(stack, "open", "--key", key, request, status=65)
        assert "IT IS ANOTHER COMPLAINT'S" in said and words in said and "Budi" not in said and "Wati" not in said, said
        assert stack.sql("select 1 from identity_opening where ask_id = %s", request), "it was about to be seen: the row stands"
    request = approved(stack, people, here)
    stack.sql("update content set seal = set_byte (seal, 40, get_byte (seal, 40) # 1) where complaint_id = %s", here)
    assert "does not open with this key" in run(stack, "open", "--key", key, request, status=65)


def test_a_part_that_was_split_off(stack, key, people):
    """It has no box of its own: its reporter's is the first complaint's, and opens as that one's."""
    front, admin = stack.front(), stack.person("91.01/PUPR", "agency_admin")
    _, fields = stack.adapter().submit("Lampu mati dan jalan rusak", target="91.01/PUPR", identity={1: "Sari Dewi"})
    first, case = bytes(fields[2]), None
    while not case:
        case = next((one for one in front.pull_as(admin, [stack.agency("91.01/PUPR")], 10, 5000) if bytes(one["id"]) == first), None)
    verdict, said = front.act_as(admin, case, "ack")
    assert verdict == "done", said
    verdict, said = front.act_as(admin, {**case, "version": said[5]}, 18, t18="Jalan", t19="Jalan rusak di depan pasar")
    assert verdict == "done", said
    part = bytes(said[7]).hex()
    assert part != first.hex() and stack.sql("select seal is null and seal_key is null from content where complaint_id = %s", part) == [(True,)]
    asked = stack.front().order("ask_identity", people[0], complaint=part, reason=REASON, hours=1)
    assert asked["number"] == stack.sql("select number_text (number) from complaint where complaint_id = %s", first.hex())[0][0]
    assert stack.front().order("approve_identity", people[1], request=asked["request"]).word == "done"
    assert "Sari Dewi" in run(stack, "open", "--key", key, str(asked["request"]))


def test_keys_and_passphrases(stack, key, people, tmp_path):
    request = approved(stack, people, submit(stack))
    before = openings(stack)
    assert "does not open with this passphrase" in run(stack, "open", "--key", key, request, passphrase="salah sama sekali", status=77)
    assert "is not there" in run(stack, "open", "--key", str(tmp_path / "none"), request, status=66)
    other = str(tmp_path / "seal-2")
    run(stack, "keygen", "--number", "2", other, twice=True)
    assert "is there already" in run(stack, "keygen", "--number", "2", other, twice=True, status=73)
    assert "too short" in run(stack, "keygen", "--number", "3", str(tmp_path / "x"), passphrase="pendek", twice=True, status=77)
    assert "sealed with key 1, not with 2" in run(stack, "open", "--key", other, request, status=77)
    os.chmod(other, 0o640)
    assert "mode 0600" in run(stack, "open", "--key", other, request, status=66)
    assert openings(stack) == before, "what cannot be opened uses nothing up"
    with open(key, encoding="ascii") as file:
        text = file.read()
    with open(os.path.join(stack.folder, "keys", "seal-1.key"), encoding="ascii") as file:
        assert file.read().strip() not in text
    assert "Sari Dewi" in run(stack, "open", "--key", key, request)


def test_no_other_way_to_a_box(stack, people):
    """Roles of the database: nobody selects it; aduan_identity gets it behind its row only, and not in the same transaction."""
    complaint = submit(stack)
    for role in ("aduan_store", "aduan_query", "aduan_desk", "aduan_audit", "aduan_identity"):
        with pytest.raises(Exception, match="permission denied"):
            stack.postgres.sql("select seal from content", user=role)
    request = approved(stack, people, complaint)
    for role in ("aduan_store", "aduan_query", "aduan_desk", "aduan_audit"):
        with pytest.raises(Exception, match="permission denied"):
            stack.postgres.sql("select identity_box (%s)", request, user=role)
        with pytest.raises(Exception, match="permission denied|read-only"):
            stack.postgres.sql("select identity_open (%s, 'x', 1)", request, user=role)
    assert stack.postgres.sql("select identity_box (%s)", request, user="aduan_identity") == [(None,)]
    assert stack.postgres.sql("begin; select identity_open (%s, 'x', 1); select identity_box (%s)", request, request, user="aduan_identity") == [(None,)]
    assert stack.sql("select count (*) from identity_opening where ask_id = %s", request) == [(0,)], "rolled back with its connection"


def test_the_process_is_closed_in(stack, key, people):
    """No core dump, not to be traced by its own user."""
    request = approved(stack, people, submit(stack))
    read_end, write_end = os.pipe()
    with subprocess.Popen([IDENTITY, "-c", stack.settings, "-p", str(read_end), "open", "--key", key, request], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, pass_fds=[read_end]) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:  # until it waits for the passphrase
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
                core = [line for line in file if line.startswith("Max core")][0].split()
            if core[4:6] == ["0", "0"]:
                break
            time.sleep(0.01)
        assert core[4:6] == ["0", "0"]
        os.write(write_end, f"{PASSPHRASE}\n".encode())
        out, err = process.communicate(timeout=60)
    os.close(read_end)
    os.close(write_end)
    assert b"Sari Dewi" in out, err


# ---- looks -------------------------------------------------------------------------------------------

def looked(stack, who, complaint):
    connection = stack.postgres.connect("aduan_desk")
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("select set_config ('aduan.session', %s, true)", (who.session.hex(),))
        cursor.execute("select session_looked (%s)", (complaint,))
        answer = cursor.fetchone()[0]
    connection.close()
    return answer


def test_looks(stack):
    """Who says that he looks has looked; for a quarter of an hour, at that one, and only in his scope."""
    complaint, other = submit(stack), submit(stack)
    front, who, foreign = stack.front(), stack.person("ID", "coordinator"), stack.person("92.01", "liaison")
    key = os.urandom(16)
    assert not looked(stack, who, complaint)
    assert front.order("look", who, repeat=key, complaints=[complaint], what="case").word == "done"
    assert front.order("look", who, repeat=key, complaints=[complaint], what="case").word == "done"
    assert looked(stack, who, complaint) and not looked(stack, who, other) and not looked(stack, foreign, complaint)
    assert stack.sql("select complaint_id::text, principal, what from look where principal = %s", who.number) == [(complaint, who.number, 2)], "said twice, one look"
    # what is foreign looks as if it were not there
    holder = stack.sql("select holder from complaint where complaint_id = %s", complaint)[0][0]
    assert holder != stack.agency("92.01")
    absent = "00000000-0000-0000-0000-000000000001"
    assert front.order("look", foreign, complaints=[complaint], what="case").word == front.order("look", foreign, complaints=[absent], what="case").word
    assert not looked(stack, foreign, complaint)
    assert front.order("look", who, complaints=[complaint], what="everything").word == "value what"
    assert front.order("look", who, complaints=["x"], what="case").word == "value complaints"
    assert front.order("look", who, complaints=[], what="case").word == "value complaints"
    assert front.order("look", who, complaints=[], what="export").word == "value reason"
    assert front.order("look", who, what="export", reason="laporan triwulan").word == "done"
    # a quarter of an hour later it is said again
    stack.sql("insert into look (complaint_id, at, principal, what, order_key) values (%s, now () - interval '16 minutes', %s, 2, gen_random_uuid ())",
              other, who.number)
    assert not looked(stack, who, other)
    assert "look" in run(stack, "show", complaint, program=AUDIT)
    assert "the chain holds" in run(stack, "verify", program=AUDIT)


def test_no_look_no_words(stack):
    """A secret case's words and history are not there without one, whatever is asked; its state is."""
    complaint, front = submit(stack), stack.front()
    _, fields = stack.adapter().submit("Jalan rusak, boleh dibaca siapa saja", secret=1, anonymous=1)
    stack.wait("select 1 from complaint where complaint_id = %s", fields[2].hex())
    holders = dict(stack.sql("select complaint_id::text, a.code from complaint c join agency a on a.agency_id = c.holder"))
    who = stack.person(holders[complaint], "liaison")
    open_one = str(uuid.UUID(bytes=bytes(fields[2])))
    stack.people.appoint(who, holders[open_one], "coordinator")

    def sees(table, of):
        connection = stack.postgres.connect("aduan_desk")
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("select set_config ('aduan.session', %s, true)", (who.session.hex(),))
            cursor.execute(f"select count (*) from {table} where complaint_id = %s", (of,))
            count = cursor.fetchone()[0]
        connection.close()
        return count > 0

    assert [sees(table, complaint) for table in ("complaint", "content", "event")] == [True, False, False]
    assert [sees(table, open_one) for table in ("complaint", "content", "event")] == [True, True, True]
    assert front.order("look", who, complaints=[complaint], what="case").word == "done"
    assert [sees(table, complaint) for table in ("complaint", "content", "event")] == [True, True, True]


def test_a_pull_is_a_look(stack):
    """A person who is leased a secret case has looked at it, in the same transaction; a worker has not, nor who got what is open."""
    web, front, worker = stack.adapter(), stack.front(), stack.worker()
    who = stack.person("91.01/PUPR", "liaison")
    agency = stack.agency("91.01/PUPR")
    ids = {}
    for secret in (True, False):
        _, fields = web.submit(f"Jalan rusak di sini {secret}", target="91.01/PUPR", secret=2 if secret else 1, anonymous=1)
        ids[fields[2]] = stack.wait("select flags & 2 > 0, holder from complaint where complaint_id = %s", fields[2].hex())[0]
    assert {secret for secret, holder in ids.values()} == {True, False} and {holder for secret, holder in ids.values()} == {agency}
    before = stack.sql("select count (*) from look")[0][0]
    got = []
    while len(got) < 2:
        got += front.pull_as(who, [agency], 2, 2000)
    assert {bytes(case["id"]) for case in got} == {bytes(id_) for id_ in ids}
    assert stack.sql("select replace (complaint_id::text, '-', ''), principal, what, reason from look order by look_id offset %s", before) == [
        (bytes(id_).hex(), who.number, 2, "PULL") for id_, (secret, _) in ids.items() if secret]
    stack.sql("update assignment set lease_until = now () - interval '1 second' where agency = %s and queued", agency)
    assert len(worker.pull([agency], 2, 2000)) > 0
    assert stack.sql("select count (*) from look") == [(before + 1,)]
    stack.checks()
    assert "the chain holds" in run(stack, "verify", program=AUDIT)
