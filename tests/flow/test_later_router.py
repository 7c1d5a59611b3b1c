"""What a reporter says later, and the way back from a false hit of the filter, with a real router: it reads every reply."""
import os
import shutil
import time

import pytest

from adapter import new_code
from conftest import Stack
from stack import HERE

UNIT, INSPECTORATE = "91.01/PUPR", "91.01/PENGAWASAN"


@pytest.fixture(scope="module")
def stack(folder):
    registry = os.path.join(folder, "registry")
    shutil.copytree(os.path.join(HERE, "registry"), registry)
    with open(os.path.join(registry, "oversight.tsv"), "w", encoding="utf-8") as table:
        table.write("phrase\tkind\npungli\tword\nminta uang\tact\npetugas\tactor\ntidak ada\tnot\n")
    with open(os.path.join(registry, "mandates.tsv"), "w", encoding="utf-8") as table:
        table.write("owner\tweight\tphrase\nPUPR\t100\tjalan berlubang\nPENGAWASAN\t100\tbayar pelicin\n")
    with Stack(folder, registry=registry, programs=("store", "router", "intake"), workers={"all": ["91", "91.01", UNIT, INSPECTORATE]}) as running:
        yield running


@pytest.fixture(scope="module")
def web(stack):
    return stack.adapter()


@pytest.fixture
def worker(stack):
    running = stack.worker()
    yield running
    stack.wait("select 1 where not exists (select from returned)")
    stack.checks()
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


class Told:
    """A complaint and its reporter."""

    def __init__(self, stack, web, text="Jalan berlubang", **fields):
        self.stack, self.web, self.code = stack, web, new_code()
        verdict, accepted = web.submit(text, code=self.code, secret=1, place="91.01", **fields)
        assert verdict == "accepted"
        self.number, self.hex = accepted[3], bytes(accepted[2]).hex()
        stack.wait("select 1 from complaint where complaint_id = %s", self.hex)

    def says(self, text, kind=2, **fields):
        verdict, accepted = self.web.submit(text, kind=kind, parent=self.number, code=self.code, **fields)
        assert verdict == "accepted"
        self.stack.wait("select 1 from event where complaint_id = %s and act_key = %s", self.hex, bytes(accepted[2]).hex())

    def is_with(self, code, seconds=30):
        return self.stack.wait("select c.state, c.flags & 6 from complaint c join agency a on a.agency_id = c.holder where complaint_id = %s"
                               " and a.code = %s and not exists (select from returned r where r.complaint_id = c.complaint_id)", self.hex, code,
                               seconds=seconds)[0]

    def case(self, worker, code):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for case in worker.pull([self.stack.agency(code)], 20, 2000) or []:
                if case["number"] == self.number:
                    return case
        raise AssertionError(f"{code} does not get it")


@pytest.mark.parametrize("words", ["Petugasnya minta uang", "Sekarang malah ada pungli", "Saya disuruh bayar pelicin"])
def test_it_tells_of_misconduct(stack, web, worker, words):
    told = Told(stack, web, email="a@example.org")
    case = told.case(worker, UNIT)
    assert worker.act(case, "answer", "Akan kami periksa")[0] == "done"
    clocks = "select received, due_first, due_verify, number from complaint where complaint_id = %s"
    before = stack.sql(clocks, told.hex)
    told.says(words)
    assert told.is_with(INSPECTORATE) == (4, 6)
    assert stack.sql(clocks, told.hex) == before
    assert not [case for case in worker.pull([stack.agency(UNIT)], 20, 0) if case["number"] == told.number]
    assert stack.sql("select state from assignment where complaint_id = %s and agency = %s", told.hex, stack.agency(UNIT)) == [(7,)]
    assert words in [entry["text"] for entry in told.case(worker, INSPECTORATE)["history"]]
    assert stack.sql("select count(*) from notice n join agency a on a.agency_id = n.agency where complaint_id = %s and template = 2 and a.code = %s",
                     told.hex, INSPECTORATE) == [(1,)]


