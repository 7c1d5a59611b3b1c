"""aduan-desk's door against whoever wants to hold it up: floods of log-ins, bodies without end, requests a byte at a time, a
button pressed twice.  Real sockets; sources are addresses of loopback, or what a proxy says."""
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import time
from xml.etree import ElementTree

import pytest

from collect import metrics
from conftest import ROOT, Stack
from content import kept, names
from desk_cases import held, placed
from desk_door import Browser, Program
from full_door import crowd
from nginx import Nginx
from spoolbench import wait
from stack import DESK, free_port

SETTINGS = {"login": {"burst": 6, "minute": 1, "inside": 2}, "slow": {"header": "2s", "grace": "3s", "rate": "64KiB"}, "idle": "20s", "bodies": "64MiB"}
WRONG = {"login": "nobody-here", "password": "salah sama sekali", "code": "000000"}
SMALL = 262144


def written(settings, indent=2):
    return "".join(f"{' ' * indent}{key}: {value}\n" if not isinstance(value, dict) else f"{' ' * indent}{key}:\n{written(value, indent + 2)}"
                   for key, value in settings.items())


def again(stack, plain, **settings):
    """The desk started anew, with these settings."""
    stack["desk"].stop()
    pathlib.Path(stack.settings).write_text(plain.replace("desk:\n  door", f"desk:\n{written({**SETTINGS, **settings})}  door"), encoding="utf-8")
    stack["desk"].start()


@pytest.fixture(scope="module")
def running(folder):
    with Stack(folder, programs=DESK, workers={"unit": ["91.01/PUPR"]}) as stack:
        stack.plain = pathlib.Path(stack.settings).read_text(encoding="utf-8")
        yield stack


@pytest.fixture()
def stack(running):
    """Each test's desk has seen nobody yet."""
    again(running, running.plain)
    return running


@pytest.fixture(scope="module")
def web(running):
    return running.adapter()


@pytest.fixture(scope="module")
def liaison(running):
    return running.person("91.01/PUPR", "liaison")


def said(stack, number):
    return [text for text, in stack.sql("select e.text from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 16 order by e.at", number)]


# ---- log-ins

def turned_away(page, api=False):
    """It says when to come again, and why."""
    assert page.status == 429 and 0 < int(page.headers["Retry-After"]) <= 60, page.text
    if api:
        assert page.headers["Content-Type"] == "application/problem+json" and page.json["code"] == "too_many" and page.json["title"].startswith("Terlalu banyak percobaan masuk")
    else:
        assert "Terlalu banyak percobaan masuk" in page.text
    return page


def test_a_flood_of_log_ins_from_one_source(stack):
    """It is turned away before the hasher, whatever way it takes there; everybody else logs in."""
    flood, other = Browser(stack, source="127.0.0.66"), Browser(stack, source="127.0.0.67")
    program = Program(stack, source="127.0.0.66")
    for i in range(3):
        assert flood.send("/login", WRONG).status == 401
        assert program.post("/login", WRONG).status == 401, i
    hashes = stack.metric("store", "store_hashes_total")
    page = turned_away(flood.send("/login", WRONG))
    assert page.form("/language") and 'href="/login"' in page.text
    assert "Too many attempts" in flood.send("/login", WRONG, Accept_Language="en").text
    turned_away(program.post("/login", WRONG), api=True)
    turned_away(flood.send("/invitation", {"token": "00" * 32, "new_password": "kuda hijau di atas genting"}))
    who = stack.person("91.01/PUPR", "liaison")
    flood.session = program.session = who.session
    csrf = flood.get("/account").form("/orders/change_password").fields["csrf"]
    for order in ("change_password", "renew_factor", "login", "accept_invitation"):
        page = turned_away(flood.send(f"/orders/{order}", {"csrf": csrf, "password": "salah sama sekali", "new_password": "kuda hijau di atas genting", "code": "000000"}))
        assert 'href="/account"' in page.text
        turned_away(program.post(f"/orders/{order}", {"password": "salah sama sekali"}), api=True)
    assert stack.metric("store", "store_hashes_total") == hashes
    assert stack.metric("desk", "desk_gated_total") == 12
    # what hashes nothing goes on, and so does everybody else
    assert program.post("/orders/save_template", {"agency": "91.01/PUPR", "name": "Pintu", "text": "x"}).status == 200
    assert other.send("/login", WRONG).status == 401


