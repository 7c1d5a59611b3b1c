"""No wrong door, the store's side: hand-backs, the arbiter, hand-downs.  The router is played by the test, so that it may
decide well, badly, twice, late or not at all."""
import os
import time

import pytest

import nation
from conftest import Stack
from store_door import StoreDoor

@pytest.fixture(scope="module")
def registry(folder):
    return nation.write(os.path.join(folder, "registry"))


@pytest.fixture(scope="module")
def stack(folder, registry):
    with Stack(folder, registry=registry, programs=("store",)) as running:
        yield running


@pytest.fixture(scope="module")
def agency(stack):
    return dict(stack.sql("select code, agency_id from agency"))


@pytest.fixture
def door(stack):
    running = StoreDoor(stack)
    yield running
    running.decides = lambda asked: {2: 0, 3: 6}
    running.until("select 1 where not exists (select from returned)")
    stack.checks()
    stack.peers.remove(running)
    running.close()
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def record(stack, complaint):
    row = stack.sql("select c.number, c.received, c.due_verify, c.due_first, c.due_resolve, c.state, a.code, c.rung, c.flags"
                    " from complaint c join agency a on a.agency_id = c.holder where complaint_id = %s", complaint.hex())[0]
    return {"number": row[0], "clocks": row[1:5], "due_verify": row[2], "due_first": row[3], "state": row[5], "holder": row[6], "rung": row[7],
            "flags": row[8]}


def events(stack, complaint):
    return stack.sql("select e.kind, a.code, e.number, e.data from event e left join agency a on a.agency_id = e.agency"
                     " where complaint_id = %s and number is not null order by number", complaint.hex())


def templates(stack, complaint):
    return stack.sql("select n.event, n.template, a.code from notice n left join agency a on a.agency_id = n.agency"
                     " where complaint_id = %s order by event", complaint.hex())


def moved(door, complaint, event=3):
    door.until("select 1 from event where complaint_id = %s and number >= %s and kind = 2", complaint.hex(), event)


def give_back(door, agency, holder, to=None, text="Bukan kami"):
    """A hand-back that a router must decide; the case as it was."""
    case = door.take(agency[holder])
    assert door.act(case, "hand_back", text, to=agency[to] if to else None) == "done"
    return case


def three_times(door, agency, to=None):
    """A complaint that three agencies gave back, the last of them suggesting `to`."""
    answers = iter(["33.01/LH", "33.01/KES", "34.01/PUPR"])  # of the third only the filter counts
    door.decides = lambda asked: {2: agency[next(answers)], 3: 4, 4: 700}
    complaint = door.place(agency["33.01/PUPR"], region="33.01")
    give_back(door, agency, "33.01/PUPR")
    give_back(door, agency, "33.01/LH")
    give_back(door, agency, "33.01/KES", to)
    moved(door, complaint, 7)
    return complaint


# ---- the first two ------------------------------------------------------------------------------------------


def test_a_request_waits_and_then_it_is_elsewhere(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"], region="33.01", category=1, title="Lampu", text="Lampu puskesmas mati")
    before = record(stack, complaint)
    case = door.take(agency["33.01/PUPR"])
    assert door.act(case, "hand_back", "Ini urusan kesehatan", to=agency["33.01/KES"]) == "done"
    waiting = record(stack, complaint)
    assert (waiting["state"], waiting["holder"], waiting["clocks"]) == (6, "33.01/PUPR", before["clocks"])
    assert stack.sql("select state, queued from assignment where complaint_id = %s", complaint.hex()) == [(4, False)]
    assert [row[:2] for row in templates(stack, complaint)] == [(1, 1)]
    stack.checks()
    asked = door.was_asked()
    door.answer(asked, {2: agency["33.01/KES"], 3: 4, 4: 810, 10: 2, 11: 7, 12: 5, 13: '{"said":[[4,"text"]]}'})
    moved(door, complaint)
    assert asked["refusers"] == [agency["33.01/PUPR"]] and asked["suggested"] == agency["33.01/KES"] and asked["reason"] == 1
    assert (asked["title"], asked["text"]) in ((b"Lampu", b"Lampu puskesmas mati"), ("Lampu", "Lampu puskesmas mati"))
    assert asked["submit"][7] == 1 and asked["submit"][8] == "33.01"
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["rung"]) == (4, "33.01/KES", 4)
    assert (after["clocks"], after["number"]) == (before["clocks"], before["number"])
    kind, where, number, data = events(stack, complaint)[-1]
    assert (kind, where, number) == (2, "33.01/KES", 3)
    assert data == {"of": 2, "from": agency["33.01/PUPR"], "to": agency["33.01/KES"], "reason": 1, "suggested": agency["33.01/KES"],
                    "decided": agency["33.01/KES"], "rung": 4, "confidence": 810, "function": 2, "rules": 5, "registry": 7,
                    "record": {"said": [[4, "text"]]}}
    assert templates(stack, complaint) == [(1, 1, "33.01/PUPR"), (3, 2, "33.01/KES")]
    case = door.take(agency["33.01/KES"])
    assert case["id"] == complaint and case["part"] == "lead"
    assert door.act(case, "answer", "Sudah diganti") == "done"


