"""The event feed of those who submit for others: nothing missed, each case in its order, and nothing in it that is not for them."""
import os
import random
import time
import uuid

import psycopg2
import pytest

from store_door import StoreDoor, number_of
from test_hand_back import agency, registry, stack  # noqa: F401
from walk import Walk


@pytest.fixture(scope="module")
def door(stack):
    running = StoreDoor(stack)
    yield running
    running.close()
    stack.peers.remove(running)


@pytest.fixture(scope="module")
def me(stack, door, agency):
    """The principal that the door's complaints are of."""
    case = door.place(agency["33.01/PUPR"])
    return stack.sql("select adapter from complaint where complaint_id = %s", case.hex())[0][0]


def page(stack, principal, cursor="", most=500):
    """One page, as aduan-web reads it: by its role, which reads nothing else."""
    return stack.postgres.sql("select web.feed (%s, %s, %s)", principal, cursor, most, user="aduan_web")[0][0]


def read(stack, principal, cursor="", most=500):
    """All there is, and the cursor behind it."""
    events = []
    while True:
        said = page(stack, principal, cursor, most)
        assert len(said["events"]) <= most
        events += said["events"]
        assert said["cursor"] != cursor or not said["more"], "it does not move"
        cursor = said["cursor"]
        if not said["more"]:
            return events, cursor


def newest(stack, principal, cursor, number):
    """Events behind the cursor, when there are so many."""
    deadline = time.monotonic() + 20
    while True:
        events, _ = read(stack, principal, cursor)
        if len(events) >= number:
            return events
        assert time.monotonic() < deadline, events
        time.sleep(0.02)


