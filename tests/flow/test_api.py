"""The integrators' API: what it takes and answers is its description; a repeat is the same report; what is wrong is named."""
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
import types

import pytest

from api import PUBLIC, Api, account
from content import camera_photo, digest, names
from spoolbench import wait
from stack import ROOT, WEB, Stack
from web import Visitor
from windows import MINUTE, room

sys.path.append(os.path.join(ROOT, "docs", "examples"))
from integrator import Integrator, Refused  # noqa: E402

CREATED = "2026-11-20T08:30:00+07:00"
PHOTO = camera_photo()


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=WEB, web='  slow: {grace: 1s, rate: 64KiB}\n') as running:
        yield running


@pytest.fixture(scope="module")
def boss(stack):
    return stack.person("91.01", "coordinator")


@pytest.fixture(scope="module")
def city(stack, boss):
    return account(stack, "kota-app", boss)


@pytest.fixture(scope="module")
def other(stack, boss):
    return account(stack, "kabupaten", boss)


@pytest.fixture
def key():
    return os.urandom(8).hex()


def report(words, **more):
    return {"text": words, "created": CREATED, "anonymous": True, "secret": False, **more}


def row_of(stack, number):
    return stack.wait("select c.complaint_id, p.name, c.channel, c.flags, t.body, t.external, t.seal is not null, t.contact is not null, c.received from complaint c"
                      " join content t using (complaint_id) join principal p on p.principal_id = c.adapter where number_text (c.number) = %s", number)[0]


# ---- what is described is what there is

def test_the_description_is_the_door(stack, city):
    with open(os.path.join(ROOT, "intake", "web", "channel", "api.c"), encoding="utf-8") as file:
        routes = {(re.sub(r":(\w+)", r"{\1}", path), method.lower()) for method, path in re.findall(r'HTTP_(\w+), "/api/v1(/[^"]*)"', file.read())}
    told = {(path, method) for path, found in PUBLIC["paths"].items() for method in found if method != "parameters"}
    assert routes == told
    with open(os.path.join(ROOT, "docs", "openapi-public.yaml"), "rb") as file:
        assert Api(stack, None).get("/openapi.yaml").bytes == file.read()
    for path, method in told - {("/openapi.yaml", "get")}:
        nobody = Api(stack, None).ask(method.upper(), path.replace("{number}", "A0000000000000"), b"{}" if method == "post" else None)
        assert nobody.status == 401 and nobody.headers["WWW-Authenticate"].startswith("Bearer"), path
    assert Api(stack, "0" * 64).get("/self").json["code"] == "token_unknown"
    self = city.live.get("/self").json
    assert self["account"] == "kota-app" and not self["sandbox"] and self["requests_a_minute"] == 600
    assert city.live.get("/categories").json["categories"]
    assert city.live.get("/agencies?q=91.01/PUPR").json["agencies"][0]["code"] == "91.01/PUPR"
    assert city.live.get("/regions?q=91.01").json["regions"][0]["code"] == "91.01"