def test_the_clock_of_one_that_was_never_placed(stack, door, agency):
    """The coordinator gives it back: it is placed now, so the first answer is due from here on, and by the new owner's days."""
    complaint = door.place(agency["33.02"], rung=5, region="33.02")
    before = record(stack, complaint)
    assert before["due_verify"] and not before["due_first"] and before["state"] == 1
    door.decides = lambda asked: {2: agency["33.01/KES"], 3: 4}
    give_back(door, agency, "33.02")
    moved(door, complaint)
    after = record(stack, complaint)
    assert after["state"] == 4 and after["due_verify"] is None and after["clocks"][3] == before["clocks"][3]
    assert after["due_first"] == stack.sql("select due_at (clock_timestamp (), 5, 9)")[0][0]
    assert stack.sql("select due from assignment where complaint_id = %s and state <> 7", complaint.hex())[0][0] == after["due_first"]
    assert events(stack, complaint)[-1][3]["placed"] is True


def test_a_coordinator_may_get_it(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"], region="33.01")
    before = record(stack, complaint)
    door.decides = lambda asked: {2: agency["33.01"], 3: 5}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint)
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["clocks"]) == (1, "33.01", before["clocks"])


@pytest.mark.parametrize("decided, owner, rung", [
    ("33.01/PUPR", "33.01", 5),         # that is who gave it back: its coordinator
    ("nobody", "33.01", 5),             # no such agency: the asker's coordinator
    ("34.01/PUPR", "34.01/PUPR", 4),    # far away, but alive: as decided
])
def test_never_to_a_refuser(stack, door, agency, decided, owner, rung):
    complaint = door.place(agency["33.01/PUPR"])
    door.decides = lambda asked: {2: agency.get(decided, 9999), 3: 4}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint)
    assert (record(stack, complaint)["holder"], record(stack, complaint)["rung"]) == (owner, rung)
    assert record(stack, complaint)["state"] == (4 if rung == 4 else 1)


def test_a_coordinator_that_gave_it_back_is_passed_over(stack, door, agency):
    complaint = door.place(agency["33.01"], rung=5)
    door.decides = lambda asked: {2: agency["33.01/PUPR"], 3: 4}
    give_back(door, agency, "33.01")
    door.was_asked()
    door.decides = lambda asked: {2: agency["33.01"], 3: 5}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint, 5)
    assert record(stack, complaint)["holder"] == "33"


def test_retired_meanwhile(stack, door, agency):
    """Its successor has it; without one the coordinator above it."""
    stack.sql("update agency set retired_at = now (), successor = %s where code = '33.02/PUPR'", agency["33.02/KES"])
    stack.sql("update agency set retired_at = now () where code = '34.01/PUPR'")
    try:
        for decided, owner in (("33.02/PUPR", "33.02/KES"), ("34.01/PUPR", "34.01")):
            complaint = door.place(agency["33.01/LH"])
            door.decides = lambda asked, decided=decided: {2: agency[decided], 3: 4}
            give_back(door, agency, "33.01/LH")
            moved(door, complaint)
            assert record(stack, complaint)["holder"] == owner
    finally:
        stack.sql("update agency set retired_at = null, successor = null where code in ('33.02/PUPR', '34.01/PUPR')")


