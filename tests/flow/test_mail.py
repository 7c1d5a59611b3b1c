"""Mail in: by rt-mailgate and by a Maildir, whatever somebody has sent; bounces and automatic answers are no complaints."""
import base64
import os
import re
import time
import uuid

import pytest

from film import film
from mail import bring, case_token, mail, mailgate, notice_token, parts
from mta import REFUSED_DATA, Mta
from stack import WEB, Stack
from web import Visitor


@pytest.fixture(scope="module")
def mta():
    """The city's mail server: hands what is ours to rt-mailgate, and keeps what we write."""
    stacks = []
    with Mta(lambda: f"http://127.0.0.1:{stacks[0].ports['web']}") as running:
        running.stacks = stacks
        yield running


@pytest.fixture(scope="module")
def stack(folder, mta):
    maildir = os.path.join(folder, "Maildir")
    for name in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(maildir, name))
    with Stack(folder, programs=(*WEB, "notifier"), web=f"  video_seconds: 3\n  maildir: {maildir}\n  maildir_every: 100ms\n  mail:\n    address: aduan@example.go.id\n",
               notifier=f"  smtp: {{url: \"smtp://127.0.0.1:{mta.port}\", from: aduan@example.go.id, tls: none}}\n  stop: https://aduan.example.go.id/stop/\n") as running:
        mta.stacks.append(running)
        yield running


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


def taken(answer):
    """The number of the complaint that a mail became."""
    assert answer.status == 200 and answer.text.startswith("ok\nTicket: "), answer.text
    return answer.text.split()[2]


def stored(stack, number):
    return stack.wait("select t.body, t.title, encode (t.attachments, 'hex'), t.contact is not null, t.seal is not null, c.channel, c.complaint_id"
                      " from complaint c join content t using (complaint_id) where number_text (c.number) = %s", number)[0]


def body(stack, visitor, raw):
    return stored(stack, taken(bring(visitor, raw)))[0]


def count(stack):
    return stack.sql("select count (*) from complaint")[0][0]


def test_rt_mailgate(stack, visitor):
    raw = mail("Jalan Melati berlubang besar sejak hujan kemarin.\n", id="<satu@example.org>")
    code, said = mailgate(stack, raw)
    assert code == 0, said
    number = stack.wait("select number_text (number) from complaint where channel = 6")[0][0]
    text, title, _, contact, seal, _, _ = stored(stack, number)
    assert text.startswith("Jalan Melati") and title == "Jalan berlubang" and contact and seal
    # the same through another mailbox, by another way
    assert taken(bring(visitor, b"Received: from elsewhere\n" + raw)) == number
    other = mail("Sesuatu yang lain sama sekali.\n", id="<satu@example.org>")
    assert taken(bring(visitor, other)) != number, "its sender chooses the id: other words are another complaint"


def words_of(letter):
    """The words of a letter."""
    return letter.get_body().get_content().replace("\r\n", "\n")


def code_of(letter):
    """The access code that a letter tells; None where it tells none."""
    found = re.search(r"^Kode akses: ([0-9A-HJKMNP-TV-Z]{26})$", words_of(letter), re.M)
    return found and found[1]