def lint(path):
    folder = os.path.join(ROOT, "tests", "openapi")
    assert os.path.exists(os.path.join(folder, "node_modules")), "npm --prefix tests/openapi ci --ignore-scripts"
    return subprocess.run(["node", "lint.mjs", path], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_the_description_lints(tmp_path):
    path = os.path.join(ROOT, "docs", "openapi-public.yaml")
    ran = lint(path)
    assert ran.returncode == 0, ran.stdout
    with open(path, encoding="utf-8") as file:
        (tmp_path / "wrong.yaml").write_text(file.read().replace("operationId: self", "operationId: events"), encoding="utf-8")
    ran = lint(str(tmp_path / "wrong.yaml"))
    assert ran.returncode == 1 and "operationId" in ran.stdout, ran.stdout


def test_what_is_no_address_is_refused_as_json(city):
    for method, path, status, code in (("GET", "/nothing", 404, "absent"), ("DELETE", "/reports", 405, "method"), ("POST", "/events", 405, "method")):
        answer = city.live.ask(method, path, described_so=False)
        assert answer.status == status and answer.json["code"] == code and answer.headers["Content-Type"] == "application/problem+json"
    assert city.live.ask("DELETE", "/reports", described_so=False).headers["Allow"] == "POST, GET, HEAD"
    for path, status, code in (("/report", 404, "absent"), ("/self", 405, "method")):
        answer = city.live.post(path, {"text": "Salah alamat."}, described_so=False)
        assert answer.status == status and answer.json["code"] == code, "with a body, too"
    assert Visitor(city.live.stack).post("/raport", {"text": "Salah alamat."}).status == 404
    assert city.live.post("/reports", b"{" + b" " * 300000, described_so=False).status == 413


# ---- reports

def test_a_report_with_all_that_it_may_say(stack, city, key):
    digest = city.live.put("/files", PHOTO).json["digest"]
    said = report("Jembatan bambu di dusun kami putus.", title="Jembatan putus", channel="app", external="KOTA-7", target="91.01/PUPR", place="91.01",
                  location="Dusun Melati", point={"latitude": -2.5, "longitude": 140.7}, incident="1945-08-17", language="id", attachments=[digest],
                  identity={"name": "Warga Uji", "nik": "9101012345678901", "phone": "0812 3456 7890"}, contact={"kind": "email", "address": "warga@example.org"})
    said["class"] = "complaint"
    taken = city.live.post("/reports", said, key)
    assert taken.status == 201 and taken.headers["Location"] == "/api/v1/reports/" + taken.json["number"] and not taken.json["sandbox"]
    _, account_name, channel, flags, body, external, sealed, contact, _ = row_of(stack, taken.json["number"])
    assert (account_name, channel, body, external, sealed, contact) == ("kota-app", 2, said["text"], "KOTA-7", True, True) and flags & 3 == 1
    # the same again, also with its key in quotation marks, is the same, code included
    again = city.live.post("/reports", said, f'"{key}"')
    assert again.status == 200 and {**again.json, "repeated": False} == taken.json and again.json["repeated"]
    # with other words it is refused
    conflict = city.live.post("/reports", {**said, "text": "Lampu padam."}, key)
    assert conflict.status == 409 and conflict.json["code"] == "submit_conflict"
    # or with anything else: nobody reads "repeated" of what is not stored
    for change in ({"secret": True}, {"anonymous": False}, {"location": "Dusun Mawar"}, {"contact": {"kind": "email", "address": "lain@example.org"}},
                   {"identity": {"name": "Orang Lain"}}, {"attachments": []}, {"category": 2}, {"external": "KOTA-8"}):
        conflict = city.live.post("/reports", {**said, **change}, key)
        assert conflict.status == 409 and conflict.json["code"] == "submit_conflict", change
    # and it is read back, by both names
    own = city.live.get("/reports/" + taken.json["number"]).json
    assert own["external"] == "KOTA-7" and own["title"] == "Jembatan putus" and own["place"] == "91.01"
    assert [row["number"] for row in city.live.get("/reports?external=KOTA-7").json["reports"]] == [taken.json["number"]]


def test_two_accounts_have_nothing_in_common(stack, city, other, key):
    said = report("Pipa air bocor di tiga tempat.", external="SAMA")
    first, second = city.live.post("/reports", said, key).json, other.live.post("/reports", said, key).json
    assert first["number"] != second["number"] and first["access_code"] != second["access_code"]
    row_of(stack, first["number"]), row_of(stack, second["number"])
    assert other.live.get("/reports/" + first["number"]).status == 404
    assert [row["number"] for row in other.live.get("/reports?external=SAMA").json["reports"]] == [second["number"]]
    assert other.live.post(f"/reports/{first['number']}/replies", {"text": "Bukan saya.", "access_code": second["access_code"]}).status == 404


def test_without_a_key_the_same_is_the_same(city):
    said = {"text": "Got mampet sejak kemarin.", "anonymous": False, "secret": False}
    first, again = city.live.post("/reports", said).json, city.live.post("/reports", {**said, "text": said["text"] + "  \r\n"}).json
    assert first["number"] == again["number"] and again["repeated"] and first["access_code"] == again["access_code"]
    assert city.live.post("/reports", {**said, "secret": True}).json["number"] != first["number"]


def test_a_code_of_ones_own(stack, city, key):
    taken = city.live.post("/reports", report("Pohon miring di atas kabel.", access_code="AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GG"), key).json
    assert taken["access_code"] == "AAAABBBBCCCCDDDDEEEEFFFFGG"
    row_of(stack, taken["number"])
    assert city.live.post(f"/reports/{taken['number']}/replies", {"text": "Makin miring.", "access_code": "aaaabbbbccccddddeeeeffffgg"}).status == 201


WRONG = [({"text": " \n"}, "text", "field_empty"), ({"text": "x" * 10001}, "text", "field_long"), ({"judul": "x"}, "judul", "field_unknown"),
         ({"created": "2026-11-20 08:30"}, "created", "field_moment"), ({"created": "2026-11-20T08:30:00"}, "created", "field_moment"),
         ({"created": "2999-01-01T00:00:00Z"}, "created", "submit_ahead"), ({"class": "keluhan"}, "class", "field_value"), ({"category": "3"}, "category", "field_type"),
         ({"place": "Semarang"}, "place", "field_value"), ({"place": "99.99.99.9999"}, "place", "field_absent"), ({"target": "91.01/TIDAK-ADA"}, "target", "field_absent"),
         ({"point": {"latitude": -2.5}}, "point.longitude", "field_missing"), ({"point": {"latitude": -91, "longitude": 1}}, "point.latitude", "field_value"),
         ({"incident": "2999-01-01"}, "incident", "field_value"), ({"incident": "1944-12-31"}, "incident", "field_value"), ({"secret": "yes"}, "secret", "field_type"), ({"access_code": "pendek"}, "access_code", "field_value"),
         ({"attachments": ["00"]}, "attachments", "field_value"), ({"attachments": ["0" * 64]}, "attachments", "submit_value"),
         ({"identity": {"nik": "123"}}, "identity.nik", "field_value"), ({"identity": {"ktp": "1"}}, "identity.ktp", "field_unknown"),
         ({"contact": {"kind": "email", "address": "0812 3456 7890"}}, "contact.address", "field_value")]


@pytest.mark.parametrize("change, field, code", WRONG, ids=[f"{field}-{code}" for _, field, code in WRONG])
def test_what_is_wrong_is_named(city, key, change, field, code):
    answer = city.live.post("/reports", report("Jalan berlubang di tikungan.", **change), key)
    assert answer.status == 422 and (answer.json["field"], answer.json["code"]) == (field, code)
    assert "unknown" in code or answer.json["remedy"]
    trial = city.sandbox.post("/reports", report("Jalan berlubang di tikungan.", **change), key)
    assert trial.status == 422 and trial.json == answer.json or field == "attachments"


def test_what_no_member_says(city, key):
    for body in (b"", b"[]", b"{", b'{"text": "a", "text": "b"}', b'{"text": "\xff"}'):
        assert city.live.post("/reports", body, key).json["code"] == "body", body
    assert city.live.post("/reports", {"text": "Tanpa waktu."}, key).json["field"] == "created"
    assert city.live.post("/reports", report("Kunci kosong."), "a b").json["field"] == "Idempotency-Key"
    refused = city.live.post("/reports", report("Darurat.", priority="emergency"), key)
    assert refused.status == 403 and refused.json["field"] == "priority"


# ---- files

def test_files(city, key):
    single, form = city.live.put("/files", PHOTO), (b'--aduan-batas\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + PHOTO +
                                                     b'\r\n--aduan-batas\r\nContent-Disposition: form-data; name="file"; filename="y"\r\n\r\nsekadar teks\r\n--aduan-batas--\r\n')
    several = city.live.ask("POST", "/files", form, {"Content-Type": "multipart/form-data; boundary=aduan-batas"})
    assert single.status == several.status == 201 and several.json["digests"][0] == single.json["digest"] and len(several.json["digests"]) == 2
    assert city.live.post("/reports", report("Dua lampiran.", attachments=several.json["digests"]), key).status == 201
    assert city.live.put("/files", b"").json["code"] == "file_empty"
    assert city.live.put("/files", b"MZ" + bytes(2000)).status == 415
    assert city.live.put("/files", PHOTO + bytes(10485761)).status == city.live.put("/files", bytes(FILM_MOST + 1)).status == 413


# ---- files on their way: in the store's folder, never in memory

FILM_MOST = 26214400  # web.video_bytes: until it is seen what it is a body may be a film
FILE_ROOM = 524288  # content.h's CONTENT_UPLOAD_ROOM
WORDS_ROOM = 262144  # web.h's FORM_MOST
LARGE = PHOTO + bytes(9 * 1048576)  # a JPEG by its beginning


def under_way(stack, client, method, length, more=""):
    """A connection that has said the header of an upload and nothing more."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    peer = socket.create_connection(("127.0.0.1", stack.ports["web"]), timeout=20)
    peer.sendall(f"{method} /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n{size}\r\n{more}\r\n".encode())
    return peer


def line_of(peer):
    return peer.makefile("rb").readline().decode()


def written(stack):
    """How many bytes of uploads that are not whole are on the disk, in how many files."""
    sizes = []
    for name in names(stack.folder, "part"):
        with contextlib.suppress(FileNotFoundError):  # it went just now
            sizes.append(os.path.getsize(os.path.join(stack.folder, "files", "part", name)))
    return sum(sizes), len(sizes)


@pytest.fixture
def no_trace(stack):
    """What was under way leaves nothing behind, neither on the disk nor of the room for bodies."""
    before = names(stack.folder, "new")
    yield
    wait(lambda: written(stack) == (0, 0) and stack.metric("web", "web_body_bytes") == 0, 10, "all of it is gone")
    assert set(names(stack.folder, "new")) <= set(before)


def test_a_file_goes_to_the_disk_as_it_comes(stack, city, no_trace):
    with under_way(stack, city.live, "PUT", len(LARGE)) as peer:
        peer.sendall(LARGE[:8 * 1048576])
        wait(lambda: written(stack)[0] >= 7 * 1048576, 10, "it is written before its end is there")
        assert 0 < stack.metric("web", "web_body_bytes") <= FILE_ROOM + WORDS_ROOM
        # its sender dies half-way
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_a_forms_files_one_by_one(stack, city, no_trace):
    part = b'--bb\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = part + PHOTO + b"\r\n" + part + b"\r\n" + part + LARGE + b"\r\n--bb--\r\n"
    with under_way(stack, city.live, "POST", len(body), "Content-Type: multipart/form-data; boundary=bb\r\n") as peer:
        peer.sendall(body[:8 * 1048576])
        wait(lambda: written(stack)[0] >= 7 * 1048576 and written(stack)[1] == 2, 10, "the first and the third, for the second is empty")
        assert stack.metric("web", "web_body_bytes") <= FILE_ROOM + WORDS_ROOM


def test_what_is_too_large_is_turned_away_early(stack, city, no_trace):
    first = "Expect: 100-continue\r\n"
    with under_way(stack, city.live, "PUT", FILM_MOST + 1, first) as peer:
        assert line_of(peer).startswith("HTTP/1.1 413")
    chunk = b"10000\r\n" + LARGE[:65536] + b"\r\n"
    with under_way(stack, city.live, "PUT", None) as peer:  # it does not say how much
        peer.sendall(chunk * 150)
        wait(lambda: written(stack)[0] >= 9 * 1048576, 10, "so far it may come")
        peer.sendall(chunk * 11)
        wait(lambda: written(stack) == (0, 0), 10, "it is let go before its end")
        peer.sendall(b"0\r\n\r\n")
        assert line_of(peer).startswith("HTTP/1.1 413")
    with under_way(stack, city.live, "PUT", None) as peer, pytest.raises(ConnectionError):  # and without end
        for _ in range(1000):
            peer.sendall(chunk)
    words = b'--bb\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"a" * 2 * WORDS_ROOM + b"\r\n--bb--\r\n"
    with under_way(stack, city.live, "POST", len(words), "Content-Type: multipart/form-data; boundary=bb\r\n") as peer:
        peer.sendall(words)
        assert line_of(peer).startswith("HTTP/1.1 413"), "what is no file lies in memory"
    part = b'--bb\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + PHOTO + b"\r\n"
    with under_way(stack, city.live, "POST", 100 * len(part) + 1, "Content-Type: multipart/form-data; boundary=bb\r\n") as peer:
        peer.sendall(100 * part)
        wait(lambda: written(stack)[1] == 5, 20, "five of a hundred files")
        peer.sendall(b"-")
        assert line_of(peer).startswith("HTTP/1.1 400")


def test_a_large_body_of_nobody_is_not_waited_for(stack, city, no_trace):
    """Its header says that its token is nobody's: that is the answer, before a byte of it comes."""
    stranger = types.SimpleNamespace(token="0" * 64)
    for method, more in (("PUT", ""), ("POST", "Content-Type: multipart/form-data; boundary=bb\r\n")):
        for length in (len(LARGE), None):
            with under_way(stack, stranger, method, length, more) as peer:
                assert line_of(peer).startswith("HTTP/1.1 401")


def test_a_file_is_known_by_who_sent_it(stack, city, other):
    """A digest follows from a document's bytes: nobody can ask by it whether somebody has sent that document."""
    paper = b"Contoh: daftar nama yang tidak boleh diketahui siapa pun.\n" * 3
    mine = city.live.put("/files", paper).json["digest"]
    assert mine != digest(paper) and city.live.put("/files", paper).json["digest"] == mine
    assert city.live.post("/reports", report("Dengan daftar.", attachments=[mine]), os.urandom(8).hex()).status == 201
    refusals = []
    for who in (other, city):
        for name in (digest(paper), "ab" * 32, *([mine] if who is other else [])):
            refused = who.live.post("/reports", report("Menebak.", attachments=[name]), os.urandom(8).hex())
            refusals.append((refused.status, {**refused.json, "instance": None}))
    assert refusals[0][0] == 422 and refusals[0][1]["field"] == "attachments" and all(one == refusals[0] for one in refusals), refusals
    theirs = other.live.put("/files", paper).json["digest"]
    assert theirs != mine and other.live.post("/reports", report("Punya sendiri.", attachments=[theirs]), os.urandom(8).hex()).status == 201
    kept = stack.wait("select encode (attachments, 'hex') from content where body = 'Punya sendiri.'")
    assert kept == [(digest(paper),)], "the record has the digest"


def test_who_asks_first_and_comes_fast(stack, city):
    """Faster than the disk: he pauses, and all of it arrives."""
    with under_way(stack, city.live, "PUT", len(LARGE), "Expect: 100-continue\r\n") as peer:
        answer = peer.makefile("rb")
        assert answer.readline().startswith(b"HTTP/1.1 100") and answer.readline() == b"\r\n"
        peer.sendall(LARGE)
        peer.shutdown(socket.SHUT_WR)
        said = answer.read()
        assert said.startswith(b"HTTP/1.1 201")
    assert f"{digest(LARGE)}.box" in names(stack.folder, "new")


def test_a_slow_sender_is_cut_off(stack, city, no_trace):
    cut = stack.metric("web", "web_cut_total")
    with under_way(stack, city.live, "PUT", len(LARGE)) as peer:
        peer.sendall(LARGE[:65600])
        wait(lambda: written(stack)[1] == 1, 10, "it has begun")
        assert peer.recv(1) == b""
    assert stack.metric("web", "web_cut_total") == cut + 1


def test_a_stop_in_the_middle(stack, city, no_trace):
    with under_way(stack, city.live, "PUT", len(LARGE)) as peer:
        peer.sendall(LARGE[:1048576])
        wait(lambda: written(stack)[1] == 1, 10, "it has begun")
        assert stack["web"].stop() == 0
        assert written(stack) == (0, 0)
    stack["web"].start()


# ---- a reporter's words, and what becomes of it

def test_words_and_their_events(stack, city, key):
    start = city.live.page("now")["cursor"]
    taken = city.live.post("/reports", report("Sampah menumpuk di tepi kali.", external="KOTA-8", target="91.01/PUPR"), key).json
    number, code = taken["number"], taken["access_code"]
    (placed,), _ = city.live.until(start, lambda events: [event for event in events if event["type"] == "placed" and event["number"] == number])
    assert placed["external"] == "KOTA-8" and placed["id"].startswith(taken["id"])
    reply = city.live.post(f"/reports/{number}/replies", {"text": "Sudah dua minggu.", "access_code": code, "created": CREATED}, key + "r")
    assert reply.status == 201 and reply.json["number"] == number and "access_code" not in reply.json
    again = city.live.post(f"/reports/{number}/replies", {"text": "Sudah dua minggu.", "access_code": code, "created": CREATED}, key + "r")
    assert again.status == 200 and again.json["id"] == reply.json["id"]
    wrong = city.live.post(f"/reports/{number}/replies", {"text": "Kode orang lain.", "access_code": "0" * 26})
    assert wrong.status == 422 and wrong.json["field"] == "access_code"
    assert city.live.post(f"/reports/{number}/replies", {"text": "Tanpa kode."}).json["field"] == "access_code"
    assert city.live.post(f"/reports/{number}/ratings", {"access_code": code, "rating": 6}).json["field"] == "rating"
    assert city.live.post(f"/reports/{number}/flags", {"access_code": code, "anonymous": True}).json["field"] == "secret"
    # what the case cannot take now is not "taken"
    for name, more in (("ratings", {"rating": 4}), ("completions", {"text": "Ini."}), ("reopenings", {"text": "Belum."}), ("consents", {"consent": True})):
        cannot = city.live.post(f"/reports/{number}/{name}", {"access_code": code, **more})
        assert (cannot.status, cannot.json["code"]) == (409, "state"), name
    choice = {"access_code": code, "anonymous": True, "secret": False, "created": CREATED}
    consent = {"access_code": code, "consent": False, "created": CREATED}
    assert city.live.post(f"/reports/{number}/flags", choice, key + "f").status == 201
    stack.rewrite("update complaint set due_resolve = now () - interval '1 hour' where number_text (number) = %s", number)
    assert city.live.post(f"/reports/{number}/consents", consent, key + "c").status == 201
    stack.wait("select 1 from event join complaint using (complaint_id) where number_text (complaint.number) = %s and kind = 38", number)
    end = {"access_code": code, "text": "Sudah bersih.", "created": CREATED}
    assert city.live.post(f"/reports/{number}/withdrawals", end, key + "w").status == 201
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 8", number)
    assert city.live.post(f"/reports/{number}/withdrawals", end, key + "w").status == 200, "a repeat is answered as the first one was"
    assert city.live.post(f"/reports/{number}/replies", {"text": "Sudah dua minggu.", "access_code": code, "created": CREATED}, key + "r").status == 200
    assert city.live.post(f"/reports/{number}/flags", choice, key + "f").status == city.live.post(f"/reports/{number}/consents", consent, key + "c").status == 200
    for name, more in (("replies", {"text": "Lain."}), ("withdrawals", {"text": "Lagi."}), ("closings", {}), ("consents", {"consent": True})):
        assert city.live.post(f"/reports/{number}/{name}", {"access_code": code, **more}).json["code"] == "state", name
    assert stack.sql("select count (*) from refused where parent = number_bits (%s)", number) == [(0,)]
    said, _ = city.live.until(start, lambda events: {"reply", "withdrawal"} <= {event["type"] for event in events if event["number"] == number} and events)
    assert [event["text"] for event in said if event["type"] == "reply"] == ["Sudah dua minggu."], "said twice it is one, and the wrong code said nothing"
    own = city.live.get(f"/reports/{number}").json
    assert own["state"] == "archived" and [event["id"] for event in own["events"]] == [event["id"] for event in said if event["number"] == number]
    # flags may be said of whatever has ended, but for what is blocked
    stack.rewrite("update complaint set state = 9 where number_text (number) = %s", number)
    assert city.live.post(f"/reports/{number}/flags", choice, key + "f").status == 200
    for other in ({"anonymous": True, "secret": True}, {"anonymous": False, "secret": False}):
        assert city.live.post(f"/reports/{number}/flags", {"access_code": code, **other}).json["code"] == "state", other


def test_the_feed_page_by_page(stack, city, other, key):
    start = city.live.page("now")["cursor"]
    numbers = [city.live.post("/reports", report(f"Lubang nomor {i} di Jalan Anggrek."), f"{key}-{i}").json["number"] for i in range(5)]
    all_of, _ = city.live.until(start, lambda events: len([event for event in events if event["type"] == "placed"]) == 5 and events)
    one_by_one, cursor = [], start
    while len(one_by_one) < len(all_of):
        page = city.live.page(cursor, limit=1)
        assert len(page["events"]) <= 1 and page["cursor"] != cursor
        one_by_one, cursor = one_by_one + page["events"], page["cursor"]
    assert one_by_one == all_of and {event["number"] for event in all_of} == set(numbers)
    assert city.live.page(cursor)["events"] == [] and city.live.page(start)["events"][:1] == all_of[:1], "any earlier cursor replays"
    assert not {event["number"] for event in other.live.page()["events"]} & set(numbers)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 3600))
    assert set(numbers) <= {event["number"] for event in city.live.page(moment.replace("+", "%2B"), limit=500)["events"]}
    for path, field in (("cursor=kemarin", "cursor"), ("limit=0", "limit"), ("limit=501", "limit"), ("wait=26", "wait"), ("wait=x", "wait")):
        assert city.live.get("/events?" + path).json["field"] == field