def test_it_becomes_oversight(stack, door, agency):
    """The filter saw it at the second look: secret from here on, and with the inspectorate."""
    complaint = door.place(agency["33.01/PUPR"], supporters=[agency["33.01/KES"]], copies=[agency["33.01"]])
    door.decides = lambda asked: {2: agency["33.01/PENGAWASAN"], 3: 0, 5: 3, 6: 2, 7: 2}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint)
    after = record(stack, complaint)
    assert (after["holder"], after["rung"], after["state"]) == ("33.01/PENGAWASAN", 0, 4) and after["flags"] & 6 == 6
    assert stack.sql("select agency from assignment where complaint_id = %s and state <> 7", complaint.hex()) == [(agency["33.01/PENGAWASAN"],)]
    assert stack.sql("select count(*) from informed where complaint_id = %s", complaint.hex()) == [(0,)]


def test_oversight_of_a_refuser_goes_to_the_next_inspectorate(stack, door, agency):
    complaint = door.place(agency["33.01/PENGAWASAN"])
    door.decides = lambda asked: {2: agency["33.01/PENGAWASAN"], 3: 0, 7: 2}
    give_back(door, agency, "33.01/PENGAWASAN")
    moved(door, complaint)
    assert record(stack, complaint)["holder"] == "33/PENGAWASAN"


# ---- messages are hints, rows are truth ---------------------------------------------------------------------


def test_a_decision_takes_effect_once(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    asked = door.was_asked()
    for owner in ("33.01/KES", "33.01/LH"):
        door.answer(asked, {2: agency[owner], 3: 4})
    moved(door, complaint)
    door.turn(0.3)
    assert record(stack, complaint)["holder"] == "33.01/KES"
    assert [row[0] for row in events(stack, complaint)] == [1, 19, 2]


def test_a_decision_on_an_older_hand_back_is_nothing(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    door.decides = lambda asked: {2: agency["33.01/LH"], 3: 4}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint)
    door.decides = lambda asked: None
    give_back(door, agency, "33.01/LH")
    second = door.was_asked(2)
    door.answer(door.asked[0], {2: agency["33.01/KES"], 3: 4})
    door.turn(0.5)
    assert record(stack, complaint)["state"] == 6
    assert second["refusers"] == [agency["33.01/PUPR"], agency["33.01/LH"]]
    door.answer(second, {2: agency["33.01/KES"], 3: 4})
    moved(door, complaint, 5)
    assert record(stack, complaint)["holder"] == "33.01/KES"


def test_without_a_router_it_waits(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    door.close()
    time.sleep(1.5)
    deadline = time.monotonic() + 20
    while "no router is connected: what was handed back waits" not in stack["store"].tail(5):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert record(stack, complaint)["state"] == 6
    door.open()
    assert door.hello()
    door.decides = lambda asked: {2: agency["33.01/KES"], 3: 4}
    moved(door, complaint)
    assert record(stack, complaint)["holder"] == "33.01/KES"


def test_the_store_dies_before_it_is_decided(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    stack.restart("store")
    door.open()
    assert door.hello()
    door.decides = lambda asked: {2: agency["33.01/KES"], 3: 4}
    moved(door, complaint)
    assert record(stack, complaint)["holder"] == "33.01/KES"


def test_who_is_silent_three_times_is_not_waited_for(stack, door, agency):
    """A text that no router can decide must not hold a complaint for ever."""
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex(), seconds=40)
    assert len(door.asked) == 3
    after = record(stack, complaint)
    assert (after["holder"], after["rung"], after["state"]) == ("33.01", 5, 1)


def test_a_record_that_is_no_json(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    door.decides = lambda asked: {2: agency["33.01/KES"], 3: 4, 13: "{broken"}
    give_back(door, agency, "33.01/PUPR")
    moved(door, complaint)
    assert record(stack, complaint)["holder"] == "33.01"


def test_a_reply_meanwhile_wakes_nobody(stack, door, agency):
    """The words join the case, and the new owner gets them; the asker is not asked again."""
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    asked = door.was_asked()
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind, number, text)"
              " select complaint_id, now (), gen_random_uuid (), 1, 32, events + 1, 'masih' from complaint where complaint_id = %s", complaint.hex())
    stack.sql("update complaint set events = events + 1, version = version + 1 where complaint_id = %s", complaint.hex())
    door.answer(asked, {2: agency["33.01/KES"], 3: 4})
    moved(door, complaint, 4)
    assert record(stack, complaint)["holder"] == "33.01/KES"


def test_many_at_once(stack, door, agency):
    """More than are asked for at a time; each ends somewhere, none twice."""
    complaints = [door.place(agency["33.01/PUPR"], contact=None) for _ in range(150)]
    door.decides = lambda asked: {2: agency["33.01/KES"], 3: 4}
    cases = []
    while len(cases) < 150:
        cases += door.pull([agency["33.01/PUPR"]], 100, 2000)
    for case in cases:
        assert door.act(case, "hand_back", "Bukan kami") == "done"
    door.until("select 1 where not exists (select from returned)", seconds=60)
    assert stack.sql("select count(*) from complaint where holder = %s and complaint_id = any (%s::uuid[])", agency["33.01/KES"],
                     [complaint.hex() for complaint in complaints]) == [(150,)]


# ---- the arbiter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suggested, arbiter", [
    (None, "33.01"),            # what all who gave it back have above them
    ("33.01/PUPR/JALAN", "33.01"),
    ("33.02/KES", "33"),        # the lowest that is above the asker and the suggested one
    ("34.01/PUPR", "ID"),
    ("KEMCONTOH", "ID"),
])
def test_the_third_goes_to_the_arbiter(stack, door, agency, suggested, arbiter):
    complaint = three_times(door, agency, suggested)
    after = record(stack, complaint)
    assert (after["state"], after["holder"]) == (6, arbiter)
    assert stack.sql("select count(*) from returned") == [(0,)]
    kind, _, number, data = events(stack, complaint)[-1]
    assert (kind, number, data["of"], data["arbiter"], data["to"]) == (2, 7, 6, True, agency[arbiter])
    assert templates(stack, complaint)[-1] == (7, 2, arbiter)
    case = door.take(agency[arbiter])
    assert case["part"] == "arbiter"
    assert door.act(case, "hand_back", "Bukan kami juga") == "bound"
    assert door.act(case, "answer", "Sudah") == "state"
    assert door.act(case, "ack") == "done"
    stack.checks()


