"""SMS in, through a real Kannel and an operator that is played; what Kannel does not change goes to the door as Kannel says it."""
import concurrent.futures
import os
import threading
import time
import urllib.parse
import uuid

import pytest

from adapter import REJECT, SUBMIT
from kannel import Kannel, free_ports
from mail import notice_token
from peer import frame
from stack import WEB, Stack
from web import Visitor


@pytest.fixture(scope="module")
def sendsms():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def stack(folder, sendsms):
    with open(os.path.join(folder, "kannel.password"), "w", encoding="ascii") as file:
        file.write("geheim\n")
    sms = (f"  sms: {{url: \"http://127.0.0.1:{sendsms}/cgi-bin/sendsms\", user: aduan, password: {folder}/kannel.password}}\n"
           "  night: {from: 0, to: 0}\n")
    with Stack(folder, programs=(*WEB, "notifier"), adapters=("web",), web="  answers: 30\n", notifier=sms) as running:
        yield running


def post_url(stack):
    return f"http://127.0.0.1:{stack.ports['web']}/gateway/sms?secret={stack.secret('gateway')}&id=%I&time=%t"


@pytest.fixture(scope="module")
def kannel(stack, folder, sendsms):
    os.makedirs(os.path.join(folder, "kannel"))
    with Kannel(os.path.join(folder, "kannel"), send=sendsms, post=post_url(stack)) as running:
        yield running


class Phone:
    """A telephone whose messages come to the door as Kannel brings them."""
    sent = 0

    def __init__(self, stack, number):
        self.stack, self.number, self.visitor = stack, number, Visitor(stack)

    def say(self, text, id=None, at=None, headers=None, **more):  # pylint: disable=redefined-builtin
        Phone.sent += 1
        query = {"secret": self.stack.secret("gateway"), "id": id or f"{Phone.sent}-{time.monotonic_ns()}", "time": at or time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
                 **more}
        said = {"Content-Type": 'text/plain; charset="UTF-8"', "X-Kannel-From": self.number, "X-Kannel-To": "1708", "X-Kannel-SMSC": "fake", **(headers or {})}
        return self.visitor.ask("POST", "/gateway/sms?" + urllib.parse.urlencode(query), text.encode() if isinstance(text, str) else text, said)

    def report(self, text):
        """Reports; the number that came back."""
        answer = self.say(text)
        assert answer.status == 200 and answer.text.startswith("Laporan diterima, nomor A"), answer.text
        number = answer.text.split()[3].strip(".")
        self.stored(number)
        return number

    def stored(self, number):
        return self.stack.wait("select c.complaint_id, t.body, c.channel, c.flags & 3, t.contact is not null, t.sender is not null"
                               " from complaint c join content t using (complaint_id) where number_text (c.number) = %s", number)[0]


@pytest.fixture
def phone(stack):
    return Phone(stack, f"+62812{time.monotonic_ns() % 10**8:08}")


