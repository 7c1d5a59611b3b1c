"""What is alike is found, aside and only where everybody may see it; merged it keeps every reporter informed."""
import json
import os
import signal
import subprocess
import time

import pytest

from adapter import new_code
from collect import metrics
from stack import BUILD, ROOT, Stack

HERE = "91.01.01.2001"
BRIDGE = ("Selamat pagi. Jembatan gantung Cikapas papannya lapuk dan dua bilah hilang, anak sekolah menyeberang sambil berpegangan "
          "tali. Mohon diganti.")
AGAIN = "Papan lantai jembatan gantung Cikapas lapuk, dua bilah sudah hilang, murid menyeberang berpegangan tali saja."
ALIKE = "select l.score, l.reason from likeness l where (l.complaint_id, l.other) in ((%s, %s), (%s, %s))"
DAY = 86400000


@pytest.fixture(scope="module")
def stack(folder):
    agencies = {"all": None, "city": ["91.71/PUPR"], "regency": ["91.01/PUPR"]}
    running = Stack(folder, programs=("store", "router", "intake", "query"), workers=agencies)
    agencies["all"] = running._agencies()
    with running:
        yield running


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker()


def number_of(answer):
    return answer[3]


def uuid(answer):
    return bytes(answer[2]).hex()


def submit(stack, web, text, place=HERE, secret=1, stored=True, **more):
    _, answer = web.submit(text, category=more.pop("category", 1), place=place, secret=secret, **more)
    if stored:
        stack.wait("select 1 from complaint where complaint_id = %s", uuid(answer))
    return answer


def pair(one, other):
    return uuid(one), uuid(other), uuid(other), uuid(one)


def printed(stack, *answers):
    for answer in answers:
        stack.wait("select 1 from print where complaint_id = %s", uuid(answer))


def column(stack, answer, name):
    return stack.sql(f"select {name} from complaint where complaint_id = %s", uuid(answer))[0][0]


def fresh(text, count=[0]):  # pylint: disable=dangerous-default-value
    """The same matter as any other telling of this `text`, and no other test's."""
    count[0] += 1
    return f"{text} Blok {count[0]} kavling {count[0] * 7}."


def ask(stack, query, *arguments):
    done = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "-c", stack.settings, "--json", "ask", query, *arguments],
                          stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)


SHELF = {}


def take(stack, worker, answer, agency="91.01/PUPR"):
    """Pulls until this one is there; others that come are taken, and lie ready for their turn."""
    if number_of(answer) in SHELF:
        return SHELF.pop(number_of(answer))
    for _ in range(20):
        wanted = None
        for case in worker.pull([stack.agency(agency)], 10, 1000):
            if case["number"] == number_of(answer):
                wanted = case
                continue
            verdict, acted = worker.act(case, "ack")
            assert verdict == "done"
            case["version"] = acted[5]
            SHELF[case["number"]] = case
        if wanted:
            return wanted
    raise AssertionError("it is not in the queue")


def act(worker, case, name, other=None, **more):
    verdict, answer = worker.act(case, name, t13=bytes(other[2]) if other else None, **more)
    if verdict == "done":
        case["version"] = answer[5]
    return verdict, answer.get(4)


def notices(stack, answer):
    return [row[0] for row in stack.sql("select template from notice where complaint_id = %s order by event", uuid(answer))]


def merged(stack, web, worker, **more):
    """Two that are merged: the alias, the main complaint, and the alias's assignment."""
    text = fresh(BRIDGE)
    main = submit(stack, web, text, **{**more, "email": "utama@example.org"})
    alias = submit(stack, web, text, **{**more, "email": "alias@example.org"})
    case = take(stack, worker, alias)
    assert act(worker, case, "merge", main) == ("done", None)
    return alias, main, case


# ---- finding


def test_alike_is_found(stack, web):
    first = submit(stack, web, BRIDGE)
    second = submit(stack, web, AGAIN)
    (score, reason), = stack.wait(ALIKE, *pair(first, second))
    assert score >= 600 and reason["near"] == "village" and reason["days"] == 0 and 400 <= reason["text"] <= 1000
    other = submit(stack, web, "Kabel listrik menjuntai rendah di pertigaan balai warga, nyaris tersangkut truk pasir.")
    printed(stack, other)
    assert not stack.sql(ALIKE, *pair(first, other))
    stack.checks()