def test_from_a_mail_to_its_answer_and_back(stack, mta, visitor):
    """swaks writes to a mail server, whose alias is rt-mailgate; the answer comes into the reporter's mailbox in his thread, and what he
    answers comes to his case."""
    reporter, mid = "wulan@warga.example", "<lapor-jembatan@warga.example>"
    once = {"Message_ID": mid, "Subject": "Jembatan bambu lapuk", "Date": "Fri, 27 Nov 2026 08:00:00 +0700"}
    mta.swaks("aduan@example.go.id", reporter, "Jembatan bambu di Kali Code lapuk, anak sekolah lewat sana.", **once)
    (identity,), = stack.wait("select complaint_id from content where body like 'Jembatan bambu di Kali Code%%'")
    (letter,) = mta.letters(reporter)
    assert letter["In-Reply-To"] == mid and letter["References"].split() == [mid]
    (number, flags), = stack.sql("select number_text (number), flags & 3 from complaint where complaint_id = %s", identity)
    assert number in words_of(letter) and flags == 3
    assert "Jembatan bambu di Kali Code" in visitor.opens(number, code_of(letter)), "number and code of the letter open the case"
    mta.swaks("aduan@example.go.id", reporter, "Jembatan bambu di Kali Code lapuk, anak sekolah lewat sana.", **once)
    assert [code for code, _ in mta.handler.said[-2:]] == [0, 0]
    assert stack.sql("select count (*) from content where body like 'Jembatan bambu di Kali Code%%'")[0][0] == 1

    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    worker = stack.worker()
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    assert worker.act(case, "answer", "Jembatan diganti pekan depan.")[0] == "done"
    letter = mta.letters(reporter, 2)[1]
    assert letter["In-Reply-To"] == mid and letter["Message-ID"] != mta.letters(reporter)[0]["Message-ID"]
    assert "Jembatan diganti pekan depan." in words_of(letter) and code_of(letter) is None
    assert not stack.sql("select 1 from complaint where complaint_id = %s and flags & 6 = 0", identity), "told to him, and not published"
    token = case_token(stack, uuid.UUID(identity).bytes)
    assert letter["Reply-To"].strip("<>") == f"aduan+{token}@example.go.id"

    before = count(stack)
    reply = {"Subject": f"Re: {letter['Subject']}", "Message_ID": "<balas@warga.example>", "In_Reply_To": letter["Message-ID"],
            "References": f"{mid} {letter['Message-ID']}"}
    mta.swaks(f"aduan+{token}@example.go.id", reporter, "Terima kasih, kami tunggu.\n\nPada Jumat, Aduan menulis:\n> Ada kabar.", **reply)
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", identity)[0][0] == "Terima kasih, kami tunggu."
    mta.swaks(f"aduan+{token}@example.go.id", reporter, "Terima kasih, kami tunggu.\n\nPada Jumat, Aduan menulis:\n> Ada kabar.", **reply)
    assert count(stack) == before, "an answer is no complaint"


def test_who_asks_for_secrecy_gets_no_words(stack, mta, visitor):
    """He says on the case's page that it is secret: from then on the letters tell nothing; says that it is not: in words again."""
    reporter = "rahasia@warga.example"
    identity, letter = reported(stack, visitor, mta, reporter, "Timbangan di pasar curang.")
    number, code = stack.sql("select number_text (number) from complaint where complaint_id = %s", identity)[0][0], code_of(letter)
    worker, holder = stack.worker(), stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    for letters, secret, flags in ((2, "yes", 2), (3, "no", 0)):
        assert visitor.opens(number, code)
        fields = visitor.get("/case").fields()
        word = {"token": fields["token"], "created": fields["created"], "do": "flags", "anonymous": "1", "secret": secret == "yes" and "1" or ""}
        assert visitor.post("/case", word).status == 303
        stack.wait("select 1 from complaint where complaint_id = %s and flags & 8194 = %s", identity, flags)
        verdict, fields = worker.act(case, "progress", f"Petugas datang, {secret}.")
        assert verdict == "done"
        case["version"] = fields[5]
        letter = mta.letters(reporter, letters)[letters - 1]
        assert (f"Petugas datang, {secret}." in words_of(letter)) == (secret == "no") and (number in letter["Subject"]) == (secret == "no")


def has_news(stack, identity):
    return stack.sql("select t.contact is not null, c.flags & 16 <> 0 from complaint c join content t using (complaint_id) where complaint_id = %s", identity)[0]


def reported(stack, visitor, mta, sender, text):
    """A complaint by mail, its id, and the letter that it was received."""
    before = len([1 for to, _ in mta.handler.mails if to == sender])
    identity = stored(stack, taken(bring(visitor, mail(text, sender=sender))))[6]
    assert has_news(stack, identity) == (True, True)
    return identity, mta.letters(sender, before + 1)[-1]