def answers(kannel, sender, count=1, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        found = [text for _, receiver, _, text in kannel.messages() if receiver == sender]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{count} answers to {sender}: {found}"
        time.sleep(0.02)


def test_through_kannel(stack, kannel):
    kannel.say("628111000001", "lapor   Lampu lalu lintas Simpang Lima mati.")
    answer = answers(kannel, "628111000001")[0]
    number = answer.split()[3].strip(".")
    body, channel, flags = stack.wait("select t.body, c.channel, c.flags & 3 from complaint c join content t using (complaint_id)"
                                      " where number_text (c.number) = %s", number)[0]
    assert (body, channel, flags) == ("Lampu lalu lintas Simpang Lima mati.", 5, 3)
    assert len(answer) <= 160 and answer.isascii(), "one message of the GSM alphabet"
    kannel.say("628111000001", "LAPOR Jalan di Désa Ngadirejo longsor ⚠")
    stack.wait("select 1 from content where body = 'Jalan di Désa Ngadirejo longsor ⚠'")
    kannel.say("628111000009", f"LACAK {number}")
    assert number in answers(kannel, "628111000009")[0]


def test_one_sms_for_a_report(stack, kannel):
    """The door's answer tells the number, and no notice says again that it was received; the next news come by the gateway."""
    sender = "628111000004"
    kannel.say(sender, "LAPOR Papan nama jalan hilang.")
    (answer,) = answers(kannel, sender)
    number = answer.split()[3].strip(".")
    assert answer == f"Laporan diterima, nomor {number}. Cek: ketik LACAK {number}. Kode akses: ketik KODE {number}"
    skipped, answered = 5, 8
    identity, *told = stack.wait("select d.complaint_id, d.outcome, d.code, d.channel from delivery d join complaint c using (complaint_id)"
                                 " where number_text (c.number) = %s and d.event = 1", number)[0]
    assert told == [skipped, answered, 5]
    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    worker = stack.worker()
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    assert worker.act(case, "answer", "Sudah dipasang lagi.")[0] == "done"
    (name,), = stack.sql("select a.name from agency a where a.agency_id = %s", holder)
    assert answers(kannel, sender, 2) == [answer, f"Laporan {number} dijawab oleh {name}. Sudah dipasang lagi."], "the words, of a case that is not published"


def test_intake_is_away_and_kannel_keeps_it(stack, kannel):
    stack["intake"].kill()
    tried = stack.metric("web", "web_refused_total")
    kannel.say("628111000002", "LAPOR Sungai meluap ke permukiman.")
    deadline = time.monotonic() + 30
    while stack.metric("web", "web_refused_total") == tried:
        assert time.monotonic() < deadline, "Kannel did not try"
        time.sleep(0.02)
    stack["intake"].start()
    stack["intake"].wait_principals()
    assert answers(kannel, "628111000002")[0].startswith("Laporan diterima")
    assert len(stack.wait("select 1 from content where body = 'Sungai meluap ke permukiman.'")) == 1


@pytest.mark.parametrize("joins", [True, False], ids=["Kannel joins", "Kannel does not"])
def test_a_long_one(stack, folder, joins):
    os.makedirs(os.path.join(folder, f"kannel-{joins}"))
    with Kannel(os.path.join(folder, f"kannel-{joins}"), post=post_url(stack), joins=joins) as kannel:
        kannel.say("628111000003", "%05%00%03%2A%02%02 dan berlumpur" + f" sekali {joins}.", )
        kannel.say("628111000003", "%05%00%03%2A%02%01 LAPOR Jalan ke kebun becek ")
        stack.wait("select 1 from content where body = %s", f"Jalan ke kebun becek dan berlumpur sekali {joins}.")


def test_parts_in_any_order(stack, phone):
    first = "LAPOR Air PDAM mati sejak subuh "
    results = []
    threads = [threading.Thread(target=lambda part=part, text=text: results.append(Phone(stack, phone.number).say(
        text, headers={"X-Kannel-UDH": f"0500032B03{part:02}"}))) for part, text in ((1, first), (3, "warga."), (2, "di RT 3, mohon dicek "))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in results) == [200, 200, 200]
    assert sorted(answer.text != "" for answer in results) == [False, False, True], "one answer for all parts"
    stack.wait("select 1 from content where body = 'Air PDAM mati sejak subuh di RT 3, mohon dicek warga.'")


def test_the_same_message_again_is_one_case(stack, phone):
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    first = phone.say("LAPOR Warung menutup trotoar.", id="kannel-1", at=at)
    assert phone.say("LAPOR Warung menutup trotoar.", id="kannel-1", at=at).text == first.text
    phone.stored(first.text.split()[3].strip("."))
    assert stack.sql("select count (*) from content where body = 'Warung menutup trotoar.'")[0][0] == 1


def test_an_id_that_was_given_twice_costs_nothing(stack, phone):
    """Kannel's %I is its own affair: other words under it are another message."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    first, second = (phone.say(f"LAPOR {text}", id="kannel-2", at=at).text for text in ("Pohon menghalangi lampu.", "Kandang ayam berbau."))
    assert first.startswith("Laporan diterima") and second.startswith("Laporan diterima") and first != second
    stack.wait("select 1 from content where body = 'Kandang ayam berbau.'")
    stack.wait("select 1 from content where body = 'Pohon menghalangi lampu.'")


def test_unicode_as_kannel_says_it(stack, phone):
    text = "LAPOR Désa banjir ⚠ 🌊"
    assert phone.say(text.encode("utf-16-be"), headers={"Content-Type": 'text/plain; charset="UTF-16BE"'}).status == 200
    stack.wait("select 1 from content where body = 'Désa banjir ⚠ 🌊'")
    half = phone.say("LAPOR Putus ".encode("utf-16-be") + b"\xd8\x3d", headers={"Content-Type": 'text/plain; charset="UTF-16BE"'})
    assert half.text.startswith("Laporan diterima")
    phone.report("LAPOR Sebelum\0sesudah.")
    stack.wait("select 1 from content where body = 'Sebelum sesudah.'")
    assert phone.say(b"\0\1\2\xff", headers={"Content-Type": "application/octet-stream"}).text == ""


def test_tracking_and_help(phone):
    number = phone.report("LAPOR Bak sampah penuh di Jalan Dahlia.")
    assert phone.say(f"lacak {number.lower()}").text in (f"Laporan {number}: diterima.", f"Laporan {number}: sedang ditangani.")
    assert phone.say("STATUS").text.startswith("Nomor laporan terdiri")
    for word in ("bantuan", "HELP", "  info  ", "LAPOR", ""):
        assert phone.say(word).text.startswith("Ketik LAPOR"), word


def test_his_number_with_a_slip(stack, phone):
    """Whoever tracks has an answer about tracking, never a complaint or a reply of it."""
    number = phone.report("LAPOR Rambu di tikungan hilang.")
    identity = phone.stored(number)[0]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    before = stack.sql("select count (*) from complaint")[0][0]
    for text in (f"LACAK {number}.", f"LACAK {number} terima kasih", f"LACAK nomor {number}", f"cek nomor: {number}!", f"Status laporan saya {number} bagaimana?",
                 f"{number}?", number, f"LACAK {number[:4]} {number[4:8]}-{number[8:]}", f"lacak({number})", f"Cek {wrong} atau {number}"):
        assert phone.say(text).text.startswith(f"Laporan {number}: "), text
    for text in (f"LACAK {wrong}", f"cek nomor {wrong}", wrong, f"LACAK {wrong} terima kasih"):
        assert phone.say(text).text.startswith(f'"{wrong}" bukan nomor laporan'), text
    for text in ("LACAK XX", "Lacak laporan saya yang kemarin", "STATUS laporan", "cek dong"):
        assert phone.say(text).text.startswith("Tidak ada nomor laporan dalam pesan Anda."), text
    assert stack.sql("select count (*) from complaint")[0][0] == before
    assert phone.say("Status rambu masih hilang juga.").text == f"Pesan Anda ditambahkan ke laporan {number}.", "words are not lost for how they begin"
    assert [text for text, in stack.wait("select text from event where complaint_id = %s and kind = 32", identity)] == ["Status rambu masih hilang juga."]


def test_the_code_for_himself_alone(stack, phone):
    number = phone.report("LAPOR Keran umum bocor terus.")
    for text in (f"KODE {number}", f"kode laporan {number.lower()}.", "Kode"):
        answer = phone.say(text).text
        code = answer.split("kode akses: ")[1][:26]
        assert answer.startswith(f"Laporan {number}, kode akses: ") and len(answer) <= 160 and answer.isascii()
        assert "Keran umum bocor terus." in phone.visitor.opens(number, code)
    form, _ = phone.visitor.report("Selang pemadam hilang.", contact_kind="sms", contact=phone.number)
    stranger = Phone(stack, "+6281300000088")
    for who, asked in ((stranger, number), (phone, form), (phone, number[:1] + "0" * 13)):
        assert who.say(f"KODE {asked}").text.startswith(("Kode akses tidak dapat kami kirim", '"A')), asked
    for name in ("web", "store", "query", "intake", "notifier"):
        with open(stack[name].log, encoding="utf-8") as log:
            assert code not in log.read(), name


def test_everyday_spelling(stack, phone):
    """Asterisks, curly quotes, emoji and what has no width do not make a complaint of a command."""
    number = phone.report("LAPOR Gardu ronda roboh.")
    identity = phone.stored(number)[0]
    before = stack.sql("select count (*) from complaint")[0][0]
    for text in (f"*LACAK* {number}", f"\ufeffLACAK\u00a0{number}", f"\u201c{number}\u201d \U0001f64f"):
        assert phone.say(text).text.startswith(f"Laporan {number}: "), text
    assert phone.say("_KODE_").text.startswith(f"Laporan {number}, kode akses: ")
    assert phone.say("*BERHENTI* \U0001f64f").text.startswith("Baik,") and phone.stored(number)[4] is False
    assert phone.say("\u201cMULAI\u201d").text.startswith("Baik,")
    assert stack.sql("select count (*) from complaint")[0][0] == before
    assert stack.sql("select count (*) from event where complaint_id = %s and kind = 32", identity) == [(0,)]
    stopping = phone.say("*STOP* truk tambang yang melindas jalan desa.").text
    assert stopping == f"Pesan Anda ditambahkan ke laporan {number}.", "with other words it is what it says"


def test_what_says_nothing_is_answered_once(stack, phone):
    """Neither a complaint with clocks, nor a loop of two machines; whoever says something is heard, however short it is."""
    before = stack.sql("select count (*) from complaint")[0][0]
    assert phone.say("Halo kak \U0001f64f").text.startswith("Ketik LAPOR")
    for text in (".", "?", "1", "P", "ya", "Terima kasih", "\U0001f64f"):
        answer = phone.say(text)
        assert answer.status == 200 and answer.text == "", text
    assert stack.sql("select count (*) from complaint")[0][0] == before
    number = phone.report("halo, jalan rusak")
    assert phone.stored(number)[1] == "halo, jalan rusak"
    assert phone.say("ya").text == f"Pesan Anda ditambahkan ke laporan {number}.", "to an open case it may be the answer"


def test_an_outage_uses_up_no_answers(stack, phone):
    """Two messages that their gateway brings again and again, in turn, are answered in the end."""
    texts = ("LAPOR Talud ambrol di hilir.", "LAPOR Pompa banjir mati.")
    stack["intake"].kill()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        said = [pool.submit(phone.say, texts[at % 2], id=f"turn-{phone.number}-{at % 2}", at="2026-11-20 08:00:00") for at in range(40)]
        assert {answer.result().status for answer in said} == {503}
    stack["intake"].start()
    stack["intake"].wait_principals()
    for at in range(2):
        assert phone.say(texts[at], id=f"turn-{phone.number}-{at}", at="2026-11-20 08:00:00").text.startswith("Laporan diterima, nomor A"), at


def test_an_unknown_word_is_kept(stack, phone):
    number = phone.report("Bantuan beras belum sampai di RT 5.")
    assert phone.stored(number)[1] == "Bantuan beras belum sampai di RT 5."


def test_a_reply_by_the_same_number(stack, phone):
    number = phone.report("LAPOR Tanggul retak di hulu.")
    identity = phone.stored(number)[0]
    assert phone.say("Retaknya makin lebar.").text == f"Pesan Anda ditambahkan ke laporan {number}."
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", identity)[0][0] == "Retaknya makin lebar."
    stranger = Phone(stack, "+6281300000001")
    assert stranger.report("Retaknya bukan punya saya.") != number, "another's words do not come to it"


def test_a_number_of_another_case_is_part_of_what_is_said(stack, phone):
    """Behind it nothing is his to reply to: a complaint, from which an agency sees what is meant."""
    other = Phone(stack, "+6281300000002").report("LAPOR Gapura desa roboh.")
    number = phone.report(f"{other} Reruntuhannya masih menutup jalan.")
    assert number != other and phone.stored(number)[1] == f"{other} Reruntuhannya masih menutup jalan."


def test_several_cases_ask_for_the_number(stack, phone):
    one, two = phone.report("LAPOR Lampu taman padam."), phone.report("LAPOR Bangku taman patah.")
    which = phone.say("Sudah seminggu begini.").text
    assert one in which and two in which and len(which) <= 160
    assert not stack.sql("select 1 from content where body = 'Sudah seminggu begini.'")
    assert phone.say(f"{one} Sudah seminggu begini.").text == f"Pesan Anda ditambahkan ke laporan {one}."
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", phone.stored(one)[0])[0][0] == "Sudah seminggu begini."


def test_an_answer_to_a_question(stack, phone):
    one = phone.report("LAPOR Pagar sekolah roboh.")
    phone.report("LAPOR Atap sekolah bocor.")
    identity = phone.stored(one)[0]
    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    worker = stack.worker()
    wanted = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    assert worker.act(wanted, "ask", text="Sekolah yang mana?")[0] == "done"
    stack.wait("select 1 from complaint where complaint_id = %s and state = 3", identity)
    assert phone.say("SD Negeri 4.").text == f"Pesan Anda ditambahkan ke laporan {one}."
    assert stack.wait("select text from event where complaint_id = %s and kind = 33", identity)[0][0] == "SD Negeri 4."


def test_no_more_news(stack, phone):
    number = phone.report("LAPOR Sumur umum keruh.")
    assert phone.stored(number)[4]
    assert phone.say("Berhenti").text.startswith("Baik,")
    row = stack.sql("select t.contact is null, c.flags & 16 from complaint c join content t using (complaint_id) where number_text (c.number) = %s", number)[0]
    assert row == (True, 0)
    assert phone.say("mulai").text.startswith("Baik, kabar tentang laporan Anda dikirim lagi") and phone.stored(number)[4]
    again = phone.report("LAPOR Sumur umum berbau.")
    assert phone.stored(again)[4], "a later report has news"


def test_stop_is_for_all_of_his_cases(stack, phone):
    """More than the ten that a gateway is told of, and nobody else's."""
    other = Phone(stack, "+6281300000077")
    kept = other.report("LAPOR Gorong-gorong pecah.")
    numbers = [phone.report(f"LAPOR Tiang ke-{nth} miring.") for nth in range(12)]
    for number in numbers:
        phone.stored(number)
    assert other.stored(kept)[4] and phone.say("STOP!").text.startswith("Baik,")
    assert {phone.stored(number)[4] for number in numbers} == {False}
    assert other.stored(kept)[4], "another's news go on"


def test_whose_number_was_named_stops_it_from_there(stack, phone, kannel):
    """By the page, however it was spelled, before and behind the word: nothing goes there, and he gets nothing else by it."""
    to, worker = phone.number.lstrip("+"), stack.worker()
    number, _ = phone.visitor.report("Tiang telepon miring.", contact_kind="sms", contact=phone.number)
    identity = phone.stored(number)[0]
    assert len(answers(kannel, to)) == 1
    answer = phone.say("UNREG").text
    assert answer.startswith("Baik,") and len(answer) <= 160 and answer.isascii()
    assert phone.say("berhenti").text == Phone(stack, "+6281300000078").say("BERHENTI").text == answer, "nobody learns whether there is anything"
    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    verdict, said = worker.act(case, "progress", text="Petugas sudah melihat.")
    assert verdict == "done"
    later, _ = phone.visitor.report("Kabel telepon terjuntai.", contact_kind="sms", contact="0" + phone.number[3:])
    for one in (identity, phone.stored(later)[0]):
        stack.wait("select 1 from delivery where complaint_id = %s and outcome = 5 and code = 7", one)
    assert len(answers(kannel, to)) == 1
    assert phone.say(f"KODE {number}").text.startswith("Kode akses tidak dapat kami kirim")
    own = phone.report(f"{number} Ini kata saya.")
    assert not stack.sql("select 1 from event where complaint_id = %s and kind = 32", identity), "and his words are none on that case"
    mine = phone.stored(own)[0]
    holder = stack.sql("select holder from complaint where complaint_id = %s", mine)[0][0]
    second = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(mine)).bytes)
    assert worker.act(second, "progress", text="Sedang diperiksa.")[0] == "done"
    assert own in answers(kannel, to, 2)[1], "what he reports from there himself has news"

    rows = stack.sql("select who from stopped")
    assert all(len(who) == 16 for who, in rows) and len(rows) >= 2
    assert phone.say("MULAI").text.startswith("Baik,") and len(stack.sql("select 1 from stopped")) == len(rows) - 1
    case["version"] = said[5]
    assert worker.act(case, "progress", text="Tiang sudah tegak.")[0] == "done"
    assert len(answers(kannel, to, 3)) == 3


