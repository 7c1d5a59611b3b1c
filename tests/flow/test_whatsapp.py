"""WhatsApp in: signed over the raw bytes, batches, what comes twice, media of a server that stands for Meta's."""
import concurrent.futures
import io
import json
import signal
import time
import uuid

import pytest
from PIL import Image

from film import film
from graph import SECRET, TOKEN, VERIFY, Graph, payload, post, said, signed
from heif import box
from mail import notice_token
from spoolbench import wait
from stack import WEB, Stack
from web import Visitor


@pytest.fixture(scope="module")
def graph():
    with Graph() as running:
        yield running


@pytest.fixture(scope="module")
def stack(folder, graph):
    out = f"  whatsapp: {{url: {graph.url}/out, phone: \"4711\", token: {folder}/wa-token}}\n  night: {{from: 0, to: 0}}\n"
    with Stack(folder, programs=(*WEB, "notifier"), adapters=("web",), web=graph.settings(folder) + "  gateway_bytes: 32MiB\n  video_seconds: 3\n", notifier=out) as running:
        yield running


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


def stored(stack, text):
    return stack.wait("select c.complaint_id, number_text (c.number), c.channel, t.contact is not null, encode (t.attachments, 'hex'), t.latitude"
                      " from complaint c join content t using (complaint_id) where t.body = %s", text)


def photo():
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 80, 200)).save(out, "JPEG")
    return out.getvalue()


def test_the_registration(visitor):
    asked = "/gateway/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    answer = visitor.get(asked + VERIFY)
    assert (answer.status, answer.text) == (200, "1158201444")
    assert visitor.get(asked + "salah").status == 403 and visitor.get("/gateway/whatsapp").status == 403


def test_a_message(stack, visitor):
    assert post(visitor, payload(said("Jembatan gantung putus talinya."))).status == 200
    identity, _, channel, contact, *_ = stored(stack, "Jembatan gantung putus talinya.")[0]
    assert channel == 7 and contact
    assert stack.sql("select seal is not null, sender is not null from content where complaint_id = %s", identity)[0] == (True, True)


def test_only_what_meta_has_signed(stack, visitor):
    body = json.dumps(payload(said("Palsu."))).encode()
    unproved = stack.metric("web", "web_gateway_unproved_total")
    for headers in ({}, signed(body, "lain"), signed(body + b" "), {"X-Hub-Signature-256": "sha256=00"}, {"X-Hub-Signature-256": "sha1=" + "0" * 64}):
        assert post(visitor, body, {"Content-Type": "application/json", **headers} if headers != signed(body) else headers).status == 401
    assert stack.metric("web", "web_gateway_unproved_total") == unproved + 5
    assert not stack.sql("select 1 from content where body = 'Palsu.'")
    spaced = json.dumps(payload(said("Spasi   ganda, é dan \\u00e9.")), indent=3, ensure_ascii=False).encode()
    assert post(visitor, spaced).status == 200, "the bytes as they came, not as a parser would write them"


def test_a_batch_and_its_repeat(stack, visitor):
    whole = payload(said("Satu: lampu."), said("Dua: jalan."), said("Tiga: air.", sender="6281234500002"))
    assert post(visitor, whole).status == 200 and post(visitor, whole).status == 200
    assert post(visitor, payload(*[entry["changes"][0]["value"]["messages"][0] for entry in reversed(whole["entry"])])).status == 200, "in another batch"
    for text in ("Satu: lampu.", "Dua: jalan.", "Tiga: air."):
        assert len(stored(stack, text)) == 1


def test_intake_is_away(stack, visitor):
    whole = payload(said("Tebing longsor menutup jalan."), said("Tiang roboh."))
    stack["intake"].kill()
    answer = post(visitor, whole)
    assert answer.status == 503 and answer.headers["Retry-After"]
    stack["intake"].start()
    stack["intake"].wait_principals()
    assert post(visitor, whole).status == 200
    assert len(stored(stack, "Tebing longsor menutup jalan.")) == len(stored(stack, "Tiang roboh.")) == 1


