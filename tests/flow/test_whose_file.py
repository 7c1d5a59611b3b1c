"""Whose a file is: named by who has brought it, opened by who has the case; and whose a word is, where two reports go on as one."""
import json
import os

import pytest

from adapter import new_code
from api import account
from content import digest, opened, upload
from desk_cases import held, placed
from desk_door import Browser, Program
from stack import DESK, Stack
from test_reply_files import links, pulled
from web import Visitor

UNIT, OTHER = "91.01/PUPR", "91.71/PUPR"
RIGHT, VALUE = 8, 15  # enum reject, enum reason
IS = "complaint_id = (select complaint_id from complaint where number_text (number) = %s)"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=(*DESK, "web"), workers={"unit": [UNIT]}) as running:
        yield running


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker("unit")


def test_a_machine_names_no_file(stack, web, worker, liaison):
    """It has no way to bring one.  By a digest that it knows, or has of a document that it has itself, it would have another agency's file
    opened with a case of its own, or learn whether anybody has sent that document."""
    theirs = b"Daftar hadir rapat, halaman tiga.\n"
    placed(stack, web, "Honor rapat tidak pernah dibayar", attachments=upload(stack, theirs))
    number = placed(stack, web, "Trotoar di depan kantor pos amblas")
    case = pulled(stack, worker, number)
    for file in (theirs, b"Yang tidak pernah dikirim siapa pun.\n"):
        for act, tags in (("progress", {}), ("answer", {}), ("close", {"t12": 1}), (19, {}), (64, {})):
            verdict, fields = worker.act(case, act, "Lihat lampiran.", t27=bytes.fromhex(digest(file)), **tags)
            assert (verdict, fields.get(4), fields.get(6)) == ("refused", VALUE, "attachments"), (act, verdict, fields)
        browser, where = Browser(stack, liaison), f"/cases/{number}"
        assert browser.get(where).status == 200 and opened(browser, f"{where}/files/{digest(file)}").status == 404
    assert worker.act(case, "park")[0] == "done"
    assert not stack.sql(f"select 1 from event where {IS} and data ? 'attachments'", number)
    stack.checks()


def test_an_adapter_names_no_file(stack):
    """Nor does a key that is no front's: what is there and what is not have one answer."""
    theirs = b"Kuitansi yang sudah dikirim orang lain.\n"
    placed(stack, stack.adapter(), "Kuitansi palsu di kantor desa itu", attachments=upload(stack, theirs))
    own = stack.adapter(front=None)
    for file in (bytes.fromhex(digest(theirs)), os.urandom(32)):
        verdict, fields = own.submit("Menebak sebuah berkas.", category=1, place="91.01.01", code=new_code(), attachments=[file])
        assert (verdict, fields[2], fields[3]) == ("reject", RIGHT, "attachments")
    assert not stack.sql("select 1 from content where body = 'Menebak sebuah berkas.'")


def test_an_agency_that_the_case_has_left(stack, web, liaison):
    """It reads what was said till then, and opens none of its files any more; who has it now does."""
    photo, code = b"Denah kebocoran di gudang.\n", new_code()
    number = held(stack, web, liaison, "Gudang obat bocor di tiga tempat", code=code, attachments=upload(stack, photo))
    where, file = f"/cases/{number}", digest(photo)
    before, after = Browser(stack, liaison), Browser(stack, stack.person(OTHER, "liaison"))
    assert links(before.get(where).text, where) == [file] and opened(before, f"{where}/files/{file}").bytes == photo
    assert after.get(f"{where}/files/{file}").status == 404
    other = stack.agency(OTHER)
    stack.sql(f"update assignment set state = 7, queued = false, lease_until = null, left_at = now () where {IS}", number)
    stack.sql(f"insert into assignment (complaint_id, due, version, agency, state, priority) select complaint_id, due_resolve, 1, %s, 1, priority from complaint where {IS}",
              other, number)
    stack.sql(f"update complaint set holder = %s where {IS}", other, number)
    page = before.get(where)
    assert page.status == 200 and "Gudang obat bocor" in page.text and links(page.text, where) == []
    shown = Program(stack, liaison).get(where).json
    assert not shown["case"].get("files") and not [event for event in shown["history"] if event.get("files")]
    assert before.get(f"{where}/files/{file}").status == 404
    assert links(after.get(where).text, where) == [file] and opened(after, f"{where}/files/{file}").bytes == photo
    own = Visitor(stack)
    assert links(own.opens(number, code), "/case") == [file]


def test_a_pull_names_what_came_with_the_complaint(stack, web, worker):
    """At once, where the store has the words still, and later from the row."""
    files = upload(stack, b"Surat pertama.\n", b"Surat kedua.\n")
    number = placed(stack, web, "Dua surat tanpa jawaban dari dinas", attachments=files)
    case = pulled(stack, worker, number)
    assert case["files"] == files
    assert worker.act(case, "release")[0] == "done"
    stack.restart("store")
    case = pulled(stack, worker, number)
    assert case["files"] == files
    assert worker.act(case, "park")[0] == "done"


def test_a_document_is_what_it_was_when_it_came(stack, web, liaison):
    """By its beginning, whatever follows: what was taken is opened, too."""
    log = json.dumps([{"pompa": at, "mati": "06:07:08"} for at in range(12000)]).encode()  # more than a text's beginning; JSON is not taken
    number = held(stack, web, liaison, "Catatan pompa air terlampir", attachments=upload(stack, log))
    answer = opened(Browser(stack, liaison), f"/cases/{number}/files/{digest(log)}")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain" and answer.bytes == log


