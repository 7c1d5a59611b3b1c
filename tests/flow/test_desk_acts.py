"""What people do at the desk takes effect once, on what they saw, and loses no word of theirs; programs and workers see the
same case."""
import concurrent.futures
import io
import os
import re

import pytest
from PIL import Image

from conftest import Stack
from content import CANARIES, bomb, camera_photo, digest, everywhere, kept, names, opened, picture, png
from desk_cases import held, placed
from desk_door import Browser, Program
from stack import DESK

PNG = png(picture(3, 2))


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, workers={"unit": ["91.01/PUPR"]}) as running:
        yield running


def events(stack, number, kind):
    return stack.sql("select e.text, w.login from event e join complaint c using (complaint_id) left join person w on w.principal_id = e.principal "
                     "where number_text (c.number) = %s and e.kind = %s order by e.at", number, kind)


def test_a_program_a_worker_and_a_person_see_the_same_case(stack, web, liaison):
    program, worker, browser = Program(stack, liaison), stack.worker("unit"), Browser(stack, liaison)
    number = held(stack, web, liaison)
    case = program.get(f"/cases/{number}").json
    said = {"id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"]}
    done = program.post(f"/cases/{number}/acts", {**said, "act": "progress", "text": "Kami periksa."})
    assert done.status == 200, done.text
    assert program.post(f"/cases/{number}/acts", {**said, "version": done.json["version"], "act": "release"}).status == 200
    # over ZeroMQ, from PROTOCOL.md alone: the same number, the same words, what was said since
    (theirs,) = worker.pull([stack.agency("91.01/PUPR")], wait=5000)
    assert theirs["number"] == number and [(h["kind"], h["text"]) for h in theirs["history"]][-1] == ("progress", "Kami periksa.")
    verdict, fields = worker.act(theirs, "ack")
    assert verdict == "done"
    verdict, fields = worker.act(theirs, "progress", "Alat berat dikirim.", version=fields[5])
    assert verdict == "done"
    # and back: JSON and page show what the worker said, and who has it
    seen = program.get(f"/cases/{number}").json
    assert [(h["kind"], h["text"]) for h in seen["history"] if h["text"]] == [(16, "Kami periksa."), (16, "Alat berat dikirim.")]
    assert seen["own"]["version"] == fields[5] and seen["own"]["work"] == 3
    assert "Alat berat dikirim." in browser.get(f"/cases/{number}").text
    assert program.post(f"/cases/{number}/acts", {**said, "act": "answer", "text": "x"}).json["code"] == "act_version"
    answered = program.post(f"/cases/{number}/acts", {**said, "version": seen["own"]["version"], "act": "answer", "text": "Sudah ditambal."})
    assert answered.status == 200
    assert worker.act(theirs, "answer", "terlambat", version=fields[5])[0] == "stale"
    assert events(stack, number, 17) == [("Sudah ditambal.", liaison.login)]


def test_a_double_click_acts_once(stack, web, liaison):
    browser = Browser(stack, liaison)
    number = held(stack, web, liaison)
    form = browser.get(f"/cases/{number}").form(f"/cases/{number}", "answer")
    with concurrent.futures.ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: browser.post(form, "answer", text="Sekali saja."), range(8)))
    assert {(a.status, a.location) for a in answers} == {(303, f"/cases/{number}?said=answer")}
    assert events(stack, number, 17) == [("Sekali saja.", liaison.login)]
    # the same form's other button is no repeat of it
    other = browser.post(form, "progress", text="Lain.")
    assert other.status == 409 and "dipakai untuk hal lain" in other.text and "Lain." in other.text
    assert len(events(stack, number, 17)) == 1


def test_what_was_typed_is_not_lost(stack, web, liaison):
    browser, words = Browser(stack, liaison), "Jawaban panjang yang saya ketik <lama> & susah payah"
    number = held(stack, web, liaison)
    form = browser.get(f"/cases/{number}").form(f"/cases/{number}", "answer")
    assert browser.post(browser.get(f"/cases/{number}").form(f"/cases/{number}", "ack"), "ack").status == 303
    stale = browser.post(form, "answer", text=words)
    assert stale.status == 409 and "berubah sementara itu" in stale.text and f'href="/cases/{number}"' in stale.text
    assert "Jawaban panjang yang saya ketik &lt;lama&gt; &amp; susah payah</textarea>" in stale.text
    # neither where the store is away, nor where the session ended meanwhile
    form = browser.get(f"/cases/{number}").form(f"/cases/{number}", "answer")
    stack["router"].stop()
    down = browser.post(form, "answer", text=words)
    assert down.status == 503 and "susah payah" in down.text
    stack["router"].start()
    assert events(stack, number, 17) == []
    who = stack.person("91.01/PUPR", "liaison")
    other = Browser(stack, who)
    form = other.get(f"/cases/{number}").form(f"/cases/{number}", "answer")
    stack.sql("delete from session where principal_id = %s", who.number)
    over = other.post(form, "answer", text=words)
    assert over.status == 401 and "susah payah" in over.text and events(stack, number, 17) == []


