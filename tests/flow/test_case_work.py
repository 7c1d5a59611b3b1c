"""What acts and a reporter's words do beside moving the state: what is kept, who gets it, what the clocks do."""
import os

import pytest

from store_door import StoreDoor, number_of
from test_hand_back import agency, registry, stack  # noqa: F401
from test_lifecycle import A, C, L, OFFICE, UNIT, W, people, row, said, stage, unqueue  # noqa: F401

INSPECTORATE = "33.01/PENGAWASAN"
CLOSING, REOPENING, CONSENT, FLAGS = 6, 7, 8, 9
YES, NO = 2, 1


@pytest.fixture(scope="module")
def door(stack):
    running = StoreDoor(stack)
    running.decides = lambda asked: None
    yield running
    running.decides = lambda asked: {2: 0, 3: 6}
    running.until("select 1 where not exists (select from returned r join complaint c using (complaint_id) where c.state < 7)")
    stack.checks()
    running.close()
    stack.peers.remove(running)


@pytest.fixture(autouse=True)
def quiet(stack, door):
    door.asked.clear()
    door.decides = lambda asked: None
    yield
    unqueue(stack)


def events(stack, case, *kinds):
    return stack.sql("select kind, number, agency, text, data from event where complaint_id = %s and (%s = '{}' or kind = any (%s)) order by at, number",
                     case["id"].hex(), list(kinds), list(kinds))


def templates(stack, case):
    return [found[0] for found in stack.sql("select template from notice where complaint_id = %s order by event", case["id"].hex())]


def asked_of(door, case):
    """The question about this one, whatever else is asked meanwhile."""
    while True:
        for asked in door.asked:
            if asked["id"] == case["id"]:
                return asked
        door.was_asked(len(door.asked) + 1)


# ---- correcting ---------------------------------------------------------------------------------------------------

def test_what_came_is_kept(stack, door, people, agency):
    """Staff's words stand beside the reporter's, whose stay as they came; the old values stand in the event."""
    case = stage(stack, door, people, agency, "assigned")
    door.decides = lambda asked: {2: agency[UNIT], 3: 3}
    assert door.act(case, "correct", "Judul diperbaiki", session=people[A], title="Jalan Mawar berlubang", body="Berlubang di depan pasar", category=1,
                    region="33.02", secret=YES) == "done"
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", case["id"].hex())
    assert stack.sql("select title, body, title_edited, body_edited, region_edited from content where complaint_id = %s", case["id"].hex()) == [
        ("Jalan rusak", "Jalan rusak", "Jalan Mawar berlubang", "Berlubang di depan pasar", "33.02")]
    assert stack.sql("select category, region, flags & 2 from complaint where complaint_id = %s", case["id"].hex()) == [(1, "33.02", 2)]
    assert door.act(case, "correct", session=people[A], title="Jalan Mawar rusak") == "done"
    first, second = events(stack, case, 25)
    assert first[4]["was"] == {"region": "33.01", "title": "Jalan rusak", "body": "Jalan rusak"} and first[3] == "Judul diperbaiki"
    assert first[4]["now"] == {"category": 1, "region": "33.02", "title": "Jalan Mawar berlubang", "flags": 2}
    assert second[4]["was"] == {"title": "Jalan Mawar berlubang"}