def test_started_again(stack, phone, kannel):
    """What was stopped goes on for all of his cases, more than a gateway is told of, and for nobody else's; news go out again."""
    other = Phone(stack, "+6281300000079")
    silent = other.report("LAPOR Kran taman patah.")
    assert other.say("BERHENTI").text.startswith("Baik,")
    numbers = [phone.report(f"LAPOR Rambu ke-{nth} roboh.") for nth in range(12)]
    assert phone.say("BERHENTI").text.startswith("Baik,") and {phone.stored(number)[4] for number in numbers} == {False}
    answer = phone.say("Mulai!").text
    assert answer.startswith("Baik, kabar tentang laporan Anda dikirim lagi") and len(answer) <= 160 and answer.isascii()
    assert {phone.stored(number)[4] for number in numbers} == {True} and not other.stored(silent)[4]
    assert {flags for number in numbers for flags, in stack.sql("select flags & 16 from complaint where number_text (number) = %s", number)} == {16}
    identity = phone.stored(numbers[-1])[0]
    worker = stack.worker()
    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    assert worker.act(case, "progress", text="Sedang dipasang lagi.")[0] == "done"
    assert numbers[-1] in answers(kannel, phone.number.lstrip("+"))[0]
    # again it changes nothing, and who never reported has nothing to go on
    before = stack.sql("select contact from content where complaint_id = %s", identity)
    assert phone.say("START").text == answer and stack.sql("select contact from content where complaint_id = %s", identity) == before
    assert Phone(stack, "+6281300000080").say("MULAI").text == answer
    for name in ("web", "store", "notifier"):
        with open(stack[name].log, encoding="utf-8") as log:
            assert phone.number.lstrip("+") not in log.read(), name


