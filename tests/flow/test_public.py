"""What strangers and reporters read: whose it is, what is published and when, what is held, who has the same problem.

A router in Python stores what it has decided; what aduan-web will ask is asked on its socket.  Texts, numbers and addresses are
made up."""
import hashlib
import json
import os
import time

import pytest

from conftest import Stack
from peer import frame
from store_door import CONTENT, OFFER, PLACE, StoreDoor, SUBMIT, number_of
from test_query import ASK, Asker, DONE, HELLO, WELCOME

UNIT, OFFICE = "91.01/PUPR", "91.01"
YES, NO, SUPPORT = 2, 1, 10
CODE = b"\x11" * 32
NIK, PHONE, MAIL = "3374011203900001", "0812-3456-7890", "sari@example.org"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "query")) as running:
        yield running


@pytest.fixture(scope="module")
def door(stack):
    running = StoreDoor(stack)
    running.decides = lambda asked: {2: stack.agency(UNIT), 3: 3}
    running.admin = running.person(stack.agency(UNIT), "agency_admin")
    yield running
    running.until("select 1 where not exists (select from returned)")
    stack.checks()
    running.close()
    stack.peers.remove(running)


class Web(Asker):
    """Asks as aduan-web; opens its conversation anew each time, for it may have been silent for long."""

    def send_ask(self, query, *arguments):
        self.say(HELLO, {1: 1, 2: "test", 3: os.urandom(16)})
        while self.receive()[0] != WELCOME:
            pass
        return super().send_ask(query, *arguments)


@pytest.fixture(scope="module")
def web(stack, door):
    return Web(os.path.join(stack.folder, "run", "public.sock"))


@pytest.fixture(scope="module")
def admin(door):
    return door.admin


@pytest.fixture(scope="module")
def boss(stack, door):
    return door.person(stack.agency(OFFICE), "coordinator")


def placed(door, stack, text="Jalan berlubang di depan pasar", code=CODE, secret=NO, **more):
    """A case of the unit's, public where nothing else is said."""
    route, complaint = door.placed + 1, None
    more.setdefault("region", "91.01.01.2001")
    more.setdefault("category", 1)
    complaint = door.place(stack.agency(more.pop("where", UNIT)), text=text, code=code, **more)
    assert route == door.placed
    if secret == YES:
        stack.sql("update complaint set flags = flags | 2 where complaint_id = %s", complaint.hex())
    return complaint


def mine(stack, complaint):
    """The holder's assignment, for acts without a lease."""
    agency, version = stack.sql("select w.agency, w.version from assignment w join complaint c using (complaint_id) "
                                "where c.complaint_id = %s and w.agency = c.holder", complaint.hex())[0]
    return {"id": complaint, "agency": agency, "version": version}


def work(door, stack, complaint, act, text=None, **more):
    """An act of the unit's admin, who has taken it on."""
    case = mine(stack, complaint)
    if stack.sql("select state from assignment where complaint_id = %s and agency = %s", complaint.hex(), case["agency"]) == [(1,)]:
        assert door.act(case, "take_on", session=door.admin) == "done"
    assert door.act(case, act, text, session=door.admin, **more) == "done"


def close(door, stack, complaint, text="Selesai"):
    work(door, stack, complaint, "progress", "Kami kerjakan")
    work(door, stack, complaint, "close", text, resolution=1)


def listed(door, complaint, there=True):
    """Waits until the list's place of it is as it should be; the store makes it a second behind, this at once."""
    stack = door.stack
    stack.sql("select search_step (100)")
    door.until("select 1 from search_entry where complaint_id = %s and (hour is not null) = %s "
               "and not exists (select from search_stale s where s.complaint_id = search_entry.complaint_id)", complaint.hex(), there)


def public(web, complaint):
    found = web.ask("web_public", number_of(complaint))
    return found[0] if found else None


def flags(stack, complaint):
    return stack.sql("select flags from complaint where complaint_id = %s", complaint.hex())[0][0]


# ---- sockets and role ---------------------------------------------------------------------------------------------

def test_each_socket_its_queries(stack, web):
    inside = Asker(os.path.join(stack.folder, "run", "query.sock"))
    for name in ("read_track", "track", "desk_case", "desk_me", "me", "session", "place_complaints"):
        assert "no query of that name" in web.refusal(name, "x"), name
    for name in ("web_status", "web_case", "web_public", "status"):
        assert "no query of that name" in inside.refusal(name, "x"), name
    web.ref += 1
    web.say(ASK, {1: web.ref, 2: "web_status", 3: json.dumps(["x"]), 4: bytes(32)})
    verdict, why = web.rows(web.ref)
    assert verdict != DONE and "session" in str(why)
    assert web.ask("web_status", "x") == [] and web.ask("status", "x") == []