def test_log_ins_under_way(stack):
    """While the store is slow one source holds two places and no more; they are free again once it has answered."""
    stack["store"].process.send_signal(signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as hands:
            before = stack.metric("desk", "desk_requests_total")
            slow = [hands.submit(Browser(stack, source="127.0.0.66").send, "/login", WRONG) for _ in range(2)]
            wait(lambda: stack.metric("desk", "desk_requests_total") == before + 2, 20, "both under way")
            for _ in range(3):
                turned_away(Browser(stack, source="127.0.0.66").send("/login", WRONG))
            slow.append(hands.submit(Browser(stack, source="127.0.0.67").send, "/login", WRONG))
            wait(lambda: stack.metric("desk", "desk_requests_total") == before + 6, 20, "the other one, too")
            assert not any(answer.done() for answer in slow)
            stack["store"].process.send_signal(signal.SIGCONT)
            assert [answer.result().status for answer in slow] == [401, 401, 401]
    finally:
        stack["store"].process.send_signal(signal.SIGCONT)
    assert Browser(stack, source="127.0.0.66").send("/login", WRONG).status == 401


def test_sources_behind_a_proxy(running):
    """The last entry counts, of the last header: what stands before it the client wrote himself.  Without a proxy all of it is."""
    again(running, running.plain, tls="true", login={"burst": 2, "minute": 1, "inside": 2})

    def login(*forwarded):
        with socket.create_connection(("127.0.0.1", running.ports["desk"]), timeout=60) as peer:
            body = b"login=x&password=y&code=1"
            lines = "".join(f"X-Forwarded-For: {value}\r\n" for value in forwarded)
            peer.sendall(f"POST /login HTTP/1.1\r\nHost: x\r\n{lines}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            return int(peer.makefile("rb").readline().split()[1])

    assert [login("192.0.2.1") for _ in range(3)] == [401, 401, 429]
    assert login("198.51.100.7, 192.0.2.1") == login("198.51.100.8", "192.0.2.1") == login("192.0.2.1:4711") == 429
    assert login("192.0.2.1, 192.0.2.2") == login("192.0.2.1", "192.0.2.2") == 401
    assert [login(f"2001:db8:1:2::{i}") for i in range(3)] == [401, 401, 429] and login("2001:db8:1:3::1") == 401
    assert [login() for _ in range(3)] == [401, 401, 429]  # the proxy says nothing: all are one
    assert login("unknown") == 429 and "X-Forwarded-For" in running["desk"].tail()
    again(running, running.plain, login={"burst": 2, "minute": 1, "inside": 2})
    assert [login(f"192.0.2.{i}") for i in range(3)] == [401, 401, 429]


def test_bodies_behind_a_proxy(running):
    """Their room is counted by the source that the proxy names, of an IPv6 one by its network."""
    again(running, running.plain, tls="true", slow={"header": "60s", "grace": "60s", "rate": "1KiB"})

    def comes(forwarded):
        return opened(running, "/login", SMALL, kind="application/json", more=f"X-Forwarded-For: 10.0.0.1, {forwarded}\r\n")

    with contextlib.ExitStack() as peers:
        for at in range(16):  # a sixteenth of 64 MiB
            peers.enter_context(comes(f"2001:db8:1:2::{at}")).sendall(b"a" * (SMALL - 1))
        wait(lambda: booked(running) == 16 * SMALL, 20, "its part is taken")
        assert status_of(peers.enter_context(comes("2001:db8:1:2:ffff::1"))) == "503"
        with comes("2001:db8:1:3::1") as other:
            other.sendall(b"a" * SMALL)
            assert status_of(other) == "401", "it was read to its end, and is nobody's log-in"


def test_a_crowd_before_the_door(stack):
    """More than can wait are told to come again, at once and politely; those whose turn it is are served, and all are answered."""
    served, told = crowd(stack["desk"], stack.ports["desk"], "/login")
    assert all(answer.startswith(b"HTTP/1.1 200") and b"</html>" in answer for answer in served)
    assert len(told) == stack.metric("desk", "desk_crowded_total") > 0
    assert Browser(stack).get("/login").status == 200


def test_each_reason_has_a_text():
    """Why an act or an order had no effect is said in words, whichever reason it is."""
    root = pathlib.Path(ROOT)
    reasons = re.findall(r'^VALUE \(reason, +REASON_\w+, +\d+, "(\w+)"', (root / "common/wire/messages.def").read_text(encoding="utf-8"), re.M)
    assert len(reasons) >= 15
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "router/desk").glob("*.c"))
    whys = {f"fault_{kind}_{reason}" for kind in ("act", "order") for reason in [*reasons, "refused"]}
    whys |= {f"fault_{why}" for why in re.findall(r'(?:visit_refuse|visit_fail|order_refuse|twice_answer) \([^;"]*"(\w+)"', sources)}
    assert {"fault_too_many", "fault_order_busy", "fault_absent", "fault_act_value"} <= whys
    for language in ("id", "en"):
        known = {line.split(" =")[0] for line in (root / f"deploy/text/{language}/desk.txt").read_text(encoding="utf-8").splitlines()}
        assert not whys - known, language