def test_started_while_the_notifier_is_away(stack, phone):
    number = phone.report("LAPOR Pintu air macet.")
    assert phone.say("BERHENTI").text.startswith("Baik,")
    stack["notifier"].stop()
    try:
        assert phone.say("MULAI").status == 503, "its gateway brings it again"
    finally:
        stack["notifier"].start()
    deadline = time.monotonic() + 30
    while (answer := phone.say("MULAI")).status == 503:
        assert time.monotonic() < deadline, "the notifier is back"
        time.sleep(0.5)  # as a gateway does, for each try may be answered
    assert answer.text.startswith("Baik,") and phone.stored(number)[4]


def test_a_code_of_before(stack, phone):
    """A report from before gateways gave codes: it gets none, its sender hears what he can do, and his words still come to it."""
    number = phone.report("LAPOR Lampu jembatan gantung padam.")
    identity = phone.stored(number)[0]
    stack.rewrite("update content set code_hash = decode (repeat ('ab', 32), 'hex') where complaint_id = %s", identity)
    answer = phone.say(f"KODE {number}").text
    assert answer.startswith(f"Laporan {number} dibuat sebelum ada kode akses") and len(answer) <= 160 and answer.isascii()
    assert Phone(stack, "+6281300000081").say(f"KODE {number}").text.startswith("Kode akses tidak dapat kami kirim"), "nobody else hears that it is his"
    assert phone.say(f"{number} Masih padam.").text == f"Pesan Anda ditambahkan ke laporan {number}."
    assert stack.wait("select text from event where complaint_id = %s and kind = 32", identity) == [("Masih padam.",)]