def test_a_photo(stack, visitor, graph):
    graph.media["900100"] = photo()
    assert post(visitor, payload(said(type="image", image={"id": "900100", "mime_type": "image/jpeg", "caption": "Selokan penuh lumpur."}))).status == 200
    assert len(stored(stack, "Selokan penuh lumpur.")[0][4]) == 64
    assert graph.asked[-2:] == [("/v1/900100", f"Bearer {TOKEN}"), ("/at/900100", f"Bearer {TOKEN}")]


def test_a_film(stack, visitor, graph):
    """Larger than a photo may be, as WhatsApp's video and as a document that is one."""
    whole = film()
    for media, kind in (("900150", {"type": "video", "video": {"id": "900150", "mime_type": "video/mp4", "caption": "Truk parkir liar."}}),
                        ("900151", {"type": "document", "document": {"id": "900151", "mime_type": "video/mp4", "caption": "Truk parkir lagi."}})):
        graph.media[media] = whole + box(b"free", bytes(11 << 20))
        assert post(visitor, payload(said(**kind))).status == 200
        assert len(stored(stack, kind[kind["type"]]["caption"])[0][4]) == 64


def receipts(graph, number):
    return [text for text in ((said.get("text") or {}).get("body", "") for said in graph.sent) if number in text]


def test_what_became_of_a_film_is_told(stack, visitor, graph):
    """Of a longer one its beginning is kept, another is not taken: the receipt says so, and so does the text that the agency reads; that says, too,
    where nobody knows how long it is, for its end is missing."""
    fragments, front = ("-movflags", "frag_keyframe+empty_moov+default_base_moof"), ("-movflags", "faststart")
    shown = {"900160": film(seconds=6), "900161": film(seconds=6, options=("-output_ts_offset", "4000")), "900162": film(), "900163": b"MZ\x90\x00" + bytes(300),
             "900164": film(seconds=6, options=fragments), "900165": film(options=fragments), "900166": film(seconds=6, options=front)[:-2000]}
    for at, (media, data) in enumerate(shown.items()):
        graph.media[media] = data
        caption = f"Truk melawan arus, rekaman {at}."
        assert post(visitor, payload(said(type="video", sender=f"62812345100{at}", video={"id": media, "mime_type": "video/mp4", "caption": caption}))).status == 200
        body, number = stack.wait("select t.body, number_text (c.number) from complaint c join content t using (complaint_id) where t.body like %s", caption + "%")[0]
        text, = wait(lambda of=number: receipts(graph, of), 20, "a receipt")
        cut, lost, unsaid = media in ("900160", "900161", "900164"), media == "900163", media == "900166"
        assert ("Dari video hanya 3 detik pertama yang disimpan." in text) == cut == ("[Dari video hanya 3 detik" in body), (media, text, body)
        assert (f"Lampiran yang tidak dapat diterima: 1. Kirim lagi dalam bentuk lain, dengan {number}" in text) == lost == ("[1 lampiran" in body), (media, text, body)
        assert ("[Panjang video tidak terbaca: yang lewat dari 3 detik pertama tidak disimpan.]" in body) == unsaid, (media, body)


def test_media_that_wait_have_a_bound(stack, graph):
    """Nobody says whose cases there are: fetched media wait for it, but only as many as there is room for; the others are brought again."""
    bodies = []
    for at in range(4):
        graph.media[f"90020{at}"] = b"%PDF-1.4\n" + f"% lampiran {at}\n".encode() + b"% isi\n" * 1490000
        bodies.append(payload(said(type="document", document={"id": f"90020{at}", "caption": f"Dokumen tender nomor {at}."})))
    stack["query"].process.send_signal(signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(post, Visitor(stack), body) for body in bodies]
            done, _ = concurrent.futures.wait(answers, 20, concurrent.futures.FIRST_COMPLETED)
            assert [answer.result().status for answer in done] == [503]
            assert 25 << 20 < stack.metric("web", "web_gateway_bytes") <= 32 << 20
            stack["query"].process.send_signal(signal.SIGCONT)
            assert sorted(answer.result().status for answer in answers) == [200, 200, 200, 503]
    finally:
        stack["query"].process.send_signal(signal.SIGCONT)
    assert stack.metric("web", "web_gateway_bytes") == 0
    assert {post(Visitor(stack), body).status for body in bodies} == {200}
    for at in range(4):
        assert len(stored(stack, f"Dokumen tender nomor {at}.")[0][4]) == 64