def test_whatever_happens_is_told_once_and_in_order(stack, door, agency, me):
    seed = int(os.environ.get("ADUAN_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    Walk(stack, door, agency, random.Random(seed), cases=25).run(300)
    wanted = {f"{case.replace('-', '')}-{number}" for case, number in stack.sql(
        "select e.complaint_id::text, e.number from event e join complaint c using (complaint_id) left join step s on s.kind = e.kind "
        "where c.adapter = %s and e.number is not null and (s.told or e.kind in (53, 54))", me)}
    for most in (500, 7):
        events, _ = read(stack, me, "", most)
        ids = [event["id"] for event in events]
        assert len(ids) == len(set(ids)) and set(ids) == wanted
        behind = {}
        for event in events:
            assert event["event"] > behind.get(event["number"], 0), event
            behind[event["number"]] = event["event"]
    # notes, drafts, words about which a router decides, and words on oversight are not in it; nor is anybody else's
    kinds = {event["type"] for event in events}
    assert kinds & {"answer", "assign", "placed"} and not kinds & {"note", "draft", "ack", "support", "chase", "warned"}
    oversight = {number for number, in stack.sql("select number_text (number) from complaint where flags & 4 <> 0")}
    assert not [event for event in events if event["number"] in oversight and "text" in event]
    assert read(stack, me + 1000)[0] == []
    # what the steps make of a state is what the store has made of it, but for a hand-back that is under way
    wrong = stack.sql("select * from (select e.complaint_id, c.state, (state_behind (e.kind, e.data, c.due_verify is not null or exists "
                      "(select from event p where p.complaint_id = c.complaint_id and p.data ? 'placed')) over (partition by e.complaint_id order by e.number))[1] as folded, "
                      "e.number, c.events from event e join complaint c using (complaint_id) where e.number is not null) f where number = events and state <> folded")
    print(f"{len(wrong)} states folded otherwise")
    assert len(wrong) <= stack.sql("select count (*) from complaint")[0][0] // 10, [(row, stack.history(row[0])) for row in wrong[:3]]


def test_no_open_transaction_is_passed(stack, door, agency, me):
    """Who commits late has written early: a reader that had gone on would never see it."""
    cursor = page(stack, me, "now")["cursor"]
    first, second = door.place(agency["33.01/PUPR"]), door.place(agency["33.01/KES"])
    assert [event["type"] for event in newest(stack, me, cursor, 2)] == ["placed", "placed"]
    _, cursor = read(stack, me, cursor)
    late = stack.postgres.connect()
    late.autocommit = False
    with late.cursor() as say:
        say.execute("select txid_current ()")
        case = door.take(agency["33.01/PUPR"])
        while case["id"] != first:
            case = door.take(agency["33.01/PUPR"])
        door.act(case, "answer", "Sudah kami tambal.")
        assert page(stack, me, cursor)["events"] == [] and not page(stack, me, cursor)["more"]
        # the one that began first writes the complaint's next event
        say.execute("update complaint set events = events + 1 where complaint_id = %s returning events", (first.hex(),))
        number = say.fetchone()[0]
        say.execute("insert into event (complaint_id, at, act_key, principal, agency, kind, number, text) values (%s, now (), %s, 0, %s, 16, %s, 'Menyusul')",
                    (first.hex(), str(uuid.uuid4()), agency["33.01/PUPR"], number))
        say.execute("select tx, number from event where complaint_id = %s and number >= %s - 1 order by number", (first.hex(), number))
        (earlier, _), (later, _) = say.fetchall()
        assert later < earlier, "else this test tests nothing"
    late.commit()
    late.close()
    told = []
    while len(told) < 2:
        said = page(stack, me, cursor, 1)
        cursor = said["cursor"]
        told += said["events"]
    assert [(event["type"], event["text"]) for event in told] == [("answer", "Sudah kami tambal."), ("progress", "Menyusul")]
    assert read(stack, me, cursor)[0] == []
    assert second != first


def test_from_a_time_and_from_any_cursor(stack, door, agency, me):
    before = page(stack, me, "now")["cursor"]
    stack.wait("select 1 from audit_link l where l.upper > (select max (tx) from audit_digest) and l.at > now () - interval '1 minute'", seconds=10)
    since, = stack.sql("select to_char (max (at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from audit_link")[0]
    case = door.place(agency["33.01/LH"])
    (event,) = newest(stack, me, before, 1)
    assert event["id"] == case.hex() + "-1" and event["number"] == number_of(case) and event["state"] == "assigned"
    assert event["agency"] == "33.01/LH" and event["due"].endswith("Z") and event["at"].endswith("Z")
    assert [one["id"] for one in read(stack, me, since)[0]] == [event["id"]]
    assert [one["id"] for one in read(stack, me, "2020-01-01T00:00:00+07:00")[0]] == [one["id"] for one in read(stack, me)[0]]
    for wrong in ("besok", "2026-13-01T00:00:00Z", "2026-01-01", before[:-1], before + "A", "B" + before[1:]):
        assert page(stack, me, wrong) == {"fault": "cursor"}, wrong


def test_who_looks_for_little_among_much_is_answered_soon(stack, door, agency, me):
    """Of 60,000 events of others a call looks through so many at most; it says where it goes on, and comes to the end."""
    _, cursor = read(stack, me)
    for _ in range(120):
        stack.sql("insert into event (complaint_id, at, act_key, principal, kind, number) select gen_random_uuid (), now (), gen_random_uuid (), 0, 16, 1 from generate_series (1, 500)")
    case, calls = door.place(agency["33.01/KES"]), 0
    found = []
    stack.wait("select 1 where pg_snapshot_xmin (pg_current_snapshot ())::text::bigint > (select max (tx) from event)")
    begun = time.monotonic()
    while True:
        said = page(stack, me, cursor, 200)
        cursor, calls = said["cursor"], calls + 1
        found += said["events"]
        if not said["more"]:
            break
    took = time.monotonic() - begun
    assert [event["id"] for event in found] == [case.hex() + "-1"] and 1 < calls < 6
    print(f"60,000 events of others passed in {calls} calls, {took * 1000 / calls:.0f} ms each")
    plan = "\n".join(row for row, in stack.sql("set enable_seqscan = off; explain select distinct complaint_id from event where tx >= 5 and tx < 10"))
    assert "event_tx" in plan, plan
    stack.rewrite("delete from event e where not exists (select from complaint c where c.complaint_id = e.complaint_id)")


def test_a_restored_database_is_noticed(stack, door, agency, me):
    """A cursor of before goes on where the next epoch began, at the latest, and the answer says so."""
    _, ahead = read(stack, me)
    early = page(stack, me, "", 3)
    stack.sql("update installation set epoch = epoch + 1")
    case = door.place(agency["33.01/PUPR"])
    deadline = time.monotonic() + 10
    while not (said := page(stack, me, ahead))["events"]:
        assert time.monotonic() < deadline
    assert said["restored"] and [event["id"] for event in said["events"]] == [case.hex() + "-1"]
    again = page(stack, me, said["cursor"])
    assert not again["restored"] and again["events"] == []
    assert page(stack, me, early["cursor"])["events"][0]["id"] == page(stack, me, "", 4)["events"][3]["id"]
    # a cursor of transactions that this database has not had yet, as behind a restore to an earlier moment
    far = stack.sql("select feed_cursor (row (epoch - 1, 1000000000, gen_random_uuid (), 1)::feed_position) from installation")[0][0]
    said = page(stack, me, far)
    assert said["restored"] and case.hex() + "-1" in [event["id"] for event in said["events"]]
    assert page(stack, me, stack.sql("select feed_cursor (row (epoch + 1, 1, gen_random_uuid (), 1)::feed_position) from installation")[0][0]) == {"fault": "cursor"}


def test_much_is_said_in_pieces(stack, door, agency, me):
    """A page, and a case, is as much as an answer of aduan-query holds."""
    case = door.place(agency["33.01/PUPR"], text="Saluran tersumbat")
    _, cursor = read(stack, me)
    stack.sql("with grown as (update complaint set events = events + 100 where complaint_id = %s returning events) "
              "insert into event (complaint_id, at, act_key, principal, agency, kind, number, text) "
              "select %s, now (), gen_random_uuid (), 0, 1, 16, events - 100 + i, repeat ('Kami periksa. ', 1100) from grown, generate_series (1, 100) i", case.hex(), case.hex())
    found, sizes = [], []
    while not found or said["more"]:
        said = page(stack, me, cursor)
        found += said["events"]
        sizes.append(len(str(said["events"])))
        cursor = said["cursor"]
    assert [event["event"] for event in found if event["number"] == number_of(case)][-100:] == list(range(2, 102)) and len(sizes) > 2 and max(sizes) < 700000
    (one,) = stack.postgres.sql("select web.own (%s, %s)", me, number_of(case), user="aduan_web")[0][0]
    assert one["events"][-1]["event"] == 101 and 20 < len(one["events"]) < 40
    stack.rewrite("delete from event where complaint_id = %s and number > 1; update complaint set events = 1 where complaint_id = %s", case.hex(), case.hex())


def test_ones_own_case(stack, door, agency, me):
    case = door.place(agency["33.01/PUPR"], text="Jembatan bambu rusak")
    stack.sql("update content set external = 'kota-17' where complaint_id = %s", case.hex())

    def own(name, principal=me):
        return stack.postgres.sql("select web.own (%s, %s)", principal, name, user="aduan_web")[0][0]

    (one,) = own(number_of(case))
    assert own("kota-17") == [one] and own(number_of(case).lower()) == [one]
    assert one["external"] == "kota-17" and one["state"] == "assigned" and [event["type"] for event in one["events"]] == ["placed"]
    assert own(number_of(case), me + 1000) == own("kota-17", me + 1000) == own("kota-18") == own("") == []
    with pytest.raises(psycopg2.Error):
        stack.postgres.sql("select * from public.event", user="aduan_web")
