"""Files that a reporter sends with a later word: by every door they come to whoever has the case and back to him, to nobody else, and
stay as long as the case does."""
import base64
import contextlib
import os
import re
import time

import pytest

from adapter import new_code
from api import account
from content import digest, everywhere, in_first_folder, kept, names, opened, photo_with, upload
from desk_cases import placed
from desk_door import Browser, Program
from graph import Graph, payload, post, said
from mail import bring, mail, parts
from spoolbench import wait
from stack import DESK, Stack
from web import Visitor, holder_says

UNIT = "91.01/PUPR"
MARK = "KameraBalasan77"
STATED = "select e.data ->> 'attachments' from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = %s"


@pytest.fixture(scope="module")
def graph():
    with Graph() as running:
        yield running


@pytest.fixture(scope="module")
def stack(folder, graph):
    with Stack(folder, programs=(*DESK, "web"), web=graph.settings(folder) + "  mail: {address: aduan@example.go.id}\n") as running:
        yield running


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


def stored(stack, words):
    return stack.wait("select number_text (c.number) from complaint c join content t using (complaint_id) where t.body = %s and c.holder is not null", words)[0][0]


def reader(stack, number):
    """Somebody of the agency that has the case."""
    (holder,), = stack.wait("select a.code from complaint c join agency a on a.agency_id = c.holder where number_text (c.number) = %s", number)
    return stack.person(holder, "liaison")


def pulled(stack, worker, number):
    while (case := worker.pull([stack.agency(UNIT)], 1, wait=5000, lease=60000)[0])["number"] != number:
        worker.act(case, "park")
    return case


class Officer:
    """A person of the unit who pulls and acts as a worker does: through a front, which has taken his files."""

    def __init__(self, stack):
        self.front, self.who = stack.front(), stack.person(UNIT, "agency_admin")

    def pull(self, *asked, **more):
        return self.front.pull_as(self.who, *asked, **more)

    def act(self, *said, **more):
        return self.front.act_as(self.who, *said, **more)


def says(visitor, doing, text, files, **more):
    """A word on the case that the browser follows, with files."""
    fields = visitor.get("/case").fields()
    answer = visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": doing, "text": text, **more},
                          [("photo", "berkas", data) for data in files])
    assert answer.status == 303, answer.text


def links(text, before):
    return re.findall(f'href="{before}/files/([0-9a-f]{{64}})"', text)


def known(stack, number, kind=32):
    """The digests that the newest event of a kind names, once it is there."""
    return re.findall(".{64}", stack.wait(f"{STATED} order by e.number desc", number, kind)[0][0] or "")


# ---- the doors: each says a case's number, its code where it is told one, and what came with the reply

def by_form(stack, visitor, _graph, files):
    number, code = visitor.report("Saluran air depan pasar tersumbat.")
    stored(stack, "Saluran air depan pasar tersumbat.")
    says(visitor, "reply", "Foto menyusul.", files)
    return number, code


def by_api(stack, _visitor, _graph, files):
    city = account(stack, "kota-balasan").live
    taken = city.post("/reports", {"text": "Rambu di simpang tiga roboh.", "anonymous": True, "secret": False}).json
    stored(stack, "Rambu di simpang tiga roboh.")
    handles = [city.put("/files", data).json["digest"] for data in files]
    said_so = city.post(f"/reports/{taken['number']}/replies", {"text": "Foto menyusul.", "access_code": taken["access_code"], "attachments": handles})
    assert said_so.status == 201, said_so.text
    return taken["number"], taken["access_code"]


def by_whatsapp(stack, visitor, graph, files):
    sender = "6281234500901"
    post(visitor, payload(said("Pagar makam roboh kena hujan.", sender=sender)))
    number = stored(stack, "Pagar makam roboh kena hujan.")
    graph.media["990100"] = files[0]
    assert post(visitor, payload(said(type="image", sender=sender, image={"id": "990100", "mime_type": "image/jpeg", "caption": f"{number} menyusul."}))).status == 200
    return number, None


