"""Reports that are typed at the desk for who reports them: at the counter, from a letter, on the telephone (docs/channels.md)."""
import hashlib
import os
import re
import struct
import zlib

import pytest
from nacl.public import PrivateKey, SealedBox

from conftest import Stack
from desk_door import Browser
from stack import DESK

WHO = {"name": "Wagiman Contohwarga", "nik": "3374010203040506", "phone": "0812 3456 7890", "email": "wagiman@warga.example", "address": "Gang Melati 7"}
SAID = {"channel": "walk-in", "class": "1", "title": "Lampu jalan padam", "text": "Lampu di depan balai desa padam sejak Senin", "category": "1",
        "place": "91.01.01.2001", "location": "Depan balai desa", "incident": "2026-01-05", "anonymous": "no", "secret": "no", "notice": "email"}


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK) as running:
        yield running


@pytest.fixture(scope="module")
def clerk(stack):
    return stack.person("91.01/PUPR", "liaison", login="petugas")


def receipt(page):
    assert page.status == 200, page.text
    return re.search(r'class="number">(A[0-9A-Z]{13})<', page.text)[1], re.search(r"<code>([0-9A-Z]{26})</code>", page.text)[1]


def report(stack, number):
    return stack.wait("select c.complaint_id, c.channel, c.class, c.category, c.region, c.flags & 3, t.title, t.body, t.location, t.external, t.code_hash, t.seal, t.contact, "
                      "p.name, h.code, t.attachments from complaint c join content t using (complaint_id) join principal p on p.principal_id = c.adapter "
                      "join agency h on h.agency_id = c.holder where number_text (c.number) = %s", number)[0]


def test_from_the_counter_to_the_case(stack, clerk):
    browser = Browser(stack, clerk)
    assert 'href="/new"' in browser.get("/inbox").text
    form = browser.get("/new").form("/new")
    # a place is looked for without losing what was typed, and without a script
    found = browser.post(form, **{**SAID, "place": "", "find": "1", "place_words": "sukamaju"}, **WHO)
    assert found.status == 200 and found.text.count('name="place" value="9') == 2
    again = found.form("/new")
    assert {name: again.fields[name] for name in ("title", "text", "channel", "class", "category", "location", "nik", "notice", "token")} == \
        {**{name: (SAID | WHO)[name] for name in ("title", "text", "channel", "class", "category", "location", "nik", "notice")}, "token": form.fields["token"]}
    number, code = receipt(browser.post(again, **SAID, **WHO))
    id_, *case = report(stack, number)
    external, code_hash, seal, contact, account, holder = case[8], *case[9:14]
    assert case[:8] == [9, 1, 1, "91.01.01.2001", 0, SAID["title"], SAID["text"], SAID["location"]]
    assert (account, holder) == ("desk-intake", "91.01/PUPR") and re.fullmatch("desk:[0-9a-f]{32}", external)
    assert bytes(code_hash) == hashlib.blake2b(code.encode(), digest_size=32).digest() and contact
    # who reports is sealed: the key that is elsewhere opens it, and nothing here has it open
    with open(os.path.join(stack.folder, "keys", "seal-1.key"), encoding="ascii") as file:
        opened = SealedBox(PrivateKey(bytes.fromhex(file.read().strip()))).decrypt(bytes(seal))
    assert all(value.encode() in opened for value in WHO.values())
    dump = str(stack.sql("select t::text from content t where complaint_id = %s", id_)) + str(stack.sql("select old::text, new::text, subject from change"))
    logs = "".join(open(os.path.join(stack.folder, "log", name), encoding="utf-8", errors="replace").read() for name in os.listdir(os.path.join(stack.folder, "log")))
    for value in (*WHO.values(), code):
        assert value not in dump and value not in logs
    # who typed it is on record, and whoever handles it reads his name
    assert stack.sql("select principal_id, new ->> 'channel' from change where name = 'typed' and subject = %s", external) == [(clerk.number, "walk-in")]
    page = Browser(stack, stack.person("91.01/PUPR", "agency_admin")).get(f"/cases/{number}")
    assert "Diketik oleh" in page.text and clerk.login.capitalize() in page.text and external not in page.text


