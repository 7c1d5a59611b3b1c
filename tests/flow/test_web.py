"""The public door's pages: a report, its receipt, what is sent twice, what is not right, what is away."""
import os
import re
import urllib.parse

import pytest

from content import digest, kept
from full_door import crowd
from nginx import Nginx
from spoolbench import wait
from stack import WEB, Stack
from web import Visitor, holder_says


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=WEB, web="  notices: email, sms\n") as running:
        yield running


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


def stored(stack, number):
    return stack.wait("select c.complaint_id, c.state, c.flags, c.channel, t.body, t.seal is not null, t.contact is not null"
                      " from complaint c join content t using (complaint_id) where number_text (c.number) = %s", number)[0]


def test_a_report_and_its_receipt(stack, visitor):
    number, code = visitor.report("Lampu jalan di depan pasar padam sejak Senin malam.", contact_kind="email", contact="warga@example.org")
    row = stored(stack, number)
    assert row[3] == 1 and row[4].startswith("Lampu jalan") and len(code) == 26
    assert row[2] & 3 == 1, "anonymous, not secret"
    assert row[5] is False and row[6] is True, "no identity, a contact"


def test_a_form_sent_twice_is_one_report_with_one_receipt(stack, visitor):
    form = visitor.form("Saluran air di gang kami tersumbat.")
    first, again = visitor.post("/report", form), visitor.post("/report", form)
    assert first.receipt() == again.receipt()
    stored(stack, first.receipt()[0])
    assert stack.sql("select count (*) from content where body = %s", form["text"])[0][0] == 1


def first(visitor, **more):
    """A form, its receipt."""
    form = visitor.form("Jembatan bambu rusak.", **more)
    return form, visitor.post("/report", form).receipt()


def test_the_same_form_with_other_words_shows_the_first_and_keeps_what_was_typed(stack, visitor):
    form, (number, code) = first(visitor)
    answer = visitor.post("/report", {**form, "text": "Jembatan bambu rusak parah, dua anak jatuh."})
    assert answer.status == 409 and answer.receipt() == (number, code) and "dua anak jatuh" in answer.text
    assert "Yang tersimpan adalah kiriman yang pertama" in answer.text
    stored(stack, number)
    added = visitor.post("/case", {**answer.fields(), "do": "reply", "text": "Dua anak jatuh."})
    assert added.status == 303 and added.headers["Location"] == "/case?said=reply"
    assert stack.wait("select 1 from event where text = 'Dua anak jatuh.'")


def test_a_stricter_choice_holds_whenever_it_is_made(stack, visitor):
    form, (number, code) = first(visitor, target="91.01/PUPR", anonymous="1", name="Warga Uji")
    strict = {**form, "open": "2", "anonymous": "2"}
    for _ in range(2):  # an answer may be lost again
        answer = visitor.post("/report", strict)
        assert answer.status == 409 and answer.receipt() == (number, code)
        assert "hanya dibaca instansi" in answer.text and "tampil di halaman" not in answer.text and "sudah kami terapkan" in answer.text
    assert stack.wait("select 1 from complaint where number_text (number) = %s and flags & 3 = 3", number)
    assert Visitor(stack).get(f"/reports/{number}").status == 404
    # neither a reload nor the first form, sent once more, says otherwise
    assert "hanya dibaca instansi" in visitor.get("/receipt").text
    assert "hanya dibaca instansi" in visitor.post("/report", form).text


def test_a_choice_that_cannot_be_said_is_not_said_to_hold(stack, visitor):
    form, _ = first(visitor)
    stack["intake"].kill()
    answer = visitor.post("/report", {**form, "open": "2"})
    assert answer.status == 503 and "hanya dibaca instansi" not in answer.text
    stack["intake"].start()
    stack["intake"].wait_principals()
    answer = visitor.post("/report", {**form, "open": "2"})  # an intake that has it from its spool tells the same of it
    assert answer.status == 409 and "hanya dibaca instansi" in answer.text and "sudah kami terapkan" in answer.text


@pytest.mark.parametrize("change, told", [({"contact_kind": "email", "contact": "warga@example.org"}, "Anda tidak memberi alamat"),
                                          ({"location": "Jalan Kenari nomor 9"}, "tidak ikut tersimpan"), ({"point": "-7, 110"}, "tidak ikut tersimpan"),
                                          ({"incident": "2026-01-02"}, "tidak ikut tersimpan"), ({"class": "4"}, "tidak ikut tersimpan"),
                                          ({"anonymous": "1", "name": "Warga"}, "tidak ikut tersimpan")], ids=lambda value: str(value)[:24])
