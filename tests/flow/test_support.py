"""Several owners: one lead, supporters with assignments of their own, copies for who is only informed; and how a case ends.
The router is played by the test (tests/support/store_door.py)."""
import os
import time

import pytest

from conftest import Stack
from peer import frame
from store_door import StoreDoor, number_of

LEAD, HELPER, SUBUNIT, DESK = "91.01/PUPR", "91.01/KES", "91.01/LH", "91.01"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "query")) as running:
        yield running


@pytest.fixture(scope="module")
def agency(stack):
    return dict(stack.sql("select code, agency_id from agency"))


@pytest.fixture
def door(stack):
    running = StoreDoor(stack)
    running.decides = lambda asked: {2: 0, 3: 6}
    yield running
    stack.checks()
    stack.peers.remove(running)
    running.close()
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def record(stack, complaint):
    return stack.sql("select state, holder, due_verify, due_first, due_resolve, number from complaint where complaint_id = %s", complaint.hex())[0]


def state(stack, complaint):
    return record(stack, complaint)[0]


def parts(stack, complaint):
    return stack.sql("select a.code, s.lead, s.state from assignment s join agency a on a.agency_id = s.agency where complaint_id = %s"
                     " order by s.lead desc, a.code", complaint.hex())


def templates(stack, complaint):
    return [row[0] for row in stack.sql("select template from notice where complaint_id = %s order by event", complaint.hex())]


def supported(door, agency, helper=HELPER):
    """A complaint whose lead has asked another to help; both cases, leased."""
    complaint = door.place(agency[LEAD], region="91.01")
    lead = door.take(agency[LEAD])
    assert door.act(lead, "support", "Mohon periksa airnya", to=agency[helper]) == "done"
    help_ = door.take(agency[helper])
    assert help_["id"] == complaint and help_["part"] == "support"
    return complaint, lead, help_


def test_the_lead_asks_another_to_help(stack, door, agency):
    complaint, lead, _ = supported(door, agency)
    assert parts(stack, complaint) == [(LEAD, True, 2), (HELPER, False, 2)]
    assert state(stack, complaint) == 4 and templates(stack, complaint) == [1]
    assert stack.sql("select text, data from event where complaint_id = %s and kind = 21", complaint.hex()) == [
        ("Mohon periksa airnya", {"to": agency[HELPER]})]
    assert door.act(lead, "answer", "Jalan diperbaiki") == "done"  # its lease and version went on
    assert parts(stack, complaint) == [(LEAD, True, 4), (HELPER, False, 2)]


def test_a_supporter_moves_neither_state_nor_clocks(stack, door, agency):
    complaint, _, help_ = supported(door, agency)
    before = record(stack, complaint)
    for act in ("progress", "answer", "ask"):
        assert door.act(help_, act, "Air diperiksa") == "done"
        assert record(stack, complaint) == before
    assert templates(stack, complaint) == [1, 3, 4, 5]
    for act, more in (("assign", {"to": agency[LEAD]}), ("support", {"to": agency[SUBUNIT]}), ("close", {"resolution": 1})):
        assert door.act(help_, act, "Sudah", **more) == "lead", act


def test_a_supporter_gives_it_back(stack, door, agency):
    """That is no hand-back of the case: no router is asked, nobody counts it, and it may be asked again."""
    complaint, lead, help_ = supported(door, agency)
    before = record(stack, complaint)
    assert door.act(help_, "hand_back", "Bukan air kami") == "done"
    assert parts(stack, complaint) == [(LEAD, True, 2), (HELPER, False, 7)]
    assert record(stack, complaint) == before and stack.sql("select count(*) from returned") == [(0,)]
    assert door.act(lead, "support", to=agency[HELPER]) == "done"
    assert parts(stack, complaint) == [(LEAD, True, 2), (HELPER, False, 1)]
    assert door.act(lead, "hand_back", "Bukan kami") == "done"
    door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex())
    assert door.asked[-1]["refusers"] == [agency[LEAD]]


def test_it_may_help_while_others_wait(stack, door, agency):
    """The lead has asked the reporter, or has handed the case back: who helps goes on."""
    complaint, lead, help_ = supported(door, agency)
    assert door.act(lead, "ask", "Di mana?") == "done" and state(stack, complaint) == 3
    assert door.act(help_, "progress", "Kami sudah di lokasi") == "done" and state(stack, complaint) == 3
    complaint, lead, help_ = supported(door, agency)
    door.decides = lambda asked: None
    assert door.act(lead, "hand_back", "Bukan kami") == "done" and state(stack, complaint) == 6
    assert door.act(help_, "answer", "Airnya bersih") == "done" and state(stack, complaint) == 6
    door.answer(door.was_asked(), {2: agency[DESK], 3: 5})
    door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex())