def test_words_and_loops_are_not_answered(stack):
    assert Phone(stack, "PROMO").say("Diskon besar hari ini!").text == ""
    assert Phone(stack, "1708").say("LAPOR gema").text == ""


def test_enough_answers(stack, phone):
    assert [bool(phone.say("bantuan").text) for _ in range(31)] == [True] * 30 + [False]


def test_who_may_come_in(stack, phone):
    for secret in ("", "salah", stack.secret("gateway")[:-1]):
        assert phone.say("LAPOR palsu", secret=secret).status == 401
    with open(stack["web"].log, encoding="utf-8") as log:
        text = log.read()
    assert stack.secret("gateway") not in text and phone.number not in text and "62811100" not in text


def test_delivery_reports(stack, phone):
    number = phone.report("LAPOR Kabel telepon putus.")
    identity = phone.stored(number)[0]
    token = notice_token(stack, uuid.UUID(str(identity)).bytes)
    assert phone.visitor.get(f"/gateway/sms/report?notice={token}&state=8").status == 200
    assert phone.visitor.get(f"/gateway/sms/report?notice={token}&state=1").status == 200
    assert stack.wait("select outcome, channel from delivery where complaint_id = %s", identity)[0] == (6, 5)
    forged = token[:-1] + ("1" if token.endswith("0") else "0")
    assert phone.visitor.get(f"/gateway/sms/report?notice={forged}&state=2").status == 404
    stack["notifier"].kill()
    assert phone.visitor.get(f"/gateway/sms/report?notice={token}&state=2").status == 503, "Kannel is to say it again"
    stack["notifier"].start()


def test_only_a_front_names_a_sender(stack):
    adapter = stack.adapter("web")
    assert adapter.hello(20)
    ref, key = adapter.ref(), b"palsu"
    adapter.say([frame(SUBMIT, t1=ref, t2=1, t3=key, t4=int(time.time() * 1000), t5=5, t24=bytes(16)), adapter.content(key, None, "Palsu.", None, None, "id")], 5)
    number, fields = adapter.take(ref, 20)[:2]
    assert number == REJECT and "sender" in fields.values(), fields
