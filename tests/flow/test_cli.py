"""The command `aduan` on real servers: submit, track, queue, work, act, import, show; exit statuses."""
import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import Stack
from stack import BUILD

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8", ASAN_OPTIONS="detect_leaks=1:exitcode=99")
ENVIRONMENT.pop("LC_ALL", None)


@pytest.fixture(scope="module")
def stack(folder):
    # The CLI's standard names: keys/adapter-cli.key, keys/worker-desk.key.
    with Stack(folder, programs=("store", "router", "intake", "query"), adapters=("web", "sms", "cli"),
               workers={"desk": ["91.01/PUPR", "91.01", "ID"], "narrow": ["91.01"]}) as running:
        yield running


@pytest.fixture
def aduan(stack):
    def run(*arguments, wanted=0, text=None, **more):
        done = subprocess.run([ADUAN, *map(str, arguments), "-c", stack.settings], input=text, text=True, check=False,
                              capture_output=True, timeout=120, env=ENVIRONMENT, **more)
        assert done.returncode == wanted, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    return run


@pytest.fixture
def submitted(aduan):
    """A complaint that stands in the queue of 91.01/PUPR."""
    def submit(text="Jalan di depan pasar berlubang", *more):
        return json.loads(aduan("submit", "--json", "--text", text, "--category", 1, "--place", "91.01.01.2001",
                                "--secret=no", "--anonymous=no", *more))
    return submit


def until(question, seconds=30):
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("not in time")


def assignment_state(stack, said, wanted):
    return stack.wait("select version from assignment where complaint_id = %s and state = %s", said["id"], wanted)[0][0]


def drain(stack):
    """Answers whatever earlier tests left."""
    done = 100
    while done == 100:
        out = subprocess.run([ADUAN, "work", "-c", stack.settings, "--agency", "91.01/PUPR", "--answer", "Selesai.", "--count", "100"],
                             text=True, check=False, capture_output=True, timeout=60, env=ENVIRONMENT)
        assert out.returncode in (0, 1), out.stderr
        done = out.stdout.count("answer done")


def test_submit_in_words(aduan):
    out = aduan("submit", "--text", "Lampu jalan padam", "--title", "Lampu", "--name", "Siti Contoh", "--contact-email",
                "siti@example.org")
    assert "Tracking number: A" in out and "Access code:" in out
    code = out.split("Access code:")[1].split()[0]
    assert len(code) == 26
    indonesian = aduan("submit", "--lang", "id", "--text-file", "-", text="Air mati sejak pagi")
    assert "Nomor pelacakan: A" in indonesian


def test_repeat_is_the_same_complaint(stack, aduan, submitted):
    first = submitted()
    assert first["result"] == "accepted" and not first["repeated"]
    again = submitted("Jalan di depan pasar berlubang", "--token", first["token"], "--created", first["created"])
    assert (again["id"], again["number"], again["code"]) == (first["id"], first["number"], first["code"])
    stack.wait("select 1 from complaint where complaint_id = %s", first["id"])
    other = json.loads(aduan("submit", "--json", "--text", "Lain sama sekali", "--token", first["token"], "--created", first["created"],
                             wanted=65))
    assert other["result"] == "rejected" and other["reject"] == "conflict"


def test_what_is_too_long_is_measured(aduan):
    said = json.loads(aduan("submit", "--json", "--text", "x" * 10001, wanted=65))
    assert (said["reject"], said["field"], said["length"], said["limit"]) == ("too_long", "text", 10001, 10000)
    said = json.loads(aduan("submit", "--json", "--text", "x", "--location", "y" * 501, wanted=65))
    assert (said["reject"], said["field"], said["length"], said["limit"]) == ("too_long", "location", 501, 500)