def test_media_that_cannot_be_had(stack, visitor, graph):
    assert post(visitor, payload(said(type="image", image={"id": "900404", "caption": "Foto hilang."}))).status == 200
    stored(stack, "Foto hilang.\n\n[1 lampiran tidak dapat diterima.]")
    graph.media["900500"] = 500
    young = payload(said(type="document", document={"id": "900500", "caption": "Surat warga."}))
    assert post(visitor, young).status == 503, "tried again while there is hope"
    graph.media["900500"] = b"%PDF-1.4\n" + b"% isi\n" * 20
    assert post(visitor, young).status == 200
    assert len(stored(stack, "Surat warga.")[0][4]) == 64
    graph.media["900501"] = 500
    old = payload(said(type="document", document={"id": "900501", "caption": "Surat lama."}, timestamp=str(int(time.time()) - 3600)))
    assert post(visitor, old).status == 200
    stored(stack, "Surat lama.\n\n[1 lampiran tidak dapat diterima.]")


def test_other_kinds(stack, visitor):
    place = {"latitude": -6.9825, "longitude": 110.4093, "name": "Simpang Lima"}
    whole = payload(said(type="location", location=place), said(type="interactive", interactive={"type": "button_reply", "button_reply": {"id": "1", "title": "Belum selesai"}}),
                    said(type="reaction", reaction={"emoji": "👍"}), said(type="unsupported", errors=[{"code": 131051}]))
    before = stack.sql("select count (*) from complaint")[0][0]
    assert post(visitor, whole).status == 200
    assert stored(stack, "Simpang Lima")[0][5] == -69825000
    stored(stack, "Belum selesai")
    assert stack.sql("select count (*) from complaint")[0][0] == before + 2
    assert post(visitor, b'{"object": 1, "entry": [{"changes": 7}, 3, {"changes": [{"value": {"messages": [{"from": 1}, "x"]}}]}]}').status == 200
    assert post(visitor, b"{").status == 400
    assert post(visitor, payload(said("Sebelum\0sesudah, \\u0000."))).status == 200
    stored(stack, "Sebelum\ufffdsesudah, \\u0000.")


def test_what_he_says_later(stack, visitor, graph):
    sender = "6281234500077"
    post(visitor, payload(said("Rumah roboh kena angin.", sender=sender)))
    identity, number, *_ = stored(stack, "Rumah roboh kena angin.")[0]
    assert post(visitor, payload(said(f"{number} Atapnya juga.", sender=sender))).status == 200
    stack.wait("select 1 from event where complaint_id = %s and kind = 32 and text like '%%Atapnya juga.'", identity)
    assert post(visitor, payload(said("Ini jawaban saya.", sender=sender, context={"id": "wamid.kami"}))).status == 200
    stack.wait("select 1 from event where complaint_id = %s and kind = 32 and text = 'Ini jawaban saya.'", identity)
    graph.media["900200"] = photo()
    assert post(visitor, payload(said(type="image", sender=sender, image={"id": "900200", "mime_type": "image/jpeg", "caption": f"{number}."}))).status == 200
    stack.wait("select 1 from event where complaint_id = %s and kind = 32 and text = %s", identity, f"{number}.")
    assert post(visitor, payload(said("LAPOR Ini hal lain.", sender=sender, context={"id": "wamid.kami"}))).status == 200
    assert stored(stack, "LAPOR Ini hal lain.")[0][0] != identity
    assert post(visitor, payload(said(f"{number} Saya orang lain.", sender="6281234500078"))).status == 200
    stored(stack, f"{number} Saya orang lain.")