def test_near_by_coordinates(stack, web):
    text = fresh("Lampu taman bermain anak padam dan ayunan putus rantainya, rawan celaka malam hari.")
    one = submit(stack, web, text, place="91.01", at=(-69900000, 1404200000))
    near = submit(stack, web, text, place="91.01", at=(-69900000, 1404210900))
    far = submit(stack, web, text.replace("Lampu taman", "Saluran irigasi"), place="91.01", at=(-69900000, 1405200000))
    (_, reason), = stack.wait(ALIKE, *pair(one, near))
    assert reason["near"] == "metres" and 110 <= reason["metres"] <= 130
    printed(stack, far)
    rows = stack.sql(ALIKE, *pair(one, far))
    assert not rows or rows[0][1]["near"] != "metres"


def test_secret_oversight_far_old_and_other_duties_are_not(stack, web):
    text = fresh("Gorong-gorong ambrol sehingga separuh aspal menggantung, sopir truk tidak melihat rongganya.")
    one = submit(stack, web, text)
    secret = submit(stack, web, text, secret=2)
    unsaid = submit(stack, web, text, secret=None)
    oversight = submit(stack, web, text + " Petugasnya minta uang pelicin.")
    elsewhere = submit(stack, web, text, place="92.01.01.2001")
    duty = submit(stack, web, text, category=3)
    old = submit(stack, web, text, created=int(time.time() * 1000) - 61 * DAY)
    last = submit(stack, web, text)
    stack.wait(ALIKE, *pair(one, last))
    printed(stack, elsewhere, duty)
    for other in (secret, unsaid, oversight, elsewhere, duty, old):
        assert not stack.sql("select 1 from likeness where %s in (complaint_id, other)", uuid(other))
    for other in (secret, unsaid, oversight, old):
        assert not stack.sql("select 1 from print where complaint_id = %s", uuid(other))
    stack.checks()


def test_what_becomes_secret_is_alike_no_more(stack, web):
    text = fresh("Talud pinggir kali longsor sepanjang tiga meter mengikis pondasi gardu ronda.")
    one, other = submit(stack, web, text), submit(stack, web, text)
    stack.wait(ALIKE, *pair(one, other))
    stack.sql("update complaint set flags = flags | 2 where complaint_id = %s", uuid(one))
    assert not stack.sql(ALIKE, *pair(one, other))
    assert not stack.sql("select 1 from print where complaint_id = %s", uuid(one))
    stack.checks()


def test_store_dies_in_the_middle(stack, web):
    """Hints are lost with the store; rows are not: the sweep finds what was stored."""
    text = fresh("Halte bus roboh tertimpa reklame, kerangka besinya menjorok ke lajur sepeda.")
    stack["store"].process.send_signal(signal.SIGSTOP)
    told = [submit(stack, web, text, stored=False) for _ in range(12)]
    stack["store"].process.send_signal(signal.SIGCONT)
    stack.wait("select 1 from complaint where complaint_id = %s", uuid(told[0]))
    stack.restart("store")
    for answer in told:
        stack.wait("select 1 from complaint where complaint_id = %s", uuid(answer))
    stack.restart("store")
    printed(stack, *told)
    pairs = "select count (*) from likeness where complaint_id = any (%s::uuid[]) and other = any (%s::uuid[])"
    ids = [uuid(answer) for answer in told]
    found = stack.sql(pairs, ids, ids)[0][0]
    assert found >= 50, "of 66 pairs, of which each complaint keeps its best ten"
    stack.restart("store")
    late = submit(stack, web, text)
    stack.wait("select 1 from likeness where complaint_id = %s", uuid(late))
    assert stack.sql(pairs, ids, ids)[0][0] == found, "looking again changes nothing"
    stack.checks()


def test_duty_that_comes_later_is_swept(stack, web):
    """While a complaint is with a desk nobody knows whose duty it is; when it is, the sweep compares it."""
    text = fresh("Tiang telepon doyong menimpa kanopi bengkel, kabelnya berserakan di trotoar.")
    one = submit(stack, web, text)
    other = submit(stack, web, text)
    stack.sql("delete from print where complaint_id = %s", uuid(other))
    stack.sql("delete from likeness where %s in (complaint_id, other)", uuid(other))
    stack.wait(ALIKE, *pair(one, other), seconds=40)