def test_a_receipt_says_what_is_stored(visitor, change, told):
    form, receipt = first(visitor)
    answer = visitor.post("/report", {**form, **change})
    assert answer.status == 409 and answer.receipt() == receipt and told in answer.text


def test_another_contact_is_told_and_the_same_is_the_same(visitor):
    news = {"contact_kind": "email", "contact": "warga@example.org"}
    form, receipt = first(visitor, **news)
    again = visitor.post("/report", form)
    assert again.status == 200 and again.receipt() == receipt and "Setiap kabar" in again.text
    assert visitor.post("/report", {**form, "contact": "lain@example.org"}).status == 409


NOTE = ("berkas", "catatan.txt", b"Catatan warga: pompa nomor dua rusak sejak Rabu.\n")


def test_a_photo_of_the_resend_goes_with_the_reply(stack, visitor):
    """What was uploaded with the changed form need not be uploaded again; unticked it stays away."""
    form, (number, _) = first(visitor)
    answer = visitor.post("/report", {**form, "text": "Jembatan bambu rusak, lihat catatan."}, [NOTE])
    stored_name = answer.fields()["stored"]
    assert answer.status == 409 and 'type="checkbox" name="stored"' in answer.text and stored_name != digest(NOTE[2])
    stored(stack, number)
    # it is known by that reply's form alone
    page = visitor.get("/case").fields()
    refused = visitor.post("/case", {"token": page["token"], "created": page["created"], "do": "reply", "text": "Lihat catatan.", "stored": stored_name})
    assert refused.status == 422 and "satu jam" in refused.text and "Lihat catatan." in refused.text
    added = visitor.post("/case", {**answer.fields(), "do": "reply", "text": "Lihat catatan."})
    assert added.status == 303, added.text
    stack.wait("select 1 from event where text = 'Lihat catatan.' and kind = 32")
    wait(lambda: digest(NOTE[2]) in kept(stack), 30, "the reply named it")


def test_nobody_can_ask_whether_a_document_was_sent(stack, visitor):
    """A document's digest is no way to it: neither is it known by that, nor by what another form was told."""
    paper = ("berkas", "daftar.txt", b"Contoh: daftar yang tidak boleh diketahui siapa pun.\n")
    refused = visitor.post("/report", visitor.form(" ", secret="1"), [paper])
    name = refused.fields()["stored"]
    assert refused.status == 422 and name != digest(paper[2])
    form = {**visitor.form("Pompa nomor dua rusak."), "token": refused.fields()["token"], "created": refused.fields()["created"]}
    answers = []
    for guess in (digest(paper[2]), "ab" * 32, name):
        other = Visitor(stack)
        answer = other.post("/report", other.form("Menebak.", stored=guess))
        answers.append((answer.status, answer.faults(), "satu jam" in answer.text))
    assert answers == [(422, ["photos"], True)] * 3
    number, _ = visitor.post("/report", {**form, "stored": name}).receipt()
    stored(stack, number)
    assert stack.sql("select encode (t.attachments, 'hex') from content t join complaint c using (complaint_id) where number_text (c.number) = %s", number) == [(digest(paper[2]),)]


@pytest.mark.parametrize("change, field", [({"point": "0x10,0x10"}, "point"), ({"point": "1e1 1e1"}, "point"), ({"point": "nan nan"}, "point"), ({"point": "-91, 110"}, "point"),
                                           ({"category": "1x"}, "category"), ({"category": "4294967297"}, "category")])
def test_a_number_is_one_or_a_fault(visitor, change, field):
    answer = visitor.post("/report", visitor.form("Tiang listrik miring.", **change))
    assert answer.status == 422 and answer.faults() == [field]