def test_the_third_is_oversight(stack, door, agency):
    """The filter is asked before the arbiter, who may be the superior of the accused: an inspectorate has it."""
    answers = iter([{2: agency["33.01/LH"], 3: 4}, {2: agency["33.01/KES"], 3: 4}, {2: agency["33.01/PENGAWASAN"], 3: 0, 5: 3, 6: 2, 7: 2}])
    door.decides = lambda asked: next(answers)
    complaint = door.place(agency["33.01/PUPR"], region="33.01")
    before = record(stack, complaint)
    for holder in ("33.01/PUPR", "33.01/LH", "33.01/KES"):
        give_back(door, agency, holder)
    moved(door, complaint, 7)
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["clocks"]) == (4, "33.01/PENGAWASAN", (*before["clocks"][:3], after["clocks"][3])) and after["flags"] & 6 == 6
    assert after["clocks"][3] > before["clocks"][3], "its class has 60 working days, from the receipt"
    assert "arbiter" not in events(stack, complaint)[-1][3]
    assert door.take(agency["33.01/PENGAWASAN"])["part"] == "lead"


def test_the_third_without_a_router_is_the_arbiters(stack, door, agency):
    answers = iter([{2: agency["33.01/LH"], 3: 4}, {2: agency["33.01/KES"], 3: 4}])
    door.decides = lambda asked: next(answers, None)
    complaint = door.place(agency["33.01/PUPR"], region="33.01")
    for holder in ("33.01/PUPR", "33.01/LH", "33.01/KES"):
        give_back(door, agency, holder)
    door.until("select 1 from event where complaint_id = %s and number = 7", complaint.hex(), seconds=40)
    assert (record(stack, complaint)["state"], record(stack, complaint)["holder"]) == (6, "33.01")


def test_the_arbiter_binds(stack, door, agency):
    complaint = three_times(door, agency, "33.02/KES")
    before = record(stack, complaint)
    case = door.take(agency["33"])
    assert door.act(case, "assign", to=agency["33.02/KES"]) == "done"
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["clocks"]) == (4, "33.02/KES", before["clocks"])
    kind, where, number, data = events(stack, complaint)[-1]
    assert (kind, where, data) == (20, "33", {"to": agency["33.02/KES"], "binds": True})
    assert templates(stack, complaint)[-1] == (number, 2, "33.02/KES")
    case = door.take(agency["33.02/KES"])
    assert case["part"] == "bound"
    assert door.act(case, "hand_back", "Bukan kami") == "bound"
    assert door.act(case, "answer", "Baik, sudah") == "done"