def told(graph, sender):
    return [(path, body["text"]["body"]) for path, body in zip(graph.paths, graph.sent) if body["to"] == sender]


def test_one_message_for_a_report(stack, visitor, graph):
    """The notifier's: it tells the number and how to follow; the door says nothing.  The answer comes in its words."""
    sender = "6281234500101"
    assert post(visitor, payload(said("Lampu taman bermain mati.", sender=sender))).status == 200
    identity, number, *_ = stored(stack, "Lampu taman bermain mati.")[0]
    assert stack.wait("select outcome, channel from delivery where complaint_id = %s and event = 1", identity)[0] == (1, 7)
    assert told(graph, sender) == [("/out/4711/messages", f"Laporan {number} kami terima. Cek: ketik LACAK {number}. Kode akses: ketik KODE {number}")]
    holder = stack.sql("select holder from complaint where complaint_id = %s", identity)[0][0]
    worker = stack.worker()
    case = next(case for case in worker.pull([holder], 100) if case["id"] == uuid.UUID(str(identity)).bytes)
    assert worker.act(case, "answer", "Lampunya menyala lagi sejak Kamis.")[0] == "done"
    assert stack.wait("select outcome, channel from delivery where complaint_id = %s and event > 1", identity)[0] == (1, 7)
    (path, text), = told(graph, sender)[1:]
    assert path == "/out/4711/messages" and text.startswith(f"Laporan {number} dijawab oleh ") and text.endswith("Lampunya menyala lagi sejak Kamis.")


def test_the_words_of_sms(stack, visitor, graph):
    """Answered from the telephone that was written to, and no complaints."""
    sender = "6281234500102"
    post(visitor, payload(said("Trotoar depan pasar pecah.", sender=sender)))
    identity, number, *_ = stored(stack, "Trotoar depan pasar pecah.")[0]
    stack.wait("select 1 from delivery where complaint_id = %s and event = 1", identity)
    before = stack.sql("select count (*) from complaint")[0][0]
    for word, answer in ((f"lacak {number.lower()}", f"Laporan {number}: "), (f"LACAK nomor {number}.", f"Laporan {number}: "), (f"{number}?", f"Laporan {number}: "),
                         ("LACAK XX", "Tidak ada nomor"), (f"KODE {number}", f"Laporan {number}, kode akses: "), ("Status", "Nomor laporan terdiri"), ("bantuan", "Ketik LAPOR"), ("LAPOR", "Ketik LAPOR"),
                         ("Berhenti.", "Baik, kabar")):
        earlier = len(told(graph, sender))
        assert post(visitor, payload(said(word, sender=sender))).status == 200
        (path, text), = told(graph, sender)[earlier:]
        assert path == "/v1/4711/messages" and text.startswith(answer), text
    assert stack.sql("select count (*) from complaint")[0][0] == before
    assert stack.sql("select t.contact is null, c.flags & 16 from complaint c join content t using (complaint_id) where complaint_id = %s", identity)[0] == (True, 0)
    assert post(visitor, payload(said("MULAI", sender=sender))).status == 200
    assert told(graph, sender)[-1][1].startswith("Baik, kabar tentang laporan Anda dikirim lagi")
    assert stack.sql("select t.contact is null, c.flags & 16 from complaint c join content t using (complaint_id) where complaint_id = %s", identity)[0] == (False, 16)
    assert post(visitor, payload(said("Status jalan masih sama.", sender=sender))).status == 200
    stored(stack, "Status jalan masih sama.")
    image = said(type="image", sender=sender, image={"id": "900404", "caption": "Stop"})
    assert post(visitor, payload(image)).status == 200, "what has a photo is no command"
    stored(stack, "Stop\n\n[1 lampiran tidak dapat diterima.]")


