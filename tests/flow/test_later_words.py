"""What a reporter says later, and may tell of misconduct: its holder, perhaps the accused, gets it only when a router has
decided that the complaint is no oversight.  Here the router is played by the test; test_later_router.py has a real one."""
import json
import os
import time

import pytest

from store_door import StoreDoor
from test_hand_back import agency, door, events, give_back, moved, record, registry, stack, templates, three_times  # noqa: F401

WORDS = "Petugasnya minta uang"
UNIT, INSPECTORATE = "33.01/PUPR", "33.01/PENGAWASAN"


def is_none(agency):
    return {2: agency["33.01/KES"], 3: 4}


def is_oversight(agency, code=INSPECTORATE):
    return {2: agency[code], 3: 0, 5: 3, 6: 2, 7: 2}


def work(stack, complaint, agency):
    return stack.sql("select state, queued, version from assignment where complaint_id = %s and agency = %s", complaint.hex(), agency)[0]


def decided(door, complaint):
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", complaint.hex())


def shown(stack, complaint):
    """What `aduan track` would show of a reporter's words, and the state."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "store", "sql", "query", "read_track.sql"), encoding="utf-8") as file:
        question = file.read().replace("$1::text", "%(number)s").replace("number_bits (%(number)s)", "%(number)s")
    rows = stack.sql(question.replace("%(number)s", str(stack.sql("select number from complaint where complaint_id = %s", complaint.hex())[0][0])))
    row = json.loads(rows[0][0])[0]
    return row["status"], [event["text"] for event in row["history"] if event["kind"] in ("reply", "completion")]


def stage(door, agency, name):
    """A complaint of the unit's at some point of its life, and its case if the unit has one."""
    complaint = door.place(agency[UNIT], region="33.01", rung=3)
    if name == "ready":
        return complaint, None
    case = door.take(agency[UNIT])
    for act in {"leased": [], "taken": ["ack"], "progress": ["progress"], "answered": ["answer"], "asked": ["ask"]}[name]:
        assert door.act(case, act, None if act == "ack" else "Kami periksa") == "done"
    return complaint, case


STAGES = ["ready", "leased", "taken", "progress", "answered", "asked"]


@pytest.mark.parametrize("name, kind", [*((name, 2) for name in STAGES), ("asked", 3)])
def test_it_is_none(stack, door, agency, name, kind):
    """The complaint is exactly where it would be had he said anything else, and his words are with the holder."""
    other, _ = stage(door, agency, name)
    complaint, case = stage(door, agency, name)
    assert door.say(other, "Terima kasih", kind) == (1, True)
    before = record(stack, complaint)
    was = work(stack, complaint, agency[UNIT])
    assert door.say(complaint, WORDS, kind, alarms=True) == (1, True)
    assert record(stack, complaint)["state"] == 6 and work(stack, complaint, agency[UNIT]) == was
    status, texts = shown(stack, complaint)
    assert texts == [None] and status != "returned"
    if case:
        assert door.act(case, "answer", "Sudah") == "state", "whatever he says while it is decided"
    stack.checks()
    asked = door.was_asked()
    assert (asked["holder"], asked["refusers"], asked["reason"], asked["cleared"]) == (agency[UNIT], [], None, False)
    assert asked["text"].decode().endswith(WORDS) if isinstance(asked["text"], bytes) else asked["text"].endswith(WORDS)
    door.answer(asked, is_none(agency))
    decided(door, complaint)
    after = record(stack, complaint)
    assert (after["holder"], after["clocks"], after["flags"]) == (UNIT, before["clocks"], before["flags"])
    assert after["state"] == record(stack, other)["state"] and work(stack, complaint, agency[UNIT])[:2] == work(stack, other, agency[UNIT])[:2]
    assert shown(stack, complaint)[1] == [WORDS]
    assert [row[0] for row in events(stack, complaint)] == [row[0] for row in events(stack, other)], "nothing else is in its history"
    assert len(templates(stack, complaint)) == len(templates(stack, other))
    stack.checks()
    if name in ("taken", "leased", "progress"):
        assert door.act(case, "answer", "Sudah") == "done", "his version is still the one"
    if name in ("answered", "asked"):
        got = {found["id"]: found for found in door.pull([agency[UNIT]], 5, 5000)}
        assert got[complaint]["history"][-1] == WORDS