def test_the_arbiter_may_order_it_back_with_a_reason(stack, door, agency):
    complaint = three_times(door, agency)
    case = door.take(agency["33.01"])
    assert door.act(case, "assign", to=agency["33.01/PUPR"]) == "text"
    assert door.act(case, "assign", "Ini jalan kabupaten: Peraturan 12/2020", to=agency["33.01/PUPR"]) == "done"
    assert record(stack, complaint)["holder"] == "33.01/PUPR"
    case = door.take(agency["33.01/PUPR"])
    assert case["part"] == "bound" and door.act(case, "hand_back", "Tetap bukan kami") == "bound"


def test_the_arbiter_may_keep_it(stack, door, agency):
    complaint = three_times(door, agency)
    case = door.take(agency["33.01"])
    assert door.act(case, "assign", to=agency["33.01"]) == "done"
    assert (record(stack, complaint)["state"], record(stack, complaint)["holder"]) == (4, "33.01")
    assert stack.sql("select state, bond from assignment where complaint_id = %s and agency = %s", complaint.hex(), agency["33.01"]) == [(3, 2)]
    assert door.act(case, "hand_back", "Tidak jadi") == "bound"
    assert door.act(case, "answer", "Kami yang kerjakan") == "done"


def test_the_arbiter_does_not_reach_beyond_his_tree(stack, door, agency):
    three_times(door, agency)
    case = door.take(agency["33.01"])
    for other in ("33.02/PUPR", "33", "ID"):
        assert door.act(case, "assign", to=agency[other]) == "target"


def test_an_arbiter_that_gave_it_back_is_passed_over(stack, door, agency):
    answers = iter(["33.01/LH", "33.01"])
    door.decides = lambda asked: {2: agency[next(answers, "33.01/KES")], 3: 4}
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    give_back(door, agency, "33.01/LH")
    give_back(door, agency, "33.01")
    moved(door, complaint, 7)
    assert record(stack, complaint)["holder"] == "33"


def test_the_root_has_nobody_above(stack, door, agency):
    """When it asks for the third time it is the arbiter of its own request."""
    answers = iter(["33", "ID"])
    door.decides = lambda asked: {2: agency[next(answers, "33.02")], 3: 5}
    complaint = door.place(agency["33.01"], rung=5)
    give_back(door, agency, "33.01")
    give_back(door, agency, "33")
    case = give_back(door, agency, "ID")
    again = door.take(agency["ID"])
    assert again["part"] == "arbiter" and again["version"] > case["version"]
    assert door.act(again, "assign", to=agency["KEMCONTOH"]) == "done"
    assert record(stack, complaint)["holder"] == "KEMCONTOH" and record(stack, complaint)["due_first"]


def test_where_all_gave_it_back_the_root_decides(stack, door, agency):
    """A second hand-back by the root: everybody above has refused, and so it is its arbiter."""
    door.decides = lambda asked: {2: agency["ID"], 3: 6}
    complaint = door.place(agency["33"], rung=5)
    give_back(door, agency, "33")
    give_back(door, agency, "ID")
    moved(door, complaint, 5)
    assert (record(stack, complaint)["state"], record(stack, complaint)["holder"]) == (6, "ID")
    case = door.take(agency["ID"])
    assert case["part"] == "arbiter" and door.act(case, "hand_back", "Lagi") == "bound"


# ---- oversight ----------------------------------------------------------------------------------------------


def test_oversight_goes_from_one_inspectorate_to_the_next(stack, door, agency):
    complaint = door.place(agency["33.01/PENGAWASAN"], rung=0, oversight=2, class_=3)
    for holder, following in (("33.01/PENGAWASAN", "33/PENGAWASAN"), ("33/PENGAWASAN", "ID/PENGAWASAN"), ("ID/PENGAWASAN", "ID")):
        case = door.take(agency[holder])
        assert door.act(case, "hand_back", "Kami sendiri yang diadukan", to=agency["33.01"]) == "done"
        assert (record(stack, complaint)["holder"], record(stack, complaint)["state"]) == (following, 4)
    assert door.asked == [] and stack.sql("select count(*) from returned") == [(0,)]
    case = door.take(agency["ID"])
    assert door.act(case, "hand_back", "Tidak ada lagi") == "state"
    for other in ("33.01/PUPR", "33.01", "KEMCONTOH"):
        assert door.act(case, "assign", to=agency[other]) == "target"
        assert door.act(case, "support", to=agency[other]) == "target"
    assert door.act(case, "assign", "Periksa", to=agency["33.01/PENGAWASAN"]) == "done"