@pytest.mark.parametrize("words", [{"body": "Berhenti\n\nPada Jumat, Aduan menulis:\n> Laporan Anda", "Subject": "Re: Ada kabar"}, {"body": " ", "Subject": "BERHENTI"}],
                         ids=["the only line", "a button of his program"])
def test_stop_by_mail(stack, visitor, mta, words):
    """Of all his cases, whichever letter he answers; confirmed once, in a letter that is no notice."""
    sender = f"henti{len(words['body'])}@warga.example"
    first, _ = reported(stack, visitor, mta, sender, f"Parit buntu, {len(words['body'])}.")
    second, letter = reported(stack, visitor, mta, sender, f"Parit bau, {len(words['body'])}.")
    before, address = count(stack), letter["Reply-To"].strip("<>") if words["body"].strip() else letter["List-Unsubscribe"].split("mailto:")[1].split("?")[0]
    mta.swaks(address, sender, words["body"], Subject=words["Subject"], Message_ID=f"<henti-{len(words['body'])}@warga.example>")
    stack.wait("select 1 from content where complaint_id = %s and contact is null", first)
    assert has_news(stack, first) == has_news(stack, second) == (False, False)
    last = mta.letters(sender, 3)[2]
    assert last["Subject"] == "Kabar tentang laporan Anda dihentikan" and last["Auto-Submitted"] == "auto-generated" and last["List-Unsubscribe"] is None
    assert last["In-Reply-To"] == f"<henti-{len(words['body'])}@warga.example>"
    assert count(stack) == before


def test_whose_address_was_named_stops_it_from_there(stack, visitor, mta):
    """A stranger's word stops what others have sent to him, and nothing else; within other words it is none; MULAI ends it."""
    identity, _ = reported(stack, visitor, mta, "tetap@warga.example", "Got depan rumah tersumbat.")
    visitor.report("Selokan bau.", contact_kind="email", contact="asing@warga.example")
    assert len(mta.letters("asing@warga.example", 1)) == 1
    before = count(stack)
    assert bring(visitor, mail("STOP\n", sender="asing@warga.example")).text == "ok\n"
    assert mta.letters("asing@warga.example", 2)[1]["Subject"] == "Kabar tentang laporan Anda dihentikan"
    assert count(stack) == before and has_news(stack, identity) == (True, True)
    number, _ = visitor.report("Selokan meluap.", contact_kind="email", contact="Asing+lapor@warga.example")
    stack.wait("select 1 from delivery d join complaint c using (complaint_id) where number_text (c.number) = %s and d.outcome = 5 and d.code = 7", number)
    assert "Stop" in body(stack, visitor, mail("Stop pembuangan sampah di kali!", sender="asing@warga.example"))
    assert "kami terima" in mta.letters("asing@warga.example", 3)[2]["Subject"], "what he reports from there himself has news"
    before = count(stack)
    assert bring(visitor, mail("Mulai\n", sender="asing@warga.example")).text == "ok\n" and count(stack) == before
    assert mta.letters("asing@warga.example", 4)[3]["Subject"] == "Kabar tentang laporan Anda dikirim lagi"
    visitor.report("Selokan buntu.", contact_kind="email", contact="asing@warga.example")
    assert len(mta.letters("asing@warga.example", 5)) == 5