# ---- who sees it


def test_query_shows_the_scope_alone(stack, web):
    text = fresh("Pagar pembatas jembatan layang copot, ban serep dipasang sebagai gantinya oleh warga.")
    one, other = submit(stack, web, text), submit(stack, web, text)
    stack.wait(ALIKE, *pair(one, other))
    for code in ("91.01/PUPR", "91.01", "ID"):
        rows = ask(stack, "likeness", number_of(one), code)
        assert [row["number"] for row in rows] == [number_of(other)] and rows[0]["reason"]["near"] == "village"
    for code in ("91.71", "91.01/LH", "92", "", "91.01/"):
        assert ask(stack, "likeness", number_of(one), code) == []
    stack.sql("update complaint set holder = %s where complaint_id = %s", stack.agency("91.71/PUPR"), uuid(other))
    assert ask(stack, "likeness", number_of(one), "91.01") == []
    assert len(ask(stack, "likeness", number_of(one), "ID")) == 1
    stack.sql("update complaint set holder = %s where complaint_id = %s", stack.agency("91.01/PUPR"), uuid(other))


# ---- link


def test_link_is_a_note(stack, web, worker):
    text = fresh(BRIDGE)
    one, other = submit(stack, web, text, email="a@example.org"), submit(stack, web, text)
    case = take(stack, worker, one)
    before = stack.sql("select state, due_first, due_resolve, holder from complaint where complaint_id = %s", uuid(one))
    assert act(worker, case, "link", other, text="sama") == ("done", None)
    assert before == stack.sql("select state, due_first, due_resolve, holder from complaint where complaint_id = %s", uuid(one))
    for answer, its in ((one, other), (other, one)):
        assert stack.sql("select data ->> 'other' from event where complaint_id = %s and kind = 50", uuid(answer)) == [(number_of(its),)]
    assert notices(stack, one) == [1]
    assert act(worker, case, "answer", text="Sudah diganti") == ("done", None)
    stack.checks()


# ---- merge


def test_merge_and_what_follows(stack, web, worker):
    code = new_code()
    alias, main, case = merged(stack, web, worker, code=code)
    due = "select due_first, due_resolve from complaint where complaint_id = %s"
    before = stack.sql(due, uuid(alias))
    assert column(stack, alias, "state") == 10 and column(stack, main, "state") == 4
    assert notices(stack, alias) == [1, 8] and notices(stack, main) == [1, 9]
    assert stack.sql("select data ->> 'other' from event where complaint_id = %s and number = 2", uuid(alias)) == [(number_of(main),)]
    track, = ask(stack, "track", number_of(alias))
    assert (track["status"], track["main"], track["main_status"]) == ("merged", number_of(main), "assigned")
    assert worker.act(case, "answer", "Ini sudah bukan milik kami")[1][4] == 2

    # what is said to the main one's reporter is said to the other one, too
    main_case = take(stack, worker, main)
    assert act(worker, main_case, "progress", text="Papan sedang dipesan") == ("done", None)
    assert act(worker, main_case, "answer", text="Papan sudah diganti") == ("done", None)
    assert notices(stack, main) == [1, 9, 3, 4] and notices(stack, alias) == [1, 8, 3, 4]
    assert stack.sql("select text from event where complaint_id = %s and kind = 53 order by number", uuid(alias)) == [
        ("Papan sedang dipesan",), ("Papan sudah diganti",)]

    # his reply goes to the main one's agency, and stands in both
    assert web.submit("Satu bilah masih goyah", kind=2, parent=number_of(alias), code=new_code())[0] == "accepted"
    stack.wait("select 1 from refused where reason = 'code' and kind = 2")
    assert web.submit("Satu bilah masih goyah", kind=2, parent=number_of(alias), code=code)[0] == "accepted"
    again = take(stack, worker, main)
    assert [entry["text"] for entry in again["history"] if entry["kind"] == "reply"] == ["Satu bilah masih goyah"]
    assert stack.sql("select count (*) from event where kind = 32 and complaint_id in (%s, %s)", uuid(alias), uuid(main)) == [(2,)]
    assert column(stack, alias, "state") == 10

    # apart again, due when it was
    assert act(worker, case, "unmerge", text="Ternyata jembatan lain") == ("done", None)
    assert column(stack, alias, "state") == 4 and stack.sql(due, uuid(alias)) == before
    assert stack.sql("select a.state, a.due = c.due_first from assignment a join complaint c using (complaint_id) where complaint_id = %s",
                     uuid(alias)) == [(1, True)]
    assert notices(stack, alias)[-1] == 10 and notices(stack, main)[-1] == 10
    own = take(stack, worker, alias)
    assert {"merge", "progress", "answer", "reply", "unmerge"} <= {entry["kind"] for entry in own["history"]}
    assert [entry["suggested_code"] for entry in own["history"] if entry["kind"] == "merge"] == [number_of(main)]
    assert act(worker, again, "answer", text="Bilah dikencangkan") == ("done", None)
    assert notices(stack, alias)[-1] == 10, "what is said to the other one is no business of his any more"
    stack.checks()


