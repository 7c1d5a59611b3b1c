"""Every (state, act, role): what DOMAIN 2.4 says, typed here from there and not from common/domain/lifecycle.def."""
import os
import time

import pytest

from store_door import StoreDoor
from test_hand_back import agency, registry, stack  # noqa: F401

C, A, L, W = "coordinator", "agency_admin", "liaison", "worker"
HOLDS = {C, A, L, W}
UNIT, OFFICE = "33.01/PUPR", "33.01"
OPEN = ["received", "verified", "postponed", "assigned", "in_progress", "returned"]
STATES = {"received": 1, "verified": 2, "postponed": 3, "assigned": 4, "in_progress": 5, "returned": 6, "resolved": 7, "archived": 8, "blocked": 9,
          "merged": 10}
NAMES = {number: name for name, number in STATES.items()}

# act: from -> (to, who may).  The holder's own acts; what they need besides is in NEEDS.
ACTS = {
    "verify": {"received": ("verified", {C, A})},
    "take_on": {"received": ("assigned", HOLDS), "verified": ("assigned", HOLDS), "assigned": ("assigned", HOLDS)},
    "assign": {"received": ("assigned", {C, A, W}), "verified": ("assigned", {C, A, W}), "assigned": ("assigned", {C, A, W}),
               "in_progress": ("in_progress", {C, A, W})},
    "hand_back": {state: ("returned", HOLDS) for state in ("received", "verified", "assigned", "in_progress")},
    "ask": {**{state: ("postponed", {C, A, W}) for state in ("received", "verified", "assigned")}, "in_progress": ("in_progress", {L, A, W})},
    "progress": {state: ("in_progress", {L, A, W}) for state in ("received", "verified", "assigned", "in_progress")},
    "answer": {state: ("in_progress", {L, A, W}) for state in ("received", "verified", "assigned", "in_progress")},
    "draft": {state: (state, {L, A}) for state in ("assigned", "in_progress")},
    "correct": {state: (state, {C, A}) for state in OPEN},
    "archive": {state: ("archived", {C, A}) for state in ("received", "verified", "assigned")},
    "close": {"in_progress": ("resolved", {C, A, W})},  # a liaison where his agency lets him: below
    "split": {state: (state, {C, A}) for state in OPEN},
    "block": {state: ("blocked", {C}) for state in [*OPEN, "resolved", "archived"]},
    "chase": {},  # from above only
    "support": {state: (state, {C, A, W}) for state in OPEN},
    "note": {state: (state, HOLDS) for state in [*OPEN, "resolved"]},
    "unpublish": {state: (state, {C, A}) for state in [*OPEN, "resolved"]},
    "publish": {},  # of one that is held only: tests/flow/test_public.py
}
NEEDS = {"verify": dict(class_=2), "assign": dict(to="33.01/PUPR/JALAN"), "hand_back": dict(text="Bukan kami"), "ask": dict(text="Di mana?"),
         "progress": dict(text="Kami periksa"), "answer": dict(text="Sudah"), "draft": dict(text="Sudah"), "correct": dict(title="Jalan berlubang"),
         "archive": dict(text="Tidak jelas", ending=3), "close": dict(text="Selesai", resolution=1), "split": dict(title="Lampu", body="Lampu juga mati"),
         "block": dict(ending=10), "chase": dict(text="Mohon segera"), "support": dict(to="33.01/KES"),
         "note": dict(text="Pak Lurah sudah tahu")}
FOLLOW_UPS = ("progress", "answer")


@pytest.fixture(scope="module")
def door(stack):
    running = StoreDoor(stack)
    # what was handed back stays so; a part that was split off, and what staff set right, is decided at once
    running.decides = lambda asked: None if asked["refusers"] else {2: stack.agency("33.01"), 3: 5}
    yield running
    running.close()
    stack.peers.remove(running)


@pytest.fixture(scope="module")
def people(door, agency):
    office = {role: door.person(agency[UNIT], role) for role in (C, A, L, "overseer", "operator")}
    return {**office, "elsewhere": door.person(agency["33.02/PUPR"], A), "above": door.person(agency[OFFICE], C),
            "beside": door.person(agency["34.01"], C), "national": door.person(agency["ID"], C), "admin above": door.person(agency[OFFICE], A)}


def row(stack, case):
    state, version, holder, *clocks = stack.sql("select state, version, holder, due_verify, due_first, due_resolve from complaint where complaint_id = %s",
                                                case["id"].hex())[0]
    return {"state": NAMES[state], "version": version, "holder": holder, "clocks": clocks}


def unqueue(stack):
    """What was made ready is nobody's next case."""
    stack.sql("update assignment set queued = false, state = 4, lease_until = null where queued")