def test_one_click(stack, visitor, mta):
    """RFC 8058: the header's address ends it by one POST; looking at it ends nothing."""
    identity, letter = reported(stack, visitor, mta, "klik@warga.example", "Halte bus bocor.")
    other, _ = reported(stack, visitor, mta, "klik@warga.example", "Halte bus gelap.")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = letter["List-Unsubscribe"].split(">")[0].strip("<")
    assert address.startswith("https://aduan.example.go.id/stop/")
    path, kind = address[len("https://aduan.example.go.id"):], {"Content-Type": "application/x-www-form-urlencoded"}
    page = visitor.get(path)
    assert page.status == 200 and "Hentikan kabar" in page.text and has_news(stack, identity) == (True, True)
    assert visitor.ask("POST", path, "x=1", kind).status == 400
    assert visitor.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status == 404
    done = visitor.ask("POST", path, "List-Unsubscribe=One-Click", kind)
    assert done.status == 200 and "tidak dikirim lagi" in done.text
    assert has_news(stack, identity) == has_news(stack, other) == (False, False)
    ends, stays = uuid.uuid4(), uuid.uuid4()
    for submission in (ends, stays):
        stack.sql("insert into supporter (complaint_id, submission, adapter, contact, contact_key) values (%s, %s, 1, 'tersegel', 1)", identity, str(submission))
    (bulletin,), = stack.sql("insert into bulletin (complaint_id, submission) values (%s, %s) returning bulletin_id", identity, str(ends))
    supporter = notice_token(stack, uuid.UUID(str(bulletin)).bytes, recipient=2)
    assert visitor.ask("POST", f"/stop/{supporter}", "List-Unsubscribe=One-Click", kind).status == 200
    assert dict(stack.sql("select submission::text, contact is not null from supporter where complaint_id = %s", identity)) == {str(ends): False, str(stays): True}
    officer = notice_token(stack, uuid.UUID(identity).bytes, recipient=1)
    assert visitor.ask("POST", f"/stop/{officer}", "List-Unsubscribe=One-Click", kind).status == 404


def test_intake_is_away_and_the_mta_keeps_it(stack, mta):
    said = {"Message_ID": "<saluran@warga.example>", "Subject": "Saluran air"}
    stack["intake"].kill()
    mta.swaks("aduan@example.go.id", "tono@warga.example", "Saluran air di Jalan Anggrek tersumbat.", wanted=REFUSED_DATA, **said)
    assert mta.handler.said[-1][0] == 75, mta.handler.said[-1]
    stack["intake"].start()
    stack["intake"].wait_principals()
    mta.swaks("aduan@example.go.id", "tono@warga.example", "Saluran air di Jalan Anggrek tersumbat.", **said)
    stack.wait("select 1 from content where body like 'Saluran air di Jalan Anggrek%%'")


def test_nothing_in_it_is_refused_for_ever(visitor):
    answer = bring(visitor, mail("  \n", subject=""))
    assert answer.status == 200 and answer.text.startswith("not ok")
    assert visitor.ask("POST", "/REST/1.0/NoAuth/mail-gateway", "action=correspond", {"Content-Type": "application/x-www-form-urlencoded"}).text.startswith("not ok")


def test_from_elsewhere_only_with_the_secret(stack, visitor):
    through = {"X-Forwarded-For": "203.0.113.9", "Content-Type": "application/x-www-form-urlencoded"}
    for name in ("X-Forwarded-For", "Forwarded", "Via"):
        for said in ("203.0.113.9", "\xff, 203.0.113.9"):  # what a client has said before the proxy adds its own is no UTF-8
            assert visitor.ask("POST", "/REST/1.0/NoAuth/mail-gateway", "action=x", {"Content-Type": through["Content-Type"], name: said}).status == 401
    basic = base64.b64encode(f"mta:{stack.secret('gateway')}".encode()).decode()
    assert visitor.ask("POST", "/REST/1.0/NoAuth/mail-gateway", "action=x", {**through, "Authorization": f"Basic {basic}"}).status == 200


UU = "Foto terlampir.\n\nbegin 644 catatan.txt\n" + "".join(
    __import__("binascii").b2a_uu(b"Catatan tetangga yang panjang lebar, baris demi baris, tentang banjir.\n"[at:at + 45]).decode() for at in (0, 45)) + "`\nend\n"