def test_many_at_once_each_with_its_result(stack, web, liaison):
    browser = Browser(stack, liaison)
    numbers = [held(stack, web, liaison) for _ in range(3)]
    page = browser.get("/inbox?view=mine")
    marks = {mark.split()[-1]: mark for mark in re.findall(r'name="mark" value="([^"]+)"', page.text)}
    assert set(numbers) <= set(marks)
    # one of them moves on meanwhile
    case = Program(stack, liaison).get(f"/cases/{numbers[1]}").json
    Program(stack, liaison).post(f"/cases/{numbers[1]}/acts", {"act": "ack", "id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"]})
    fields = {**page.form("/bulk").fields, "act": "progress", "text": "Dijadwalkan pekan ini.", "mark": [marks[number] for number in numbers] + ["nonsense", "1 2 3"]}
    first = browser.send("/bulk", fields)
    rows = dict(re.findall(r'<a href="/cases/(\w+)">\w+</a>\s*<span class="tag (good|bad)">', first.text))
    assert rows == {numbers[0]: "good", numbers[1]: "bad", numbers[2]: "good"} and "berubah sementara itu" in first.text
    again = browser.send("/bulk", fields)
    assert dict(re.findall(r'<a href="/cases/(\w+)">\w+</a>\s*<span class="tag (good|bad)">', again.text)) == rows
    assert [len(events(stack, number, 16)) for number in numbers] == [1, 0, 1]
    assert browser.send("/bulk", {**fields, "mark": []}).status == 200
    assert Browser(stack, stack.person("91.71/PUPR", "liaison")).get("/inbox").status == 200