def test_a_number_shows_no_other_reporters_words(stack, web, worker):
    """`aduan track` proves nothing: of an alias's reporter it shows on the main complaint what that one's page does, and of what was said to
    somebody alone no words."""
    codes = new_code(), new_code()
    text = fresh(BRIDGE)
    main, alias = (submit(stack, web, text, code=code) for code in codes)
    assert act(worker, take(stack, worker, alias), "merge", main) == ("done", None)

    def told(answer):
        track, = ask(stack, "track", number_of(answer))
        return [(event["kind"], event["text"]) for event in track["history"] if event["kind"] not in ("placed", "merge", "joined")]
    assert web.submit("Rumah saya yang biru, Pak Darto.", kind=2, parent=number_of(alias), code=codes[1])[0] == "accepted"
    assert web.submit("Papan ketiga juga.", kind=2, parent=number_of(main), code=codes[0])[0] == "accepted"
    stack.wait("select 1 from event where kind = 32 and complaint_id = %s having count (*) = 2", uuid(main))
    assert told(main) == [("reply", "Papan ketiga juga.")] and told(alias) == [("reply", "Rumah saya yang biru, Pak Darto.")]
    case = take(stack, worker, main)
    assert act(worker, case, "answer", text="Khusus Anda, Bu Wening.", t21=2) == ("done", None)
    assert act(worker, case, "close", text="Sudah diganti", t12=1) == ("done", None)
    assert told(main)[1:] == [("answer", None), ("close", "Sudah diganti")] and told(alias)[1:] == [("followed", None), ("followed", "Sudah diganti")]
    assert web.submit("Goyah lagi, tulis Pak Darto.", kind=7, parent=number_of(alias), code=codes[1])[0] == "accepted"
    stack.wait("select 1 from event where kind = 37 and complaint_id = %s", uuid(main))
    assert told(main)[3:] == [("reopened", None)] and told(alias)[3:] == [("reopening", "Goyah lagi, tulis Pak Darto.")]
    status, said = command(stack, "track", number_of(main))
    assert status == 0 and "reopened by another reporter" in said and "Darto" not in said and "Wening" not in said
    stack.checks()


def test_merge_twice_is_once(stack, web, worker):
    text = fresh(BRIDGE)
    main, alias = submit(stack, web, text), submit(stack, web, text)
    case, key = take(stack, worker, alias), os.urandom(16)
    first = worker.act(case, "merge", key=key, t13=bytes(main[2]))
    again = worker.act(case, "merge", key=key, t13=bytes(main[2]))
    assert first[0] == again[0] == "done" and first[1][5] == again[1][5]
    assert worker.act(case, "merge", t13=bytes(main[2]))[1][4] == 1, "another act with the version before"
    assert worker.act(case, "link", key=key, t13=bytes(main[2]))[1][4] == 5
    assert stack.sql("select count (*) from event where kind = 51 and complaint_id = %s", uuid(alias)) == [(1,)]