# ---- bodies

def opened(stack, path, length, session=None, more="", source="127.0.0.1", kind="multipart/form-data; boundary=bb"):
    """A connection that has said the header of a POST and nothing more."""
    peer = socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=60, source_address=(source, 0))
    cookie = f"Cookie: aduan={session.hex()}\r\n" if session else ""
    size = "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
    peer.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{cookie}Content-Type: {kind}\r\n{size}{more}\r\n".encode())
    return peer


def status_of(peer):
    """The status of its answer, b"" where it is closed without one."""
    try:
        return peer.makefile("rb").readline()[9:12].decode()
    except ConnectionError:
        return ""


FILES = [(f"{i}.txt", "text/plain", f"catatan {i} ".encode() * 900000) for i in range(3)]  # 9 MB each


STEP = 4096  # by which room is taken
LARGE = STEP + 524288  # what a form with files takes while it comes: its words, and content.h's CONTENT_UPLOAD_ROOM of the file that is coming
FILE = b'--bb\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nSebuah catatan yang belum selesai.'


def booked(stack):
    return stack.metric("desk", "desk_body_bytes")


def test_files_of_nobody_are_not_kept(stack, web):
    """A made-up session's 20 MB take no more room than any form may."""
    length = 20000000
    part = b'--bb\r\nContent-Disposition: form-data; name="text"\r\n\r\nLihat lampiran.\r\n--bb\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    end = b"\r\n--bb--\r\n"
    body = part + b"a" * (length - len(part) - len(end)) + end
    with opened(stack, "/cases/A00000000000000", length, os.urandom(32)) as peer:
        peer.sendall(body[:-1000])
        wait(lambda: stack.metric("desk", "desk_unproved_total") == 1, 20, "it was asked whose they are")
        assert booked(stack) <= SMALL
        peer.sendall(body[-1000:])
        assert status_of(peer) == "401"
    wait(lambda: booked(stack) == 0, 20, "all of it is gone")
    # neither of whoever names no session at all, nor in pieces without a length
    with opened(stack, "/cases/A00000000000000", length) as peer:
        peer.sendall(body)
        assert status_of(peer) == "401"
    with opened(stack, "/cases/A00000000000000", None, os.urandom(32)) as peer:
        peer.sendall(b"".join(b"10000\r\n" + body[at:at + 65536] + b"\r\n" for at in range(0, 65536 * 100, 65536)))
        wait(lambda: stack.metric("desk", "desk_unproved_total") == 3, 20, "it was asked whose they are")
        assert booked(stack) <= SMALL
    # words without end are no files
    with opened(stack, "/cases/A00000000000000", length, os.urandom(32)) as peer:
        peer.sendall(body.replace(b"filename", b"whatever"))
        assert status_of(peer) == "413"
    assert stack["desk"].alive()


def test_who_asks_first_is_told_before_his_body(stack, web, liaison):
    expects = "Expect: 100-continue\r\n"
    with opened(stack, "/cases/A00000000000000", 20000000, os.urandom(32), expects) as peer:
        assert status_of(peer) == "401"
    with opened(stack, "/cases/A00000000000000", 20000000, liaison.session, expects) as peer:
        assert status_of(peer) == "100"
    with opened(stack, "/cases/A00000000000000", 60000000, liaison.session, expects) as peer:
        assert status_of(peer) == "413"


def test_an_officers_files_after_a_restart(stack, web, liaison):
    """His form was opened before it; nothing is remembered of him, and aduan-query knows him."""
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    where = f"/cases/{number}"
    form = browser.get(where).form(where, "progress")
    stack.restart("desk")
    done = browser.post(form, "progress", files=FILES, text="Sesudah desk dimulai ulang.")
    assert done.status == 303 and said(stack, number) == ["Sesudah desk dimulai ulang."], done.text
    assert {hashlib.blake2b(data, digest_size=32).hexdigest() for _, _, data in FILES} <= set(kept(stack))
    assert stack.metric("desk", "desk_unproved_total") == 0 and booked(stack) == 0
    # who was shown a page since needs no aduan-query for it; who was not is asked to try again, and has his words
    form = browser.get(where).form(where, "progress")
    stack["query"].stop()
    try:
        assert browser.post(form, "progress", files=FILES[:1], text="Tanpa query.").status == 303
        stack.restart("desk")
        page = browser.post(form, "progress", files=FILES[:1], text="Ini <tetap> ada.")
        assert page.status == 503 and page.headers["Retry-After"] and "coba sebentar lagi" in page.text and "Ini &lt;tetap&gt; ada." in page.text
    finally:
        stack["query"].start()
    assert said(stack, number)[1:] == ["Tanpa query."]