AWKWARD = {
    "gb18030": (mail("路灯坏了，晚上很黑。".encode("gb18030"), kind="text/plain; charset=gb18030"), "路灯坏了"),
    "latin": (mail("Das Licht in der Jalan Merpati ist ausgefallen, gefährlich.".encode("latin-1"), kind="text/plain"), "gefährlich"),
    "nul": (mail(b"Lampu mati\0 di gang kami, gelap sekali."), "di gang kami"),
    "html": (mail("<html><head><style>p {color: red}</style></head><body><p>Air PAM&nbsp;keruh.</p><script>alert (1)</script><div>Sejak <b>Senin</b></div></body></html>",
                  kind="text/html; charset=utf-8"), "Air PAM\u00a0keruh.\nSejak Senin"),
    "alternative": (parts(("Content-Type: text/html", b"<p>kaya</p>"), ("Content-Type: text/plain", b"Trotoar di depan sekolah pecah."), kind="alternative"),
                    "Trotoar di depan sekolah pecah."),
    "without an id": (mail("Pohon miring di Jalan Cemara.", id=""), "Pohon miring"),
    "two From": (mail("Got mampet dekat pasar burung.", headers=["From: lain@example.net"]), "Got mampet"),
    "8-bit headers": (mail("Jembatan goyang di atas kali.", sender="Sité <site@example.org>", subject="Jembatan é"), "Jembatan goyang"),
    "mbox": (b"From sari@example.org Fri Nov 27 10:00:00 2026\n" + mail("Halte bus tanpa atap."), "Halte bus"),
    "no charset known": (mail("Parkir liar di trotoar.", kind="text/plain; charset=x-tidak-ada"), "Parkir liar"),
    "no date": (mail("Angkot ngetem di tikungan.", date="kapan-kapan"), "Angkot ngetem"),
}


@pytest.mark.parametrize("raw, words", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_mail(stack, visitor, raw, words):
    assert words in body(stack, visitor, raw)


def test_what_came_with_it_is_kept(stack, visitor):
    nested = mail("Isi surat yang diteruskan, soal sampah.", subject="Teruskan")
    raw = parts(("Content-Type: text/plain", b"Lihat lampiran."), ("Content-Type: message/rfc822", nested),
                ("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.exe", b"MZ\x90\0" + b"\0" * 200))
    text, _, files, *_ = stored(stack, taken(bring(visitor, raw)))
    assert len(files) == 64, "the mail within it; a program is no attachment"
    assert text == "Lihat lampiran.\n\n[1 lampiran tidak dapat diterima.]"
    text, _, files, *_ = stored(stack, taken(bring(visitor, mail(UU))))
    assert text.strip() == "Foto terlampir." and len(files) == 64


def test_what_became_of_the_files_is_told(stack, visitor, mta):
    """In the letter that it was received: of a longer film its beginning is kept, and what is not taken can be sent otherwise."""
    sender = "film@warga.example"
    def piece(kind, data):
        return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=a", base64.encodebytes(data)
    raw = parts(("Content-Type: text/plain", b"Lihat rekaman."), piece("video/mp4", film(seconds=6)), piece("application/x-msdownload", b"MZ\x90\x00" + bytes(300)), sender=sender)
    text, _, files, *_ = stored(stack, taken(bring(visitor, raw)))
    assert len(files) == 64 and text.endswith("[1 lampiran tidak dapat diterima.]\n\n[Dari video hanya 3 detik pertama yang disimpan.]")
    told = words_of(mta.letters(sender, 1)[0])
    assert "Lampiran yang tidak dapat kami terima: 1. Balas surat ini" in told and "3 detik pertama disimpan" in told
    assert len(stored(stack, taken(bring(visitor, mail("Tanpa lampiran.", sender=sender))))[2] or "") == 0
    told = words_of(mta.letters(sender, 2)[1])
    assert "Lampiran" not in told and "ideo" not in told


def test_long_text_goes_on_in_a_file(stack, visitor):
    text, _, files, *_ = stored(stack, taken(bring(visitor, mail("Kata demi kata tentang jalan rusak. " * 400))))
    assert len(text) < 10000 and text.endswith("[Teks selengkapnya ada di lampiran.]") and len(files) == 64


def test_thirty_megabytes(stack, visitor):
    large = base64.encodebytes(os.urandom(20_000_000))
    raw = parts(("Content-Type: text/plain", b"Video kejadian terlampir."), ("Content-Type: video/mp4\nContent-Transfer-Encoding: base64", large))
    assert "1 lampiran" in body(stack, visitor, raw)
    assert bring(visitor, raw + b"\n" * 8_000_000).text.startswith("not ok - the mail is larger")


def test_many_parts_are_not_taken_apart(stack, visitor):
    raw = mail(b"--x\n\n" * 25000, kind='multipart/mixed; boundary="x"', subject="Seribu bagian")
    text, title, files, *_ = stored(stack, taken(bring(visitor, raw)))
    assert title == "Seribu bagian" and text == "Seribu bagian" and len(files) == 64


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <warga.example.org>", "X-Auto-Response-Suppress: All",
                                    "Return-Path: <>"])