def test_what_may_not_be_merged(stack, web, worker):
    text = fresh(BRIDGE)
    one, secret, city = submit(stack, web, text), submit(stack, web, text, secret=2), submit(stack, web, text, place="91.71")
    oversight = submit(stack, web, text + " Petugas minta uang pelicin.")
    case = take(stack, worker, one)
    nobody = (None, None, os.urandom(16))
    for name in ("link", "merge"):
        for other in (one, secret, oversight, nobody):
            assert act(worker, case, name, other) == ("stale", 11)
        assert worker.act(case, name)[0] == "refused", "without the other one"
    assert act(worker, case, "unmerge") == ("stale", 2)
    assert worker.act(case, 40, t13=bytes(secret[2]))[0] == "refused", "a number that is no act's"
    # a key of the regency alone: the city's complaint is nothing to it
    regency = stack.worker("regency")
    assert act(regency, case, "link", city)[0] == "stale"
    assert act(worker, case, "ack") == ("done", None)
    assert act(regency, case, "link", city) == ("stale", 11)
    assert act(regency, case, "merge", city) == ("stale", 11)
    own = take(stack, worker, city, "91.71/PUPR")
    assert act(worker, own, "answer", text="Selesai") == ("done", None)
    # and who is secret himself
    theirs = take(stack, worker, secret)
    assert act(worker, theirs, "merge", one) == ("stale", 11)
    assert not stack.sql("select 1 from merged where complaint_id = %s", uuid(one))
    stack.checks()


def test_no_chains_no_cycles(stack, web, worker):
    text = fresh(BRIDGE)
    a, b, c, d = (submit(stack, web, text, email=f"{n}@example.org") for n in "abcd")
    cases = {}
    for answer in (a, b, c, d):
        cases[number_of(answer)] = take(stack, worker, answer)
    case = lambda answer: cases[number_of(answer)]  # noqa: E731
    main = "select x.main = %s from merged x where x.complaint_id = %s"
    assert act(worker, case(a), "merge", b) == ("done", None)
    assert act(worker, case(b), "merge", a) == ("stale", 11), "its own alias"
    assert act(worker, case(b), "merge", c) == ("done", None)
    assert stack.sql(main, uuid(c), uuid(a)) == [(True,)] and notices(stack, a)[-1] == 8
    assert act(worker, case(c), "merge", a) == ("stale", 11), "it would be its own main complaint"
    assert act(worker, case(d), "merge", a) == ("done", None), "into an alias is into its main complaint"
    assert stack.sql(main, uuid(c), uuid(d)) == [(True,)]
    assert act(worker, case(a), "merge", d) == ("stale", 2), "an alias already"
    stack.checks()
    assert act(worker, case(b), "unmerge") == ("done", None)
    assert stack.sql(main, uuid(b), uuid(a)) == [(True,)], "what came with it goes with it"
    assert stack.sql(main, uuid(c), uuid(d)) == [(True,)]
    assert column(stack, b, "state") == 4 and column(stack, b, "flags") & 32
    stack.checks()
    assert act(worker, case(d), "unmerge") == ("done", None)
    assert not column(stack, c, "flags") & 32
    stack.checks()


def test_withdrawals_and_ratings(stack, web, worker):
    code, other_code = new_code(), new_code()
    text = fresh(BRIDGE)
    main = submit(stack, web, text, code=code)
    first, second = (submit(stack, web, text, code=other_code) for _ in range(2))
    for answer in (first, second):
        assert act(worker, take(stack, worker, answer), "merge", main) == ("done", None)
    assert web.submit("", kind=4, rating=5, parent=number_of(first), code=other_code)[0] == "accepted"
    stack.wait("select 1 from refused where reason = 'state' and kind = 4")
    assert web.submit("Sudah tidak perlu", kind=5, parent=number_of(first), code=other_code)[0] == "accepted"
    stack.wait("select 1 from complaint where state = 8 and complaint_id = %s", uuid(first))
    assert column(stack, main, "state") == 4 and column(stack, main, "flags") & 32
    stack.checks()
    assert web.submit("Saya pindah", kind=5, parent=number_of(main), code=code)[0] == "accepted"
    stack.wait("select 1 from complaint where state = 8 and complaint_id = %s", uuid(main))
    assert column(stack, second, "state") == 4, "its matter is not over because another one has withdrawn"
    assert take(stack, worker, second)
    stack.checks()


