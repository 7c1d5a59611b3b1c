"""Whoever gets a case gets what was said on it since it came: questions, replies, reasons."""
import json
import os
import subprocess
import time

import pytest

from adapter import new_code
from conftest import Stack
from stack import BUILD

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8")
ENVIRONMENT.pop("LC_ALL", None)
ROADS, HEALTH, CITY = "91.01/PUPR", "91.01/KES", "91.01"
CATEGORY = {ROADS: 1, HEALTH: 2}


@pytest.fixture(scope="module")
def stack(folder):
    codes = [ROADS, HEALTH, CITY]
    with Stack(folder, programs=("store", "router", "intake", "query"), workers={"all": codes, "desk": codes}) as running:
        yield running


@pytest.fixture
def aduan(stack):
    def run(*arguments, text=None):
        done = subprocess.run([ADUAN, *map(str, arguments), "-c", stack.settings], input=text, text=True, check=False,
                              capture_output=True, timeout=120, env=ENVIRONMENT)
        assert done.returncode == 0, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    return run


@pytest.fixture
def complaint(stack, web):
    """complaint (code of the owner, text) -> (tracking number, access code), ready to be pulled."""
    def submit(owner, text, **more):
        code = new_code()
        verdict, accepted = web.submit(text, category=CATEGORY[owner], place="91.01", code=code, **more)
        assert verdict == "accepted"
        stack.wait("select 1 from assignment where complaint_id = %s", bytes(accepted[2]).hex())
        return accepted[3], code
    yield submit
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def take(stack, worker, code):
    found = worker.pull([stack.agency(code)], 1, 10000)
    assert found, f"nothing for {code}"
    return found[0]


def reply(stack, web, number, code, text, kind=3):
    before = stack.sql("select count(*) from event where kind > 30")[0][0]
    assert web.submit(text, kind=kind, parent=number, code=code)[0] == "accepted"
    stack.wait("select 1 from event where kind > 30 having count(*) > %s", before)


def told(case):
    return [(entry["kind"], entry["code"], entry["text"]) for entry in case["history"]]


@pytest.mark.parametrize("contact", [None, "siti@example.org"])
def test_the_reply_reaches_the_agency(stack, web, worker, complaint, contact):
    number, code = complaint(ROADS, "Jalan berlubang", email=contact)
    case = take(stack, worker, ROADS)
    assert case["history"] == [] and len(case["fields"]) > 10
    assert worker.act(case, "ask", "Di RT berapa?")[0] == "done"
    reply(stack, web, number, code, "RT 5 RW 3")
    case = take(stack, worker, ROADS)
    assert (case["number"], case["text"], case["omitted"]) == (number, b"Jalan berlubang", 0)
    assert told(case) == [("ask", ROADS, "Di RT berapa?"), ("completion", "", "RT 5 RW 3")]
    asked, answered = case["history"]
    assert (asked["agency"], answered["agency"]) == (stack.agency(ROADS), 0)
    assert time.time() * 1000 - 60000 < asked["at"] < answered["at"] < time.time() * 1000 + 1000


def test_a_reply_before_the_first_pull(stack, web, worker, complaint):
    """The store has the words still, and must not give the case from there."""
    number, code = complaint(HEALTH, "Puskesmas tutup")
    reply(stack, web, number, code, "Juga hari Sabtu", kind=2)
    assert told(take(stack, worker, HEALTH)) == [("reply", "", "Juga hari Sabtu")]


def test_a_progress_before_the_next_pull(stack, worker, complaint):
    complaint(HEALTH, "Puskesmas tutup lagi")
    case = take(stack, worker, HEALTH)
    verdict, answer = worker.act(case, "progress", "Kami periksa")
    assert verdict == "done"
    assert worker.act(case, "release", version=answer[5])[0] == "done"
    assert told(take(stack, worker, HEALTH)) == [("progress", HEALTH, "Kami periksa")]