def test_who_helps_may_become_the_lead(stack, door, agency):
    complaint, lead, _ = supported(door, agency)
    door.decides = lambda asked: {2: agency[HELPER], 3: 4}
    assert door.act(lead, "hand_back", "Ini soal air", to=agency[HELPER]) == "done"
    door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex())
    assert parts(stack, complaint) == [(HELPER, True, 1), (LEAD, True, 7)]
    case = door.take(agency[HELPER])
    assert case["part"] == "lead"
    assert door.act(case, "support", "Tolong jalannya", to=agency[LEAD]) == "done"  # helping is no second hand-back
    assert parts(stack, complaint) == [(HELPER, True, 2), (LEAD, False, 1)]


@pytest.mark.parametrize("other", [LEAD, HELPER, "nobody"])
def test_whom_it_cannot_ask(door, agency, other):
    _, lead, _ = supported(door, agency)
    assert door.act(lead, "support", to=agency.get(other, 9999)) == "target"


def test_once_by_its_key(stack, door, agency):
    complaint = door.place(agency[LEAD])
    lead = door.take(agency[LEAD])
    key, version = os.urandom(16), lead["version"]
    assert door.act(lead, "support", "Bantu", to=agency[HELPER], key=key) == "done"
    first = lead["version"]
    assert door.act(lead, "support", "Bantu", to=agency[HELPER], key=key, version=version) == "done" and lead["version"] == first
    assert len(parts(stack, complaint)) == 2


# ---- from the start ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [False, True], ids=["fresh", "with a repeat"])
def test_rules_name_supporters_and_copies(stack, door, agency, again):
    if again:  # the batch goes by the careful statement
        known = door.place(agency[LEAD], text="lama")
        door.place(agency[LEAD], text="lama", complaint=known, wait=False)
    complaint = door.place(agency[LEAD], supporters=[agency[HELPER], agency[SUBUNIT], agency[HELPER], agency[LEAD], 9999],
                           copies=[agency[DESK], agency["91"], agency[DESK], 9999])
    assert parts(stack, complaint) == [(LEAD, True, 1), (HELPER, False, 1), (SUBUNIT, False, 1)]
    assert stack.sql("select a.code from informed c join agency a on a.agency_id = c.agency where complaint_id = %s order by 1",
                     complaint.hex()) == [("91",), (DESK,)]
    due = stack.sql("select count(distinct due), count(distinct priority) from assignment where complaint_id = %s", complaint.hex())
    assert due == [(1, 1)]
    case = door.take(agency[HELPER])
    assert (case["id"], case["part"]) == (complaint, "support")
    assert state(stack, complaint) == 4


def test_of_oversight_nobody_is_told(stack, door, agency):
    complaint = door.place(agency["91.01/PENGAWASAN"], rung=0, oversight=2, supporters=[agency[LEAD]], copies=[agency[DESK]])
    assert parts(stack, complaint) == [("91.01/PENGAWASAN", True, 1)]
    assert stack.sql("select count(*) from informed where complaint_id = %s", complaint.hex()) == [(0,)]


def test_a_pull_that_waits_for_support(stack, door, agency):
    """It stands already: what a placing makes for supporters wakes it."""
    door.pull([agency[HELPER]], 1, 0)
    complaint = door.place(agency[LEAD], supporters=[agency[HELPER]], wait=False)
    began = time.monotonic()
    found = door.pull([agency[HELPER]], 1, 10000)
    assert found and found[0]["id"] == complaint and time.monotonic() - began < 3


def test_the_place_as_it_was_named(stack, door, agency):
    """What the reporter named is asked again at a hand-back, not what was made of it."""
    for named, region, asked_for in (("91.01", "91.01", "91.01"), ("", "91.01", None), ("91.71", "91.01", "91.71"), (None, None, None)):
        complaint = door.place(agency[LEAD], named=named, region=region)
        case = door.take(agency[LEAD])
        count = len(door.asked)
        door.decides = lambda asked: {2: agency[HELPER], 3: 4, 9: "92.01"}
        assert door.act(case, "hand_back", "Bukan kami") == "done"
        assert (door.was_asked(count + 1)["submit"].get(8) or None) == asked_for
        door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex())
        assert stack.sql("select region from complaint where complaint_id = %s", complaint.hex()) == [("92.01",)]
        case = door.take(agency[HELPER])
        assert door.act(case, "hand_back", "Bukan kami juga") == "done"
        assert (door.was_asked(count + 2)["submit"].get(8) or None) == asked_for
        door.decides = lambda asked: {2: 0, 3: 6}
        door.until("select 1 where not exists (select from returned)")