def test_many_are_closed_or_handed_on(stack, web):
    """With the fields that each act needs, which stand in one form; each case has its result, and a repeat does nothing more."""
    admin = stack.person("91.01/PUPR", "agency_admin")
    browser = Browser(stack, admin)

    def bulk(numbers, act, **fields):
        page = browser.get("/inbox?view=mine&agency=91.01/PUPR")
        marks = {mark.split()[-1]: mark for mark in re.findall(r'name="mark" value="([^"]+)"', page.text)}
        form = {**page.form("/bulk").fields, "act": act, "mark": [marks[number] for number in numbers], **fields}
        first = browser.send("/bulk", form)
        if first.status == 200:
            assert first.text.split("<main")[1].split("csrf")[0] == browser.send("/bulk", form).text.split("<main")[1].split("csrf")[0]
        return first

    def results(page):
        return [kind for _, kind in re.findall(r'<a href="/cases/(\w+)">\w+</a>\s*<span class="tag (good|bad)">', page.text)]
    numbers = [held(stack, web, admin) for _ in range(6)]
    closed, back, named = numbers[:2], numbers[2:4], numbers[4:]
    # Enter in a field of the form is no act
    page = bulk(named, "", text="Belum selesai mengetik")
    assert page.status == 422 and "Belum selesai mengetik" in page.text and "Pilih tindakannya" in page.text
    assert browser.get("/inbox").text.split('id="bulk"')[1].index('name="act" value="" hidden') < browser.get("/inbox").text.split('id="bulk"')[1].index('value="progress"')
    # what is not said, or comes before any word of progress, is refused for each, and nothing has happened
    assert results(bulk(closed, "close", text="Sudah ditambal.", resolution="1")) == ["bad", "bad"]
    assert results(bulk(closed, "progress", text="Sedang ditambal.")) == ["good", "good"]
    assert results(bulk(closed, "close", text="Sudah ditambal.")) == ["bad", "bad"] and results(bulk(closed, "close", resolution="1")) == ["bad", "bad"]
    assert results(bulk(closed, "close", text="Sudah ditambal.", resolution="1", back="3", to="tidak ada")) == ["good", "good"]
    rows = stack.sql("select e.data ->> 'reason', e.text from event e join complaint c using (complaint_id) where number_text (c.number) = any (%s) and e.kind = 22", closed)
    assert rows == [("1", "Sudah ditambal.")] * 2
    # an agency that there is not, or that is not clear, is said before anything is done; what was typed is kept
    for to in ("tidak ada begitu", "dinas lingkungan hidup"):
        page = bulk(back, "hand_back", text="Bukan di sini.", back="1", to=to)
        assert page.status == 422 and "Bukan di sini." in page.text and "tulis kodenya" in page.text
    assert results(bulk(back, "hand_back", text="Bukan di sini.", back="1", to="91.01/lh")) == ["good", "good"]
    assert [len(events(stack, number, 19)) for number in back] == [1, 1]
    lh = stack.agency("91.01/LH")
    assert stack.sql("select distinct (e.data ->> 'suggested')::int from event e join complaint c using (complaint_id) where number_text (c.number) = any (%s) and e.kind = 19", back) == [(lh,)]
    assert results(bulk(named, "hand_back", text="Bukan di sini.", back="2", to="Lingkungan Hidup Kabupaten Arjuna")) == ["good", "good"]
    # handing down is what an agency does with its own units: here there are none, and each case says so
    more = [held(stack, web, admin) for _ in range(2)]
    assert results(bulk(more, "assign", to="91.01/KES")) == ["bad", "bad"]
    stack.sql("insert into agency (code, parent, kind, flags, name, zone) select '91.01/PUPR/BARAT', agency_id, 'subunit', '-', 'Balai Barat', 9 from agency where code = '91.01/PUPR'")
    stack.sql("select agency_derive ()")
    assert results(bulk(more, "assign", text="Mohon ditangani.", to="91.01/PUPR/BARAT")) == ["good", "good"]
    assert stack.sql("select count (*) from assignment w join complaint c using (complaint_id) join agency a on a.agency_id = w.agency "
                     "where a.code = '91.01/PUPR/BARAT' and w.lead and number_text (c.number) = any (%s)", more) == [(2,)]


def test_the_history_says_why_it_ended(stack, web):
    """In the words of what ended it: a resolution of one that was closed, an ending of one that was archived, not a hand-back's reason."""
    admin = stack.person("91.01/PUPR", "agency_admin")
    closed, archived = held(stack, web, admin), held(stack, web, admin)
    browser, program = Browser(stack, admin), Program(stack, admin)

    def act(number, name, **fields):
        case = program.get(f"/cases/{number}").json
        said = {"act": name, "id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"], "text": "Kata akhir.", **fields}
        assert program.post(f"/cases/{number}/acts", said).status == 200
    act(closed, "progress")
    act(closed, "close", reason=1)
    act(archived, "archive", ending=2)
    for number, right, wrong in ((closed, "sudah diperbaiki", "bukan tugas kami"), (archived, "tidak ada bukti", "kewenangan tingkat pemerintahan lain")):
        history = browser.get(f"/cases/{number}").text.split('class="history"')[1].split("</ol>")[0]
        assert right in history and wrong not in history
    events = {event["kind"]: event for number in (closed, archived) for event in program.get(f"/cases/{number}").json["history"]}
    assert events[22]["resolution"] == "1" and events[26]["ending"] == "2" and events[22]["ending"] is None


def test_a_lease_is_renewed(stack, web, liaison):
    browser = Browser(stack, liaison)
    number = held(stack, web, liaison)
    stack.sql("update assignment set lease_until = now () + interval '1 minute' from complaint c where c.complaint_id = assignment.complaint_id and number_text (c.number) = %s", number)
    fields = browser.get(f"/cases/{number}").form(f"/cases/{number}", "answer").fields
    said = {name: fields[name] for name in ("csrf", "id", "agency", "version")}
    answer = browser.send(f"/cases/{number}/lease", {**said, "act": "extend", "key": os.urandom(16).hex()})
    assert answer.status == 200 and answer.json["result"] == "done" and answer.json["version"] > int(fields["version"])
    ((left,),) = stack.sql("select extract (epoch from lease_until - now ())::int from assignment join complaint c using (complaint_id) where number_text (c.number) = %s", number)
    assert 540 < left <= 600
    assert browser.send(f"/cases/{number}/lease", {**said, "act": "extend", "key": os.urandom(16).hex()}).status == 409
    assert browser.send(f"/cases/{number}/lease", {**said, "act": "answer", "text": "x"}).status == 422