def test_a_receipt_has_an_address(stack, visitor):
    number, code = visitor.report("Lampu taman padam.")
    shown = visitor.get("/receipt")
    assert shown.status == 200 and shown.receipt() == (number, code) and "<title>Tanda terima" in shown.text
    kept = visitor.get("/receipt/file")
    assert number in kept.text and code in kept.text.replace(" ", "") and number in kept.headers["Content-Disposition"]
    assert "/receipt" in visitor.get("/case").text
    visitor.post("/track/forget", {})
    assert visitor.get("/receipt").headers["Location"] == "/track?said=proof_over"
    # a browser that keeps no cookies has it as the answer itself
    bare = Visitor(stack)
    form = bare.form("Bangku taman rusak.")
    bare.cookies = {}
    answer = bare.ask("POST", "/report", urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200 and answer.receipt()[0]


def test_a_place_is_taken_whole_or_not_at_all(stack, visitor):
    typed = {"place_q": "Desa Entah Berantah", "place_as": "typed"}
    for words in ("x" * 360, "\u2019" * 150, "x" * 249 + "\u2019"):
        number, _ = visitor.report("Jalan desa berlubang.", location=words, **typed)
        stored(stack, number)
        assert stack.sql("select t.location from content t join complaint c using (complaint_id) where number_text (c.number) = %s", number) == \
            [(f"{words}, Desa Entah Berantah",)]
    answer = visitor.post("/report", visitor.form("Jalan desa berlubang.", location="x" * 490, **typed))
    assert answer.status == 422 and answer.faults() == ["location"] and "Entah Berantah" in answer.text


def test_one_browser_supports_a_report_once(stack, visitor):
    number, _ = visitor.report("Gorong-gorong ambrol.", target="91.01/PUPR")
    stored(stack, number)
    stack.wait("select 1 from complaint where number_text (number) = %s and state > 1", number)
    page, count = f"/reports/{number}", "select count from supported join complaint using (complaint_id) where number_text (number) = %s"
    for _ in range(3):
        said = visitor.post(page + "/support", visitor.get(page).fields()).headers["Location"]
    assert said.endswith("said=support_again") and "sudah dicatat" in visitor.get(said).text
    pressed = Visitor(stack)
    fields = pressed.get(page).fields()
    for created in (fields["created"], "1000", fields["created"].split("-")[0]):  # no clock of his own counts again
        pressed.cookies = {}
        pressed.post(page + "/support", {**fields, "created": created})
    stack.wait(count + " and count >= 2", number)
    assert stack.sql(count, number) == [(2,)]
    stamps = stack.sql("select distinct substr (s.submission::text, 1, 13) from supporter s join complaint c using (complaint_id) where number_text (c.number) = %s", number)
    assert len(stamps) == 1, "one browser's presses are known by nothing"
    fields = visitor.get(page).fields()
    stack["intake"].kill()
    away = visitor.post(page + "/support", fields)
    stack["intake"].start()
    stack["intake"].wait_principals()
    assert away.status == 503 and "Pilihan Anda belum tercatat" in away.text and "Tulisan Anda" not in away.text, "there are no words that could be here still"


@pytest.mark.parametrize("created, status", [(lambda said: said, 200), (lambda said: "0", 422), (lambda said: "1000", 422), (lambda said: "9" * 25, 422),
                                             (lambda said: str(int(said.split("-")[0]) - 7200000), 422), (lambda said: said[:-1] + ("0" if said[-1] != "0" else "1"), 400),
                                             (lambda said: str(int(said.split("-")[0]) - 1) + "-" + said.split("-")[1], 400)],
                         ids=["drawn", "0", "1000", "far", "bare", "seal", "moved"])
def test_the_doors_clock_says_when_a_report_was_made(visitor, created, status):
    form = visitor.form("Rambu jalan hilang.")
    said = visitor.get("/report").fields()
    answer = visitor.post("/report", {**form, "token": said["token"], "created": created(said["created"])})
    assert answer.status == status
    if status == 422:
        again = answer.fields()
        assert answer.faults() == ["send"] and "Rambu jalan hilang" in answer.text and again["token"] != said["token"]
        assert visitor.post("/report", {**form, "token": again["token"], "created": again["created"]}).status == 200


def test_a_field_says_what_is_wrong_with_it(visitor):
    page = visitor.post("/report", visitor.form("Papan nama jatuh.", incident="0001-01-01", point="di sana")).text
    for name in ("incident", "point"):
        field = re.search(f'<input id="{name}"[^>]*>', page)[0]
        assert f'e_{name}' in re.search('aria-describedby="([^"]*)"', field)[1].split() and 'aria-invalid="true"' in field and f'id="e_{name}"' in page


def test_the_other_language_is_of_the_same_search(visitor):
    assert 'href="?lang=en&amp;q=lampu%20jalan&amp;region=&amp;category=&amp;state=open"' in visitor.get("/reports?q=lampu+jalan&state=open").text


@pytest.mark.parametrize("files, why", [([b"catatan\n"] * 6, "file_many"), ([b"x" * 59000000], "file_large")], ids=["six", "59 MB"])
def test_too_many_and_too_large_files_are_told_at_their_field(visitor, files, why):
    answer = visitor.post("/report", visitor.form("Tanggul retak."), [("photo", f"{n}.txt", content) for n, content in enumerate(files)])
    assert answer.status == 422 and answer.faults() == ["photos"] and "Tanggul retak" in answer.text
    assert {"file_many": "Paling banyak 5 berkas", "file_large": "paling besar 10 MB"}[why] in answer.text


def test_words_about_a_page_are_a_text(visitor):
    visitor.report("Situs kelurahan diretas.", [("photo", "situs.txt", b"Di situs itu tampil <script>alert (1)</script>\n")])


@pytest.mark.parametrize("field, value", [("text", "  \n "), ("text", "x" * 3001), ("class", "9"), ("incident", "2999-01-01"), ("incident", "0001-01-01"), ("incident", "1944-12-31"), ("incident", "kemarin"),
                                          ("open", ""), ("contact", "bukan alamat"), ("point", "di sana")],
                         ids=lambda value: value[:12])
def test_what_is_not_right_comes_back_by_field(visitor, field, value):
    answer = visitor.post("/report", visitor.form("Pohon tumbang menutup jalan.", **{field: value}))
    assert answer.status == 422 and answer.faults() == [field]
    assert "Jalan Kenari" in answer.text, "nothing is typed twice"


def test_a_report_of_no_form_is_refused(visitor):
    assert visitor.post("/report", {"text": "tanpa formulir"}).status == 400
    forged = visitor.ask("POST", "/report", "text=x", {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"})
    assert forged.status == 403


def test_intake_is_away(stack, visitor):
    form = visitor.form("Sampah tidak diangkut dua minggu.")
    stack["intake"].kill()
    away = visitor.post("/report", form)
    assert away.status == 503 and int(away.headers["Retry-After"]) > 0 and "dua minggu" in away.text
    assert away.fields()["token"] == form["token"], "the form comes back with its token"
    stack["intake"].start()
    stack["intake"].wait_principals()
    number, _ = visitor.post("/report", form).receipt()
    stored(stack, number)


def follow(stack, visitor, words):
    """A report that is stored, and its page; number."""
    number, _ = visitor.report(words)
    stored(stack, number)
    return number


@pytest.mark.parametrize("doing, more", [("rate", {"rating": "5"}), ("complete", {}), ("reopen", {}), ("consent", {"consent": "yes"})])
def test_what_the_case_cannot_take_is_said(stack, visitor, doing, more):
    number = follow(stack, visitor, f"Jembatan gantung putus, {doing}.")
    fields = visitor.get("/case").fields()
    answer = visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": doing, "text": "Kata yang tidak boleh hilang.", **more})
    assert answer.status == 409 and "tidak t" in answer.text.lower() and "Kata yang tidak boleh hilang." in answer.text, answer.text
    assert stack.sql("select count (*) from refused where parent = number_bits (%s)", number) == [(0,)]


@pytest.mark.parametrize("rating", ["4294967297", "5x", "0", "6", "-1", "+5", " 5", ""])
def test_a_rating_is_one_to_five(stack, visitor, rating):
    follow(stack, visitor, "Pintu air macet.")
    fields = visitor.get("/case").fields()
    answer = visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "rate", "rating": rating})
    assert answer.status == 422 and "Pilih nilai 1 sampai 5" in answer.text


def test_a_word_that_the_record_refuses_stays_on_his_page(stack, visitor):
    """Two words that exclude each other come before the first is stored: both were promised, and the second is shown, with why."""
    number = follow(stack, visitor, "Pos kamling kosong.")
    said = [(visitor.get("/case").fields(), f"Sudah beres, kata {at}.") for at in range(2)]
    stack["store"].stop()
    try:
        for fields, words in said:
            answer = visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "withdraw", "text": words})
            assert answer.status == 303
    finally:
        stack["store"].start()
    refused, = stack.wait("select said from refused where parent = number_bits (%s)", number)[0]
    page = visitor.get("/case").text
    assert "Yang tidak dapat diterima" in page and "Pencabutan ini tidak diterima" in page
    unheard = page[page.index('id="h_unheard"'):page.index('id="h_clocks"')]
    assert [words in unheard for _, words in said] == [words == refused for _, words in said] and all(page.count(words) == 1 for _, words in said)