def test_role_reads_functions_alone(stack):
    sql = stack.postgres.sql
    assert sql("select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p') "
               "and has_table_privilege ('aduan_web', c.oid, 'select, insert, update, delete')") == []
    assert sql("select attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = attrelid where c.relnamespace = 'public'::regnamespace "
               "and attnum > 0 and c.relkind in ('r', 'v') and has_column_privilege ('aduan_web', attrelid, attnum, 'select')") == []
    assert sql("select has_schema_privilege ('aduan_web', 'public', 'usage'), has_schema_privilege ('aduan_web', 'web', 'create')") == [(False, False)]
    loose = sql("select p.proname from pg_proc p where p.pronamespace = 'web'::regnamespace and (not p.prosecdef or p.provolatile = 'v' "
                "or not coalesce (p.proconfig @> array ['search_path=public'], false) or has_function_privilege ('aduan_query', p.oid, 'execute'))")
    assert loose == [], "each is stable, by its owner's rights, with a path of its own, and nobody else's"
    for text in ("select 1 from public.complaint", "select public.session_reader ()", "select public.number_text (1)", "create table web.x ()",
                 "set role aduan_query", "delete from public.event"):
        with pytest.raises(Exception, match="permission denied|read-only"):
            sql(text, user="aduan_web")
    (limits,) = sql("select array_agg (c) from pg_roles r, unnest (rolconfig) c where rolname = 'aduan_web'")
    assert {"statement_timeout=5s", "jit=off", "default_transaction_read_only=on"} <= set(limits[0])


# ---- the reporter -------------------------------------------------------------------------------------------------

def test_own_case(stack, door, web):
    complaint = placed(door, stack, "Lampu padam\nsejak Senin", secret=YES)
    work(door, stack, complaint, "ask", "Di jalan apa?", asks=1)
    (case,) = web.ask("web_case", number_of(complaint), CODE.hex())
    assert (case["status"], case["body"], case["title"], case["secret"], case["anonymous"], case["published"]) == (
        "postponed", "Lampu padam\nsejak Senin", "Lampu padam", True, True, False)
    assert [(clock["clock"], clock["state"]) for clock in case["clocks"]] == [("first", "paused"), ("resolve", "paused")]
    assert case["asks"] == ["location"] and case["asked_text"] == "Di jalan apa?" and {"reply", "complete", "withdraw", "flags"} <= set(case["may"])
    assert case["place"] == "Sukamaju, Lembah, Kabupaten Arjuna, Nusa Timur" and case["category_name"] == "Jalan dan jembatan"
    assert [(event["kind"], event["text"], event["mine"]) for event in case["history"]] == [("placed", None, False), ("ask", "Di jalan apa?", False)]
    stack.sql("update content set code_hash = %s where complaint_id = %s", bytes(32), complaint.hex())
    assert door.say(complaint, "Jalan Mawar 5", 3)[0] == 1
    work(door, stack, complaint, "answer", "Sudah menyala", secret=YES)
    work(door, stack, complaint, "note", "Tetangga kenal")
    (case,) = web.ask("web_case", number_of(complaint), bytes(32).hex().upper())
    assert [(event["kind"], event["text"], event["mine"]) for event in case["history"]][2:] == [
        ("completion", "Jalan Mawar 5", True), ("answer", "Sudah menyala", False)], "his own words and what was said to him; no note"
    assert case["asks"] is None and case["may"] == ["reply", "close", "withdraw", "flags"]
    close(door, stack, complaint)
    assert door.say(complaint, "", 4, t21=2)[0] == 1
    (case,) = web.ask("web_case", number_of(complaint), bytes(32).hex())
    assert case["may"] == ["rate", "reopen", "flags"] and case["ended_by"] == "admin" and case["end_reason"] == "fixed" and case["rating"] == 2
    assert case["reopen_until"] > case["ended_at"]