def test_sent_twice_is_one(stack, clerk):
    browser = Browser(stack, clerk)
    form = browser.get("/new").form("/new")
    first = receipt(browser.post(form, **{**SAID, "channel": "letter", "notice": "none"}))
    assert receipt(browser.post(form, **{**SAID, "channel": "letter", "notice": "none"})) == first
    report(stack, first[0])
    other = browser.post(form, **{**SAID, "channel": "letter", "notice": "none", "text": "Isi yang lain sama sekali"})
    assert other.status == 422 and "sudah terkirim" in other.text and "Isi yang lain" in other.form("/new").fields["text"]
    assert stack.sql("select count(*) from change where name = 'typed' and subject = (select external from content t join complaint c using (complaint_id) "
                     "where number_text (c.number) = %s)", first[0]) == [(1,)]


@pytest.mark.parametrize("wrong, field", [({"text": " "}, "Isi"), ({"channel": "web"}, "Cara laporan"), ({"class": "3"}, "Klasifikasi"), ({"incident": ""}, "Tanggal kejadian"),
                                          ({"incident": "2999-01-01"}, "Tanggal kejadian"), ({"incident": "1944-12-31"}, "Tanggal kejadian"), ({"anonymous": ""}, "Anonim"), ({"secret": ""}, "Rahasia"), ({"nik": "123"}, "NIK"),
                                          ({"email": "bukan surel"}, "Surel"), ({"notice": "sms", "phone": ""}, "Telepon"), ({"location": ""}, "Lokasi"), ({"title": "x" * 201}, "Judul")])
def test_what_is_wrong_comes_back(stack, clerk, wrong, field):
    browser = Browser(stack, clerk)
    page = browser.post(browser.get("/new").form("/new"), **{**SAID, **WHO, **wrong})
    assert page.status == 422 and field in re.search(r'role="alert">(.*?)</p>', page.text)[1]
    fields = page.form("/new").fields
    assert fields["address"] == WHO["address"] and fields["title"] == wrong.get("title", SAID["title"])


def test_who_may(stack):
    before = stack.sql("select count(*) from change where name = 'typed'")
    for agency, role in (("91.01", "overseer"), ("91.01", "operator")):
        browser = Browser(stack, stack.person(agency, role))
        page = browser.post(browser.get("/new").form("/new"), **{**SAID, "notice": "none"})
        assert page.status == 403 and 'href="/new"' not in browser.get("/help").text
    assert stack.sql("select count(*) from change where name = 'typed'") == before
    assert Browser(stack).get("/new").location == "/login"
    form = browser.get("/new").form("/new")
    assert Browser(stack, stack.person("91.01", "coordinator")).send("/new", {**form.fields, **SAID}).status == 403  # forged
    assert stack.front().order("typed", stack.person("91.01", "coordinator"), external="desk:xyz", channel="letter").word == "value external"
    assert stack.front().order("typed", stack.person("91.01", "coordinator"), external="desk:" + "0" * 32, channel="web").word == "value channel"


def test_unset_flags_and_files(stack, clerk):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    browser = Browser(stack, clerk)
    number, _ = receipt(browser.post(browser.get("/new").form("/new"), files=[("surat.png", "image/png", picture)],
                                     **{**SAID, "channel": "hotline", "class": "5", "incident": "", "anonymous": "yes", "secret": "yes", "notice": "none"}))
    case = report(stack, number)
    assert case[1:3] == (4, 5) and case[5] == 3 and bytes(case[15]) == hashlib.blake2b(picture, digest_size=32).digest()


def test_while_intake_is_away(stack, clerk):
    browser = Browser(stack, clerk)
    form = browser.get("/new").form("/new")
    stack["intake"].stop()
    try:
        page = browser.post(form, **SAID, **WHO)
        assert page.status == 503
        again = page.form("/new")
        assert again.fields["token"] == form.fields["token"] and again.fields["name"] == WHO["name"]
    finally:
        stack["intake"].start()
    number, _ = receipt(browser.post(again, **SAID, **WHO))
    report(stack, number)