def test_a_word_that_ended_the_case_may_come_again(stack, visitor):
    number = follow(stack, visitor, "Papan nama jalan hilang.")
    fields = visitor.get("/case").fields()
    said = {"token": fields["token"], "created": fields["created"], "do": "withdraw", "text": "Sudah ketemu."}
    assert visitor.post("/case", said).status == 303
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 8", number)
    assert visitor.post("/case", said).headers["Location"] == "/case?said=withdraw", "its answer was lost"
    fields = visitor.get("/case").fields()
    for doing in ("withdraw", "reply", "close"):
        assert visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": doing, "text": "Lain lagi."}).status == 409, doing
    assert stack.sql("select count (*) from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 35", number) == [(1,)]


def test_a_right_code_before_the_case_is_stored(stack, visitor):
    """Accepted, and the record is away: whoever has number and code is told that it is kept; whoever has not, that nobody knows it."""
    stack["store"].stop()
    try:
        number, code = visitor.report("Tangga penyeberangan licin.")
        other = Visitor(stack)
        assert other.post("/track", {"number": number, "code": code[:-1] + ("0" if code[-1] != "0" else "1")}).status == 404
        assert other.post("/track", {"number": number, "code": code.lower()}).status == 303
        page = other.get("/case")
        assert page.status == 200 and "sudah kami terima dan tersimpan" in page.text
        stack["query"].stop()
        third = Visitor(stack)
        assert third.post("/track", {"number": number, "code": code}).status == 303 and "sudah kami terima dan tersimpan" in third.get("/case").text
        assert Visitor(stack).post("/track", {"number": number, "code": "0" * 26}).status == 503
    finally:
        if not stack["query"].alive():
            stack["query"].start()
        stack["store"].start()
    stored(stack, number)
    assert other.get("/case").status == 200 and Visitor(stack).post("/track", {"number": number, "code": code}).status == 303