def test_rating_of_an_alias(stack, web, worker):
    code = new_code()
    alias, main, _ = merged(stack, web, worker, code=code)
    case = take(stack, worker, main)
    assert act(worker, case, "answer", text="Sudah diganti") == ("done", None)
    assert act(worker, case, "close", text="Selesai", t12=1) == ("done", None)
    assert notices(stack, alias) == [1, 8, 4, 6], "he is told that it is over, too"
    track, = ask(stack, "track", number_of(alias))
    assert (track["status"], track["main_status"]) == ("merged", "resolved")
    assert web.submit("", kind=4, rating=4, parent=number_of(alias), code=code)[0] == "accepted"
    assert stack.wait("select data ->> 'rating' from event where kind = 34 and complaint_id = %s", uuid(alias)) == [("4",)]
    assert column(stack, alias, "state") == 10
    assert web.submit("Masih goyah", kind=2, parent=number_of(alias), code=code)[0] == "accepted"
    stack.wait("select 1 from refused where reason = 'state' and kind = 2")


def test_what_becomes_secret_is_unmerged(stack, web, worker):
    alias, main, _ = merged(stack, web, worker)
    stack.sql("update complaint set flags = flags | 6 where complaint_id = %s", uuid(main))
    assert column(stack, alias, "state") == 4
    stack.checks()
    alias, main, _ = merged(stack, web, worker)
    stack.sql("update complaint set flags = flags | 2 where complaint_id = %s", uuid(alias))
    assert column(stack, alias, "state") == 4 and not column(stack, main, "flags") & 32
    stack.checks()


def test_asked_and_merged(stack, web, worker):
    """Who was asked before the merge is asked still when it is undone; who is asked as an alias answers for both."""
    code = new_code()
    text = fresh(BRIDGE)
    main, alias = submit(stack, web, text), submit(stack, web, text, code=code)
    case = take(stack, worker, alias)
    assert act(worker, case, "ask", text="Jembatan yang mana?") == ("done", None)
    assert act(worker, case, "merge", main) == ("done", None)
    main_case = take(stack, worker, main)
    assert act(worker, main_case, "ask", text="Dekat desa apa?") == ("done", None)
    assert web.submit("Dekat balai desa", kind=3, parent=number_of(alias), code=code)[0] == "accepted"
    stack.wait("select 1 from complaint where state = 4 and complaint_id = %s", uuid(main))
    assert act(worker, case, "unmerge") == ("done", None)
    assert column(stack, alias, "state") == 3
    assert stack.sql("select state from assignment where complaint_id = %s", uuid(alias)) == [(4,)]
    assert web.submit("Yang di hulu", kind=3, parent=number_of(alias), code=code)[0] == "accepted"
    assert take(stack, worker, alias)
    stack.checks()


def test_hand_back_of_the_main_one_is_told(stack, web, worker):
    alias, main, _ = merged(stack, web, worker)
    case = take(stack, worker, main)
    assert worker.act(case, "hand_back", "Bukan kewenangan kami", t9=1)[0] == "done"
    stack.wait("select 1 from notice where complaint_id = %s and template = 2", uuid(alias))
    stack.checks()


SECRET_NOW = """version: 1
rules:
  - name: rahasia
    when: {all: [jembatan rahasia cikapas]}
    then: {agency: 91.01/LH, secret: true}
"""


def test_where_a_secret_one_went_is_not_told(stack, web, worker, tmp_path):
    """New rules make the main one secret when it is handed back: its aliases go on alone, and nobody tells their reporters
    who has the secret one now."""
    text = fresh("Jembatan rahasia Cikapas lapuk papannya, dua bilah hilang, anak sekolah menyeberang berpegangan tali.")
    main, alias = submit(stack, web, text), submit(stack, web, text, email="alias@example.org")
    assert act(worker, take(stack, worker, alias), "merge", main) == ("done", None)
    before = notices(stack, alias)
    for version, rules in ((1, SECRET_NOW), (2, "version: 1\nrules: []\n")):
        (tmp_path / "rules.yaml").write_text(rules)
        stack.migrate("rules", str(tmp_path / "rules.yaml"))
        deadline = time.monotonic() + 30
        while metrics(stack, "router")["router_rules_version"] != version:
            assert time.monotonic() < deadline, stack["router"].tail()
            time.sleep(0.05)
        if version == 1:
            assert worker.act(take(stack, worker, main), "hand_back", "Bukan kewenangan kami", t9=1)[0] == "done"
            stack.wait("select 1 from complaint where flags & 2 <> 0 and complaint_id = %s", uuid(main))
    assert column(stack, alias, "state") == 4
    assert notices(stack, alias) == [*before, 10]
    assert stack.sql("select count (*) from event where kind = 53 and complaint_id = %s", uuid(alias)) == [(0,)]
    stack.checks()