def test_everyday_spelling_and_what_says_nothing(stack, visitor, graph):
    """Bold words are commands; a greeting is answered once in an hour and is no complaint, not even while Meta's API is away."""
    sender = "6281234500105"
    before = stack.sql("select count (*) from complaint")[0][0]
    graph.refusals[:] = [503]
    greeting = payload(said("Halo \U0001f64f", sender=sender))
    assert post(visitor, greeting).status == 503 and told(graph, sender) == []
    assert post(visitor, greeting).status == 200 and [text[:11] for _, text in told(graph, sender)] == ["Ketik LAPOR"]
    for text in ("P", "\U0001f44d", "Terima kasih"):
        assert post(visitor, payload(said(text, sender=sender))).status == 200
    assert len(told(graph, sender)) == 1
    other = "6281234500106"
    graph.refusals[:] = [503]
    old = payload(said("Halo", sender=other, timestamp=str(int(time.time()) - 3600)))
    assert post(visitor, old).status == 200 and told(graph, other) == [], "it is let go"
    assert post(visitor, payload(said("Halo!", sender=other))).status == 200 and len(told(graph, other)) == 1, "and was not the one of this hour"
    for text, answer in (("*LACAK*", "Nomor laporan terdiri"), ("\u201cBANTUAN\u201d", "Ketik LAPOR")):
        assert post(visitor, payload(said(text, sender=sender))).status == 200
        assert told(graph, sender)[-1][1].startswith(answer)
    assert stack.sql("select count (*) from complaint")[0][0] == before
    place = said(type="location", sender=sender, location={"latitude": -2.53, "longitude": 140.71})
    assert post(visitor, payload(place)).status == 200
    stack.wait("select 1 from content where latitude = -25300000 and longitude = 1407100000")


def test_an_answer_that_cannot_go_now(stack, visitor, graph):
    """Meta brings the payload again; what was answered is not answered twice, and what is old is let go."""
    sender = "6281234500103"
    whole = payload(said("BANTUAN", sender=sender), said("STATUS", sender=sender), said("Pagar makam roboh.", sender="6281234500104"))
    graph.refusals[:] = [200, 503]
    assert post(visitor, whole).status == 503
    assert len(told(graph, sender)) == 1
    assert post(visitor, whole).status == 200 and post(visitor, whole).status == 200
    assert sorted(text[:5] for _, text in told(graph, sender)) == ["Ketik", "Nomor"]
    assert len(stored(stack, "Pagar makam roboh.")) == 1
    graph.refusals[:] = [503]
    assert post(visitor, payload(said("INFO", sender=sender, timestamp=str(int(time.time()) - 3600)))).status == 200
    graph.refusals[:] = [400]
    assert post(visitor, payload(said("INFO", sender=sender))).status == 200, "what Meta refuses for ever is not asked again"
    assert len(told(graph, sender)) == 2


def test_delivery_states(stack, visitor):
    post(visitor, payload(said("Tangga umum licin.")))
    identity = stored(stack, "Tangga umum licin.")[0][0]
    token = notice_token(stack, uuid.UUID(str(identity)).bytes)
    state = {"id": "wamid.x", "recipient_id": "6281234500001", "timestamp": "1", "biz_opaque_callback_data": token}
    whole = payload(said("Dan satu pesan lagi."), statuses=[{**state, "status": "sent"}, {**state, "status": "failed", "errors": [{"code": 131026}]}])
    assert post(visitor, whole).status == 200
    assert stack.wait("select outcome, code, channel from delivery where complaint_id = %s", identity)[0] == (3, 131026, 7)
    stored(stack, "Dan satu pesan lagi.")
    stack["notifier"].kill()
    assert post(visitor, payload(statuses=[{**state, "status": "delivered"}])).status == 503
    stack["notifier"].start()


def test_nobody_is_named_in_the_log(stack):
    with open(stack["web"].log, encoding="utf-8") as log:
        text = log.read()
    for word in ("62812345", "Sari", SECRET, TOKEN, VERIFY):
        assert word not in text