def merged(stack, worker, main, alias):
    """Both cases by their numbers, the one joined to the other."""
    case = {}
    while not {main, alias} <= set(case):
        case |= {one["number"]: one for one in worker.pull([stack.agency(UNIT)], 10, wait=5000, lease=60000)}
    assert worker.act(case[alias], "merge", t13=case[main]["id"])[0] == "done"
    return case


def two_reports(stack, names, text):
    """Two cities' accounts, and what each was told of its report."""
    cities = [account(stack, name).live for name in names]
    return cities, [city.post("/reports", {"text": f"{text}, laporan {at}.", "category": 1, "place": "91.01.01", "anonymous": True, "secret": False}).json
                    for at, city in enumerate(cities)]


def test_who_submitted_the_main_one_reads_no_word_of_an_alias(stack, worker):
    """Feed and API tell that its reporter spoke, for the case may have come back by it, and not what; nor to who submitted the
    alias what was said to the main one's reporter alone."""
    cities, said = two_reports(stack, ("kota-utama", "kota-kedua"), "Lampu jembatan padam")
    main, alias = (one["number"] for one in said)
    case = merged(stack, worker, main, alias)
    words = {"text": "Saya Pak Budi, rumah biru di RT 4.", "access_code": said[1]["access_code"]}
    assert cities[1].post(f"/reports/{alias}/replies", words).status == 201
    assert cities[0].post(f"/reports/{main}/replies", {"text": "Masih gelap.", "access_code": said[0]["access_code"]}).status == 201
    stack.wait(f"select 1 from event where {IS} and kind = 32 having count (*) = 2", main)
    version, = stack.sql(f"select version from assignment where {IS} and lead", main)[0]
    assert worker.act(case[main], "progress", "Untuk Anda saja: nomor meter Anda keliru.", version=version, t21=2)[0] == "done"
    for number, city in zip((main, alias), cities):
        events, _ = city.until("", lambda events, of=number: [event for event in events if event["number"] == of] if any(
            event["type"] in ("progress", "followed") for event in events) else None)
        own = city.get(f"/reports/{number}").json
        assert (own.get("main"), own.get("main_state")) == ((main, "in_progress") if number == alias else (None, None)) and own["due_resolve"]
        for told in (events, own["events"]):
            replies = [(event.get("text"), event.get("alias")) for event in told if event["type"] == "reply"]
            assert sorted(replies, key=str) == sorted([(None, True), ("Masih gelap.", None)] if number == main else [(words["text"], None)], key=str)
            assert "Untuk Anda saja" not in str(told) and ("Pak Budi" in str(told)) == (number == alias)
    stack.checks()


def test_the_main_one_is_open_again(stack, worker):
    """By the reporter of an alias: the page of its own says so, as the notice does, and no word of the other one's."""
    first, second = Visitor(stack), Visitor(stack)
    (main, code), (alias, other_code) = (who.report(f"Pagar stadion roboh, {side}.", place="91.01.01", category="1") for who, side in ((first, "sisi timur"), (second, "di timur")))
    case = merged(stack, worker, main, alias)
    version, = stack.sql(f"select version from assignment where {IS} and lead", main)[0]
    verdict, fields = worker.act(case[main], "answer", "Pagar sudah ditegakkan.", version=version)
    assert verdict == "done" and worker.act(case[main], "close", "Selesai.", version=fields[5], t12=1)[0] == "done"
    assert '<span class="tag">Selesai</span>' in first.opens(main, code) and second.opens(alias, other_code)
    fields = second.get("/case").fields()
    word = {"token": fields["token"], "created": fields["created"], "do": "reopen", "text": "Roboh lagi di depan rumah saya, Pak Wiryo."}
    assert second.post("/case", word).status == 303
    stack.wait(f"select 1 from event where {IS} and kind = 37", main)
    page = first.opens(main, code)
    assert '<span class="tag">Dibuka lagi, menunggu instansi</span>' in page and "Dibuka lagi oleh pelapor lain" in page
    assert "Wiryo" not in page and "Anda buka lagi" not in page
    own = second.opens(alias, other_code)
    assert "Anda buka lagi" in own and "Pak Wiryo" in own and "oleh pelapor lain" not in own
    stack.checks()


def test_a_word_that_does_not_say_whose_it_is(stack, worker):
    """Events of before 0158 do not: who submitted the alias is not told their words."""
    cities, said = two_reports(stack, ("kota-lama", "kota-baru"), "Lampu taman padam")
    main, alias = (one["number"] for one in said)
    case = merged(stack, worker, main, alias)
    version, = stack.sql(f"select version from assignment where {IS} and lead", main)[0]
    assert worker.act(case[main], "progress", "Teknisi datang besok.", version=version)[0] == "done"

    def told():
        feed = cities[1].until("", lambda events: [event for event in events if event["number"] == alias] if any(event["type"] == "followed" for event in events) else None)[0]
        return [[event.get("text") for event in of if event["type"] == "followed"] for of in (feed, cities[1].get(f"/reports/{alias}").json["events"])]
    assert told() == [["Teknisi datang besok."]] * 2
    stack.rewrite("update event set data = data - 'private' where kind = 53")
    assert told() == [[None]] * 2
    stack.checks()