def test_identity_is_sealed(stack, aduan, submitted, tmp_path):
    person = tmp_path / "person.json"
    person.write_text(json.dumps({"name": "Budi Contoh", "phone": "0800111222", "contact-email": "budi@example.org"}))
    said = submitted("Sampah menumpuk", "--identity-file", str(person))
    seal, contact = stack.wait("select seal, contact from content where complaint_id = %s", said["id"])[0]
    assert (len(seal) - 48) % 512 == 0 and (len(contact) - 48) % 256 == 0
    spool = b""
    for folder, _, names in os.walk(os.path.join(stack.folder, "spool")):
        for name in names:
            with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "rb") as file:  # drained, and unlinked meanwhile
                spool += file.read()
    assert b"Sampah menumpuk" in spool
    for secret in (b"Budi Contoh", b"budi@example.org", b"0800111222", said["code"].encode()):
        assert secret not in spool


def test_track(stack, aduan, submitted):
    said = submitted()
    rows = until(lambda: tracked(aduan, said))
    assert rows[0]["number"] == said["number"]
    number = said["number"]
    words = aduan("track", f"{number[:5].lower()}-{number[5:9]} {number[9:]}")
    assert number in words and "placed" in words and "91.01/PUPR" in words
    aduan("track", "A0000000000001", wanted=64)
    assert "received or unknown" in subprocess.run([ADUAN, "track", "A0000000000000", "-c", stack.settings], text=True, check=False,
                                                   capture_output=True, env=ENVIRONMENT).stderr


def tracked(aduan, said):
    try:
        return json.loads(aduan("track", "--json", said["number"]))
    except AssertionError:
        return None


def test_queue_and_answer_all(stack, aduan, submitted):
    drain(stack)
    ids = [submitted(f"Lubang nomor {at}")["id"] for at in range(5)]
    stack.wait("select 1 from assignment where state = 1 and complaint_id = any(%s::uuid[]) having count(*) = 5", ids)
    (row,) = json.loads(aduan("queue", "91.01/PUPR", "--json"))
    assert row["ready"] == 5 and row["oldest_ready_age_seconds"] >= 0
    both = json.loads(aduan("queue", "91.01", "--json"))
    assert [row["agency"] for row in both] == ["91.01", "91.01/PUPR"] and both[1]["ready"] == 5
    assert "ready" not in aduan("queue", "99.99", wanted=1)
    table = aduan("queue")
    assert "91.01/PUPR" in table and "oldest ready" in table
    out = aduan("work", "--agency", "91.01/PUPR", "--count", 5, "--answer", "Sudah diperbaiki.")
    assert out.count("answer done") == 5
    assert stack.sql("select count(*) from assignment where state = 4 and complaint_id = any(%s::uuid[])", ids) == [(5,)]
    aduan("work", "--agency", "91.01/PUPR", "--answer", "Tidak ada", wanted=1)
    aduan("queue", "99.99", wanted=1)


def test_exec(stack, aduan, submitted, tmp_path):
    drain(stack)
    script = tmp_path / "decide"
    script.write_text("#!/bin/sh\n/usr/bin/python3 -c '\n"
                      "import json, sys\n"
                      "case = json.load(sys.stdin)\n"
                      "words = case[\"text\"]\n"
                      "if \"gagal\" in words: sys.exit(3)\n"
                      "print(json.dumps({\"act\": \"ask\", \"text\": \"Di mana? \" + words} if \"mana\" in words else\n"
                      "                 {\"act\": \"answer\", \"text\": \"Selesai: \" + words}))\n'\n")
    script.chmod(0o755)
    one, two, three = submitted("lubang besar"), submitted("di mana-mana"), submitted("gagal")
    for said in (one, two, three):
        assignment_state(stack, said, 1)
    out = aduan("work", "--agency", "91.01/PUPR", "--count", 3, "--exec", str(script), wanted=65)
    assert out.count("done") == 3
    kinds = dict(stack.sql("select complaint_id::text, kind from event where kind > 10 and kind < 30 and complaint_id = any(%s::uuid[])",
                           [said["id"] for said in (one, two, three)]))
    assert kinds[one["id"]] == 17 and kinds[two["id"]] == 18 and kinds[three["id"]] == 12
    assert stack.sql("select text from event where complaint_id = %s and kind = 17", one["id"]) == [("Selesai: lubang besar",)]