def test_deadlines_as_they_are_told(stack, door, web):
    complaint = placed(door, stack, code=b"\x41" * 32)

    def clocks():
        return {row["clock"]: row for row in web.ask("web_case", number_of(complaint), "41" * 32)[0]["clocks"]}

    def moved(clock, days):
        stack.sql(f"update complaint set due_{clock} = due_{clock} + interval '1 day' * %s where complaint_id = %s", days, complaint.hex())

    assert {name: (row["state"], row["at"], row["days"]) for name, row in clocks().items()} == {"first": ("due", None, None), "resolve": ("due", None, None)}
    moved("first", -100)
    over = clocks()["first"]
    assert over["state"] == "over" and 40 < over["days"] < 80, "in working days"
    work(door, stack, complaint, "progress", "Kami kerjakan")
    late = clocks()["first"]
    assert late["state"] == "late" and late["days"] == over["days"] and late["at"]
    moved("first", 200)
    assert clocks()["first"]["state"] == "met"
    moved("resolve", -100)
    work(door, stack, complaint, "close", "Selesai", resolution=1)
    assert (clocks()["first"]["state"], clocks()["resolve"]["state"]) == ("met", "late")
    dropped = placed(door, stack, code=bytes(32))
    assert door.say(dropped, "", 5)[0] == 1
    assert web.ask("web_case", number_of(dropped), bytes(32).hex())[0]["clocks"] is None, "nobody waits for anything"


def test_held_words_of_his_own(stack, door, web):
    """Words that may tell of misconduct are nobody's to read till a router has decided: not on a page that somebody looks at, either."""
    complaint = placed(door, stack, code=bytes(32))
    decides, door.decides = door.decides, lambda asked: None
    assert door.say(complaint, "Petugas minta uang", alarms=True)[0] == 1
    (case,) = web.ask("web_case", number_of(complaint), bytes(32).hex())
    assert case["history"][-1]["kind"] == "reply" and case["history"][-1]["text"] is None and case["status"] == "assigned"
    assert public(web, complaint) is None, "and strangers do not read it meanwhile"
    door.decides = decides
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", complaint.hex())
    assert web.ask("web_case", number_of(complaint), bytes(32).hex())[0]["history"][-1]["text"] == "Petugas minta uang"


def test_an_alias_tells_where_it_goes_on(stack, door, web):
    main, alias = placed(door, stack, "Lubang besar", code=b"\x21" * 32), placed(door, stack, "Lubang yang sama", code=b"\x22" * 32)
    work(door, stack, alias, "merge", other=main)
    (case,) = web.ask("web_case", number_of(alias), "22" * 32)
    assert (case["status"], case["main"], case["main_status"]) == ("merged", number_of(main), "assigned") and "reply" in case["may"]
    assert "other" not in json.dumps([event for event in web.ask("web_case", number_of(main), "21" * 32)[0]["history"] if event["other"]])
    assert web.ask("web_status", number_of(alias)) == [{"status": "in_work"}]
    assert public(web, alias) is None and public(web, main)["number"] == number_of(main)


def test_nobody_elses(stack, door, web):
    """Absent, another's, wrong code, not a code: one answer."""
    complaint = placed(door, stack, code=b"\x31" * 32)
    stack.sql("update content set attachments = %s where complaint_id = %s", b"\xaa" * 32 + b"\xbb" * 32, complaint.hex())
    number, absent = number_of(complaint), number_of(os.urandom(16))
    for asked in ((number, "32" * 32), (absent, "31" * 32), (number, ""), (number, "x"), (number, "31" * 31), ("", "31" * 32), ("' or 1", "31" * 32)):
        assert web.ask("web_case", *asked) == [] and web.ask("web_file", *asked, "aa" * 32) == [], asked
    assert web.ask("web_file", number, "31" * 32, "aa" * 32) == [{}] == web.ask("web_file", number, "31" * 32, "bb" * 32)
    for digest in ("ab" * 32, "a" + "ab" * 31 + "b", "", "%"):
        assert web.ask("web_file", number, "31" * 32, digest) == [], digest
    assert web.ask("web_status", absent) == []


def test_status_tells_three_things(stack, door, web):
    received = door.place(stack.agency(OFFICE), rung=5, region="91.01")
    done = placed(door, stack)
    close(door, stack, done)
    secret = placed(door, stack, oversight=YES, where="91.01/PENGAWASAN", t6=YES)
    assert [web.ask("web_status", number_of(one)) for one in (received, secret, done)] == [
        [{"status": "received"}], [{"status": "in_work"}], [{"status": "done"}]]


# ---- what is published --------------------------------------------------------------------------------------------