def test_a_session_that_is_over_has_its_words_back(stack, web):
    who = stack.person("91.01/PUPR", "liaison")
    browser, number = Browser(stack, who), held(stack, web, who)
    form = browser.get(f"/cases/{number}").form(f"/cases/{number}", "progress")
    stack.sql("delete from session where principal_id = %s", who.number)  # ended it might just be carried on: the page was read
    stack.restart("desk")
    page = browser.post(form, "progress", files=FILES, text="Panjang dan susah payah.")
    assert page.status == 401 and "Panjang dan susah payah." in page.text and f'href="/cases/{number}"' in page.text
    # words that another page sent are nobody's
    page = browser.post(form, "progress", files=FILES, text="Panjang dan susah payah.", csrf="0" * 64)
    assert page.status == 401 and "Panjang" not in page.text


def patient(stack):
    """A desk that cuts nobody for being slow, as long as nobody waits for what he holds."""
    again(stack, stack.plain, slow={"header": "60s", "grace": "60s", "rate": "1KiB"}, idle="60s")


def test_room_for_bodies(stack, web, liaison):
    """All bodies under way together have a bound; beyond it one is told to come again, with his words."""
    patient(stack)
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    where = f"/cases/{number}"
    form = browser.get(where).form(where, "progress")
    with contextlib.ExitStack() as peers:
        large = [peers.enter_context(opened(stack, where, 48000000, liaison.session)) for _ in range(111)]
        wait(lambda: booked(stack) == 111 * STEP, 20, "what is promised takes none of it")
        for peer in large:
            peer.sendall(FILE + b"." * 4096)  # libmicrohttpd hands on what fills its own buffer
        wait(lambda: booked(stack) == 111 * LARGE, 20, "seven eighths of the room are taken")
        page = browser.post(form, "progress", files=FILES, text="Belum ada tempat.")
        assert page.status == 503 and int(page.headers["Retry-After"]) > 0
        assert "Terlalu banyak kiriman besar" in page.text and "Belum ada tempat." in page.text
        with opened(stack, where, 20000000, liaison.session, "Expect: 100-continue\r\n") as asks:
            assert status_of(asks) == "503"
        assert Browser(stack).send("/login", WRONG).status == 401, "there is room for a form"
        for gone in large[:2]:
            gone.close()
        wait(lambda: booked(stack) == 109 * LARGE, 20, "two of them have gone")
        assert browser.post(form, "progress", files=FILES[:1], text="Yang satu.").status == 303
    wait(lambda: booked(stack) == 0, 20, "its room is free again")
    form = browser.get(where).form(where, "progress")
    assert browser.post(form, "progress", files=FILES, text="Sekarang ada.").status == 303
    assert said(stack, number) == ["Yang satu.", "Sekarang ada."]
    assert stack.metric("desk", "desk_no_room_total") == 2


def test_strangers_leave_half_of_the_room(stack, web, liaison):
    patient(stack)
    number = held(stack, web, liaison)
    browser, where = Browser(stack, liaison), f"/cases/{number}"
    form = browser.get(where).form(where, "progress")
    with contextlib.ExitStack() as peers:
        body = b"a" * (SMALL - 1)
        for at in range(128):  # 64 MiB have a sixteenth for each source
            peer = peers.enter_context(opened(stack, "/login", SMALL, kind="application/json", source=f"127.0.2.{1 + at // 12}"))
            peer.sendall(body)
        wait(lambda: booked(stack) == 128 * SMALL, 30, "half of the room is taken")
        with opened(stack, "/login", SMALL) as one:
            answer = one.makefile("rb").read().decode()
            assert answer.startswith("HTTP/1.1 503") and "Retry-After: 10" in answer and "Terlalu banyak kiriman besar" in answer
        page = Program(stack).call("POST", "/api/v1/login", json.dumps(WRONG), **{"Content-Type": "application/json"})
        assert page.status == 503 and page.json["code"] == "body_room" and page.headers["Retry-After"] == "10"
        assert browser.post(form, "progress", files=FILES[:2], text="Tetap bisa.").status == 303
        # those who stand still go, since others wait for what they hold
        wait(lambda: stack.metric("desk", "desk_cut_total") > 0 and booked(stack) <= 112 * SMALL, 20, "there is room again")
        assert Browser(stack).send("/login", WRONG).status == 401
    turned = stack.metric("desk", "desk_no_room_total")
    with contextlib.ExitStack() as peers:
        for _ in range(17):
            peers.enter_context(opened(stack, "/login", SMALL, kind="application/json", source="127.0.2.99")).sendall(body)
        wait(lambda: stack.metric("desk", "desk_no_room_total") > turned, 20, "one source has its part and no more")
        assert Browser(stack).send("/login", WRONG).status == 401
    assert said(stack, number) == ["Tetap bisa."]