def test_long_words_make_short_pages(city, key):
    start = city.live.page("now")["cursor"]
    taken = city.live.post("/reports", report("Kabel putus, ceritanya panjang."), key).json
    city.live.until(start, lambda events: events)
    for i in range(30):
        assert city.live.post(f"/reports/{taken['number']}/replies", {"text": f"{i} " + "\U0001F327" * 9900, "access_code": taken["access_code"]}).status == 201
    told, _ = city.live.until(start, lambda events: len([event for event in events if event["type"] == "reply"]) == 30 and events)
    assert sorted(int(event["text"].split()[0]) for event in told if event["type"] == "reply") == list(range(30))
    page = city.live.page(start, limit=500)
    assert page["more"] and 0 < len(page["events"]) < 500, "1.2 MB are no page of 1 MB"


def test_a_long_poll_ends_with_the_event(city, key):
    cursor, got = city.live.page("now")["cursor"], {}
    waits = threading.Thread(target=lambda: got.update(city.live.page(cursor, wait=25)))
    began = time.monotonic()
    waits.start()
    number = city.live.post("/reports", report("Marka jalan pudar."), key).json["number"]
    waits.join(30)
    assert [event["number"] for event in got["events"]] == [number] and time.monotonic() - began < 20


def test_a_long_poll_does_not_hold_up_a_stop(stack, city, key):
    taken = city.live.post("/reports", report("Rambu hilang di simpang empat."), key).json
    city.live.until("", lambda events: [event for event in events if event["number"] == taken["number"]])
    cursor, got = city.live.page("now")["cursor"], {}
    waits = threading.Thread(target=lambda: got.update(city.live.page(cursor, wait=25)))
    waits.start()
    began = time.monotonic()
    while "unanswered 1" not in stack.show("web", "door"):
        assert time.monotonic() < began + 20
    began = time.monotonic()
    assert stack["web"].stop() == 0 and time.monotonic() - began < 15
    waits.join(5)
    assert got["events"] == [] and got["cursor"], "it is answered, not cut"
    stack["web"].start()
    assert city.live.get("/self").status == 200, "the list of tokens was kept"
    again = city.live.post("/reports", report("Rambu hilang di simpang empat."), key).json
    assert {**again, "repeated": False} == taken, "another process gives the same answer, code included"