def test_exec_past_its_lease_is_ended(stack, aduan, submitted):
    drain(stack)
    said = submitted("lama sekali")
    assignment_state(stack, said, 1)
    began = time.monotonic()
    aduan("work", "--agency", "91.01/PUPR", "--exec", "sleep 60", "--lease", 2, wanted=75)
    assert time.monotonic() - began < 15
    deadline = time.monotonic() + 20
    while not stack.sql("select 1 from event where complaint_id = %s and kind = 17", said["id"]):
        assert time.monotonic() < deadline, "its lease does not run out"
        drain(stack)


def test_by_hand(stack, aduan, submitted):
    drain(stack)
    said = submitted("Jembatan retak")
    assignment_state(stack, said, 1)
    out = aduan("work", "--agency", "91.01/PUPR", "--count", 1, text="t\np\nKami periksa.\nBesok pagi.\n.\na\nSudah aman.\n.\n")
    assert "Jembatan retak" in out and "ack done" in out and "progress done" in out and "answer done" in out
    events = stack.sql("select kind, text from event where complaint_id = %s and kind between 11 and 29 order by at", said["id"])
    assert [(16, "Kami periksa.\nBesok pagi."), (17, "Sudah aman.")] == events[1:]
    # Whoever goes away gives the case back.
    other = submitted("Pohon tumbang")
    assignment_state(stack, other, 1)
    aduan("work", "--agency", "91.01/PUPR", text="")
    assignment_state(stack, other, 1)
    aduan("work", "--agency", "91.01/PUPR", text="q\n")
    assignment_state(stack, other, 1)
    # Handed back to the coordinator above, with a reason.
    out = aduan("work", "--agency", "91.01/PUPR", "--count", 1, text="h\n1\n\nBukan urusan kami.\n.\n")
    assert "hand_back done" in out
    stack.wait("select 1 from assignment a join agency g on g.agency_id = a.agency where complaint_id = %s and g.code = '91.01' and state = 1",
               other["id"])


def test_act(stack, aduan, submitted):
    drain(stack)
    said = submitted("Got mampet")
    assignment_state(stack, said, 1)
    (case,) = [json.loads(line) for line in aduan("work", "--agency", "91.01/PUPR", "--json").splitlines()]
    assert case["id"] == said["id"] and case["text"] == "Got mampet" and case["lease_left_ms"] > 30000
    stale = json.loads(aduan("act", said["id"], "--agency", "91.01/PUPR", "--version", case["version"] - 1, "answer", "--text", "x", "--json",
                             wanted=1))
    assert stale["result"] == "stale" and stale["why"] == "version"
    acted = json.loads(aduan("act", said["id"], "--agency", "91.01/PUPR", "--version", case["version"], "ack", "--json"))
    assert acted["version"] > case["version"]
    again = json.loads(aduan("act", said["id"], "--agency", "91.01/PUPR", "--version", case["version"], "ack", "--json", "--key", acted["key"]))
    assert again["version"] == acted["version"]
    out = aduan("act", said["number"], "--agency", "91.01/PUPR", "answer", "--text", "Sudah dikuras.")
    assert "answer done" in out
    aduan("act", said["number"], "--agency", "91.01/PUPR", "answer", wanted=65)
    aduan("act", said["number"], "--agency", "91.02/PUPR", "answer", "--text", "x", wanted=1)
    aduan("work", "--agency", "91.01/PUPR", "--as", "narrow", "--json", wanted=77)


def test_ask_and_show(stack, aduan):
    (counts,) = json.loads(aduan("ask", "counts", "--json"))
    assert counts["complaints"] > 0
    assert "intake_accepted_total" in aduan("show", "intake")
    assert "door" in aduan("show", "intake", "settings")
    assert "unknown" not in aduan("ask", "agency", "91.01")
    aduan("ask", "no_such_query", wanted=69)
    aduan("show", "nobody", wanted=64)
    assert not aduan("show", "intake", "nopage", wanted=64)
    aduan("show", "notifier", wanted=69)