def test_machines_are_taken_and_not_answered(stack, visitor, header):
    number = taken(bring(visitor, mail(f"Laporan otomatis {header}", headers=[header])))
    assert stored(stack, number)[3] is False, "no contact: nothing will be sent"


@pytest.mark.parametrize("sender", ["no-reply@example.org", "aduan@example.go.id"])
def test_neither_are_addresses_that_nobody_reads(stack, visitor, sender):
    assert stored(stack, taken(bring(visitor, mail(f"Dari {sender}", sender=sender))))[3] is False


def test_ten_an_hour_are_answered(stack, visitor):
    contacts = [stored(stack, taken(bring(visitor, mail(f"Keluhan ke-{nth} hari ini.", sender="cerewet@example.org"))))[3] for nth in range(11)]
    assert contacts == [True] * 10 + [False]


@pytest.mark.parametrize("headers", [["X-Aduan-Loop: aduan.example"], ["Auto-Submitted: auto-replied"]])
def test_our_own_mail_and_automatic_answers_are_let_go(stack, visitor, headers):
    before = count(stack)
    assert bring(visitor, mail("Saya sedang cuti.", headers=headers)).text == "ok\n"
    assert count(stack) == before


DSN = ("Content-Type: message/delivery-status", b"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; sari@example.org\nAction: failed\nStatus: 5.1.1\n")


def test_a_bounce_is_a_report_of_its_notice(stack, visitor):
    identity = stored(stack, taken(bring(visitor, mail("Kabel listrik menjuntai."))))[6]
    before = count(stack)
    token = notice_token(stack, uuid.UUID(identity).bytes)
    raw = parts(("Content-Type: text/plain", b"It could not be delivered."), DSN, kind='report; report-type=delivery-status', sender="MAILER-DAEMON@mx.example.org",
                to=f"<aduan+{token.upper()}@example.go.id>", headers=["Return-Path: <>", "Auto-Submitted: auto-replied"])
    raw = raw.replace(b"Auto-Submitted: auto-replied\n", b"")
    assert bring(visitor, raw).text == "ok\n"
    assert stack.wait("select outcome, code, channel from delivery where complaint_id = %s", identity)[0] == (3, 511, 6)
    assert bring(visitor, parts(DSN, kind='report; report-type=delivery-status', sender="MAILER-DAEMON@mx.example.org")).text == "ok\n"
    assert count(stack) == before, "a bounce is no complaint"


def test_a_reply_to_the_address_of_a_case(stack, visitor):
    number, _ = visitor.report("Pipa bocor di depan rumah.", contact_kind="email", contact="warga@example.org")
    identity = stored(stack, number)[6]
    address = f"aduan+{case_token(stack, uuid.UUID(identity).bytes)}@example.go.id"
    before = count(stack)
    quoted = "Sekarang makin deras.\n\nPada Jumat, petugas menulis:\n> Kami akan datang.\n\n-- \nWarga\n"
    assert taken(bring(visitor, mail(quoted, to=address, sender="dari@tempat.lain")))
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", identity)[0][0] == "Sekarang makin deras."
    assert count(stack) == before
    forged = address.replace("+", "+0", 1).replace(address[46], "", 1)
    taken(bring(visitor, mail("Bukan balasan.", to=forged)))
    stack.wait("select 1 from content where body = 'Bukan balasan.'")