def test_attachments(stack, web, liaison):
    browser = Browser(stack, liaison)
    number = held(stack, web, liaison)
    where = f"/cases/{number}"

    def sent(files, text="Lihat lampiran."):
        return browser.post(browser.get(where).form(where, "progress"), "progress", files=files, text=text)

    refused = {"mz.png": b"MZ\x90\x00" + bytes(200), "page.txt": b"<!DOCTYPE html><html><script>alert(1)</script></html>", "x.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
               "run.txt": b"#!/bin/sh\nrm -rf /\n", "x.zip": b"PK\x05\x06" + bytes(18), "x.gz": bytes.fromhex("1f8b0800000000000003") + bytes(20)}
    for name, data in refused.items():
        answer = sent([(name, "image/png", data)])
        assert answer.status == 422 and "Yang bisa: JPEG, PNG" in answer.text and "Lihat lampiran." in answer.text, (name, answer.status)
    assert sent([(f"{i}.png", "image/png", PNG) for i in range(6)]).status == 413
    assert sent([("big.txt", "text/plain", b"a" * 10485761)]).status == 413
    assert events(stack, number, 16) == [] and kept(stack) == names(stack.folder, "new") == names(stack.folder, "part") == []
    done = sent([("../../etc/passwd", "text/html", PNG), ("catatan.txt", "x/y", "Catatan rapat".encode()), ("kosong", "x/y", b"")])
    assert done.status == 303, done.text
    digests = [digest(data) for data in (PNG, b"Catatan rapat")]
    page = browser.get(where)
    assert [f"{where}/files/{digest}" for digest in digests] == re.findall(r'href="(/cases/\w+/files/[0-9a-f]{64})"', page.text)
    for of, kind, ending in zip(digests, ("image/png", "text/plain"), ("png", "txt")):
        answer = opened(browser, f"{where}/files/{of}")
        assert answer.status == 200 and answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"] == f'attachment; filename="lampiran-{of[:8]}.{ending}"'
        assert "sandbox" in answer.headers["Content-Security-Policy"] and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers.get_all("Content-Security-Policy") == [answer.headers["Content-Security-Policy"]]
    assert answer.bytes == b"Catatan rapat"
    stored = kept(stack)
    assert f"{digests[0]}.copy" in stored and digests[1] in stored and len(stored) == 3  # the copy under its own digest, too
    # not by who may not read the case, not on another case, not what is no digest
    other = held(stack, web, liaison)
    for path in (f"/cases/{other}/files/{digests[0]}", f"{where}/files/{'0' * 64}", f"{where}/files/{digests[0][:63]}g", f"{where}/files/..%2F..%2Fkeys%2Fid.key",
                 f"{where}/files/{digests[0][1:]}{digests[1][:1]}"):
        assert browser.get(path).status == 404, path
    assert Browser(stack, stack.person("91.71/PUPR", "liaison")).get(f"{where}/files/{digests[0]}").status == 404
    assert sent([("lagi.png", "image/png", PNG)], "Sekali lagi.").status == 303
    assert kept(stack) == stored