def by_mail(stack, visitor, _graph, files):
    sender = "tono@example.org"
    bring(visitor, mail("Atap halte bocor sejak lama.", sender=sender))
    number = stored(stack, "Atap halte bocor sejak lama.")
    pieces = [("Content-Type: text/plain", b"Foto menyusul."),
              ("Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=a.jpg", base64.encodebytes(files[0]))]
    assert bring(visitor, parts(*pieces, sender=sender, subject=f"Re: laporan {number}")).status == 200
    return number, None


def by_adapter(stack, _visitor, _graph, files):
    web, code = stack.adapter(), new_code()
    number = placed(stack, web, "Papan nama gang patah dua.", code=code)
    assert web.submit("Foto menyusul.", kind=2, parent=number, code=code, attachments=upload(stack, *files))[0] == "accepted"
    return number, code


@pytest.mark.parametrize("door, at", [(by_form, 1), (by_api, 2), (by_whatsapp, 3), (by_mail, 4), (by_adapter, 5)], ids=lambda one: getattr(one, "__name__", ""))
def test_by_every_door(stack, graph, visitor, door, at):
    files = [photo_with(MARK, at)] if door in (by_whatsapp, by_mail) else [photo_with(MARK, at), f"Catatan menyusul {at}.\n".encode()]
    want = [digest(data) for data in files]
    number, code = door(stack, visitor, graph, files)
    assert known(stack, number) == want
    assert sorted(row[0] for row in stack.sql("select encode (f.digest, 'hex') from named_file f join complaint c using (complaint_id)"
                                              " where number_text (c.number) = %s", number)) == sorted(want)
    # whoever has it
    liaison = reader(stack, number)
    browser, where = Browser(stack, liaison), f"/cases/{number}"
    assert links(browser.get(where).text, where) == want
    shown = Program(stack, liaison).get(where).json
    assert [file["digest"] for event in shown["history"] for file in event["files"]] == want
    answer = opened(browser, f"{where}/files/{want[0]}")
    assert answer.status == 200 and answer.bytes.startswith(b"\xff\xd8") and MARK.encode() not in answer.bytes
    assert Browser(stack, stack.person("91.71/KES", "liaison")).get(f"{where}/files/{want[0]}").status == 404
    # its reporter, by his code alone
    assert Visitor(stack).get(f"/case/files/{want[0]}").status != 200
    if code:
        own = Visitor(stack)
        assert links(own.opens(number, code), "/case") == want
        assert opened(own, f"/case/files/{want[-1]}").bytes == files[-1]
        assert own.get(f"/case/files/{digest(b'lain')}").status == 404
    wait(lambda: names(stack.folder, "box") == [], 20, "the originals are gone")
    assert not any(MARK.encode() in data for _, data in everywhere(stack))


def test_the_rest_of_a_long_reply(stack, visitor):
    """What a mail has too much goes on in a file: of a reply as of a report."""
    sender, words = "tini@example.org", "Kata demi kata tentang halte itu. " * 400
    bring(visitor, mail("Halte tanpa lampu di malam hari.", sender=sender))
    number = stored(stack, "Halte tanpa lampu di malam hari.")
    bring(visitor, mail(words, sender=sender, subject=f"Re: laporan {number}"))
    file, = known(stack, number)
    where = f"/cases/{number}"
    browser = Browser(stack, reader(stack, number))
    assert browser.get(where).status == 200 and words.strip()[-60:].encode() in opened(browser, f"{where}/files/{file}").bytes