def test_published(stack, door, web):
    complaint = placed(door, stack, "Dekat sekolah, jembatan retak", title="Jembatan retak", code=bytes(32))
    stack.sql("update content set latitude = -25312345, longitude = 1407654321, location = 'Rumah bercat biru' where complaint_id = %s", complaint.hex())
    assert door.say(complaint, "Tolong segera")[0] == 1
    work(door, stack, complaint, "progress", "Kami tinjau")
    work(door, stack, complaint, "answer", "Hanya untuk Anda", secret=YES)
    listed(door, complaint)
    found = public(web, complaint)
    assert (found["title"], found["text"], found["state"], found["holder_name"]) == (
        "Jembatan retak", "Dekat sekolah, jembatan retak", "in_progress", "Dinas Pekerjaan Umum Kabupaten Arjuna")
    assert (found["latitude"], found["longitude"]) == (-2.531, 140.765)
    assert [(event["kind"], event["text"]) for event in found["history"]] == [("placed", None), ("progress", "Kami tinjau"), ("answer", None)]
    assert found["received"][13:19] == ":00:00" and len(found["history"][0]["at"]) == 10, "by the hour, and the day"
    everything = json.dumps(found) + json.dumps(web.ask("web_list", "", "", "", "", "", "100"))
    for hidden in ("Tolong segera", "Hanya untuk Anda", "biru", "01407654321", complaint.hex()[:12]):
        assert hidden not in everything, hidden
    assert [row["number"] for row in web.ask("web_list", "jembatan", "", "", "", "", "10")] == [number_of(complaint)]
    assert web.ask("web_list", "biru", "", "", "", "", "10") == [], "the place in his words is not public, and finds nothing"


@pytest.mark.parametrize("why", ["secret", "oversight", "unplaced", "archived", "blocked", "alias", "held", "absent"])
def test_not_published(stack, door, web, admin, why):
    """One answer for all of them, in the list, by number and to Open311; even where it was in the list before."""
    complaint = os.urandom(16)
    if why == "oversight":
        complaint = placed(door, stack, oversight=YES, where="91.01/PENGAWASAN", t6=YES)
    elif why == "unplaced":
        complaint = door.place(stack.agency(OFFICE), rung=5, region="91.01")
    elif why != "absent":
        complaint = placed(door, stack, "Trotoar rusak")
        listed(door, complaint)
        assert public(web, complaint)
    if why == "secret":
        assert door.act(mine(stack, complaint), "correct", session=admin, secret=YES) == "done"
    elif why == "archived":
        assert door.act(mine(stack, complaint), "archive", "Tidak jelas", session=admin, ending=3) == "done"
    elif why == "blocked":
        assert door.act(mine(stack, complaint), "block", session=door.person(stack.agency(UNIT), "coordinator"), ending=10) == "done"
    elif why == "alias":
        work(door, stack, complaint, "merge", other=placed(door, stack))
    elif why == "held":
        assert door.act(mine(stack, complaint), "unpublish", session=admin) == "done"
    number = number_of(complaint)
    for ask in (("web_public", number), ("web_requests", number, "", "", "", "", "", "1", "10", "", "", ""),
                ("web_case", number, "00" * 32), ("web_list", "", "", "", "", f"{10 ** 6}-{number}", "0")):
        found = web.ask(*ask)
        assert [row for row in found if row["number"] == number] == [], ask
    assert number not in json.dumps(web.ask("web_list", "", "", "", "", "", "100"))
    assert door.say(complaint, "", SUPPORT)[0] == 3, "nobody supports what he cannot read"
    if why not in ("absent", "alias"):
        listed(door, complaint, False)


# ---- held from publication ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [f"NIK saya {NIK}", f"Hubungi {PHONE}", f"Surel {MAIL}"])
def test_held_until_a_person_says_so(stack, door, web, admin, text):
    complaint = placed(door, stack, text)
    assert flags(stack, complaint) & 2048 and public(web, complaint) is None
    machine = mine(stack, complaint)
    assert door.act(machine, "publish") == "role", "no machine's to say"
    assert door.act(machine, "publish", "Nomor kantor", session=door.person(stack.agency(UNIT), "liaison")) == "role"
    assert door.act(machine, "publish", "Nomor kantor", session=admin) == "done"
    assert public(web, complaint)["text"] == text
    assert door.act(machine, "publish", session=admin) == "state", "it is released"
    listed(door, complaint)
    assert door.act(machine, "unpublish", "Ternyata pribadi", session=admin) == "done" and public(web, complaint) is None
    listed(door, complaint, False)
    assert stack.sql("select kind, text from event where complaint_id = %s and kind > 70 order by number", complaint.hex()) == [
        (75, "Nomor kantor"), (76, "Ternyata pribadi")]


def test_from_above_and_when_it_is_over(stack, door, web, boss):
    complaint = placed(door, stack)
    close(door, stack, complaint, f"Hubungi kami di {PHONE}")
    assert flags(stack, complaint) & 2048 and public(web, complaint) is None, "the answer's words hold it, too"
    version = stack.sql("select version from complaint where complaint_id = %s", complaint.hex())[0][0]
    assert door.act(dict(mine(stack, complaint)), "publish", session=boss, complaint=version, agency=stack.agency(OFFICE)) == "done"
    assert public(web, complaint)["history"][-1]["text"] == f"Hubungi kami di {PHONE}"