def test_staff_only_tighten(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert door.act(case, "correct", session=people[A], secret=YES) == "done"
    assert stack.sql("select flags & 2 from complaint where complaint_id = %s", case["id"].hex()) == [(2,)]
    assert door.acted(case, "correct", session=people[A], secret=NO)[3] == 3 and door.acted(case, "correct", session=people[A], secret=NO)[6] == "secret"


def test_corrected_words_are_read_again(stack, door, people, agency):
    """Aside: the case goes on meanwhile; when a router finds oversight content in it, it moves."""
    case = stage(stack, door, people, agency, "assigned")
    assert door.act(case, "correct", session=people[A], body="Petugas minta uang pelicin") == "done"
    asked = asked_of(door, case)
    assert (asked["id"], asked["holder"], asked["cleared"]) == (case["id"], agency[UNIT], False)
    assert "pelicin" in str(asked["text"])
    assert row(stack, case)["state"] == "assigned", "nothing waits for it"
    assert door.act(case, "progress", "Kami periksa") == "done"
    door.answer(asked, {2: agency[INSPECTORATE], 3: 0, 5: 3, 6: 2, 7: 2})
    door.until("select 1 from complaint where complaint_id = %s and holder = %s", case["id"].hex(), agency[INSPECTORATE])
    assert stack.sql("select flags & 6, class from complaint where complaint_id = %s", case["id"].hex()) == [(6, 3)]
    assert door.act(case, "answer", "Sudah", session=people["above"], complaint=row(stack, case)["version"], agency=agency[OFFICE]) == "absent"
    assert said(door, people, agency, case, "close", "above", complaint=row(stack, case)["version"], agency=agency[OFFICE]) == "absent"
    assert stack.sql("select left_at is not null from assignment where complaint_id = %s and agency = %s", case["id"].hex(), agency[UNIT]) == [(True,)]
    stack.checks()


def test_it_waits_for_its_reporter_where_it_goes(stack, door, people, agency):
    """A question stays a question when the case turns out to be oversight; its answer wakes whoever has it then."""
    case = stage(stack, door, people, agency, "postponed")
    assert door.act(case, "correct", session=people[A], body="Petugas minta uang pelicin") == "done"
    door.answer(asked_of(door, case), {2: agency[INSPECTORATE], 3: 0, 5: 3, 6: 2, 7: 2})
    door.until("select 1 from complaint where complaint_id = %s and holder = %s", case["id"].hex(), agency[INSPECTORATE])
    assert row(stack, case)["state"] == "postponed" and door.pull([agency[INSPECTORATE]], 5, 0) == []
    assert door.say(case["id"], "Jalan Mawar 5", 3) == (1, True)
    assert row(stack, case)["state"] == "assigned" and door.take(agency[INSPECTORATE])["id"] == case["id"]
    stack.checks()


def test_corrected_words_tell_nothing(stack, door, people, agency):
    """Then nothing happens at all, whatever was done meanwhile; and no router that is silent three times can move it."""
    case = stage(stack, door, people, agency, "assigned")
    door.act(case, "correct", session=people[A], body="Jalan berlubang besar")
    asked = asked_of(door, case)
    assert door.act(case, "answer", "Sudah") == "done"
    before = row(stack, case)
    door.answer(asked, {2: agency["33.02/PUPR"], 3: 3})
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", case["id"].hex())
    assert row(stack, case) == before and events(stack, case, 2) == []


def test_merged_while_corrected_words_are_read(stack, door, people, agency):
    """What is aside holds nothing: parted from its main complaint the alias is where it was, and goes on; but words of its reporter's
    that may tell of misconduct hold it."""
    main, alias, other = (stage(stack, door, people, agency, "assigned") for _ in range(3))
    for case in (alias, other):
        assert door.act(case, "correct", session=people[A], title="Judul") == "done"
        case["version"] = stack.sql("select version from assignment where complaint_id = %s and agency = %s", case["id"].hex(), agency[UNIT])[0][0]
        assert door.act(case, "merge", session=people[A], other=main["id"]) == "done"
    assert door.say(other["id"], "Petugas minta uang", 2, alarms=True)[0] == 1
    # the main complaint is returned for these words, and so is the alias that they were said on, but not the other one
    assert row(stack, main)["state"] == "returned"
    for case, state in ((alias, "assigned"), (other, "returned")):
        case["version"] = stack.sql("select version from assignment where complaint_id = %s and agency = %s", case["id"].hex(), agency[UNIT])[0][0]
        assert door.act(case, "unmerge", session=people[A]) == "done"
        assert row(stack, case)["state"] == state
    stack.checks()
    door.decides = lambda asked: {2: agency[UNIT], 3: 3}
    for asked in door.asked:
        door.answer(asked, {2: agency[UNIT], 3: 3})
    door.until("select 1 where not exists (select from returned where complaint_id = any (%s::uuid[]))", [case["id"].hex() for case in (main, alias, other)])
    assert [row(stack, case)["state"] for case in (main, alias, other)] == ["assigned"] * 3


def test_handed_back_while_corrected_words_are_judged(stack, door, people, agency):
    """The hand-back commits behind the reading of the judgement and before its writing: it is asked about all the same."""
    case = stage(stack, door, people, agency, "assigned")
    door.act(case, "correct", session=people[A], body="Jalan berlubang besar")
    asked = asked_of(door, case)
    other = stack.postgres.connect()
    other.autocommit = False
    with other, other.cursor() as cursor:
        cursor.execute("select from returned where complaint_id = %s for update", (case["id"].hex(),))
        door.answer(asked, {2: agency[UNIT], 3: 3})
        door.until("select 1 from pg_locks where not granted")
        cursor.execute("update complaint set state = 6, version = version + 1, events = events + 1 where complaint_id = %s returning events", (case["id"].hex(),))
        number = cursor.fetchone()[0]
        cursor.execute("insert into event (complaint_id, at, act_key, principal, agency, kind, number) values (%s, now (), gen_random_uuid (), 1, %s, 19, %s)",
                       (case["id"].hex(), agency[UNIT], number))
        cursor.execute("update returned set event = %s, newest = null, was = null, aside = false where complaint_id = %s", (number, case["id"].hex()))
        door.asked.clear()
    other.close()
    assert asked_of(door, case)["event"] == number
    door.answer(door.asked[-1], {2: agency["33.02/PUPR"], 3: 3})
    door.until("select 1 from complaint where complaint_id = %s and holder = %s", case["id"].hex(), agency["33.02/PUPR"])


def test_staff_say_that_it_is_oversight(stack, door, people, agency):
    """At once returned and secret; nobody but a router's inspectorate gets it."""
    for act, state in (("verify", "received"), ("correct", "in_progress")):
        door.asked.clear()
        door.decides = lambda asked: None
        case = stage(stack, door, people, agency, state)
        clocks = row(stack, case)["clocks"]
        assert door.act(case, act, session=people[A], class_=3) == "done"
        assert row(stack, case)["state"] == "returned"
        assert stack.sql("select flags & 6, class from complaint where complaint_id = %s", case["id"].hex()) == [(6, 3)]
        assert door.act(case, "progress", "Kami periksa", session=people[L]) == "absent", "who is not named does not even see it"
        asked = asked_of(door, case)
        assert asked["submit"][6] == 3
        door.answer(asked, {2: agency[INSPECTORATE], 3: 0, 5: 3, 6: 2, 7: 2})
        door.until("select 1 from complaint where complaint_id = %s and holder = %s", case["id"].hex(), agency[INSPECTORATE])
        assert row(stack, case)["state"] == "assigned"
        assert row(stack, case)["clocks"][2] > clocks[2], "an oversight complaint has 60 working days, from its receipt"
        named, other = door.person(agency[INSPECTORATE], A, named=True), door.person(agency[INSPECTORATE], A)
        mine = {"id": case["id"], "agency": agency[INSPECTORATE], "version": stack.sql(
            "select version from assignment where complaint_id = %s and agency = %s", case["id"].hex(), agency[INSPECTORATE])[0][0]}
        assert door.act(mine, "take_on", session=other) == "absent"
        assert door.act(mine, "take_on", session=named) == "done"
        stack.checks()


# ---- drafts -------------------------------------------------------------------------------------------------------

def test_a_draft_is_approved(stack, door, people, agency):
    """A clerk writes, who is named signs; then it is the follow-up, of both."""
    chief = door.person(agency[UNIT], L)
    stack.sql("update agency set approver = %s where agency_id = %s", door.logins[chief], agency[UNIT])
    try:
        case = stage(stack, door, people, agency, "assigned")
        before = templates(stack, case)
        for act in ("answer", "progress"):
            assert door.act(case, act, "Sudah diperbaiki", session=people[L]) == "role", "he drafts"
        assert door.act(case, "draft", "Sudah diperbaiki", session=people[L]) == "done"
        draft = events(stack, case, 29)[0][1]
        assert templates(stack, case) == before and row(stack, case)["state"] == "assigned"
        assert door.act(case, "approve", session=people[L], event=draft) == "role", "nobody approves his own"
        assert door.act(case, "approve", session=people[A], event=draft) == "role", "another one is named"
        assert door.act(case, "approve", session=chief, event=draft + 7) == "value"
        assert door.act(case, "send_back", "Sebutkan tanggalnya", session=chief, event=draft) == "done"
        assert door.act(case, "approve", session=chief, event=draft) == "value", "it is over"
        assert door.act(case, "draft", "Diperbaiki 3 Maret", session=people[L], drafted=7) == "done"
        draft = events(stack, case, 29)[1][1]
        assert door.act(case, "approve", session=chief, event=draft) == "done"
        kind, _, where, text, data = events(stack, case)[-1]
        assert (kind, where, text, data) == (17, agency[UNIT], "Diperbaiki 3 Maret", {"draft": draft, "author": door.logins[people[L]]})
        assert templates(stack, case) == [*before, 4] and row(stack, case)["state"] == "in_progress"
        assert stack.sql("select state from assignment where complaint_id = %s", case["id"].hex()) == [(4,)]
        assert door.act(case, "answer", "Saya sendiri", session=chief) == "done", "who approves need not be approved"
        assert door.act(case, "draft", "Konsep lagi", session=people[L]) == "done"
        stack.sql("update assignment set state = 2, leased_by = %s, lease_until = now () + interval '1 minute' where complaint_id = %s",
                  door.logins[people[L]], case["id"].hex())
        assert door.act(case, "approve", session=chief, event=events(stack, case, 29)[-1][1]) == "done", "its author has it open still"
    finally:
        stack.sql("update agency set approver = null where agency_id = %s", agency[UNIT])


# ---- splitting ----------------------------------------------------------------------------------------------------

def test_a_part_below_is_assigned(stack, door, people, agency):
    case = stage(stack, door, people, agency, "in_progress")
    stack.sql("update content set code_hash = %s where complaint_id = %s", bytes(range(32)), case["id"].hex())
    fields = door.acted(case, "split", "Dua hal", session=people[A], title="Lampu mati", body="Lampu di simpang juga mati", class_=2,
                        to=agency["33.01/PUPR/JALAN"])
    assert fields[3] == 1
    part = {"id": bytes(fields[7])}
    received, state, holder, verify, first, resolve, number = stack.sql(
        "select received, state, holder, due_verify, due_first, due_resolve, number from complaint where complaint_id = %s", part["id"].hex())[0]
    of = stack.sql("select received, due_resolve from complaint where complaint_id = %s", case["id"].hex())[0]
    assert (received, state, holder, verify) == (of[0], 4, agency["33.01/PUPR/JALAN"], None) and first is not None
    assert stack.sql("select body, encode (code_hash, 'hex') from content where complaint_id = %s", part["id"].hex()) == [
        ("Lampu di simpang juga mati", bytes(range(32)).hex())]
    assert events(stack, part, 28)[0][4]["other"] == number_of(case["id"]) and events(stack, case, 28)[0][4]["other"] == number_of(part["id"])
    assert number == int.from_bytes(part["id"][8:], "big") & ((1 << 60) - 1)
    assert templates(stack, case)[-1] == 16
    assert door.take(agency["33.01/PUPR/JALAN"])["id"] == part["id"]
    asked = asked_of(door, part)
    assert asked["id"] == part["id"]
    door.answer(asked, {2: agency[UNIT], 3: 3})
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", part["id"].hex())
    assert row(stack, part)["holder"] == agency["33.01/PUPR/JALAN"]
    stack.checks()


def test_a_part_for_another_is_decided(stack, door, people, agency):
    case = stage(stack, door, people, agency, "in_progress")
    fields = door.acted(case, "split", session=people[A], title="Puskesmas", body="Puskesmas tutup", to=agency["33.02/KES"])
    part = {"id": bytes(fields[7])}
    assert row(stack, part)["state"] == "returned" and row(stack, part)["clocks"][0] is not None, "verification runs from the split"
    stack.checks()
    asked = asked_of(door, part)
    assert (asked["id"], asked["refusers"], asked["suggested"]) == (part["id"], [], agency["33.02/KES"])
    door.answer(asked, {2: agency["33.02/KES"], 3: 4})
    door.until("select 1 from complaint where complaint_id = %s and state = 4", part["id"].hex())
    assert row(stack, part)["clocks"][:2] == [None, row(stack, part)["clocks"][1]] and row(stack, part)["clocks"][1] is not None
    assert door.take(agency["33.02/KES"])["id"] == part["id"]
    assert events(stack, case, 28) and row(stack, case)["state"] == "in_progress"
    stack.checks()


def test_said_again_it_is_split_once(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    key, version = os.urandom(16), case["version"]
    said_now = [door.acted(case, "split", session=people[A], title="Lampu", body="Lampu mati", key=key, version=version) for _ in range(2)]
    assert said_now[0] == said_now[1]
    assert stack.sql("select count(*) from event where kind = 28 and act_key = %s", key.hex()) == [(2,)]


# ---- ending and opening again -------------------------------------------------------------------------------------

def test_the_reporter_closes(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert door.say(case["id"], "Sudah beres", CLOSING) == (3, True), "nothing was done yet: it is withdrawn, not closed"
    case = stage(stack, door, people, agency, "in_progress")
    assert door.say(case["id"], "Sudah beres", CLOSING, t21=5) == (1, True)
    assert row(stack, case)["state"] == "resolved"
    assert stack.sql("select kind, ended_by from ending where complaint_id = %s", case["id"].hex()) == [(36, "reporter")]
    assert events(stack, case, 36)[0][4] == {"rating": 5}
    assert door.act(case, "answer", "Sudah") == "version"


def test_it_is_disputed(stack, door, people, agency):
    """Whoever closed it, within 30 days: the same holder goes on, the time between counts as a pause."""
    case = stage(stack, door, people, agency, "resolved", days=21, class_=2)
    due = row(stack, case)["clocks"][2]
    stack.rewrite("update event set at = at - interval '20 days' where complaint_id = %s", case["id"].hex())
    assert door.say(case["id"], "Masih berlubang", REOPENING) == (1, True)
    after = row(stack, case)
    assert after["state"] == "in_progress" and after["holder"] == agency[UNIT]
    assert (after["clocks"][2] - due).days >= 10, "twenty days have at least ten working days"
    assert templates(stack, case)[-1] == 12
    again = door.take(agency[UNIT])
    assert again["id"] == case["id"] and again["history"][-1] == "Masih berlubang"
    assert door.act(again, "close", "Sekarang beres", resolution=1) == "done"
    stack.rewrite("update event set at = at - interval '31 days' where complaint_id = %s and number = (select max (number) from event e where e.complaint_id = "
              "event.complaint_id and kind = 22)", case["id"].hex())
    assert door.say(case["id"], "Masih juga", REOPENING) == (3, True), "too late"
    stack.checks()


def test_disputed_where_the_holder_has_gone(stack, door, people, agency):
    """Its successor has it."""
    case = stage(stack, door, people, agency, "resolved", where="33.02/KES")
    stack.sql("update agency set retired_at = now (), successor = %s where agency_id = %s", agency["33.02/PUPR"], agency["33.02/KES"])
    try:
        assert door.say(case["id"], "Masih", REOPENING) == (1, True)
        assert row(stack, case)["holder"] == agency["33.02/PUPR"] and door.take(agency["33.02/PUPR"])["id"] == case["id"]
    finally:
        stack.sql("update agency set retired_at = null, successor = null where agency_id = %s", agency["33.02/KES"])
    stack.checks()


def test_a_low_rating_offers_to_reopen(stack, door, people, agency):
    for rating, told in ((2, True), (3, False)):
        case = stage(stack, door, people, agency, "resolved")
        assert door.say(case["id"], "", 4, t21=rating) == (1, True)
        assert (14 in templates(stack, case)) == told and row(stack, case)["state"] == "resolved"


def test_archived_is_told_with_its_reason(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert door.acted(case, "archive", "Urusan pribadi", session=people[A])[4] == 12, "not without a reason"
    assert door.act(case, "archive", "Urusan pribadi", session=people[A], ending=7) == "done"
    assert events(stack, case, 26)[0][3:] == ("Urusan pribadi", {"reason": 7}) and templates(stack, case)[-1] == 11
    assert stack.sql("select state, ended_by, reason from ending where complaint_id = %s", case["id"].hex()) == [(8, "admin", 7)]
    assert door.say(case["id"], "Tidak setuju", REOPENING) == (3, True)


def test_an_answer_to_a_question_is_no_lost_reply(stack, door, people, agency):
    """Whatever a channel calls it: what is said to a case that waits for its reporter completes it."""
    for kind in (2, 3):
        case = stage(stack, door, people, agency, "postponed")
        assert door.say(case["id"], "Jalan Mawar 5", kind) == (1, True)
        assert row(stack, case)["state"] == "assigned" and [found[0] for found in events(stack, case)][-1] == 33


def test_a_pause_moves_what_it_stopped(stack, door, people, agency):
    case = stage(stack, door, people, agency, "postponed", days=8)
    clocks = row(stack, case)["clocks"]
    stack.rewrite("update event set at = at - interval '7 days' where complaint_id = %s", case["id"].hex())
    assert door.say(case["id"], "Jalan Mawar 5", 3) == (1, True)
    after = row(stack, case)["clocks"]
    assert after[1] > clocks[1] and after[2] > clocks[2]


# ---- the reporter's other words -----------------------------------------------------------------------------------

def test_flags_are_the_reporters(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert stack.sql("select flags & 3 from complaint where complaint_id = %s", case["id"].hex()) == [(1,)]
    assert door.say(case["id"], "", FLAGS, t14=NO, t15=YES) == (1, True)
    assert stack.sql("select flags & 3 from complaint where complaint_id = %s", case["id"].hex()) == [(2,)]
    assert events(stack, case, 39)[0][4] == {"was": 1, "now": 2}
    stack.sql("update complaint set flags = flags | 4 where complaint_id = %s", case["id"].hex())
    assert door.say(case["id"], "", FLAGS, t15=NO) == (1, True)
    assert stack.sql("select flags & 6 from complaint where complaint_id = %s", case["id"].hex()) == [(6,)], "oversight content stays secret"
    stack.sql("update complaint set flags = flags & ~4 where complaint_id = %s", case["id"].hex())


@pytest.mark.parametrize("say, flags", [
    (lambda door, case, people: door.act(case, "correct", session=people[A], title="Jalan Mawar rusak") == "done", 8194),
    (lambda door, case, people: door.act(case, "correct", session=people[A], secret=YES) == "done", 2),
    (lambda door, case, people: door.say(case["id"], "", FLAGS, t15=YES) == (1, True), 2),
    (lambda door, case, people: door.say(case["id"], "", FLAGS, t14=YES) == (1, True), 8194),
    (lambda door, case, people: door.say(case["id"], "", FLAGS, t15=NO) == (1, True), 0)], ids=["nobody", "staff", "its reporter", "he, of his name", "he, that it is not"])
def test_secret_for_want_of_a_word_until_somebody_says_it(stack, door, people, agency, say, flags):
    """Flag 8192: its notices are in words while nobody has said that it is secret."""
    case = stage(stack, door, people, agency, "in_progress")
    stack.rewrite("update complaint set flags = flags | 8194 where complaint_id = %s", case["id"].hex())
    assert say(door, case, people)
    assert stack.sql("select flags & 8194 from complaint where complaint_id = %s", case["id"].hex()) == [(flags,)]


def test_consent_is_for_what_is_late(stack, door, people, agency):
    case = stage(stack, door, people, agency, "in_progress")
    assert door.say(case["id"], "", CONSENT, t22=YES) == (3, True), "nobody offered it"
    stack.sql("update complaint set due_resolve = due_resolve - interval '90 days' where complaint_id = %s", case["id"].hex())
    assert door.say(case["id"], "", CONSENT, t22=YES) == (1, True)
    assert events(stack, case, 38)[0][4] == {"consent": True} and row(stack, case)["state"] == "in_progress"
    stack.sql("update complaint set due_resolve = due_resolve_as (complaint_id, class) where complaint_id = %s", case["id"].hex())


def test_said_twice_is_stored_once(stack, door, people, agency):
    for kind, state, more in ((CLOSING, "in_progress", {}), (REOPENING, "resolved", {}), (FLAGS, "assigned", {"t15": YES})):
        case, word = stage(stack, door, people, agency, state), os.urandom(16)
        assert [door.say(case["id"], "Begitu", kind, word=word, **more) for _ in range(2)] == [(1, True), (1, False)]
        assert len(events(stack, case, 30 + kind)) == 1


def act_again(door, case, key, act, text=None, **more):
    return door.act({**case}, act, text, key=key, **more)


@pytest.mark.parametrize("session", [None, L], ids=["worker", "person"])
def test_a_key_is_of_what_it_said(stack, door, people, agency, session):
    """The same again is answered as the first time; with other words it was not done, and that is said."""
    more = {"session": people[session]} if session else {}
    case, key = stage(stack, door, people, agency, "in_progress"), os.urandom(16)
    before = dict(case)
    assert act_again(door, before, key, "progress", "Kami periksa", **more) == "done"
    assert act_again(door, before, key, "progress", "Kami periksa", **more) == "done"
    assert act_again(door, before, key, "progress", "Kami tidak akan datang", **more) == "key"
    assert act_again(door, before, key, "answer", "Kami periksa", **more) == "key"
    assert [row[3] for row in events(stack, case, 16)][-1] == "Kami periksa" and not events(stack, case, 17)


def test_a_key_is_of_the_whole_act(stack, door, people, agency):
    """Reasons, agencies, words that are for the reporter alone, titles: what else an act says counts, too."""
    def both(state, act, one, other, **same):
        case, key = stage(stack, door, people, agency, state), os.urandom(16)
        case = dict(case)
        said = {"session": people[A], **same}
        assert act_again(door, case, key, act, **{**said, **one}) == "done", act
        assert act_again(door, case, key, act, **{**said, **one}) == "done", act
        assert act_again(door, case, key, act, **{**said, **other}) == "key", act
        assert act_again(door, case, key, act, **{**said, **one}) == "done", act

    both("in_progress", "close", {"resolution": 1}, {"resolution": 2}, text="Selesai")
    both("in_progress", "progress", {"secret": YES}, {}, text="Untuk Anda saja")
    both("assigned", "assign", {"to": agency["33.01/PUPR/JALAN"]}, {"to": agency["33.01/KES"]})
    both("assigned", "correct", {"title": "Jalan Mawar"}, {"title": "Jalan Melati"})
    both("assigned", "archive", {"ending": 1}, {"ending": 2}, text="Tidak lengkap")
    both("in_progress", "split", {"title": "Lampu"}, {"title": "Sampah"}, body="Lampu padam")
    both("in_progress", "split", {"body": "Lampu padam"}, {"body": "Sampah menumpuk"}, title="Perkara kedua")
    stack.checks()


UNSEEN = ("\u200b", "\u200e\u200f", "\u202a\u202e", "\u2060", "\u2066\u2069", "\ufeff", "\u00ad", "\u3164", "\u115f\n")


def test_what_nobody_sees_says_nothing(stack, door, people, agency):
    """An answer of invisible signs is none; where a text may be left out it is left out."""
    case = stage(stack, door, people, agency, "in_progress")
    for sign in UNSEEN:
        for act in ("answer", "progress", "ask", "draft"):
            assert door.act(dict(case), act, sign, session=people[A]) == "text", (act, ascii(sign))
        assert door.act(dict(case), "hand_back", sign, session=people[A], reason=1) == "text"
        assert door.act(dict(case), "correct", session=people[A], body=sign) == door.act(dict(case), "correct", session=people[A], title=sign) == "value"
        assert door.act(dict(case), "split", session=people[A], title="Lampu", body=sign) == "value"
    assert door.act(case, "correct", UNSEEN[0], session=people[A], title="Jalan Mawar") == "done"
    assert [row[3] for row in events(stack, case, 25)] == [None]


# ---- from above ---------------------------------------------------------------------------------------------------

def test_one_above_assigns_anew(stack, door, people, agency):
    """From the holder to another one below, by the complaint's version; the holder's own act is late then."""
    case = stage(stack, door, people, agency, "assigned")
    before = row(stack, case)
    assert said(door, people, agency, case, "assign", "above", complaint=before["version"], agency=agency[OFFICE], to=agency[UNIT]) == "target"
    assert said(door, people, agency, case, "assign", "above", complaint=before["version"], agency=agency[OFFICE], to=agency["33.02/KES"]) == "target"
    assert said(door, people, agency, case, "assign", "above", complaint=before["version"], agency=agency[OFFICE], to=agency["33.01/KES"]) == "done"
    after = row(stack, case)
    assert (after["state"], after["holder"], after["clocks"]) == ("assigned", agency["33.01/KES"], before["clocks"])
    assert door.act(case, "answer", "Sudah") == "version"
    assert door.take(agency["33.01/KES"])["id"] == case["id"]
    kind, _, where, _, data = events(stack, case)[-1]
    assert (kind, where, data["to"], data["from"]) == (20, agency[OFFICE], agency["33.01/KES"], agency[UNIT])
    stack.checks()


def test_chased(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert said(door, people, agency, case, "chase", "above", complaint=row(stack, case)["version"], agency=agency[OFFICE]) == "done"
    assert events(stack, case, 27)[0][2:] == (agency[OFFICE], "Mohon segera", {"above": True})
    assert door.act(case, "answer", "Sudah") == "done", "the holder's version is still the one"


def test_a_copy_is_informed(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert door.act(case, "assign", session=people[A], to=agency["33.01/PUPR/JALAN"], copies=[agency["33.01/KES"], agency["33.01/LH"], 999999]) == "done"
    assert {found[0] for found in stack.sql("select agency from informed where complaint_id = %s", case["id"].hex())} == {
        agency["33.01/KES"], agency["33.01/LH"]}


def test_two_people_at_once(stack, door, people, agency):
    """One is done, the other sees a stale version; nothing is done twice."""
    for _ in range(10):
        case = stage(stack, door, people, agency, "assigned")
        verdicts = sorted([door.act(dict(case), "answer", "Satu", session=people[L]), door.act(dict(case), "answer", "Dua", session=people[A])])
        assert verdicts == ["done", "version"]
    stack.checks()


# ---- among colleagues ---------------------------------------------------------------------------------------------

def test_a_lease_is_taken_over(stack, door, people, agency):
    """By a colleague with a reason, while it runs; what its former holder says then is a version too old."""
    unqueue(stack)
    door.place(agency[UNIT], rung=3, region="33.01")
    case = door.take(agency[UNIT])
    assert door.act(dict(case), "answer", "Sudah", session=people[L]) == "version", "a lease keeps colleagues out"
    assert door.act(dict(case), "take_over", "", session=people[L]) == "text"
    assert door.act(dict(case), "take_over", "Saya di sini", session=people["elsewhere"]) == "absent"
    mine = dict(case)
    assert door.act(mine, "take_over", "Saya di lokasi", session=people[L], delay=600000) == "done"
    assert stack.sql("select leased_by = %s, lease_until > now () + interval '9 minutes' from assignment where complaint_id = %s", door.logins[people[L]],
                     case["id"].hex()) == [(True, True)]
    assert door.act(dict(mine), "take_over", "Lagi", session=people[L]) == "state", "it is his"
    assert door.act(case, "answer", "Sudah") == "version"
    (event,) = events(stack, case, 73)
    assert event[3] == "Saya di lokasi" and event[4] == {"former": door.principal}
    assert door.act(mine, "answer", "Sudah", session=people[L]) == "done"
    assert door.act(mine, "take_over", "Lagi", session=people[A]) == "state", "there is no lease"


def test_a_note_overtakes_nobody(stack, door, people, agency):
    """It stands in staff's history alone, and whoever writes an answer goes on."""
    unqueue(stack)
    door.place(agency[UNIT], rung=3, region="33.01")
    case = door.take(agency[UNIT])
    before = row(stack, case)
    for who in (L, A):
        assert door.act({**case, "version": 1}, "note", "Pak Lurah sudah tahu", session=people[who]) == "done"
    assert door.act(dict(case), "note", "", session=people[L]) == "text"
    assert door.act(dict(case), "note", "Intip", session=people["elsewhere"]) == "absent"
    after = row(stack, case)
    assert {**after, "version": 0} == {**before, "version": 0} and [event[3] for event in events(stack, case, 74)] == ["Pak Lurah sudah tahu"] * 2
    assert door.act(case, "answer", "Sudah") == "done"
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "store", "sql", "query", "read_track.sql"), encoding="utf-8") as file:
        shown = stack.sql(file.read().replace("$1::text", "%s").replace("%'", "%%'"), number_of(case["id"]))[0][0]
    assert "Lurah" not in shown and '"answer"' in shown and "note" not in shown and "ack" not in shown
    assert not [template for template in templates(stack, case) if template not in (1, 4)]
    stack.checks()


def test_notes_overtake_no_page_from_above(stack, door, people, agency):
    """A coordinator names the version that he saw; what came since were notes alone, or more than that."""
    case = stage(stack, door, people, agency, "in_progress")
    for act, more in (("chase", {"text": "Segera"}), ("close", {"text": "Selesai", "resolution": 1})):
        seen = row(stack, case)["version"]
        for _ in range(3):
            assert door.act(dict(case), "note", "Catatan", session=people[L]) == "done"
        assert door.act(case, act, session=people["above"], complaint=seen, agency=agency[OFFICE], **more) == "done"
    case = stage(stack, door, people, agency, "in_progress")
    seen = row(stack, case)["version"]
    assert door.act(dict(case), "note", "Catatan", session=people[L]) == "done"
    assert door.act(case, "progress", "Kami periksa") == "done"
    assert door.act(case, "chase", "Segera", session=people["above"], complaint=seen, agency=agency[OFFICE]) == "version"
    stack.checks()


@pytest.mark.parametrize("changed", [{"body": "Lain"}, {"class_": 5}, {"secret": YES}, {"title": "Lain"}, {"category": 2}])
def test_a_key_is_of_all_that_is_set_right(stack, door, people, agency, changed):
    case, key = stage(stack, door, people, agency, "assigned"), os.urandom(16)
    said = {"title": "Judul", "body": "Isi", "class_": 2, "category": 1}
    door.decides = lambda asked: {2: agency[UNIT], 3: 3}
    assert door.act(dict(case), "correct", session=people[A], key=key, **said) == "done"
    assert door.act(dict(case), "correct", session=people[A], key=key, **said) == "done"
    assert door.act(dict(case), "correct", session=people[A], key=key, **{**said, **changed}) == "key"


@pytest.mark.parametrize("act, who, more", [("take_on", L, {}), ("draft", L, {"text": "Sudah"}), ("note", L, {"text": "Catatan"}), ("note", W, {"text": "Catatan"}),
                                            ("chase", "above", {"text": "Segera"})])
def test_only_who_sets_right_sets_right(stack, door, people, agency, act, who, more):
    """Class, category, place and flags that come with another act are not heard: neither clock nor inspectorate is a liaison's to choose."""
    case = stage(stack, door, people, agency, "assigned")
    before = stack.sql("select class, category, region, flags, state, due_resolve from complaint where complaint_id = %s", case["id"].hex())
    more = {**more, **({} if who == W else {"session": people[who]})}
    if who == "above":
        more = {**more, "complaint": row(stack, case)["version"], "agency": agency[OFFICE]}
    assert door.act(case, act, class_=3, category=2, region="33.02", secret=YES, anonymous=YES, **more) == "done"
    assert stack.sql("select class, category, region, flags, state, due_resolve from complaint where complaint_id = %s", case["id"].hex()) == before
    assert not stack.sql("select from returned where complaint_id = %s", case["id"].hex())