def test_no_act_loses_a_file(stack, web, liaison, boss):
    """What hands a case on keeps those that it brings; what has no room for one is not done, and says so."""
    admin = stack.person("91.01/PUPR", "agency_admin")
    other, number = placed(stack, web), held(stack, web, admin)
    browser, where, files = Browser(stack, admin), f"/cases/{number}", [("denah.png", "image/png", PNG)]
    theirs = Program(stack, admin).get(f"/cases/{other}").json["case"]["id"]
    for act, fields in {"merge": {"other": theirs}, "link": {"other": theirs}, "split": {"title": "Bagian", "body": "Bagian lain"}}.items():
        form = browser.get(where).form(where, "progress")
        refused = browser.post(form, act, files=files, **fields, text="Lihat denah.")
        assert refused.status == 422 and "tidak menyimpan berkas" in refused.text and "Lihat denah." in refused.text, (act, refused.text)
        assert [row for kind in (28, 50, 51) for row in events(stack, number, kind)] == []
    shown = lambda who, of: re.findall(r'href="/cases/\w+/files/([0-9a-f]{64})"', Browser(stack, who).get(f"/cases/{of}").text)
    assert browser.post(browser.get(where).form(where, "progress"), "support", files=files, suggested=str(stack.agency("91.01/LH")), text="Bantu.").status == 303
    assert shown(admin, number) == [digest(PNG)]
    down, back = held(stack, web, admin), held(stack, web, liaison)
    above = Browser(stack, boss)
    form = above.get(f"/cases/{down}").form(f"/cases/{down}", "assign")
    assert above.post(form, "assign", files=files, suggested=str(stack.agency("91.01/LH")), text="Mohon ditangani.").status == 303
    by_liaison = Browser(stack, liaison)
    form = by_liaison.get(f"/cases/{back}").form(f"/cases/{back}", "hand_back")
    assert by_liaison.post(form, "hand_back", files=files, reason="1", suggested=str(stack.agency("91.01/LH")), text="Jalan provinsi, lihat denah.").status == 303
    for of in (down, back):
        assert shown(stack.person("91.01/LH", "agency_admin"), of) == [digest(PNG)], of
    stack.checks()


def test_said_again_with_another_file(stack, web, liaison):
    """A form that is sent again with another file says something else: it is told so, and the file is not taken for the first one's repeat."""
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    where = f"/cases/{number}"
    for act, kind in (("note", 74), ("progress", 16)):
        form = browser.get(where).form(where, "progress")
        assert [browser.post(form, act, files=[("a.txt", "text/plain", b"Berita acara.")], text="Lihat berkas.").status for _ in range(2)] == [303, 303], act
        for files in ([("b.txt", "text/plain", b"Berita acara yang lain.")], None):
            other = browser.post(form, act, files=files, text="Lihat berkas.")
            assert other.status == 409 and "dipakai untuk hal lain" in other.text and "Lihat berkas." in other.text, (act, files)
        assert len(events(stack, number, kind)) == 1
    stack.checks()


def test_many_at_once_keep_no_file(stack, web, liaison):
    """The form for many has no field for one; who sends one all the same is not told that it was kept."""
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    page = browser.get("/inbox?view=mine")
    mark, = [mark for mark in re.findall(r'name="mark" value="([^"]+)"', page.text) if mark.endswith(number)]
    refused = browser.post(page.form("/bulk"), "progress", files=[("a.txt", "text/plain", b"Berita acara.")], mark=mark, text="Lihat berkas.")
    assert refused.status == 422 and "tidak menyimpan berkas" in refused.text and "Lihat berkas." in refused.text and events(stack, number, 16) == []
    assert browser.post(page.form("/bulk"), "progress", files=[("kosong", "text/plain", b"")], mark=mark, text="Tanpa berkas.").status == 200
    assert [text for text, _ in events(stack, number, 16)] == ["Tanpa berkas."]


def test_a_picture_tells_nothing_of_its_camera(stack, web, liaison):
    """An officer's photograph, too: upright, without a word of camera, owner, time or place, on the whole of the folder."""
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    where = f"/cases/{number}"
    photo, bad = camera_photo(), camera_photo()[:300]
    form = browser.get(where).form(where, "progress")
    assert browser.post(form, "progress", files=[("a.jpg", "image/jpeg", photo), ("b.jpg", "image/jpeg", bad), ("c.png", "image/png", bomb())], text="Foto.").status == 303
    answer = opened(browser, f"{where}/files/{digest(photo)}")
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg" and answer.bytes != photo
    seen = Image.open(io.BytesIO(answer.bytes))
    assert seen.size == (80, 120) and "exif" not in seen.info and "comment" not in seen.info and dict(seen.getexif()) == {}
    assert seen.getpixel((70, 10))[2] > 150 and seen.getpixel((10, 10))[0] > 150  # the blue corner is on the right now
    for data in (bad, bomb()):
        answer = opened(browser, f"{where}/files/{digest(data)}")
        assert answer.status == 410 and "tidak dapat dibuka" in answer.text
    assert names(stack.folder, "box") == names(stack.folder, "new") == names(stack.folder, "part") == []
    for path, data in everywhere(stack):
        assert not any(canary in data for canary in CANARIES), path