def test_whatever_he_says(stack, visitor, worker):
    """An answer to a question, a rating, a reopening: each has its own; the pull that follows names them, and the acts' files, too."""
    code, web = new_code(), stack.adapter()
    number = placed(stack, web, code=code, secret=1)
    assert visitor.opens(number, code)
    notes = {kind: f"Berkas untuk {kind}.\n".encode() for kind in ("complete", "rate", "reopen")}
    holder_says(stack, worker, number, [("ask", "Di sisi mana?", {})])
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 3", number)
    says(visitor, "complete", "Sisi utara.", [notes["complete"]])
    assert known(stack, number, 33) == [digest(notes["complete"])]
    letter = b"Surat jawaban dinas.\n"
    holder_says(stack, Officer(stack), number, [("answer", "Sudah diperbaiki.", {"t27": upload(stack, letter)[0]}), ("close", "Selesai.", {"t12": 1})])
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 7", number)
    says(visitor, "rate", "Belum rata.", [notes["rate"]], rating="2")
    assert known(stack, number, 34) == [digest(notes["rate"])]
    says(visitor, "reopen", "Amblas lagi.", [notes["reopen"]])
    assert known(stack, number, 37) == [digest(notes["reopen"])]
    case = pulled(stack, worker, number)
    want = [("completion", digest(notes["complete"])), ("answer", digest(letter)), ("rating", digest(notes["rate"])), ("reopening", digest(notes["reopen"]))]
    assert [(entry["kind"], file.hex()) for entry in case["history"] for file in entry["files"]] == want
    assert sorted(set(links(visitor.get("/case").text, "/case"))) == sorted(file for _, file in want)
    worker.act(case, "park")
    stack.checks()


def test_an_aliass_reporter_shows_his_to_the_agency_alone(stack):
    """His reply goes to the main complaint, and its files to who has that: not to its own reporter."""
    worker, web, codes = Officer(stack), stack.adapter(), (new_code(), new_code())
    main, alias = (placed(stack, web, f"Lampu simpang padam, laporan {at}.", code=code, secret=1) for at, code in enumerate(codes))
    cases = {case["number"]: case for case in worker.pull([stack.agency(UNIT)], 10, wait=5000, lease=60000)}
    assert worker.act(cases[alias], "merge", t13=cases[main]["id"])[0] == "done"
    note = b"Catatan pelapor kedua.\n"
    assert web.submit("Masih padam.", kind=2, parent=alias, code=codes[1], attachments=upload(stack, note))[0] == "accepted"
    assert known(stack, main) == known(stack, alias) == [digest(note)]
    where = f"/cases/{main}"
    browser = Browser(stack, reader(stack, main))
    assert links(browser.get(where).text, where) == [digest(note)] and opened(browser, f"{where}/files/{digest(note)}").bytes == note
    first, second = Visitor(stack), Visitor(stack)
    assert links(first.opens(main, codes[0]), "/case") == [] and first.get(f"/case/files/{digest(note)}").status == 404
    assert "Masih padam." not in first.get("/case").text, "somebody else's words"
    assert "Masih padam." in second.opens(alias, codes[1])
    # as before its events had a mark
    stack.rewrite("update event set data = nullif (data - 'alias', '{}') where data ? 'alias'")
    assert "Masih padam." not in first.get("/case").text
    assert links(second.opens(alias, codes[1]), "/case") == [digest(note)] and opened(second, f"/case/files/{digest(note)}").bytes == note
    # what the agency sends to the main one's reporter is sent to him; his rating is his own
    letter = b"Surat dinas untuk keduanya.\n"
    assert worker.act(cases[main], "progress", "Lihat surat.", t27=upload(stack, letter)[0])[0] == "done"
    assert links(first.get("/case").text, "/case") == [digest(letter)] and set(links(second.get("/case").text, "/case")) == {digest(note), digest(letter)}
    cases[main]["version"] += 1
    assert worker.act(cases[main], "close", "Sudah menyala.", t12=1)[0] == "done"
    thanks = b"Foto lampu menyala.\n"
    assert web.submit("", kind=4, parent=alias, code=codes[1], rating=5, attachments=upload(stack, thanks))[0] == "accepted"
    assert known(stack, alias, 34) == [digest(thanks)] and not stack.sql(STATED, main, 34)
    stack.checks()