def test_what_the_door_refuses_it_says_in_the_askers_form(stack, liaison):
    program = Program(stack, liaison)
    answer = program.call("POST", "/api/v1/login", None, Content_Length="300000")
    assert answer.status == 413 and answer.json["code"] == "body_large" and answer.headers["Content-Type"] == "application/problem+json"
    page = Browser(stack).send("/login", {f"f{i}": "" for i in range(1300)})
    assert page.status == 400 and "tidak terbaca" in page.text
    # a body that is small, and a hundred times as much once it is read
    for inner in ("[],", "{},", "1,"):
        body = '{"a": [' + (inner * 60000)[:-1] + "]}"
        answer = program.call("POST", "/api/v1/pull", body, **{"Content-Type": "application/json", "Authorization": f"Bearer {liaison.session.hex()}"})
        assert answer.status == 400 and answer.json["code"] == "json"


def test_it_stops_while_it_asks_who_sends(stack):
    """Connections that sleep until aduan-query answers do not keep the desk from its end."""
    stack["query"].process.send_signal(signal.SIGSTOP)
    try:
        with opened(stack, "/cases/A00000000000000", 20000000, os.urandom(32)) as peer:
            assert Browser(stack).get("/login").status == 200  # what came before it has been looked at
            assert stack["desk"].stop(60) == 0
            assert status_of(peer) in ("", "401", "503")
    finally:
        stack["query"].process.send_signal(signal.SIGCONT)


# ---- slowness

def trickle(peer, data, seconds, most=30):
    """Sends a byte each so often until the other side closes; how long that took."""
    began, at = time.monotonic(), 0
    peer.settimeout(seconds)
    while time.monotonic() - began < most:
        try:
            peer.sendall(data[at:at + 1])
            at += 1
            if peer.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began


def test_a_header_a_byte_at_a_time(stack):
    cut = stack.metric("desk", "desk_cut_total")
    with socket.create_connection(("127.0.0.1", stack.ports["desk"])) as peer:
        assert 1.5 < trickle(peer, b"GET /login HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 400, 0.1) < 15
    assert stack.metric("desk", "desk_cut_total") == cut + 1
    # also of a second request on the same connection
    with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=60) as peer:
        peer.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
        wait(lambda: b"</html>" in peer.recv(65536), 20, "the page")
        assert 1.5 < trickle(peer, b"GET /login HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 400, 0.1) < 15
    assert stack.metric("desk", "desk_cut_total") == cut + 2


@pytest.mark.parametrize("heads", ["Content-Length: 0\r\nContent-Length: 45", "Content-Length: 45\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, chunked", "Host: y",
                                   "Content-Length : 45", "Transfer-Encoding : chunked", "Content-Length\t: 45", "X: a\0b", "X: a\rContent-Length: 45",
                                   "X: a\0Content-Length: 45\r\nY: b", "X: a\nY: b", "X: a\r\n b: c"])
def test_a_request_with_two_ends(stack, heads):
    """Where a proxy might see another end of it, or another name, than we do, what comes behind it is nobody's request."""
    behind = "GET /login?behind=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=60) as peer:
        peer.sendall(f"POST /login HTTP/1.1\r\nHost: x\r\n{heads}\r\n\r\n{behind}".encode())
        said = b"".join(iter(lambda: received(peer), b""))
    assert said.startswith(b"HTTP/1.1 400") and said.count(b"HTTP/1.1 ") == 1, said


def answer_to(stack, raw):
    with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=20) as peer:
        peer.sendall(raw)
        return b"".join(iter(lambda: received(peer), b""))


def test_a_body_in_chunks_of_before_there_were_any(stack):
    said = answer_to(stack, b"POST /login HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400") and said.count(b"HTTP/1.1 ") == 1, said


def test_a_path_does_not_end_at_a_nul(stack):
    closes = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert answer_to(stack, b"GET /login" + closes).startswith(b"HTTP/1.1 200")
    assert answer_to(stack, b"GET /login%00x" + closes)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 404")
    torn = answer_to(stack, b"GET /login\0x" + closes)
    assert torn.startswith(b"HTTP/1.1 400") and b"text/html" in torn and b"</html>" in torn