def test_methods_that_a_page_takes(visitor):
    for path, methods in (("/track", {"GET", "HEAD", "POST"}), ("/reports", {"GET", "HEAD"}), ("/track/forget", {"POST"})):
        answer = visitor.ask("DELETE", path)
        assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == methods, path


def test_a_crowd_before_the_door(stack):
    """More than can wait are told to come again, at once and politely; those whose turn it is are served, and all are answered."""
    served, told = crowd(stack["web"], stack.ports["web"], "/track")
    assert all(answer.startswith(b"HTTP/1.1 200") and b"</html>" in answer for answer in served)
    assert len(told) == stack.metric("web", "web_crowded_total") > 0
    assert Visitor(stack).get("/track").status == 200


def test_in_english(stack):
    page = Visitor(stack, "en").get("/report")
    assert 'lang="en"' in page.text and "Write a report" in page.text
    chosen = Visitor(stack)
    assert 'lang="en"' in chosen.get("/report?lang=en").text and 'lang="en"' in chosen.get("/").text


def test_news_are_promised_by_ways_that_go(stack, visitor):
    page = visitor.get("/report").text
    assert re.findall(r'<option value="(whatsapp|sms|email)"', page) == ["sms", "email"]
    refused = visitor.post("/report", visitor.form("Halte rusak.", contact_kind="whatsapp", contact="0812 3456 7890"))
    assert refused.status == 422 and refused.faults() == ["contact"] and "0812 3456 7890" in refused.text
    mail = visitor.post("/report", visitor.form("Halte rusak.", contact_kind="sms", contact="warga@example.org"))
    assert mail.status == 200 and "lewat surel" in mail.text, "what has an @ is a mail address"
    number = visitor.post("/report", visitor.form("Halte rusak.", contact_kind="sms", contact="0812 3456 7890"))
    assert number.status == 200 and "lewat SMS" in number.text