def test_an_aliass_page_tells_how_it_goes_on(stack):
    """As the main one's page does: how it stands, who has it, its deadlines, and what was answered, before the merge, too.  What is said to
    the main one's reporter alone is told him without its words and files; and no file of before, for the public has none."""
    worker, web, codes = Officer(stack), stack.adapter(), (new_code(), new_code())
    main, alias = (placed(stack, web, f"Trotoar depan stasiun berlubang, laporan {at}.", code=code, secret=1) for at, code in enumerate(codes))
    cases = {case["number"]: case for case in worker.pull([stack.agency(UNIT)], 10, wait=5000, lease=60000)}
    first, second = Visitor(stack), Visitor(stack)

    def act(number, name, text="", file=None, **tags):
        files = {"t27": upload(stack, file)[0]} if file else {}
        verdict, fields = worker.act(cases[number], name, text, **files, **tags)
        assert verdict == "done", (name, verdict, fields)
        cases[number]["version"] = fields[5]

    def stands():
        page = second.opens(alias, codes[1])
        return re.search(r'<span class="tag">(.*?)</span>', page)[1], page
    early, late, aside = b"Denah lama.\n", b"Denah baru.\n", b"Surat untuk pelapor utama.\n"
    act(main, "answer", "Tambal dijadwalkan Rabu.", early)
    act(main, "progress", "Khusus Anda: tagihan atas nama Bu Ratna.", early, t21=2)
    act(alias, "merge", t13=cases[main]["id"])
    tag, page = stands()
    assert tag == "Sudah dijawab" and f"nomor {main}" in page and "Dinas Pekerjaan Umum" in page
    assert page.count("Tambal dijadwalkan Rabu.") == 1 and "paling lambat" in page, page
    assert "Bu Ratna" not in page and links(page, "/case") == [] and second.get(f"/case/files/{digest(early)}").status == 404
    act(main, "progress", "Khusus Anda: kunci pagar Bu Ratna.", aside, t21=2)
    act(main, "answer", "Tambalan selesai.", late)
    tag, page = stands()
    assert tag == "Sudah dijawab" and page.count("Tambalan selesai.") == 1 and page.count("Tambal dijadwalkan Rabu.") == 1
    assert "Bu Ratna" not in page and "Isinya hanya untuk pelapor laporan utama." in page
    assert set(links(page, "/case")) == {digest(late)} and second.get(f"/case/files/{digest(aside)}").status == 404
    assert set(links(first.opens(main, codes[0]), "/case")) == {digest(early), digest(aside), digest(late)} and "kunci pagar Bu Ratna" in first.get("/case").text
    # as a store of before wrote it
    stack.rewrite("update event set text = 'Bu Ratna', data = data || jsonb_build_object ('attachments', %s::text) where kind = 53 and data ->> 'private' = 'true'", digest(aside))
    page = stands()[1]
    assert "Bu Ratna" not in page and set(links(page, "/case")) == {digest(late)} and second.get(f"/case/files/{digest(aside)}").status == 404
    # the other one opens it again
    act(main, "close", "Sudah rata.", t12=1)
    tag, page = stands()
    assert tag == "Selesai" and "Hasilnya: sudah diperbaiki" in page, page
    assert web.submit("Amblas lagi, kata Bu Ratna.", kind=7, parent=main, code=codes[0])[0] == "accepted"
    stack.wait(STATED, main, 37)
    tag, page = stands()
    assert tag == "Dibuka lagi, menunggu instansi" and "oleh pelapor lain" in page and "Bu Ratna" not in page and "Anda buka lagi" not in page
    # apart it is no business of his
    act(alias, "unmerge")
    tag, page = stands()
    assert "Tambal dijadwalkan Rabu." not in page and "oleh pelapor lain" not in page and "Tambalan selesai." in page, "what was said to him was said"
    stack.checks()


def test_words_that_wait_for_a_router_show_nothing_yet(stack):
    """What may accuse the holder is not his to see, and no more is the picture of it."""
    web, code = stack.adapter(), new_code()
    number = placed(stack, web, code=code, secret=1)
    note = b"Kuitansi tanpa cap.\n"
    assert web.submit("Ini kuitansinya.", kind=2, parent=number, code=code, attachments=upload(stack, note))[0] == "accepted"
    assert known(stack, number) == [digest(note)]
    browser, own, where, file = Browser(stack, reader(stack, number)), Visitor(stack), f"/cases/{number}", digest(note)

    def seen():
        return [links(browser.get(where).text, where), opened(browser, f"{where}/files/{file}").status,
                links(own.opens(number, code), "/case"), opened(own, f"/case/files/{file}").status]
    assert seen() == [[file], 200, [file], 200]
    held = "complaint_id = (select complaint_id from complaint where number_text (number) = %s)"
    stack.sql("insert into returned (complaint_id, event, since, words, newest, was) select complaint_id, events, now (), events, events, state"
              " from complaint where number_text (number) = %s", number)
    assert seen() == [[], 404, [], 404]
    stack.sql(f"delete from returned where {held}", number)
    assert seen() == [[file], 200, [file], 200]