@pytest.mark.parametrize("name", STAGES)
def test_it_is_oversight(stack, door, agency, name):
    complaint, case = stage(door, agency, name)
    before = record(stack, complaint)
    assert door.say(complaint, WORDS, 3 if name == "asked" else 2, alarms=True) == (1, True)
    for found in door.pull([agency[UNIT]], 5, 0):
        assert WORDS not in found["history"] and WORDS not in str(found["text"]), "who pulls it meanwhile does not read it"
    door.answer(door.was_asked(), is_oversight(agency))
    decided(door, complaint)
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["rung"]) == (4, INSPECTORATE, 0) and after["flags"] & 6 == 6
    assert after["clocks"][:3] == before["clocks"][:3] and after["number"] == before["number"]
    assert after["clocks"][3] > before["clocks"][3], "its class has 60 working days, from the receipt"
    assert work(stack, complaint, agency[UNIT])[0] == 7
    kind, where, number, data = events(stack, complaint)[-1]
    assert (kind, where, data["words"], data["from"], data["to"]) == (2, INSPECTORATE, True, agency[UNIT], agency[INSPECTORATE])
    assert templates(stack, complaint)[-1] == (number, 2, INSPECTORATE)
    if case:
        assert door.act(case, "answer", "Sudah") != "done"
    got = door.take(agency[INSPECTORATE])
    assert got["id"] == complaint and got["history"][-1] == WORDS
    assert stack.sql("select count(*) from example where complaint_id = %s and kind = 'handed_back'", complaint.hex()) == [(0,)]


def test_supporters_and_copies_are_gone(stack, door, agency):
    complaint = door.place(agency[UNIT], supporters=[agency["33.01/KES"]], copies=[agency["33.01"]])
    door.say(complaint, WORDS, alarms=True)
    for found in door.pull([agency["33.01/KES"]], 5, 0):
        assert found["history"] == [], "nor do supporters read it"
    door.answer(door.was_asked(), is_oversight(agency))
    decided(door, complaint)
    assert stack.sql("select agency from assignment where complaint_id = %s and state <> 7", complaint.hex()) == [(agency[INSPECTORATE],)]
    assert stack.sql("select count(*) from informed where complaint_id = %s", complaint.hex()) == [(0,)]


def test_said_again_it_is_stored_once(stack, door, agency):
    complaint, word = door.place(agency[UNIT]), os.urandom(16)
    assert door.say(complaint, WORDS, alarms=True, word=word) == (1, True)
    assert door.say(complaint, WORDS, alarms=True, word=word) == (1, False)
    asked = door.was_asked()
    door.answer(asked, is_oversight(agency))
    door.answer(asked, is_none(agency))
    decided(door, complaint)
    assert door.say(complaint, WORDS, alarms=True, word=word) == (1, False), "nor when it was decided"
    door.turn(0.3)
    assert [row[0] for row in events(stack, complaint)] == [1, 32, 2] and record(stack, complaint)["holder"] == INSPECTORATE
    assert door.say(complaint, "Pungli lagi", alarms=True) == (1, True), "an inspectorate gets its words at once"
    assert stack.sql("select count(*) from returned") == [(0,)]


def test_what_is_said_while_it_is_decided(stack, door, agency):
    """Harmless words wait with the others; of later ones that may tell of misconduct the decision made before is none."""
    complaint, _ = stage(door, agency, "answered")
    door.say(complaint, WORDS, alarms=True)
    first = door.was_asked()
    assert door.say(complaint, "Terima kasih") == (1, True)
    assert shown(stack, complaint)[1] == [None, None]
    door.say(complaint, "Camatnya juga minta uang", alarms=True)
    stack.checks()
    door.answer(first, is_none(agency))
    second = door.was_asked(2)
    assert second["event"] > first["event"] and record(stack, complaint)["state"] == 6
    assert shown(stack, complaint)[1] == [None] * 3
    door.answer(second, is_none(agency))
    decided(door, complaint)
    assert (record(stack, complaint)["state"], shown(stack, complaint)[1]) == (5, [WORDS, "Terima kasih", "Camatnya juga minta uang"])


def test_he_completes_while_it_is_decided(stack, door, agency):
    complaint, _ = stage(door, agency, "asked")
    assert record(stack, complaint)["state"] == 3
    door.say(complaint, WORDS, alarms=True)
    assert door.say(complaint, "Jalan Mawar 5", kind=3) == (1, True), "it is not refused because a router looks at it"
    door.answer(door.was_asked(2), is_none(agency))
    decided(door, complaint)
    assert record(stack, complaint)["state"] == 4 and work(stack, complaint, agency[UNIT])[0] == 1