def test_the_notifiers_settings_say_by_which_ways(stack, visitor):
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    own = text.replace("  notices: email, sms\n", "")
    for section, ways in (("", []), ("  smtp:\n    url: smtp://127.0.0.1:9\n  whatsapp:\n    phone: '123'\n", ["whatsapp", "email"])):
        with open(stack.settings, "w", encoding="utf-8") as file:
            file.write(own.replace("\nnotifier:\n", f"\nnotifier:\n{section}"))
        stack.restart("web")
        page = visitor.get("/report").text
        assert re.findall(r'<option value="(whatsapp|sms|email)"', page) == ways
        assert ('name="contact"' in page) == bool(ways) and ("Kabar belum bisa dikirim" in page) == (not ways)
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(text)
    stack.restart("web")


# ---- what a reporter is told of his case

def at_an_agency(stack, visitor, words, **more):
    number, _ = visitor.report(words, target="91.01/PUPR", **more)
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 4", number)
    return number


def headings(page):
    return re.findall(r'<h2 id="h_([a-z]+)">', page)


def tag(page):
    return re.search(r'<span class="tag">([^<]*)<', page)[1]


def told(page):
    """Deadlines as they are told: what, and how it stands."""
    return {name: " ".join(re.sub("<[^>]*>", " ", how).split()) for name, how in re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", page)}


def test_the_answer_comes_first(stack, visitor, worker):
    number = at_an_agency(stack, visitor, "Pagar jembatan hilang.")
    page = visitor.get("/case").text
    assert headings(page)[:2] == ["clocks", "reply"] and tag(page) == "Sudah di instansi, belum dijawab"
    assert re.fullmatch(r"paling lambat \d+ \w+ \d{4}", told(page)["Jawaban pertama"])
    holder_says(stack, worker, number, [("progress", "Regu kami ke sana besok.", {}), ("answer", "Pagar sudah kami pasang kembali.", {})])
    page = visitor.get("/case").text
    assert headings(page) == ["answer", "reply", "clocks", "history", "words"] and tag(page) == "Sudah dijawab"
    assert page.index("Pagar sudah kami pasang kembali.") < page.index("Jawaban untuk Anda") + 400
    assert page.count("Pagar sudah kami pasang kembali.") == 1, "the history leads to it"
    assert told(page)["Jawaban pertama"].endswith("tepat waktu") and "paling lambat" in told(page)["Penyelesaian"]
    fields = visitor.get("/case").fields()
    assert visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "reply", "text": "Terima kasih, tetapi goyah."}).status == 303
    stack.wait("select 1 from event where text = 'Terima kasih, tetapi goyah.'")
    assert tag(visitor.get("/case").text).startswith("Sudah dijawab; tanggapan Anda")
    assert '<span class="tag">Sudah dijawab' in Visitor(stack).get(f"/reports/{number}").text


def test_deadlines_that_are_over_say_so(stack, visitor, worker):
    number = at_an_agency(stack, visitor, "Pintu air macet.")
    stack.sql("update complaint set due_first = due_first - interval '40 days' where number_text (number) = %s", number)
    page = told(visitor.get("/case").text)
    assert re.fullmatch(r"sudah terlambat \d+ hari kerja Batasnya \d+ \w+ \d{4}", page["Jawaban pertama"]), page
    holder_says(stack, worker, number, [("answer", "Pintu air sudah diperbaiki.", {}), ("close", "Selesai dikerjakan.", {"t12": 1})])
    page = visitor.get("/case").text
    assert re.search(r" terlambat \d+ hari kerja Batasnya", told(page)["Jawaban pertama"]) and told(page)["Penyelesaian"].endswith("tepat waktu")
    assert "paling lambat" not in page and tag(page) == "Selesai" and "Hasilnya: sudah diperbaiki" in page
    assert headings(page)[:3] == ["answer", "rate", "reopen"] and page.index("Pintu air sudah diperbaiki.") < page.index('id="h_rate"'), "what was answered, not the word that closed it alone"
    fields = visitor.get("/case").fields()
    assert visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "reopen", "text": "Macet lagi."}).status == 303
    stack.wait("select 1 from complaint where number_text (number) = %s and state < 7", number)
    assert tag(visitor.get("/case").text) == "Dibuka lagi, menunggu instansi"


def test_a_withdrawn_case_has_no_deadlines(stack, visitor):
    number = at_an_agency(stack, visitor, "Portal rusak.")
    fields = visitor.get("/case").fields()
    visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "withdraw", "text": ""})
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 8", number)
    page = visitor.get("/case").text
    assert tag(page) == "Anda tarik" and set(told(page)) & {"Jawaban pertama", "Penyelesaian", "Sampai di instansi"} == set() and "Berakhir" in told(page)