# ---- the end -------------------------------------------------------------------------------------------------


def close(door, case, resolution=1, text="Selesai diperbaiki"):
    return door.act(case, "close", text, resolution=resolution)


def test_closing_ends_the_case(stack, door, agency):
    complaint = door.place(agency[LEAD])
    case = door.take(agency[LEAD])
    assert close(door, case) == "state", "nothing was said yet"
    assert door.act(case, "answer", "Sudah diperbaiki") == "done"
    assert close(door, case, 3, "Tahap kedua tahun depan") == "done"
    assert state(stack, complaint) == 7 and parts(stack, complaint) == [(LEAD, True, 7)]
    assert templates(stack, complaint) == [1, 4, 6]
    assert stack.sql("select text, data, number from event where complaint_id = %s and kind = 22", complaint.hex()) == [
        ("Tahap kedua tahun depan", {"reason": 3}, 3)]
    assert door.act(case, "progress", "Masih") == "state" and close(door, case) == "state"


def test_closing_once_by_its_key(stack, door, agency):
    complaint = door.place(agency[LEAD])
    case = door.take(agency[LEAD])
    assert door.act(case, "progress", "Mulai") == "done"
    key, version = os.urandom(16), case["version"]
    assert door.act(case, "close", "Selesai", resolution=1, key=key) == "done"
    assert door.act(case, "close", "Selesai", resolution=1, key=key, version=version) == "done"
    assert templates(stack, complaint) == [1, 3, 6]


def test_late_supporters_stay(stack, door, agency):
    """The lead has closed: who helps still pulls, answers and is told of; state and clocks are as they were."""
    complaint, lead, help_ = supported(door, agency)
    assert door.act(lead, "support", to=agency[SUBUNIT]) == "done"
    assert door.act(lead, "answer", "Sudah") == "done" and close(door, lead) == "done"
    assert parts(stack, complaint) == [(LEAD, True, 7), (HELPER, False, 2), (SUBUNIT, False, 1)]
    before = record(stack, complaint)
    late = door.take(agency[SUBUNIT])
    assert door.act(late, "ack") == "done"
    assert door.act(late, "answer", "Kami juga selesai") == "done"
    assert door.act(help_, "ask", "Di mana?") == "state"
    assert door.act(help_, "nack") == "done"
    assert record(stack, complaint) == before
    assert templates(stack, complaint) == [1, 4, 6, 4]


def test_a_withdrawal_ends_all(stack, door, agency):
    complaint, _, help_ = supported(door, agency)
    stack.sql("update content set code_hash = %s where complaint_id = %s", bytes(32), complaint.hex())
    door._send([frame(23, t1=99), frame(20, t1=os.urandom(16), t2=bytes(16), t3=99, t4=int(time.time() * 1000), t5=1, t6=number_of(complaint),
                                        t7=bytes(32), t8=1),
                frame(10, t1=0, t2=5, t3=b"k", t4=1700000000000, t5=1, t16=number_of(complaint), t17=bytes(32)), frame(11, t2="tarik")])
    door.until("select 1 from complaint where complaint_id = %s and state = 8", complaint.hex())
    assert {row[2] for row in parts(stack, complaint)} == {7}
    assert door.act(help_, "answer", "Terlambat") in ("version", "state")


def test_a_completion_goes_back_to_the_state_it_left(stack, door, agency):
    """A coordinator that got a hand-back asks the reporter: the case is the coordinator's inbox again, not assigned."""
    complaint = door.place(agency[LEAD])
    door.decides = lambda asked: {2: agency[DESK], 3: 5}
    assert door.act(door.take(agency[LEAD]), "hand_back", "Bukan kami") == "done"
    case = door.take(agency[DESK])
    assert state(stack, complaint) == 1
    assert door.act(case, "ask", "Di mana persisnya?") == "done" and state(stack, complaint) == 3
    stack.sql("update content set code_hash = %s where complaint_id = %s", bytes(32), complaint.hex())
    door._send([frame(23, t1=98), frame(20, t1=os.urandom(16), t2=bytes(16), t3=98, t4=int(time.time() * 1000), t5=1, t6=number_of(complaint),
                                        t7=bytes(32), t8=1),
                frame(10, t1=0, t2=3, t3=b"k2", t4=1700000000000, t5=1, t16=number_of(complaint), t17=bytes(32)), frame(11, t2="RT 5")])
    door.until("select 1 from complaint where complaint_id = %s and state = 1", complaint.hex())