def test_while_a_hand_back_waits(stack, door, agency):
    """A decision that was made without these words is none; what comes of the next one is the hand-back's."""
    complaint = door.place(agency[UNIT])
    give_back(door, agency, UNIT, "33.01/KES")
    first = door.was_asked()
    assert first["holder"] is None
    door.say(complaint, WORDS, alarms=True)
    stack.checks()
    door.answer(first, is_none(agency))
    second = door.was_asked(2)
    assert (second["holder"], second["refusers"], second["reason"], second["suggested"]) == (
        agency[UNIT], [agency[UNIT]], 1, agency["33.01/KES"])
    assert record(stack, complaint)["holder"] == UNIT and shown(stack, complaint)[1] == [None]
    door.answer(second, is_none(agency))
    decided(door, complaint)
    assert record(stack, complaint)["holder"] == "33.01/KES"
    assert door.take(agency["33.01/KES"])["history"][-1] == WORDS


@pytest.mark.parametrize("oversight", [False, True])
def test_while_the_arbiter_has_it(stack, door, agency, oversight):
    complaint = three_times(door, agency)
    case = door.take(agency["33.01"])
    door.decides = lambda asked: None
    count = len(door.asked)
    door.say(complaint, WORDS, alarms=True)
    assert door.act(case, "assign", "Perintah", to=agency["33.01/PUPR/JALAN"]) == "state", "he decides when it is clear what it is"
    stack.checks()
    door.answer(door.was_asked(count + 1), is_oversight(agency) if oversight else is_none(agency))
    decided(door, complaint)
    if oversight:
        assert (record(stack, complaint)["holder"], record(stack, complaint)["state"]) == (INSPECTORATE, 4)
        assert door.take(agency[INSPECTORATE])["part"] == "lead"
    else:
        assert (record(stack, complaint)["holder"], record(stack, complaint)["state"]) == ("33.01", 6)
        assert door.act(case, "assign", "Perintah", to=agency["33.01/PUPR/JALAN"]) == "done"


def test_withdrawn_before_it_is_decided(stack, door, agency):
    """Nobody judges it any more, and nobody reads it."""
    complaint, _ = stage(door, agency, "answered")
    door.say(complaint, WORDS, alarms=True)
    asked = door.was_asked()
    assert door.say(complaint, "cabut", kind=5) == (1, True)
    door.answer(asked, is_none(agency))
    door.turn(0.3)
    assert record(stack, complaint)["state"] == 8 and shown(stack, complaint) == ("archived", [None])
    stack.checks()
    stack.sql("delete from returned")


def test_no_router_can_decide(stack, door, agency):
    """A text that kills or hangs them all goes to nobody whom it may accuse."""
    complaint = door.place(agency[UNIT])
    door.say(complaint, WORDS, alarms=True)
    door.until("select 1 from event where complaint_id = %s and kind = 2", complaint.hex(), seconds=40)
    after = record(stack, complaint)
    assert len(door.asked) == 3
    assert (after["holder"], after["rung"], after["state"]) == (INSPECTORATE, 0, 4) and after["flags"] & 6 == 6


def test_long_words_are_read_whole(stack, door, agency):
    complaint = door.place(agency[UNIT], text="a" * 9990)
    door.say(complaint, "b " * 4000 + WORDS, alarms=True)
    text = door.was_asked()["text"]
    text = text.decode() if isinstance(text, bytes) else text
    assert len(text) == 10000 and text.endswith(WORDS) and text.startswith("a") and text.count("b") == 4000
    door.answer(door.asked[0], is_oversight(agency))
    decided(door, complaint)


@pytest.mark.parametrize("restarted", ["store", "postgres"])
def test_it_survives(stack, door, agency, restarted):
    complaint = door.place(agency[UNIT])
    door.say(complaint, WORDS, alarms=True)
    if restarted == "store":
        stack.restart("store")
        door.open()
        assert door.hello()
    else:
        stack.postgres.kill()
        time.sleep(1)
        stack.postgres.start()
        door.greet()  # it was silent meanwhile
    assert shown(stack, complaint)[1] == [None]
    door.decides = lambda asked: is_oversight(agency)
    door.until("select 1 from complaint where complaint_id = %s and flags & 4 <> 0", complaint.hex(), seconds=60)
    assert record(stack, complaint)["holder"] == INSPECTORATE


def test_a_router_of_before(stack, door, agency):
    """It says nothing of a reply: its words are with the holder at once, as ever."""
    complaint, _ = stage(door, agency, "answered")
    door.say(complaint, WORDS)
    assert record(stack, complaint)["state"] == 5 and door.take(agency[UNIT])["history"][-1] == WORDS