def test_what_is_asked_of_him_comes_first(stack, visitor, worker):
    number = at_an_agency(stack, visitor, "Ada lubang besar.")
    holder_says(stack, worker, number, [("ask", "Di dekat rumah nomor berapa?", {"t23": 1})])
    page = visitor.get("/case").text
    assert headings(page)[:3] == ["asks", "complete", "reply"] and tag(page) == "Menunggu keterangan Anda"
    assert "berhenti dulu" in told(page)["Jawaban pertama"] and page.count("Di dekat rumah nomor berapa?") == 1


def test_a_mark_is_shown_once(stack, visitor, worker):
    number = at_an_agency(stack, visitor, "Lampu taman bermain mati.", location="Jalan Melati")
    holder_says(stack, worker, number, [("answer", "Sudah menyala.", {}), ("close", "Selesai.", {"t12": 1})])
    for mark in (2, 3, 5):
        fields = visitor.get("/case").fields()
        assert visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": "rate", "rating": str(mark), "text": ""}).status == 303
        stack.wait("select 1 from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 34 and e.data ->> 'rating' = %s", number, str(mark))
    page = visitor.get("/case").text
    history = page[page.index("h_history"):]
    assert history.count("Nilai Anda") == 1 and "5 dari 5" in history and "diubah" in history and "2 dari 5" not in page
    assert "Nilai Anda sekarang: 5 dari 5" in page
    assert told(page)["Alamat atau patokan"] == "Jalan Melati" and "boleh kosong" not in page[page.index('id="h_words"'):].split("</section>")[0]


# ---- number and code as people type them

def test_a_wrong_code_is_mended_and_not_typed_again(stack, visitor):
    number, code = visitor.report("Trotoar licin berlumut.")
    stored(stack, number)
    grouped = " ".join(code[at:at + 4] for at in range(0, 26, 4))
    wrong = ("0" if grouped[0] != "0" else "1") + grouped[1:]
    other = Visitor(stack)
    for typed, why in ((wrong, "tidak cocok"), (grouped[:-1], "26 huruf")):
        answer = other.post("/track", {"number": number, "code": typed})
        assert answer.status == 422 and why in answer.text and f'name="code" value="{typed}"' in answer.text and 'autocomplete="off"' in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    answer = other.post("/track", {"number": number[:-1], "code": grouped})
    assert answer.status == 422 and f'name="code" value="{grouped}"' in answer.text, "a wrong number keeps the code"
    with open(stack["web"].log, encoding="utf-8") as log:
        logged = log.read()
    assert not any(part in logged for part in (wrong, code, grouped))


@pytest.mark.parametrize("shape", [lambda n, c: (f"Nomor: {n}", f"Kode akses: {c}"), lambda n, c: (f"\u201c{n}\u201d.", f"\u2018{c}\u2019"),
                                   lambda n, c: ("\u00a0" + n + "\u200b", "\u00a0".join(c[at:at + 4] for at in range(0, 26, 4))),
                                   lambda n, c: (n[:5] + "\u2013" + n[5:], ".".join(c[at:at + 4] for at in range(0, 26, 4)) + "."),
                                   lambda n, c: (n.lower().replace("0", "o").replace("1", "l"), c.replace("0", "O").replace("1", "i")),
                                   lambda n, c: (f"Nomor laporan {n}", f"kode\t{c}\r\n")], ids=["named", "quoted", "blanks", "dots", "crockford", "words"])
def test_number_and_code_are_read_as_people_paste_them(stack, visitor, shape):
    number, code = visitor.report("Bangku halte patah.")
    stored(stack, number)
    typed = shape(number, code)
    assert Visitor(stack).opens(*typed), typed
    assert not Visitor(stack).opens(typed[0], "X" + code), "a sign too many is none of a code's"


def test_a_lost_code_names_the_ways_to_it(visitor):
    page = visitor.get("/track").text
    assert "kirim KODE" in page and "SMS atau WhatsApp" in page and "tidak bisa kami kirim ulang" not in page


# ---- what is listed says nothing twice