def stage(stack, door, people, agency, state, where=UNIT, days=0, **more):
    """A case of the unit's in that state, received so many days ago; its assignment is taken, or waits, or is done."""
    unqueue(stack)
    rung = 5 if state in ("received", "verified") else 3
    complaint = door.place(agency[where], rung=rung, region="33.01", received=int((time.time() - days * 86400) * 1000), **more)
    case = {"id": complaint, "agency": agency[where]}
    case["version"] = door.take(agency[where])["version"]
    assert door.act(case, "ack") == "done"
    steps = {"received": [], "verified": [("verify", A)], "postponed": [("ask", W)], "assigned": [], "in_progress": [("progress", W)],
             "returned": [("hand_back", W)], "resolved": [("progress", W), ("close", W)], "archived": [("archive", A)], "blocked": [("block", C)]}
    for act, who in steps[state]:
        speaks = {} if who == W else dict(session=people[who])
        assert door.act(case, act, **{**NEEDS[act], **speaks}) == "done", f"{state}: {act}"
    assert row(stack, case)["state"] == state
    return case


def said(door, people, agencies, case, act, who, **more):
    needs = dict(NEEDS.get(act, {}))
    if "to" in needs:
        needs["to"] = agencies[needs["to"]]
    if who != W:
        needs["session"] = people[who]
    return door.act(case, act, **{**needs, **more})


@pytest.mark.parametrize("state", [*OPEN, "resolved", "archived", "blocked"])
@pytest.mark.parametrize("act", ACTS)
def test_every_role(stack, door, people, agency, act, state):
    """Those who may say it are done, the others are told that it is another role's; where it does not fit nobody may."""
    expected, case = ACTS[act].get(state), None
    for who in (C, A, L, W, "overseer", "operator", "elsewhere", "beside"):
        case = case or stage(stack, door, people, agency, state)
        before = row(stack, case)
        verdict = said(door, people, agency, case, act, who)
        after = row(stack, case)
        if who in ("elsewhere", "beside"):
            assert verdict == "absent", f"{act} of {state} by {who}"
        elif not expected:
            assert verdict == ("role" if act == "chase" and state in OPEN else "state"), f"{act} of {state} by {who}: {verdict}"
        else:
            assert verdict == ("done" if who in expected[1] else "role"), f"{act} of {state} by {who}: {verdict}"
        if verdict != "done":
            assert after == before, f"{act} of {state} by {who} changed something"
        else:
            case = None
            assert after["state"] == expected[0]
            assert act == "verify" or after["clocks"][2] == before["clocks"][2], "nothing but a class moves the resolution"
            if after["clocks"][:2] != before["clocks"][:2]:
                assert before["clocks"][1] is None and after["clocks"][0] is None and state in ("received", "verified"), "placed once"


ABOVE = {"assign": ("received", "verified", "assigned", "in_progress"), "close": ("in_progress",), "verify": ("received",), "correct": OPEN,
         "archive": ("received", "verified", "assigned"), "chase": OPEN, "note": [*OPEN, "resolved"], "unpublish": [*OPEN, "resolved"], "split": OPEN,
         "block": [*OPEN, "resolved", "archived"]}


@pytest.mark.parametrize("act", [*ACTS])
def test_from_above(stack, door, people, agency, act):
    """A coordinator above the holder names the complaint's version; nobody else is above."""
    for state in [*OPEN, "resolved", "archived", "blocked"]:
        case = stage(stack, door, people, agency, state)
        version = row(stack, case)["version"]
        for who, office in (("beside", "34.01"), ("admin above", OFFICE), (C, UNIT)):
            got = said(door, people, agency, case, act, who, complaint=version, agency=agency[office])
            assert got == "absent" or (who == C and got != "done"), f"{act} of {state} by {who}"
        if act != "note":  # which any version will do for
            assert said(door, people, agency, case, act, "above", complaint=version - 1, agency=agency[OFFICE]) in ("version", "absent")
        got = said(door, people, agency, case, act, "above", complaint=version, agency=agency[OFFICE])
        assert (got == "done") == (state in ABOVE.get(act, ())), f"{act} of {state}: {got}"


def test_sessions(stack, door, people, agency):
    case = stage(stack, door, people, agency, "assigned")
    assert door.act(case, "answer", "Sudah", session=os.urandom(32)) == "session"
    ended = door.person(agency[UNIT], L)
    assert door.act(case, "progress", "Sudah", session=ended) == "done"
    stack.sql("update session set ends_at = now () where principal_id = %s", door.logins[ended])
    assert door.act(case, "answer", "Sudah", session=ended) == "session"
    dismissed = door.person(agency[UNIT], L)
    stack.sql("update appointment set ended_at = now () where principal_id = %s", door.logins[dismissed])
    assert door.act(case, "answer", "Sudah", session=dismissed) == "absent"
    until = door.person(agency[UNIT], L)
    stack.sql("update appointment set until = now () - interval '1 second' where principal_id = %s", door.logins[until])
    assert door.act(case, "answer", "Sudah", session=until) == "absent"
    stack.checks()


def test_said_again_is_done_once(stack, door, people, agency):
    """The same key: the first answer; another act under it: told so."""
    for act, who in (("take_on", L), ("correct", A), ("progress", L), ("draft", L), ("archive", A)):
        case = stage(stack, door, people, agency, "assigned")
        key = os.urandom(16)
        version = case["version"]
        first = door.acted(case, act, session=people[who], key=key, **NEEDS.get(act, {}))
        again = door.acted(case, act, session=people[who], key=key, version=version, **NEEDS.get(act, {}))
        assert first == again and first[3] == 1
        assert said(door, people, agency, case, "correct" if act != "correct" else "draft", who, key=key) == "key"
    stack.checks()