def test_what_is_too_much_for_a_header_is_answered(stack):
    def get(target, more=b""):
        return answer_to(stack, b"GET /login" + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more + b"\r\n")

    assert get(b"?" + b"q=a&" * 15000)[:12] == b"HTTP/1.1 414"
    long = get(b"?" + b"q=a&" * 5000)
    assert long[:12] == b"HTTP/1.1 414" and "Alamat halaman ini terlalu panjang." in long.decode() and b"Connection: close" in long
    assert get(b"?" + b"q=a&" * 300)[:12] == b"HTTP/1.1 200"
    # libmicrohttpd's own words, and no more is read: it tells nobody of a header for which it has no room
    much = get(b"", b"Cookie: " + b"a=b; " * 20000 + b"\r\n")
    assert much[:12] == b"HTTP/1.1 431" and b"Connection: close" in much and b"too big for the memory constraints of this webserver" in much
    # so many small ones have room
    assert get(b"", b"Cookie: " + b"a=b; " * 5000 + b"aduan-language=en; c=d\r\n").startswith(b"HTTP/1.1 200")
    assert b'lang="en"' in get(b"", b"Cookie: x=y\r\nCookie: y=aduan-language=id; aduan-language=en\r\n")


def received(peer):
    """What comes next; nothing where the other side is done, also where it will not hear more."""
    try:
        return peer.recv(65536)
    except ConnectionResetError:
        return b""


def test_who_says_nothing_is_left_alone_for_a_while(stack):
    """A browser opens connections for later, and keeps them: `idle` is theirs, not the time of a header."""
    with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=60) as peer:
        for _ in range(2):
            time.sleep(4)  # twice the time of a header
            peer.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
            wait(lambda: b"</html>" in peer.recv(65536), 20, "the page")
    assert stack.metric("desk", "desk_cut_total") == 0


def test_a_body_a_byte_at_a_time(stack):
    with opened(stack, "/login", 200000) as peer:
        assert 2.5 < trickle(peer, b"a" * 10000, 0.05) < 15
    assert stack.metric("desk", "desk_cut_total") == 1 and booked(stack) == 0


def test_a_slow_line_is_slow_and_no_attack(stack, web, liaison):
    """Beyond the grace, at a rate that is enough."""
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    form = browser.get(f"/cases/{number}").form(f"/cases/{number}", "progress")
    fields = {**form.fields, "act": "progress", "text": "Lewat jalur lambat."}
    body = b"".join(f'--bb\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
    body += b'--bb\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"pelan " * 250000 + b"\r\n--bb--\r\n"
    with opened(stack, f"/cases/{number}", len(body), liaison.session) as peer:
        for at in range(0, len(body), 50000):
            peer.sendall(body[at:at + 50000])
            time.sleep(0.2)  # some 250 kB a second, for six seconds
        assert status_of(peer) == "303"
    assert said(stack, number) == ["Lewat jalur lambat."] and stack.metric("desk", "desk_cut_total") == 0


def test_an_answer_that_is_not_read(stack, web, liaison):
    browser, number = Browser(stack, liaison), held(stack, web, liaison)
    where = f"/cases/{number}"
    data = b"besar sekali " * 800000
    assert browser.post(browser.get(where).form(where, "progress"), "progress", files=[("a.txt", "text/plain", data)], text="Besar.").status == 303
    again(stack, stack.plain, slow={"header": "2s", "grace": "3s", "rate": "8MiB"})
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", stack.ports["desk"]))
        peer.sendall(f"GET {where}/files/{hashlib.blake2b(data, digest_size=32).hexdigest()} HTTP/1.1\r\nHost: x\r\nCookie: aduan={liaison.session.hex()}\r\n\r\n".encode())
        wait(lambda: stack.metric("desk", "desk_cut_total") == 1, 30, "it is cut off")
    answer = browser.get(f"{where}/files/{hashlib.blake2b(data, digest_size=32).hexdigest()}")
    assert answer.status == 200 and answer.bytes == data


# ---- a button pressed twice

def leased(stack, who):
    return stack.sql("select count (*) from assignment w join appointment p on p.agency_id = w.agency where p.principal_id = %s and w.state = 2", who.number)[0][0]


def test_a_double_click_takes_one_case(stack, web):
    who = stack.person("91.01/PUPR", "liaison")
    for _ in range(4):
        placed(stack, web)
    browser, before = Browser(stack, who), leased(stack, who)
    form, other = (browser.get("/inbox").form("/next") for _ in range(2))
    with concurrent.futures.ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: browser.post(form), range(8)))
    assert {answer.status for answer in answers} == {303} and len({answer.location for answer in answers}) == 1
    assert answers[0].location.startswith("/cases/A") and leased(stack, who) == before + 1
    assert browser.post(form).location == answers[0].location  # and a reload of it
    assert leased(stack, who) == before + 1
    # another form, or another's with the same key, is another one's
    assert browser.post(other).location not in (answers[0].location, None) and leased(stack, who) == before + 2
    colleague = Browser(stack, stack.person("91.01/PUPR", "liaison"))
    theirs = colleague.get("/inbox").form("/next")
    assert colleague.post(theirs, key=form.fields["key"]).location not in (answers[0].location, None) and leased(stack, who) == before + 3