def test_an_inspectorate_that_knows_who_is_accused(stack, door, agency):
    """The next one above is the accused: the one further above that it names has it, and nobody between."""
    complaint = door.place(agency["33.01/PENGAWASAN"], rung=0, oversight=2, class_=3)
    case = door.take(agency["33.01/PENGAWASAN"])
    assert door.act(case, "hand_back", "Yang diadukan inspektorat provinsi", to=agency["ID/PENGAWASAN"]) == "done"
    assert record(stack, complaint)["holder"] == "ID/PENGAWASAN"
    case = door.take(agency["ID/PENGAWASAN"])
    assert door.act(case, "hand_back", "Kami juga", to=agency["33/TAMBANG"]) == "done"
    assert record(stack, complaint)["holder"] == "ID", "never down, never to others than inspectorates"


def test_a_regency_below_the_root(stack, door, agency):
    """As in the registry that is built for the country: over the inspectorate of a city stands the province's all the same."""
    for named, holder in ((None, "34/PENGAWASAN"), ("ID/PENGAWASAN", "ID/PENGAWASAN"), ("34.01", "34/PENGAWASAN")):
        complaint = door.place(agency["34.01/PENGAWASAN"], rung=0, oversight=2, class_=3)
        case = door.take(agency["34.01/PENGAWASAN"])
        assert door.act(case, "hand_back", "Kami sendiri yang diadukan", to=agency[named] if named else None) == "done"
        assert record(stack, complaint)["holder"] == holder
    assert door.act(door.take(agency["34/PENGAWASAN"]), "hand_back", "Kami juga") == "done"
    assert door.act(door.take(agency["ID/PENGAWASAN"]), "hand_back", "Kami juga") == "done"


# ---- down ---------------------------------------------------------------------------------------------------