def test_a_draft_waits_for_its_approver(stack, web):
    author, approver = stack.person("91.01/KES", "liaison"), stack.person("91.01/KES", "agency_admin")
    assert stack.front().order("set_connection", stack.person("91.01", "coordinator"), agency="91.01/KES", approver=approver.login).word == "done"
    assert web.submit(text="Puskesmas tutup pada jam kerja", category=2, place="91.01.01")[0] == "accepted"
    number = stack.wait("select number_text (number) from complaint c join agency a on a.agency_id = c.holder where a.code = '91.01/KES'")[0][0]
    mine, theirs = Browser(stack, author), Browser(stack, approver)
    assert mine.post(mine.get("/inbox").form("/next")).location == f"/cases/{number}"
    page = mine.get(f"/cases/{number}")
    assert not page.forms(f"/cases/{number}", "answer") and not page.forms(f"/cases/{number}", "draft")
    assert mine.post(page.form(f"/cases/{number}", "ack"), "ack").status == 303
    page = mine.get(f"/cases/{number}")
    assert mine.post(page.form(f"/cases/{number}", "draft"), "draft", text="Kami tegur petugasnya.").status == 303
    assert events(stack, number, 17) == [] and not mine.get(f"/cases/{number}").forms(f"/cases/{number}", "approve")
    page = theirs.get(f"/cases/{number}")
    assert "Kami tegur petugasnya." in page.text
    approved = theirs.post(page.form(f"/cases/{number}", "approve"), "approve")
    assert approved.status == 303, approved.text
    assert not theirs.get(f"/cases/{number}").forms(f"/cases/{number}", "approve")
    assert stack.sql("select state from complaint where number_text (number) = %s", number) == [(5,)]


def test_from_above(stack, web, liaison, boss):
    browser = Browser(stack, boss)
    number = held(stack, web, liaison, "Tiang miring di simpang lima, alamt salah ketik")
    where = f"/cases/{number}"
    page = browser.get(where)
    assert not page.forms(where, "answer") and not page.forms(where, "ack")
    assert browser.post(page.form(where, "chase"), "chase", text="Mohon hari ini.").status == 303
    corrected = browser.post(browser.get(where).form(where, "correct"), "correct", body="Tiang miring di simpang lima, alamat dibetulkan", text="salah ketik")
    assert corrected.status == 303, corrected.text
    page = browser.get(where)
    assert "alamat dibetulkan" in page.text and "alamt salah ketik" in page.text and "Mohon hari ini." in page.text
    stack.wait("select 1 from search_entry s join complaint c using (complaint_id) where number_text (c.number) = %s and s.words @@ to_tsquery ('indonesian', 'dibetulkan')", number)
    assert number in browser.get("/search?q=dibetulkan").text
    archived = browser.post(browser.get(where).form(where, "archive"), "archive", ending="3", text="Tidak jelas.")
    assert archived.status == 303, archived.text
    page = browser.get(where)
    assert "Diarsipkan" in page.text and not page.forms(where, "archive")


def test_every_button_is_taken(stack, web, liaison):
    """What a page offers the store does not refuse: each act once, on a case of its own."""
    acts = {"ack": {}, "nack": {}, "release": {}, "park": {}, "answer": {"text": "x"}, "progress": {"text": "x"}, "hand_back": {"text": "x"}, "close": {"text": "x"},
            "note": {"text": "x"}}
    admin = stack.person("91.01/PUPR", "agency_admin")
    more = {**acts, "ask": {"text": "x"}, "verify": {}, "assign": {"text": "x"}, "support": {"suggested": str(stack.agency("91.01/LH"))}, "correct": {"body": "Lain"},
            "split": {"body": "Bagian lain", "title": "Bagian"}, "archive": {"ending": "3", "text": "x"}}
    tried = set()
    for who, known in ((liaison, acts), (admin, more)):
        browser = Browser(stack, who)
        for prepare in ((), ("progress",)):
            for act, fields in known.items():
                number = held(stack, web, who)
                where = f"/cases/{number}"
                for step in prepare:
                    assert browser.post(browser.get(where).form(where, step), step, text="dahulu").status == 303
                page = browser.get(where)
                offered = {value for form in page.forms(where) for name, value in form.buttons if name == "act"}
                assert offered <= set(more) | {"merge", "link", "draft", "take_on", "unpublish"}, offered
                if act not in offered or act == "assign":
                    continue
                done = browser.post(page.form(where, act), act, **fields)
                assert done.status == 303, (act, prepare, re.findall(r'role="alert">([^<]*)', done.text))
                tried.add(act)
    assert tried >= set(more) - {"assign", "verify"}, tried