def test_a_liaison_closes_where_he_may(stack, door, people, agency):
    case = stage(stack, door, people, agency, "in_progress")
    assert said(door, people, agency, case, "close", L) == "role"
    stack.sql("update agency set liaison_closes = true where agency_id = %s", agency[UNIT])
    try:
        assert said(door, people, agency, case, "close", L) == "done"
    finally:
        stack.sql("update agency set liaison_closes = false where agency_id = %s", agency[UNIT])
    assert stack.sql("select ended_by, reason from ending where complaint_id = %s", case["id"].hex()) == [("admin", 1)]


def test_the_national_desk_verifies(stack, door, people, agency):
    """Of an agency that the national desk verifies nobody else verifies."""
    case = stage(stack, door, people, agency, "received")
    stack.sql("update agency set verify_at = 2 where agency_id = %s", agency[UNIT])
    try:
        assert said(door, people, agency, case, "verify", A) == "role"
        version = row(stack, case)["version"]
        assert said(door, people, agency, case, "verify", "national", complaint=version, agency=agency["ID"]) == "done"
    finally:
        stack.sql("update agency set verify_at = 1 where agency_id = %s", agency[UNIT])


def test_verify_needs_a_class(stack, door, people, agency):
    case = stage(stack, door, people, agency, "received")
    assert door.act(case, "verify", session=people[A]) == "value"
    assert door.act(case, "ack", class_=5) == "state", "the lease is over"
    assert door.act(case, "verify", session=people[A], class_=5) == "done"
    assert stack.sql("select class from complaint where complaint_id = %s", case["id"].hex()) == [(5,)]


def test_the_class_is_said_with_the_ack(stack, door, agency):
    complaint = door.place(agency[UNIT], rung=3, region="33.01")
    before = stack.sql("select due_resolve from complaint where complaint_id = %s", complaint.hex())
    case = door.take(agency[UNIT])
    assert door.act(case, "ack", class_=2) == "done"
    (klass, due), = stack.sql("select class, due_resolve from complaint where complaint_id = %s", complaint.hex())
    assert klass == 2 and due > before[0][0], "a blank class has 5 working days, a plain complaint 14"
    assert stack.sql("select state from assignment where complaint_id = %s", complaint.hex()) == [(3,)]
    stack.checks()


# ---- act x assignment state (DOMAIN 2.4, the second table) --------------------------------------------------------

WORK = {"ready": 1, "leased": 2, "taken": 3, "waiting": 4, "delayed": 5, "parked": 6, "done": 7}
NEXT = {
    "ack": {"leased": "taken"},
    "progress": {"leased": "leased", "taken": "taken", "waiting": "waiting"},
    "answer": {"leased": "waiting", "taken": "waiting", "waiting": "waiting"},
    "ask": {"leased": "waiting", "taken": "waiting", "waiting": "waiting"},
    "hand_back": {"leased": "waiting", "taken": "waiting", "waiting": "waiting"},
    "assign": {"leased": "done", "taken": "done", "waiting": "done"},
    "park": {"leased": "parked", "taken": "parked", "waiting": "parked"},
    "nack": {"leased": "delayed"},
    "release": {"leased": "ready", "parked": "ready"},
    "extend": {"leased": "leased"},
    "close": {"leased": "done", "taken": "done", "waiting": "done"},
}


@pytest.mark.parametrize("act", NEXT)
@pytest.mark.parametrize("who", [W, A])
def test_every_assignment_state(stack, door, people, agency, act, who):
    me = door.principal if who == W else door.logins[people[who]]
    for state, number in WORK.items():
        case = stage(stack, door, people, agency, "in_progress")
        stack.sql("update assignment set state = %s, queued = %s, leased_by = %s, lease_until = now () + interval '1 minute' where complaint_id = %s",
                  number, number in (1, 2, 5), me, case["id"].hex())
        verdict = said(door, people, agency, case, act, who)
        expected = NEXT[act].get(state)
        assert verdict == ("done" if expected else "state"), f"{act} of {state} by {who}"
        now, = stack.sql("select state from assignment where complaint_id = %s and agency = %s", case["id"].hex(), case["agency"])
        assert now[0] == WORK[expected or state], f"{act} of {state} by {who}"
        stack.sql("update assignment set state = 4, queued = false where complaint_id = %s and lead and state <> 7", case["id"].hex())


def test_somebody_elses_lease(stack, door, people, agency):
    """Neither a colleague nor a machine acts on what another one has leased."""
    complaint = door.place(agency[UNIT], rung=3, region="33.01")
    case = door.take(agency[UNIT])
    for act in ("progress", "answer", "ask", "hand_back", "archive", "take_on", "correct", "split", "draft"):
        assert said(door, people, agency, case, act, A) == "version", act
    assert stack.sql("select events from complaint where complaint_id = %s", complaint.hex()) == [(1,)]
    assert door.act(case, "answer", "Sudah") == "done"