def test_later_words_hold_it(stack, door, web, admin):
    """Those of a machine, which go by the statement for ordinary acts where nothing is held, too."""
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")
    complaint = placed(door, stack)
    leased = door.take(stack.agency(UNIT))
    assert leased["id"] == complaint
    for act, text, held in (("progress", "Sudah ditambal", False), ("answer", f"Telepon {PHONE}", True)):
        assert door.act(leased, act, text) == "done"
        assert bool(flags(stack, complaint) & 2048) == held, text
    case = mine(stack, complaint)
    assert door.act(case, "publish", session=admin) == "done"
    assert door.act(case, "correct", session=admin, body="Lubang dalam") == "done"
    door.until("select 1 where not exists (select from returned where complaint_id = %s)", complaint.hex())  # a router has read it
    assert public(web, complaint)["text"] == "Lubang dalam"
    assert door.act(case, "correct", session=admin, body=f"Lubang, lapor ke {MAIL}") == "done" and public(web, complaint) is None
    assert door.act(case, "correct", session=admin, body="Lubang dalam sekali") == "done"
    assert public(web, complaint) is None, "a person releases it, and no later text"


def test_words_for_him_alone_hold_nothing(stack, door, web):
    complaint = placed(door, stack)
    work(door, stack, complaint, "answer", f"Hubungi {PHONE}", secret=YES)
    assert not flags(stack, complaint) & 2048 and public(web, complaint)["history"][-1]["text"] is None


def test_a_draft_holds_it_when_it_is_sent(stack, door, web, admin):
    complaint = placed(door, stack)
    assert door.act(mine(stack, complaint), "draft", f"Hubungi {PHONE}", session=door.person(stack.agency(UNIT), "liaison")) == "done"
    assert public(web, complaint)
    event = stack.sql("select number from event where complaint_id = %s and kind = 29", complaint.hex())[0][0]
    assert door.act(mine(stack, complaint), "approve", session=admin, event=event) == "done"
    assert public(web, complaint) is None


def test_a_part_is_read_by_itself(stack, door, web, admin):
    complaint = placed(door, stack, f"Jalan rusak; lampu mati, hubungi {PHONE}")
    made = [door.acted(mine(stack, complaint), "split", session=admin, title="Lampu", body=body, to=stack.agency(UNIT))[7]
            for body in ("Lampu mati", f"Lampu mati, hubungi {PHONE}")]
    assert [bool(flags(stack, part) & 2048) for part in made] == [False, True] and flags(stack, complaint) & 2048


# ---- the same problem ---------------------------------------------------------------------------------------------

def support(door, complaint, word, contact=None):
    door.placed += 1
    route, number = door.placed, number_of(complaint)
    door._send([frame(PLACE, t1=route), frame(OFFER, t1=word, t2=bytes(16), t3=route, t4=int(time.time() * 1000), t5=1, t6=number, t7=bytes(32), t8=1),
                frame(SUBMIT, t1=0, t2=SUPPORT, t3=word, t4=1700000000000, t5=1, t16=number),
                frame(CONTENT, t2="", t7=contact, t8=1 if contact else None)])
    _, _, frames = door._wait(lambda number, fields, frames: number == 24 and fields[1] == route)
    from peer import parse
    stored = parse(frames[0])[1]
    return stored[4], stored[5] == 2


def test_the_same_problem(stack, door, web):
    complaint, word = placed(door, stack), os.urandom(16)
    before = stack.sql("select version, events from complaint where complaint_id = %s", complaint.hex())
    assert support(door, complaint, word, b"sealed") == (1, True) and support(door, complaint, word, b"sealed") == (1, False)
    assert support(door, complaint, os.urandom(16)) == (1, True)
    assert public(web, complaint)["supporters"] == 2 == web.ask("web_case", number_of(complaint), CODE.hex())[0]["supporters"]
    assert stack.sql("select contact, contact_key from supporter where submission = %s", word.hex())[0][1] == 1
    assert stack.sql("select version, events from complaint where complaint_id = %s", complaint.hex()) == before, "nothing else moves"
    close(door, stack, complaint)
    stack.sql("update complaint set flags = flags | 2 where complaint_id = %s", complaint.hex())
    assert support(door, complaint, word) == (1, False), "it was counted while it was public"
    assert support(door, complaint, os.urandom(16)) == (3, True)
    assert stack.sql("select kind, reason from refused where parent = number_bits (%s)", number_of(complaint)) == [(SUPPORT, "state")]
    for role in ("aduan_query", "aduan_desk", "aduan_web"):
        with pytest.raises(Exception, match="permission denied"):
            stack.postgres.sql("select contact from public.supporter", user=role)