def test_a_pull_that_failed_may_be_tried_again(stack, web):
    who = stack.person("91.01/PUPR", "liaison")
    placed(stack, web)
    browser = Browser(stack, who)
    form = browser.get("/inbox").form("/next")
    stack["router"].stop()
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as hands:
            pages = list(hands.map(lambda _: browser.post(form), range(2)))
        assert [page.status for page in pages] == [503, 503] and "coba sebentar lagi" in pages[0].text and pages[0].headers["Retry-After"]
    finally:
        stack["router"].start()
    wait(lambda: (browser.post(form).location or "").startswith("/cases/A"), 60, "the router is there again")


# ---- behind a proxy

def test_behind_nginx(running, web, folder, liaison):
    """docs/examples/nginx.conf as it stands, but for names, ports and folders."""
    again(running, running.plain, tls="true", login={"burst": 2, "minute": 1, "inside": 2})
    with Nginx(folder, "nginx.conf", "desk.example.go.id", running.ports["desk"]) as proxy:
        form = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://desk.example.go.id\r\n"
        body = b"login=x&password=y&code=1"
        claims = [f"X-Forwarded-For: 198.51.100.{i}\r\n" for i in range(3)]
        assert [proxy.call("/login", form + claim, body, "POST")[9:12] for claim in claims] == [b"401", b"401", b"429"]
        assert proxy.call("/login", form, body, "POST", "127.0.0.9")[9:12] == b"401"
        page = proxy.call("/login")
        assert page.startswith(b"HTTP/1.1 200") and b"Strict-Transport-Security" in page
        # an act with all that it may bring
        number = None
        Browser.cookie = "__Host-aduan"
        try:
            number = held(running, web, liaison)
            fields = Browser(running, liaison).get(f"/cases/{number}").form(f"/cases/{number}", "progress").fields
        finally:
            Browser.cookie = "aduan"
        fields = {**fields, "act": "progress", "text": "Lewat nginx."}
        data = b"".join(f'--bb\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
        data += b"".join(b'--bb\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + f"{i}".encode() * 10400000 + b"\r\n" for i in range(5)) + b"--bb--\r\n"
        lines = f"Cookie: __Host-aduan={liaison.session.hex()}\r\nContent-Type: multipart/form-data; boundary=bb\r\n"
        assert proxy.call(f"/cases/{number}", lines, data, "POST").startswith(b"HTTP/1.1 303")
        assert said(running, number) == ["Lewat nginx."]
        assert proxy.call(f"/cases/{number}", lines, data + b"x" * 3000000, "POST")[9:12] == b"413"


@pytest.mark.parametrize("example,host,variable", [("nginx.conf", "desk.example.go.id", "desk_source"), ("nginx-web.conf", "lapor.example.go.id", "web_source")])
def test_nginx_counts_connections_as_the_door_does(folder, example, host, variable):
    """By IPv4 address and by /64: what limit_conn counts by, of connections that are said to come from elsewhere."""
    port = free_port()
    asks = f"server {{ listen 127.0.0.1:{port}; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; location / {{ return 200 ${variable}; }} }}"

    def key(source):
        peer = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        peer.request("GET", "/", headers={"X-Real-IP": source})
        with contextlib.closing(peer):
            return peer.getresponse().read()

    with Nginx(folder, example, host, free_port(), beside=asks):
        assert key("192.0.2.7") == bytes([192, 0, 2, 7]) != key("192.0.2.8")
        home = bytes.fromhex("20010db800010a0a")
        assert key("2001:db8:1:a0a::1") == key("2001:db8:1:a0a:ffff:1234:5678:9abc") == home
        assert key("2001:db8:1:a0b::1") == home[:-1] + b"\x0b"


@pytest.mark.parametrize("example,host,zone", [("nginx.conf", "desk.example.go.id", "desk_connections"), ("nginx-web.conf", "lapor.example.go.id", "web_connections")])
def test_who_has_too_many_connections_is_told_when_to_come_again(folder, example, host, zone):
    """By nginx itself, whose 503 says nothing of it else, and which says it to programs in the form of their door; what the door answers
    stays as it is, and has no second header of it."""
    most = int(re.search(rf"limit_conn {zone} (\d+);", pathlib.Path(ROOT, "docs", "examples", example).read_text(encoding="utf-8"))[1])
    with socket.create_server(("127.0.0.1", 0), backlog=most) as door, Nginx(folder, example, host, door.getsockname()[1]) as proxy, contextlib.ExitStack() as kept_open:
        trust = ssl.create_default_context(cafile=f"{proxy.at}/cert.pem")
        peers = []
        for _ in range(most):
            peers.append(kept_open.enter_context(trust.wrap_socket(socket.create_connection(("127.0.0.1", proxy.port), timeout=20), server_hostname=host)))
            peers[-1].sendall(f"GET /api/v1/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        asked = [kept_open.enter_context(door.accept()[0]) for _ in range(most)]
        open311 = {".json": "application/json; charset=utf-8", ".xml": "text/xml; charset=utf-8", "": "text/xml; charset=utf-8"} if "web" in example else {}
        for path, kind in {"/": "text/html", "/api/v1/reports": "application/problem+json", "/api/v1/x.html": "application/problem+json",
                           **{f"/open311/v2/requests{ending}": kind for ending, kind in open311.items()}}.items():
            for method in ("GET", "POST"):
                head, body = proxy.call(path, method=method, body=b"{}" if method == "POST" else b"").split(b"\r\n\r\n")
                head = head.split(b"\r\n")
                assert head[0].startswith(b"HTTP/1.1 503") and head.count(b"Retry-After: 10") == 1 and f"Content-Type: {kind}".encode() in head, head
                if kind.endswith("problem+json"):
                    assert json.loads(body).keys() == {"type", "title", "status", "code"} and json.loads(body)["status"] == 503
                elif "/open311/" in path:
                    said = json.loads(body)[0] if "json" in kind else {one.tag: one.text for one in ElementTree.fromstring(body)[0]}
                    assert said.keys() == {"code", "description"} and int(said["code"]) == 503, body
        # the door's own words stay
        asked[0].sendall(b"HTTP/1.1 503 x\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nsaid")
        answered = select.select(peers, [], [], 20)[0]
        said = answered[0].recv(1000)
        assert said.count(b"Retry-After") == 1 and said.endswith(b"\r\n\r\nsaid"), said


# ---- sessions that are nobody's

class Stranger(Browser):
    """With a cookie of the right form that nobody was given, and the token that a page would have for it."""
    def __init__(self, stack):
        super().__init__(stack)
        self.session = os.urandom(32)
        self.token = 16 * "00" + hashlib.blake2b(self.session, digest_size=16, key=b"aduan-desk form\0").hexdigest()

    def fields(self, **more):
        return {"csrf": self.token, "key": os.urandom(16).hex(), **more}


def files_of(stack):
    return len(kept(stack)) + len(names(stack.folder, "new"))


def logged_out(stack, person):
    """His cookie after he has gone, which the desk has seen to be good."""
    browser = Browser(stack, person)
    page = browser.get("/account")
    assert page.status == 200
    stack.sql("delete from session where principal_id = %s", person.number)
    return browser, page.forms()[-1].fields["csrf"]


def test_nobodys_files_are_not_written(stack, web, liaison):
    number, before = held(stack, web, liaison), files_of(stack)
    page = Browser(stack, liaison).get(f"/cases/{number}")
    form = page.form(f"/cases/{number}", "progress")
    file = [("catatan.txt", "text/plain", b"Berkas orang tak dikenal. " * 40)]
    stranger = Stranger(stack)
    for browser, token in ((stranger, stranger.token), logged_out(stack, stack.person("91.01/PUPR", "liaison"))):
        answer = browser.post(form, "progress", files=file, csrf=token, key=os.urandom(16).hex(), text="Halo")
        assert answer.status == 401 and "Halo" in answer.text
    assert files_of(stack) == before
    assert Browser(stack, liaison).post(form, "progress", files=file, text="Kami periksa").status == 303
    assert files_of(stack) == before + 1


def test_nobodys_bulk_asks_nothing_of_the_store(stack):
    stranger = Stranger(stack)
    before = metrics(stack, "router")["router_acts_total"]
    marks = [f"{os.urandom(16).hex()} 1 1 A00000000000000" for _ in range(100)]
    answer = stranger.send("/bulk", {**stranger.fields(act="progress", text="Halo"), "mark": marks})
    assert answer.status == 401 and "Halo" in answer.text
    assert metrics(stack, "router")["router_acts_total"] == before