def test_the_next_owner_sees_why_it_was_handed_back(stack, worker, complaint):
    complaint(ROADS, "Lampu di puskesmas mati")
    case = take(stack, worker, ROADS)
    assert worker.act(case, "hand_back", "Ini urusan kesehatan", t9=1, t10=stack.agency(HEALTH))[0] == "done"
    case = take(stack, worker, HEALTH)
    assert told(case) == [("hand_back", ROADS, "Ini urusan kesehatan")]
    (entry,) = case["history"]
    assert (entry["reason"], entry["suggested"], entry["suggested_code"]) == (1, stack.agency(HEALTH), HEALTH)
    assert worker.act(case, "hand_back", "Bukan kami", t9=2)[0] == "done"
    case = take(stack, worker, CITY)
    assert [entry["suggested_code"] for entry in case["history"]] == [HEALTH, ""] and case["history"][1]["suggested"] == 0


def test_a_long_history_is_cut_at_its_old_end(stack, web, worker, complaint):
    number, code = complaint(ROADS, "Drainase mampet")
    case = take(stack, worker, ROADS)
    assert worker.act(case, "ask", "Foto?")[0] == "done"
    reply(stack, web, number, code, "pertama")
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind, text)"
              " select complaint_id, now () - interval '1 day', gen_random_uuid (), 0, 32, 'lama ' || n"
              " from complaint, generate_series (1, 100) n where number = number_bits (%s)", number)
    case = take(stack, worker, ROADS)
    assert len(case["history"]) == 64 and case["omitted"] == 38
    assert told(case)[-2:] == [("ask", ROADS, "Foto?"), ("completion", "", "pertama")]
    assert worker.act(case, "ask", "Lagi?")[0] == "done"
    reply(stack, web, number, code, "é" * 10000)
    case = take(stack, worker, ROADS)
    verdict, answer = worker.act(case, "ask", "x" * 16384)
    assert verdict == "done"
    reply(stack, web, number, code, "漢" * 10000)
    case = take(stack, worker, ROADS)
    assert told(case) == [("ask", ROADS, "x" * 16384), ("completion", "", "漢" * 10000)] and case["omitted"] == 104
    stack.checks()


def test_the_command_shows_it(stack, web, worker, complaint, aduan, tmp_path):
    number, code = complaint(ROADS, "Trotoar rusak")
    case = take(stack, worker, ROADS)
    assert worker.act(case, "ask", "Di depan nomor berapa?")[0] == "done"
    reply(stack, web, number, code, "Nomor 12")
    shown = json.loads(aduan("work", "--agency", ROADS, "--json", "--wait", 5))
    asked, answered = shown["history"]
    assert {key: asked[key] for key in asked if key != "at"} == {
        "kind": "ask", "text": "Di depan nomor berapa?", "agency": ROADS, "agency_number": stack.agency(ROADS)}
    assert {key: answered[key] for key in answered if key != "at"} == {"kind": "completion", "text": "Nomor 12"}
    aduan("act", number, "--agency", ROADS, "release")
    script = tmp_path / "act"
    script.write_text("#!/usr/bin/python3\nimport json, sys\n"
                      "said = json.load(sys.stdin)['history'][-1]['text']\n"
                      "print(json.dumps({'act': 'hand_back', 'text': 'Bukan di ' + said, 'reason': 'wrong_region', 'suggested': '" + HEALTH + "'}))\n")
    script.chmod(0o755)
    aduan("work", "--agency", ROADS, "--exec", script, "--wait", 5)
    out = aduan("work", "--agency", HEALTH, "--count", 1, text="a\nBaik.\n.\n")
    for line in ("question to the reporter – 91.01/PUPR", "completed by the reporter\n      Nomor 12", "handed back – 91.01/PUPR",
                 "because: wrong_region", f"should go to: {HEALTH}", "      Bukan di Nomor 12"):
        assert line in out, out