def test_wrong_keys_and_places(stack, aduan):
    aduan("submit", "--text", "x", "--as", "nobody", wanted=78)
    aduan("submit", "--text", "x", "-o", "intake=tcp://127.0.0.1:1", "--wait", 1, wanted=69)
    aduan("submit", "--text", "x", "-o", "intake=nonsense", wanted=78)
    aduan("submit", "--text", "x", "-o", "nonsense=1", wanted=78)
    aduan("track", "A0000000000000", "-o", f"run={stack.folder}/nowhere", wanted=69)


# ---- import


def lines(count):
    return [{"id": f"J-{at}", "date": f"2024-{at % 12 + 1:02}-{at % 28 + 1:02}", "judul": f"Laporan {at}", "isi": f"Isi laporan {at}",
             "lat": -6.9 - at / 1e4, "kategori": ["Jalan", "Sampah", "Tak dikenal"][at % 3]} for at in range(count)]


MAPPING = ("--map", "title=judul,text=isi,category=kategori,external=id", "--set", "secret=no,anonymous=no,place=91.01.01.2001")


def test_import_jsonl_twice(stack, aduan, tmp_path):
    before = stack.sql("select count(*) from complaint")[0][0]
    records = lines(300)
    file = tmp_path / "aduan.jsonl"
    bad = ["not json at all", '{"id": "J-x", "date": "31/02/2024", "isi": "tanggal salah"}', '{"id": "J-y"}', "[1, 2]"]
    texts = [json.dumps(record, ensure_ascii=False) for record in records]
    texts[100:100] = bad
    file.write_text("\n".join(texts) + "\n\n", encoding="utf-8")
    words = tmp_path / "words.tsv"
    words.write_text("# kata\tnomor\njalan\t1\nsampah=3\n", encoding="utf-8")
    mapping = [*MAPPING, "--category-map", str(words)]
    receipts = tmp_path / "receipts.jsonl"
    summary = json.loads(aduan("import", str(file), *mapping, "--json", "--receipts", str(receipts), wanted=65))
    assert summary["complete"] and summary["accepted"] == 300 and summary["rejected"] == 4 and summary["unknown_categories"] == 100
    rejects = [json.loads(line) for line in (tmp_path / "aduan.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["code"], row.get("field")) for row in rejects] == [
        (101, "malformed", None), (102, "value", "created"), (103, "empty", "text"), (104, "malformed", None)]
    assert rejects[0]["record"] == "not json at all"
    stack.wait("select 1 from complaint having count(*) = %s", before + 300, seconds=60)
    told = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert {row["key"] for row in told} == {record["id"] for record in records} and len(told) == 300
    for row in told[::30]:
        assert tracked(aduan, row)[0]["number"] == row["number"] and not row["repeated"]
    row = stack.sql("select c.category, c.channel, c.priority, c.flags, t.title, t.body, t.external from complaint c join content t using (complaint_id) "
                    "where t.external = 'J-7'")
    assert row == [(3, 13, 4, 0, "Laporan 7", "Isi laporan 7", "J-7")]
    # Once more: from the position nothing is left; from the start everything is known already.
    summary = json.loads(aduan("import", str(file), *mapping, "--json", wanted=65))
    assert summary["accepted"] == summary["rejected"] == 0
    assert summary["in_all"]["accepted"] == 300 and summary["in_all"]["rejected"] == 4
    summary = json.loads(aduan("import", str(file), *mapping, "--json", "--from-start", wanted=65))
    assert summary["accepted"] + summary["repeated"] == 300 and summary["repeated"] > 0 and summary["rejected"] == 4
    assert len((tmp_path / "aduan.jsonl.rejects.jsonl").read_text().splitlines()) == 4
    time_of_check = stack.sql("select count(*) from complaint")[0][0]
    assert time_of_check == before + 300
    stack.checks()


def test_import_csv(stack, aduan, tmp_path):
    before = stack.sql("select count(*) from complaint")[0][0]
    file = tmp_path / "aduan.csv"
    file.write_bytes("\ufeff".encode() + b"no;tanggal;judul;isi;tempat\r\n"
                     b'1;05/03/2024;Lampu;"Lampu ""besar""\r\npadam; sejak Senin";Pasar\r\n'
                     b"2;2024-03-06T07:08:09+07:00;Air;\xff\xfe air keruh;\xff Kali\r\n"
                     b"3;;Kurang\r\n"
                     b'4;;"tak berakhir;x;y\r\n'
                     b"5;;Debu;Debu di mana-mana;\r\n")
    summary = json.loads(aduan("import", str(file), "--map", "key=no,created=tanggal,title=judul,text=isi,location=tempat", "--set",
                               "secret=no,external=csv", "--json", wanted=65))
    assert (summary["accepted"], summary["rejected"]) == (3, 2)
    rejects = [json.loads(line) for line in (tmp_path / "aduan.csv.rejects.jsonl").read_text().splitlines()]
    assert [row["line"] for row in rejects] == [5, 6] and "quote" in rejects[1]["why"]
    stack.wait("select 1 from complaint having count(*) = %s", before + 3, seconds=60)
    rows = stack.sql("select title, body, location, raw_body from content where external = 'csv' order by title")
    assert [row[:3] for row in rows] == [("Air", "\ufffd\ufffd air keruh", "\ufffd Kali"), ("Debu", "Debu di mana-mana", None),
                                         ("Lampu", 'Lampu "besar"\npadam; sejak Senin', "Pasar")]
    assert bytes(rows[0][3]) == b"\xff\xfe air keruh"


def catches(pid, number):
    """Has it said what it does at this signal?  What a run before it sent may be stored only now: its number says nothing of this one."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        caught = next(line.split()[1] for line in file if line.startswith("SigCgt:"))
    return int(caught, 16) >> (number - 1) & 1


def test_import_interrupted_and_resumed(stack, aduan, tmp_path):
    before = stack.sql("select count(*) from complaint")[0][0]
    file = tmp_path / "besar.jsonl"
    records = [dict(record, id=f"R-{at}", judul=f"Lagi {at}") for at, record in enumerate(lines(1500))]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    command = [ADUAN, "-c", stack.settings, "import", str(file), *MAPPING, "--rate", "300", "--parallel", "32"]
    for at, how in enumerate((signal.SIGINT, signal.SIGKILL, signal.SIGTERM)):
        run = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda wanted=before + (at + 1) * 120: stack.sql("select count(*) from complaint")[0][0] > wanted and catches(run.pid, signal.SIGTERM))
        if how == signal.SIGKILL:
            stack["intake"].kill()
            stack["intake"].start()
        run.send_signal(how)
        assert run.wait(60) == (-9 if how == signal.SIGKILL else 75)
        if how != signal.SIGKILL:
            position = json.loads((tmp_path / "besar.jsonl.state").read_text())
            assert 0 < position["offset"] < file.stat().st_size
    summary = json.loads(aduan("import", str(file), *MAPPING, "--json"))
    assert summary["complete"] and summary["in_all"]["accepted"] + summary["in_all"]["repeated"] >= 1500
    assert 0 < summary["accepted"] + summary["repeated"] < 1500, "this run's own"
    stack.wait("select 1 from complaint having count(*) = %s", before + 1500, seconds=60)
    assert stack.sql("select count(*) from complaint c join assignment a using (complaint_id) where a.lead and a.state < 7") == stack.sql("select count(*) from complaint")
    stack.checks()


def test_import_waits_for_intake_and_gives_up_when_told(stack, aduan, tmp_path):
    file = tmp_path / "tunggu.jsonl"
    file.write_text("".join(json.dumps(dict(record, id=f"W-{at}")) + "\n" for at, record in enumerate(lines(50))))
    stack["intake"].kill()
    summary = json.loads(aduan("import", str(file), *MAPPING, "--json", "--give-up", 2, wanted=75))
    assert not summary["complete"] and summary["accepted"] == 0
    run = subprocess.Popen([ADUAN, "-c", stack.settings, "import", str(file), *MAPPING, "--json"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    stack["intake"].start()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 0 and json.loads(out)["accepted"] == 50