def test_a_short_report_stands_once(stack, visitor):
    short, long = "Marka jalan pudar sekali.", "Marka parkir pudar " + "dan sempit " * 40 + "sekali."
    for words in (short, long):
        number = at_an_agency(stack, visitor, words)
        stack.wait("select 1 from search_entry join complaint c using (complaint_id) where number_text (c.number) = %s and hour is not null", number)
        other = Visitor(stack)
        assert other.get(f"/reports/{number}").text.count(words) == 1
        row = re.search(f'<li><a class="title" href="/reports/{number}">.*?</li>', other.get("/reports?q=marka").text)[0]
        if words == short:
            assert row.count(words) == 1 and 'class="words"' not in row
        else:
            title, more = re.search(r'>([^<]*)…</a><p class="words">…([^<]*)…</p>', row).groups()
            assert long.startswith(title) and more.split()[0] in ("dan", "sempit") and long.startswith(title + " " * (not more.startswith(" ")) + more.strip())


def test_a_telephone_number_beside_mail_goes_by_sms(visitor):
    number = visitor.post("/report", visitor.form("Halte bocor.", contact_kind="email", contact="0812 3456 7890"))
    assert number.status == 200 and "lewat SMS" in number.text


# ---- behind a proxy

def test_behind_nginx(stack, folder):
    """docs/examples/nginx-web.conf as it stands, but for names, ports and folders."""
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(re.sub(r"limit: {reports_hour: 0, reports_minute: 0", "tls: true\n  origin: https://lapor.example.go.id\n  limit: {reports_hour: 2, reports_minute: 0", text))
    stack["web"].stop()
    stack["web"].start()
    with Nginx(folder, "nginx-web.conf", "lapor.example.go.id", stack.ports["web"]) as proxy:
        page = proxy.call("/report")
        assert page.startswith(b"HTTP/1.1 200") and b"Strict-Transport-Security" in page
        fields = {**dict(re.findall(r'<input[^>]*name="(token|created|incident)"[^>]*value="([^"]*)"', page.decode())),
                  "class": "1", "location": "Jalan Kenari", "open": "1", "anonymous": "2", "text": "Lewat nginx."}
        head = b"".join(f'--bb\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
        files = b"".join(b'--bb\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n' + f"{i}".encode() * 10400000 + b"\r\n" for i in range(5))
        lines = "Content-Type: multipart/form-data; boundary=bb\r\nOrigin: https://lapor.example.go.id\r\n"
        taken = proxy.call("/report", lines, head + files + b"--bb--\r\n", "POST")
        assert taken.startswith(b"HTTP/1.1 200") and b"__Host-aduan-case=" in taken, taken[:500]
        many = b"".join(b'--bb\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n' + f"{i}".encode() * 10400000 + b"\r\n" for i in range(6))
        large = proxy.call("/report", lines, head + many + b"--bb--\r\n", "POST")
        assert large.startswith(b"HTTP/1.1 422") and b"Lewat nginx." in large, "at their field, with all that was typed"
        # what is too large or too long is said in words that a program reads
        for path, kind, told in (("/open311/v2/requests.json", b"application/json", b'[{"code": 413'), ("/open311/v2/requests", b"text/xml", b"<errors><error><code>413"),
                                 ("/api/v1/files", b"application/problem+json", b'"code": "body_large"')):
            large = proxy.call(path, "Content-Type: application/x-www-form-urlencoded\r\n", b"x" * 54000000, "POST")
            assert large[9:12] == b"413" and told in large and b"Content-Type: " + kind in large, large[:300]
        ids = "A0000000000000," * 3600
        assert proxy.call(f"/open311/v2/requests.json?service_request_id={ids}").startswith(b"HTTP/1.1 200")
        long = proxy.call(f"/open311/v2/requests.json?service_request_id={ids * 2}")
        assert long[9:12] == b"414" and b"application/json" in long, long[:300]
        # who connects is the source, whatever he claims
        small = head + b"--bb--\r\n"
        claims = [f"X-Forwarded-For: 198.51.100.{at}\r\n" for at in range(3)]
        assert [proxy.call("/report", lines + claim, small, "POST")[9:12] for claim in claims][1:] == [b"429", b"429"]
        assert proxy.call("/report", lines, small, "POST", "127.0.0.9")[9:12] == b"409", "not counted with them; and the first one had files"
        # gateways alone speak to the door itself
        for path in ("/gateway/sms?secret=x", "/gateway/sms/report?notice=x", "/REST/1.0/NoAuth/mail-gateway"):
            answer = proxy.call(path)
            assert answer[9:12] == b"404" and b"<center>nginx" in answer, path
        assert b"refused: secret" in proxy.call("/gateway/whatsapp")