@pytest.mark.parametrize("words", ["Dia minta uang lagi", "Tidak ada pungli, hanya lama", "Terima kasih"])
def test_it_does_not(stack, web, worker, words):
    """The first of them alarms, for it might be the office's act; with the whole complaint read it is not."""
    told = Told(stack, web)
    case = told.case(worker, UNIT)
    assert worker.act(case, "ask", "Di mana?")[0] == "done"
    told.says(words, kind=3)
    assert told.is_with(UNIT) == (4, 0)
    case = told.case(worker, UNIT)
    assert case["history"][-1]["text"] == words
    assert worker.act(case, "answer", "Sudah")[0] == "done"
    assert stack.sql("select count(*) from event where complaint_id = %s and kind = 2", told.hex) == [(0,)]


def test_the_office_that_was_named_did_it(stack, web, worker):
    """Nobody is named in the reply, but the complaint was addressed to that unit."""
    told = Told(stack, web, target=UNIT)
    assert told.is_with(UNIT) == (4, 0)
    told.says("Malah minta uang lagi")
    assert told.is_with(INSPECTORATE) == (4, 6)


def test_the_same_message_again(stack, web, worker):
    told = Told(stack, web)
    for _ in range(3):
        told.says("Petugasnya minta uang", key=b"sekali", created=1700000000123)
    assert told.is_with(INSPECTORATE) == (4, 6)
    told.says("Petugasnya minta uang", key=b"sekali", created=1700000000123)
    assert stack.sql("select kind, count(*) from event where complaint_id = %s group by 1 order by 1", told.hex) == [(1, 1), (2, 1), (32, 1)]


def test_the_router_is_killed_between(stack, web, worker):
    """It has passed the words on, and dies: nobody gets them before another one has decided."""
    told = Told(stack, web)
    case = told.case(worker, UNIT)
    assert worker.act(case, "answer", "Akan kami periksa")[0] == "done"
    stack["router"].kill()
    stack["router"].start(FAULT="redecide_received:kill:1")
    told.says("Petugasnya minta uang")
    deadline = time.monotonic() + 30
    while stack["router"].alive():
        assert time.monotonic() < deadline, "it was never asked"
        time.sleep(0.05)
    assert stack.sql("select c.state, r.words is not null from complaint c join returned r using (complaint_id) where complaint_id = %s",
                     told.hex) == [(6, True)]
    assert stack.sql("select queued from assignment where complaint_id = %s", told.hex) == [(False,)]
    stack["router"].process.wait()
    stack["router"].start()
    assert told.is_with(INSPECTORATE, 60) == (4, 6)


def test_postgres_is_restarted(stack, web, worker):
    told = Told(stack, web)
    stack["router"].stop()
    stack.postgres.kill()
    time.sleep(1)
    stack.postgres.start()
    stack["router"].start()
    told.says("Petugasnya minta uang")
    assert told.is_with(INSPECTORATE, 60) == (4, 6)
    stack.postgres.kill()
    time.sleep(1)
    stack.postgres.start()
    assert told.is_with(INSPECTORATE) == (4, 6)


def test_a_false_hit_and_a_real_one(stack, web, worker):
    told = Told(stack, web, "Jalan berlubang karena pungli, kata tetangga")
    assert told.is_with(INSPECTORATE) == (4, 6)
    case = told.case(worker, INSPECTORATE)
    assert worker.act(case, "hand_back", "Soal jalan, bukan pengawasan", t9=6)[0] == "done"
    assert told.is_with(UNIT) == (4, 2), "the old words do not speak again; it stays secret"
    case = told.case(worker, UNIT)
    assert worker.act(case, "hand_back", "Ini jalan provinsi", t9=2)[0] == "done"
    state, flags = told.is_with("91.01")
    assert flags == 2, "nor when it is handed back"
    told.says("Kata tetangga juga begitu")
    assert told.is_with("91.01") == (state, 2)
    told.says("Sekarang petugasnya minta uang")
    assert told.is_with(INSPECTORATE) == (4, 6)
    assert [row[0] for row in stack.sql("select kind from event where complaint_id = %s and number is not null order by number", told.hex)] == [
        1, 54, 2, 19, 2, 32, 32, 2]