def test_what_is_held_from_the_public_says_why(stack, web):
    """The page tells what in the words looks like somebody's own, and offers the one act of the two that fits."""
    admin = stack.person("91.01/PUPR", "agency_admin")
    browser, number = Browser(stack, admin), held(stack, web, admin, text="Lubang di jalan, hubungi 0812-3456-7890", secret=1)
    where = f"/cases/{number}"
    page = browser.get(where)
    assert "mirip nomor telepon" in page.text and "mirip NIK" not in page.text and not page.forms(where, "unpublish")
    released = browser.post(page.form(where, "publish"), "publish", text="Nomor kantor kelurahan")
    assert released.status == 303 and released.location.endswith("said=publish"), released.text
    page = browser.get(where)
    assert "Ditahan dari umum" not in page.text and "Nomor kantor kelurahan" in page.text and not page.forms(where, "publish")
    assert browser.post(page.form(where, "unpublish"), "unpublish").status == 303
    assert "mirip nomor telepon" in browser.get(where).text
    secret = browser.get(f"/cases/{held(stack, web, admin, secret=2)}")
    assert "unpublish" not in {value for form in secret.forms() for name, value in form.buttons if name == "act"}, "there is nothing to hold"


def test_a_number_that_does_not_fit_is_refused(stack, web, liaison):
    """What would be cut to another number - another agency's, another reason - is not done, and its field is named."""
    program, number = Program(stack, liaison), held(stack, web, liaison)
    case = program.get(f"/cases/{number}").json
    right = {"id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"], "act": "answer", "text": "Sudah."}
    for name, low in (("agency", right["agency"]), ("reason", 1), ("suggested", 0), ("class", 0), ("category", 0), ("ending", 0), ("asks", 0), ("event", 0),
                      ("drafted", 0), ("anonymous", 0), ("secret", 0), ("delay_ms", 0)):
        for wrong in (low + 2 ** 32, str(low + 2 ** 32), -1, 1.5, "satu", True):
            refused = program.post(f"/cases/{number}/acts", {**right, name: wrong})
            assert (refused.status, refused.json["code"], refused.json.get("field")) == (422, "act_value", name), (name, wrong, refused.text)
    for name in ("version", "complaint"):
        for wrong in (-1, "9" * 20, "x"):
            refused = program.post(f"/cases/{number}/acts", {**right, name: wrong})
            assert (refused.status, refused.json["field"]) == (422, name)
    assert events(stack, number, 17) == [] and program.post(f"/cases/{number}/acts", right).status == 200


def test_number_and_id_are_one_case(stack, web, liaison):
    """An act said to one case's address is not done on another, by program and page; nor many of one list."""
    program, browser = Program(stack, liaison), Browser(stack, liaison)
    here, there = held(stack, web, liaison), held(stack, web, liaison)
    case = program.get(f"/cases/{there}").json
    said = {"id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"], "act": "answer", "text": "Sudah."}
    for path in (here, "A0000000000000", "x"):
        refused = program.post(f"/cases/{path}/acts", said)
        assert (refused.status, refused.json["code"], refused.json["field"]) == (422, "act_value", "id"), path
    form = browser.get(f"/cases/{there}").form(f"/cases/{there}", "answer")
    form.action = f"/cases/{here}"
    assert browser.post(form, "answer", text="Sudah.").status == 422
    assert events(stack, there, 17) == events(stack, here, 17) == []
    # written as people write it, it is the same case
    assert program.post(f"/cases/{there.lower()}/acts", said).status == 200
    assert events(stack, there, 17) == [("Sudah.", liaison.login)]


def test_a_programs_key_is_of_what_it_said(stack, web, liaison):
    program, number, key = Program(stack, liaison), held(stack, web, liaison), os.urandom(16).hex()
    case = program.get(f"/cases/{number}").json
    said = {"id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"], "act": "progress", "text": "Kami periksa."}
    assert program.post(f"/cases/{number}/acts", said, key=key).status == 200
    assert program.post(f"/cases/{number}/acts", said, key=key).status == 200
    other = program.post(f"/cases/{number}/acts", {**said, "text": "Kami tidak datang."}, key=key)
    assert (other.status, other.json["code"]) == (409, "act_key")
    assert [text for text, _ in events(stack, number, 16)] == ["Kami periksa."]