def test_down_is_an_event_of_its_own(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    before = record(stack, complaint)
    case = door.take(agency["33.01/PUPR"])
    assert door.act(case, "assign", "Mohon ditangani", to=agency["33.01/PUPR/JALAN"]) == "done"
    after = record(stack, complaint)
    assert (after["holder"], after["state"], after["clocks"]) == ("33.01/PUPR/JALAN", 4, before["clocks"])
    assert events(stack, complaint)[-1][:2] == (20, "33.01/PUPR")
    assert stack.sql("select a.code, s.state, s.bond from assignment s join agency a on a.agency_id = s.agency where complaint_id = %s order by 1",
                     complaint.hex()) == [("33.01/PUPR", 7, 0), ("33.01/PUPR/JALAN", 1, 0)]
    case = door.take(agency["33.01/PUPR/JALAN"])
    assert door.act(case, "progress", "Dijadwalkan") == "done"
    assert record(stack, complaint)["state"] == 5


@pytest.mark.parametrize("other", ["33.01", "33.01/KES", "33.01/PUPR", "ID", "nobody"])
def test_only_down(stack, door, agency, other):
    complaint = door.place(agency["33.01/PUPR"])
    case = door.take(agency["33.01/PUPR"])
    assert door.act(case, "assign", to=agency.get(other, 9999)) == "target"
    assert record(stack, complaint)["holder"] == "33.01/PUPR"


def test_down_is_no_hand_back(door, agency):
    door.place(agency["33.01/PUPR"])
    case = door.take(agency["33.01/PUPR"])
    assert door.act(case, "hand_back", "Bidang jalan saja", to=agency["33.01/PUPR/JALAN"]) == "target"
    assert door.act(case, "hand_back", "Kami", to=agency["33.01/PUPR"]) == "target"
    assert door.act(case, "hand_back", "Siapa?", to=9999) == "target"


def test_a_desk_places_what_was_never_placed(stack, door, agency):
    complaint = door.place(agency["33.01"], rung=5)
    before = record(stack, complaint)
    case = door.take(agency["33.01"])
    assert door.act(case, "ack") == "done"
    assert record(stack, complaint)["clocks"] == before["clocks"] and record(stack, complaint)["state"] == 1
    assert door.act(case, "assign", to=agency["33.01/KES"]) == "done"
    after = record(stack, complaint)
    assert after["state"] == 4 and after["due_verify"] is None
    assert after["due_first"] == stack.sql("select due_at (clock_timestamp (), 5, 9)")[0][0]
    assert after["clocks"][3] == before["clocks"][3] and after["clocks"][0] == before["clocks"][0]
    case = door.take(agency["33.01/KES"])
    assert abs(case["due_first"] / 1000 - after["due_first"].timestamp()) < 1


def test_a_superior_may_order_his_own_unit(stack, door, agency):
    """Who gave it back has it again only with a reason, and bound."""
    door.decides = lambda asked: {2: agency["33.01"], 3: 5}
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    case = door.take(agency["33.01"])
    assert door.act(case, "assign", to=agency["33.01/PUPR"]) == "text"
    assert door.act(case, "assign", "Ini tugas Anda", to=agency["33.01/PUPR"]) == "done"
    case = door.take(agency["33.01/PUPR"])
    assert case["part"] == "bound" and door.act(case, "hand_back", "Bukan") == "bound"
    assert record(stack, complaint)["state"] == 4


# ---- the guard ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["hand_back", "assign", "support"])
def test_once_by_its_key(stack, door, agency, act):
    complaint = door.place(agency["33.01/PUPR"])
    case = door.take(agency["33.01/PUPR"])
    key, version, to = os.urandom(16), case["version"], agency["33.01/PUPR/JALAN"] if act != "hand_back" else None
    assert door.act(case, act, "Mohon", to=to, key=key) == "done"
    first = case["version"]
    count = stack.sql("select count(*) from event where complaint_id = %s", complaint.hex())
    assert door.act(case, act, "Mohon", to=to, key=key, version=version) == "done" and case["version"] == first
    assert door.act(case, act, "Mohon", to=to, version=version) == "version"
    assert door.act(case, "progress", "Lain", key=key, version=version) == "key"
    assert stack.sql("select count(*) from event where complaint_id = %s", complaint.hex()) == count


def test_what_has_no_target_or_words(door, agency):
    door.place(agency["33.01/PUPR"])
    case = door.take(agency["33.01/PUPR"])
    assert door.act(case, "assign") == "target" and door.act(case, "support") == "target"
    assert door.act(case, "hand_back") == "text"
    for act in ("hand_back", "answer", "ask", "progress"):
        assert door.act(case, act, " \n\t") == "text", act
    assert door.act(case, "close", "Selesai") == "text"


def test_it_is_not_acted_on_while_it_waits(door, agency):
    door.place(agency["33.01/PUPR"])
    case = give_back(door, agency, "33.01/PUPR")
    for act, more in (("answer", {}), ("hand_back", {}), ("assign", {"to": agency["33.01/PUPR/JALAN"]}), ("close", {"resolution": 1})):
        assert door.act(case, act, "Tunggu", **more) == "state", act


def test_a_withdrawal_ends_the_wait(stack, door, agency):
    complaint = door.place(agency["33.01/PUPR"])
    give_back(door, agency, "33.01/PUPR")
    asked = door.was_asked()
    withdraw(door, complaint)
    door.until("select 1 from complaint where complaint_id = %s and state = 8", complaint.hex())
    assert stack.sql("select count(*) from returned") == [(0,)]
    door.answer(asked, {2: agency["33.01/KES"], 3: 4})
    door.turn(0.5)
    assert record(stack, complaint)["state"] == 8 and record(stack, complaint)["holder"] == "33.01/PUPR"


def withdraw(door, complaint):
    """The reporter's own word, with the proof that the row asks for."""
    from peer import frame
    from store_door import number_of
    door.stack.sql("update content set code_hash = %s where complaint_id = %s", bytes(32), complaint.hex())
    word = os.urandom(16)
    door._send([frame(23, t1=99), frame(20, t1=word, t2=bytes(16), t3=99, t4=int(time.time() * 1000), t5=1, t6=number_of(complaint), t7=bytes(32), t8=1),
                frame(10, t1=0, t2=5, t3=word, t4=1700000000000, t5=1, t16=number_of(complaint), t17=bytes(32)), frame(11, t2="tarik")])