# ---- aliases ------------------------------------------------------------------------------------------------


def merged(door, agency):
    """An alias and its main complaint, both the unit's."""
    main, alias = door.place(agency[UNIT]), door.place(agency[UNIT])
    cases = {}
    while len(cases) < 2:
        cases.update({case["id"]: case for case in door.pull([agency[UNIT]], 2, 5000)})
    assert door.act(cases[alias], "merge", "Sama", other=main) == "done"
    return main, alias, cases


def test_words_on_an_alias_are_none(stack, door, agency):
    main, alias, cases = merged(door, agency)
    assert door.say(alias, WORDS, alarms=True) == (1, True)
    stack.checks()
    assert shown(stack, main)[1] == [] and shown(stack, alias)[1] == [None]
    asked = door.was_asked()
    assert asked["id"] == main
    door.answer(asked, is_none(agency))
    decided(door, main)
    assert stack.sql("select count(*) from returned") == [(0,)]
    assert shown(stack, alias)[1] == [WORDS] and shown(stack, main)[1] == [], "they are not the main one's reporter's"
    assert record(stack, alias)["state"] == 10 and record(stack, main)["state"] == 4


@pytest.mark.parametrize("why", ["oversight", "unmerged"])
def test_words_on_an_alias_that_becomes_its_own(stack, door, agency, why):
    """Its holder does not get them either: it is decided by itself."""
    main, alias, cases = merged(door, agency)
    door.say(alias, WORDS, alarms=True)
    asked = door.was_asked()
    if why == "oversight":
        door.answer(asked, is_oversight(agency))
    else:
        assert door.act(cases[alias], "unmerge", "Lain") == "done"
    second = next(filter(lambda asked: asked["id"] == alias, iter(lambda: door.was_asked(len(door.asked) + 1), None)))
    assert record(stack, alias)["state"] == 6 and shown(stack, alias)[1] == [None]
    stack.checks()
    for case in door.pull([agency[UNIT]], 5, 0):
        assert WORDS not in case["history"]
    assert second["holder"] == agency[UNIT]
    door.answer(second, is_oversight(agency))
    decided(door, alias)
    assert (record(stack, alias)["holder"], record(stack, alias)["flags"] & 6) == (INSPECTORATE, 6)
    door.decides = lambda asked: is_none(agency)
    decided(door, main)
    assert record(stack, main)["holder"] == (INSPECTORATE if why == "oversight" else UNIT)


# ---- no oversight -------------------------------------------------------------------------------------------


def false_hit(door, agency, class_=None):
    complaint = door.place(agency[INSPECTORATE], rung=0, oversight=2, class_=class_, region="33.01", text="Uang kembali kurang")
    return complaint, door.take(agency[INSPECTORATE])


def test_an_inspectorate_finds_none(stack, door, agency):
    complaint, case = false_hit(door, agency, class_=3)
    before = record(stack, complaint)
    key, version = os.urandom(16), case["version"]
    assert door.act(case, "hand_back", "Bukan pengawasan: soal uang kembalian", reason=6, key=key) == "done"
    assert door.act(case, "hand_back", "Bukan pengawasan: soal uang kembalian", reason=6, key=key, version=version) == "done"
    assert record(stack, complaint)["state"] == 6
    stack.checks()
    asked = door.was_asked()
    assert (asked["cleared"], asked["refusers"], asked["reason"], asked["holder"]) == (True, [agency[INSPECTORATE]], None, None)
    assert not asked["since"] and 6 not in asked["submit"], "neither words nor class speak any more"
    door.answer(asked, {2: agency[UNIT], 3: 4, 4: 700})
    decided(door, complaint)
    after = record(stack, complaint)
    assert (after["state"], after["holder"], after["clocks"], after["number"]) == (4, UNIT, (*before["clocks"][:3], after["clocks"][3]), before["number"])
    assert after["clocks"][3] < before["clocks"][3], "without that class it has less time"
    assert after["flags"] & 6 == 2, "no oversight any more, and secret still"
    assert stack.sql("select class from complaint where complaint_id = %s", complaint.hex()) == [(None,)]
    assert [row[:2] for row in events(stack, complaint)] == [(1, INSPECTORATE), (54, INSPECTORATE), (2, UNIT)]
    assert templates(stack, complaint)[-1] == (3, 2, UNIT)
    assert stack.sql("select kind, positive from example where complaint_id = %s", complaint.hex()) == [("not_oversight", False)]
    got = door.take(agency[UNIT])
    assert got["id"] == complaint and got["history"] == ["Bukan pengawasan: soal uang kembalian"]