def test_both_are_handed_back_under_the_same_number(stack, web, worker):
    """The decision on the main one stands in the alias's history, too; the alias's own one, later, is another."""
    text = fresh(BRIDGE)
    main, alias = submit(stack, web, text), submit(stack, web, text)
    first, second = take(stack, worker, main), take(stack, worker, alias)
    for _ in range(3):
        assert act(worker, first, "progress", text="Dicek") == ("done", None)
    assert act(worker, second, "merge", main) == ("done", None)
    assert worker.act(first, "hand_back", "Bukan kami", t9=1)[0] == "done"
    decided = "select e.number from event e where complaint_id = %s and kind = 2"
    stack.wait(decided, uuid(main))
    assert act(worker, second, "unmerge") == ("done", None)
    second = take(stack, worker, alias)
    assert act(worker, second, "progress", text="Dicek") == ("done", None)
    assert worker.act(second, "hand_back", "Bukan kami", t9=1)[0] == "done"
    numbers = stack.sql("select distinct number from event where kind = 19 and complaint_id in (%s, %s)", uuid(main), uuid(alias))
    assert len(numbers) == 1, numbers
    stack.wait(decided, uuid(alias), seconds=10)
    stack.checks()


def test_who_only_supports_may_not_merge(stack, web, worker):
    text = fresh(BRIDGE)
    main, one = submit(stack, web, text), submit(stack, web, text)
    lead = take(stack, worker, one)
    assert act(worker, lead, "support", text="Mohon dibantu", t10=stack.agency("91.01/LH")) == ("done", None)
    helper = take(stack, worker, one, "91.01/LH")
    for name in ("link", "merge"):
        assert act(worker, helper, name, main) == ("stale", 10)
    assert act(worker, lead, "merge", main) == ("done", None)
    assert stack.sql("select distinct state from assignment where complaint_id = %s", uuid(one)) == [(7,)], "his work ends with it"
    assert act(worker, lead, "unmerge") == ("done", None)
    assert stack.sql("select count (*) from assignment where state = 1 and complaint_id = %s", uuid(one)) == [(2,)]
    stack.checks()


def test_two_at_once(stack, web, worker):
    """Each merged into the other at the same moment: one is, the other is not."""
    import threading
    text = fresh(BRIDGE)
    both = [submit(stack, web, text) for _ in range(2)]
    cases = [take(stack, worker, answer) for answer in both]
    peers, said = [stack.worker(), stack.worker()], {}
    for case, answer in zip(cases, both):
        if stack.sql("select state from assignment where complaint_id = %s", uuid(answer)) == [(2,)]:
            assert act(worker, case, "ack") == ("done", None)

    def go(at):
        said[at] = act(peers[at], cases[at], "merge", both[1 - at])
    threads = [threading.Thread(target=go, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdict for verdict, _ in said.values()) == ["done", "stale"]
    stack.checks()


def test_store_dies_with_acts_under_way(stack, web, worker):
    """Whatever the moment, a merge is whole or has not happened, and its repeat says so."""
    for delay in (0.0, 0.002, 0.005, 0.01, 0.03):
        text = fresh(BRIDGE)
        main, alias = submit(stack, web, text), submit(stack, web, text)
        case = take(stack, worker, alias)
        pid, key = stack["store"].process.pid, os.urandom(16)
        import threading
        killer = threading.Timer(delay, lambda pid=pid: os.kill(pid, signal.SIGKILL))
        killer.start()
        verdict, _ = worker.act(case, "merge", key=key, t13=bytes(main[2]), seconds=3)
        killer.join()
        stack["store"].process.wait()
        stack["store"].start()
        if verdict != "done":
            verdict, _ = worker.act(case, "merge", key=key, t13=bytes(main[2]), seconds=30)
        assert verdict == "done"
        assert stack.sql("select count (*) from event where kind = 51 and complaint_id = %s", uuid(alias)) == [(1,)]
        stack.checks()


# ---- the command


def command(stack, *arguments, language="en", stdin=""):
    done = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "-c", stack.settings, "--lang", language, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, input=stdin)
    return done.returncode, done.stdout