# ---- the list -----------------------------------------------------------------------------------------------------

def test_list(stack, door, web):
    words = "zebra"
    made = [placed(door, stack, f"Penyeberangan {words} pudar {at}", region=("91.01.01.2001", "91.01", "91.71")[at % 3], category=(1, 2)[at % 2])
            for at in range(7)]
    for at, complaint in enumerate(made):
        stack.sql("update complaint set received = received - interval '1 hour' * %s where complaint_id = %s", at // 2, complaint.hex())
        listed(door, complaint)
    stack.sql("insert into search_stale select unnest (%s::uuid[]) on conflict do nothing", [one.hex() for one in made])
    close(door, stack, made[6])
    for complaint in made:
        listed(door, complaint)

    def ask(asked=words, region="", category="", state="", before="", most="100"):
        return web.ask("web_list", asked, region, category, state, before, most)

    order = sorted(made, key=lambda one: (-(made.index(one) // 2), int.from_bytes(one[8:], "big") & ((1 << 60) - 1)), reverse=True)
    assert [row["number"] for row in ask()] == [number_of(one) for one in order], "newest first, by the hour; in an hour by number"
    pages, before = [], ""
    while True:
        page = ask(before=before, most="2")
        if not page:
            break
        pages += page
        before = page[-1]["cursor"]
    assert [row["number"] for row in pages] == [number_of(one) for one in order]
    numbers = {number_of(one): at for at, one in enumerate(made)}

    def which(rows):
        return {numbers[row["number"]] for row in rows}

    assert which(ask(region="91.01")) == {0, 1, 3, 4, 6} and which(ask(region="91.01.01")) == {0, 3, 6} and which(ask(region="91")) == set(range(7))
    assert which(ask(category="2")) == {1, 3, 5} and which(ask(category="2", region="91.01.01")) == {3}
    assert which(ask(state="done")) == {6} and which(ask(state="open")) == {0, 1, 2, 3, 4, 5}
    for asked in (dict(asked="'"), dict(asked="-"), dict(region="x"), dict(category="x"), dict(asked="takada")):
        assert ask(**asked) == [], asked
    assert ask(before="no cursor") == ask()
    stack.sql("update complaint set region = '92.01' where complaint_id = %s", made[0].hex())
    listed(door, made[0])
    assert which(ask(region="92")) == {0}


# ---- Open311 ------------------------------------------------------------------------------------------------------

def test_requests(stack, door, web):
    made = [placed(door, stack, f"Sampah menumpuk {at}", category=3) for at in range(3)]
    stack.sql("update content set latitude = -26000000, longitude = 1405000000 + 10000000 * %s where complaint_id = %s", 0, made[0].hex())
    stack.sql("update content set latitude = -26000000, longitude = 1405010000 where complaint_id = %s", made[1].hex())
    stack.sql("insert into search_stale select unnest (%s::uuid[]) on conflict do nothing", [one.hex() for one in made])
    close(door, stack, made[2])
    for complaint in made:
        listed(door, complaint)
    numbers = {number_of(one): at for at, one in enumerate(made)}

    def ask(ids="", service="3", start="", end="", status="", updated="", page="1", size="100", point=("", "", "")):
        return {numbers[row["number"]] for row in web.ask("web_requests", ids, service, start, end, status, updated, page, size, *point)}

    assert ask() == {0, 1, 2} and ask(status="closed") == {2} and ask(status="open") == {0, 1}
    assert ask(point=("-26000000", "1405000000", "50")) == {0} and ask(point=("-26000000", "1405000000", "500")) == {0, 1}
    assert ask(point=("-26000000", "1406000000", "500")) == set()
    assert ask(end="2020-01-01T00:00:00Z") == set() and ask(start="2020-01-01T00:00:00Z") == {0, 1, 2}
    assert len(ask(size="2")) == 2 and len(ask(page="2", size="2")) == 1
    assert ask(ids=f"{number_of(made[0])},A0,", service="999", status="closed") == {0}, "ids override everything"
    assert ask(service="4") == set() and ask(service="x") == set()
    (row,) = [row for row in web.ask("web_requests", number_of(made[2]), *[""] * 5, "1", "10", "", "", "")]
    assert row["status_notes"] == "Selesai" and row["received"][14:19] == "00:00" and row["latitude"] is None


def test_updates_are_stamped_when_they_are_seen(stack, door, web, admin):
    """A client that asks for each hour once gets each update once, and none earlier than strangers could read it."""
    complaint = placed(door, stack, f"Pohon tumbang, hubungi {PHONE}")
    stack.sql("update complaint set received = received - interval '3 hours' where complaint_id = %s", complaint.hex())
    stack.rewrite("update event set at = at - interval '3 hours' where complaint_id = %s", complaint.hex())

    def ask(since, until="1 hour", account="web"):
        ends = stack.sql("select (now () - %s::interval)::text, (now () + %s::interval)::text", since, until)[0]
        return [row for row in web.ask("web_updates", *ends, account, "1", "1000") if row["number"] == number_of(complaint)]

    work(door, stack, complaint, "answer", "Sudah diangkat")
    assert ask("1 day") == [], "it is held"
    assert door.act(mine(stack, complaint), "publish", session=admin) == "done"
    seen = ask("1 day")
    assert [(row["kind"], row["text"]) for row in seen] == [("place", None), ("answer", "Sudah diangkat")]
    released = stack.sql("select to_json (at) #>> '{}' from event where complaint_id = %s and kind = 75", complaint.hex())[0][0]
    assert {row["updated"] for row in seen} == {released}, "since it was released"
    assert ask("1 day", account="sms") == [] and len(ask("1 day", account="")) == 2
    assert door.say(complaint, "", 6)[0] in (1, 3)
    assert [row["kind"] for row in ask("1 day") if row["kind"] == "closing"] == [], "what he says is told when the hour is over"


# ---- the registry -------------------------------------------------------------------------------------------------

def test_regions(web):
    def names(words, most="10"):
        return [(row["code"], row["full"]) for row in web.ask("web_regions", words, most)]

    assert names("arjuna") == [("91.71", "Kota Arjuna, Nusa Timur"), ("91.01", "Kabupaten Arjuna, Nusa Timur")]
    assert names("lembah arjuna") == [("91.01.01", "Lembah, Kabupaten Arjuna, Nusa Timur")]
    assert names("bima lem")[0][0] == "92.01.01" and names("92.01") == [("92.01", "Kabupaten Bima Sari, Nusa Barat")]
    assert names("suka", "1") == [("91.01.01.2001", "Sukamaju, Lembah, Kabupaten Arjuna, Nusa Timur")]
    for words in ("", " ", "a", "'", "x:*", "!", "arjuna xyz", "%"):
        assert names(words) == [], words
    assert web.ask("web_regions", "arjuna", "1")[0]["level"] == 2


def test_regions_follow_the_registry(stack, web):
    stack.sql("insert into region values ('92.01.01.2002', 4, 'Mekar Sari', null)")
    stack.sql("update region set name = 'Kabupaten Bima Jaya' where code = '92.01'")
    try:
        assert web.ask("web_regions", "mekar jaya", "5")[0]["full"] == "Mekar Sari, Lembah, Kabupaten Bima Jaya, Nusa Barat"
    finally:
        stack.sql("update region set name = 'Kabupaten Bima Sari' where code = '92.01'")


def test_agencies_and_categories(web):
    assert web.ask("web_agencies", "dinas kes arj", "10") == [{"code": "91.01/KES", "name": "Dinas Kesehatan Kabupaten Arjuna"},
                                                             {"code": "91.71/KES", "name": "Dinas Kesehatan Kota Arjuna"}]
    assert web.ask("web_agencies", "91.01/pupr", "10")[0]["code"] == "91.01/PUPR" and web.ask("web_agencies", "", "10") == []
    rows = web.ask("web_categories")
    assert rows[0].keys() == {"number", "parent", "name", "private"} and {row["number"] for row in rows} == {1, 2, 3, 4, 5, 6}


# ---- many of them --------------------------------------------------------------------------------------------------

FIRST, CROWD = 5000000, 10000


@pytest.fixture(scope="module")
def crowd(stack, door):
    """Ten thousand published cases of other days; the store is gone, which would read them, and so does no autovacuum."""
    assert stack["store"].stop() == 0
    stack.sql("alter system set autovacuum = off")
    stack.sql("select pg_reload_conf ()")
    agency = stack.agency(UNIT)
    stack.sql("""
        with made as (
            insert into complaint (complaint_id, number, version, received, due_first, due_resolve, holder, adapter, state, channel, class, priority,
                                   rung, confidence, flags, events, region, category)
            select id_at (now () - interval '40 days' - g * interval '1 minute'), %s + g, 1, now () - interval '40 days' - g * interval '1 minute', now (),
                   now () + interval '9 days', %s, 1, case when g = 9500 then 7 else 5 end, 1, 2, 3, 3, 900, 1, 3, '91.71', 2
            from generate_series (1, %s) g returning complaint_id, number, received
        ), words as (
            insert into content (complaint_id, digest, title, body, latitude, longitude)
            select complaint_id, 'd', 'Selokan mampet', 'Selokan mampet nomor ' || number, -25000000, 1407000000 from made
        )
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, text)
        select complaint_id, received + n * interval '1 day', gen_random_uuid (), 0, %s, (array [1, 16, 17])[n + 1], n + 1, 'Kata'
        from made, generate_series (0, 2) n order by 2""", FIRST, agency, CROWD, agency)
    stack.sql("select search_make (array (select complaint_id from complaint where number between %s and %s))", FIRST, FIRST + CROWD)
    stack.sql("vacuum analyze")
    yield
    for table in ("content", "event", "search_entry", "search_stale", "complaint"):
        stack.rewrite(f"delete from {table} where complaint_id in (select complaint_id from complaint where number between %s and %s)", FIRST, FIRST + CROWD)


def test_more_than_it_looks_at(stack, web, crowd):
    """A walk that finds too little says where it stopped, and goes on from there."""
    wanted = stack.sql("select number_text (%s)", FIRST + 9500)[0][0]
    rows, looks, before = [], 0, ""
    while looks == 0 or before:
        page = web.ask("web_list", "", "91.71", "2", "done", before, "20")
        rows += [row["number"] for row in page if "number" in row]
        looks, before = looks + 1, page[-1]["cursor"] if page and page[-1].get("rest") else ""
    assert wanted in rows and 2 <= looks <= 4


def reads(cursor):
    """Rows read of the growing tables, and walks of them from their beginning, by this transaction and by nobody else."""
    cursor.execute("select relname, seq_scan, coalesce (seq_tup_read, 0) + coalesce (idx_tup_fetch, 0) from pg_stat_xact_user_tables "
                   "where relname in ('complaint', 'content', 'event', 'search_entry', 'region', 'region_search')")
    return {name: (walks, rows) for name, walks, rows in cursor.fetchall()}


# the query, and how many rows of a table it may read
ASKED = [(("web_status", "NUMBER"), 10), (("web_case", "NUMBER", "00" * 32), 10), (("web_file", "NUMBER", "00" * 32, "00" * 32), 10),
         (("web_public", "NUMBER"), 20), (("web_list", "", "", "", "", "", "20"), 200), (("web_list", "selokan 5000123", "", "", "", "", "20"), 50),
         (("web_list", "mampet", "91.71", "2", "open", "", "20"), 200), (("web_list", "", "", "", "done", "", "20"), 4500),
         (("web_requests", "NUMBER,NUMBER", "", "", "", "", "", "1", "50", "", "", ""), 50),
         (("web_requests", "", "2", "SINCE", "UNTIL", "open", "", "1", "50", "", "", ""), 4500),
         (("web_requests", "", "", "SINCE", "UNTIL", "", "", "1", "50", "-25000000", "1407000000", "300"), 4500),
         (("web_requests", "", "", "", "", "", "UNTIL", "1", "50", "", "", ""), 30000),
         (("web_updates", "SINCE", "UNTIL", "", "1", "50"), 50000), (("web_regions", "lembah", "10"), 20)]


@pytest.mark.parametrize("asked,most", ASKED, ids=[" ".join(asked) for asked, _ in ASKED])
def test_plans(stack, crowd, asked, most):
    """No question reads a growing table from its beginning, or much of it by an index."""
    number, since, until = stack.sql("select number_text (%s), to_char (now () - interval '45 days', 'YYYY-MM-DD'), "
                                     "to_char (now () - interval '44 days', 'YYYY-MM-DD')", FIRST + 7)[0]
    name, *values = [word.replace("NUMBER", number).replace("SINCE", since).replace("UNTIL", until) for word in asked]
    text = "\n".join(line for line in query_of(name).splitlines() if not line.startswith("--"))
    for at in range(len(values), 0, -1):
        text = text.replace(f"${at}::", f"%({at})s::")
    connection = stack.postgres.connect("aduan_web")
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute(text, {str(at + 1): value for at, value in enumerate(values)})
        rows = json.loads(cursor.fetchone()[0])
        read = reads(cursor)
    connection.close()
    assert rows or name in ("web_case", "web_file")
    assert any(count for _, count in read.values()), "nothing is counted"
    for table, (walks, count) in read.items():
        assert not walks, f"{table} from its beginning"
        assert count <= most, f"{count} rows of {table}"


def query_of(name):
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "store", "sql", "query", f"{name}.sql"), encoding="utf-8") as file:
        return file.read()