def test_it_is_no_refusal(stack, door, agency):
    """The third hand-back after it is the third; none of them is judged by the old words."""
    complaint, case = false_hit(door, agency)
    answers = iter([UNIT, "33.01/LH", "33.01/KES"])
    door.decides = lambda asked: {2: agency[next(answers, "34.01/PUPR")], 3: 4}
    assert door.act(case, "hand_back", "Bukan pengawasan", reason=6) == "done"
    for holder in (UNIT, "33.01/LH", "33.01/KES"):
        give_back(door, agency, holder)
    moved(door, complaint, 9)
    assert len(door.asked) == 4 and all(asked["cleared"] for asked in door.asked)
    assert door.asked[-1]["refusers"] == [agency[UNIT], agency["33.01/LH"], agency["33.01/KES"]]
    assert (record(stack, complaint)["state"], record(stack, complaint)["holder"]) == (6, "33.01")


def test_later_words_make_it_oversight_again(stack, door, agency):
    complaint, case = false_hit(door, agency)
    door.decides = lambda asked: {2: agency[UNIT], 3: 4}
    assert door.act(case, "hand_back", "Bukan pengawasan", reason=6) == "done"
    decided(door, complaint)
    door.decides = lambda asked: None
    count = len(door.asked)
    door.say(complaint, WORDS, alarms=True)
    asked = door.was_asked(count + 1)
    since = asked["since"].decode() if isinstance(asked["since"], bytes) else asked["since"]
    assert asked["cleared"] and since.strip() == WORDS and asked["holder"] == agency[UNIT]
    door.answer(asked, is_oversight(agency))
    decided(door, complaint)
    assert (record(stack, complaint)["holder"], record(stack, complaint)["flags"] & 6) == (INSPECTORATE, 6)
    case = door.take(agency[INSPECTORATE])
    assert door.act(case, "hand_back", "Tetap bukan", reason=6) == "done", "and it may say so again"
    assert not door.was_asked(count + 2)["since"]
    door.answer(door.asked[-1], {2: agency["33.01/LH"], 3: 4})
    decided(door, complaint)
    assert record(stack, complaint)["holder"] == "33.01/LH"


def test_words_while_it_is_cleared(stack, door, agency):
    complaint, case = false_hit(door, agency)
    assert door.act(case, "hand_back", "Bukan pengawasan", reason=6) == "done"
    first = door.was_asked()
    door.say(complaint, WORDS, alarms=True)
    stack.checks()
    door.answer(first, {2: agency[UNIT], 3: 4})
    second = door.was_asked(2)
    assert record(stack, complaint)["holder"] == INSPECTORATE and second["since"] and second["refusers"] == []
    door.answer(second, is_oversight(agency))
    decided(door, complaint)
    assert (record(stack, complaint)["holder"], record(stack, complaint)["flags"] & 6) == (INSPECTORATE, 6)


def test_a_router_of_before_finds_it_again(stack, door, agency):
    """It reads the old words: then the coordinator has it, and it is no oversight all the same."""
    complaint, case = false_hit(door, agency)
    assert door.act(case, "hand_back", "Bukan pengawasan", reason=6) == "done"
    door.answer(door.was_asked(), is_oversight(agency))
    decided(door, complaint)
    after = record(stack, complaint)
    assert (after["holder"], after["flags"] & 6, after["state"]) == ("33.01", 2, 1 if after["rung"] >= 5 else 4)


def test_who_may_say_so(stack, door, agency):
    plain = door.place(agency[INSPECTORATE])
    assert door.act(door.take(agency[INSPECTORATE]), "hand_back", "Bukan", reason=6) == "state", "it is none anyway"
    unit = door.place(agency[UNIT])
    assert door.act(door.take(agency[UNIT]), "hand_back", "Bukan", reason=6) == "state", "nobody but an inspectorate"
    complaint, case = false_hit(door, agency)
    assert door.act(case, "support", "Bantu", to=agency["33/PENGAWASAN"]) == "done"
    assert door.act(door.take(agency["33/PENGAWASAN"]), "hand_back", "Bukan", reason=6) == "lead"
    assert door.act(case, "hand_back", " ", reason=6) == "text"
    for found in (plain, unit, complaint):
        assert 54 not in [row[0] for row in events(stack, found)]
    assert door.act(case, "hand_back", "Kami sendiri yang diadukan") == "done", "handing on is as it was"
    assert record(stack, complaint)["holder"] == "33/PENGAWASAN"