# ---- what is away

def test_intake_is_away(stack, city, key):
    said = report("Halte rusak, kaca pecah.")
    stack["intake"].kill()
    away = city.live.post("/reports", said, key)
    assert away.status == 503 and int(away.headers["Retry-After"]) > 0 and away.json["code"] == "unknown"
    stack["intake"].start()
    stack["intake"].wait_principals()
    taken = city.live.post("/reports", said, key)
    assert taken.status in (200, 201)
    row_of(stack, taken.json["number"])


def test_query_is_away(stack, city, key):
    stack["query"].stop()
    try:
        assert city.live.get("/events").status == 503
        taken = city.live.post("/reports", report("Trotoar ambles.", target="91.01/PUPR"), key)
        assert taken.status == 201, "reports are taken"
        word = city.live.post(f"/reports/{taken.json['number']}/replies", {"text": "Makin dalam.", "access_code": taken.json["access_code"]})
        assert word.status == 201
    finally:
        stack["query"].start()
    row_of(stack, taken.json["number"])
    stack.wait("select 1 from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 32", taken.json["number"])


def test_too_often(stack, boss):
    few = account(stack, "pelan", boss, requests=20, submissions=2)
    room(20, MINUTE)
    answers = [few.live.get("/self") for _ in range(25)]
    late = [answer for answer in answers if answer.status == 429]
    assert late and int(late[0].headers["Retry-After"]) > 0
    answers = [few.sandbox.post("/reports", report("Terlalu sering."), f"k{i}") for i in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429] and answers[2].json["code"] == "too_many_today"