def test_what_the_case_could_not_take(stack, visitor):
    """Of two words that exclude each other one is refused: it is told to him, and so is its file, to him alone, as long as the row is kept."""
    notes, stranger = [in_first_folder(f"Bukti {at}") for at in range(2)], in_first_folder("Berkas orang lain")
    number, code = visitor.report("Bangku taman patah semua.")
    stored(stack, "Bangku taman patah semua.")
    stack["store"].stop()
    try:
        for at, note in enumerate(notes):
            says(visitor, "withdraw", f"Sudah diganti, kata {at}.", [note])
        web = stack.adapter()
        assert web.submit("Kode yang salah.", kind=2, parent=number, code=new_code(), attachments=upload(stack, stranger))[0] == "accepted"
    finally:
        stack["store"].start()
    stack.wait("select 1 from refused where parent = number_bits (%s) having count (*) = 2", number)
    (word,), = stack.sql("select said from refused where parent = number_bits (%s) and reason = 'state'", number)
    note, taken = (notes[at] for at in ((0, 1) if "kata 0" in word else (1, 0)))
    own = Visitor(stack)
    page = own.opens(number, code)
    assert links(page[page.index('id="h_unheard"'):page.index('id="h_history"')], "/case") == [digest(note)]
    assert links(page, "/case") == [digest(note), digest(taken)]
    assert opened(own, f"/case/files/{digest(note)}").bytes == note and own.get(f"/case/files/{digest(stranger)}").status == 404
    where = f"/cases/{number}"
    browser = Browser(stack, reader(stack, number))
    assert links(browser.get(where).text, where) == [digest(taken)] and browser.get(f"{where}/files/{digest(note)}").status == 404
    swept(stack, [note, taken], [stranger])
    stack.sql("delete from refused where parent = number_bits (%s)", number)
    swept(stack, [taken], [note])


def swept(stack, stay, go):
    """40 days later, as the content store looks: what it leaves, and what it takes."""
    folder, old = os.path.join(stack.folder, "files", "00"), time.time() - 40 * 86400
    for name in names(stack.folder, "00"):  # what was made old before is young again: else it is gone with the first sweep, before it is seen
        with contextlib.suppress(FileNotFoundError):
            os.utime(os.path.join(folder, name))
    stack.restart("desk")  # it keeps what waits as it starts, and sweeps
    wait(lambda: {digest(data) for data in (*stay, *go)} <= set(kept(stack)), 30, "they are kept")
    # where aduan-query cannot be asked yet, the first folder's turn comes again a day later, or with the next start; and what is
    # still being taken out of its box is new
    for _ in range(5):
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # its copy has come
                os.utime(os.path.join(folder, name), (old, old))
        stack.restart("desk")
        deadline = time.monotonic() + 6
        while {digest(data) for data in go} & set(kept(stack)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if time.monotonic() < deadline:
            break
    assert not {digest(data) for data in go} & set(kept(stack)), "what nothing names stays"
    assert {digest(data) for data in stay} <= set(kept(stack))


def test_the_sweep_leaves_a_replys_file(stack):
    web, code = stack.adapter(), new_code()
    number = placed(stack, web, code=code)
    note, orphan = (in_first_folder(text) for text in ("Catatan balasan", "Catatan tanpa laporan"))
    assert web.submit("Ini catatannya.", kind=2, parent=number, code=code, attachments=upload(stack, note))[0] == "accepted"
    assert known(stack, number) == [digest(note)]
    assert web.submit("Menekan tombol.", kind=10, parent=number, attachments=upload(stack, orphan))[0] == "accepted"
    swept(stack, [note], [orphan])