def test_a_number_in_the_subject_counts_for_its_sender_alone(stack, visitor):
    number = taken(bring(visitor, mail("Rel kereta tanpa palang.", sender="budi@example.org")))
    identity = stored(stack, number)[6]
    taken(bring(visitor, mail("Palang sudah dipasang?", sender="budi@example.org", subject=f"Re: laporan {number}")))
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", identity)[0][0] == "Palang sudah dipasang?"
    stranger = taken(bring(visitor, mail("Saya orang lain.", sender="lain@example.org", subject=f"Re: laporan {number}")))
    assert stored(stack, stranger)[0] == "Saya orang lain."


def deliver(stack, name, raw):
    folder = os.path.join(stack.folder, "Maildir")
    with open(os.path.join(folder, "tmp", name), "wb") as file:
        file.write(raw)
    os.rename(os.path.join(folder, "tmp", name), os.path.join(folder, "new", name))


def wait_in(stack, where, name, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        found = [entry for entry in os.listdir(os.path.join(stack.folder, "Maildir", where)) if entry.startswith(name)]
        if found:
            return found[0]
        assert time.monotonic() < deadline, f"{name} is not in {where}"
        time.sleep(0.02)


def test_a_maildir(stack):
    deliver(stack, "1764200000.satu", mail("Lapangan becek dekat balai desa."))
    assert wait_in(stack, "cur", "1764200000.satu") == "1764200000.satu:2,S"
    stack.wait("select 1 from content where body like 'Lapangan becek%%'")
    deliver(stack, "1764200001.kosong", mail("", subject=""))
    assert wait_in(stack, "cur", "1764200001.kosong").endswith(":2,FS")


def test_a_maildir_keeps_what_intake_cannot_take(stack):
    stack["intake"].kill()
    deliver(stack, "1764200002.dua", mail("Tiang listrik miring di tikungan."))
    accepted = stack.metric("web", "web_accepted_total")
    deadline = time.monotonic() + 15
    while stack.metric("web", "web_sending") == 0:
        assert time.monotonic() < deadline, "nobody tried"
    assert wait_in(stack, "new", "1764200002.dua")
    stack["intake"].start()
    stack["intake"].wait_principals()
    wait_in(stack, "cur", "1764200002.dua")
    stack.wait("select 1 from content where body like 'Tiang listrik miring%%'")
    assert stack.metric("web", "web_accepted_total") == accepted + 1


def test_a_mail_that_stays_holds_up_nobody(stack):
    """It cannot be read, or its file cannot be kept: those behind it are taken meanwhile, and it has its turn again and again."""
    files = os.path.join(stack.folder, "files")
    os.mkdir(os.path.join(stack.folder, "Maildir", "new", "1764200010.map"))
    os.rename(os.path.join(files, "part"), os.path.join(files, "part.away"))
    try:
        deliver(stack, "1764200011.foto", parts(("Content-Type: text/plain", b"Trotoar amblas, catatan terlampir."),
                                                ('Content-Type: text/plain\nContent-Disposition: attachment; filename="catatan.txt"', b"Di sisi barat.")))
        for at in range(3):
            deliver(stack, f"176420002{at}.kata", mail(f"Kerb nomor {at} pecah."))
        for at in range(3):
            wait_in(stack, "cur", f"176420002{at}.kata")
        assert wait_in(stack, "new", "1764200011.foto")
    finally:
        os.rename(os.path.join(files, "part.away"), os.path.join(files, "part"))
        os.rmdir(os.path.join(stack.folder, "Maildir", "new", "1764200010.map"))
    wait_in(stack, "cur", "1764200011.foto")
    stack.wait("select 1 from content where body like 'Trotoar amblas, catatan%%'")


def test_nobody_is_named_in_the_log(stack):
    with open(stack["web"].log, encoding="utf-8") as log:
        text = log.read()
    for word in ("sari", "budi", "example.org", stack.secret("gateway")):
        assert word not in text