def test_command(stack, web, worker):
    """A person: shown what is alike and why, merges, sees where it went, undoes it, merges again by hand."""
    text = fresh("Rambu larangan parkir depan apotek tertutup spanduk, mobil berjejer di tikungan.")
    main, alias = submit(stack, web, text, place="91.71"), submit(stack, web, text, place="91.71")
    stack.wait(ALIKE, *pair(main, alias))
    status, said = command(stack, "duplicates", number_of(alias))
    assert status == 0 and number_of(main) in said and "words alike 1,000 of 1,000, the same regency or city, 0 days" in said
    status, said = command(stack, "duplicates", number_of(alias), language="id")
    assert "isi mirip 1.000 dari 1.000, kabupaten atau kota yang sama, selang 0 hari" in said
    assert command(stack, "duplicates", number_of(alias), "--agency", "92")[0] == 1
    assert command(stack, "duplicates")[0] == 64

    case = take(stack, worker, alias, "91.71/PUPR")
    assert act(worker, case, "ack") == ("done", None)
    city = ("--agency", "91.71/PUPR", "--as", "city")
    assert command(stack, "act", number_of(alias), *city, "merge")[0] == 65, "without --other"
    for language, meaning in (("en", "other: the other complaint cannot be named here"), ("id", "other: pengaduan yang satunya tidak dapat disebut")):
        status, said = command(stack, "act", number_of(alias), *city, "merge", "--other", number_of(alias), language=language)
        assert status == 1 and meaning in said
    status, said = command(stack, "act", number_of(alias), *city, "merge", "--other", number_of(main))
    assert status == 0, said
    status, said = command(stack, "track", number_of(alias))
    assert status == 0 and f"Goes on under number {number_of(main)}" in said and f"{number_of(main)}: assigned" in said
    status, said = command(stack, "track", number_of(main))
    assert "another complaint was merged into this one" in said and number_of(alias) not in said
    lines = [json.loads(line) for line in command(stack, "export", "decisions")[1].splitlines()]
    assert [line["state"] for line in lines if line["number"] == number_of(alias)] == ["merged"]
    status, said = command(stack, "act", number_of(alias), *city, "unmerge")
    assert status == 0, said
    status, said = command(stack, "work", *city, "--count", "1", "--wait", "5", stdin=f"g\n{number_of(main)}\ng\n")
    assert status == 0 and "words alike" in said and number_of(alias) in said, said
    assert column(stack, alias, "state") == 10
    stack.checks()


# ---- the checks, and no configuration


VIOLATIONS = {
    "alias": "update complaint set state = 10 where complaint_id = (select complaint_id from complaint where state = 4 limit 1)",
    "alias_work": "update assignment set state = 1, queued = true where complaint_id = (select complaint_id from merged limit 1)",
    "main_flag": "update complaint set flags = flags | 32 where complaint_id = (select complaint_id from complaint where flags & 34 = 0 limit 1)",
    "likeness_secret": "alter table complaint disable trigger user; update complaint set flags = flags | 4 where complaint_id = "
                       "(select other from likeness limit 1)",
    "likeness_order": "insert into likeness select other, complaint_id, at, score, reason from likeness limit 1",
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_check_finds(stack, name):
    with open(os.path.join(ROOT, "store", "sql", "check", name + ".sql"), encoding="utf-8") as file:
        check = file.read()
    connection = stack.postgres.connect()
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute(check)
        assert cursor.fetchall() == []
        cursor.execute(VIOLATIONS[name])
        cursor.execute(check)
        assert cursor.fetchall()
    connection.rollback()
    connection.close()


def test_no_days_find_nothing(stack, web):
    with open(stack.settings, encoding="utf-8") as file:
        settings = file.read()
    try:
        with open(stack.settings, "w", encoding="utf-8") as file:
            file.write(settings.replace("store:\n", "store:\n  likeness:\n    days: 0\n"))
        stack.restart("store")
        text = fresh("Papan nama sekolah tertutup dahan, tamu undangan kesasar ke lapangan bola.")
        one, other = submit(stack, web, text), submit(stack, web, text)
        time.sleep(3)
        assert not stack.sql("select 1 from print where complaint_id in (%s, %s)", uuid(one), uuid(other))
    finally:
        with open(stack.settings, "w", encoding="utf-8") as file:
            file.write(settings)
        stack.restart("store")
    stack.wait(ALIKE, *pair(one, other))