# ---- the sandbox

def test_the_sandbox_goes_nowhere(stack, city, other, key):
    before = stack.sql("select count (*) from complaint")[0][0]
    start = city.sandbox.page("now")["cursor"]
    said = report("Percobaan dari kota.", external="UJI-1", target="91.01/PUPR")
    taken = city.sandbox.post("/reports", said, key)
    number, code = taken.json["number"], taken.json["access_code"]
    assert taken.status == 201 and taken.json["sandbox"] and number[0] == "X"
    again = city.sandbox.post("/reports", said, key)
    assert again.status == 200 and {**again.json, "repeated": False} == taken.json
    assert city.sandbox.post("/reports", {**said, "text": "Lain."}, key).status == 409
    page = city.sandbox.page(start)
    assert [event["type"] for event in page["events"]] == ["placed", "answer", "close"] and not page["restored"]
    assert city.sandbox.page(page["cursor"])["events"] == []
    assert city.sandbox.post(f"/reports/{number}/replies", {"text": "Terima kasih.", "access_code": code}).status == 201
    assert city.sandbox.post(f"/reports/{number}/replies", {"text": "Salah.", "access_code": "0" * 26}).json["field"] == "access_code"
    assert [event["type"] for event in city.sandbox.page(page["cursor"])["events"]] == ["reply"]
    assert city.sandbox.get("/reports?external=UJI-1").json["reports"][0]["number"] == number
    assert city.sandbox.page("sandbox-00000000-1")["restored"]
    # neither another account's sandbox nor a live token sees it
    assert other.sandbox.get("/reports/" + number).status == city.live.get("/reports/" + number).status == 404
    assert other.sandbox.page()["events"] == []
    assert stack.sql("select count (*) from complaint")[0][0] == before


# ---- the example

def test_the_example_pushes_and_follows(stack, city, key):
    system = Integrator(f"http://127.0.0.1:{stack.ports['web']}", city.live.token, patience=20)
    start = system.page("now", wait=0)["cursor"]
    digest = system.upload(PHOTO)
    taken = system.push({"text": "Contoh: rambu patah.", "created": CREATED, "attachments": [digest]}, key)
    assert system.push({"text": "Contoh: rambu patah.", "created": CREATED, "attachments": [digest]}, key)["number"] == taken["number"]
    for event, behind in system.follow(start):
        if event and event["number"] == taken["number"]:
            assert event["type"] == "placed"
        if behind:
            break
    assert system.say(taken["number"], "replies", {"text": "Contoh balasan.", "access_code": taken["access_code"]}, None)["number"] == taken["number"]
    with pytest.raises(Refused, match="judul"):
        system.push({"text": "x", "judul": "y"}, None)
